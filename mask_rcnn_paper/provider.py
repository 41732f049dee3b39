"""Choose who provides `detectron2`: the real one wherever it is installed, else the embedded core.

The choice is made once, by `import mask_rcnn_paper`. Nothing else in the plugin asks which provider it has.
"""

import importlib.util
import os
import sys
from pathlib import Path

ENV_VAR = "MASK_RCNN_PAPER_DETECTRON2"
LEGAL = ("upstream", "embedded")
EMBEDDED_ROOT = Path(__file__).parent / "embedded"


def choose_provider(asked: str = "") -> str:
    """Make `import detectron2` work and say who provides it, "upstream" or "embedded".

    The embedded core goes to the END of `sys.path`, so that an installed detectron2 always wins; only
    `asked="embedded"` puts it first. `asked` is normally `$MASK_RCNN_PAPER_DETECTRON2`; "" prefers upstream.

    Raises:
        ValueError: `asked` is not legal.
        ImportError: upstream is asked for and not installed, or another provider is already imported.
    """
    if asked not in ("", *LEGAL):
        raise ValueError(f"{ENV_VAR}={asked!r}: choose from {', '.join(LEGAL)}, or unset it to prefer upstream")
    root = str(EMBEDDED_ROOT)
    if root in sys.path:
        sys.path.remove(root)
    upstream = _find_outside(root)
    if asked == "upstream" and upstream is None:
        raise ImportError(
            f"{ENV_VAR}=upstream, but detectron2 is not installed: follow its installation guide "
            "(https://detectron2.readthedocs.io/tutorials/install.html), or unset the variable to use the embedded core"
        )
    provider = "upstream" if upstream is not None and asked != "embedded" else "embedded"
    found = getattr(sys.modules.get("detectron2"), "__file__", None)
    if found is not None and found.startswith(root) != (provider == "embedded"):
        raise ImportError(
            f"detectron2 is already imported from {found}, so {ENV_VAR}={asked or '(unset)'} comes too late: "
            "import mask_rcnn_paper first"
        )
    if provider == "embedded":
        sys.path.insert(0, root) if upstream is not None else sys.path.append(root)
    importlib.invalidate_caches()
    return provider


def _find_outside(root: str) -> str | None:
    """Location of a detectron2 that is not the embedded core, or None."""
    loaded = sys.modules.pop("detectron2", None)
    try:
        spec = importlib.util.find_spec("detectron2")
    finally:
        if loaded is not None:
            sys.modules["detectron2"] = loaded
    # A folder without __init__.py (a source checkout's parent, say) is found as a namespace package: not an install.
    if spec is None or spec.origin is None or spec.origin.startswith(root):
        return None
    return spec.origin


PROVIDER = choose_provider(os.environ.get(ENV_VAR, ""))
