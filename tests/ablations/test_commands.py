"""The commands, with programs that only pretend to train."""

import json
import os
import re
import shutil
import signal
import threading
import time

import pytest

import ablations.__main__ as cli
from ablations import commands
from ablations.jobs import plan
from ablations.paper.tables import load_tables
from ablations.evidence import publish
from ablations.render import published_page
from tests import dying
from tests.ablations import fake_slurm
from tests.own_files import NAME, own_words, write_own

# Takes the arguments of train_net.py and of pre-training; its mask AP depends on config and seed alone.
PRETENDER = """
import json, os, sys
value = lambda key: sys.argv[sys.argv.index(key) + 1]
folder, config, seed = value("OUTPUT_DIR"), value("--config-file"), int(value("SEED"))
if config == os.environ.get("BROKEN") and "pretrain" not in folder:
    sys.exit("the loss is nan at iteration 7")
for key in ("MODEL.WEIGHTS", "DATASETS.PROPOSAL_FILES_TRAIN"):
    assert key in sys.argv or "pretrain" in folder or ("rpn" in folder and "FILES" in key), key
ap = {"softmax": 24.0, "sigmoid": 36.0}.get(os.path.basename(config)[:-5], 20.0) + seed
with open(os.path.join(folder, "job.json")) as file:
    planned = json.load(file)["config_hash"]
result = {
    "metrics": {"segm": {"AP": ap, "AP50": 2 * ap, "AP75": ap - 10}},
    "config_hash": planned, "scale": value("--scale"), "seconds": 12.3, "seed": seed,
    "provider": {"name": "embedded", "detectron2": "0.6+embedded"}, "coco_backend": "pycocotools 2.0.11",
}
with open(os.path.join(folder, "result.json"), "w") as file:
    json.dump(result, file)
with open(os.path.join(folder, "runs"), "a") as file:
    file.write("x")
"""


@pytest.fixture
def ablations(tmp_path, monkeypatch, capsys):
    """Run a command in an empty output folder; returns its exit code, stdout and stderr."""
    (tmp_path / "pretender.py").write_text(PRETENDER)
    monkeypatch.setattr(plan, "PROGRAMS", dict.fromkeys(plan.PROGRAMS, (str(tmp_path / "pretender.py"),)))

    def call(words, *opts):
        argv = [*words.split(), "--output", str(tmp_path / "out")]
        try:
            code = cli.main([*argv, *opts])
        except SystemExit as error:
            code = error.code
        return code, *capsys.readouterr()

    return call


def test_list_shows_every_row_with_its_state(ablations):
    """People get lines, programs JSON; each row has a config and a state, or the reason why it has none."""
    code, out, _ = ablations("list 1 2b 2c 7 TM-4")
    assert code == 0 and "softmax  table2b/softmax.yaml  not run" in out
    assert "2c  RoIAlign (ResNet-50-C4)" in out and "cited by the paper: [10] Dai et al., CVPR 2016" in out
    assert "not built yet: training on Cityscapes" in out and "from the TensorMask paper: Chen et al." in out
    code, out, _ = ablations("list --format json")
    tables = json.loads(out)
    assert len(tables) == 23 and all(row["state"] for table in tables for row in table["rows"])
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


def test_rows_that_are_not_built_yet_are_skipped(ablations, monkeypatch):
    """A run says so in one line and runs the others; the table has a footnote; alone they are an error."""
    monkeypatch.setattr(commands, "execute", lambda jobs, *_: {})
    code, out, err = ablations("run 2b 7 --scale mini")
    skipped = "table 7 mask_rcnn_fine, mask_rcnn_fine_coco (training on Cityscapes)"
    assert code == 0 and f"ablations: skipped, not built yet: {skipped}\n" in err
    assert "[f] not built yet: training on Cityscapes" in out and "Table 2b." in out
    code, out, _ = ablations("table 7 --scale mini")
    assert code == 0 and "[f] not built yet: training on Cityscapes" in out
    assert ablations("status 7 --scale mini")[0] == 0


def test_run_ends_with_tables_and_times(ablations, tmp_path):
    """Every stage runs once, the tables are printed with deltas, and how long each job took."""
    code, out, err = ablations("run 2b 2c --scale mini --jobs 2")
    assert code == 0
    assert "| sigmoid - softmax |       +5.5 |     +12.0 |    +6.5 |" in out
    assert "provider embedded 0.6+embedded" in out and "Table 2c." in out
    times = out.partition("Wall-clock time of each job")[2]
    assert len(re.findall(r" \d+ s\n", times)) == 8 and "detector r50_c4_softmax-seed0 " in times
    assert "0/8 jobs | about " in err and "rpn r50_c4: finished in " in err
    assert len(list((tmp_path / "out").rglob("runs"))) == 8


def test_a_second_run_does_nothing_and_prints_the_same(ablations, tmp_path):
    """Finished jobs are skipped; more seeds only add detectors, and are all shown."""
    _, first, _ = ablations("run 2b --scale mini")
    code, second, err = ablations("run 2b --scale mini")
    assert (code, second) == (0, first) and err.count("finished before") == 4
    _, _, err = ablations("run 2b --scale mini --seeds 0 1")
    assert err.count("finished before") == 4 and err.count(": started") == 2
    assert all(path.read_text() == "x" for path in (tmp_path / "out").rglob("runs"))
    _, out, _ = ablations("table 2b --scale mini --seeds 0 1")
    assert "24.5 ± 0.7" in out and "+12.0 ± 0.0" in out
    assert ablations("table 2b --scale mini")[1] == out


def test_an_override_is_another_experiment(ablations):
    """KEY VALUE pairs change the identity: nothing of the plain run counts."""
    ablations("run 2b --scale mini")
    code, out, _ = ablations("status 2b --scale mini", "SOLVER.BASE_LR", "0.01")
    # Pre-training has a rate of its own.
    assert code == 0 and out.count("not run") == 3 and out.count("finished") == 1


def test_a_changed_config_makes_results_stale(ablations, monkeypatch):
    """`list`, `status` and `table` show that results are of another config; they are not used, and rows run again."""
    ablations("run 2b --scale mini --rows softmax")
    load_cfg = commands.load_cfg
    monkeypatch.setattr(commands, "load_cfg", lambda *args: _faster(load_cfg(*args)))
    stale = r"not run; stale, of another config or input: r50_c4_softmax-seed0-[0-9a-f]{8} *\n"
    _, out, _ = ablations("list 2b --scale mini")
    assert re.search(f"softmax  table2b/softmax.yaml  {stale}", out)
    assert re.search(r"sigmoid  table2b/sigmoid.yaml  not run\n", out)
    assert re.search(stale, ablations("status 2b --scale mini")[1])
    _, out, _ = ablations("table 2b --scale mini --rows softmax")
    assert re.search(rf"\[a\] {stale}", out) and "24.0" not in out
    assert ablations("run 2b --scale mini --rows softmax")[2].count(": started") == 2
    assert "24.0" in ablations("table 2b --scale mini --rows softmax")[1]


def _faster(cfg):
    """As if the YAML stated another rate."""
    cfg.SOLVER.BASE_LR *= 2
    return cfg


def test_a_full_disk_is_one_line(ablations, tmp_path, monkeypatch):
    """The runner stops where it cannot note what it does; earlier results are as they were."""
    ablations("run 2b --scale mini --rows softmax")
    before = {path: path.read_bytes() for path in (tmp_path / "out").rglob("*.json")}
    dying.full_disk(monkeypatch.setattr, "job.json")
    code, _, err = ablations("run 2b --scale mini")
    message = [line for line in err.splitlines() if "disk full" in line]
    assert code == 2 and len(message) == 1 and message[0].startswith("ablations: error: disk full: cannot write ")
    assert "/job.json" in message[0] and "MB free there" in message[0] and "Traceback" not in err
    assert all(path.read_bytes() == content for path, content in before.items())


def test_a_failing_row_leaves_the_others_and_the_reason(ablations, monkeypatch):
    """Exit code 1, "-" with a footnote, the log's last lines at the end; status says the same."""
    monkeypatch.setenv("BROKEN", "table2b/softmax.yaml")
    code, out, err = ablations("run 2b --scale mini")
    assert code == 1
    assert "[a] failed: exit code 1; last line: the loss is nan at iteration 7" in out and "36.0" in out
    assert "    the loss is nan at iteration 7\n    whole log: " in err
    assert err.endswith("ablations: 4 jobs: 3 finished, 1 failed, 0 blocked\n")
    _, out, _ = ablations("status 2b --scale mini --format json")
    assert [job["state"] for job in json.loads(out)] == ["finished", "finished", "failed", "finished"]
    monkeypatch.setenv("BROKEN", "")
    assert ablations("run 2b --scale mini")[0] == 0


def test_a_failing_stage_blocks_its_rows(ablations, monkeypatch):
    """Rows without their RPN say so."""
    monkeypatch.setenv("BROKEN", "rpn/r50_c4.yaml")
    code, out, err = ablations("run 2b --scale mini")
    assert code == 1 and "[a] blocked: needs rpn r50_c4, which failed: exit code 1; last line: " in out
    assert "ablations: detector r50_c4-seed0 blocked: needs rpn r50_c4, which failed: " in err
    assert err.endswith("ablations: 4 jobs: 1 finished, 1 failed, 2 blocked\n")


def test_published_results_are_shown_without_a_run(ablations, tmp_path, monkeypatch):
    """`publish` copies what is finished; `table --published` and `list --published` show it, whatever --output has."""
    monkeypatch.setattr(publish, "PUBLISHED", tmp_path / "results")
    assert ablations("publish 2b --scale mini")[0] == 1
    _, before, _ = ablations("run 2b --scale mini")
    code, out, err = ablations("publish 2b --scale mini")
    assert code == 0 and len(out.splitlines()) == 5 and "4 of 4 jobs are finished and published" in err
    shutil.rmtree(tmp_path / "out")
    _, table, _ = ablations("table 2b --scale mini --published")
    assert table in before
    code, out, err = ablations("table 2b --scale mini")
    assert (code, out) == (0, table) and "these are the published results" in err
    assert "table2b/softmax.yaml  finished" in ablations("list 2b --scale mini --published")[1]


def test_own_data_are_found_by_every_command(ablations, tmp_path, monkeypatch):
    """run, status, table and publish, with the paper as a reference; without --data there is nothing."""
    monkeypatch.setattr(publish, "PUBLISHED", tmp_path / "results")
    monkeypatch.setattr(published_page, "load_tables", lambda: {"2b": load_tables()["2b"]})
    data = f"--scale mini --data {own_words(write_own(tmp_path / 'data'))}"
    note = f"own data {NAME}: the paper's numbers are of other data, and for reference only"
    code, out, err = ablations(f"run 2b 6 {data}")
    assert code == 0 and note in out and f"data {NAME}_train -> {NAME}_val" in out
    assert "skipped, not for this data: table 6 roipool, roialign (needs keypoints, and train.json has none)\n" in err
    assert "[a] not for this data: needs keypoints" in out
    assert ablations(f"status 2b {data}")[1].count("finished") == 4
    assert ablations(f"table 2b {data}")[1] in out
    code, written, _ = ablations(f"publish 2b {data}")
    page = tmp_path / "results" / "mini" / NAME / "README.md"
    assert code == 0 and str(page) in written and note in page.read_text() and str(tmp_path) not in page.read_text()
    assert note in ablations(f"table 2b --published {data}")[1]
    assert ablations("status 2b --scale mini")[1].count("not run") == 3


def test_rows_can_be_chosen(ablations):
    """Only the chosen row and its inputs run; the table says that the others were not."""
    code, out, err = ablations("run 2c --scale mini --rows roipool_max --format csv")
    assert code == 0 and err.count(": started") == 3
    assert out.splitlines()[1] == (
        "2c,mini,mini_train -> mini_val,,,embedded 0.6+embedded,pycocotools 2.0.11,"
        "roipool_max,RoIPool [12],this_paper,False,segm/AP,AP,26.9,20.0,,1,-6.9,"
    )
    assert out.count("not selected") == 4 * 3


@pytest.mark.parametrize(
    "words, opts, message",
    [
        ("run 2z", (), "unknown table '2z': choose from 1, 2a, 2b, 2c"),
        ("run 7", (), "nothing to run: not built yet: table 7 mask_rcnn_fine, mask_rcnn_fine_coco (training on"),
        ("run 9 --rows test_time_augm", (), "nothing to run: not built yet: table 9 test_time_augm (test-time"),
        ("run TM-4 TM-5", (), "nothing to run: no row of table TM-4, TM-5 is of this paper"),
        ("run 2b --data pets", (), "--data 'pets': give NAME=train.json:train_images,val.json:val_images, or a .yaml"),
        ("run 2b --data a=b.json:c,d.json:e", (), "b.json' of the train data does not exist"),
        ("table 2b", ("DATASETS.OWN.NAME", "a"), "DATASETS.OWN.NAME cannot be given as KEY VALUE: use --data"),
        ("list --scale tiny", (), "scale 'tiny': choose from paper, mini, smoke"),
        ("run 2b --scale tiny", (), "scale 'tiny': choose from paper, mini, smoke"),
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
    assert err.startswith("ablations: error: ") and message in err and err.count("\n") == 1


def test_an_output_folder_that_cannot_be_is_one_line(ablations, tmp_path):
    """A file where the folder should be."""
    (tmp_path / "out").write_text("")
    code, _, err = ablations("run 2b --scale mini")
    assert code == 2 and "out" in err and err.count("\n") == 1


def test_results_that_do_not_mix_are_one_line(ablations, tmp_path):
    """Two providers in one table: refused, with the folders."""
    ablations("run 2b --scale mini")
    path = next((tmp_path / "out").glob("mini/detector/r50_c4_softmax-*/result.json"))
    path.write_text(path.read_text().replace('"embedded"', '"upstream"'))
    code, _, err = ablations("table 2b --scale mini")
    assert code == 2 and "results of different provider cannot stand in one table" in err


def test_ctrl_c_says_what_stays_in_slurm(ablations, tmp_path, monkeypatch):
    """And the folder of submitit's files is the output's, which every node sees."""
    state = fake_slurm.install(tmp_path / "cluster")
    (state / "HOLD").touch()
    monkeypatch.setenv("PATH", f"{tmp_path}/cluster/bin", prepend=":")
    monkeypatch.setenv("FAKE_SLURM", str(state))

    def interrupt():
        while not (tmp_path / "out/mini/slurm/1_submitted.pkl").exists():
            time.sleep(0.05)
        time.sleep(0.5)
        os.kill(os.getpid(), signal.SIGINT)

    # Once the runner sleeps between two looks at the queue.
    threading.Thread(target=interrupt, daemon=True).start()
    code, _, err = ablations("run 2b --scale mini --launcher slurm --gpus-per-job 2 --partition gpu")
    assert code == 130 and "from here. Jobs left in Slurm: 1; to end them: scancel 1\n" in err
    assert fake_slurm.script_options(state)["partition"] == "gpu"
    assert (tmp_path / "out/mini/slurm/1_submitted.pkl").exists()
    assert "queued as Slurm job 1" in ablations("status 2b --scale mini")[1]


@pytest.mark.parametrize("number, code", [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_signals_end_the_runner_with_their_exit_code(ablations, monkeypatch, number, code):
    """Ctrl-C says how to go on; a batch system's SIGTERM is passed on as one; handlers are put back."""
    before = signal.getsignal(signal.SIGTERM)
    monkeypatch.setattr(commands, "execute", lambda *_: os.kill(os.getpid(), number) or signal.pause())
    found, _, err = ablations("run 2b --scale mini")
    assert found == code and (number != signal.SIGINT or "the same command goes on" in err)
    assert signal.getsignal(signal.SIGTERM) is before
