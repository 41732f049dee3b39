"""Print times side by side, as ratios: `make bench`, or `python -m benchmarks roi_layers steps --rounds 15`."""

import argparse
import sys
from collections.abc import Callable, Mapping
from types import ModuleType

import mask_rcnn_paper  # isort: skip  before detectron2, which it provides where that is not installed
import torch
from tabulate import tabulate

from benchmarks import dense_masks, evaluation, providers, roi_layers, start_up, steps
from mask_rcnn_paper.timing.machine import machine_text
from mask_rcnn_paper.timing.turns import Measured, clock_of, side_by_side
from mask_rcnn_paper.training.result_file import peak_memory


def main() -> None:
    """Measure what is asked for; progress goes to the standard error."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("parts", nargs="*", metavar="PART", help=f"of {', '.join(PARTS)} (default: all)")
    parser.add_argument("--rounds", type=int, default=9, help="turns of each case (default: 9)")
    parser.add_argument("--device", default="cpu", help="cpu or cuda (default: cpu)")
    args = parser.parse_args()
    if unknown := set(args.parts) - set(PARTS):
        parser.error(f"{', '.join(sorted(unknown))}: choose from {', '.join(PARTS)}")
    if args.rounds < 3:
        parser.error(f"--rounds {args.rounds}: must be at least 3, for a spread")
    torch.set_num_threads(1)
    torch.set_flush_denormal(True)
    print(f"{machine_text(args.device)}\n")
    for part in args.parts or PARTS:
        print(PARTS[part](args.device, args.rounds), flush=True)
    print(f"Peak memory of all of it: {peak_memory(args.device)['process']:.0f} MB")


def _table(title: str, found: Mapping[str, Mapping[str, Measured]]) -> str:
    """Cases below each other: seconds of the reference and of each, and the ratio with its quartiles."""
    rows = [
        [what if number == 0 else "", name, f"{1000 * m.seconds:.1f}", f"{m.ratio:.2f}", f"{m.low:.2f} to {m.high:.2f}"]
        for what, cases in found.items()
        for number, (name, m) in enumerate(cases.items())
    ]
    heads = ("", "case", "ms", "ratio", "half of the turns")
    return f"{title}\n\n{tabulate(rows, heads, tablefmt='pipe', disable_numparse=True)}\n"


def _watched(what: str) -> str:
    print(f"measuring {what}", file=sys.stderr)
    return what


def _roi_layers(device: str, rounds: int) -> str:
    return _table("RoI layers, forward and backward", _by_shape(roi_layers, device, rounds))


def _dense_masks(device: str, rounds: int) -> str:
    return _table("swap_align2nat, forward and backward", _by_shape(dense_masks, device, rounds))


def _by_shape(part: ModuleType, device: str, rounds: int) -> dict[str, dict[str, Measured]]:
    return {
        _watched(f"{scale}, {shape.name}"): part.measure(shape, device, rounds)
        for scale, of_scale in (("mini", part.MINI), ("paper", part.PAPER))
        for shape in of_scale
    }


def _steps(device: str, rounds: int) -> str:
    found = {kind: side_by_side(steps.cases(_watched(kind), device), rounds, clock_of(device)) for kind in steps.KINDS}
    return _table("A training step", found)


def _providers(device: str, rounds: int) -> str:
    """On the CPU alone, and only where there are two."""
    if mask_rcnn_paper.PROVIDER != "upstream":
        return "A training step on both providers: detectron2 is not installed, or not chosen.\n"
    found = {kind: providers.measure(_watched(f"providers, {kind}"), rounds) for kind in steps.KINDS}
    return _table("A training step on both providers", found)


def _evaluation(device: str, rounds: int) -> str:
    found = {f"{task}, 1000 images": cases for task, cases in evaluation.measure(1000, rounds).items()}
    return _table("COCO's metrics", found)


def _start_up(device: str, rounds: int) -> str:
    return _table("Commands, wall-clock", {"": start_up.measure(rounds)})


PARTS: Mapping[str, Callable[[str, int], str]] = {
    "roi_layers": _roi_layers,
    "dense_masks": _dense_masks,
    "steps": _steps,
    "providers": _providers,
    "evaluation": _evaluation,
    "start_up": _start_up,
}

if __name__ == "__main__":
    main()
