"""Stored proposals: archives, and detectron2's pickles."""

import io
import json
import pickle
from pathlib import Path
from typing import Any

import numpy as np
from detectron2.structures import BoxMode

from mask_rcnn_paper.data.proposals import Proposals, require_one_rpn, with_proposals, write_proposals
from mask_rcnn_paper.errors import one_line_errors
from tests.attacks import Payload
from tests.fuzz.odd import Odd
from tests.fuzz.oracle import Case, Wrong

_IDS, _COUNT, _SIDES = (3, 2, 1), 5, (64, 48)
_SAMPLES = [{"image_id": i, "width": _SIDES[0], "height": _SIDES[1]} for i in (1, 2, 3)]


def _stored() -> Proposals:
    rng = np.random.default_rng(0)
    corners = np.sort(rng.uniform(0, 1, (len(_IDS), _COUNT, 2, 2)), axis=2) * _SIDES
    boxes = tuple(corners.reshape(len(_IDS), _COUNT, 4).astype(np.float32))
    logits = tuple(rng.normal(size=(len(_IDS), _COUNT)).astype(np.float32))
    return Proposals(_IDS, boxes, logits, dataset="fuzzed", config_hash="h")


def make(odd: Odd, folder: Path) -> Case:
    """Other arrays, other headers, code, or damaged bytes."""
    archive = odd.rng.random() < 0.6
    path = folder / ("p.npz" if archive else "p.pkl")
    damaged = odd.chance(0.4)
    quiet = Odd(odd.rng, calm=odd.calm or damaged)
    data = _archive(quiet, folder) if archive else _pickle(quiet, folder)
    path.write_bytes(odd.bytes(data) if damaged else data)
    found: list[list[dict]] = []

    def call() -> None:
        with one_line_errors("train_net.py"):
            require_one_rpn([path])
            found.append(with_proposals(_SAMPLES, "fuzzed", path))

    return Case(
        call=call,
        about=f"DATASETS.PROPOSAL_FILES_TEST {path}",
        folder=folder,
        where=(path.name,),
        sound=lambda _: _require_sound(found[0], damaged and archive),
    )


def _archive(odd: Odd, folder: Path) -> bytes:
    path = folder / "calm.npz"
    write_proposals(path, _stored())
    with np.load(path) as content:
        arrays: dict[str, Any] = {key: content[key] for key in content.files}
    path.unlink()
    if odd.calm:
        pass
    elif odd.rng.random() < 0.4:
        arrays["header"] = np.array(odd.json(json.loads(str(arrays["header"]))).decode(errors="replace"))
    else:
        name = odd.rng.choice(sorted(arrays))
        arrays[name] = _odd_array(odd, arrays[name], folder)
    arrays = {key: value for key, value in arrays.items() if value is not None}
    buffer = io.BytesIO()
    np.savez(buffer, allow_pickle=True, **arrays)
    return buffer.getvalue()


def _odd_array(odd: Odd, array: np.ndarray, folder: Path) -> Any:
    code = np.array([Payload(Case.mark(folder))], dtype=object)
    choices = [None, code, array[..., None], array[:-1] if array.ndim else array[None], array.astype(str), array[None]]
    if array.dtype.kind in "if":
        choices += [-array, array * 1000, array.astype(complex), array > 0, array * np.nan, array.astype(np.uint8)]
        choices += [np.repeat(array, 2, axis=0), array.astype("datetime64[s]"), array.astype(np.float64) * 1e300]
    return odd.rng.choice(choices)


def _pickle(odd: Odd, folder: Path) -> bytes:
    stored = _stored()
    data = {"ids": list(stored.ids), "boxes": list(stored.boxes), "objectness_logits": list(stored.logits)}
    values = (Payload(Case.mark(folder)), *(_odd_array(odd, stored.boxes[0], folder) for _ in range(3)))
    return pickle.dumps(odd.tree(data | {"bbox_mode": BoxMode.XYXY_ABS.value}, values), odd.rng.choice((2, 4)))


def _require_sound(samples: list[dict], unchanged: bool) -> None:
    """Numbers, as many boxes as logits, best first, within the image; those that were stored where bytes changed."""
    stored = _stored()
    for sample in samples:
        boxes, logits = sample["proposal_boxes"], sample["proposal_objectness_logits"]
        boxes = BoxMode.convert(np.asarray(boxes, np.float64), sample["proposal_bbox_mode"], BoxMode.XYXY_ABS)
        low, high = (boxes[:, :2], boxes[:, 2:]) if len(boxes) else (np.zeros(1), np.zeros(1))
        if boxes.shape != (len(logits), 4) or not (np.isfinite(boxes).all() and np.isfinite(logits).all()):
            raise Wrong(f"boxes of shape {boxes.shape} and logits of {np.shape(logits)} were taken")
        if (low < -1).any() or (high > np.array(_SIDES) + 1 if len(boxes) else high > 1).any() or (high < low).any():
            raise Wrong("boxes outside their image were taken")
        if (np.diff(logits) > 0).any():
            raise Wrong("the best are not first")
        place = stored.ids.index(sample["image_id"])
        if unchanged and not np.array_equal(np.sort(logits), np.sort(stored.logits[place])):
            raise Wrong("a damaged file was taken, with other numbers")
