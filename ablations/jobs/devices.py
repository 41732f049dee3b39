"""Which GPUs there are, and which job gets which."""

import os
from collections.abc import Mapping, Sequence

import torch


def visible_devices(environ: Mapping[str, str] = os.environ, count: int | None = None) -> tuple[str, ...]:
    """Names of the GPUs that this process may use, as CUDA_VISIBLE_DEVICES spells them.

    Args:
        environ: Where the caller's own CUDA_VISIBLE_DEVICES is looked up.
        count: Number of GPUs that CUDA sees; by default asked for.
    """
    count = torch.cuda.device_count() if count is None else count
    names = environ.get("CUDA_VISIBLE_DEVICES")
    if names is None:
        return tuple(str(index) for index in range(count))
    # CUDA stops at the first name that is not a GPU's.
    return tuple(name.strip() for name in names.split(","))[:count]


def device_sets(devices: Sequence[str], per_job: int | None) -> list[tuple[str, ...]]:
    """Share out the GPUs among jobs; each is in at most one set.

    Args:
        devices: From `visible_devices`.
        per_job: GPUs of a job; None: one, where there are any. 0: jobs use the CPU.

    Returns:
        As many sets of `per_job` GPUs as there are GPUs for; none where jobs use the CPU.

    Raises:
        ValueError: `per_job` is negative, or more than there are.
    """
    per_job = min(1, len(devices)) if per_job is None else per_job
    if per_job < 0:
        raise ValueError(f"--gpus-per-job {per_job}: must be at least 0 (0: train on the CPU)")
    if per_job > len(devices):
        there = f"there are {len(devices)} ({', '.join(devices)})" if devices else "there is none"
        cure = f"give at most {len(devices)}" if devices else "leave it out"
        raise ValueError(f"--gpus-per-job {per_job}: of the GPUs that CUDA_VISIBLE_DEVICES allows {there}; {cure}")
    if per_job == 0:
        return []
    return [tuple(devices[n : n + per_job]) for n in range(0, len(devices) - per_job + 1, per_job)]
