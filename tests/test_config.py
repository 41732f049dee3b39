"""The plugin's config keys."""

from detectron2.config import get_cfg

from mask_rcnn_paper.config import add_mask_rcnn_paper_config, leaves
from tests.flatten import flatten


def test_existing_keys_keep_their_values():
    """Adding the plugin's keys changes none of detectron2's."""
    before = flatten(get_cfg())
    cfg = get_cfg()
    add_mask_rcnn_paper_config(cfg)
    after = flatten(cfg)
    assert {key: after[key] for key in before} == before
    assert len(after) > len(before)


def test_adding_twice_is_harmless():
    """A second call keeps what was set in between."""
    cfg = get_cfg()
    add_mask_rcnn_paper_config(cfg)
    cfg.MODEL.ROI_POOLER.NAME = "RoIWarp"
    add_mask_rcnn_paper_config(cfg)
    assert cfg.MODEL.ROI_POOLER.NAME == "RoIWarp"


def test_defaults_leave_detectron2_as_it_is():
    """With the plugin's defaults no RoI layer, loss or stage is replaced, and its keypoint head is detectron2's."""
    cfg = get_cfg()
    add_mask_rcnn_paper_config(cfg)
    assert cfg.MODEL.ROI_POOLER.NAME == ""
    assert cfg.MODEL.ROI_MASK_HEAD.LOSS == "sigmoid"
    assert cfg.MODEL.ROI_KEYPOINT_HEAD.RESOLUTION == 4 * cfg.MODEL.ROI_KEYPOINT_HEAD.POOLER_RESOLUTION
    assert cfg.MODEL.ROI_KEYPOINT_HEAD.LOSS == "softmax"
    assert cfg.STAGES.RPN == cfg.STAGES.DETECTOR == ""
    assert not cfg.STAGES.PRETRAIN


def test_leaves_are_all_values_by_their_full_key():
    """As a slow walk in the tests finds them."""
    cfg = get_cfg()
    add_mask_rcnn_paper_config(cfg)
    assert dict(leaves(cfg)) == flatten(cfg)
