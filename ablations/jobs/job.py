"""What the planner hands to the queue: one process to run. Knows nothing of configs."""

from dataclasses import dataclass
from pathlib import Path

# Commands run here.
ROOT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True)
class Job:
    """One process that ends by writing `folder/result.json`.

    `config_hash` is what that file must hold; None: not compared, as for pre-training, whose identity ignores
    most of the config. `inputs` are identities of jobs that must be finished before. `data` reads "training
    sets -> test sets"; `own_data` names the user's own data, "" where the job does not see it. Costs are nominal
    seconds.
    """

    kind: str
    name: str
    identity: str
    folder: Path
    command: tuple[str, ...]
    inputs: tuple[str, ...] = ()
    data: str = ""
    own_data: str = ""
    config_hash: str | None = None
    train_seconds: float = 1.0
    other_seconds: float = 0.0

    @property
    def label(self) -> str:
        """For people: "detector r50_c4-seed0"."""
        return f"{self.kind} {self.name}"
