"""Run the paper's tables, print and judge them.

python -m ablations list --scale mini
python -m ablations run 2b 2c --scale mini --seeds 0 1 --jobs 2 [KEY VALUE ...]
python -m ablations status 2b --scale mini
python -m ablations table 2b --scale mini --format csv
python -m ablations table 2b --scale mini --published
python -m ablations claims 2b 2c-roialign --scale mini
python -m ablations report 2b 2c --scale mini --out report.html
python -m ablations predict 2b/sigmoid photo.jpg folder --scale mini
python -m ablations publish 2b --scale mini
"""

import re
import sys
from collections.abc import Sequence

from ablations.arguments import make_parser
from ablations.predict.images import IMAGE_SUFFIXES

_TOP_LEVEL_KEYS = ("OUTPUT_DIR", "SEED", "VIS_PERIOD", "CUDNN_BENCHMARK", "FLOAT32_PRECISION")
_CONFIG_KEY = re.compile("|".join([r"[A-Z][A-Z0-9_]*(\.[A-Z0-9_]+)+", *_TOP_LEVEL_KEYS]))


def main(argv: Sequence[str] | None = None) -> int:
    """Run a command.

    Args:
        argv: Words after `python -m ablations`.

    Returns:
        Exit code: 0; 1 if a job failed; 2 for bad input; 130 after Ctrl-C.
    """
    words, opts = split_opts(sys.argv[1:] if argv is None else argv)
    args = make_parser(__doc__).parse_args(words)
    if opts and args.command == "list":
        print(f"ablations: error: list takes no KEY VALUE: {' '.join(opts)}", file=sys.stderr)
        return 2
    return args.function(args, opts)


def split_opts(words: Sequence[str]) -> tuple[list[str], list[str]]:
    """Split off the trailing KEY VALUE list, which starts at the first word that is a config key."""
    words = list(words)
    start = next((n for n, word in enumerate(words) if _is_config_key(word)), len(words))
    return words[:start], words[start:]


def _is_config_key(word: str) -> bool:
    """Whether a word looks like a config key; cameras name their images so too: IMG_0001.JPG."""
    return _CONFIG_KEY.fullmatch(word) is not None and not word.lower().endswith(IMAGE_SUFFIXES)


if __name__ == "__main__":
    sys.exit(main())
