"""The command, on checkpoints of whole models."""

import json
import re

import pytest
import torch
from detectron2.checkpoint import DetectionCheckpointer
from detectron2.modeling import build_model

from mask_rcnn_paper.files import read_json
from mask_rcnn_paper.scales import load_cfg
from mask_rcnn_paper.transfer.__main__ import class_names, main
from mask_rcnn_paper.transfer.weights_file import read_weights

OPTS = ["MODEL.DEVICE", "cpu", "MODEL.WEIGHTS", "", "MODEL.RESNETS.DEPTH", "50"]
ROW = "table2a/r50_fpn.yaml"


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory):
    """A training's last checkpoint at mini scale, of the twelve drawn classes."""
    path = tmp_path_factory.mktemp("source") / "model_final.pth"
    torch.manual_seed(0)
    model = build_model(load_cfg(ROW, "mini", OPTS))
    torch.save({"model": model.state_dict(), "optimizer": {"state": 1}, "iteration": 1599}, path)
    return path


def words(checkpoint, out, *more):
    """A command line for the drawn classes."""
    return [str(checkpoint), str(out), "--from", "mini_train", "--to", "cityscapes", *more]


def test_a_detector_of_cityscapes_loads_it(checkpoint, tmp_path, capsys):
    """No name is missing and none is left; neither optimizer nor iteration is in the file."""
    out = tmp_path / "out.pth"
    assert main(words(checkpoint, out, "--report", str(tmp_path / "report.json"))) == 0
    assert set(torch.load(out, weights_only=True)) == {"model", "__author__"}
    model = build_model(load_cfg(ROW, "mini", [*OPTS, "MODEL.ROI_HEADS.NUM_CLASSES", "8"]))
    left = DetectionCheckpointer(model).load(str(out))
    assert "iteration" not in left
    source = read_weights(str(checkpoint))
    state = model.state_dict()
    assert set(source) == set(state)
    cars = [
        t[2] for t in (state["roi_heads.mask_head.predictor.weight"], source["roi_heads.mask_head.predictor.weight"])
    ]
    assert torch.equal(*cars)
    changed = {name for name in source if source[name].shape != state[name].shape}
    assert changed == set(read_json(tmp_path / "report.json")["layers"])
    text = capsys.readouterr().out
    assert "rider       drawn from N(mean, std), seed 0" in text
    assert "truck       copied from truck" in text
    assert re.search(r"roi_heads.box_predictor.bbox_pred.weight +48x256 +32x256\n", text)


def test_the_report(checkpoint, tmp_path):
    """Classes, layers and counts as JSON."""
    main(words(checkpoint, tmp_path / "out.pth", "--seed", "3", "--report", str(tmp_path / "report.json")))
    report = read_json(tmp_path / "report.json")
    assert report["classes"]["rider"] is None
    assert report["classes"]["background"] == "background"
    assert report["layers"]["roi_heads.box_predictor.cls_score.bias"] == [[13], [9]]
    assert report["metrics"]["transfer"] | {"kept": 0} == {"copied": 7, "drawn": 1, "kept": 0}
    assert report["seed"] == 3


@pytest.mark.parametrize("word, drawn", [("rider=person", 0), ("all_random", 8)])
def test_the_authors_other_maps(checkpoint, tmp_path, word, drawn):
    """The rider from the person, and all anew."""
    main(words(checkpoint, tmp_path / "out.pth", "--map", word, "--report", str(tmp_path / "report.json")))
    assert read_json(tmp_path / "report.json")["metrics"]["transfer"]["drawn"] == drawn


def test_between_any_two_files_in_cocos_format(checkpoint, tmp_path):
    """By the names of their categories, in the order of their ids."""
    names = class_names("mini_train")
    for file, order in (("a.json", names), ("b.json", ["fox", *names[::-1][:3]])):
        image = {"id": 1, "file_name": "1.png", "height": 4, "width": 4}
        categories = [{"id": 10 * i + 5, "name": name} for i, name in enumerate(order)]
        content = {"images": [image], "annotations": [], "categories": categories[::-1]}
        (tmp_path / file).write_text(json.dumps(content))
    out = tmp_path / "out.pth"
    files = ["--from", str(tmp_path / "a.json"), "--to", str(tmp_path / "b.json")]
    main([str(checkpoint), str(out), *files, "--map", "fox=dog"])
    bias = "roi_heads.box_predictor.cls_score.bias"
    before, after = read_weights(str(checkpoint))[bias], read_weights(str(out))[bias]
    assert torch.equal(after, before[[names.index("dog"), 11, 10, 9, 12]])


@pytest.mark.parametrize(
    "change, message",
    [
        (["--from", "coco"], "has 12 classes, --from coco has 80: name those it has"),
        (["--from", "nothing"], "classes 'nothing': give coco, cityscapes, a registered dataset"),
        (["--map", "rider=cat"], "--map rider=cat: the source has no class 'cat'"),
        (["--to", "coco"], "the source has no class airplane, boat"),
        (["--from", "no.json"], "annotation file 'no.json' does not exist"),
    ],
)
def test_bad_input_is_one_line(checkpoint, tmp_path, capsys, change, message):
    """And exit code 2; nothing is written."""
    with pytest.raises(SystemExit) as stopped:
        main(words(checkpoint, tmp_path / "out.pth", *change))
    assert stopped.value.code == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("mask_rcnn_paper.transfer: error: ")
    assert message in line
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "file, message", [("none.pth", "does not exist"), ("bad.pth", "is not a checkpoint that detectron2 reads")]
)
def test_bad_checkpoints_are_one_line(tmp_path, capsys, file, message):
    """A file that is not there, and one that was cut short."""
    (tmp_path / "bad.pth").write_bytes(b"PK\x03\x04")
    with pytest.raises(SystemExit):
        main(words(tmp_path / file, tmp_path / "out.pth"))
    assert message in capsys.readouterr().err


def test_a_layer_of_other_classes_names_the_file(checkpoint, tmp_path, capsys):
    """And the layer."""
    content = torch.load(checkpoint, weights_only=True)
    content["model"]["roi_heads.box_predictor.bbox_pred.bias"] = torch.zeros(50)
    torch.save(content, tmp_path / "w.pth")
    with pytest.raises(SystemExit):
        main(words(tmp_path / "w.pth", tmp_path / "out.pth"))
    assert "w.pth': roi_heads.box_predictor.bbox_pred.bias has 50 rows" in capsys.readouterr().err


def test_what_is_drawn_is_finite(checkpoint, tmp_path, capsys):
    """The deviation of weights of 1e300 is not."""
    content = torch.load(checkpoint, weights_only=True)
    content["model"]["roi_heads.box_predictor.cls_score.bias"] = torch.linspace(-1e300, 1e300, 13, dtype=torch.float64)
    torch.save(content, tmp_path / "w.pth")
    with pytest.raises(SystemExit):
        main(words(tmp_path / "w.pth", tmp_path / "out.pth"))
    assert "w.pth': what is drawn of its layers has NaN or infinite values" in capsys.readouterr().err
    assert not (tmp_path / "out.pth").exists()


def test_weights_that_are_no_numbers_are_refused(tmp_path):
    """Before anything is made of them."""
    torch.save({"model": {"a": torch.tensor([1.0, float("nan")])}}, tmp_path / "w.pth")
    with pytest.raises(ValueError, match="w.pth' has NaN or infinite values in 1 of"):
        read_weights(str(tmp_path / "w.pth"))
