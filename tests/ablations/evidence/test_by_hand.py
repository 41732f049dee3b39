"""What was trained by hand, as the row whose config it has or with a line of its own."""

import json

import pytest

from ablations.evidence.by_hand import read_by_hand
from ablations.jobs.recipe import read_recipe
from ablations.query import Asked, make_query
from tests.ablations import fakes


@pytest.fixture
def hand(tmp_path):
    """Write a result of a config hash at a seed; returns its folder's name."""

    def write(config_hash, name="mine", seed=0, **changes):
        aps = changes.pop("aps", (31.0, 51.0, 21.0))
        result = fakes.finished(aps, seed=seed, config_hash=config_hash, seconds=60.0, **changes).result
        (tmp_path / name).mkdir(exist_ok=True)
        (tmp_path / name / "result.json").write_text(json.dumps(result))
        return str(tmp_path / name)

    return write


@pytest.fixture
def query(tmp_path):
    """A query of results in an empty output folder."""
    return lambda *results, **words: make_query(
        Asked("mini", str(tmp_path / "out"), **{"tables": ["2b"], "results": results, **words}), fall_back=True
    )


def hash_of(row="sigmoid", seed=0):
    """Config hash of a row of Table 2b."""
    return read_recipe(f"table2b/{row}.yaml", "mini", ["SEED", str(seed)]).config_hash


def rows_of(query):
    """Label, means and notes of the first shown table's rows that are no differences."""
    results = query.results(query.shown[0])
    return {row.label: ([v and v.mean for v in row.ours], row.notes) for row in results.rows if not row.is_delta}


@pytest.mark.parametrize("seed", [0, 5, -1])
def test_a_result_of_a_rows_config_is_that_row(query, hand, seed, tmp_path):
    """At its seed, or without one as train_net.py trains by default; the table says so."""
    found = query(hand(hash_of(seed=seed), seed=seed))
    assert seed in found.seeds
    rows = rows_of(found)
    assert rows["sigmoid"][0] == [31.0, 51.0, 21.0]
    assert list(rows) == ["softmax", "sigmoid"]
    text = f"seed {seed}" if seed >= 0 else "without a seed"
    assert found.results(found.shown[0]).by_hand == (f"sigmoid, {text}, in {tmp_path / 'mine'}",)
    assert found.plan.job("2b", "sigmoid", seed).folder.path == tmp_path / "mine"


def test_a_result_of_another_config_has_a_line_of_its_own(query, hand):
    """Named by its folder, with a footnote at each number; the rows keep what they have."""
    rows = rows_of(query(hand("f" * 64, "with_dice")))
    assert rows["sigmoid"][0] == [None] * 3
    means, notes = rows["with_dice"]
    assert means == [31.0, 51.0, 21.0]
    assert all(note.endswith("with_dice, seed 0; its config is that of no row shown here") for note in notes)


def test_the_config_at_another_seed_is_another_config(query, hand):
    """A hash of seed 1 in a result that says seed 0 is of no row."""
    assert "mine" in rows_of(query(hand(hash_of(seed=1), seed=0)))


def test_lines_of_their_own_are_only_where_a_table_is_named(query, hand):
    """Not in all tables there are, and never in claims."""
    folder = hand("f" * 64)
    message = "mine: its config is that of no row that is asked about, seed 0; `table TABLE` and `report TABLE` give it"
    with pytest.raises(ValueError, match=message):
        query(folder, tables=[])
    asked = Asked("mini", "out", claims=["2b-sigmoid"], results=[folder])
    with pytest.raises(ValueError, match=message):
        make_query(asked, of_tables=False, of_claims=True)


def test_claims_are_judged_by_results_by_hand(query, hand, tmp_path):
    """And say which they are."""
    folders = [hand(hash_of(row), row, aps=(ap,) * 3) for row, ap in (("sigmoid", 30.0), ("softmax", 20.0))]
    asked = Asked("mini", str(tmp_path / "out"), claims=["2b-sigmoid"], results=folders)
    (finding,), evidence = make_query(asked, of_tables=False, of_claims=True).findings()
    assert finding.differences == {0: 10.0}
    assert evidence.by_hand == tuple(f"{row}, seed 0, in {tmp_path / row}" for row in ("sigmoid", "softmax"))


def test_published_results_stand_beside_those_by_hand_only_where_asked_for(query, hand, capsys):
    """Nothing is shown by surprise."""
    folder = hand("f" * 64)
    assert not query(folder).source.published
    assert capsys.readouterr().err == ""
    rows = query(folder, published=True)
    assert rows.source.published
    assert rows.statuses[rows.plan.rows["2b", "by-hand-1", 0]].result["seconds"] == 60.0


def test_results_that_do_not_compare_are_refused(query, hand):
    """As those of other runs are."""
    folders = [hand(hash_of("sigmoid"), "a"), hand("f" * 64, "b", precision="bfloat16")]
    found = query(*folders)
    with pytest.raises(ValueError, match="results of different precision cannot stand in one table: float32 in .*/a, "):
        found.results(found.shown[0])


def test_two_results_of_one_row_and_seed_are_refused(query, hand):
    """Neither is silently left out."""
    folders = [hand(hash_of(), name) for name in ("a", "b")]
    with pytest.raises(ValueError, match="/a and .*/b are of one row, seed 0: give one of them"):
        query(*folders)


@pytest.mark.parametrize(
    "content, message",
    [
        (None, "there is no .*mine/result.json, which train_net.py writes once it has evaluated"),
        ("{", "result.json is damaged: result.json is not JSON; evaluate anew"),
        ('{"metrics": {}, "scale": "mini", "seed": 0}', "does not say its config_hash; evaluate anew"),
        (
            '{"metrics": {}, "scale": "smoke", "seed": 0, "config_hash": "f"}',
            "its scale is smoke, not mini: add --scale",
        ),
    ],
)
def test_what_is_no_result_is_refused(tmp_path, content, message):
    """With the folder and the cure."""
    (tmp_path / "mine").mkdir()
    if content is not None:
        (tmp_path / "mine" / "result.json").write_text(content)
    with pytest.raises((ValueError, FileNotFoundError), match=message):
        read_by_hand([str(tmp_path / "mine")], "mini")
