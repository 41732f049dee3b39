"""Start the processes of a distributed run."""

import logging
import os
import socket
import sys
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import torch
import torch.distributed as dist
import torch.multiprocessing as mp
from detectron2.utils import comm

DEFAULT_TIMEOUT = timedelta(minutes=30)


def _free_port() -> int:
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        return server.getsockname()[1]


def launch(
    main_func: Callable,
    num_gpus_per_machine: int,
    num_machines: int = 1,
    machine_rank: int = 0,
    dist_url: str | None = None,
    args: tuple = (),
    timeout: timedelta = DEFAULT_TIMEOUT,
) -> None:
    """Call a function in one process a GPU, on this machine; with one process in all, call it right here.

    Without a GPU the processes talk over GLOO and compute on the CPU.

    Args:
        main_func: Function of a module, called as `main_func(*args)`.
        num_gpus_per_machine: Processes on each machine.
        num_machines: Machines; call `launch` on each.
        machine_rank: Index of this machine.
        dist_url: "tcp://HOST:PORT" of machine 0, or a shared "file://"; None or "auto" takes a free port.
        args: Arguments of `main_func`.
        timeout: Of collective operations.

    Raises:
        ValueError: several machines without a `dist_url`, or fewer GPUs than processes, yet some.
    """
    world_size = num_machines * num_gpus_per_machine
    if world_size <= 1:
        main_func(*args)
        return
    if dist_url in (None, "auto"):
        if num_machines > 1:
            raise ValueError(f"--dist-url={dist_url!r} with {num_machines} machines: give tcp://HOST:PORT of machine 0")
        dist_url = f"tcp://127.0.0.1:{_free_port()}"
    gpus = torch.cuda.device_count()
    if 0 < gpus < num_gpus_per_machine:
        raise ValueError(f"--num-gpus={num_gpus_per_machine}, but this machine has {gpus}: give at most {gpus}")
    group = {"init_method": dist_url, "world_size": world_size, "timeout": timeout}
    worker_args = (main_func, machine_rank * num_gpus_per_machine, num_gpus_per_machine, group, args)
    mp.start_processes(_worker, worker_args, nprocs=num_gpus_per_machine, start_method="spawn")


def _worker(
    local_rank: int, main_func: Callable, first_rank: int, local_size: int, group: dict[str, Any], args: tuple
) -> None:
    has_gpu = torch.cuda.is_available()
    if has_gpu:
        torch.cuda.set_device(local_rank)
    dist.init_process_group(backend="nccl" if has_gpu else "gloo", rank=first_rank + local_rank, **group)
    try:
        comm.create_local_process_group(local_size)
        comm.synchronize()
        main_func(*args)
    finally:
        dist.destroy_process_group()
    # Threads of torch outlive the group. One that wants the interpreter while it ends aborts the process, whose work is
    # done; it happened once in some hundred starts on a busy machine. So the interpreter does not get to end.
    logging.shutdown()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(0)
