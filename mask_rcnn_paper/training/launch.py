"""Start the processes of a row, one a GPU: by detectron2's `launch`, or as torchrun has started them.

    python train_net.py --config-file configs/table2b/softmax.yaml --num-gpus 8
    torchrun --nproc-per-node 8 train_net.py --config-file configs/table2b/softmax.yaml

SOLVER.IMS_PER_BATCH is the number of images of all processes together, so the number of processes changes neither the
experiment nor its config hash. Several processes on the CPU, over gloo, need the embedded core: detectron2's own
data-parallel wrapper names a GPU always.
"""

import argparse
import os
from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import NamedTuple

import torch
import torch.distributed as dist
from detectron2.engine import launch as launch_processes
from detectron2.utils import comm

from mask_rcnn_paper.cores import core_count

_VARIABLES = ("RANK", "WORLD_SIZE", "LOCAL_RANK", "MASTER_ADDR", "MASTER_PORT")
_TIMEOUT = timedelta(minutes=30)  # of collective operations, as in detectron2's launch


class TorchrunProcess(NamedTuple):
    """Index and number among all processes and among those of this machine, and how often all were started anew."""

    rank: int
    world_size: int
    local_rank: int
    local_size: int
    restarts: int


def torchrun_process(args: argparse.Namespace, environ: Mapping[str, str] = os.environ) -> TorchrunProcess | None:
    """This process as one of torchrun's, or None where no torchrun has started it.

    Raises:
        ValueError: variables that are no numbers, `--num-gpus` or `--num-machines` beside torchrun, or fewer GPUs than
            processes.
    """
    if any(name not in environ for name in _VARIABLES):
        return None
    defaults = {"LOCAL_WORLD_SIZE": environ["WORLD_SIZE"], "TORCHELASTIC_RESTART_COUNT": "0"}
    names = ("RANK", "WORLD_SIZE", "LOCAL_RANK", "LOCAL_WORLD_SIZE", "TORCHELASTIC_RESTART_COUNT")
    numbers = {name: environ.get(name, defaults.get(name)) for name in names}
    for name, value in numbers.items():
        if not value.isdecimal():
            raise ValueError(f"environment variable {name}={value!r}: must be a whole number, as torchrun sets it")
    process = TorchrunProcess(*map(int, numbers.values()))
    if args.num_gpus not in (1, process.local_size) or args.num_machines not in (1, process.world_size):
        given = f"--num-gpus {args.num_gpus} --num-machines {args.num_machines}"
        raise ValueError(f"{given} beside torchrun, which started {process.local_size} processes here: leave them out")
    gpus = torch.cuda.device_count()
    if 0 < gpus < process.local_size:
        both = f"{process.local_size} processes, but this machine has {gpus} GPUs"
        raise ValueError(f"torchrun started {both}: --nproc-per-node {gpus}")
    return process


def check_processes(args: argparse.Namespace) -> None:
    """Refuse numbers of processes that cannot be started here; 0 GPUs stand for one process on the CPU.

    Raises:
        ValueError: the option, its value, and what is legal.
    """
    gpus = torch.cuda.device_count()
    most, what = (gpus, "GPUs") if gpus else (core_count(), "cores, and no GPU")
    if not 0 <= args.num_gpus <= most:
        raise ValueError(f"--num-gpus {args.num_gpus}: must be from 0 to {most}, since this machine has {most} {what}")
    if args.num_machines < 1:
        raise ValueError(f"--num-machines {args.num_machines}: must be at least 1")
    if not 0 <= args.machine_rank < args.num_machines:
        last = args.num_machines - 1
        raise ValueError(f"--machine-rank {args.machine_rank}: must be from 0 to {last}, below --num-machines")


def launch(main: Callable, args: argparse.Namespace, process: TorchrunProcess | None = None) -> None:
    """Call `main(args)` in every process of the row.

    Where torchrun has started this `process`, no other is started, and after a restart by it the row goes on from its
    last checkpoint, as with `--resume`. `main` is a function of a module.
    """
    if process is None:
        launch_processes(main, args.num_gpus, args.num_machines, args.machine_rank, args.dist_url, args=(args,))
        return
    args.resume = args.resume or process.restarts > 0
    if process.world_size == 1:
        main(args)
        return
    has_gpu = torch.cuda.is_available()
    if has_gpu:
        torch.cuda.set_device(process.local_rank)
    store, rank, world_size = next(dist.rendezvous("env://", timeout=_TIMEOUT))
    # torchrun keeps its store over restarts: without a prefix the new processes would look for the old ones.
    store = dist.PrefixStore(f"start{process.restarts}", store)
    group = {"store": store, "rank": rank, "world_size": world_size, "timeout": _TIMEOUT}
    dist.init_process_group("nccl" if has_gpu else "gloo", **group)
    try:
        comm.create_local_process_group(process.local_size)
        comm.synchronize()
        main(args)
    finally:
        dist.destroy_process_group()
