"""Plots of training curves: the rows of a table in one figure for each loss."""

from collections.abc import Mapping, Sequence

from ablations.report import figures as canvas
from ablations.report.curves import LOSSES, Curve, losses_of, smooth
from ablations.report.plots import Plot

_HEIGHT = 2.6
_LEGEND_ROW = 0.19


def curve_plots(runs: Mapping[str, Sequence[Mapping[str, Curve]]]) -> list[Plot]:
    """A figure for each loss that some row has.

    Args:
        runs: By the label of a row, the curves of each of its seeds.
    """
    everything = [curves for seeds in runs.values() for curves in seeds]
    return [
        _plot(name, {row: [c[name] for c in seeds if name in c] for row, seeds in runs.items()})
        for name in losses_of(everything)
    ]


def _plot(name: str, runs: Mapping[str, Sequence[Curve]]) -> Plot:
    shown = {row: curves for row, curves in runs.items() if curves}
    return Plot(LOSSES[name], _draw(LOSSES[name], shown), _in_words(LOSSES[name], shown))


def _draw(title: str, runs: Mapping[str, Sequence[Curve]]) -> bytes:
    """A row has a colour and a dash; its seeds are thin lines of the same look."""
    figure, axes = canvas.new_figure(_HEIGHT + _LEGEND_ROW * len(runs))
    highest = []
    for n, (row, curves) in enumerate(runs.items()):
        look = {"color": canvas.COLOURS[n % len(canvas.COLOURS)], "linestyle": canvas.DASHES[n % len(canvas.DASHES)]}
        for label, curve in zip([row, *[None] * len(curves)], map(smooth, curves), strict=False):
            iterations, values = zip(*curve, strict=True)
            axes.plot(iterations, values, linewidth=1.4 if len(curves) == 1 else 1.0, label=label, **look)
            highest.append(max(values[len(values) // 10 :]))
    # The first steps would flatten all that follows.
    axes.set_ylim(0, 1.1 * max(highest))
    axes.set_xlim(left=0)
    axes.set_xlabel("iteration")
    axes.set_title(title, loc="left", fontweight="bold", fontsize=10)
    figure.legend(loc="outside lower left", frameon=False, fontsize=8, handlelength=3)
    return canvas.svg(figure)


def _in_words(title: str, runs: Mapping[str, Sequence[Curve]]) -> str:
    ends = (f"{row} {', '.join(f'{smooth(curve)[-1][1]:.3g}' for curve in curves)}" for row, curves in runs.items())
    return f"{title} over the iterations. At the end: {'; '.join(ends)}"
