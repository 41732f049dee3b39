"""train_net.py in this process, at smoke scale."""

from pathlib import Path

import train_net

# Two iterations make no confident detection; this way masks are predicted and evaluated all the same.
ALL_SCORES = ["MODEL.ROI_HEADS.SCORE_THRESH_TEST", "-1.0"]


def run(config: str, output: Path, *opts: str, scale: str = "smoke", flags: tuple[str, ...] = ()) -> dict:
    """What `python train_net.py ...` does, on the CPU with seed 1; returns the metrics."""
    opts = ("OUTPUT_DIR", str(output), "MODEL.DEVICE", "cpu", "SEED", "1", *opts)
    return train_net.main(
        train_net.argument_parser().parse_args(["--config-file", config, "--scale", scale, *flags, *opts])
    )
