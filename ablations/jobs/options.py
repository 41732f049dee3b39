"""The options of `python -m ablations run` that say where jobs run, and the launcher that they ask for."""

import argparse
from collections.abc import Mapping
from pathlib import Path

from ablations.jobs.devices import visible_devices
from ablations.jobs.job import Job
from ablations.jobs.launcher import Launcher
from ablations.jobs.local import LocalLauncher
from ablations.jobs.slurm import SlurmLauncher
from ablations.jobs.slurm_resources import SlurmResources, parse_options

LAUNCHERS = ("local", "slurm")
_SLURM_ONLY = ("partition", "cpus_per_job", "mem_gb", "slurm")


def add_launch_options(parser: argparse.ArgumentParser) -> None:
    """Add the options, all of which have a default."""
    group = parser.add_argument_group("where jobs run")
    group.add_argument("--launcher", default="local", help="local or slurm (default: local)")
    group.add_argument(
        "--jobs", type=int, metavar="N", help="jobs at once (default: local: as many as the GPUs allow, 1 without)"
    )
    group.add_argument("--gpus-per-job", type=int, metavar="N", help="GPUs of a training (default: 1 where there are)")
    group.add_argument(
        "--timeout-min", type=int, metavar="MIN", help="time limit of a job (default: local: none; slurm: 240)"
    )
    group = parser.add_argument_group("with --launcher slurm")
    group.add_argument("--partition", help="partition of the cluster")
    group.add_argument("--cpus-per-job", type=int, metavar="N", help="cores (default: 5 a GPU)")
    group.add_argument("--mem-gb", type=float, metavar="GB", help="memory")
    group.add_argument(
        "--slurm", nargs="+", default=[], metavar="KEY=VALUE", help="further options of sbatch, such as account=vision"
    )


def make_launcher(args: argparse.Namespace, jobs: Mapping[str, Job]) -> Launcher:
    """The launcher that the options ask for.

    Args:
        args: Parsed with `add_launch_options`; and `output` and `scale`.
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
