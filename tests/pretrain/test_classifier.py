import os
import pickle

import numpy as np
import pytest
import torch
from detectron2.config import CfgNode
from detectron2.modeling import build_backbone

from mask_rcnn_paper.files import read_json
from mask_rcnn_paper.generated.cache import CACHE_VARIABLE
from mask_rcnn_paper.pretrain.__main__ import main
from mask_rcnn_paper.pretrain.classifier import Classifier, Crops, pretrain
from mask_rcnn_paper.scales import load_cfg
from mask_rcnn_paper.stages import PRETRAINED_WEIGHTS
from mask_rcnn_paper.training.progress import PROGRESS_FILE
from mask_rcnn_paper.training.result_file import RESULT_FILE
from tests import dying

ROW = "table2b/softmax.yaml"


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv(CACHE_VARIABLE, str(tmp_path / "cache"))


def _words(output_dir) -> list[str]:
    widths = ("MODEL.RESNETS.STEM_OUT_CHANNELS", "4", "MODEL.RESNETS.RES2_OUT_CHANNELS", "8")
    small = ("PRETRAIN.CROP_SIZE", "32", "MODEL.DEVICE", "cpu", "OUTPUT_DIR", str(output_dir))
    return [*widths, "MODEL.RESNETS.WIDTH_PER_GROUP", "4", *small]


def _tiny(output_dir, *opts: str) -> CfgNode:
    return load_cfg(ROW, "smoke", [*_words(output_dir), *opts])


def test_writes_weights_result_and_progress(tmp_path):
    """A run leaves weights of conv1 to res5 with running statistics, the accuracy, and its progress."""
    pretrain(_tiny(tmp_path))
    checkpoint = pickle.loads((tmp_path / PRETRAINED_WEIGHTS).read_bytes())
    assert checkpoint["__author__"]
    assert checkpoint["matching_heuristics"] is True
    weights = checkpoint["model"]
    assert weights["stem.conv1.weight"].shape == (4, 3, 7, 7)
    assert all(isinstance(w, np.ndarray) and np.isfinite(w).all() for w in weights.values())
    assert "res5.2.conv3.norm.running_var" in weights
    assert not [n for n in weights if "linear" in n or "num_batches" in n]
    assert 0 <= read_json(tmp_path / RESULT_FILE)["metrics"]["classification"]["accuracy"] <= 100
    assert read_json(tmp_path / PROGRESS_FILE)["done"] == read_json(tmp_path / PROGRESS_FILE)["total"] == 2
    assert not list(tmp_path.glob(".*.tmp"))


def test_weights_fit_the_row(tmp_path):
    """The names are those of the row's own frozen backbone, all of which are found."""
    cfg = _tiny(tmp_path)
    pretrain(cfg)
    weights = pickle.loads((tmp_path / PRETRAINED_WEIGHTS).read_bytes())["model"]
    expected = build_backbone(cfg).state_dict()
    assert {k: v.shape for k, v in expected.items()}.items() <= {
        k: torch.Size(v.shape) for k, v in weights.items()
    }.items()


def test_seed_fixes_weights(tmp_path):
    """Equal seeds give equal weights, whatever the global generator holds; another seed gives others."""
    runs = []
    for number, seed in enumerate(("3", "3", "4")):
        torch.manual_seed(number)
        pretrain(_tiny(tmp_path / str(number), "SEED", seed))
        runs.append(
            pickle.loads((tmp_path / str(number) / PRETRAINED_WEIGHTS).read_bytes())["model"]["res4.0.conv1.weight"]
        )
    np.testing.assert_array_equal(runs[0], runs[1])
    assert (runs[0] != runs[2]).any()


def test_blocks_start_as_identities(tmp_path):
    """The last normalisation of every residual block starts at zero, and all layers are trained."""
    model = Classifier(_tiny(tmp_path))
    last = [p for n, p in model.named_parameters() if n.endswith("conv3.norm.weight")]
    assert len(last) == 16
    assert not any(p.any() for p in last)
    assert all(p.requires_grad for p in model.parameters())


def test_augmentation_keeps_range_and_labels():
    """Augmented batches hold pixels in [0, 255]; without a generator batches are always the same."""
    crops = Crops(20, 32, seed=5)
    images, labels = crops.batch(np.arange(20), np.random.default_rng(0))
    assert images.shape == (20, 3, 32, 32)
    assert images.min() >= 0
    assert images.max() <= 255
    assert labels.tolist() == [*range(12), *range(8)]
    plain, _ = crops.batch(np.arange(20))
    again, _ = crops.batch(np.arange(20))
    torch.testing.assert_close(plain, again)
    assert (plain != images).any()


def test_paper_scale_is_refused(capsys):
    """At the paper's scale there is nothing to pre-train: one line and exit code 2."""
    with pytest.raises(SystemExit) as stop:
        main(["--config-file", ROW, "--scale", "paper"])
    assert stop.value.code == 2
    assert "ImageNet" in capsys.readouterr().err


def weights(folder):
    """What a pre-training left."""
    return pickle.loads((folder / PRETRAINED_WEIGHTS).read_bytes())["model"]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("path", "left"), [("model_0000003.pth", 4), ("model_0000005.pth", 2), (PRETRAINED_WEIGHTS, 0)]
)
def test_interrupted_pretraining_goes_on(tmp_path, monkeypatch, path, left):
    """Stopped while it saves a checkpoint or its weights, it resumes, and ends with the same weights bit for bit."""
    monkeypatch.setattr("mask_rcnn_paper.pretrain.classifier._CHECKPOINT_PERIOD", 2)
    opts = ("PRETRAIN.MAX_ITER", "6")
    pretrain(_tiny(tmp_path / "whole", *opts))
    cut, replace = tmp_path / "cut", os.replace

    def interrupted(source, target):
        if str(target).endswith(path):
            raise KeyboardInterrupt
        replace(source, target)

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(os, "replace", interrupted)
        pretrain(_tiny(cut, *opts))
    assert not (cut / PRETRAINED_WEIGHTS).exists()
    drawn = []
    monkeypatch.setattr(Crops, "batch", lambda *args, batch=Crops.batch: drawn.append(len(args)) or batch(*args))
    pretrain(_tiny(cut, *opts), resume=True)
    assert drawn.count(3) == left
    whole = weights(tmp_path / "whole")
    assert weights(cut).keys() == whole.keys()
    assert all(np.array_equal(value, whole[name]) for name, value in weights(cut).items())
    assert read_json(cut / RESULT_FILE)["metrics"] == read_json(tmp_path / "whole" / RESULT_FILE)["metrics"]


def test_without_resume_it_begins_anew(tmp_path, monkeypatch):
    """Checkpoints of an earlier run are not used unless asked for."""
    drawn = []
    monkeypatch.setattr(Crops, "batch", lambda *args, batch=Crops.batch: drawn.append(len(args)) or batch(*args))
    for flags, batches in (([], 2), (["--resume"], 2), ([], 4)):
        main(["--config-file", ROW, "--scale", "smoke", *flags, *_words(tmp_path)])
        assert drawn.count(3) == batches


def test_a_full_disk_is_one_line(tmp_path, monkeypatch, capsys):
    """Exit code 2, and the name of the file."""
    dying.full_disk(monkeypatch.setattr, PRETRAINED_WEIGHTS)
    with pytest.raises(SystemExit) as stop:
        main(["--config-file", ROW, "--scale", "smoke", *_words(tmp_path)])
    assert stop.value.code == 2
    assert f"error: disk full: cannot write {tmp_path / PRETRAINED_WEIGHTS}" in capsys.readouterr().err


def test_finer_classes_have_a_larger_classifier(tmp_path):
    """Of the same backbone: its weights have the same names and shapes."""
    cfg = _tiny(tmp_path, "PRETRAIN.CLASSES", "fine")
    assert Classifier(cfg).linear.out_features == 36
    assert Crops(36, 32, seed=11, fine=True).labels.max() == 35
    fine = {name: weight.shape for name, weight in Classifier(cfg).backbone.state_dict().items()}
    assert fine == {name: weight.shape for name, weight in Classifier(_tiny(tmp_path)).backbone.state_dict().items()}
    pretrain(cfg)
    assert (tmp_path / PRETRAINED_WEIGHTS).is_file()
