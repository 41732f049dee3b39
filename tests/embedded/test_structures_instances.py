"""Instances: fields of equal length."""

import copy
import pickle

import pytest
import torch
from detectron2.structures import Boxes, Instances


def make(n=3, size=(10, 20)):
    scores, boxes = torch.arange(float(n)), Boxes(torch.ones(n, 4))
    return Instances(size, scores=scores, boxes=boxes, names=list("abc")[:n])


def test_fields_are_attributes():
    """Set and read as attributes, by name, or all at once."""
    instances = make()
    instances.pred_classes = torch.tensor([7, 8, 9])
    assert instances.has("pred_classes")
    assert not instances.has("gt_boxes")
    assert instances.get("pred_classes") is instances.pred_classes
    assert list(instances.get_fields()) == ["scores", "boxes", "names", "pred_classes"]
    instances.remove("pred_classes")
    assert not instances.has("pred_classes")
    assert instances.image_size == (10, 20)


def test_wrong_lengths_and_missing_fields_are_named():
    """A field of another length is refused; a missing field is an AttributeError that lists the others."""
    instances = make()
    with pytest.raises(ValueError, match="'classes' has length 2"):
        instances.classes = torch.zeros(2)
    with pytest.raises(AttributeError, match="'masks'; it has: scores, boxes, names"):
        instances.masks  # noqa: B018
    assert getattr(instances, "masks", None) is None


def test_indexing_selects_in_every_field():
    """Integers, negative ones too, slices, indices and bools all give Instances."""
    instances = make()
    assert instances[1].scores.tolist() == [1.0]
    assert len(instances[0].boxes) == 1
    assert instances[-1].names == ["c"]
    assert instances[1:].names == ["b", "c"]
    del instances.get_fields()["names"]
    assert instances[torch.tensor([2, 0])].scores.tolist() == [2.0, 0.0]
    assert instances[instances.scores > 0.5].scores.tolist() == [1.0, 2.0]
    assert len(instances[torch.zeros(3, dtype=torch.bool)]) == 0
    for outside in (3, -4):
        with pytest.raises(IndexError):
            instances[outside]


def test_cat_joins_tensors_lists_and_structures():
    """Every kind of field is concatenated in order."""
    joined = Instances.cat([make(1), make(2)])
    assert joined.scores.tolist() == [0.0, 0.0, 1.0]
    assert joined.names == ["a", "a", "b"]
    assert isinstance(joined.boxes, Boxes)
    assert len(joined) == 3
    single = make()
    assert Instances.cat([single]) is single


def test_cat_refuses_what_does_not_fit():
    """Nothing, other image sizes, or fields that cannot be joined."""
    with pytest.raises(ValueError, match="at least one"):
        Instances.cat([])
    with pytest.raises(ValueError, match="image sizes or fields differ"):
        Instances.cat([make(), make(size=(1, 1))])
    with pytest.raises(ValueError, match="'text' of type str"):
        Instances.cat([Instances((1, 1), text="ab"), Instances((1, 1), text="c")])


def test_no_fields_no_length_and_no_iteration():
    """Instances without fields have no length; iterating is refused."""
    empty = Instances((3, 4))
    with pytest.raises(NotImplementedError):
        len(empty)
    with pytest.raises(NotImplementedError):
        iter(make())
    assert "num_instances=0" in str(empty)
    assert "num_instances=3, image_height=10, image_width=20" in repr(make())


def test_copies_and_pickles_keep_the_fields():
    """Worker processes send Instances through pickle."""
    for other in (copy.deepcopy(make()), pickle.loads(pickle.dumps(make())), make().to("cpu")):
        assert other.image_size == (10, 20)
        assert other.names == ["a", "b", "c"]
        assert other.boxes.tensor.tolist() == make().boxes.tensor.tolist()
