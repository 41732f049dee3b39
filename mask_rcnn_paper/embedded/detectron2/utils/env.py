"""Random seeds and a description of the environment."""

import importlib
import logging
import os
import platform
import random
import sys

import numpy as np
import torch
from tabulate import tabulate


def seed_all_rng(seed: int | None = None) -> None:
    """Seed the global generators of Python, numpy and torch.

    Args:
        seed: In [0, 2**32); None draws one from the operating system and logs it.
    """
    if seed is None:
        seed = int.from_bytes(os.urandom(4), "little")
        logging.getLogger(__name__).info("Using a generated random seed %d", seed)
    np.random.seed(seed)
    torch.manual_seed(seed)
    random.seed(seed)
    os.environ["PYTHONHASHSEED"] = str(seed)


def collect_env_info() -> str:
    """Describe Python, the libraries in use and the devices, as a table in one string."""
    rows = [("platform", f"{sys.platform} {platform.machine()}"), ("Python", platform.python_version())]
    for name in ("detectron2", "torch", "torchvision", "numpy", "fvcore", "iopath", "pycocotools"):
        try:
            version = getattr(importlib.import_module(name), "__version__", "unknown")
        except ImportError:
            version = "not installed"
        rows.append((name, version))
    devices = [torch.cuda.get_device_name(i) for i in range(torch.cuda.device_count())]
    rows.append(("GPU", ", ".join(devices) or "none"))
    rows.append(("CPU threads", str(torch.get_num_threads())))
    return tabulate(rows)
