"""Stored proposals: what is written is read, code is not run, and what does not fit the data is refused."""

import json
import pickle
from dataclasses import replace

import numpy as np
import pytest
from detectron2.data import MetadataCatalog
from detectron2.structures import BoxMode

from mask_rcnn_paper.data.proposals import (
    Proposals,
    read_proposals,
    require_one_rpn,
    with_proposals,
    write_proposals,
)
from tests.attacks import Payload

BOXES = [[[0, 0, 1, 3], [0, 0, 2, 3]], [], [[0, 0, 1, 1]]]
LOGITS = [[-1, 1], [], [0]]
STORED = Proposals(
    ids=(3, 2, 1),
    boxes=tuple(np.array(boxes, np.float32).reshape(-1, 4) for boxes in BOXES),
    logits=tuple(np.array(logits, np.float32) for logits in LOGITS),
    dataset="tiny",
)
SAMPLES = [{"image_id": i, "width": 8, "height": 6} for i in (1, 2, 3)]


def archive(path, **changes):
    """An archive with other content."""
    write_proposals(path, STORED)
    with np.load(path) as content:
        arrays = {key: content[key] for key in content.files} | changes
    with open(path, "wb") as file:
        np.savez(file, **{key: value for key, value in arrays.items() if value is not None})
    return path


def pickled(path, **changes):
    """What detectron2 writes, with changes."""
    data = {"ids": list(STORED.ids), "boxes": list(STORED.boxes), "objectness_logits": list(STORED.logits)}
    path.write_bytes(pickle.dumps(data | {"bbox_mode": BoxMode.XYXY_ABS.value} | changes))
    return path


def equal(found, expected):
    """Whether all fields are equal to the bit."""
    arrays = zip((*found.boxes, *found.logits), (*expected.boxes, *expected.logits), strict=True)
    same = all(a.dtype == b.dtype and np.array_equal(a, b) for a, b in arrays)
    return same and replace(found, boxes=(), logits=()) == replace(expected, boxes=(), logits=())


@pytest.mark.parametrize("ids", [(3, 2, 1), ("c", "b", "a"), ()])
def test_what_is_written_is_read(tmp_path, ids):
    """Also text for ids, images without proposals, and no images."""
    stored = replace(STORED, ids=ids, boxes=STORED.boxes[: len(ids)], logits=STORED.logits[: len(ids)])
    write_proposals(tmp_path / "p.npz", stored)
    assert equal(read_proposals(tmp_path / "p.npz"), stored)


def test_an_archive_holds_no_objects(tmp_path):
    """Else it would be pickled."""
    write_proposals(tmp_path / "p.npz", STORED)
    with np.load(tmp_path / "p.npz", allow_pickle=False) as content:
        assert {content[key].dtype.kind for key in content.files} == {"U", "i", "f"}


def test_detectron2s_own_pickle_is_read(tmp_path):
    """It does not say what it is of; older names are known; the file's name does not matter."""
    assert equal(read_proposals(pickled(tmp_path / "p.pkl")), replace(STORED, dataset=""))
    old = {"indexes": list(STORED.ids), "boxes": list(STORED.boxes), "scores": list(STORED.logits)}
    (tmp_path / "old.npz").write_bytes(pickle.dumps(old, 2))
    assert equal(read_proposals(tmp_path / "old.npz"), replace(STORED, dataset=""))


@pytest.mark.parametrize("key", ["x", "ids", "boxes"])
def test_code_in_a_pickle_is_not_run(tmp_path, key):
    """Whether it stands beside the proposals or among them."""
    payload = Payload(tmp_path / "mark")
    with pytest.raises(ValueError, match="p.pkl' is not a pickle of numpy .*nothing of it was run"):
        read_proposals(pickled(tmp_path / "p.pkl", **{key: [payload] * 3}))
    assert not (tmp_path / "mark").exists()


@pytest.mark.parametrize("key", ["ids", "boxes", "header", "extra"])
def test_code_in_an_archive_is_not_run(tmp_path, key):
    """numpy reads objects only where it is told to; what is not asked for is not read."""
    path = archive(tmp_path / "p.npz", **{key: np.array([Payload(tmp_path / "mark")] * 3)})
    if key == "extra":
        assert equal(read_proposals(path), STORED)
    else:
        with pytest.raises(ValueError, match="allow_pickle=False"):
            read_proposals(path)
    assert not (tmp_path / "mark").exists()


@pytest.mark.parametrize(
    "changes, message",
    [
        ({"header": np.array(json.dumps({"format": 2}))}, "its format is 2, this version reads 1"),
        ({"header": None}, "header"),
        ({"counts": np.array([2, 0, 2])}, "differ in length"),
        ({"counts": np.array([4, -2, 1])}, "differ in length"),
        ({"counts": np.array([3])}, "differ in length"),
        ({"ids": np.array([1, 2, 1])}, "an image id is there twice"),
        ({"boxes": np.zeros((3, 5))}, r"boxes of shape \(2, 5\)"),
        ({"boxes": np.full((3, 4), "a")}, "boxes of <U1 .*not numbers"),
        ({"logits": np.array([1, np.nan, 2])}, "not finite"),
        ({"boxes": np.full((3, 4), np.inf)}, "not finite"),
    ],
)
def test_parts_that_do_not_fit_together(tmp_path, changes, message):
    """They are an error of one line that names the file."""
    with pytest.raises(ValueError, match=rf"^proposal file '.*p.npz' does not hold .*{message}[^\n]*$"):
        read_proposals(archive(tmp_path / "p.npz", **changes))


@pytest.mark.parametrize(
    "content", [b"", b"text", pickle.dumps([1]), pickle.dumps({"ids": [1]}), b"PK\x05\x06" + b"\0" * 18]
)
def test_a_foreign_file(tmp_path, content):
    """So is one that holds something else."""
    (tmp_path / "p.pkl").write_bytes(content)
    with pytest.raises(ValueError, match=r"p.pkl' (does not hold the proposals of an RPN|is not a pickle of) [^\n]*$"):
        read_proposals(tmp_path / "p.pkl")


def test_an_unknown_mode_of_a_pickle_names_the_file(tmp_path):
    """Whatever stands there."""
    with pytest.raises(ValueError, match="p.pkl' does not hold .*bbox_mode is 'x'"):
        read_proposals(pickled(tmp_path / "p.pkl", bbox_mode="x"))


def test_a_missing_file_names_the_key():
    """Whose value it is."""
    with pytest.raises(FileNotFoundError, match="'no.npz' does not exist: set DATASETS.PROPOSAL_FILES_TRAIN"):
        read_proposals("no.npz")


def test_samples_get_their_own_best_first(tmp_path):
    """The order of images in the file does not matter; the samples given stay as they were."""
    write_proposals(tmp_path / "p.npz", STORED)
    first, second, third = with_proposals(SAMPLES, "tiny", tmp_path / "p.npz")
    np.testing.assert_array_equal(first["proposal_boxes"], [[0, 0, 1, 1]])
    assert second["proposal_boxes"].shape == (0, 4)
    np.testing.assert_array_equal(third["proposal_boxes"], [[0, 0, 2, 3], [0, 0, 1, 3]])
    np.testing.assert_array_equal(third["proposal_objectness_logits"], [1, -1])
    assert third["proposal_bbox_mode"] == BoxMode.XYXY_ABS
    assert SAMPLES[0].keys() == {"image_id", "width", "height"}


def test_unsigned_logits_are_in_order_too(tmp_path):
    """Whole numbers are read as floats."""
    logits = tuple(np.array(found, np.uint8) for found in ([3, 200], [], [0]))
    write_proposals(tmp_path / "p.npz", replace(STORED, logits=logits))
    *_, last = with_proposals(SAMPLES, "tiny", tmp_path / "p.npz")
    assert last["proposal_objectness_logits"].tolist() == [200.0, 3.0]


def test_proposals_of_other_data_are_refused(tmp_path):
    """By the name in the file, by the images, and by boxes that no image of this size has."""
    write_proposals(tmp_path / "p.npz", STORED)
    with pytest.raises(ValueError, match="was made from dataset 'tiny', not 'other'"):
        with_proposals(SAMPLES, "other", tmp_path / "p.npz")
    with pytest.raises(ValueError, match="lacks 1 of 4 images, e.g. image id 4"):
        with_proposals([*SAMPLES, {"image_id": 4}], "tiny", tmp_path / "p.npz")
    small = [{**sample, "width": 1, "height": 1} for sample in SAMPLES]
    with pytest.raises(ValueError, match=r"box \[0.0, 0.0, 2.0, 3.0\] .* of image 3 is not within its 1 x 1 pixels"):
        with_proposals(small, "tiny", tmp_path / "p.npz")


def test_swapped_ends_are_refused(tmp_path):
    """Boxes as (x2, y2, x1, y1); XYWH is fine where the file says so."""
    swapped = tuple(boxes[:, [2, 3, 0, 1]] for boxes in STORED.boxes)
    write_proposals(tmp_path / "p.npz", replace(STORED, boxes=swapped))
    with pytest.raises(ValueError, match="is not within its 8 x 6 pixels"):
        with_proposals(SAMPLES, "tiny", tmp_path / "p.npz")
    write_proposals(tmp_path / "p.npz", replace(STORED, bbox_mode=BoxMode.XYWH_ABS.value))
    assert with_proposals(SAMPLES, "tiny", tmp_path / "p.npz")[0]["proposal_bbox_mode"] == BoxMode.XYWH_ABS


def headed(path, **changes):
    """An archive whose header says something else; None takes a key away."""
    header = {"format": 1, "dataset": "tiny", "bbox_mode": BoxMode.XYXY_ABS.value, "images": 3, "count": 3, **changes}
    return archive(path, header=np.array(json.dumps({k: v for k, v in header.items() if v is not None})))


@pytest.mark.parametrize(
    "changes, message",
    [
        ({"count": 4}, "it has 3 proposals of 3 images, and its header says 4 of 3"),
        ({"images": 2}, "it has 3 proposals of 3 images, and its header says 3 of 2"),
        ({"format": "1"}, "header: format is '1', not a whole number"),
        ({"dataset": 7}, "header: dataset is 7, not text"),
        ({"bbox_mode": None}, "header: bbox_mode missing"),
        ({"bbox_mode": 4}, "its bbox_mode is '4', neither 0"),
        ({"config_hash": []}, r"header: config_hash is \[\], not text"),
    ],
)
def test_a_header_that_does_not_fit_is_refused(tmp_path, changes, message):
    """Counts that differ from what is there, and values of other types."""
    with pytest.raises(ValueError, match=message):
        read_proposals(headed(tmp_path / "p.npz", **changes))


def test_older_headers_are_read(tmp_path):
    """They say neither numbers nor whose the proposals are."""
    assert equal(read_proposals(headed(tmp_path / "p.npz", images=None, count=None)), STORED)


def test_proposals_of_images_that_were_drawn_anew_are_refused(tmp_path, request):
    """Of generated data; what is said of other files may change, and their images stay."""
    write_proposals(tmp_path / "p.npz", replace(STORED, data_version="v1"))
    metadata = MetadataCatalog.get("tiny")
    request.addfinalizer(lambda: MetadataCatalog.remove("tiny"))
    metadata.set(data_version="v2")
    assert len(with_proposals(SAMPLES, "tiny", tmp_path / "p.npz")) == 3
    metadata.set(generated=True)
    with pytest.raises(
        ValueError, match="p.npz' is of tiny v1, and its images are now v2: make proposals for this one"
    ):
        with_proposals(SAMPLES, "tiny", tmp_path / "p.npz")


def test_a_run_has_proposals_of_one_rpn(tmp_path):
    """Else a detector is tested on others than it learnt from; who says nothing is believed."""
    for name, said in (("a", "1" * 64), ("b", "1" * 64), ("c", "2" * 64), ("d", "")):
        write_proposals(tmp_path / f"{name}.npz", replace(STORED, config_hash=said))
    pickled(tmp_path / "e.pkl")
    paths = {name: tmp_path / f"{name}.npz" for name in "abcd"}
    require_one_rpn([paths["a"], paths["b"], paths["d"], tmp_path / "e.pkl", tmp_path / "none.npz"])
    with pytest.raises(
        ValueError, match="are of different RPNs: .*a.npz' of config 11111111, .*c.npz' of 22222222|222"
    ):
        require_one_rpn([paths["a"], paths["d"], paths["c"]])
    with pytest.raises(ValueError, match="p.npz' is damaged .*: make it again"):
        require_one_rpn([headed(tmp_path / "p.npz", config_hash=3)])
