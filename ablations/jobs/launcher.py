"""The launcher that the options of `python -m ablations run` ask for."""

import argparse
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from ablations.jobs.execute import Launcher
from ablations.jobs.job import Job
from ablations.jobs.local import LocalLauncher, visible_devices
from ablations.jobs.slurm import SlurmLauncher

LAUNCHERS = ("local", "slurm")
_LOCAL_ONLY = ("jobs_per_gpu",)
# More processes than this no machine starts, nor has a queue room for them.
_MOST = 100_000
_SLURM_ONLY = ("partition", "cpus_per_job", "mem_gb", "slurm")


def make_launcher(args: argparse.Namespace, jobs: Mapping[str, Job]) -> Launcher:
    """The launcher that the options of the command ask for, for the jobs of a plan by identity.

    Raises:
        ValueError, ImportError: options that cannot be met here.
    """
    if args.launcher not in LAUNCHERS:
        raise ValueError(f"--launcher {args.launcher}: choose from {', '.join(LAUNCHERS)}")
    if args.launcher == "local":
        if idle := [_option(name) for name in _SLURM_ONLY if getattr(args, name)]:
            raise ValueError(f"{', '.join(idle)} without --launcher slurm: leave it out, or add that")
        _check_limits(args, timeout_min=1, jobs=1, jobs_per_gpu=1)
        sharing = args.jobs_per_gpu or 1
        return LocalLauncher(args.jobs, visible_devices(), args.gpus_per_job, sharing, args.timeout_min)
    if idle := [_option(name) for name in _LOCAL_ONLY if getattr(args, name)]:
        raise ValueError(
            f"{', '.join(idle)} with --launcher slurm: leave it out; Slurm gives every job GPUs of its own"
        )
    _check_limits(args, jobs=1, timeout_min=1, gpus_per_job=0, cpus_per_job=1, mem_gb=0)
    asked = {
        "timeout_min": args.timeout_min or 240,  # then the node is taken away, and the job queues again and resumes
        "gpus_per_node": 1 if args.gpus_per_job is None else args.gpus_per_job,
        "cpus_per_task": args.cpus_per_job,
        "mem_gb": args.mem_gb,
        "slurm_partition": args.partition,
        "slurm_array_parallelism": args.jobs,
        "slurm_additional_parameters": parse_options(args.slurm) or None,
    }
    try:
        import submitit  # noqa: F401
    except ImportError:
        cure = "pip install submitit, or pip install -e '.[slurm]' in the checkout"
        raise ImportError(f"--launcher slurm needs submitit, which is not installed: {cure}") from None
    if not (shutil.which("sbatch") and shutil.which("srun")):
        raise ValueError("--launcher slurm: no sbatch and srun on the PATH; run it where the cluster takes jobs")
    return SlurmLauncher(jobs, Path(args.output).resolve() / args.scale / "slurm", asked)


def parse_options(pairs: Sequence[str]) -> dict[str, Any]:
    """Options of sbatch from KEY=VALUE words; KEY=true stands for an option without a value.

    Raises:
        ValueError: a word has no key or no "=".
    """
    options = {}
    for pair in pairs:
        key, equals, value = pair.partition("=")
        if not key or not equals:
            raise ValueError(f"--slurm {pair!r}: give KEY=VALUE, such as account=vision; KEY=true for a bare option")
        options[key] = True if value == "true" else value
    return options


def _check_limits(args: argparse.Namespace, **least: int) -> None:
    for name, limit in least.items():
        value = getattr(args, name)
        if value is not None and value < limit:
            raise ValueError(f"{_option(name)} {value}: must be at least {limit}")
        if value is not None and value > _MOST:
            raise ValueError(f"{_option(name)} {value}: must be at most {_MOST}")


def _option(name: str) -> str:
    return f"--{name.replace('_', '-')}"
