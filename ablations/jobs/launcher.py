"""The launcher that the options of `python -m ablations run` ask for."""

import argparse
from collections.abc import Mapping
from pathlib import Path

from ablations.jobs.execute import Launcher
from ablations.jobs.job import Job
from ablations.jobs.local import LocalLauncher, visible_devices
from ablations.jobs.slurm import SlurmLauncher
from ablations.jobs.slurm_resources import SlurmResources, parse_options

LAUNCHERS = ("local", "slurm")
_SLURM_ONLY = ("partition", "cpus_per_job", "mem_gb", "slurm")


def make_launcher(args: argparse.Namespace, jobs: Mapping[str, Job]) -> Launcher:
    """The launcher that the options ask for.

    Args:
        args: Of the command.
        jobs: All jobs of the plan by identity.

    Raises:
        ValueError, ImportError: options that cannot be met here.
    """
    if args.launcher == "slurm":
        asked = {name: getattr(args, name) for name in ("partition", "timeout_min", "gpus_per_job", "cpus_per_job")}
        asked = {name: value for name, value in asked.items() if value is not None}
        resources = SlurmResources(**asked, mem_gb=args.mem_gb, options=parse_options(args.slurm))
        return SlurmLauncher(jobs, Path(args.output).resolve() / args.scale / "slurm", resources, args.jobs)
    if args.launcher != "local":
        raise ValueError(f"--launcher {args.launcher}: choose from {', '.join(LAUNCHERS)}")
    if idle := [f"--{name.replace('_', '-')}" for name in _SLURM_ONLY if getattr(args, name)]:
        raise ValueError(f"{', '.join(idle)} without --launcher slurm: leave it out, or add that")
    if args.timeout_min is not None and args.timeout_min < 1:
        raise ValueError(f"--timeout-min {args.timeout_min}: must be at least 1")
    return LocalLauncher(args.jobs, visible_devices(), args.gpus_per_job, args.timeout_min)
