"""The trainer of every row."""

import copy
from collections import Counter
from pathlib import Path

import pytest
import torch
from detectron2.data import DatasetCatalog
from detectron2.engine import SimpleTrainer

from mask_rcnn_paper.coco.backends import backend_version
from mask_rcnn_paper.files import read_json
from mask_rcnn_paper.scales import load_cfg
from mask_rcnn_paper.training.progress import PROGRESS_FILE
from mask_rcnn_paper.training.result_file import RESULT_FILE
from mask_rcnn_paper.training.trainer import ProgressHook, Trainer


def progress_of_steps(folder: Path, first: int, last: int, **options) -> dict:
    """What the file says after training from one step to another."""
    model = torch.nn.Linear(1, 1)
    model.forward = lambda data: {"loss": model.weight.sum() ** 2}
    trainer = SimpleTrainer(model, [{}] * 10, torch.optim.SGD(model.parameters(), 0.1))
    trainer.register_hooks([ProgressHook(str(folder), **options)])
    trainer.train(first, last)
    return read_json(folder / PROGRESS_FILE)


def test_progress_is_written_while_training_and_at_the_end(tmp_path):
    """After each period, and always after the last step, the file says how many steps are done."""
    record = progress_of_steps(tmp_path, 0, 3, period=1000.0)
    assert (record["done"], record["total"], record["stage"]) == (3, 3, "train")


def test_a_resumed_run_says_where_it_began(tmp_path):
    """So that its speed can be told."""
    record = progress_of_steps(tmp_path, 2, 3)
    assert (record["found"], record["done"]) == (pytest.approx(2 / 3), 3)


@pytest.mark.parametrize("backend", ["auto", "pycocotools"])
def test_testing_leaves_a_result(backend, tmp_path):
    """Wherever the trainer evaluates, result.json has metrics, the backend that was chosen, and what a model costs."""
    opts = ["OUTPUT_DIR", str(tmp_path), "MODEL.DEVICE", "cpu", "MODEL.LOAD_PROPOSALS", "False"]
    opts += ["MODEL.PROPOSAL_GENERATOR.NAME", "RPN", "MODEL.ROI_HEADS.SCORE_THRESH_TEST", "2.0"]
    cfg = load_cfg("table2b/sigmoid.yaml", "smoke", [*opts, "TEST.COCO_BACKEND", backend])
    torch.manual_seed(0)
    metrics = Trainer.test(cfg, Trainer.build_model(cfg))
    assert set(metrics) == {"bbox"}
    result = read_json(tmp_path / RESULT_FILE)
    assert result["metrics"]["bbox"]["AP"] is None
    assert result["coco_backend"] == backend_version("hotcoco" if backend == "auto" else backend)
    assert 0 < result["count"]["mask_head_parameters"] < result["count"]["parameters"]
    assert set(result["time"]) == {"run"}  # nothing was trained
    assert (tmp_path / "inference" / "smoke_val" / "coco_instances_results.json").is_file()


def test_testing_with_augmentation(tmp_path):
    """The trainer's evaluation looks at all views, says where it is, and leaves a result of the model alone."""
    opts = ["OUTPUT_DIR", str(tmp_path), "MODEL.DEVICE", "cpu", "MODEL.ROI_HEADS.SCORE_THRESH_TEST", "2.0"]
    opts += ["MODEL.LOAD_PROPOSALS", "False", "MODEL.PROPOSAL_GENERATOR.NAME", "RPN"]
    opts += ["TEST.AUG.ENABLED", "True", "TEST.AUG.MIN_SIZES", "(96, 192)"]
    cfg = load_cfg("table2b/sigmoid.yaml", "smoke", opts)
    torch.manual_seed(0)
    model = Trainer.build_model(cfg)
    sizes = Counter()
    model.backbone.register_forward_hook(lambda module, args, _: sizes.update({args[0].shape[2]: len(args[0])}))
    assert set(Trainer.test(cfg, model)) == {"bbox"}
    images = len(DatasetCatalog.get("smoke_val"))
    # Each size upright and mirrored; of one more view there are fields of no detection.
    assert sizes == {96: 3 * images, 192: 2 * images}
    assert read_json(tmp_path / PROGRESS_FILE)["stage"] == "write"
    assert read_json(tmp_path / RESULT_FILE)["count"]["mask_head_parameters"] > 0


def test_progress_is_reported(tmp_path):
    """The trainer's hooks are detectron2's and the progress file."""
    opts = ["OUTPUT_DIR", str(tmp_path), "MODEL.DEVICE", "cpu", "MODEL.LOAD_PROPOSALS", "False"]
    cfg = load_cfg("rpn/r50_c4.yaml", "smoke", opts)
    hooks = Trainer(cfg).build_hooks()
    assert isinstance(hooks[-1], ProgressHook)
    assert len(hooks) > 1


def trained_images(row: str, *opts: str) -> set[int]:
    """Ids of the images in some batches of the training loader at smoke scale."""
    opts = ("MODEL.DEVICE", "cpu", "MODEL.LOAD_PROPOSALS", "False", *opts)
    loader = iter(Trainer.build_train_loader(load_cfg(row, "smoke", opts)))
    return {sample["image_id"] for _ in range(20) for sample in next(loader)}


def test_rows_of_table_5_train_on_the_same_images(with_and_without_keypoints):
    """Whatever its branches, a row trains on the images with labelled keypoints alone."""
    with_keypoints, _ = with_and_without_keypoints
    for row in ("faster_rcnn", "mask_only", "keypoint_only", "keypoint_and_mask"):
        assert trained_images(f"table5/{row}.yaml") == with_keypoints
    assert trained_images("rpn/person_r50_fpn.yaml") == with_keypoints


def test_other_rows_train_on_all_images_with_objects(with_and_without_keypoints):
    """Without DATASETS.KEYPOINT_IMAGES_ONLY nothing is filtered but images without objects."""
    with_keypoints, persons_only = with_and_without_keypoints
    opts = ("DATASETS.KEYPOINT_IMAGES_ONLY", "False")
    assert trained_images("table5/mask_only.yaml", *opts) == with_keypoints | persons_only


@pytest.fixture
def with_and_without_keypoints():
    """Strip the keypoints of one image of smoke_keypoints_train; ids of the images with and without them."""
    name = "smoke_keypoints_train"
    load = DatasetCatalog.pop(name)
    dicts = [sample for sample in load() if any(not a["iscrowd"] for a in sample["annotations"])]
    for annotation in dicts[0]["annotations"]:
        annotation["keypoints"] = [0.0] * 51
    DatasetCatalog.register(name, lambda: copy.deepcopy(dicts))
    yield {sample["image_id"] for sample in dicts[1:]}, {dicts[0]["image_id"]}
    DatasetCatalog.remove(name)
    DatasetCatalog.register(name, load)


def test_a_value_that_no_builder_can_take_is_bad_input():
    """Whatever the builder stumbles over, such as a type."""
    cfg = load_cfg("rpn/r50_c4.yaml", "smoke", ["MODEL.DEVICE", "cpu", "MODEL.RPN.IOU_THRESHOLDS", "[[0.3, 0.7]]"])
    with pytest.raises(ValueError, match="no model can be built from this config .TypeError: "):
        Trainer.build_model(cfg)
