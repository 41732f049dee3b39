"""What times were measured on, in words."""

import platform
from pathlib import Path

import torch

from mask_rcnn_paper.cores import core_count
from mask_rcnn_paper.provider import PROVIDER
from mask_rcnn_paper.training.precision import cpu_has_bfloat16


def machine_text(device: str) -> str:
    """Processor, threads, versions: one line."""
    where = torch.cuda.get_device_name() if device.startswith("cuda") else _cpu_name()
    threads = torch.get_num_threads()
    used = "one thread" if threads == 1 else f"{threads} threads"
    bfloat16 = "with" if cpu_has_bfloat16() else "without"
    return (
        f"{where}, {core_count()} cores, {used}, {bfloat16} bfloat16; torch {torch.__version__}; detectron2: {PROVIDER}"
    )


def _cpu_name() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
        return next(line.partition(": ")[2] for line in lines if line.startswith("model name"))
    except (OSError, StopIteration):
        return platform.processor() or platform.machine()
