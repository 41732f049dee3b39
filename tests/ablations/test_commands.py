"""The commands that show results, with programs that only pretend to train."""

import dataclasses
import json
import re
import shutil

import pytest
import yaml

from ablations.evidence import sources
from ablations.jobs import plan
from ablations.jobs.recipe import read_recipe
from mask_rcnn_paper.terminal import visible
from tests.attacks import HOSTILE, yaml_payload
from tests.own_files import NAME, own_words, write_own


def test_list_shows_every_row_with_its_state(ablations, pending_table):
    """People get lines, programs JSON; each row has a config and a state, or the reason why it has none."""
    code, out, _ = ablations(f"list 1 2b 2c later text-A-counts {pending_table}")
    assert code == 0
    assert "softmax  table2b/softmax.yaml  not run" in out
    assert "2c  RoIAlign (ResNet-50-C4)" in out
    assert "cited by the paper: [10] Dai et al., CVPR 2016" in out
    assert "not built yet: a part" in out
    assert "a property of the data set: [7] Cordts et al." in out
    code, out, _ = ablations("list --format json")
    tables = json.loads(out)
    assert len(tables) == 27
    assert all(row["state"] for table in tables for row in table["rows"])
    assert next(t for t in tables if t["id"] == "2c")["rows"][0]["config"] == "table2c/roipool_max.yaml"


def test_list_shows_the_state_at_a_scale(ablations, monkeypatch):
    """finished, failed, not run, stale; rows printed twice have one state; other scales are not touched."""
    monkeypatch.setenv("BROKEN", "table2b/softmax.yaml")
    ablations("run 2b --scale mini")
    states = {}
    _, out, _ = ablations("list 2a 2b 2c --scale mini --format json")
    for table in json.loads(out):
        states |= {f"{table['id']}/{row['id']}": row["state"] for row in table["rows"]}
    assert {states[row] for row in ("2a/r50_c4", "2b/sigmoid", "2c/roialign_ave")} == {"finished"}
    assert (states["2b/softmax"], states["2c/roipool_max"]) == ("failed", "not run")
    _, out, _ = ablations("list 2b --scale smoke")
    assert out.count("not run") == 2


def test_an_override_is_another_experiment(ablations):
    """KEY VALUE pairs change the identity: nothing of the plain run counts."""
    ablations("run 2b --scale mini")
    code, out, _ = ablations("status 2b --scale mini", "SOLVER.BASE_LR", "0.01")
    # Pre-training has a rate of its own.
    assert code == 0
    assert out.count("not run") == 3
    assert out.count("finished") == 1


def test_a_changed_config_makes_results_stale(ablations, monkeypatch):
    """`list`, `status` and `table` show that results are of another config; they are not used, and rows run again."""
    ablations("run 2b --scale mini --rows softmax")
    monkeypatch.setattr(plan, "read_recipe", _faster)
    stale = r"not run; stale, of another config or input: r50_c4_softmax-seed0-[0-9a-f]{8} *\n"
    _, out, _ = ablations("list 2b --scale mini")
    assert re.search(f"softmax  table2b/softmax.yaml  {stale}", out)
    assert re.search(r"sigmoid  table2b/sigmoid.yaml  not run\n", out)
    assert re.search(stale, ablations("status 2b --scale mini")[1])
    _, out, _ = ablations("table 2b --scale mini --rows softmax")
    assert re.search(rf"\[a\] {stale}", out)
    assert "24.0" not in out
    assert ablations("run 2b --scale mini --rows softmax")[2].count(": started") == 2
    assert "24.0" in ablations("table 2b --scale mini --rows softmax")[1]


def _faster(*args):
    """As if the YAML stated another rate."""
    recipe = read_recipe(*args)
    return dataclasses.replace(recipe, config_hash=recipe.config_hash[::-1])


def test_published_results_are_shown_without_a_run(ablations, tmp_path, monkeypatch):
    """`publish` copies what is finished; `table --published` and `list --published` show it, whatever --output has."""
    monkeypatch.setattr(sources, "PUBLISHED", tmp_path / "results")
    assert ablations("publish 2b --scale mini")[0] == 1
    _, before, _ = ablations("run 2b --scale mini")
    code, out, err = ablations("publish 2b --scale mini")
    assert code == 0
    assert len(out.splitlines()) == 5
    assert "4 of 4 jobs are finished and published" in err
    shutil.rmtree(tmp_path / "out")
    _, table, _ = ablations("table 2b --scale mini --published")
    assert table in before
    code, out, err = ablations("table 2b --scale mini")
    assert (code, out) == (0, table)
    assert "these are the published results" in err
    assert "table2b/softmax.yaml  finished" in ablations("list 2b --scale mini --published")[1]


def test_own_data_are_found_by_every_command(ablations, tmp_path, monkeypatch):
    """run, status, table and publish, with the paper as a reference; without --data there is nothing."""
    monkeypatch.setattr(sources, "PUBLISHED", tmp_path / "results")
    data = f"--scale mini --data {own_words(write_own(tmp_path / 'data'))}"
    note = f"own data {NAME}: the paper's numbers are of other data, and left out"
    code, out, err = ablations(f"run 2b 6 {data}")
    assert code == 0
    assert note in out
    assert f"data {NAME}_train -> {NAME}_val" in out
    assert "skipped, not for this data: table 6 roipool, roialign (needs keypoints, and train.json has none)\n" in err
    assert "[a] not for this data: needs keypoints" in out
    assert ablations(f"status 2b {data}")[1].count("finished") == 4
    assert "without a job: not for this data: table 6 roipool, roialign (needs" in ablations(f"status 6 {data}")[1]
    assert ablations(f"table 2b {data}")[1] in out
    code, written, _ = ablations(f"publish 2b {data}")
    page = tmp_path / "results" / "mini" / NAME / "README.md"
    assert code == 0
    assert str(page) in written
    assert note in page.read_text()
    assert str(tmp_path) not in page.read_text()
    assert note in ablations(f"table 2b --published {data}")[1]
    assert ablations("status 2b --scale mini")[1].count("not run") == 3


@pytest.mark.parametrize(
    "words, opts, message",
    [
        ("run 2z", (), "unknown table '2z': choose from 1, 2a, 2b, 2c"),
        ("run text-A-counts", (), "nothing to run: no row of table text-A-counts is of this paper"),
        ("run 2b --data pets", (), "--data 'pets': give NAME=train.json:train_images,val.json:val_images, or a .yaml"),
        ("run 2b --data a=b.json:c,d.json:e", (), "b.json' of the train data does not exist"),
        ("table 2b", ("DATASETS.OWN.NAME", "a"), "DATASETS.OWN.NAME cannot be given as KEY VALUE: use --data"),
        ("list --scale tiny", (), "scale 'tiny': choose from paper, short, mini, smoke"),
        ("run 2b --scale tiny", (), "scale 'tiny': choose from paper, short, mini, smoke"),
        ("run 2b --rows relu", (), "unknown row 'relu' of table 2b: choose from softmax, sigmoid"),
        ("run 2b --jobs 0", (), "--jobs 0: must be at least 1"),
        ("run 2b --launcher pbs", (), "--launcher pbs: choose from local, slurm"),
        ("run 2b --partition gpu", (), "--partition without --launcher slurm: leave it out, or add that"),
        ("run 2b --gpus-per-job 99", (), "--gpus-per-job 99: of the GPUs that CUDA_VISIBLE_DEVICES allows there"),
        ("table 2b --seeds -1", (), "--seeds -1: must be at least 0"),
        ("table 2b", ("SEED", "3"), "SEED cannot be given as KEY VALUE: use --seeds"),
        ("table 2b", ("SOLVER.MAX_ITER",), "arguments come in pairs, but there are 1: SOLVER.MAX_ITER"),
        ("table 2b", ("SOLVER.MAX_ITERS", "3"), "SOLVER.MAX_ITERS"),
        ("list 2b", ("SOLVER.MAX_ITER", "3"), "list takes no KEY VALUE"),
    ],
)
def test_bad_input_is_one_line_and_exit_code_2(ablations, words, opts, message):
    """What was wrong, and what would have been right."""
    code, out, err = ablations(words, *opts)
    assert (code, out) == (2, "")
    assert err.startswith("ablations: error: ")
    assert message in err
    assert err.count("\n") == 1


def test_results_that_do_not_mix_are_one_line(ablations, tmp_path):
    """Two providers in one table: refused, with the folders."""
    ablations("run 2b --scale mini")
    path = next((tmp_path / "out").glob("mini/detector/r50_c4_softmax-*/result.json"))
    path.write_text(path.read_text().replace('"embedded"', '"upstream"'))
    code, _, err = ablations("table 2b --scale mini")
    assert code == 2
    assert "results of different provider cannot stand in one table" in err


def hostile_tables(folder, **row):
    """A tables file with one row, whose title and label hold what a terminal obeys."""
    entry = {"id": "a", "label": HOSTILE, "run": "r", "config": "table2b/sigmoid.yaml", "paper": [1.0], **row}
    metrics = [{"result": "segm/AP", "printed": "AP"}]
    table = {"id": "h", "title": HOSTILE, "section": "4", "metrics": metrics, "rows": [entry]}
    (folder / "tables.yaml").write_text(yaml.safe_dump({"tables": [table]}))
    return ["--tables", str(folder / "tables.yaml")]


def test_a_table_without_results_says_where_there_are_some(ablations):
    """At another scale; one that has some says nothing."""
    assert "no results at scale paper: --scale mini has some" in ablations("table 2b")[2]
    assert "no results" not in ablations("table 2b --scale mini")[2]


PRINTING = ("list", "table", "run", "table --format csv", "list --format json", "table --format json")


@pytest.mark.parametrize("command", PRINTING)
def test_no_command_prints_what_a_terminal_obeys(ablations, tmp_path, command):
    """Whatever a tables file holds."""
    name, _, rest = command.partition(" ")
    code, out, error = ablations(f"{name} h {rest} --scale mini", *hostile_tables(tmp_path))
    assert code == 0
    assert "\\u001b[31m" in out
    assert [c for c in out + error if c != "\n" and visible(c) != c] == []
    if "json" in command:
        assert json.loads(out)[0]["title"] == HOSTILE


@pytest.mark.parametrize("base", [False, True])
def test_the_config_that_a_table_names_is_not_run(ablations, tmp_path, base):
    """Nor what it is based on, even where tables are only listed."""
    (tmp_path / "bad.yaml").write_text(f"OUTPUT_DIR: {yaml_payload(tmp_path / 'mark')}\n")
    (tmp_path / "row.yaml").write_text("_BASE_: bad.yaml\n")
    config = str(tmp_path / ("row.yaml" if base else "bad.yaml"))
    for command in ("list", "table", "run"):
        code, _, error = ablations(f"{command} h --scale mini", *hostile_tables(tmp_path, config=config))
        assert code == 2
        assert re.search("^ablations: error: config file '.*bad.yaml' is not YAML: [^\n]*\n$", error, re.MULTILINE)
    assert not (tmp_path / "mark").exists()


def test_a_run_cannot_leave_the_output_folder(ablations, tmp_path):
    """Its name has no slash."""
    code, _, error = ablations("run h --scale mini", *hostile_tables(tmp_path, run="../../../escape"))
    assert (code, error.count("\n")) == (2, 1)
    assert "run is '../../../escape': use letters" in error
    assert not [path for path in tmp_path.rglob("*") if "escape" in path.name]


@pytest.mark.parametrize("command", ["list 2b", "status 2b", "run 2b --dry-run", "table 2b", "claims 2b-sigmoid"])
def test_damaged_times_are_one_line(ablations, tmp_path, command):
    """In every command that shows what was measured."""
    folder = tmp_path / "out" / "mini"
    folder.mkdir(parents=True)
    (folder / "timing.json").write_text("{")
    code, _, err = ablations(f"{command} --scale mini")
    assert code == 2
    assert err.count("error: ") == 1
    assert "timing.json is damaged" in err
