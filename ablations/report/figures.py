"""Figures of matplotlib: their look, and dots for each metric of a table.

They look alike and are the same bytes for the same content. matplotlib is imported when a figure is made: it takes
longer than all other commands need.
"""

import io
import textwrap
from collections.abc import Sequence
from dataclasses import dataclass
from optparse import Values
from typing import TYPE_CHECKING, Any

from ablations.evidence.collect import TableResults, Value
from ablations.render.names import metric_label, row_label
from mask_rcnn_paper.terminal import visible

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from matplotlib.lines import Line2D

# Okabe and Ito's palette, https://jfly.uni-koeln.de/color/, darkest first and without its yellow, which is too pale for
# lines on white; dashes tell lines apart in grey.
COLOURS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#000000", "#e69f00", "#56b4e9")
DASHES = ("-", (0, (5, 1.5)), (0, (1, 1)), (0, (5, 1.5, 1, 1.5)), (0, (3, 1, 1, 1, 1, 1)), (0, (8, 2)), (0, (2, 2)))
OURS_COLOUR, PAPER_COLOUR = COLOURS[0], COLOURS[1]
# Of a figure in inches. A phone shows it in full width, about as wide as it is here, so letters keep their size.
WIDTH = 4.0
# Inches of dots: of a row, and of title and axis.
_DOTS_ROW, _DOTS_REST = 0.27, 0.85
# Letters of a row's label before it is broken, so that the dots have more than half of the width.
_LINE = 25
_PAPER = {"linestyle": "", "marker": "D", "markersize": 6, "color": "white", "markeredgecolor": PAPER_COLOUR}
_OURS = {"linestyle": "", "marker": "o", "markersize": 6, "color": OURS_COLOUR}
_STYLE = {
    "font.family": "sans-serif",
    "font.sans-serif": ["DejaVu Sans"],  # which matplotlib brings
    "font.size": 9,
    "svg.fonttype": "none",
    "svg.hashsalt": "mask_rcnn_paper",
    "axes.edgecolor": "#bbbbbb",
    **dict.fromkeys(("text.color", "axes.labelcolor", "xtick.color", "ytick.color"), "#222222"),
}
_SCOUR = {"digits": 4, "indent_type": "none", "newlines": False, "remove_metadata": True, "shorten_ids": True}


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


def dot_plots(results: TableResults) -> list[Plot]:
    """A plot for each metric of which at least one row has a value of ours; none for a table without results."""
    found = []
    for column in measured_columns(results):
        title, dots = metric_label(results.table.metrics[column].result), dots_of(results, column)
        figure, [[axes]] = new_figure(WIDTH, _DOTS_ROW * sum(map(_lines, dots)) + _DOTS_REST)
        draw_dots(axes, dots, title)
        papers = "" if results.own_data else "paper {}, "
        rows = (f"{row.label}: {papers.format(_number(row.paper))}ours {_value_text(row.ours)}" for row in dots)
        found.append(Plot(title, svg(figure), f"{title}. {'; '.join(rows)}"))
    return found


def measured_columns(results: TableResults) -> list[int]:
    """Numbers of the metrics of which at least one row has a value of ours."""
    return [n for n in range(len(results.table.metrics)) if any(row.ours[n] for row in results.rows)]


def dots_of(results: TableResults, column: int) -> list[Dots]:
    """What the rows of a table have of a metric; rows that have nothing, and differences, are left out.

    Beside the user's own data there is no number of the paper.
    """
    labels = {row.id: row_label(results.table, row) for row in results.table.rows}
    papers = {row.id: None if results.own_data else row.paper[column] for row in results.rows}
    rows = [(labels[row.id], papers[row.id], row.ours[column]) for row in results.rows if not row.is_delta]
    return [Dots(*row) for row in rows if row[1:] != (None, None)]


def draw_dots(axes: "Axes", dots: Sequence[Dots], title: str) -> None:
    """Rows from top to bottom, values along the axis: a diamond for the paper's, a dot with its spread for ours."""
    soften(axes, title)
    heights = list(map(_lines, dots))
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


def dot_handles(own_data: str = "") -> "list[Line2D]":
    """What the marks of `draw_dots` are, for a legend; of the user's own data there is no mark of the paper."""
    from matplotlib.lines import Line2D

    marks = (("paper", _PAPER), ("ours", _OURS))
    return [Line2D([], [], label=label, **look) for label, look in marks[bool(own_data) :]]


def new_figure(
    width: float, height: float, rows: int = 1, columns: Sequence[float] = (1.0,)
) -> "tuple[Figure, list[list[Axes]]]":
    """An empty figure of these inches, and axes in a grid: `columns` holds their relative widths."""
    from matplotlib import rc_context
    from matplotlib.figure import Figure

    with rc_context(_STYLE):
        figure = Figure(figsize=(width, height), layout="constrained")
        axes = figure.subplots(rows, len(columns), squeeze=False, width_ratios=columns)
    return figure, axes.tolist()


def soften(axes: "Axes", title: str) -> None:
    """Title, a light grid under the data, and no frame."""
    axes.set_title(title, loc="left", fontweight="bold", fontsize=10)
    axes.spines[["top", "right", "left"]].set_visible(False)
    axes.grid(color="#e6e6e6", linewidth=0.8)
    axes.set_axisbelow(True)
    axes.tick_params(length=0)


def written(text: str) -> str:
    """A user's text as matplotlib writes it: no formula is begun, and no character is one that an SVG cannot hold."""
    return visible(text).replace("$", r"\$")


def svg(figure: "Figure") -> bytes:
    """The figure as an SVG whose letters are text, in two thirds of the bytes that matplotlib takes."""
    from scour import scour

    text = _saved(figure, format="svg", metadata={"Date": None, "Creator": None}).decode()
    return scour.scourString(text, scour.sanitizeOptions(Values(_SCOUR))).encode()


def png(figure: "Figure", dpi: int) -> bytes:
    """The figure as a PNG of 256 colours, which takes a third of the space where it holds photographs."""
    from PIL import Image

    with Image.open(io.BytesIO(_saved(figure, format="png", dpi=dpi))) as image:
        palette = image.convert("RGB").quantize(256, method=Image.Quantize.MEDIANCUT, kmeans=2)
    out = io.BytesIO()
    palette.save(out, "PNG", optimize=True)
    return out.getvalue()


def _saved(figure: "Figure", **options: Any) -> bytes:
    from matplotlib import rc_context

    out = io.BytesIO()
    with rc_context(_STYLE):
        figure.savefig(out, **options)
    return out.getvalue()


def _number(value: float | None) -> str:
    return "-" if value is None else f"{value:.1f}"


def _value_text(value: Value | None) -> str:
    spread = "" if value is None or value.spread is None else f" ± {value.spread:.1f}"
    return _number(value and value.mean) + spread


def _wrapped(label: str) -> str:
    """In lines that leave room for the plot."""
    return "\n".join(textwrap.wrap(written(label), _LINE)) or " "


def _lines(row: Dots) -> float:
    """Height of a row, where that of a label of one line is 1."""
    return 1 + 0.6 * _wrapped(row.label).count("\n")
