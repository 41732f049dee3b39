"""The trainer of every row."""

import torch

from mask_rcnn_paper.hooks import ProgressHook
from mask_rcnn_paper.results import read_result
from mask_rcnn_paper.scales import load_cfg
from mask_rcnn_paper.trainer import Trainer


def test_testing_leaves_a_result(tmp_path):
    """Wherever the trainer evaluates, the metrics land in result.json."""
    opts = ["OUTPUT_DIR", str(tmp_path), "MODEL.DEVICE", "cpu", "MODEL.LOAD_PROPOSALS", "False"]
    opts += ["MODEL.PROPOSAL_GENERATOR.NAME", "RPN", "MODEL.ROI_HEADS.SCORE_THRESH_TEST", "2.0"]
    cfg = load_cfg("table2b/sigmoid.yaml", "smoke", opts)
    torch.manual_seed(0)
    metrics = Trainer.test(cfg, Trainer.build_model(cfg))
    assert set(metrics) == {"bbox"}
    assert read_result(tmp_path)["metrics"]["bbox"]["AP"] is None
    assert (tmp_path / "inference" / "smoke_val" / "coco_instances_results.json").is_file()


def test_progress_is_reported(tmp_path):
    """The trainer's hooks are detectron2's and the progress file."""
    opts = ["OUTPUT_DIR", str(tmp_path), "MODEL.DEVICE", "cpu", "MODEL.LOAD_PROPOSALS", "False"]
    cfg = load_cfg("rpn/r50_c4.yaml", "smoke", opts)
    hooks = Trainer(cfg).build_hooks()
    assert isinstance(hooks[-1], ProgressHook) and len(hooks) > 1
