"""Files of packages that are looked at and not imported."""

from pathlib import Path


def write(root: Path, files: dict[str, str]) -> Path:
    """Write files below `root` and return it."""
    for name, text in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)
    return root
