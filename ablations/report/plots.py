"""Plots of a table: the paper's numbers against ours, a figure for each metric."""

import textwrap
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ablations.evidence.collect import TableResults, Value
from ablations.report import figures as canvas
from ablations.report.labels import metric_label, row_label

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.lines import Line2D

# Inches of a row, and of title and axis.
_ROW, _REST = 0.27, 0.85
# Letters of a label before it is broken, so that the plot has more than half of the width.
_LINE = 25
_PAPER = {"linestyle": "", "marker": "D", "markersize": 6, "color": "white", "markeredgecolor": canvas.PAPER_COLOUR}
_OURS = {"linestyle": "", "marker": "o", "markersize": 6, "color": canvas.OURS_COLOUR}


@dataclass(frozen=True)
class Plot:
    """A figure: its title, the SVG, and what it shows in words."""

    title: str
    svg: bytes
    text: str


@dataclass(frozen=True)
class Dots:
    """A row of a plot: the paper's number and ours, where there are."""

    label: str
    paper: float | None
    ours: Value | None


def plots(results: TableResults) -> list[Plot]:
    """A plot for each metric of which at least one row has a value of ours; none for a table without results."""
    found = []
    for column in measured_columns(results):
        title, dots = metric_label(results.table.metrics[column].result), dots_of(results, column)
        lines = sum(map(_height, dots))
        figure, axes = canvas.new_figure(_ROW * lines + _REST)
        draw_dots(axes, dots, title)
        found.append(Plot(title, canvas.svg(figure), _in_words(title, dots)))
    return found


def measured_columns(results: TableResults) -> list[int]:
    """Numbers of the metrics of which at least one row has a value of ours."""
    return [n for n in range(len(results.table.metrics)) if any(row.ours[n] for row in results.rows)]


def dots_of(results: TableResults, column: int) -> list[Dots]:
    """What the rows of a table have of a metric; rows that have nothing, and differences, are left out."""
    labels = {row.id: row_label(results.table, row) for row in results.table.rows}
    rows = [(labels[row.id], row.paper[column], row.ours[column]) for row in results.rows if not row.is_delta]
    return [Dots(*row) for row in rows if row[1:] != (None, None)]


def draw_dots(axes: "Axes", dots: Sequence[Dots], title: str) -> None:
    """Rows from top to bottom, values along the axis: a diamond for the paper's, a dot with its spread for ours."""
    heights = list(map(_height, dots))
    places = [-sum(heights[:n]) - height / 2 for n, height in enumerate(heights)]
    for place, row in zip(places, dots, strict=True):
        if row.paper is not None and row.ours is not None:
            axes.plot([row.paper, row.ours.mean], [place, place], color="#dddddd", linewidth=2, zorder=1)
        if row.paper is not None:
            axes.plot(row.paper, place, zorder=2, **_PAPER)
        if row.ours is not None:
            axes.errorbar(row.ours.mean, place, xerr=row.ours.spread or None, capsize=3, zorder=3, **_OURS)
    axes.set_yticks(places, [_wrapped(row.label) for row in dots])
    axes.set_ylim(-sum(heights), 0)
    axes.grid(visible=False, axis="y")
    axes.margins(x=0.08)
    axes.set_title(title, loc="left", fontweight="bold", fontsize=10)


def dot_handles() -> "list[Line2D]":
    """What the marks of `draw_dots` are, for a legend."""
    from matplotlib.lines import Line2D

    return [Line2D([], [], label=label, **look) for label, look in (("paper", _PAPER), ("ours", _OURS))]


def _in_words(title: str, dots: Sequence[Dots]) -> str:
    """For those who cannot see the plot."""
    rows = (
        f"{row.label}: paper {'-' if row.paper is None else f'{row.paper:.1f}'}, ours {_value_text(row.ours)}"
        for row in dots
    )
    return f"{title}. {'; '.join(rows)}"


def _value_text(value: Value | None) -> str:
    if value is None:
        return "-"
    return f"{value.mean:.1f}" + ("" if value.spread is None else f" ± {value.spread:.1f}")


def _wrapped(label: str) -> str:
    """In lines that leave room for the plot."""
    return "\n".join(textwrap.wrap(label, _LINE)) or " "


def _height(row: Dots) -> float:
    """In heights of a row with a label of one line."""
    return 1 + 0.6 * _wrapped(row.label).count("\n")
