"""Communication between the processes of one training run; every function also works without a process group.

Objects travel pickled over a GLOO group, so that tensors and plain Python objects are treated alike.
"""

import functools
from typing import Any

import numpy as np
import torch
import torch.distributed as dist

_LOCAL_GROUP: dist.ProcessGroup | None = None


def _in_process_group() -> bool:
    return dist.is_available() and dist.is_initialized()


def get_world_size() -> int:
    """Number of processes of the run."""
    return dist.get_world_size() if _in_process_group() else 1


def get_rank() -> int:
    """Index of this process among all, in [0, world size)."""
    return dist.get_rank() if _in_process_group() else 0


def create_local_process_group(num_workers_per_machine: int) -> None:
    """Group the processes of each machine; `launch` calls it once in every process.

    Args:
        num_workers_per_machine: Processes on each machine; ranks of one machine are consecutive.

    Raises:
        ValueError: the group exists already, or the world size is no multiple of `num_workers_per_machine`.
    """
    global _LOCAL_GROUP
    if _LOCAL_GROUP is not None:
        raise ValueError("the local process group exists already: create_local_process_group is called once a process")
    world_size = get_world_size()
    if world_size % num_workers_per_machine:
        raise ValueError(f"{world_size} processes cannot be split into machines of {num_workers_per_machine} each")
    for first in range(0, world_size, num_workers_per_machine):
        ranks = list(range(first, first + num_workers_per_machine))
        # Every process must take part in the creation of every group.
        group = dist.new_group(ranks)
        if get_rank() in ranks:
            _LOCAL_GROUP = group


def _local_group() -> dist.ProcessGroup:
    if _LOCAL_GROUP is None:
        raise RuntimeError("no local process group: start the processes with detectron2.engine.launch")
    return _LOCAL_GROUP


def get_local_rank() -> int:
    """Index of this process among those of its machine."""
    return dist.get_rank(group=_local_group()) if _in_process_group() else 0


def get_local_size() -> int:
    """Number of processes on this machine."""
    return dist.get_world_size(group=_local_group()) if _in_process_group() else 1


def is_main_process() -> bool:
    """Whether this process is the one that logs and writes files."""
    return get_rank() == 0


def synchronize() -> None:
    """Wait until every process has come here."""
    if get_world_size() == 1:
        return
    if dist.get_backend() == dist.Backend.NCCL:
        # Naming the device keeps NCCL from guessing it from the global rank.
        dist.barrier(device_ids=[torch.cuda.current_device()])
    else:
        dist.barrier()


@functools.lru_cache
def _cpu_group(_default_group: dist.ProcessGroup) -> dist.ProcessGroup:
    if dist.get_backend() == dist.Backend.NCCL:
        return dist.new_group(backend="gloo")
    return _default_group


def all_gather(data: Any, group: dist.ProcessGroup | None = None) -> list[Any]:
    """Collect one object from every process, in every process.

    Args:
        data: Any object that can be pickled.
        group: Processes that take part; all of them by default.

    Returns:
        The objects in the order of their ranks.
    """
    if get_world_size() == 1:
        return [data]
    group = group or _cpu_group(dist.group.WORLD)
    output = [None] * dist.get_world_size(group)
    dist.all_gather_object(output, data, group=group)
    return output


def gather(data: Any, dst: int = 0, group: dist.ProcessGroup | None = None) -> list[Any]:
    """Collect one object from every process in process `dst`.

    Args:
        data: Any object that can be pickled.
        dst: Global rank of the receiver.
        group: Processes that take part; all of them by default.

    Returns:
        The objects in the order of their ranks on `dst`, an empty list elsewhere.
    """
    if get_world_size() == 1:
        return [data]
    group = group or _cpu_group(dist.group.WORLD)
    is_receiver = get_rank() == dst
    output = [None] * dist.get_world_size(group) if is_receiver else None
    dist.gather_object(data, output, dst=dst, group=group)
    return output if is_receiver else []


def shared_random_seed() -> int:
    """A random seed in [0, 2**31) that is the same in all processes; drawn from numpy's global generator."""
    return all_gather(int(np.random.randint(2**31)))[0]
