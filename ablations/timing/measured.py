"""What was measured of some rows, turn by turn, and what follows from it for the paper's sentences about time."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ablations.paper.claims import Claim
from ablations.paper.tables import RowKey
from mask_rcnn_paper.timing.parts import POST
from mask_rcnn_paper.timing.turns import Spread, spread


@dataclass(frozen=True)
class RowTimes:
    """Of one row: the seconds of each part at test and of a training step, turn by turn.

    `name` is "table/row", `run` the model's, `config_hash` that of the job that trains it with seed 0. `test` is of one
    image with `detections`, `steps` of `images` images; `peak_memory`, in MB, is of a process that takes such steps.
    """

    name: str
    label: str
    run: str
    config_hash: str
    test: Sequence[Mapping[str, float]]
    detections: int
    steps: Sequence[float]
    images: int
    peak_memory: Mapping[str, float]
    precision: str

    def turns(self, metric: str) -> list[float]:
        """A metric of `METRICS` in each turn."""
        return [METRICS[metric](test, step) for test, step in zip(self.test, self.steps, strict=True)]

    def share(self, part: str) -> float:
        """Median share of a part in the time of an image, in [0, 1]."""
        return spread([turn[part] / sum(turn.values()) for turn in self.test]).median


def _without_post_processing(test: Mapping[str, float]) -> float:
    return math.fsum(seconds for part, seconds in test.items() if part != POST)


# Of a turn's parts at test and its training step, in the units of tables.yaml. As in Section 4.4, the time of inference
# is without that of bringing the outputs to the size of the original image.
METRICS = {
    "time/inference": lambda test, step: 1000 * _without_post_processing(test),
    "time/resizing": lambda test, step: 1000 * test[POST],
    "time/frames": lambda test, step: 1 / math.fsum(test.values()),
    "time/iteration": lambda test, step: step,
}


@dataclass(frozen=True)
class Statement:
    """A claim about time, with our difference of its rows turn by turn, in the same form as the claim's own."""

    claim: Claim
    turns: Sequence[float]

    @property
    def paper(self) -> float | None:
        """The paper's ratio of the two rows; its difference where the claim is not of a ratio."""
        return self._printed(self.claim.paper)

    @property
    def ours(self) -> Spread:
        """Ours, in the same unit."""
        return spread([self._printed(difference) for difference in self.turns])

    def _printed(self, difference: float | None) -> float | None:
        return math.exp(difference) if difference is not None and self.claim.is_ratio else difference


def about_time(claims: Sequence[Claim]) -> list[Claim]:
    """Those that compare what is measured here."""
    return [claim for claim in claims if all(metric in METRICS for _, metric in claim.terms)]


def statements(claims: Sequence[Claim], runs: Mapping[RowKey, str], rows: Sequence[RowTimes]) -> list[Statement]:
    """The claims about time whose rows have all been measured; `runs` names the model of each row of the tables."""
    measured = {row.run: row for row in rows}
    found = []
    for claim in about_time(claims):
        if any(runs[row] not in measured for row in claim.rows):
            continue
        turns = {term: measured[runs[term[0]]].turns(term[1]) for term in claim.terms}
        count = len(next(iter(turns.values())))
        found.append(Statement(claim, [claim.difference({t: v[n] for t, v in turns.items()}) for n in range(count)]))
    return found
