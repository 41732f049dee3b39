"""Training curves: the losses that runs logged, and figures of them."""

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from statistics import fmean

from ablations.report.figures import COLOURS, DASHES, WIDTH, Plot, new_figure, soften, svg, written
from mask_rcnn_paper.training.scalars import read_scalars

# Losses that are drawn, where a run has them, and their names.
LOSSES = {"total_loss": "total loss", "loss_mask": "mask loss", "loss_keypoint": "keypoint loss"}
# Points that a drawn curve has at most, and the share of them that a mean takes in.
MOST_POINTS = 200
_SHARE = 0.08
# Inches of a figure without its legend, and of a row in that.
_HEIGHT, _LEGEND_ROW = 2.6, 0.19

Curve = tuple[tuple[int, float], ...]


def read_curves(folder: Path) -> dict[str, Curve]:
    """Losses of the run in a job's folder.

    Returns:
        For each of `LOSSES` that the run has: (iteration, value) by increasing iteration.
    """
    found = read_scalars(folder, LOSSES)
    return {name: tuple(sorted(found[name].items())) for name in found}


def read_losses(runs: Mapping[tuple[str, int], Path]) -> dict[str, dict[str, list[Curve]]]:
    """For each of `LOSSES` that some run has, the curve of each seed by the label of the row.

    Runs that failed or go on have curves too. `runs` are the folders of jobs by (label of the row, seed).
    """
    found: dict[str, dict[str, list[Curve]]] = {name: {} for name in LOSSES}
    for (label, _), folder in runs.items():
        for name, curve in read_curves(folder).items():
            found[name].setdefault(label, []).append(curve)
    return {name: rows for name, rows in found.items() if rows}


def smooth(curve: Curve) -> Curve:
    """Running mean over the points around each, fewer at the ends; long curves are thinned to `MOST_POINTS`.

    The first and the last point stay.
    """
    most, last = max(1, round(_SHARE * len(curve) / 2)), len(curve) - 1
    smoothed = []
    for n in sorted({*range(0, len(curve), math.ceil(len(curve) / MOST_POINTS)), last}):
        # As many points on both sides, so that a slope does not shift the mean.
        reach = min(most, n, last - n)
        smoothed.append((curve[n][0], fmean(value for _, value in curve[n - reach : n + reach + 1])))
    return tuple(smoothed)


def curve_plots(losses: Mapping[str, Mapping[str, Sequence[Curve]]]) -> list[Plot]:
    """A figure for each loss of `read_losses`."""
    found = []
    for name, rows in losses.items():
        ends = (f"{row} {', '.join(f'{curve[-1][1]:.3g}' for curve in seeds)}" for row, seeds in rows.items())
        text = f"{LOSSES[name]} over the iterations. At the end: {'; '.join(ends)}"
        found.append(Plot(LOSSES[name], _draw_curves(LOSSES[name], rows), text))
    return found


def _draw_curves(title: str, runs: Mapping[str, Sequence[Curve]]) -> bytes:
    """A row has a colour and a dash; its seeds are thin lines of the same look."""
    figure, [[axes]] = new_figure(WIDTH, _HEIGHT + _LEGEND_ROW * len(runs))
    soften(axes, title)
    highest = []
    for n, (row, curves) in enumerate(runs.items()):
        look = {"color": COLOURS[n % len(COLOURS)], "linestyle": DASHES[n % len(DASHES)]}
        for label, curve in zip([written(row), *[None] * len(curves)], curves, strict=False):
            iterations, values = zip(*smooth(curve), strict=True)
            axes.plot(iterations, values, linewidth=1.4 if len(curves) == 1 else 1.0, label=label, **look)
            highest.append(max(values[len(values) // 10 :]))
    # The first steps would flatten all that follows.
    axes.set_ylim(0, 1.1 * max(highest))
    axes.set_xlim(left=0)
    axes.set_xlabel("iteration")
    figure.legend(loc="outside lower left", frameon=False, fontsize=8, handlelength=3)
    return svg(figure)
