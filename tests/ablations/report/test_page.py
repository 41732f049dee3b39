"""The whole report: what a reader gets as one file, or as one picture."""

import base64
import io
import re
import sys
import xml.etree.ElementTree as ElementTree
from dataclasses import replace
from importlib.resources import files
from pathlib import Path

import pytest
from PIL import Image

from ablations.evidence.findings import Finding
from ablations.evidence.shown_scores import ScoreRule
from ablations.evidence.sources import PUBLISHED
from ablations.paper.claims import load_claims
from ablations.render.html import html_templates
from ablations.report import page
from ablations.report.contents import Contents, TableContent, predictions_of
from ablations.report.figures import Plot
from ablations.report.page import report_page, report_picture
from ablations.report.runs import Place, RowRuns
from ablations.statistics.judge import Judgement
from tests.ablations.fakes import estimate
from tests.ablations.render import samples
from tests.ablations.report import tiny
from tests.ablations.report.tiny import golden
from tests.attacks import HOSTILE

pytestmark = pytest.mark.usefixtures("one_version")
CARS = [tiny.rectangle(0, 0, 40, 40), tiny.rectangle(50, 50, 40, 40)]


def contents(*shown, has_runs=False, **changes):
    """A report of these tables, given by their results or all that there is of them, and one claim."""
    claim = load_claims(samples.TABLES())["2b-sigmoid"]
    findings = [Finding(claim, {}, Judgement("reproduced", estimate(12.05, 0.64, 2), p=0.001))]
    facts = {"scale": "mini", "seeds": "0, 1", "results": "a & b"}
    given = {"facts": facts, "findings": findings, "tables": samples.TABLES(), "has_runs": has_runs, **changes}
    shown = [content if isinstance(content, TableContent) else TableContent(content) for content in shown]
    return Contents("mini", [0, 1], shown=shown, **given)


@pytest.fixture
def full(register, tmp_path):
    """Table 2b with curves and predictions of both rows."""
    name = register(CARS)
    folders = {}
    for row, cars in (("softmax", CARS[:1]), ("sigmoid", CARS)):
        found = [tiny.predicted(*car["bbox"]) for car in cars]
        folders[row, 0] = tiny.write_predictions(tmp_path / row, name, found)
        lines = ('{"iteration": 19, "total_loss": 2.0}', '{"iteration": 39, "total_loss": 1.0}')
        (tmp_path / row / "metrics.json").write_text("\n".join(lines))
    return TableContent(samples.table_2b(), folders, {key: predictions_of(folder) for key, folder in folders.items()})


def head(report):
    """Text of a page's head."""
    return "".join(ElementTree.fromstring(report_page(report)).find("body/header").itertext())


def section(content, has_runs=True, name="table-2b"):
    """A section of a report of one table, as XML."""
    return ElementTree.fromstring(report_page(contents(content, has_runs=has_runs))).find(f".//section[@id='{name}']")


def text(element):
    """All of its text, with single spaces."""
    return " ".join("".join(element.itertext()).split())


def without_pictures(page):
    """Plots depend on the version of matplotlib."""
    return re.sub(r'src="data:[^"]+"', 'src="data:"', page)


def test_the_page_is_as_stored():
    """Head, index, claims, a table with results, one without."""
    page = report_page(contents(samples.table_2b(), samples.results_of("6")))
    assert without_pictures(page) == golden("report.html")


def test_the_page_needs_nothing_else(full):
    """No scripts, nothing loaded; it is XML, and no id is used twice."""
    page = report_page(contents(full, samples.results_of("6"), has_runs=True))
    root = ElementTree.fromstring(page)
    assert not {element.tag for element in root.iter()} & {"script", "link", "iframe", "object"}
    assert all(image.get("src").startswith("data:") for image in root.iter("img"))
    addresses = {link.get("href") for link in root.iter("a") if "://" in link.get("href")}
    assert addresses == {"https://arxiv.org/abs/1703.06870"}
    assert [word for word in ("url(", "@import", "http") if word in re.sub('href="https://[^"]+"', "", page)] == []
    ids = [element.get("id") for element in root.iter() if element.get("id")]
    assert len(ids) == len(set(ids))


def test_every_link_leads_somewhere(full):
    """Of the index, the claims and the pictures; the first goes to the paper."""
    root = ElementTree.fromstring(report_page(contents(full, samples.results_of("6"), has_runs=True)))
    ids = {f"#{element.get('id')}" for element in root.iter() if element.get("id")}
    paper, *links = [link.get("href") for link in root.iter("a")]
    assert paper == "https://arxiv.org/abs/1703.06870"
    assert links[:3] == ["#claims", "#table-2b", "#not-run"]
    assert set(links) <= ids


def test_claims_come_before_tables():
    """They are the headline."""
    root = ElementTree.fromstring(report_page(contents(samples.table_2b())))
    assert [part.get("id") for part in root.find("body/main")] == ["claims", "table-2b"]


def test_what_the_page_lacks_is_said_in_its_head():
    """Published results have no pictures; nothing may have been run at all."""
    empty = head(contents(samples.results_of("2b"), has_runs=True, findings=[]))
    assert "There are no results yet: python -m ablations run makes them." in empty
    assert "published" not in empty
    published = head(contents(samples.table_2b()))
    assert "Made from published results" in published
    assert "no results yet" not in published


def test_a_run_without_a_number_is_finished():
    """It may have found nothing."""
    content = TableContent(samples.results_of("2b"), predictions={("sigmoid", 0): {}})
    report = contents(content, has_runs=True)
    assert "Runs are finished, but none has a number: see why there is none." in " ".join(head(report).split())
    assert section(content, name="not-run") is not None


def test_the_same_contents_give_the_same_bytes(full):
    """No date of writing, no random ids; plots and pictures included."""
    shown = (samples.awkward(), full)
    assert report_page(contents(*shown, has_runs=True)) == report_page(contents(*shown, has_runs=True))


def test_numbers_plots_curves_and_predictions_follow_each_other(full):
    """Under a heading; curves are folded."""
    root = section(full)
    assert text(root.find("h2")) == "Table 2b Multinomial vs. Independent Masks (ResNet-50-C4)"
    assert [(part.tag, part.get("class")) for part in root][1:] == [
        ("div", "table"),
        ("figure", "plots"),
        ("details", None),
        ("div", "predictions"),
    ]
    assert text(root.find("details/summary")) == "Training curves: total loss"


def test_every_picture_is_embedded_and_described(full):
    """Three plots, a figure of curves, three panels."""
    images = list(section(full).iter("img"))
    kinds = ["data:image/svg+xml"] * 4 + ["data:image/jpeg"] * 3
    assert [image.get("src").partition(";")[0] for image in images] == kinds
    assert all(base64.b64decode(image.get("src").partition(",")[2]) for image in images)
    assert [image.get("alt") for image in images[4:]] == [
        "Ground truth on 1.png",
        "Predictions of softmax on 1.png, mean mask IoU 0.50",
        "Predictions of sigmoid on 1.png, mean mask IoU 1.00",
    ]
    assert images[0].get("alt").startswith("mask AP. softmax: paper 24.8, ours 24.0;")


def test_a_picture_opens_large_and_closes_where_it_was(full):
    """By its address alone: the panel itself is what the style enlarges, so no picture is in the page twice."""
    strip = section(full).find("div[@class='predictions']/div[@class='strip']")
    assert strip.get("id") == "predictions-2b-1"
    for number, panel in enumerate(strip.findall("figure"), start=1):
        opened, closed = panel.findall("a")
        assert opened.get("href") == f"#{panel.get('id')}" == f"#predictions-2b-1-{number}"
        assert opened.find("img") is not None
        assert closed.get("href") == "#predictions-2b-1"
    assert ".strip figure:target img {" in report_page(contents(full, has_runs=True))


def test_what_is_behind_the_rows_is_folded(full):
    """Config and logs, as links where they lead somewhere; times and memory, "-" for what no result says."""
    logs = {0: Place("out/a/console.log", "../out/a/console.log"), 1: Place("b/console.log")}
    rows = (
        RowRuns("softmax", Place("configs/a.yaml"), {}),
        RowRuns("sigmoid", Place("configs/b.yaml", "../b.yaml"), logs, "0.5 s", "10 min", "12 min", "1.6 GB", "60.5"),
    )
    folded = section(replace(full, of_rows=rows)).find("details[@class='of-rows']")
    table = [[text(cell) for cell in row] for row in folded.findall(".//tbody/tr")]
    assert table == [
        ["softmax", "configs/a.yaml", "-", "-", "-", "-", "-", "-"],
        ["sigmoid", "configs/b.yaml", "seed 0, seed 1: b/console.log", "0.5 s", "10 min", "12 min", "1.6 GB", "60.5"],
    ]
    assert [link.get("href") for link in folded.iter("a")] == ["../b.yaml", "../out/a/console.log"]


def test_own_data_are_not_compared_with_the_paper():
    """No claims, no verdicts, no numbers of the paper, in tables, plots or words."""
    own = replace(samples.table_2b(), own_data="pets")
    page = report_page(contents(own, findings=[], own_data="pets"))
    root = ElementTree.fromstring(page)
    words = text(root.find("body"))
    assert text(root.find("body/header/h1")) == "Mask R-CNN on pets"
    assert "Its numbers and claims are of other data, and left out." in words
    found = [word for word in ("reproduced", "claim holds", "44.1", "diff.", "paper's number,") if word in words]
    assert found == []
    assert root.find(".//section[@id='claims']") is None
    assert [link.get("href") for link in root.findall(".//nav//a")] == ["#table-2b"]
    assert [image.get("alt") for image in root.iter("img")][0] == "mask AP. softmax: ours 24.0; sigmoid: ours 36.0"


def test_tensormask_is_named_where_its_tables_are():
    """With its own paper."""
    link = "https://arxiv.org/abs/1903.12174"
    assert link in report_page(contents(samples.results_of("TM-4")))
    assert link not in report_page(contents(samples.table_2b()))


def test_panels_carry_their_overlap_and_the_rule_of_choice_is_said(full):
    """So that nobody takes the pictures for typical or for hand-picked."""
    predictions = section(full).find("div[@class='predictions']")
    captions = [text(caption) for caption in predictions.iter("figcaption")]
    assert captions == ["ground truth", "softmax 0.50", "sigmoid 1.00"]
    caption = text(predictions.find("p[@class='caption']"))
    assert "chosen by rule, not by eye: of 1 image with 2 or more medium objects (COCO's size)" in caption
    assert "ordered by how far the best row's mean mask IoU is from the worst's" in caption
    assert "A prediction has the colour of the object that it matches (same category, box IoU of 0.5 or more" in caption
    assert caption.endswith("at these places: largest.")


@pytest.mark.parametrize(
    "sides, words",
    [((40,), "1 image with a medium object (COCO's size), ordered by that number,"), ((9,), "1 image with objects,")],
)
def test_fewer_objects_than_usual_are_said(register, tmp_path, sides, words):
    """One medium object, or none; a row alone differs from nothing."""
    cars = [tiny.rectangle(0, 0, side, side) for side in sides]
    folder = tiny.write_predictions(tmp_path / "row", register(cars), [tiny.predicted(0, 0, 9, 9)])
    only = TableContent(samples.table_2b(), {("row", 0): folder}, {("row", 0): predictions_of(folder)})
    assert words in text(section(only).find("div[@class='predictions']/p[@class='caption']"))


def test_what_runs_did_not_leave_is_said():
    """No curves, no predictions."""
    words = text(section(TableContent(samples.table_2b())))
    assert "No training curves: no run of this table has left any." in words
    assert "Predictions: no finished run has left predictions." in words


def test_what_cannot_be_drawn_is_said(full, tmp_path):
    """Below what could be, or in its place."""
    none = {("none", 0): {}}
    words = text(section(TableContent(full.results, full.runs, {**full.predictions, **none})))
    assert words.endswith("largest. Predictions: no predictions of seed 0 on report_tiny_val: none.")
    (tmp_path / "data/images/1.png").unlink()
    assert "Predictions: no image that can be read: " in text(section(full))


def test_of_published_results_nothing_is_said_of_runs():
    """The head of the page says it once."""
    assert [part.tag for part in section(samples.table_2b(), has_runs=False)] == ["h2", "div", "figure"]


@pytest.mark.parametrize("has_runs", [True, False])
def test_reliability_of_scores_is_plotted(monkeypatch, has_runs):
    """Folded, wherever it is known what was matched: of published results too."""
    asked = []

    def plots(matches, rule):
        asked.append((dict(matches), rule))
        return [Plot(title, b"<svg/>", f"{title}: words") for title in ("bins", "precision")]

    monkeypatch.setattr(page, "reliability_plots", plots)
    files = {("sigmoid", 0): Path("matches.npz")}
    shown = TableContent(samples.table_2b(), matches=files)
    rule = ScoreRule(0.7)
    whole = ElementTree.fromstring(report_page(contents(shown, has_runs=has_runs, rule=rule)))
    (folded,) = whole.findall(".//section[@id='table-2b']/details")
    assert text(folded.find("summary")) == "Reliability of scores: bins, precision"
    assert [image.get("alt") for image in folded.iter("img")] == ["bins: words", "precision: words"]
    assert asked == [(files, rule)]


def test_pictures_say_which_scores_they_show(full):
    """Raw ones with the reason, since these runs left no calibration."""
    caption = text(section(full).find("div[@class='predictions']/p[@class='caption']"))
    assert "predictions with a score of at least 0.5 (scores are raw, not calibrated: the evaluation of" in caption
    raw = report_page(contents(full, has_runs=True, rule=ScoreRule(0.3, raw=True)))
    assert "predictions with a score of at least 0.3." in " ".join(raw.split())


def test_tables_without_results_are_folded_into_one_section():
    """They keep their anchors, which claims link to."""
    root = ElementTree.fromstring(report_page(contents(samples.results_of("7"), samples.results_of("8"))))
    folded = root.find(".//section[@id='not-run']")
    assert "No row of these has a number of ours: 7, 8." in text(folded)
    assert [part.get("id") for part in folded.find("details") if part.tag == "div"] == ["table-7", "table-8"]
    assert section(samples.table_2b(), name="not-run") is None


def test_what_the_page_does_not_show_is_not_drawn(monkeypatch):
    """Tables without results need no matplotlib, and runs without predictions nothing that draws on images."""
    monkeypatch.setitem(sys.modules, "ablations.report.strips", None)
    assert section(samples.table_2b()) is not None
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    assert section(samples.results_of("6"), name="not-run") is not None


def test_a_terminal_shows_how_far_it_is(full, monkeypatch, capsys):
    """Tables, and within one the images that are compared; elsewhere nothing is shown."""
    report_page(contents(full, has_runs=True))
    assert capsys.readouterr().err == ""
    screen = io.StringIO()
    screen.isatty = lambda: True
    monkeypatch.setattr(sys, "stderr", screen)
    report_page(contents(full, has_runs=True))
    assert "tables of the report:   0%" in screen.getvalue()
    assert "comparing predictions:   0%" in screen.getvalue()


def test_templates_come_with_the_package():
    """They are read from where the package lies, beside those of printed tables."""
    templates = html_templates("ablations.report")
    here = files("ablations.report") / "templates"
    names = {path.name for path in here.iterdir()}
    assert {"report.html", "claims.html", "drawing.html", "section.html", "predictions.html", "report.css"} <= names
    assert names | set(html_templates().list_templates()) == set(templates.list_templates())
    assert all(templates.loader.get_source(templates, n)[0] == (here / n).read_text("utf-8") for n in names)


def test_the_style_adds_to_that_of_tables():
    """Which the tables rely on; no fonts from elsewhere; no marks of XML; braces in pairs."""
    style = (files("ablations.report") / "templates/report.css").read_text("utf-8")
    tables = (files("ablations.render") / "templates/tables.css").read_text("utf-8")
    page = report_page(contents())
    assert f"<style>\n{tables}{style}</style>" in page
    assert not {"<", "&"} & set(style)
    assert [word for word in ("url(", "@import") if word in style] == []
    assert style.count("{") == style.count("}")


def test_a_table_is_a_line_of_the_picture(full):
    """Those without results or predictions are left out; the same content gives the same bytes."""
    one = report_picture(contents(full, TableContent(samples.table_2b()), TableContent(samples.results_of("6"))))
    assert one == report_picture(contents(full))
    sizes = [Image.open(io.BytesIO(png)).size for png in (one, report_picture(contents(full, full)))]
    assert sizes[0][0] == sizes[1][0]
    assert sizes[1][1] == pytest.approx(2 * sizes[0][1], abs=1)  # rounded


def test_the_published_picture_is_small_enough_for_a_readme():
    """It is loaded by everyone who opens the project's page."""
    content = (PUBLISHED / "mini/report.png").read_bytes()
    assert Image.open(io.BytesIO(content)).format == "PNG"
    assert len(content) < 300_000


def test_without_predictions_there_is_no_picture():
    """As of published results."""
    with pytest.raises(ValueError, match="none of the tables has both results and predictions"):
        report_picture(contents(TableContent(samples.table_2b())))


def test_hostile_text_is_shown(full):
    """In every field of the page: tables, claims, facts, and beside predictions; no element comes of it."""
    texts = {"label": HOSTILE, "descriptors": {"d": HOSTILE}}
    table, results = full.results.table, full.results
    rows = tuple(replace(row, **texts) for row in table.rows)
    table = replace(table, title=HOSTILE, note=HOSTILE, descriptors={"d": HOSTILE}, rows=rows)
    results = replace(results, table=table, rows=tuple(replace(row, **texts) for row in results.rows))
    claim = replace(load_claims(samples.TABLES())["2b-sigmoid"], words=HOSTILE, section=HOSTILE)
    findings = [Finding(claim, {}, Judgement("reproduced", estimate(12.05, 0.64, 2), p=0.001), HOSTILE)]
    changes = {"findings": findings, "facts": {HOSTILE: HOSTILE}, "has_runs": True}
    report = report_page(contents(replace(full, results=results), **changes))
    harmless = report_page(contents(full, has_runs=True))
    found, known = ({element.tag for element in ElementTree.fromstring(page).iter()} for page in (report, harmless))
    assert found <= known
    assert "script" not in found and "<script" not in report
    assert report.count("&lt;script&gt;") > 8
