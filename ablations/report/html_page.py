"""The whole report as one HTML page that needs nothing else."""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from tqdm import tqdm

from ablations.render.cells import SCALE_NOTES, lay_out
from ablations.render.html import html_templates
from ablations.report.contents import NO_PREDICTIONS, Contents, TableContent
from ablations.report.curves import curves_by_row
from ablations.report.figures import curve_plots, dot_plots
from ablations.report.verdicts import claims_values

if TYPE_CHECKING:
    from ablations.report.strips import TableStrips

HEADING = "Mask R-CNN: what was reproduced"


def report_page(contents: Contents) -> str:
    """HTML that is XML too: head, claims, then every table; a terminal shows how far it is."""
    full = [content for content in contents.shown if not content.is_empty]
    empty = [content for content in contents.shown if content.is_empty]
    note = SCALE_NOTES.get(contents.scale, "")
    page = html_templates(__package__).get_template("report.html")
    return page.render(
        title=f"{HEADING}: scale {contents.scale}",
        heading=HEADING,
        scale_note=note[:1].upper() + note[1:],
        has_runs=contents.has_runs,
        facts=contents.facts,
        claims=claims_values(contents.findings, contents.tables),
        on_page={content.results.table.id for content in contents.shown},
        full=[content.results.table.id for content in full],
        sections=_sections(full, contents.has_runs),
        empty=[lay_out(content.results) for content in empty],
    )


def _sections(contents: Sequence[TableContent], has_runs: bool) -> Iterator[dict[str, Any]]:
    """Values of each table, which are drawn when the template comes to them."""
    for content in tqdm(contents, "tables of the report", unit="table", leave=False, disable=None):
        yield _section(content, has_runs)


def _section(content: TableContent, has_runs: bool) -> dict[str, Any]:
    results = content.results
    values = {"table": lay_out(results), "heading": results.table.title, "plots": dot_plots(results)}
    if not has_runs:
        return values
    strips = _strips(content)
    missing = strips.missing if strips else NO_PREDICTIONS
    return values | {"curves": curve_plots(curves_by_row(content.runs)), "strips": strips, "missing": missing}


def _strips(content: TableContent) -> "TableStrips | None":
    if not content.has_predictions:
        return None
    # OpenCV, pycocotools and detectron2 take seconds.
    from ablations.report.strips import draw_strips

    return draw_strips(content.predictions, content.results.data_versions)
