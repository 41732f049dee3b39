"""A table as a section of a report: the numbers, plots, training curves and predictions."""

from collections.abc import Sequence

from ablations.render.html import escape, fragment
from ablations.report.choice import Chosen
from ablations.report.contents import TableContent
from ablations.report.curve_plots import curve_plots
from ablations.report.figures import data_uri
from ablations.report.overlap import SCORE_THRESHOLD
from ablations.report.pictures import GROUND_TRUTH, Panel, Pictures, Strip, draw_pictures, jpeg
from ablations.report.plots import Plot, plots
from ablations.report.verdicts import table_anchor

_KEY_OF_PLOTS = (
    '<span class="paper-mark">◇</span> the paper\'s number, <span class="ours-mark">●</span> ours (mean and standard '
    "deviation over the seeds)"
)


def table_section(content: TableContent, has_runs: bool) -> str:
    """The section.

    Args:
        content: What there is for the table.
        has_runs: Whether runs were looked at; otherwise nothing is said of curves and predictions.
    """
    table = content.results.table
    parts = [
        f'<section id="{table_anchor(table.id)}" class="of-table">',
        f"<h2><small>Table {escape(table.id)}</small> {escape(table.title)}</h2>",
        fragment(content.results).rstrip("\n"),
        *_figures(plots(content.results), _KEY_OF_PLOTS, "plots"),
    ]
    if has_runs:
        parts += [*_curves(content), *_pictures(draw_pictures(content.folders, content.results.data_versions))]
    return "\n".join([*parts, "</section>"])


def empty_tables(contents: Sequence[TableContent]) -> str:
    """The tables that have no result of ours, folded."""
    if not contents:
        return ""
    names = ", ".join(content.results.table.id for content in contents)
    parts = [
        '<section id="not-run">',
        "<h2>Tables without results</h2>",
        f"<p>No row of these has a result of ours: {escape(names)}.</p>",
        "<details>",
        "<summary>The paper's numbers, and why there are none of ours</summary>",
    ]
    for content in contents:
        anchor = table_anchor(content.results.table.id)
        parts.append(f'<div id="{anchor}">\n{fragment(content.results)}</div>')
    return "\n".join([*parts, "</details>", "</section>"])


def _figures(found: Sequence[Plot], caption: str, kind: str) -> list[str]:
    """Plots side by side where the page is wide, below each other where it is not."""
    if not found:
        return []
    images = [f'<img src="{data_uri(p.svg, "image/svg+xml")}" alt="{escape(p.text)}"/>' for p in found]
    return [f'<figure class="{kind}">', *images, f"<figcaption>{caption}</figcaption>", "</figure>"]


def _curves(content: TableContent) -> list[str]:
    found = curve_plots(content.curves)
    if not found:
        return ['<p class="nothing">No training curves: no run of this table has left any.</p>']
    caption = "Running means of what training logged; thin lines of one colour are the seeds of one row."
    names = escape(", ".join(plot.title for plot in found))
    head = ["<details>", f"<summary>Training curves: {names}</summary>"]
    return [*head, *_figures(found, caption, "plots"), "</details>"]


def _pictures(pictures: Pictures) -> list[str]:
    missing = [f'<p class="nothing">Predictions: {escape(pictures.missing)}.</p>'] if pictures.missing else []
    if not pictures.strips:
        return missing
    strips = [part for strip in pictures.strips for part in _strip(strip, pictures.measure)]
    return ['<div class="predictions">', "<h3>Predictions</h3>", *strips, _caption(pictures), *missing, "</div>"]


def _strip(strip: Strip, measure: str) -> list[str]:
    name = escape(f"Image {strip.file_name}")
    panels = [_panel(panel, strip.file_name, measure) for panel in strip.panels]
    return [
        f'<h4>{name} <span class="place">{escape(strip.choice.place)}</span></h4>',
        '<div class="strip">',
        *panels,
        "</div>",
    ]


def _panel(panel: Panel, file_name: str, measure: str) -> str:
    what = "Ground truth" if panel.label == GROUND_TRUTH else f"Predictions of {panel.label}"
    height, width = panel.picture.shape[:2]
    value = "" if panel.overlap is None else f' <span class="overlap">{panel.overlap:.2f}</span>'
    size = f'width="{width}" height="{height}"'
    source, alt = data_uri(jpeg(panel.picture), "image/jpeg"), escape(f"{what} on {file_name}")
    if panel.overlap is not None:
        alt += f", mean {measure} {panel.overlap:.2f}"
    image = f'<img src="{source}" alt="{alt}" {size}/>'
    return f"<figure>{image}<figcaption>{escape(panel.label)}{value}</figcaption></figure>"


def _caption(pictures: Pictures) -> str:
    """How to read the panels, and by which rule the images were chosen."""
    several = len(pictures.strips[0].choice.overlaps) > 1
    order = f"how far the best row's mean {pictures.measure} is from the worst's" if several else "that number"
    places = ", ".join(strip.choice.place for strip in pictures.strips)
    text = (
        f"Data {pictures.dataset}, seed {pictures.seed}; predictions that score at least {SCORE_THRESHOLD}. The number "
        f"beside a row is the mean {pictures.measure} of the image's objects with their best prediction of the same "
        f"category, 0 for those without one. Images were chosen by rule, not by eye: of "
        f"{_candidates(pictures.chosen)}, ordered by {order}, those at these places: {places}."
    )
    return f'<p class="caption">{escape(text)}</p>'


def _candidates(chosen: Chosen) -> str:
    """As "347 images with 2 or more medium objects"."""
    images = f"{chosen.candidates} image{'s' * (chosen.candidates != 1)}"
    if not chosen.least_objects:
        return f"{images} with objects"
    objects = f"{chosen.least_objects} or more medium objects" if chosen.least_objects > 1 else "a medium object"
    return f"{images} with {objects} (COCO's size)"
