"""Proposals that an RPN stored, for detectors to train and test on (paper, Section 3.1 and Appendix B).

They are in a NumPy archive, which cannot hold code: `boxes` and `logits` of all images one after the other, best first
or not; `ids` of the images and how many each has, `counts`; and `header`, JSON with the `format`, the `dataset` and its
`data_version`, the `config_hash` of the RPN, the `bbox_mode` of detectron2's `BoxMode`, and the numbers of `images` and
of proposals, `count`. detectron2's own pickles are read too, but only what is data in them.
"""

import io
import json
import zipfile
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from mask_rcnn_paper.files import write_bytes_atomically
from mask_rcnn_paper.plain_pickle import UnsafePickleError, read_plain_pickle
from mask_rcnn_paper.proposal_files import PROPOSALS, find_proposals
from mask_rcnn_paper.schema import OpenEntry, parse_entry

_FORMAT = 1
# Of detectron2's `BoxMode`, those in pixels without an angle.
_XYXY, _XYWH = 0, 1
# As older files of detectron2 name them.
_OLD_NAMES = {"indexes": "ids", "scores": "objectness_logits"}
# Pixels: boxes are scaled from the size that the RPN saw.
_SLACK = 1.0


@dataclass(frozen=True)
class Proposals:
    """`ids` of images; (N_i, 4) `boxes` in pixels of each original image and their (N_i,) `logits`, float.

    `dataset`, `data_version` (as of registered.data_versions) and the `config_hash` of the RPN are "" where the file
    does not say what they are of.
    """

    ids: tuple[Any, ...]
    boxes: tuple[np.ndarray, ...]
    logits: tuple[np.ndarray, ...]
    bbox_mode: int = _XYXY
    dataset: str = ""
    data_version: str = ""
    config_hash: str = ""


class Header(OpenEntry):
    """Of an archive; numbers are None in those that are older than they."""

    format: int
    bbox_mode: int
    dataset: str
    data_version: str = ""
    config_hash: str = ""
    images: int | None = None
    count: int | None = None


def write_proposals(path: str | Path, proposals: Proposals) -> None:
    """Write an archive, whole or not at all; `np.load` reads it without pickles."""
    header = {key: getattr(proposals, key) for key in ("dataset", "data_version", "config_hash", "bbox_mode")}
    header |= {"format": _FORMAT, "images": len(proposals.ids), "count": sum(map(len, proposals.logits))}
    arrays = {
        "header": np.array(json.dumps(header)),
        "ids": np.array(proposals.ids),
        "counts": np.array([len(logits) for logits in proposals.logits], dtype=np.int64),
        "boxes": np.concatenate([np.zeros((0, 4), np.float32), *proposals.boxes]),
        "logits": np.concatenate([np.zeros(0, np.float32), *proposals.logits]),
    }
    buffer = io.BytesIO()
    np.savez(buffer, allow_pickle=False, **arrays)
    write_bytes_atomically(path, buffer.getbuffer())


def read_proposals(path: str | Path) -> Proposals:
    """Read either format.

    Raises:
        FileNotFoundError: there is no such file.
        ValueError: it holds something other than proposals, or parts that do not fit together.
    """
    found = find_proposals(path)
    if found is None:
        raise FileNotFoundError(
            f"proposal file {str(path)!r} does not exist: set DATASETS.PROPOSAL_FILES_TRAIN/TEST to the {PROPOSALS} of "
            "an RPN's evaluation"
        )
    try:
        proposals = _read_archive(found) if zipfile.is_zipfile(found) else _read_pickle(found)
        _check(proposals)
    except (OSError, UnsafePickleError):
        raise
    except Exception as error:  # a foreign or damaged file can raise anything
        reason = f"no {error}" if isinstance(error, KeyError) else " ".join(str(error).split())
        raise ValueError(
            f"proposal file {str(found)!r} does not hold the proposals of an RPN ({reason}): make it again"
        ) from error
    boxes, logits = (tuple(map(_as_floats, arrays)) for arrays in (proposals.boxes, proposals.logits))
    return replace(proposals, boxes=boxes, logits=logits)


def _as_floats(values: np.ndarray) -> np.ndarray:
    """Whole numbers become floats: what is unsigned has no negatives, by which it would be sorted."""
    return values if values.dtype.kind == "f" else values.astype(np.float32)


def _read_archive(path: Path) -> Proposals:
    with np.load(path, allow_pickle=False) as content:
        header = _header(content)
        ids, counts, boxes, logits = (content[name] for name in ("ids", "counts", "boxes", "logits"))
    if counts.shape != ids.shape or (counts < 0).any() or not counts.sum() == len(boxes) == len(logits):
        raise ValueError("ids, counts, boxes and logits differ in length")
    if header.images not in (None, len(ids)) or header.count not in (None, len(boxes)):
        raise ValueError(
            f"it has {len(boxes)} proposals of {len(ids)} images, and its header says {header.count} of {header.images}"
        )
    ends = np.cumsum(counts)[:-1]
    split = (tuple(np.split(array, ends)) if len(counts) else () for array in (boxes, logits))
    said = header.bbox_mode, header.dataset, header.data_version, header.config_hash
    return Proposals(tuple(ids.tolist()), *split, *said)


def _header(content: Mapping[str, np.ndarray]) -> Header:
    header = json.loads(str(content["header"]))
    if isinstance(header, dict) and type(version := header.get("format")) is int and version != _FORMAT:
        raise ValueError(f"its format is {version}, this version reads {_FORMAT}")
    return parse_entry(Header, header, "header")


def require_one_rpn(paths: Iterable[str | Path]) -> None:
    """Refuse stored proposals of several RPNs in one run: a detector would be tested on others than it learnt from.

    Files that are not there, and those that do not say of which RPN they are, such as pickles, are passed over.

    Raises:
        ValueError: names two files and the configs that they are of, or a file that is damaged.
    """
    first: dict[str, str] = {}
    for path in map(str, paths):
        found = find_proposals(path)
        if found is None or not zipfile.is_zipfile(found):
            continue
        try:
            with np.load(found, allow_pickle=False) as content:
                said = _header(content).config_hash
        except Exception as error:  # a damaged file can raise anything
            raise ValueError(f"proposal file {path!r} is damaged ({error}): make it again") from error
        if said:
            first.setdefault(said, path)
    if len(first) > 1:
        configs = ", ".join(f"{path!r} of config {said[:8]}" for said, path in first.items())
        raise ValueError(f"stored proposals are of different RPNs: {configs}; store all of them with one")


def _read_pickle(path: Path) -> Proposals:
    stored = {_OLD_NAMES.get(key, key): value for key, value in read_plain_pickle(path).items()}
    boxes = tuple(np.asarray(found).reshape(-1, 4) for found in stored["boxes"])
    logits = tuple(np.asarray(found) for found in stored["objectness_logits"])
    return Proposals(tuple(stored["ids"]), boxes, logits, stored.get("bbox_mode", _XYXY))


def _check(proposals: Proposals) -> None:
    if proposals.bbox_mode not in (_XYXY, _XYWH):
        raise ValueError(
            f"its bbox_mode is {str(proposals.bbox_mode)[:40]!r}, neither {_XYXY} (XYXY) nor {_XYWH} (XYWH)"
        )
    if not len(proposals.ids) == len(proposals.boxes) == len(proposals.logits):
        raise ValueError("ids, boxes and logits differ in length")
    if len(set(map(str, proposals.ids))) != len(proposals.ids):
        raise ValueError("an image id is there twice")
    for image_id, boxes, logits in zip(proposals.ids, proposals.boxes, proposals.logits, strict=True):
        if boxes.shape != (len(logits), 4) or logits.ndim != 1:
            raise ValueError(f"image {image_id!r} has boxes of shape {boxes.shape} and logits of {logits.shape}")
        if boxes.dtype.kind not in "fiu" or logits.dtype.kind not in "fiu":
            raise ValueError(f"image {image_id!r} has boxes of {boxes.dtype} and logits of {logits.dtype}, not numbers")
        if not (np.isfinite(boxes).all() and np.isfinite(logits).all()):
            raise ValueError(f"image {image_id!r} has boxes or logits that are not finite")


def with_proposals(dicts: list[dict], dataset: str, path: str | Path) -> list[dict]:
    """Samples of a dataset, each with its stored proposals, best first, as detectron2's `DatasetMapper` takes them.

    Raises:
        FileNotFoundError, ValueError: as `read_proposals`; or they are of another dataset, lack an image of it, or
            have a box outside its image.
    """
    from detectron2.structures import BoxMode  # not above: who looks for a file need not wait for torch

    stored = read_proposals(path)
    where, cure = f"proposal file {str(path)!r}", "make proposals for this one"
    if stored.dataset not in ("", dataset):
        raise ValueError(f"{where} was made from dataset {stored.dataset!r}, not {dataset!r}: {cure}")
    version = _drawn_version(dataset)
    if stored.data_version and version and stored.data_version != version:
        raise ValueError(f"{where} is of {dataset} {stored.data_version}, and its images are now {version}: {cure}")
    position = {str(image_id): i for i, image_id in enumerate(stored.ids)}
    if missing := [d["image_id"] for d in dicts if str(d["image_id"]) not in position]:
        lacks = f"lacks {len(missing)} of {len(dicts)} images, e.g. image id {missing[0]!r}"
        raise ValueError(f"{where} {lacks}: it was made from another dataset than {dataset!r}; {cure}")
    mode, samples = BoxMode(stored.bbox_mode), []
    for sample in dicts:
        i = position[str(sample["image_id"])]
        best_first = (-stored.logits[i]).argsort(kind="stable")
        boxes = stored.boxes[i][best_first]
        _check_boxes(BoxMode.convert(boxes, mode, BoxMode.XYXY_ABS), sample, where)
        found = {"proposal_boxes": boxes, "proposal_objectness_logits": stored.logits[i][best_first]}
        samples.append({**sample, **found, "proposal_bbox_mode": mode})
    return samples


def _drawn_version(dataset: str) -> str:
    """Version of a generated dataset, "" of others: what is said of their files may change and images stay."""
    from detectron2.data import MetadataCatalog

    metadata = MetadataCatalog.get(dataset)
    return metadata.get("data_version", "") if metadata.get("generated") else ""


def _check_boxes(boxes: np.ndarray, sample: dict, where: str) -> None:
    """Refuse XYXY boxes that are not within the image, or whose ends are swapped."""
    size = np.array([sample["width"], sample["height"]])
    low, high = boxes[:, :2], boxes[:, 2:]
    wrong = (low < -_SLACK).any(1) | (high > size + _SLACK).any(1) | (high < low).any(1)
    if wrong.any():
        box = [round(float(value), 1) for value in boxes[wrong][0]]
        raise ValueError(
            f"{where}: box {box} (x1, y1, x2, y2) of image {sample['image_id']!r} is not within its "
            f"{size[0]} x {size[1]} pixels: it was made from other images, or in another format"
        )
