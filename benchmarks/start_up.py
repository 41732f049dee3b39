"""How long people wait for a command before it does anything."""

import subprocess
import sys
import time

from mask_rcnn_paper.timing.turns import Measured, side_by_side

REFERENCE = "import torch"
COMMANDS = {
    REFERENCE: ("-c", "import torch"),
    "ablations --help": ("-m", "ablations", "--help"),
    "ablations list": ("-m", "ablations", "list", "--scale", "mini"),
    "ablations status 2b": ("-m", "ablations", "status", "2b", "--scale", "mini"),
    "ablations table 2b": ("-m", "ablations", "table", "2b", "--scale", "mini", "--published"),
    "ablations claims": ("-m", "ablations", "claims", "--scale", "mini", "--published"),
    "train_net.py --help": ("train_net.py", "--help"),
    "doctor": ("-m", "mask_rcnn_paper.doctor"),
}


def measure(rounds: int) -> dict[str, Measured]:
    """Wall-clock of each command, beside importing torch; caches are warm after the turn that does not count."""
    return side_by_side(
        {name: lambda words=words: _run(words) for name, words in COMMANDS.items()}, rounds, time.perf_counter
    )


def _run(words: tuple[str, ...]) -> None:
    subprocess.run([sys.executable, *words], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
