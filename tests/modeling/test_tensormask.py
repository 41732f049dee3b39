"""TensorMask and its switches: what each row learns from, and what it detects."""

import pytest
import torch
from detectron2.modeling import build_model
from detectron2.utils.events import EventStorage
from torch.testing import assert_close
from torchvision.ops import box_iou

from mask_rcnn_paper.layers.mask_boxes import tight_boxes
from mask_rcnn_paper.modeling.tensormask import best_windows
from mask_rcnn_paper.scales import load_cfg
from tests.modeling.test_rows_train import assert_gradients_are_finite, losses_of, sample

ALL, CLASSES = "tableTM-4/tensormask.yaml", {"loss_cls"}
ROWS = {
    ALL: CLASSES | {"loss_box_reg", "loss_mask"},
    "tableTM-4/tensormask_box_only.yaml": CLASSES | {"loss_box_reg"},
    "tableTM-5/nobox_maskbb.yaml": CLASSES | {"loss_mask"},
}
FOUND = ["MODEL.TENSOR_MASK.SCORE_THRESH_TEST", "0.005", "TEST.NMS_CANDIDATES", "60"]


def model_of(row: str, *opts: str) -> torch.nn.Module:
    """A row's model at mini scale in training mode, of a smaller ResNet; batch normalisation tames its weights."""
    fixed = ["MODEL.DEVICE", "cpu", "MODEL.WEIGHTS", "", "MODEL.RESNETS.NORM", "BN", "MODEL.BACKBONE.FREEZE_AT", "0"]
    narrow = ["MODEL.RESNETS.STEM_OUT_CHANNELS", "8", "MODEL.RESNETS.RES2_OUT_CHANNELS", "16"]
    narrow += ["MODEL.RESNETS.WIDTH_PER_GROUP", "4", "MODEL.DENSE_HEAD_INIT_STD", "0.05"]
    torch.manual_seed(0)
    return build_model(load_cfg(row, "mini", [*fixed, *narrow, *opts])).train()


@pytest.mark.parametrize("row", ROWS)
def test_an_image_without_objects_beside_one_with(row):
    """Losses are those of the branches, finite, and reach every parameter."""
    model = model_of(row)
    losses = losses_of(model, sample(2), sample(0))
    assert set(losses) == ROWS[row]
    sum(losses.values()).backward()
    assert all(torch.isfinite(loss) and loss > 0 for loss in losses.values())
    assert_gradients_are_finite(model)


@pytest.mark.parametrize("row", ROWS)
def test_only_empty_images(row):
    """Nothing but background: every loss but that of classes is 0, and backward still reaches every parameter."""
    model = model_of(row)
    losses = losses_of(model, sample(0), sample(0))
    sum(losses.values()).backward()
    assert_gradients_are_finite(model)
    assert losses.pop("loss_cls") > 0
    assert all(loss == 0 for loss in losses.values())


def test_losses_do_not_depend_on_the_batch():
    """Of two images, the sums of each weighted by its positive windows; normalisation apart, which is frozen here."""
    model = model_of(ALL, "MODEL.RESNETS.NORM", "FrozenBN")
    for name, buffer in model.named_buffers():
        if name.endswith("running_var"):
            buffer.fill_(20.0)
    found = []
    for batch in ([sample(2)], [sample(1)], [sample(2), sample(1)]):
        with EventStorage() as storage, torch.no_grad():
            losses = model(batch)
            positives = storage.latest()["num_pos_windows"][0] * len(batch)
        found.append({name: loss * positives for name, loss in losses.items()} | {"positives": torch.tensor(positives)})
    first, second, both = found
    assert first["positives"] > second["positives"] > 0
    for name, value in both.items():
        assert_close(first[name] + second[name], value, rtol=1e-4, atol=1e-4)


@torch.no_grad()
def detections(model: torch.nn.Module, *images: dict) -> list:
    return [result["instances"] for result in model.eval()(list(images))]


def test_boxes_and_masks_are_detected():
    """With NMS on regressed boxes; masks have the size that is asked for."""
    (found,) = detections(model_of(ALL, *FOUND), sample(2) | {"height": 192, "width": 120})
    assert 0 < len(found) <= 100
    assert found.pred_masks.shape == (len(found), 192, 120)
    assert (found.scores[:-1] >= found.scores[1:]).all()
    of_a_class = (found.pred_classes[:, None] == found.pred_classes).triu(1)
    assert box_iou(found.pred_boxes.tensor, found.pred_boxes.tensor)[of_a_class].max() <= 0.5


@pytest.mark.parametrize("row", ["tableTM-5/box_maskbb.yaml", "tableTM-5/nobox_maskbb.yaml"])
def test_boxes_are_those_of_masks(row):
    """For NMS and for box AP (Appendix A.4)."""
    (found,) = detections(model_of(row, *FOUND), sample(2))
    assert len(found)
    assert torch.equal(found.pred_boxes.tensor, tight_boxes(found.pred_masks))
    of_a_class = (found.pred_classes[:, None] == found.pred_classes).triu(1)
    assert box_iou(found.pred_boxes.tensor, found.pred_boxes.tensor)[of_a_class].max() <= 0.5


def test_box_only_has_no_masks():
    """The row of Table 4."""
    (found,) = detections(model_of("tableTM-4/tensormask_box_only.yaml", *FOUND), sample(2))
    assert len(found)
    assert not found.has("pred_masks")


@pytest.mark.parametrize("row", ROWS)
def test_detections_do_not_depend_on_the_batch(row):
    """Each image has its own, whatever is beside it."""
    model = model_of(row, *FOUND)
    images = [sample(2), sample(1), sample(0)]
    by_image = [detections(model, image)[0] for image in images]
    for alone, together in zip(by_image, detections(model, *images), strict=True):
        assert_close(alone.scores, together.scores)
        assert torch.equal(alone.pred_classes, together.pred_classes)
        if alone.has("pred_masks"):
            assert (alone.pred_masks != together.pred_masks).float().mean() < 1e-3


@pytest.mark.parametrize("row", ["tableTM-5/box_bb.yaml", "tableTM-5/nobox_maskbb.yaml"])
def test_nothing_is_found(row):
    """No detection has no masks of the right size."""
    (found,) = detections(model_of(row, "MODEL.TENSOR_MASK.SCORE_THRESH_TEST", "1.0"), sample(2))
    assert len(found) == 0
    assert found.pred_masks.shape == (0, 96, 96)


def test_best_windows():
    """Scores above the threshold, best first, with window and class; as many as are asked for."""
    scores = torch.tensor([[0.1, 0.6], [0.4, 0.05], [0.9, 0.2]])
    found = best_windows(scores, 0.1, 3)
    assert [column.tolist() for column in found] == [pytest.approx([0.9, 0.6, 0.4]), [2, 0, 1], [0, 1, 0]]
    assert [len(column) for column in best_windows(scores, 0.95, 3)] == [0, 0, 0]


@pytest.mark.parametrize(
    "opts, message",
    [
        (
            ["MODEL.TENSOR_MASK.BOX_ON", "False"],
            "'bb' with MODEL.TENSOR_MASK.BOX_ON=False.* set it to 'mask-bb'",
        ),
        (["MODEL.MASK_ON", "False", "TEST.NMS_BOXES", "mask-bb"], "'mask-bb' with MODEL.MASK_ON=False"),
        (["TEST.NMS_BOXES", "mask"], "TEST.NMS_BOXES='mask': choose from bb, mask-bb"),
        (["MODEL.ANCHOR_GENERATOR.OFFSET", "0.5"], r"OFFSET=0.5 .*need 0.0 and \[\[1.0\]\]"),
        (["MODEL.TENSOR_MASK.IN_FEATURES", "['p2', 'p9']"], r"IN_FEATURES: no \['p9'\]; the backbone has p2, p3"),
    ],
)
def test_bad_values_are_named(opts, message):
    """With key and cure."""
    with pytest.raises(ValueError, match=message):
        model_of(ALL, *opts)
