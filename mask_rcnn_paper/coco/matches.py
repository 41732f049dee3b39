"""What COCO's evaluation matched, image by image: enough for the exact AP of any weighting of the images.

Shape shorthand: A areas of objects, T IoU thresholds, K categories, I images, D detections, B weightings.
"""

import io
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import numpy as np

from mask_rcnn_paper.files import write_bytes_atomically

# COCO's recall points and the number that keeps its precision finite.
_RECALLS = np.linspace(0, 1, 101)
_EPSILON = np.spacing(1)
_AREAS = {"": "all", "s": "small", "m": "medium", "l": "large"}
# Detections times weightings that are looked at together: bounds the memory to some 100 MB.
_BLOCK = 2**21


@dataclass(frozen=True, eq=False)
class Matches:
    """Matches of one task. Detections are ordered by category, then image, then from the best score.

    Attributes:
        image_ids: (I,), ascending.
        category_ids: (K,), ascending.
        areas: (A,) names: "all", "small", "medium", "large"; keypoints have no "small".
        thresholds: (T,) of the IoU, or of the keypoints' OKS.
        counts: (K, I), how many detections count: of a category in an image the best 100, of keypoints 20.
        scores: (D,) in [0, 1], in float32 where that is exact.
        matched: (A, T, D) bool, whether a detection found an object.
        ignored: (A, T, D) bool, whether it is neither right nor wrong: its object is a crowd or of another area, or it
            found none and is of another area itself.
        objects: (A, K, I), how many objects there are to find.
    """

    image_ids: np.ndarray
    category_ids: np.ndarray
    areas: np.ndarray
    thresholds: np.ndarray
    counts: np.ndarray
    scores: np.ndarray
    matched: np.ndarray
    ignored: np.ndarray
    objects: np.ndarray

    @classmethod
    def of(cls, entries: Iterable[Mapping[str, Any] | None], params: Any) -> "Matches":
        """Matches of `evalImgs` and `params` as pycocotools' COCOeval has them after `evaluate`."""
        image_ids, category_ids = np.unique(params.imgIds), np.unique(params.catIds)
        places = [{key: n for n, key in enumerate(ids.tolist())} for ids in (category_ids, image_ids)]
        areas = {tuple(bounds): n for n, bounds in enumerate(params.areaRng)}
        objects = np.zeros((len(areas), len(category_ids), len(image_ids)), dtype=np.uint16)
        scores: dict[tuple[int, int], np.ndarray] = {}
        states: list[dict[tuple[int, int], np.ndarray]] = [{} for _ in areas]
        for entry in filter(None, entries):
            area, place = areas[tuple(entry["aRng"])], (places[0][entry["category_id"]], places[1][entry["image_id"]])
            objects[area][place] = np.count_nonzero(np.logical_not(entry["gtIgnore"]))
            if len(entry["dtScores"]):
                scores[place] = np.array(entry["dtScores"])
                states[area][place] = np.array([entry["dtMatches"], entry["dtIgnore"]], dtype=bool)
        counts = np.zeros(objects.shape[1:], dtype=np.uint16)
        for place, found in scores.items():
            counts[place] = len(found)
        none = np.zeros((2, len(params.iouThrs), 0), dtype=bool)
        by_area = [np.concatenate([*(state[place] for place in sorted(scores)), none], axis=-1) for state in states]
        matched, ignored = np.stack(by_area, axis=1)
        exact = np.concatenate([*(scores[place] for place in sorted(scores)), np.zeros(0)])
        short = exact.astype(np.float32)
        return cls(
            image_ids=image_ids,
            category_ids=category_ids,
            areas=np.array(params.areaRngLbl),
            thresholds=np.array(params.iouThrs),
            counts=counts,
            scores=short if (short == exact).all() else exact,
            matched=matched,
            ignored=ignored,
            objects=objects,
        )

    def average_precision(self, metric: str, weights: np.ndarray) -> np.ndarray:
        """COCO's AP of a dataset in which image i occurs `weights[b, i]` times, for each b.

        Equal scores are in the order that pycocotools' stable sort gives them where the copies of an image follow each
        other: by image, then by copy, then as in the image.

        Args:
            metric: "AP", "AP50", "AP75", "APs", "APm" or "APl".
            weights: (B, I) whole numbers from 0 on, in the order of `image_ids`.

        Returns:
            (B,) percent, the mean over those categories of which there are objects; NaN without any.

        Raises:
            ValueError: a metric that the task has not, or weights of another shape or kind.
        """
        area, thresholds = self._meant_by(metric)
        weights = np.asarray(weights)
        legal = weights.ndim == 2 and weights.shape[1] == len(self.image_ids) and weights.dtype.kind in "iu"
        if not legal or (weights < 0).any():
            need = f"give (weightings, {len(self.image_ids)} images) whole numbers from 0 on"
            raise ValueError(f"weights are {weights.dtype} of shape {weights.shape}: {need}")
        weights = weights.astype(np.int32)
        total, defined = np.zeros(len(weights)), np.zeros(len(weights), dtype=int)
        ends = np.cumsum(self.counts.sum(axis=1, dtype=int))
        for category, end in enumerate(ends):
            start = end - self.counts[category].sum(dtype=int)
            states = (s[area, thresholds, start:end] for s in (self.matched, self.ignored))
            ranking = _Ranking.of(self.counts[category], self.scores[start:end], weights.max(axis=0, initial=0))
            objects = weights @ self.objects[area, category].astype(int)
            total += _category_precision(ranking, *states, weights, objects)
            defined += objects > 0
        with np.errstate(invalid="ignore"):
            return 100 * total / defined

    def _meant_by(self, metric: str) -> tuple[int, np.ndarray]:
        """Index of a metric's area, and the indices of its thresholds."""
        suffix = metric.removeprefix("AP")
        names = self.areas.tolist()
        legal = [f"AP{s}" for s, name in _AREAS.items() if name in names] + ["AP50", "AP75"]
        if metric not in legal:
            raise ValueError(f"metric {metric!r}: choose from {', '.join(legal)}")
        if suffix.isdigit():
            return names.index("all"), np.flatnonzero(np.isclose(self.thresholds, int(suffix) / 100))
        return names.index(_AREAS[suffix]), np.arange(len(self.thresholds))


@dataclass(frozen=True)
class _Ranking:
    """Detections of a category from the best on, N lines.

    Where an image has several detections of equal score, their copies alternate: such detections have a line for each
    copy that there can be. All others have one line for all copies, since AP is the same whether equal neighbours count
    one by one or at once.
    """

    detections: np.ndarray  # (N,) indices into those of the category
    images: np.ndarray  # (N,) indices
    copy: np.ndarray  # (N,) number of the copy, -1 for all

    @classmethod
    def of(cls, counts: np.ndarray, scores: np.ndarray, copies: np.ndarray) -> "_Ranking":
        """Of (I,) detections by image, (D,) scores, and (I,) how often each image occurs at most."""
        images = np.repeat(np.arange(len(counts)), counts)
        order = np.argsort(-scores, kind="stable")
        follows = np.zeros(len(order) + 1, dtype=bool)  # whether image and score are those of the line before
        follows[1:-1] = (np.diff(scores[order]) == 0) & (np.diff(images[order]) == 0)
        tied = follows[:-1] | follows[1:]
        group = np.cumsum(~follows[:-1])
        repeats = np.where(tied, copies[images[order]], 1)
        lines = np.repeat(np.arange(len(order)), repeats)
        copy = np.arange(len(lines)) - np.repeat(np.cumsum(repeats) - repeats, repeats)
        copy = np.where(tied[lines], copy, -1)
        lines_in_order = np.lexsort((lines, copy, group[lines]))
        lines, copy = lines[lines_in_order], copy[lines_in_order]
        return cls(order[lines], images[order][lines], copy)

    def multiplicities(self, weights: np.ndarray) -> np.ndarray:
        """(B, N), how often each line occurs under (B, I) weights."""
        found = weights[:, self.images]
        return np.where(self.copy < 0, found, found > self.copy)


def _category_precision(
    ranking: _Ranking, matched: np.ndarray, ignored: np.ndarray, weights: np.ndarray, objects: np.ndarray
) -> np.ndarray:
    """AP of a category in [0, 1], mean over thresholds; 0 without objects.

    Args:
        ranking: Of its D detections.
        matched, ignored: (T, D).
        weights: (B, I).
        objects: (B,), how many objects there are to find.
    """
    result = np.zeros(len(weights))
    size = max(1, _BLOCK // max(1, len(ranking.images)))
    for first in range(0, len(weights), size):
        block = slice(first, first + size)
        occurrences = ranking.multiplicities(weights[block])
        for found, left_out in zip(matched[:, ranking.detections], ignored[:, ranking.detections], strict=True):
            hits = np.flatnonzero(found & ~left_out)
            right = np.cumsum(occurrences[:, hits], axis=1)
            counted = np.cumsum(occurrences * ~left_out, axis=1)[:, hits]
            precision = right / (counted + _EPSILON)
            at_least = np.maximum.accumulate(precision[:, ::-1], axis=1)[:, ::-1]
            recall = right / np.maximum(objects[block, None], 1)
            # A recall point takes the precision at the first hit that reaches it.
            reached = np.searchsorted(_RECALLS, recall, side="right")
            result[block] += (at_least * np.diff(reached, axis=1, prepend=0)).sum(axis=1)
    return np.where(objects > 0, result / (len(_RECALLS) * len(matched)), 0.0)


def save_matches(path: str | Path, by_task: Mapping[str, Matches]) -> None:
    """Write the matches of an evaluation's tasks ("bbox", "segm", "keypoints") as one file; equal ones, equal bytes.

    Raises:
        DiskFullError: there is no space; the old file is as it was.
    """
    arrays: dict[str, np.ndarray] = {}
    first: dict[str, np.ndarray] = {}  # boxes and masks of the same detections share most arrays
    for task, matches in by_task.items():
        stored = _packed(matches)
        own = {key: a for key, a in stored.items() if key == "matched" or not np.array_equal(a, first.get(key))}
        arrays |= {f"{task}.{key}": a for key, a in own.items()}
        first = first or stored
    content = io.BytesIO()
    np.savez_compressed(content, **arrays)
    write_bytes_atomically(path, content.getbuffer())


def load_matches(path: str | Path) -> dict[str, Matches]:
    """What `save_matches` wrote.

    Raises:
        FileNotFoundError: there is no such file.
    """
    by_task: dict[str, dict[str, np.ndarray]] = {}
    with np.load(path) as content:
        for key, array in content.items():
            task, _, name = key.partition(".")
            by_task.setdefault(task, {})[name] = array
    first = next(iter(by_task.values()), {})
    return {task: _unpacked({**first, **arrays}) for task, arrays in by_task.items()}


def _packed(matches: Matches) -> dict[str, np.ndarray]:
    # Each threshold begins a byte: it differs little from the one before, which compresses well.
    arrays = {field.name: getattr(matches, field.name) for field in fields(matches)}
    return {name: np.packbits(a, axis=-1) if a.dtype == bool else a for name, a in arrays.items()}


def _unpacked(arrays: Mapping[str, np.ndarray]) -> Matches:
    count = len(arrays["scores"])
    bits = {name: np.unpackbits(arrays[name], axis=-1, count=count).astype(bool) for name in ("matched", "ignored")}
    return Matches(**{**arrays, **bits})
