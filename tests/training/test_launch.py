"""Which way the processes of a row are started, and what torchrun's variables say."""

import argparse
import json
import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest
import torch
import torch.multiprocessing as mp
from detectron2.utils import comm

import mask_rcnn_paper.training.launch as launch_module
from mask_rcnn_paper.config_files import CONFIG_ROOT
from mask_rcnn_paper.scales import load_cfg
from mask_rcnn_paper.training.launch import TorchrunProcess, check_processes, launch, torchrun_process

ENVIRON = {"RANK": "3", "WORLD_SIZE": "4", "LOCAL_RANK": "1", "MASTER_ADDR": "node0", "MASTER_PORT": "29500"}


def arguments(**changes):
    """Arguments as detectron2's parser gives them."""
    defaults = {"num_gpus": 1, "num_machines": 1, "machine_rank": 0, "dist_url": "auto", "resume": False}
    return argparse.Namespace(**(defaults | changes))


def test_without_torchrun_detectron2_starts_the_processes(monkeypatch):
    """Also where a scheduler has set some of the variables."""
    calls = []
    monkeypatch.setattr(launch_module, "launch_processes", lambda *words, **options: calls.append((words, options)))
    args = arguments(num_gpus=8)
    assert torchrun_process(args, {"MASTER_ADDR": "node0", "RANK": "0"}) is None
    launch(print, args)
    assert calls == [((print, 8, 1, 0, "auto"), {"args": (args,)})]


def test_torchrun_says_which_process_this_is():
    """Two machines of two; without the number of a machine's processes there is one machine."""
    environ = ENVIRON | {"LOCAL_WORLD_SIZE": "2", "TORCHELASTIC_RESTART_COUNT": "1"}
    assert torchrun_process(arguments(), environ) == TorchrunProcess(3, 4, 1, 2, 1)
    assert torchrun_process(arguments(), ENVIRON) == TorchrunProcess(3, 4, 1, 4, 0)
    assert torchrun_process(arguments(num_gpus=4), ENVIRON) is not None


@pytest.mark.parametrize(
    "changes, environ, message",
    [
        ({"num_gpus": 8}, {}, "--num-gpus 8 --num-machines 1 beside torchrun, which started 4 processes here: leave"),
        ({"num_machines": 2}, {}, "--num-gpus 1 --num-machines 2 beside torchrun"),
        ({}, {"RANK": "first"}, "environment variable RANK='first': must be a whole number"),
    ],
)
def test_contradictions_are_errors(changes, environ, message):
    """Options beside torchrun, and variables that are no numbers."""
    with pytest.raises(ValueError, match=message):
        torchrun_process(arguments(**changes), ENVIRON | environ)


def test_more_processes_than_gpus(monkeypatch):
    """On a machine with GPUs, each process needs one."""
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 2)
    with pytest.raises(ValueError, match="started 4 processes, but this machine has 2 GPUs: --nproc-per-node 2"):
        torchrun_process(arguments(), ENVIRON)


def test_a_restart_by_torchrun_resumes():
    """A single process runs right here; after a failure it goes on from its checkpoint."""
    seen = []
    for restarts in (0, 1):
        launch(seen.append, arguments(), TorchrunProcess(0, 1, 0, 1, restarts))
    assert [args.resume for args in seen] == [False, True]
    assert comm.get_world_size() == 1


def worker(rank, port, folder):
    """One of two processes, as torchrun would have started it."""
    environ = {"RANK": str(rank), "WORLD_SIZE": "2", "LOCAL_RANK": str(rank), "LOCAL_WORLD_SIZE": "2"}
    with pytest.MonkeyPatch.context() as patch:
        for name, value in (environ | {"MASTER_ADDR": "127.0.0.1", "MASTER_PORT": port}).items():
            patch.setenv(name, value)
        patch.setattr(torch.cuda, "is_available", lambda: False)
        args = arguments(folder=folder)
        launch(report, args, torchrun_process(args))


def report(args):
    """What a process sees of the others, in a file of its own."""
    rank = comm.get_rank()
    seen = [rank, comm.get_local_rank(), comm.get_local_size(), comm.all_gather(rank)]
    (args.folder / f"{rank}.json").write_text(json.dumps(seen))


def test_two_processes_find_each_other(tmp_path, free_port):
    """Ranks, local ranks and collectives work over gloo."""
    mp.start_processes(worker, (free_port, tmp_path), nprocs=2, start_method="fork")
    seen = [json.loads((tmp_path / f"{rank}.json").read_text()) for rank in (0, 1)]
    assert seen == [[0, 0, 2, [0, 1]], [1, 1, 2, [0, 1]]]


# Loses a process in its first start; in the second all are there.
PROGRAM = """
import os, sys
import mask_rcnn_paper
import torch
from detectron2.engine import default_argument_parser
from detectron2.utils import comm
from mask_rcnn_paper.training.launch import launch, torchrun_process

def main(args):
    if comm.get_rank() == 1 and not args.resume:
        os.kill(os.getpid(), 9)
    print("together", comm.all_gather(args.resume), flush=True)

torch.cuda.is_available = lambda: False
args = default_argument_parser().parse_args()
launch(main, args, torchrun_process(args))
"""


@pytest.mark.slow
def test_torchrun_starts_all_processes_anew_when_one_is_lost(tmp_path):
    """They find each other again, and resume."""
    (tmp_path / "program.py").write_text(PROGRAM)
    torchrun = ["-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2", "--max-restarts", "1"]
    done = subprocess.run(
        [sys.executable, *torchrun, str(tmp_path / "program.py")],
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])},
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    assert done.stdout.count("[True, True]") == 2  # the words of two processes may mix


@pytest.fixture
def free_port():
    """A port that nobody listens at."""
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        return str(server.getsockname()[1])


def test_the_number_of_processes_is_no_part_of_a_row():
    """No config asks for a schedule that changes with it: SOLVER.IMS_PER_BATCH is the total."""
    configs = [path for path in CONFIG_ROOT.glob("*/*.yaml") if path.parent.name != "scales"]
    assert len(configs) > 30
    assert {load_cfg(path, "paper", []).SOLVER.REFERENCE_WORLD_SIZE for path in configs} == {0}


@pytest.mark.parametrize(
    "changes, message",
    [
        ({"num_gpus": -1}, "--num-gpus -1: must be from 0 to 4, since this machine has 4 "),
        ({"num_gpus": 99}, "--num-gpus 99: must be from 0 to 4"),
        ({"num_machines": 0}, "--num-machines 0: must be at least 1"),
        ({"machine_rank": 1}, "--machine-rank 1: must be from 0 to 0"),
    ],
)
@pytest.mark.parametrize("gpus", [0, 4])
def test_processes_that_cannot_be_started_are_refused(monkeypatch, gpus, changes, message):
    """On GPUs one each; without one as many as there are cores."""
    monkeypatch.setattr("torch.cuda.device_count", lambda: gpus)
    monkeypatch.setattr("mask_rcnn_paper.training.launch.core_count", lambda: 4)
    arguments = argparse.Namespace(**{"num_gpus": 2, "num_machines": 1, "machine_rank": 0, **changes})
    with pytest.raises(ValueError, match=message):
        check_processes(arguments)
    check_processes(argparse.Namespace(num_gpus=4, num_machines=1, machine_rank=0))
