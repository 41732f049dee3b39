"""The tables as data."""

import dataclasses
import statistics

import pytest
import yaml

from ablations.paper.tables import TABLES_FILE, list_pending, load_tables, select_rows, select_tables
from ablations.render.names import descriptor_text
from mask_rcnn_paper.config_files import find_config
from mask_rcnn_paper.scales import load_cfg
from mask_rcnn_paper.training.result_file import config_hash
from tests.ablations.transcription import PRINTED_AGAIN, SAME_MODEL, TABLES, lines


@pytest.fixture(scope="module")
def tables():
    return load_tables()


def test_every_table_is_there(tables):
    """Tables 1 to 9, what the text states, and TensorMask's, in the paper's order."""
    assert list(tables) == list(TABLES)


@pytest.mark.parametrize("table_id", TABLES)
def test_the_papers_numbers_match_a_second_transcription(tables, table_id):
    """Every label, descriptor and number of every row and delta row is as printed, in printed order."""
    table = tables[table_id]
    header, expected = lines(table_id)
    assert [metric.printed for metric in table.metrics] == header
    found = [(row.label, [descriptor_text(v) for v in row.descriptors.values()], list(row.paper)) for row in table.rows]
    found += [(delta.label, [], list(delta.paper)) for delta in table.deltas]
    assert found == expected


def test_cited_rows_name_the_reference_of_their_label(tables):
    """The number in brackets is `ref`."""
    for row in (row for table in tables.values() for row in table.rows if row.origin == "cited"):
        assert f"[{row.ref}]" in row.label


def test_table_2c_describes_its_layers_as_printed(tables):
    """The columns align?, bilinear? and agg. of Table 2c."""
    assert tables["2c"].descriptors == {"align": "align?", "bilinear": "bilinear?", "agg": "agg."}


def row_of(tables, name):
    """Table and row of "table/row"."""
    table_id, _, row_id = name.partition("/")
    return tables[table_id], tables[table_id].row(row_id)


def printed_numbers(tables, name):
    """Numbers of "table/row" by result and whether it is of a test server."""
    table, row = row_of(tables, name)
    pairs = zip(table.metrics, row.paper, strict=True)
    return {(metric.result, metric.note): value for metric, value in pairs if value is not None}


@pytest.mark.parametrize("names", PRINTED_AGAIN)
def test_rows_that_the_paper_prints_twice_are_equal(tables, names):
    """They name one run; neighbours in the list share numbers, and these are equal."""
    names = names.split()
    assert len({row_of(tables, name)[1].run for name in names}) == 1
    for one, two in zip(names, names[1:], strict=False):
        one, two = printed_numbers(tables, one), printed_numbers(tables, two)
        shared = one.keys() & two.keys()
        assert shared
        assert all(one[key] == two[key] for key in shared)


@pytest.mark.parametrize("names", SAME_MODEL)
def test_models_that_the_paper_tests_twice_are_one_run(tables, names):
    """test-dev and minival numbers of one model name one run."""
    assert len({row_of(tables, name)[1].run for name in names.split()}) == 1


def test_no_run_has_two_numbers_for_one_thing(tables):
    """Rows that share a run and are tested on the same images print the same AP."""
    seen = {}
    for table in tables.values():
        for row in table.rows:
            for metric, value in zip(table.metrics, row.paper, strict=True):
                if row.run and value is not None:
                    key = (row.run, table.split, metric.result, metric.note)
                    assert seen.setdefault(key, value) == value, (table.id, row.id, metric.printed)


def test_printed_deltas_are_differences_of_printed_rows(tables):
    """A delta row of the paper is minuend - subtrahend to the last printed digit, where the paper prints both."""
    checked = 0
    for table in tables.values():
        for delta in table.deltas:
            upper, lower = table.row(delta.minuend).paper, table.row(delta.subtrahend).paper
            for u, v, printed in zip(upper, lower, delta.paper, strict=True):
                if None not in (u, v, printed):
                    assert round(u - v, 1) == printed
                    checked += 1
    assert checked == 3 + 6 + 4


def test_the_gap_between_box_and_mask_ap_is_their_difference(tables):
    """Section 4.3: 2.7 points between 37.1 and 39.8."""
    box, mask, gap = tables["text-4.3-deltas"].row("mask_rcnn_x101_fpn").paper
    assert round(box - mask, 1) == gap


def test_cityscapes_ap_is_the_mean_of_its_classes(tables):
    """All seven rows of Table 7, to rounding."""
    for row in tables["7"].rows:
        _, ap, _, *classes = row.paper
        assert len(classes) == 8
        assert statistics.fmean(classes) == pytest.approx(ap, abs=0.0501)


def test_training_time_is_iterations_times_seconds(tables):
    """Section 4.4: 160k iterations at 0.72 s are 32 hours."""
    hours, seconds = tables["text-4.4-training"].row("r50_fpn").paper
    iterations = load_cfg("table2a/r50_fpn.yaml").SOLVER.MAX_ITER
    assert (iterations, round(iterations * seconds / 3600, 1)) == (160_000, hours)


@pytest.mark.parametrize("scale", ["paper", "mini"])
def test_equal_runs_are_equal_configs_and_different_runs_are_not(tables, scale):
    """`run` is another name for the resolved config."""
    rows = [row for table in tables.values() for row in table.rows if row.config]
    pairs = {(row.run, config_hash(load_cfg(row.config, scale))) for row in rows}
    assert len(pairs) == len({run for run, _ in pairs}) == len({digest for _, digest in pairs}) > 20


def test_every_row_names_a_config_that_exists(tables):
    """No row of this paper points nowhere."""
    for table in tables.values():
        for row in table.rows:
            assert not row.config or find_config(row.config).is_file()


def broken(tmp_path, change):
    """A tables file whose Table 2b has been changed."""
    content = yaml.safe_load(TABLES_FILE.read_text(encoding="utf-8"))
    change(next(table for table in content["tables"] if table["id"] == "2b"))
    path = tmp_path / "tables.yaml"
    path.write_text(yaml.safe_dump(content))
    return path


@pytest.mark.parametrize(
    "change, message",
    [
        (lambda t: t.pop("title"), r"table 2b: title missing"),
        (lambda t: t.update(colour="red"), r"table 2b: unknown key colour: choose from deltas, "),
        (lambda t: t.update(id="2c"), r"table 2c: the id is used twice"),
        (lambda t: t.update(id='"><script>'), r"table \"><script>: id is '\"><script>': use letters, digits"),
        (lambda t: t["rows"][0].update(id=""), r"row : id is '': use letters, digits"),
        (lambda t: t["rows"][0].update(run="../../../escape"), r"row softmax: run is '../../../escape': use letters"),
        (lambda t: t["metrics"][0].update(result="AP"), r"metric 1: result 'AP' is not task/metric"),
        (lambda t: t["metrics"][0].update(result="segm/AP - AP"), r"result 'segm/AP - AP' is not task/metric"),
        (lambda t: t["rows"][0].update(paper=[1.0]), r"row softmax: paper is \[1.0\], not 3 numbers"),
        (lambda t: t["rows"][0].update(paper=[1, 2, "3"]), r"paper is \[1, 2, '3'\], not 3 numbers"),
        (
            lambda t: t["rows"][0].update(origin="ours"),
            r"origin 'ours': choose from this_paper, cited, tensormask_paper, dataset",
        ),
        (lambda t: t["rows"][0].update(origin="cited"), r"row softmax: a row that is cited needs source"),
        (lambda t: t["rows"][0].update(origin="dataset", source="x"), r"softmax: a row that is dataset needs source"),
        (lambda t: t["rows"][0].pop("config"), r"row softmax: a row of this_paper needs run, and either config"),
        (lambda t: t["rows"][0].pop("run"), r"row softmax: a row of this_paper needs run, and either config"),
        (lambda t: t["rows"][0].update(pending="x"), r"row softmax: a row of this_paper needs run, and either"),
        (lambda t: t["rows"][0].update(source="x"), r"row softmax: a row of this_paper needs .* has no source"),
        (lambda t: t["rows"][0].update(id="sigmoid"), r"row sigmoid: the id is used twice"),
        (lambda t: t["rows"][0].update(descriptors={"x": 1}), r"row softmax: has descriptors \['x'\], the"),
        (lambda t: t["deltas"][0].update(minuend="relu"), r"delta 1: unknown row 'relu': choose from "),
        (lambda t: t["rows"].append(None), r"row number 3: is None, not a mapping"),
        (lambda t: t.update(rows={"a": 1}), r"table 2b: rows is {'a': 1}, not a list"),
        (lambda t: t.update(metrics=None), r"table 2b: metrics is None, not a list"),
        (lambda t: t.update(descriptors=[1]), r"table 2b: descriptors is \[1\], not a mapping"),
        (lambda t: t.update(title=["x"]), r"table 2b: title is \['x'\], not text"),
        (lambda t: t["rows"][0].update(config=7), r"row softmax: config is 7, not text"),
        (
            lambda t: t["rows"][0].update(descriptors={"x": [1]}),
            r"softmax: descriptors, x is \[1\], not text, a number",
        ),
        (lambda t: t["rows"][0].update(paper=[1, 2, float("nan")]), r"paper is \[1, 2, nan\], not 3 numbers"),
        (lambda t: t["metrics"][0].update(result=3), r"metric 1: result is 3, not text"),
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


def test_a_user_adds_tables(tmp_path):
    """They stand behind the paper's, whose ids they cannot take."""
    table = {
        "id": "dice",
        "title": "Mask losses",
        "section": "mine",
        "metrics": [{"result": "segm/AP", "printed": "AP"}],
        "rows": [{"id": "dice", "label": "dice", "paper": [None], "config": "my/dice.yaml", "run": "dice"}],
    }
    mine = tmp_path / "mine.yaml"
    mine.write_text(yaml.safe_dump({"tables": [table]}))
    tables = load_tables(more=[mine])
    assert list(tables) == [*load_tables(), "dice"]
    assert tables["dice"].rows[0].config == "my/dice.yaml"
    mine.write_text(yaml.safe_dump({"tables": [{**table, "id": "2b"}]}))
    with pytest.raises(ValueError, match="mine.yaml, table 2b: the id is used twice"):
        load_tables(more=[mine])


def without_config(rows):
    """Those that cannot be run."""
    return {key: row for key, row in rows.items() if not row.config}


def test_selection_keeps_order_and_drops_repetitions(tables):
    """Tables come once each, as asked; all of them when none is named; rows as printed."""
    assert [table.id for table in select_tables(tables, ["2c", "2b", "2c"])] == ["2c", "2b"]
    assert select_tables(tables, []) == select_tables(tables, ["all"]) == list(tables.values())
    both = select_tables(tables, ["2b", "2c"])
    assert list(select_rows(both, ["roialign_ave", "softmax"])) == [("2b", "softmax"), ("2c", "roialign_ave")]


def test_text_is_every_text_table_that_can_be_run(tables):
    """Tables without a row that can be run are not among them; a table asked for twice comes once."""
    runnable = ["text-3-parameters", "text-3-sampling", "text-4.2-agnostic", "text-4.2-fpn-roialign"]
    runnable += ["text-4.3-deltas", "text-4.4-inference", "text-4.4-sharing", "text-4.4-training", "text-5-resolution"]
    runnable += ["text-A-valtest"]
    assert [table.id for table in select_tables(tables, ["text"])] == runnable
    again = select_tables(tables, [runnable[1], "text"])
    assert [table.id for table in again] == [runnable[1], runnable[0], *runnable[2:]]


def test_rows_of_others_are_no_rows_to_run(tables):
    """Table 1 has three rows of this paper, Table 9 six, and all that TensorMask's appendix prints can be run."""
    assert len(select_rows([tables["1"]], [])) == 3
    assert [bool(row.config) for row in select_rows([tables["9"]], []).values()] == [True] * 6
    assert [len(select_rows([tables[name]], [])) for name in ("TM-4", "TM-5", "TM-fig10")] == [6, 3, 2]


def test_pending_rows_are_one_line(tables):
    """Tables, rows, and what has to be built, each said once."""
    reasons = {("7", "mask_rcnn_fine"): "x", ("7", "mask_rcnn_fine_coco"): "x", ("9", "deeper"): "y"}
    rows = {key: tables[key[0]].row(key[1]) for key in reasons}
    pending = {key: dataclasses.replace(rows[key], config="", pending=reason) for key, reason in reasons.items()}
    text = "not built yet: table 7 mask_rcnn_fine, mask_rcnn_fine_coco (x); table 9 deeper (y)"
    assert list_pending(pending) == text
    assert list_pending({}) == ""


def test_rows_that_do_not_fit_the_data_are_said_apart(tables):
    """With the reason, after what is not built."""
    unfit = dataclasses.replace(tables["6"].rows[0], config="", unfit="needs keypoints")
    later = dataclasses.replace(tables["7"].row("mask_rcnn_fine"), config="", pending="a part")
    rows = (("7", later), ("6", unfit))
    pending = select_rows([dataclasses.replace(tables[table], rows=(row,)) for table, row in rows], [])
    built, _, fits = list_pending(pending).partition("; not for this data: ")
    assert built.startswith("not built yet: table 7")
    assert fits == "table 6 roipool (needs keypoints)"


def test_unknown_names_list_the_legal_ones(tables):
    """An unknown table or row is one line with what could have been said."""
    with pytest.raises(ValueError, match=r"unknown table '2z': choose from 1, 2a, .*TM-fig10, text, all$"):
        select_tables(tables, ["2b", "2z"])
    with pytest.raises(ValueError, match=r"unknown row 'relu' of table 2b: choose from softmax, sigmoid"):
        select_rows(select_tables(tables, ["2b"]), ["relu"])
    with pytest.raises(ValueError, match=r"unknown row 'mnc' of table text-A-counts: choose from none"):
        select_rows(select_tables(tables, ["text-A-counts"]), ["mnc"])
