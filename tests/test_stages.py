"""Places of the stages and their checks."""

import pytest
import torch
from detectron2.layers import FrozenBatchNorm2d
from detectron2.modeling import build_model

from mask_rcnn_paper.scales import load_cfg
from mask_rcnn_paper.stages import backbone_name, check_inputs, check_teacher, set_default_places
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


def test_features_are_shared_with_the_detector_of_the_second_step():
    """At every scale, and whatever pre-training there is; the RPN of the third step has a place of its own."""
    for scale in ("paper", "mini"):
        cfg = resolved("text/r101_fpn_shared.yaml", scale)
        assert cfg.MODEL.WEIGHTS == f"output/{scale}/table2a/r101_fpn/model_final.pth"
        (proposals,) = cfg.DATASETS.PROPOSAL_FILES_TEST
        assert proposals.startswith(f"output/{scale}/rpn/r101_fpn_shared/inference/")
        assert resolved("rpn/r101_fpn_shared.yaml", scale).MODEL.WEIGHTS == cfg.MODEL.WEIGHTS


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


def test_a_missing_detector_says_how_to_make_it(in_tmp_path):
    """The RPN of the third step names the command of the second; evaluation alone does not need it."""
    cfg = resolved("rpn/r101_fpn_shared.yaml", "mini")
    with pytest.raises(FileNotFoundError, match="--config-file configs/table2a/r101_fpn.yaml --scale mini`"):
        check_inputs(cfg)
    check_inputs(cfg, eval_only=True)


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


def test_weights_of_another_detector_have_a_place_and_a_command(in_tmp_path):
    """A row that starts from one says how to train and to transfer it; its own pre-training is not asked for."""
    cfg = resolved("table7/fine_coco.yaml", "mini")
    assert cfg.MODEL.WEIGHTS == "output/mini/transfer/table7/fine_coco/model_final.pth"
    for file in (*cfg.DATASETS.PROPOSAL_FILES_TRAIN, *cfg.DATASETS.PROPOSAL_FILES_TEST):
        (in_tmp_path / file).parent.mkdir(parents=True)
        (in_tmp_path / file).touch()
    check_inputs(cfg, eval_only=True)
    with pytest.raises(FileNotFoundError) as error:
        check_inputs(cfg)
    command = (
        "python -m mask_rcnn_paper.transfer output/mini/table2a/r50_fpn/model_final.pth "
        f"{cfg.MODEL.WEIGHTS} --from mini_train --to mini_cityscapes_train --map rider=random"
    )
    assert f"--config-file configs/table2a/r50_fpn.yaml --scale mini`, make them with `{command}`" in str(error.value)
    paper = resolved("table7/fine_coco.yaml", "paper")
    assert paper.MODEL.WEIGHTS == "output/paper/transfer/table7/fine_coco/model_final.pth"


def test_places_of_a_distillation_and_its_student():
    """The teacher's and its RPN's weights; then the annotations, and proposals for them beside the labelled ones."""
    distilled = resolved("distill/kp_x101_fpn.yaml", "mini")
    assert distilled.OUTPUT_DIR == "output/mini/distill/kp_x101_fpn"
    assert distilled.MODEL.WEIGHTS == "output/mini/table9/resnext/model_final.pth"
    assert distilled.STAGES.RPN_WEIGHTS == "output/mini/rpn/person_x101_fpn/model_final.pth"
    student = resolved("table9/data_distillation.yaml", "mini")
    assert student.MODEL.WEIGHTS == "output/mini/pretrain/X-101-64x1d/model_final.pkl"
    assert student.DATASETS.DISTILLED == "output/mini/distill/kp_x101_fpn/annotations.json"
    assert student.DATASETS.PROPOSAL_FILES_TRAIN == (
        "output/mini/rpn/person_x101_fpn/inference/mini_keypoints_train/box_proposals.npz",
        "output/mini/distill/kp_x101_fpn/box_proposals.npz",
    )


def test_missing_annotations_say_how_to_make_them(in_tmp_path):
    """A student names the distillation's command."""
    with pytest.raises(FileNotFoundError, match="mask_rcnn_paper.distill --config-file configs/distill/kp_x101_fpn.ya"):
        check_inputs(resolved("table9/data_distillation.yaml", "mini"))


def test_a_missing_teacher_says_how_to_train_it(in_tmp_path):
    """First its own weights, then those of its RPN."""
    cfg = resolved("distill/kp_x101_fpn.yaml", "mini")
    with pytest.raises(FileNotFoundError, match="train_net.py --config-file configs/table9/resnext.yaml --scale mini`"):
        check_teacher(cfg)
    cfg.MODEL.WEIGHTS = "https://somewhere/model.pkl"
    with pytest.raises(FileNotFoundError, match="STAGES.RPN_WEIGHTS.* --config-file configs/rpn/person_x101_fpn.yaml"):
        check_teacher(cfg)


def test_a_row_of_inference_has_the_weights_of_another():
    """By default those that the other row leaves; given ones are kept."""
    assert (
        resolved("table8/test_time_augm.yaml", "mini").MODEL.WEIGHTS == "output/mini/table8/non_local/model_final.pth"
    )
    assert resolved("table8/test_time_augm.yaml", "paper", "MODEL.WEIGHTS", "w.pth").MODEL.WEIGHTS == "w.pth"


@pytest.mark.parametrize("eval_only", [False, True])
def test_missing_weights_of_another_row_say_how_to_make_them(eval_only, in_tmp_path):
    """Its command; a training would not help."""
    expected = r"train_net.py --config-file configs/table8/non_local.yaml --scale mini`"
    with pytest.raises(FileNotFoundError, match=expected):
        check_inputs(resolved("table8/test_time_augm.yaml", "mini"), eval_only)


def test_weights_that_nobody_has_published_are_asked_for(in_tmp_path):
    """ResNeXt-101 pre-trained on ImageNet-5k; an address is left to the checkpointer."""
    cfg = resolved("table8/imagenet_5k.yaml", "paper")
    with pytest.raises(FileNotFoundError, match="ImageNet-5k-not-public.pkl' .MODEL.WEIGHTS. are not there"):
        check_inputs(cfg)
    check_inputs(cfg, eval_only=True)
    check_inputs(resolved("table8/deeper.yaml", "paper"))


def test_finer_classes_are_in_the_name_of_a_backbone():
    """So that their weights lie in another place."""
    assert backbone_name(resolved("table8/imagenet_5k.yaml", "mini")) == "X-101-64x1d-fine"
    with pytest.raises(ValueError, match="PRETRAIN.CLASSES='many': choose from categories, fine"):
        resolved("table8/imagenet_5k.yaml", "mini", "PRETRAIN.CLASSES", "many")
