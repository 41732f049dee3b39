"""Metrics of a job on other draws of its images, the same draws for all jobs, from what its evaluation matched.

They take seconds, so they are kept in the cache folder, under a checksum of all that they follow from.
"""

import contextlib
import hashlib
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from functools import lru_cache
from typing import TYPE_CHECKING

import mask_rcnn_paper
from ablations.statistics.images import REPLICATES
from mask_rcnn_paper.files import read_json, write_json_atomically
from mask_rcnn_paper.generated.cache import cache_root

if TYPE_CHECKING:
    import numpy as np

    from mask_rcnn_paper.coco.matches import Matches

_SEED = 0
# What `Matches` computes: neither costs nor an AP of one category.
_METRIC = re.compile(r"(bbox|segm|keypoints)/(AP(?:50|75|[sml])?)")


@dataclass(frozen=True, eq=False)
class ImageReplicates:
    """`matches` gives those of a finished job by task, from its identity; None where they were not kept."""

    matches: Callable[[str], "Mapping[str, Matches] | None"]
    _loaded: dict[str, "Mapping[str, Matches] | None"] = field(default_factory=dict, repr=False)
    _values: dict[tuple[str, str], "np.ndarray"] = field(default_factory=dict, repr=False)

    def of(self, identity: str, metric: str) -> "tuple[np.ndarray, int] | None":
        """A "task/metric" of a job on each draw, and how many images there are; None where that is not known."""
        if not (known := _METRIC.fullmatch(metric)):
            return None
        if identity not in self._loaded:
            self._loaded[identity] = self.matches(identity)
        task, name = known.groups()
        matches = (self._loaded[identity] or {}).get(task)
        if matches is None:
            return None
        if (identity, metric) not in self._values:
            self._values[identity, metric] = _replicates(matches, name)
        return self._values[identity, metric], len(matches.image_ids)


def _replicates(matches: "Matches", name: str) -> "np.ndarray":
    import numpy as np  # imported here: most commands need no interval

    digest = hashlib.sha256(repr((mask_rcnn_paper.__version__, name, REPLICATES, _SEED)).encode())
    for part in fields(matches):
        digest.update(np.ascontiguousarray(getattr(matches, part.name)).tobytes())
    place = cache_root() / "replicates" / f"{digest.hexdigest()[:32]}.json"
    if isinstance(kept := read_json(place), list):
        return np.array(kept, dtype=float)
    values = matches.average_precision(name, _draws(len(matches.image_ids)))
    with contextlib.suppress(OSError):  # a cache that cannot be written costs time, nothing else
        write_json_atomically(place, [value if np.isfinite(value) else None for value in values.tolist()])
    return values


@lru_cache
def _draws(images: int) -> "np.ndarray":
    """How often each of so many images occurs in each draw."""
    from mask_rcnn_paper.coco.bootstrap import bootstrap_weights

    return bootstrap_weights(images, REPLICATES, _SEED)
