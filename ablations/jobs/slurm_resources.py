"""What a job asks of Slurm."""

import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

# A loader's workers (DATALOADER.NUM_WORKERS) and the training process.
CPUS_PER_GPU = 5


@dataclass(frozen=True)
class SlurmResources:
    """What a job asks of Slurm; None is the cluster's default.

    Attributes:
        partition: Name of the partition.
        timeout_min: Minutes after which Slurm takes the node away; the row then queues again and resumes.
        gpus_per_job: GPUs of a training, all on one node; 0: train on the CPU. Pre-training never has more than one.
        cpus_per_job: Cores of a job; None: five a GPU.
        mem_gb: Memory of a job in GB.
        options: Further options of sbatch by long name, such as {"account": "vision"}.
    """

    partition: str | None = None
    timeout_min: int = 240
    gpus_per_job: int = 1
    cpus_per_job: int | None = None
    mem_gb: float | None = None
    options: Mapping[str, Any] = field(default_factory=dict)

    def cpus(self, gpus: int) -> int:
        """Cores of a job with so many GPUs."""
        return self.cpus_per_job or CPUS_PER_GPU * max(1, gpus)

    def check(self) -> None:
        """Raise ValueError where a number is out of range."""
        for name, least in (("timeout_min", 1), ("gpus_per_job", 0), ("cpus_per_job", 1), ("mem_gb", 0)):
            value = getattr(self, name)
            if value is not None and value < least:
                raise ValueError(f"--{name.replace('_', '-')} {value}: must be at least {least}")


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


def check_installed(cluster: str = "slurm") -> None:
    """Make sure that jobs can be submitted from here.

    Args:
        cluster: As for submitit; only "slurm" needs Slurm's programs.

    Raises:
        ImportError: submitit is not installed.
        ValueError: Slurm's programs are not on the PATH.
    """
    try:
        import submitit  # noqa: F401
    except ImportError:
        cure = "pip install submitit, or pip install -e '.[slurm]' in the checkout"
        raise ImportError(f"--launcher slurm needs submitit, which is not installed: {cure}") from None
    if cluster == "slurm" and not (shutil.which("sbatch") and shutil.which("srun")):
        raise ValueError("--launcher slurm: no sbatch and srun on the PATH; run it where the cluster takes jobs")
