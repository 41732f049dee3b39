"""The tables as data."""

import pytest
import yaml

from ablations.tables import TABLES_FILE, load_tables, select_rows, select_tables
from mask_rcnn_paper.scales import find_config

# Typed from the paper a second time, apart from tables.yaml: AP, AP50, AP75.
PAPER = {
    "2b": """
        softmax          24.8 44.1 25.1
        sigmoid          30.3 51.2 31.5
        sigmoid-softmax  +5.5 +7.1 +6.4
    """,
    "2c": """
        roipool_max      26.9 48.8 26.4
        roiwarp_max      27.2 49.2 27.1
        roiwarp_ave      27.1 48.9 27.1
        roialign_max     30.2 51.0 31.8
        roialign_ave     30.3 51.2 31.5
    """,
}
ALIGN_BILINEAR_AGG = {
    "roipool_max": (False, False, "max"),
    "roiwarp_max": (False, True, "max"),
    "roiwarp_ave": (False, True, "ave"),
    "roialign_max": (True, True, "max"),
    "roialign_ave": (True, True, "ave"),
}


@pytest.fixture(scope="module")
def tables():
    return load_tables()


@pytest.mark.parametrize("table_id", PAPER)
def test_the_papers_numbers_match_a_second_transcription(tables, table_id):
    """Every number of every row and delta row is as printed, in printed order."""
    lines = [line.split() for line in PAPER[table_id].strip().splitlines()]
    table = tables[table_id]
    found = [[row.id, *row.paper] for row in table.rows]
    found += [[f"{delta.minuend}-{delta.subtrahend}", *delta.paper] for delta in table.deltas]
    assert found == [[name, *map(float, numbers)] for name, *numbers in lines]
    assert [metric.printed for metric in table.metrics] == ["AP", "AP_50", "AP_75"]


def test_table_2c_describes_its_layers_as_printed(tables):
    """The columns align?, bilinear? and agg. of Table 2c."""
    keys = ("align", "bilinear", "agg")
    assert tuple(tables["2c"].descriptors.values()) == ("align?", "bilinear?", "agg.")
    found = {row.id: tuple(row.descriptors[key] for key in keys) for row in tables["2c"].rows}
    assert found == ALIGN_BILINEAR_AGG


def test_printed_deltas_are_differences_of_printed_rows(tables):
    """A delta row of the paper is minuend - subtrahend to the last printed digit."""
    for table in tables.values():
        for delta in table.deltas:
            upper, lower = table.row(delta.minuend).paper, table.row(delta.subtrahend).paper
            assert [round(u - v, 1) for u, v in zip(upper, lower, strict=True)] == list(delta.paper)


def test_every_row_names_a_config_that_exists(tables):
    """No row of this paper points nowhere."""
    for table in tables.values():
        for row in table.rows:
            assert not row.config or find_config(row.config).is_file()


def test_selection_keeps_order_and_drops_repetitions(tables):
    """Tables come once each, as asked; all of them when none is named; rows as printed."""
    assert [table.id for table in select_tables(tables, ["2c", "2b", "2c"])] == ["2c", "2b"]
    assert [table.id for table in select_tables(tables, [])] == list(tables)
    both = select_tables(tables, ["2b", "2c"])
    assert list(select_rows(both, ["roialign_ave", "softmax"])) == [("2b", "softmax"), ("2c", "roialign_ave")]


def test_unknown_names_list_the_legal_ones(tables):
    """An unknown table or row is one line with what could have been said."""
    with pytest.raises(ValueError, match=r"unknown table '2z': choose from 2b, 2c"):
        select_tables(tables, ["2b", "2z"])
    with pytest.raises(ValueError, match=r"unknown row 'relu' of table 2b: choose from softmax, sigmoid"):
        select_rows(select_tables(tables, ["2b"]), ["relu"])


def broken(tmp_path, change):
    """A tables file whose Table 2b has been changed."""
    content = yaml.safe_load(TABLES_FILE.read_text())
    change(content["tables"][0])
    path = tmp_path / "tables.yaml"
    path.write_text(yaml.safe_dump(content))
    return path


@pytest.mark.parametrize(
    "change, message",
    [
        (lambda t: t.pop("title"), r"table 2b: title missing"),
        (lambda t: t.update(colour="red"), r"table 2b: unknown key colour: choose from deltas, "),
        (lambda t: t.update(id="2c"), r"table 2c: the id is used twice"),
        (lambda t: t["metrics"][0].update(result="AP"), r"metric 1: result 'AP' is not task/metric"),
        (lambda t: t["rows"][0].update(paper=[1.0]), r"row softmax: paper is \[1.0\], not 3 numbers"),
        (lambda t: t["rows"][0].update(paper=[1, 2, "3"]), r"paper is \[1, 2, '3'\], not 3 numbers"),
        (lambda t: t["rows"][0].update(origin="ours"), r"origin 'ours': choose from this_paper, cited"),
        (lambda t: t["rows"][0].update(origin="cited"), r"row softmax: .* a cited row has neither"),
        (lambda t: t["rows"][0].pop("config"), r"row softmax: a row of this_paper needs config and run"),
        (lambda t: t["rows"][0].update(id="sigmoid"), r"row sigmoid: the id is used twice"),
        (lambda t: t["rows"][0].update(descriptors={"x": 1}), r"row softmax: has descriptors \['x'\], the"),
        (lambda t: t["deltas"][0].update(minuend="relu"), r"delta 1: unknown row 'relu': choose from "),
        (lambda t: t["rows"].append(None), r"row number 3: is None, not a mapping"),
    ],
)
def test_a_broken_tables_file_says_what_and_where(tmp_path, change, message):
    """Each rule has a message that names file, table and row."""
    path = broken(tmp_path, change)
    with pytest.raises(ValueError, match=message) as raised:
        load_tables(path)
    assert str(path) in str(raised.value)


@pytest.mark.parametrize("text, message", [("tables: [", "is not YAML"), ("[]", "no list 'tables'")])
def test_a_file_that_is_no_tables_file_is_refused(tmp_path, text, message):
    """Neither broken YAML nor other YAML passes."""
    path = tmp_path / "tables.yaml"
    path.write_text(text)
    with pytest.raises(ValueError, match=message):
        load_tables(path)
