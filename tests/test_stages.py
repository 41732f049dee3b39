"""Places of the stages and their checks."""

import pytest
import torch
from detectron2.layers import FrozenBatchNorm2d
from detectron2.modeling import build_model

from mask_rcnn_paper.scales import load_cfg
from mask_rcnn_paper.stages import backbone_name, check_inputs, set_default_places
from tests.own_files import NAME, own_opts, write_own


@pytest.fixture
def in_tmp_path(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


def resolved(config: str, scale: str, *opts: str):
    cfg = load_cfg(config, scale, opts)
    set_default_places(cfg, config)
    return cfg


def test_default_places_are_named_after_scale_and_config():
    """Output, proposals and weights have places that the stage before writes to."""
    cfg = resolved("table2b/softmax.yaml", "mini")
    assert cfg.OUTPUT_DIR == "output/mini/table2b/softmax"
    assert cfg.DATASETS.PROPOSAL_FILES_TRAIN == ("output/mini/rpn/r50_c4/inference/mini_train/box_proposals.npz",)
    assert cfg.DATASETS.PROPOSAL_FILES_TEST == ("output/mini/rpn/r50_c4/inference/mini_val/box_proposals.npz",)
    assert cfg.MODEL.WEIGHTS == "output/mini/pretrain/R-50/model_final.pkl"
    assert resolved("rpn/r50_c4.yaml", "mini").OUTPUT_DIR == "output/mini/rpn/r50_c4"


def test_own_data_have_places_of_their_own(tmp_path):
    """Below the scale, but for pre-training, which is the same for all data."""
    cfg = resolved("table2b/softmax.yaml", "mini", *own_opts(write_own(tmp_path)))
    assert cfg.OUTPUT_DIR == f"output/mini/{NAME}/table2b/softmax"
    proposals = f"output/mini/{NAME}/rpn/r50_c4/inference/{NAME}_val/box_proposals.npz"
    assert cfg.DATASETS.PROPOSAL_FILES_TEST == (proposals,)
    assert cfg.MODEL.WEIGHTS == "output/mini/pretrain/R-50/model_final.pkl"
    with pytest.raises(FileNotFoundError, match="rpn/r50_c4.yaml --scale mini <the same DATASETS.OWN keys>`"):
        check_inputs(cfg)


def test_given_places_are_kept():
    """What the user sets stays."""
    opts = ["OUTPUT_DIR", "o", "MODEL.WEIGHTS", "w.pkl", "DATASETS.PROPOSAL_FILES_TRAIN", "('p.pkl',)"]
    cfg = resolved("table2b/softmax.yaml", "mini", *opts)
    assert (cfg.OUTPUT_DIR, cfg.MODEL.WEIGHTS, cfg.DATASETS.PROPOSAL_FILES_TRAIN) == ("o", "w.pkl", ("p.pkl",))


def test_paper_scale_keeps_the_published_weights():
    """At paper scale the weights are ImageNet's."""
    assert resolved("table2b/softmax.yaml", "paper").MODEL.WEIGHTS.startswith("detectron2://ImageNetPretrained")


def test_missing_proposals_say_how_to_make_them(in_tmp_path):
    """A stage-wise row without proposals names the RPN's command."""
    with pytest.raises(FileNotFoundError, match=r"train_net.py --config-file configs/rpn/r50_c4.yaml --scale mini"):
        check_inputs(resolved("table2b/softmax.yaml", "mini"))


def test_missing_pretraining_says_how_to_make_it(in_tmp_path):
    """An RPN at mini scale without weights names the pre-training command."""
    with pytest.raises(FileNotFoundError, match="python -m mask_rcnn_paper.pretrain"):
        check_inputs(resolved("rpn/r50_c4.yaml", "mini"))


def test_the_cure_without_pretraining_trains_the_whole_backbone(in_tmp_path):
    """What the message advises passes, and freezes neither a layer nor statistics, which would make the loss NaN."""
    with pytest.raises(FileNotFoundError) as error:
        check_inputs(resolved("rpn/r50_c4.yaml", "mini"))
    opts = str(error.value).partition("trained too, with ")[2].split()
    cfg = resolved("rpn/r50_c4.yaml", "mini", "MODEL.DEVICE", "cpu", *opts)
    check_inputs(cfg)
    model = build_model(cfg)
    assert all(parameter.requires_grad for parameter in model.parameters())
    assert any(isinstance(layer, torch.nn.BatchNorm2d) for layer in model.modules())
    assert not any(isinstance(layer, FrozenBatchNorm2d) for layer in model.modules())


def test_present_inputs_pass(in_tmp_path):
    """With all files there, nothing is raised; evaluation alone needs only test proposals."""
    cfg = resolved("table2b/softmax.yaml", "mini")
    test_file = in_tmp_path / cfg.DATASETS.PROPOSAL_FILES_TEST[0]
    test_file.parent.mkdir(parents=True)
    test_file.touch()
    check_inputs(cfg, eval_only=True)
    for name in (cfg.DATASETS.PROPOSAL_FILES_TRAIN[0], cfg.MODEL.WEIGHTS):
        (in_tmp_path / name).parent.mkdir(parents=True)
        (in_tmp_path / name).touch()
    check_inputs(cfg)


def test_proposals_of_an_earlier_version_pass(in_tmp_path):
    """An RPN that finished when proposals were pickled need not be trained again."""
    cfg = resolved("table2b/softmax.yaml", "mini")
    old = (in_tmp_path / cfg.DATASETS.PROPOSAL_FILES_TEST[0]).with_suffix(".pkl")
    old.parent.mkdir(parents=True)
    old.touch()
    check_inputs(cfg, eval_only=True)


def test_end_to_end_training_needs_no_proposals(in_tmp_path):
    """LOAD_PROPOSALS False needs no stored proposals."""
    opts = ["MODEL.LOAD_PROPOSALS", "False", "MODEL.PROPOSAL_GENERATOR.NAME", "RPN", "STAGES.PRETRAIN", "False"]
    cfg = resolved("table2b/softmax.yaml", "mini", *opts)
    check_inputs(cfg)
    assert cfg.DATASETS.PROPOSAL_FILES_TRAIN == ()


def test_names_of_backbones():
    """As the field writes them."""
    assert backbone_name(load_cfg("table2b/sigmoid.yaml")) == "R-50"
    groups = ["MODEL.RESNETS.NUM_GROUPS", "64", "MODEL.RESNETS.WIDTH_PER_GROUP", "4"]
    assert backbone_name(load_cfg("table2b/sigmoid.yaml", "paper", groups)) == "X-50-64x4d"
