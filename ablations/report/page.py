"""A report as a page of HTML that needs nothing else, or as one picture for places that show no HTML."""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from tqdm import tqdm

from ablations.evidence.shown_scores import ScoreRule
from ablations.render.cells import lay_out
from ablations.render.facts import SCALE_NOTES
from ablations.render.html import html_templates
from ablations.render.names import metric_label
from ablations.report import figures
from ablations.report.contents import NO_PREDICTIONS, Contents, TableContent
from ablations.report.curves import curve_plots, read_losses
from ablations.report.reliability import reliability_plots
from ablations.report.verdicts import claims_values

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from ablations.report.strips import TableStrips

HEADING = "Mask R-CNN: what was reproduced"
PAPERS = {"Mask R-CNN": "1703.06870", "TensorMask": "1903.12174"}
# Which of `predictions.PLACES` the picture shows: neither the most extreme image, nor one on which rows hardly differ.
PLACE = "upper quartile"
_WIDTH, _ROW_HEIGHT, _DPI = 9.0, 3.1, 180
_COLUMNS = (1.0, 1.0, 1.0, 1.0)


def report_page(contents: Contents) -> str:
    """HTML that is XML too: head, claims, then every table; a terminal shows how far it is."""
    full = [content for content in contents.shown if not content.results.is_empty]
    empty = [content for content in contents.shown if content.results.is_empty]
    note = SCALE_NOTES.get(contents.scale, "")
    page = html_templates(__package__).get_template("report.html")
    heading = f"Mask R-CNN on {contents.own_data}" if contents.own_data else HEADING
    return page.render(
        title=f"{heading}: scale {contents.scale}",
        heading=heading,
        own_data=contents.own_data,
        papers=PAPERS,
        tensormask=[
            content.results.table.id for content in contents.shown if content.results.table.id.startswith("TM-")
        ],
        scale_note=note[:1].upper() + note[1:],
        has_runs=contents.has_runs,
        scale=contents.scale,
        seeds=contents.seeds,
        facts=contents.facts,
        claims=None if contents.own_data else claims_values(contents.findings, contents.tables),
        on_page={content.results.table.id for content in contents.shown},
        finished=any(content.predictions for content in contents.shown),
        full=[content.results.table.id for content in full],
        sections=_sections(full, contents),
        empty=[lay_out(content.results) for content in empty],
    )


def _sections(shown: Sequence[TableContent], contents: Contents) -> Iterator[dict[str, Any]]:
    """Values of each table, which are drawn when the template comes to them."""
    for content in tqdm(shown, "tables of the report", unit="table", leave=False, disable=None):
        results = content.results
        section = {"table": lay_out(results), "heading": results.table.title, "plots": figures.dot_plots(results)}
        section["of_rows"] = content.of_rows
        section["reliability"] = reliability_plots(content.matches, contents.rule) if content.matches else []
        if contents.has_runs:
            strips = _strips(content, contents.rule)
            missing = strips.missing if strips else NO_PREDICTIONS
            section |= {"curves": curve_plots(read_losses(content.runs)), "strips": strips, "missing": missing}
        yield section


def _strips(content: TableContent, rule: ScoreRule) -> "TableStrips | None":
    """A table's predictions, drawn; None where its runs have left none."""
    if not any(content.predictions.values()):
        return None
    # OpenCV, pycocotools and detectron2 take seconds.
    from ablations.report.strips import draw_strips

    return draw_strips(content.predictions, content.results.data_versions, rule)


def report_picture(contents: Contents) -> bytes:
    """A PNG with a line for each table that has results and predictions: a plot, and those of its first and last row.

    Raises:
        ValueError: no table has both.
    """
    full = [content for content in contents.shown if not content.results.is_empty]
    bar = tqdm(full, "tables of the picture", unit="table", leave=False, disable=None)
    found = [(content, strips) for content in bar if (strips := _strips(content, contents.rule)) and strips.strips]
    if not found:
        raise ValueError("no picture: none of the tables has both results and predictions; published results have none")
    figure, grid = figures.new_figure(_WIDTH, _ROW_HEIGHT * len(found), len(found), _COLUMNS)
    for axes, (content, strips) in zip(grid, found, strict=True):
        _draw_line(axes, content, strips)
    handles = figures.dot_handles(contents.own_data)
    figure.legend(handles=handles, loc="outside upper left", ncols=2, frameon=False, fontsize=8)
    several = "mean and standard deviation over seeds" if len(contents.seeds) > 1 else "seed"
    note = f"scale {contents.scale}, {several} {', '.join(map(str, contents.seeds))}"
    overlap = "in brackets: mean overlap of the image's objects with their best predictions"
    shown = "; ".join(dict.fromkeys(strips.scores.rule for _, strips in found))
    figure.supxlabel(f"{note}; {overlap}\ndetections with a {shown}", fontsize=8)
    return figures.png(figure, _DPI)


def _draw_line(axes: "Sequence[Axes]", content: TableContent, found: "TableStrips") -> None:
    results = content.results
    column = figures.measured_columns(results)[0]
    title = f"Table {results.table.id}: {metric_label(results.table.metrics[column].result)}"
    figures.draw_dots(axes[0], figures.dots_of(results, column), title)
    strip = next((s for s in found.strips if s.choice.place == PLACE), found.strips[0])
    truth, *rows = strip.panels
    for place in axes[1:]:
        place.set_axis_off()
    for place, panel in zip(axes[1:], (truth, *rows[:1], *rows[1:][-1:]), strict=False):
        place.imshow(panel.image)
        overlap = "" if panel.overlap is None else f" ({panel.overlap:.2f})"
        place.set_title(figures.written(panel.label) + overlap, fontsize=9)
