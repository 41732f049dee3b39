import json
import os

import pytest
import torch
from detectron2.engine import create_ddp_model, launch
from detectron2.utils import comm
from torch import nn


def report(folder, argument):
    """What one process sees of the others, written to a file of its own."""
    rank = comm.get_rank()
    model = create_ddp_model(nn.Linear(1, 1, bias=False), broadcast_buffers=False)
    model(torch.full((1, 1), float(rank))).sum().backward()
    seen = {
        "ranks": [comm.get_rank(), comm.get_local_rank(), comm.get_world_size(), comm.get_local_size()],
        "all_gather": [data["tensor"].item() for data in comm.all_gather({"tensor": torch.tensor(rank)})],
        "gather": comm.gather(rank),
        "seed": comm.shared_random_seed(),
        "grad": model.module.weight.grad.item(),
        "argument": argument,
    }
    comm.synchronize()
    with open(os.path.join(folder, f"{rank}.json"), "w") as file:
        json.dump(seen, file)


def test_one_process_runs_here():
    """With one process the function is called directly, without a process group."""
    calls = []
    launch(lambda *args: calls.append((args, comm.get_world_size())), 1, args=(1, 2))
    assert calls == [((1, 2), 1)]


def test_two_processes(tmp_path):
    """Two processes gather, agree on a seed and average gradients over GLOO."""
    launch(report, 2, dist_url="auto", args=(str(tmp_path), "x"))
    first, second = (json.loads((tmp_path / f"{rank}.json").read_text()) for rank in (0, 1))
    assert (first["ranks"], second["ranks"]) == ([0, 0, 2, 2], [1, 1, 2, 2])
    assert first["all_gather"] == second["all_gather"] == first["gather"] == [0, 1]
    assert second["gather"] == []
    assert first["seed"] == second["seed"]
    assert first["grad"] == second["grad"] == 0.5
    assert first["argument"] == "x"


def test_several_machines_need_an_address():
    """The address cannot be chosen automatically for several machines."""
    with pytest.raises(ValueError, match="--dist-url='auto' with 2 machines: give tcp://HOST:PORT"):
        launch(print, 1, num_machines=2, dist_url="auto")


def test_more_processes_than_gpus(monkeypatch):
    """On a machine with GPUs, each process needs one."""
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 1)
    with pytest.raises(ValueError, match="--num-gpus=2, but this machine has 1"):
        launch(print, 2)
