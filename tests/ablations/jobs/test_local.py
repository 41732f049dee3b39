"""The local launcher: GPUs, cores, time limits; there need be no GPU here."""

import json
import time

import pytest

from ablations.jobs.execute import execute
from ablations.jobs.folder import FAILED, FINISHED
from ablations.jobs.local import LocalLauncher, core_count, device_sets, visible_devices
from tests.ablations import fakes

# Leaves the devices that it sees, and how long it had them.
HOLDS_DEVICES = """
begin = time.time()
time.sleep(0.2)
finish()
with open(os.path.join(folder, "devices"), "w") as file:
    json.dump([os.environ.get("CUDA_VISIBLE_DEVICES"), begin, time.time(), sys.argv[1:-1]], file)
"""


def run(*jobs, **options):
    """Run fake jobs; statuses in their order."""
    jobs = fakes.graph(*jobs)
    return list(execute(jobs, LocalLauncher(poll_seconds=0.01, **options)).values())


def held(job):
    """What a job of `HOLDS_DEVICES` left: its devices, begin, end, and the words before its folder."""
    return json.loads((job.folder.path / "devices").read_text())


def test_no_two_running_jobs_share_a_gpu(tmp_path):
    """Five jobs on three GPUs: all run, three at once, and times on one GPU do not overlap."""
    jobs = [fakes.job(tmp_path, name, HOLDS_DEVICES) for name in "abcde"]
    assert [s.state for s in run(*jobs, devices=("4", "6", "7"))] == [FINISHED] * 5
    spans = sorted((held(job)[:3] for job in jobs), key=lambda span: (span[0], span[1]))
    assert {device for device, _, _ in spans} == {"4", "6", "7"}
    for (device, _, end), (other, begin, _) in zip(spans, spans[1:], strict=False):
        assert device != other or end <= begin


def test_a_training_gets_its_gpus_and_a_process_each(tmp_path):
    """--num-gpus and an address of its own for a training; pre-training is one process."""
    jobs = [fakes.job(tmp_path, kind, HOLDS_DEVICES, kind=kind) for kind in ("detector", "pretrain")]
    assert [s.state for s in run(*jobs, devices=("0", "1", "2", "3"), gpus_per_job=2)] == [FINISHED] * 2
    assert held(jobs[0])[::3] == ["0,1", ["--num-gpus", "2", "--dist-url", "auto"]]
    assert held(jobs[1])[::3] == ["2,3", []]


def test_a_job_of_several_gpus_is_told_so(tmp_path):
    """One process each."""
    job = fakes.job(tmp_path, "job", HOLDS_DEVICES)
    execute(fakes.graph(job), LocalLauncher(None, "01", 2, poll_seconds=0.01))
    assert held(job)[3] == ["--num-gpus", "2", "--dist-url", "auto"]


@pytest.mark.parametrize(
    "options, workers",
    [
        ({}, core_count()),
        ({"workers": 3}, 3),
        ({"devices": ("0", "1", "2", "3")}, 4),
        ({"devices": ("0", "1", "2", "3"), "gpus_per_job": 2}, 2),
        ({"devices": ("0", "1", "2", "3"), "workers": 3}, 3),
        ({"devices": ("0", "1"), "workers": 8}, 2),
        ({"devices": ("0", "1"), "gpus_per_job": 0}, core_count()),
        ({"devices": ("0", "1"), "jobs_per_gpu": 3}, 6),
        ({"devices": ("0", "1"), "gpus_per_job": 0, "workers": 3}, 3),
    ],
)
def test_jobs_at_once(options, workers):
    """One for each set of GPUs, or several, fewer if asked, never more; without GPUs what is asked, or the cores."""
    assert LocalLauncher(**options).workers == workers


def test_gpus_are_hidden_where_jobs_shall_use_the_cpu(tmp_path, monkeypatch):
    """With --gpus-per-job 0; on a machine without GPUs the variable is left as it is."""
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "7")
    hidden, untouched = (fakes.job(tmp_path, name, HOLDS_DEVICES) for name in "ab")
    run(hidden, devices=("7",), gpus_per_job=0)
    run(untouched)
    assert (held(hidden)[0], held(untouched)[0]) == ("", "7")


def test_cores_are_shared_by_jobs_and_their_processes(tmp_path):
    """Two jobs at once with two processes each: a quarter of the cores for a process."""
    jobs = [fakes.job(tmp_path, name) for name in "ab"]
    run(*jobs, devices=("0", "1", "2", "3"), gpus_per_job=2)
    assert (jobs[0].folder.path / "runs").read_text().split()[-1].endswith(str(max(1, core_count() // 4)))


@pytest.mark.parametrize("workers", [1, 2, 5])
@pytest.mark.parametrize(("kind", "threads"), [("pretrain", 2), ("rpn", 2), ("detector", 1)])
def test_threads_are_those_of_the_kind_of_job(tmp_path, workers, kind, threads):
    """Whatever machine it is and whatever else runs: results must not depend on that."""
    job = fakes.job(tmp_path, "alone", kind=kind)
    run(job, workers=workers)
    assert (job.folder.path / "runs").read_text().strip() == str(threads)


def test_a_job_of_two_threads_takes_two_places(tmp_path):
    """Of three places, beside one of one thread; the next of two waits."""
    jobs = [fakes.job(tmp_path, f"{kind}{n}", HOLDS_DEVICES, kind=kind) for n, kind in enumerate(("rpn", "rpn", "rpn"))]
    run(*jobs, workers=3)
    spans = sorted(held(job)[1:3] for job in jobs)
    assert all(end <= begin for (_, end), (begin, _) in zip(spans, spans[1:], strict=False))
    alone = fakes.job(tmp_path, "one place", kind="pretrain")
    assert run(alone, workers=1)[0].state == FINISHED


def test_small_jobs_share_a_gpu(tmp_path):
    """As many as asked for, and no more."""
    jobs = [fakes.job(tmp_path, name, HOLDS_DEVICES) for name in "abcd"]
    run(*jobs, devices=("0",), jobs_per_gpu=2)
    spans = sorted(held(job)[1:3] for job in jobs)
    assert spans[1][0] < spans[0][1]
    at_once = [sum(begin <= start < end for begin, end in spans) for start, _ in spans]
    assert max(at_once) == 2


def test_a_job_out_of_time_has_failed_and_the_others_go_on(tmp_path):
    """It is stopped; what it had not finished is not taken for finished."""
    slow, fast = fakes.job(tmp_path, "slow", "time.sleep(60); finish()"), fakes.job(tmp_path, "fast")
    begin = time.time()
    stopped, finished = run(slow, fast, timeout_min=0.01)
    assert (stopped.state, finished.state) == (FAILED, FINISHED)
    assert time.time() - begin < 10
    assert stopped.reason == "stopped after 0.01 minutes (--timeout-min); another run goes on from there"
    assert slow.folder.status().reason == stopped.reason


@pytest.mark.parametrize(
    "code, reason",
    [
        ("raise ValueError('bad data')", "ValueError: bad data"),
        (
            "raise FloatingPointError('the loss is nan at iteration 7')",
            "the loss became NaN or infinite at iteration 7",
        ),
        ("raise RuntimeError('CUDA out of memory. Tried to allocate 20.00 MiB')", "out of GPU memory: "),
        ("bytearray(1 << 60)", "out of memory: "),
        ("os.kill(os.getpid(), 9)", "killed by SIGKILL (out of memory?)"),
        ("os.kill(os.getpid(), 15)", "killed by SIGTERM"),
        ("print('no space'); sys.exit(3)", "exit code 3; last line: no space"),
    ],
)
def test_a_failure_names_its_reason(tmp_path, code, reason):
    """Exceptions, losses that are not finite, memory of GPU and host, signals, exit codes."""
    (status,) = run(fakes.job(tmp_path, "job", code))
    assert status.state == FAILED
    assert status.reason.startswith(reason)


def test_the_callers_choice_of_gpus_is_kept():
    """By index, by the names that CUDA_VISIBLE_DEVICES lists, or none."""
    assert visible_devices({}, 3) == ("0", "1", "2")
    assert visible_devices({"CUDA_VISIBLE_DEVICES": "5, 2"}, 2) == ("5", "2")
    assert visible_devices({"CUDA_VISIBLE_DEVICES": "GPU-ab12,-1,3"}, 1) == ("GPU-ab12",)
    assert visible_devices({"CUDA_VISIBLE_DEVICES": ""}, 0) == visible_devices({}, 0) == ()


@pytest.mark.parametrize(
    "count, per_job, sets",
    [
        (4, None, [("0",), ("1",), ("2",), ("3",)]),
        (4, 2, [("0", "1"), ("2", "3")]),
        (5, 2, [("0", "1"), ("2", "3")]),
        (3, 3, [("0", "1", "2")]),
        (4, 0, []),
        (0, None, []),
        (0, 0, []),
    ],
)
def test_no_two_sets_share_a_gpu(count, per_job, sets):
    """As many sets as there are GPUs for; a left-over GPU stays idle."""
    assert device_sets(visible_devices({}, count), per_job) == sets


@pytest.mark.parametrize(
    "count, per_job, message",
    [
        (2, 3, r"--gpus-per-job 3: .* there are 2 \(0, 1\); give at most 2"),
        (0, 1, "--gpus-per-job 1: .* there is none; leave it out"),
        (2, -1, "--gpus-per-job -1: must be at least 0"),
    ],
)
def test_more_gpus_than_there_are(count, per_job, message):
    """Are an error that says how many there are."""
    with pytest.raises(ValueError, match=message):
        device_sets(visible_devices({}, count), per_job)
