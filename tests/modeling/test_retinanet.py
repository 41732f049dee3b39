"""RetinaNet's rows."""

import pytest
import torch
from detectron2.modeling import RetinaNet, build_model

from mask_rcnn_paper.modeling import PaperRetinaNet
from mask_rcnn_paper.scales import load_cfg
from tests.modeling.test_rows_train import assert_gradients_are_finite, losses_of, sample

ROW = "tableTM-4/retinanet_24.yaml"
FROM_SCRATCH = ["MODEL.RESNETS.NORM", "BN", "MODEL.BACKBONE.FREEZE_AT", "0"]


def model_of(*opts: str) -> torch.nn.Module:
    torch.manual_seed(0)
    return build_model(load_cfg(ROW, "mini", ["MODEL.DEVICE", "cpu", "MODEL.WEIGHTS", "", *FROM_SCRATCH, *opts]))


def test_its_head_begins_as_the_scale_wants_it():
    """Weights alone: classes begin at a hundredth, as in detectron2's RetinaNet, whose parameters it has."""
    ours, theirs = model_of(), model_of("MODEL.META_ARCHITECTURE", "RetinaNet")
    assert type(ours) is PaperRetinaNet
    assert type(theirs) is RetinaNet
    ours.load_state_dict(theirs.state_dict())
    for std in (0.01, 0.07):
        head = model_of("MODEL.DENSE_HEAD_INIT_STD", str(std)).head
        assert head.cls_subnet[0].weight.std().item() == pytest.approx(std, rel=0.05)
        assert head.cls_score.bias.sigmoid().mean().item() == pytest.approx(0.01)


@pytest.mark.parametrize("objects", [(2, 0), (0, 0)])
def test_images_without_objects(objects):
    """Losses are finite, and every parameter has a gradient."""
    model = model_of().train()
    losses = losses_of(model, *map(sample, objects))
    assert set(losses) == {"loss_cls", "loss_box_reg"}
    sum(losses.values()).backward()
    assert_gradients_are_finite(model)
    assert (losses["loss_box_reg"] > 0) == any(objects)
