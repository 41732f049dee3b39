"""Jobs through Slurm: on submitit's stand-ins, and with faked programs that run the tasks for real."""

import json
import pickle
import time
from pathlib import Path

import pytest

from ablations.jobs.execute import execute
from ablations.jobs.folder import BLOCKED, FAILED, FINISHED, RUNNING, WAITING, Status
from ablations.jobs.job import read_statuses
from ablations.jobs.slurm import SlurmLauncher, _succeeded
from tests.ablations import fake_slurm, fakes
from tests.attacks import Payload

CPU = {"gpus_per_node": 0}


@pytest.fixture(autouse=True)
def in_the_checkout(monkeypatch):
    """Tasks import `ablations` from the folder that they were submitted in."""
    monkeypatch.chdir(Path(__file__).parents[3])


@pytest.fixture
def slurm(tmp_path, monkeypatch):
    """A fake cluster; its state folder."""
    state = fake_slurm.install(tmp_path / "cluster")
    monkeypatch.setenv("PATH", f"{tmp_path}/cluster/bin", prepend=":")
    monkeypatch.setenv("FAKE_SLURM", str(state))
    return state


def launcher(tmp_path, jobs, cluster="slurm", asked=CPU, limit=None):
    asked = {**asked, "slurm_array_parallelism": limit}
    return SlurmLauncher(jobs, tmp_path / "slurm", asked, cluster, poll_seconds=0.05, settle_seconds=0.5)


def run(tmp_path, *jobs, report=lambda statuses: None, **options):
    """Run fake jobs; statuses in their order."""
    jobs = fakes.graph(*jobs)
    return list(execute(jobs, launcher(tmp_path, jobs, **options), report).values())


def hold(slurm):
    """Let what is submitted wait for ever."""
    (slurm / "HOLD").touch()


def wait_for(condition):
    deadline = time.time() + 200
    while not condition():
        assert time.time() < deadline, "it has not come"
        time.sleep(0.02)


def test_the_graph_runs_on_the_debug_executor(tmp_path):
    """In this process: inputs first, a failure blocks what needs it, records and results as of the local queue."""
    first = fakes.job(tmp_path, "first", kind="pretrain")
    second = fakes.job(
        tmp_path, "second", f"assert os.path.exists('{first.folder.path}/result.json'); finish()", [first]
    )
    bad = fakes.job(tmp_path, "bad", "sys.exit('no')", kind="rpn")
    needs_bad = fakes.job(tmp_path, "needs_bad", inputs=[bad])
    jobs = [first, second, bad, needs_bad]
    states = [FINISHED, FINISHED, FAILED, BLOCKED]
    assert [s.state for s in run(tmp_path, *jobs, cluster="debug")] == states
    assert [status.state for status in read_statuses(fakes.graph(*jobs)).values()] == states
    assert (second.folder.path / "runs").read_text().strip() == "1"
    assert not any(job.folder.is_locked() for job in jobs)


def test_a_wave_is_an_array_with_its_resources(tmp_path, slurm):
    """Equal jobs that are ready go as one array: %N from --jobs, partition, GPUs, cores, memory, time, own options."""
    hold(slurm)
    jobs = fakes.graph(*(fakes.job(tmp_path, name) for name in "abc"))
    asked = {"slurm_partition": "gpu", "timeout_min": 90, "gpus_per_node": 4, "cpus_per_task": 32, "mem_gb": 100}
    asked["slurm_additional_parameters"] = {"account": "vision", "requeue": True}
    queue = launcher(tmp_path, jobs, asked=asked, limit=2)
    statuses = queue.submit(list(jobs.values()))
    options = fake_slurm.script_options(slurm)
    expected = {"array": "0-2%2", "partition": "gpu", "time": "90", "gpus-per-node": "4", "cpus-per-task": "32"}
    expected |= {"mem": "100GB", "account": "vision", "requeue": "", "job-name": "mask_rcnn_paper_detector"}
    assert expected.items() <= options.items()
    assert [s.reason for s in statuses.values()] == [f"queued as Slurm job 1_{n}" for n in range(3)]
    assert queue.left_behind() == "Jobs left in Slurm: 3; to end them: scancel 1"


def test_pretraining_asks_for_one_gpu(tmp_path, slurm):
    """It is one process, so it is no part of the array of trainings with four GPUs."""
    hold(slurm)
    jobs = fakes.graph(fakes.job(tmp_path, "a"), fakes.job(tmp_path, "b", kind="pretrain"))
    launcher(tmp_path, jobs, asked={"gpus_per_node": 4}).submit(list(jobs.values()))
    assert [fake_slurm.script_options(slurm, n)["gpus-per-node"] for n in (1, 2)] == ["4", "1"]


def test_no_more_than_the_limit_run_in_all_arrays_together(tmp_path, slurm):
    """While two of two places are taken nothing is submitted; then as much as has become free."""
    hold(slurm)
    jobs = fakes.graph(*(fakes.job(tmp_path, name) for name in "abcde"))
    queue, ready = launcher(tmp_path, jobs, limit=2), list(jobs.values())
    queue.submit(ready[:3])
    queue.submit(ready)
    assert len(list(slurm.glob("*.sh"))) == 1
    for job in ready[:2]:
        job.folder.path.joinpath("result.json").write_text(json.dumps({"metrics": {}, "config_hash": "h"}))
        job.note(Status(FINISHED, seconds=1.0), 0.0)
    assert [s.state for s in queue.poll().values()] == [FINISHED, FINISHED, WAITING]
    queue.submit(ready[2:])
    assert "array" not in fake_slurm.script_options(slurm, 2)
    assert list(queue.submitted) == ["id-c", "id-d"]


@pytest.mark.slow
def test_the_graph_runs_through_slurm(tmp_path, slurm):
    """sbatch, srun and the tasks themselves: all finish, and a second run submits nothing."""
    first = fakes.job(tmp_path, "first", kind="pretrain")
    others = [fakes.job(tmp_path, name, inputs=[first]) for name in "ab"]
    assert [s.state for s in run(tmp_path, first, *others)] == [FINISHED] * 3
    assert [s.state for s in run(tmp_path, first, *others)] == [FINISHED] * 3
    assert len(list(slurm.glob("*.sh"))) == 2
    assert all((job.folder.path / "runs").read_text().count("\n") == 1 for job in (first, *others))


@pytest.mark.slow
def test_the_graph_runs_on_the_local_executor(tmp_path):
    """As through Slurm, in processes that submitit starts."""
    first = fakes.job(tmp_path, "first", kind="rpn")
    second, bad = fakes.job(tmp_path, "second", inputs=[first]), fakes.job(tmp_path, "bad", "1 / 0")
    statuses = run(tmp_path, first, second, bad, cluster="local")
    assert [s.state for s in statuses] == [FINISHED, FINISHED, FAILED]
    assert statuses[2].reason == "ZeroDivisionError: division by zero"


# A row that leaves a checkpoint, waits to be stopped, and goes on from there when it is resumed.
RESUMES = """
if "--resume" in sys.argv:
    finish()
else:
    open(f"{folder}/last_checkpoint", "w").close()
    time.sleep(30)
"""


@pytest.mark.slow
def test_a_preempted_row_is_queued_again_and_resumes(tmp_path, slurm):
    """At Slurm's signal the process is stopped and `scontrol requeue` called; the second start has --resume."""
    job = fakes.job(tmp_path, "job", RESUMES)

    def report(statuses):
        if (job.folder.path / "last_checkpoint").exists() and not (slurm / "preempted").exists():
            (slurm / "preempted").touch()
            fake_slurm.preempt(slurm, "1")

    assert [s.state for s in run(tmp_path, job, report=report)] == [FINISHED]
    assert (slurm / "1.starts").read_text() == "xx"
    assert (job.folder.path / "runs").read_text().startswith("--resume")


@pytest.mark.slow
def test_a_runner_finds_what_an_earlier_one_has_submitted(tmp_path, slurm):
    """The second runner waits for the job in Slurm; status calls it running, then finished."""
    gate = tmp_path / "gate"
    job = fakes.job(tmp_path, "job", f"while not os.path.exists('{gate}'): time.sleep(0.01)\nfinish()")
    jobs = fakes.graph(job)
    launcher(tmp_path, jobs).submit([job])
    assert read_statuses(jobs)[job.identity].reason == "queued as Slurm job 1"
    wait_for(lambda: read_statuses(jobs)[job.identity].state == RUNNING)
    (status,) = run(tmp_path, job, report=lambda now: gate.touch() if now[job.identity].state == RUNNING else None)
    assert status.state == FINISHED
    assert len(list(slurm.glob("*.sh"))) == 1


def test_a_job_that_slurm_ends_has_failed(tmp_path, slurm):
    """Cancelled while it waited: the reason is the state that Slurm names."""
    hold(slurm)
    job = fakes.job(tmp_path, "job")

    def cancel(statuses):
        (slurm / "1.state").write_text("CANCELLED by 1000")

    (status,) = run(tmp_path, job, report=cancel)
    assert (status.state, status.reason) == (FAILED, "ended by Slurm: CANCELLED by 1000")
    assert job.folder.status().reason == status.reason


def test_a_job_that_slurm_suspends_has_not_ended(tmp_path, slurm):
    """It is waited for."""
    hold(slurm)
    jobs = fakes.graph(job := fakes.job(tmp_path, "job"))
    queue = launcher(tmp_path, jobs)
    queue.submit([job])
    (slurm / "1.state").write_text("SUSPENDED")
    assert queue.poll()[job.identity].state == WAITING
    assert queue.submitted


def test_what_sbatch_refuses_has_failed(tmp_path, slurm):
    """With the words of sbatch."""
    (status,) = run(tmp_path, fakes.job(tmp_path, "job"), asked={"slurm_partition": "nowhere"})
    assert status.state == FAILED
    assert "invalid partition specified: nowhere" in status.reason


def test_a_job_that_runs_here_is_not_submitted(tmp_path, slurm):
    """Its lock is held by another runner."""
    jobs = fakes.graph(job := fakes.job(tmp_path, "job"))
    lock = job.folder.acquire_lock()
    queue = launcher(tmp_path, jobs)
    assert queue.submit([job])[job.identity].reason == "running elsewhere"
    assert not list(slurm.glob("*.sh"))
    assert lock is not None


@pytest.mark.parametrize(
    "content, succeeded",
    [
        (pickle.dumps(("success", "finished")), True),
        (pickle.dumps(("error", "Traceback")), False),
        (pickle.dumps([]), False),
        (b"half", False),
        (None, False),
    ],
)
def test_what_submitit_left_is_read(tmp_path, content, succeeded):
    """Its outcome; what is damaged is no success."""
    if content is not None:
        (tmp_path / "1_0_result.pkl").write_bytes(content)
    assert _succeeded(tmp_path / "1_0_result.pkl") == succeeded


def test_code_in_a_result_is_not_run(tmp_path):
    """A folder of runs may be a stranger's."""
    (tmp_path / "1_0_result.pkl").write_bytes(pickle.dumps(("success", Payload(tmp_path / "mark"))))
    assert not _succeeded(tmp_path / "1_0_result.pkl")
    assert not (tmp_path / "mark").exists()
