"""Rows of class layers, from one list of classes to another."""

import pytest
import torch

from mask_rcnn_paper.transfer.class_layers import (
    ClassLayer,
    class_layer,
    count_classes,
    transfer_rows,
    transfer_weights,
)

HEADS = "roi_heads.box_predictor"
MASKS = "roi_heads.mask_head.predictor"
# COCO's 80 to the eight of Cityscapes, rider anew; then background.
COCO_ROWS = [0, None, 2, 7, 5, 6, 3, 1, 80]


@pytest.fixture
def weights():
    """A detector of 80 classes, in small."""
    generator = torch.Generator().manual_seed(1)
    shapes = {
        "backbone.conv.weight": (4, 3, 3, 3),
        f"{HEADS}.cls_score.weight": (81, 6),
        f"{HEADS}.cls_score.bias": (81,),
        f"{HEADS}.bbox_pred.weight": (320, 6),
        f"{HEADS}.bbox_pred.bias": (320,),
        f"{MASKS}.weight": (80, 5, 1, 1),
        f"{MASKS}.bias": (80,),
    }
    return {name: 3 + torch.randn(shape, generator=generator) for name, shape in shapes.items()}


def by_class(tensor, rows, classes=8):
    """Blocks of the classes, without background."""
    return tensor[: classes * rows].unflatten(0, (classes, rows))


def test_shapes_are_9_32_and_8(weights):
    """Classifier, boxes and masks of Cityscapes, in the order and dtype of the source; other tensors are the same."""
    found, layers = transfer_weights(weights, COCO_ROWS, seed=0)
    assert list(found) == list(weights)
    rows = {name: found[name].shape[0] for name in found}
    assert list(rows.values()) == [4, 9, 9, 32, 32, 8, 8]
    assert found["backbone.conv.weight"] is weights["backbone.conv.weight"]
    assert "backbone.conv.weight" not in layers
    assert all(found[name].shape[1:] == weights[name].shape[1:] for name in found)


def test_seven_classes_and_background_are_copied_bit_for_bit(weights):
    """In every class layer; the rider is nobody's copy."""
    found, layers = transfer_weights(weights, COCO_ROWS, seed=0)
    assert len(layers) == 6
    for name, layer in layers.items():
        old, new = by_class(weights[name], layer.rows, 80), by_class(found[name], layer.rows)
        for target, source in enumerate(COCO_ROWS[:-1]):
            if source is None:
                assert not (old == new[target]).flatten(1).all(1).any()
            else:
                assert torch.equal(old[source], new[target])
        if layer.background:
            assert torch.equal(found[name][-1], weights[name][-1])


def test_what_is_drawn_has_mean_and_deviation_of_its_tensor():
    """Of a tensor with another mean than 0."""
    tensor = 5 + 0.5 * torch.randn(11, 5000, generator=torch.Generator().manual_seed(0))
    drawn = transfer_rows(tensor, ClassLayer(1, True), [None] * 4, torch.Generator().manual_seed(0))
    assert drawn.mean().item() == pytest.approx(tensor.mean().item(), abs=0.02)
    assert drawn.std().item() == pytest.approx(tensor.std().item(), abs=0.02)


def test_a_seed_fixes_what_is_drawn(weights):
    """And another is another; the rider does not depend on what the others are copied from."""
    found = [transfer_weights(weights, COCO_ROWS, seed)[0] for seed in (0, 0, 1)]
    name = f"{HEADS}.cls_score.weight"
    assert torch.equal(found[0][name], found[1][name])
    assert not torch.equal(found[0][name][1], found[2][name][1])
    other = transfer_weights(weights, [None] * 9, 0)[0]
    assert torch.equal(other[name][1], found[0][name][1])


def test_all_random_keeps_no_row(weights):
    """Background neither."""
    found, layers = transfer_weights(weights, [None] * 9, seed=0)
    for name in layers:
        assert not torch.isin(found[name], weights[name]).any()


def test_half_precision_stays(weights):
    """Rows are drawn in the dtype of the tensor."""
    halves = {name: tensor.half() for name, tensor in weights.items()}
    assert {tensor.dtype for tensor in transfer_weights(halves, COCO_ROWS, 0)[0].values()} == {torch.float16}


@pytest.mark.parametrize(
    "name, rows, expected",
    [
        ("cls_score.weight", 81, ClassLayer(1, True)),
        ("bbox_pred.weight", 320, ClassLayer(4, False)),
        ("bbox_pred.weight", 4, None),
        ("bbox_pred_other.weight", 4, None),
    ],
)
def test_layers_of_boxes(name, rows, expected):
    """Class-agnostic boxes belong to no class."""
    assert class_layer(f"{HEADS}.{name}", (rows, 6), 80) == expected


@pytest.mark.parametrize(
    "rows, expected",
    [
        (80, ClassLayer(1, False)),
        (81, ClassLayer(1, True)),
        (80 * 784, ClassLayer(784, False)),
        (81 * 784, ClassLayer(784, True)),
        (1, None),
        (784, None),
    ],
)
def test_layers_of_masks(rows, expected):
    """Convolutional or fully connected, with a background under a softmax; class-agnostic ones belong to no class."""
    assert class_layer(f"{MASKS}.weight", (rows, 6, 1, 1), 80) == expected


def test_fully_connected_masks_keep_their_pixels(weights):
    """All 784 rows of a class move together."""
    tensor = torch.arange(3 * 784.0)[:, None]
    moved = transfer_rows(tensor, ClassLayer(784, False), [2, 0, 3], torch.Generator())
    assert torch.equal(moved, torch.cat([tensor[2 * 784 :], tensor[:784]]))


def test_what_is_no_detector_is_refused(weights):
    """An RPN has no classifier; a layer of another number of classes does not fit."""
    with pytest.raises(ValueError, match="0 tensors are named"):
        count_classes({"backbone.conv.weight": weights["backbone.conv.weight"]})
    with pytest.raises(ValueError, match="bbox_pred.weight has 300 rows"):
        class_layer(f"{HEADS}.bbox_pred.weight", (300, 6), 80)
    for name in ("cls_score.weight", "bbox_pred.bias"):
        with pytest.raises(ValueError, match="no rows|has 0 rows"):
            transfer_weights({**weights, f"{HEADS}.{name}": torch.tensor(1.0)}, [None] * 3, 0)
