"""The local queue: order, skipping, and every way in which a job can go wrong."""

import dataclasses
import json
import multiprocessing
import signal
import threading
import time

import pytest

from ablations.jobs.execute import execute
from ablations.jobs.folder import BLOCKED, FAILED, FINISHED, RUNNING, WAITING
from ablations.jobs.job import read_statuses
from ablations.jobs.local import LocalLauncher, core_count
from tests.ablations import fakes


def run(*jobs, workers=1, **options):
    """Run fake jobs; statuses in their order."""
    jobs = fakes.graph(*jobs)
    return list(execute(jobs, LocalLauncher(workers, poll_seconds=0.01), **options).values())


def runs(job):
    """How often a fake job has come to its end."""
    return len((job.folder.path / "runs").read_text().splitlines())


def gated_job(tmp_path, code=""):
    """A job that goes on when the returned function is called, or fails after ten seconds."""
    gate = tmp_path / "gate"
    wait = f"""
{code}
end = time.time() + 10
while not os.path.exists("{gate}"):
    assert time.time() < end
    time.sleep(0.01)
finish()
"""
    return fakes.job(tmp_path, "job", wait), gate.touch


def wait_for(path):
    """Wait for a file of another process."""
    deadline = time.time() + 10
    while not path.exists():
        assert time.time() < deadline, f"{path} has not come"
        time.sleep(0.01)


def test_jobs_run_after_their_inputs(tmp_path):
    """A job starts when the results of all its inputs are there."""
    first = fakes.job(tmp_path, "first", "time.sleep(0.1); finish()", kind="pretrain")
    code = f"assert os.path.exists('{first.folder.path}/result.json'); finish()"
    second = fakes.job(tmp_path, "second", code, [first])
    assert [s.state for s in run(first, second, workers=2)] == [FINISHED, FINISHED]


def test_workers_run_side_by_side_and_share_the_cores(tmp_path):
    """Two jobs that wait for each other finish with two workers, each told half of the cores."""
    meet = "open('{}', 'w').close()\nwhile not os.path.exists('{}'): time.sleep(0.01)\nfinish()"
    a, b = tmp_path / "a-is-here", tmp_path / "b-is-here"
    jobs = [fakes.job(tmp_path, "a", meet.format(a, b)), fakes.job(tmp_path, "b", meet.format(b, a))]
    assert [s.state for s in run(*jobs, workers=2)] == [FINISHED, FINISHED]
    assert (jobs[0].folder.path / "runs").read_text().strip() == str(max(1, core_count() // 2))


def test_a_second_call_does_nothing(tmp_path):
    """Finished jobs are skipped; they keep the wall-clock time of then."""
    job = fakes.job(tmp_path, "job", "time.sleep(0.2); finish()")
    (first,) = run(job)
    (second,) = run(job)
    assert second == first
    assert (first.state, runs(job)) == (FINISHED, 1)
    assert first.seconds > 0.2


def test_a_result_of_another_config_is_stale_and_runs_again(tmp_path):
    """The hash in result.json must be the planned one; no checkpoint of the other config is resumed."""
    job = fakes.job(tmp_path, "job")
    run(job)
    (job.folder.path / "last_checkpoint").write_text("model.pth")
    changed = dataclasses.replace(job, folder=dataclasses.replace(job.folder, config_hash="other"))
    assert changed.folder.status().reason == "the result is stale: it is of config h"
    (tmp_path / "job.py").write_text(fakes.WRITE_RESULT + "result['config_hash'] = 'other'\nfinish()")
    (status,) = run(changed)
    assert (status.state, runs(job)) == (FINISHED, 2)
    assert not (job.folder.path / "last_checkpoint").exists()


def test_a_failure_blocks_only_what_needs_it(tmp_path):
    """The others go on; the failed job says exit code and last line, the blocked ones which job it was."""
    bad = fakes.job(tmp_path, "bad", "print('load'); sys.exit('the loss is nan')", kind="rpn")
    needs_bad = fakes.job(tmp_path, "needs_bad", inputs=[bad])
    needs_that = fakes.job(tmp_path, "needs_that", inputs=[needs_bad])
    good = fakes.job(tmp_path, "good")
    failed, blocked, further, fine = run(bad, needs_bad, needs_that, good)
    assert (failed.state, failed.reason) == (FAILED, "exit code 1; last line: the loss is nan")
    assert failed.tail == ("load", "the loss is nan")
    assert (blocked.state, further.state, fine.state) == (BLOCKED, BLOCKED, FINISHED)
    assert blocked.reason == further.reason == f"needs rpn bad, which failed: {failed.reason}"
    jobs = fakes.graph(bad, needs_bad, needs_that, good)
    on_disk = list(read_statuses(jobs).values())
    assert [s.state for s in on_disk] == [FAILED, BLOCKED, BLOCKED, FINISHED]
    assert on_disk[0].reason == failed.reason


@pytest.mark.parametrize(
    "code, reason",
    [
        ("os.kill(os.getpid(), 9)", "killed by SIGKILL (out of memory?)"),
        ("os.abort()", "killed by SIGABRT"),
        ("pass", "ended without a valid result.json: there is none"),
        (
            "open(f'{folder}/result.json', 'w').write('{\"metr')",
            "valid result.json: it is damaged: result.json is not JSON",
        ),
        (
            "open(f'{folder}/result.json', 'wb').write(bytes(range(256)))",
            "valid result.json: it is damaged: result.json is not JSON",
        ),
        (
            "result.pop('metrics'); finish()",
            "ended without a valid result.json: it is damaged: result.json: metrics missing",
        ),
        ("result['config_hash'] = 'x'; finish()", "result.json: its config_hash is x, planned was h"),
        ("finish(); sys.exit(3)", "exit code 3"),
    ],
)
def test_a_job_that_ends_badly_has_failed(tmp_path, code, reason):
    """Killed, without a result, with half of one, with another config's, or with a result and an error."""
    job = fakes.job(tmp_path, "job", code)
    (status,) = run(job)
    assert status.state == FAILED
    assert reason in status.reason
    assert job.folder.status().state == FAILED
    assert not job.folder.is_locked()


def test_garbage_on_the_console_and_in_progress_does_no_harm(tmp_path):
    """Bytes that are no text, bars redrawn with carriage returns, endless lines, a broken progress.json."""
    code = """
open(f"{folder}/progress.json", "wb").write(bytes(range(256)))
sys.stdout.buffer.write(bytes(range(256)) + b"\\n10%\\r90%\\r" + b"x" * 100_000)
sys.stdout.buffer.write(b"\\n\\n  50%\\r100% done\\r\\n\\x1b[31m")
time.sleep(0.2)
sys.exit(1)
"""
    (status,) = run(fakes.job(tmp_path, "job", code))
    assert status.state == FAILED
    assert "[31m" in status.reason
    assert status.tail[-2] == "100% done"
    assert all(len(line) <= 300 and line.isprintable() for line in status.tail)


def test_a_command_that_does_not_exist_has_failed(tmp_path, monkeypatch):
    """The others go on."""
    command = fakes.ScriptJob.command
    words = ["/no/such/program"]
    monkeypatch.setattr(fakes.ScriptJob, "command", lambda job, *a, **k: words if "bad" in job.config else command(job))
    bad, good = run(fakes.job(tmp_path, "bad"), fakes.job(tmp_path, "good"))
    assert bad.reason == "cannot start /no/such/program: No such file or directory"
    assert good.state == FINISHED


def test_a_failed_job_runs_again_and_resumes_from_its_checkpoint(tmp_path):
    """--resume is passed where the same job left a checkpoint, and only there."""
    code = "open(f'{folder}/last_checkpoint', 'w').close() if '--resume' not in sys.argv else finish()"
    job = fakes.job(tmp_path, "job", code)
    assert run(job)[0].state == FAILED
    assert run(job)[0].state == FINISHED
    assert (job.folder.path / "runs").read_text().startswith("--resume")


def test_an_evaluation_in_mid_training_does_not_finish_a_job(tmp_path):
    """A result beside a record that the job did not end well does not count."""
    job = fakes.job(tmp_path, "job", "finish(); os.kill(os.getpid(), 9)")
    run(job)
    assert job.folder.ended_well() is not None
    assert job.folder.finished() is None


def test_ctrl_c_stops_the_processes_and_the_next_call_goes_on(tmp_path):
    """Children and grandchildren end; nothing is taken for finished."""
    code = """
import subprocess
with open(f"{folder}/pid", "w") as file:
    file.write(str(subprocess.Popen(["sleep", "60"]).pid))
time.sleep(60)
"""
    job = fakes.job(tmp_path, "job", code)
    done = fakes.job(tmp_path, "done")

    def interrupt(statuses):
        if (job.folder.path / "pid").exists() and (job.folder.path / "pid").read_text():
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run(done, job, report=interrupt)
    assert (job.folder.status().state, job.folder.status().reason) == (WAITING, "interrupted")
    assert not job.folder.is_locked()
    assert not alive(int((job.folder.path / "pid").read_text()))
    (tmp_path / "job.py").write_text(fakes.WRITE_RESULT + "finish()")
    assert [s.state for s in run(done, job)] == [FINISHED, FINISHED]
    assert runs(done) == 1


def alive(pid):
    """Whether a process runs (a zombie that nobody has reaped yet does not)."""
    try:
        with open(f"/proc/{pid}/stat") as file:
            return file.read().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def test_two_runners_share_the_work(tmp_path):
    """A job that another runner is at is waited for, not run twice."""
    job, go = gated_job(tmp_path)
    other = threading.Thread(target=run, args=(job,))
    other.start()
    wait_for(job.folder.path / "console.log")
    assert job.folder.status().state == RUNNING
    (status,) = run(job, report=lambda now: go() if now[job.identity].reason == "running elsewhere" else None)
    other.join()
    assert (status.state, runs(job)) == (FINISHED, 1)


def test_the_lock_of_a_killed_runner_is_held_by_its_job_and_then_free(tmp_path):
    """SIGKILL on the runner leaves its job running and locked; when that ends, the next runner takes over."""
    job, go = gated_job(tmp_path, "open(f'{folder}/began', 'w').close()")
    runner = multiprocessing.get_context("fork").Process(target=run, args=(job,))
    runner.start()
    wait_for(job.folder.path / "began")
    runner.kill()
    runner.join()
    assert job.folder.status().state == RUNNING
    go()
    (status,) = run(job)
    assert status.state == FINISHED
    assert not job.folder.is_locked()


def test_a_job_is_recorded(tmp_path):
    """job.json says what was run, when, and how it ended."""
    job = fakes.job(tmp_path, "job")
    run(job)
    record = json.loads((job.folder.path / "job.json").read_text())
    assert (record["command"], record["identity"], record["state"]) == (job.command(), "id-job", FINISHED)
    assert abs(record["started"] - time.time()) < 60


def test_progress_of_running_jobs_is_reported(tmp_path):
    """What a job writes to progress.json reaches the view while it runs."""
    progress = {"stage": "train", "done": 3, "total": 9}
    job, go = gated_job(tmp_path, f"json.dump({progress}, open(f'{{folder}}/progress.json', 'w'))")
    (status,) = run(job, report=lambda now: go() if now[job.identity].progress == progress else None)
    assert status.state == FINISHED


def test_jobs_get_no_signal_of_the_terminal(tmp_path):
    """A job is in a session of its own, so that Ctrl-C reaches the runner alone, which then stops the job."""
    job = fakes.job(tmp_path, "job", "assert os.getsid(0) == os.getpid()\nfinish()")
    assert run(job)[0].state == FINISHED
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
