"""Figures of matplotlib that look alike and are the same bytes for the same content.

matplotlib is imported when a figure is made: it takes longer than all other commands need.
"""

import base64
import io
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

# Okabe and Ito's palette, https://jfly.uni-koeln.de/color/, darkest first and without its yellow, which is too pale for
# lines on white; dashes tell lines apart in grey.
COLOURS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#000000", "#e69f00", "#56b4e9")
DASHES = ("-", (0, (5, 1.5)), (0, (1, 1)), (0, (5, 1.5, 1, 1.5)), (0, (3, 1, 1, 1, 1, 1)), (0, (8, 2)), (0, (2, 2)))
OURS_COLOUR, PAPER_COLOUR = COLOURS[0], COLOURS[1]
# Of a figure in inches. A phone shows it in full width, about as wide as it is here, so letters keep their size.
WIDTH = 4.0
_TEXT, _RULE = "#222222", "#bbbbbb"
_STYLE = {
    "font.family": "sans-serif",
    "font.sans-serif": ["DejaVu Sans"],  # which matplotlib brings
    "font.size": 9,
    "svg.fonttype": "none",
    "svg.hashsalt": "mask_rcnn_paper",
    "text.color": _TEXT,
    "axes.labelcolor": _TEXT,
    "axes.edgecolor": _RULE,
    "xtick.color": _TEXT,
    "ytick.color": _TEXT,
}


def new_figure(height: float, width: float = WIDTH) -> "tuple[Figure, Axes]":
    """An empty figure of these inches and its axes, with a light grid and without a frame."""
    from matplotlib import rc_context
    from matplotlib.figure import Figure

    with rc_context(_STYLE):
        figure = Figure(figsize=(width, height), layout="constrained")
        axes = figure.add_subplot()
        soften(axes)
    return figure, axes


def soften(axes: "Axes") -> None:
    """Take the frame away and lay a light grid under the data."""
    axes.spines[["top", "right", "left"]].set_visible(False)
    axes.grid(color="#e6e6e6", linewidth=0.8)
    axes.set_axisbelow(True)
    axes.tick_params(length=0)


def grid_figure(width: float, height: float, rows: int, columns: Sequence[float]) -> "tuple[Figure, list[list[Axes]]]":
    """An empty figure of these inches, and axes in a grid: `columns` holds their relative widths."""
    from matplotlib import rc_context
    from matplotlib.figure import Figure

    with rc_context(_STYLE):
        figure = Figure(figsize=(width, height), layout="constrained")
        axes = figure.subplots(rows, len(columns), squeeze=False, width_ratios=columns)
    return figure, axes.tolist()


def svg(figure: "Figure") -> bytes:
    """The figure as an SVG whose letters are text."""
    return _saved(figure, format="svg", metadata={"Date": None, "Creator": None})


def png(figure: "Figure", dpi: int) -> bytes:
    """The figure as a PNG of 256 colours, which takes a third of the space where it holds photographs."""
    from PIL import Image

    with Image.open(io.BytesIO(_saved(figure, format="png", dpi=dpi))) as image:
        palette = image.convert("RGB").quantize(256, method=Image.Quantize.MEDIANCUT, kmeans=2)
    out = io.BytesIO()
    palette.save(out, "PNG", optimize=True)
    return out.getvalue()


def data_uri(content: bytes, kind: str) -> str:
    """The content within an address.

    Args:
        content: Bytes of a file.
        kind: Its MIME type, such as "image/svg+xml".
    """
    return f"data:{kind};base64,{base64.b64encode(content).decode('ascii')}"


def _saved(figure: "Figure", **options: Any) -> bytes:
    from matplotlib import rc_context

    out = io.BytesIO()
    with rc_context(_STYLE):
        figure.savefig(out, **options)
    return out.getvalue()
