"""One picture of a report, for pages that show no HTML: a plot of each table, predictions of its first and last row."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from tqdm import tqdm

from ablations.report.contents import Contents, TableContent
from ablations.report.figures import dot_handles, dots_of, draw_dots, measured_columns, new_figure, png
from ablations.report.labels import metric_label

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from ablations.report.strips import Panel, TableStrips

# Which of `overlap.PLACES` is shown: neither the most extreme image, nor one on which the rows hardly differ.
PLACE = "upper quartile"
_WIDTH, _ROW_HEIGHT, _DPI = 9.0, 2.3, 110
_COLUMNS = (1.35, 1.0, 1.0, 1.0)


def report_picture(contents: Contents) -> bytes:
    """A PNG with a line for each table that has results and predictions.

    Raises:
        ValueError: no table has both.
    """
    found = _with_strips([content for content in contents.shown if not content.is_empty and content.has_predictions])
    if not found:
        raise ValueError("no picture: none of the tables has both results and predictions; published results have none")
    figure, grid = new_figure(_WIDTH, _ROW_HEIGHT * len(found), len(found), _COLUMNS)
    for axes, (content, strips) in zip(grid, found, strict=True):
        _draw_line(axes, content, strips)
    figure.legend(handles=dot_handles(), loc="outside upper left", ncols=2, frameon=False, fontsize=8)
    several = "mean and standard deviation over seeds" if len(contents.seeds) > 1 else "seed"
    note = f"scale {contents.scale}, {several} {', '.join(map(str, contents.seeds))}"
    overlap = "in brackets: mean overlap of the image's objects with their best predictions"
    figure.supxlabel(f"{note}; {overlap}", fontsize=8)
    return png(figure, _DPI)


def _with_strips(contents: Sequence[TableContent]) -> "list[tuple[TableContent, TableStrips]]":
    """The tables of which there is something to draw."""
    if not contents:
        return []
    # OpenCV, pycocotools and detectron2 take seconds.
    from ablations.report.strips import draw_strips

    bar = tqdm(contents, "tables of the picture", unit="table", leave=False, disable=None)
    found = [(content, draw_strips(content.predictions, content.results.data_versions)) for content in bar]
    return [(content, strips) for content, strips in found if strips.strips]


def _draw_line(axes: "Sequence[Axes]", content: TableContent, found: "TableStrips") -> None:
    results = content.results
    column = measured_columns(results)[0]
    title = f"Table {results.table.id}: {metric_label(results.table.metrics[column].result)}"
    draw_dots(axes[0], dots_of(results, column), title)
    strip = next((s for s in found.strips if s.choice.place == PLACE), found.strips[0])
    panels = [strip.panels[0], *strip.panels[1:2], *strip.panels[2:][-1:]]
    for place in axes[1:]:
        place.set_axis_off()
    for place, panel in zip(axes[1:], panels, strict=False):
        place.imshow(panel.image)
        place.set_title(_title(panel), fontsize=9)


def _title(panel: "Panel") -> str:
    return panel.label if panel.overlap is None else f"{panel.label} ({panel.overlap:.2f})"
