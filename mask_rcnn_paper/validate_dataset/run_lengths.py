"""Rules of masks that are run lengths (RLE): {"size": [height, width], "counts": ...}."""

from collections.abc import Iterator
from functools import lru_cache
from typing import Any

import numpy as np

from mask_rcnn_paper.validate_dataset.rule import ERROR, Problem, Rule, drop

SIZE = Rule("rle-size", ERROR, "write size as [height, width] of the image", "drops the annotation", drop)
COUNTS = Rule("rle-counts", ERROR, "encode the mask anew with pycocotools.mask", "drops the annotation", drop)


def read_counts(counts: Any) -> np.ndarray | None:
    """Lengths of the runs, of 0 and 1 in turn, or None where they cannot be read.

    pycocotools reads compressed counts without asking whether they are sound.

    Args:
        counts: a list of numbers, or a string as pycocotools writes it: each difference to the run before the last in
            groups of 5 bits, lowest first, bit 6 set if more follow, the top bit of the last group as sign.
    """
    if isinstance(counts, list):
        sound = bool(counts) and all(type(c) is int and 0 <= c < 2**40 for c in counts)
        return np.array(counts, dtype=np.int64) if sound else None
    return _decompress(counts) if isinstance(counts, str) and counts.isascii() else None


@lru_cache(maxsize=1)  # the rules of one mask ask several times
def _decompress(counts: str) -> np.ndarray | None:
    codes = np.frombuffer(counts.encode(), np.uint8).astype(np.int64) - 48
    if not codes.size or codes.min() < 0 or codes.max() > 63 or codes[-1] & 32:
        return None
    ends = np.flatnonzero(codes < 32)
    starts = np.concatenate([[0], ends[:-1] + 1])
    lengths = ends - starts + 1
    if lengths.max() > 8:
        return None
    places = np.arange(codes.size) - np.repeat(starts, lengths)
    values = np.add.reduceat((codes & 31) << (5 * places), starts)
    values -= np.where(codes[ends] & 16, 1 << (5 * lengths), 0)
    values[1::2] = np.cumsum(values[1::2])
    values[2::2] = np.cumsum(values[2::2])
    return values if values.min() >= 0 else None


def check_run_lengths(segmentation: dict, dataset_size: tuple[int, int] | None) -> Iterator[Problem]:
    """Size and counts fit each other and the image.

    Args:
        segmentation: the annotation's.
        dataset_size: (width, height) of the image, None where it is unknown.
    """
    size = segmentation.get("size")
    if not isinstance(size, list) or len(size) != 2 or not all(type(s) is int and s > 0 for s in size):
        yield Problem(SIZE, "segmentation.size", size, "must be [height, width]")
        return
    if dataset_size is not None and size != [dataset_size[1], dataset_size[0]]:
        hint = ", in this order" if size == list(dataset_size) else ""
        text = f"must be [height, width] of the image, [{dataset_size[1]}, {dataset_size[0]}]{hint}"
        yield Problem(SIZE, "segmentation.size", size, text)
        return
    counts = read_counts(segmentation.get("counts"))
    if counts is None:
        yield Problem(COUNTS, "segmentation.counts", segmentation.get("counts"), "are no run lengths")
    elif counts.sum() != size[0] * size[1]:
        text = f"add up to {counts.sum()} pixels, not to {size[0]} x {size[1]}"
        yield Problem(COUNTS, "segmentation.counts", segmentation["counts"], text)


def is_empty(segmentation: dict) -> bool:
    """Whether run lengths that can be read cover no pixel."""
    counts = read_counts(segmentation.get("counts"))
    return counts is not None and not counts[1::2].any()
