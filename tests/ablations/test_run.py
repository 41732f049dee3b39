"""`run`, with programs that only pretend to train."""

import json
import os
import re
import signal
import threading
import time

import pytest

from ablations import run
from tests import dying
from tests.ablations import fake_slurm


def test_rows_that_are_not_built_yet_are_skipped(ablations, pending_table, monkeypatch):
    """A run says so in one line and runs the others; the table has a footnote; alone they are an error."""
    monkeypatch.setattr(run, "execute", lambda jobs, *_: {})
    code, out, err = ablations(f"run 2b later --scale mini {pending_table}")
    assert code == 0
    assert "ablations: skipped, not built yet: table later wanted (a part)\n" in err
    assert "[a] not built yet: a part" in out
    assert "Table 2b." in out
    code, out, _ = ablations(f"table later --scale mini {pending_table}")
    assert code == 0
    assert "[a] not built yet: a part" in out
    assert ablations(f"status later --scale mini {pending_table}")[0] == 0
    message = "nothing to run: not built yet: table later wanted (a part)"
    assert message in ablations(f"run later {pending_table}")[2]


def test_run_ends_with_tables_and_times(ablations, tmp_path):
    """Every stage runs once, the tables are printed with deltas, and how long each job took."""
    code, out, err = ablations("run 2b 2c --scale mini --jobs 2")
    assert code == 0
    assert "| sigmoid - softmax |       +5.5 |     +12.0 |    +6.5 |" in out
    assert "provider embedded 0.6+embedded" in out
    assert "Table 2c." in out
    times = out.partition("Wall-clock time of each job")[2]
    assert len(re.findall(r" \d+ s\n", times)) == 8
    assert "detector r50_c4_softmax-seed0 " in times
    assert "0/8 jobs | about " in err
    assert "rpn r50_c4: finished in " in err
    assert len(list((tmp_path / "out").rglob("runs"))) == 8


def test_a_run_without_data_fails_once(ablations, tmp_path, monkeypatch):
    """Before anything starts, with the scale that needs none; a dry run shows the plan all the same."""
    monkeypatch.chdir(tmp_path)
    code, _, err = ablations("run 2b")
    assert code == 2
    assert err.count("does not exist") == 1
    assert "--scale mini needs no data" in err
    assert not (tmp_path / "out").exists()
    assert ablations("run 2b --dry-run")[0] == 0


def test_a_second_run_does_nothing_and_prints_the_same(ablations, tmp_path):
    """Finished jobs are skipped; more seeds only add detectors, and are all shown."""
    _, first, _ = ablations("run 2b --scale mini")
    code, second, err = ablations("run 2b --scale mini")
    assert (code, second) == (0, first)
    assert err.count("finished before") == 4
    _, _, err = ablations("run 2b --scale mini --seeds 0 1")
    assert err.count("finished before") == 4
    assert err.count(": started") == 2
    assert all(path.read_text() == "x" for path in (tmp_path / "out").rglob("runs"))
    _, out, _ = ablations("table 2b --scale mini --seeds 0 1")
    assert "24.5 ± 0.7" in out
    assert "+12.0 ± 0.0" in out
    assert ablations("table 2b --scale mini")[1] == out


def test_a_full_disk_is_one_line(ablations, tmp_path, monkeypatch):
    """The runner stops where it cannot note what it does; earlier results are as they were."""
    ablations("run 2b --scale mini --rows softmax")
    before = {path: path.read_bytes() for path in (tmp_path / "out").rglob("*.json")}
    dying.full_disk(monkeypatch.setattr, "job.json")
    code, _, err = ablations("run 2b --scale mini")
    message = [line for line in err.splitlines() if "disk full" in line]
    assert code == 2
    assert len(message) == 1
    assert message[0].startswith("ablations: error: disk full: cannot write ")
    assert "/job.json" in message[0]
    assert "MB free there" in message[0]
    assert "Traceback" not in err
    assert all(path.read_bytes() == content for path, content in before.items())


def test_a_failing_row_leaves_the_others_and_the_reason(ablations, monkeypatch):
    """Exit code 1, "-" with a footnote, the log's last lines at the end; status says the same."""
    monkeypatch.setenv("BROKEN", "table2b/softmax.yaml")
    code, out, err = ablations("run 2b --scale mini")
    assert code == 1
    assert "[a] failed: exit code 1; last line: the loss is nan at iteration 7" in out
    assert "36.0" in out
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
    assert code == 1
    assert "[a] blocked: needs rpn r50_c4, which failed: exit code 1; last line: " in out
    assert "ablations: blocked by that: detector r50_c4_softmax-seed0, detector r50_c4-seed0\n" in err
    assert err.endswith("ablations: 4 jobs: 1 finished, 1 failed, 2 blocked\n")


def test_rows_can_be_chosen(ablations):
    """Only the chosen row and its inputs run; the table says that the others were not."""
    code, out, err = ablations("run 2c --scale mini --rows roipool_max --format csv")
    assert code == 0
    assert err.count(": started") == 3
    head, line = out.splitlines()[:2]
    found = dict(zip(head.split(","), line.split(","), strict=True))
    assert (found["table"], found["row"], found["metric"], found["paper"]) == ("2c", "roipool_max", "segm/AP", "26.9")
    assert (found["mean"], found["count"], found["difference"], found["note"]) == ("20.0", "1", "-6.9", "")
    assert out.count("not selected") == 4 * 3


def test_an_output_folder_that_cannot_be_is_one_line(ablations, tmp_path):
    """A file where the folder should be."""
    (tmp_path / "out").write_text("")
    code, _, err = ablations("run 2b --scale mini")
    assert code == 2
    assert "out" in err
    assert err.count("\n") == 1


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
    assert code == 130
    assert "from here. Jobs left in Slurm: 1; to end them: scancel 1\n" in err
    assert fake_slurm.script_options(state)["partition"] == "gpu"
    assert (tmp_path / "out/mini/slurm/1_submitted.pkl").exists()
    assert "queued as Slurm job 1" in ablations("status 2b --scale mini")[1]


@pytest.mark.parametrize("number, code", [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_signals_end_the_runner_with_their_exit_code(ablations, monkeypatch, number, code):
    """Ctrl-C says how to go on; a batch system's SIGTERM is passed on as one; handlers are put back."""
    before = signal.getsignal(signal.SIGTERM)
    monkeypatch.setattr(run, "execute", lambda *_: os.kill(os.getpid(), number) or signal.pause())
    found, _, err = ablations("run 2b --scale mini")
    assert found == code
    assert number != signal.SIGINT or "the same command goes on" in err
    assert signal.getsignal(signal.SIGTERM) is before


def test_a_dry_run_prints_the_plan_and_runs_nothing(ablations, tmp_path):
    """Each job with its state, its cost and what it needs; the commands, or what Slurm would get."""
    ablations("run 2b --scale mini --rows softmax")
    code, out, _ = ablations("run 2b --scale mini --jobs 2 --dry-run")
    lines = [" ".join(line.split()) for line in out.splitlines()]
    assert code == 0
    assert "detector r50_c4_softmax-seed0 finished pretrain R-50, rpn r50_c4" in lines
    assert any(re.fullmatch(r"1 of 4 jobs to run, about \d:\d\d with 2 at once", line) for line in lines)
    assert out.count("--config-file table2b/sigmoid.yaml --scale mini") == 1
    assert "Table 2b" not in out
    assert len(list((tmp_path / "out").rglob("runs"))) == 3


def test_a_dry_run_shows_what_slurm_would_get(ablations, tmp_path, monkeypatch):
    """GPUs, cores, partition and time of each job."""
    fake_slurm.install(tmp_path / "cluster")
    monkeypatch.setenv("PATH", f"{tmp_path}/cluster/bin", prepend=":")
    words = "run 2b --scale mini --dry-run --launcher slurm --gpus-per-job 2 --partition gpu"
    code, out, _ = ablations(words)
    (line,) = [line for line in out.splitlines() if "paper_detector" in line and "table2b/softmax.yaml" in line]
    assert code == 0
    assert "timeout_min=240 gpus_per_node=2 cpus_per_task=10 slurm_partition=gpu" in line
    assert "--num-gpus 2 --dist-url auto" in line
    assert not (tmp_path / "out/mini/slurm").exists()


def test_force_runs_finished_jobs_anew(ablations, tmp_path):
    """Every job of the plan, and no other."""
    ablations("run 2c --scale mini --rows roipool_max")
    ablations("run 2b --scale mini")
    code, _, err = ablations("run 2b --scale mini --force")
    assert code == 0
    assert err.count(": started") == 4
    runs = {path.parent.name.rpartition("-")[0]: path.read_text() for path in (tmp_path / "out").rglob("runs")}
    assert runs.pop("r50_c4_roipool-seed0") == "x"
    assert set(runs.values()) == {"xx"}


def test_values_that_build_no_model_are_refused_before_anything_runs(ablations, tmp_path):
    """In one line with the job that would have failed, hours later."""
    code, _, err = ablations("run 2b --scale mini", "MODEL.ROI_POOLER.NAME", "RoIWrap")
    assert code == 2
    assert (
        "detector r50_c4_softmax-seed0: no model can be built from table2b/softmax.yaml: MODEL.ROI_POOLER.NAME" in err
    )
    assert err.count("\n") == 1
    assert not (tmp_path / "out").exists()
