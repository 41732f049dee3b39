"""The picture for pages that show no HTML."""

import io

import pytest
from PIL import Image

from ablations.evidence.sources import PUBLISHED
from ablations.report.contents import Contents, TableContent
from ablations.report.picture import report_picture
from ablations.report.predictions import predictions_of
from tests.ablations.render import samples
from tests.ablations.report import tiny

CARS = [tiny.rectangle(0, 0, 40, 40), tiny.rectangle(50, 50, 40, 40)]


@pytest.fixture
def shown(register, tmp_path):
    """Table 2b with predictions of both rows."""
    name = register(CARS)
    found = [tiny.predicted(*car["bbox"]) for car in CARS]
    folders = {(row, 0): tiny.write_predictions(tmp_path / row, name, found) for row in ("softmax", "sigmoid")}
    predictions = {key: predictions_of(folder) for key, folder in folders.items()}
    return TableContent(samples.table_2b(), folders, predictions)


def contents(*shown):
    """A report of these tables."""
    return Contents("mini", [0], {}, [], shown, samples.TABLES(), True)


def test_a_table_is_a_line_of_the_picture(shown):
    """Those without results or predictions are left out; the same content gives the same bytes."""
    one = report_picture(contents(shown, TableContent(samples.table_2b()), TableContent(samples.results_of("6"))))
    assert one == report_picture(contents(shown))
    sizes = [Image.open(io.BytesIO(png)).size for png in (one, report_picture(contents(shown, shown)))]
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
