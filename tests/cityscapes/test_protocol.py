"""Cityscapes' own AP, of predictions in its own format."""

import json
import math
import os
import subprocess
import sys

import numpy as np
import pytest
from PIL import Image
from pycocotools import mask as coco_mask

from mask_rcnn_paper.cityscapes.folders import INSTANCE_IDS
from mask_rcnn_paper.cityscapes.labels import CLASS_IDS
from mask_rcnn_paper.cityscapes.protocol import average_precision, protocol_version
from mask_rcnn_paper.cityscapes.submission import Prediction, write_predictions

SIZE = (60, 120)
SIDE = 11  # 121 pixels: the script leaves out what has less than 100
# Newer versions of numpy have no in1d, and count_nonzero gives what the command cannot write as JSON.
COMMAND = (
    "import numpy; numpy.in1d, count = getattr(numpy, 'in1d', numpy.isin), numpy.count_nonzero;"
    "numpy.count_nonzero = lambda a: int(count(a));"
    "import cityscapesscripts.evaluation.evalInstanceLevelSemanticLabeling as script;"
    "script.args.gtInstancesFile = 'gt.json';"  # else of an earlier run, beside the script
    "script.main()"
)


def encode(mask):
    """Compressed RLE."""
    return coco_mask.encode(np.asfortranarray(mask.astype(np.uint8)))


def square(x, y, side=SIDE):
    """(H, W) bool."""
    mask = np.zeros(SIZE, bool)
    mask[y : y + side, x : x + side] = True
    return mask


def write_labels(root, ids, frame="ulm_000000_000019"):
    """gtFine of one image; returns its path."""
    folder = root / "gtFine" / "val" / "ulm"
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{frame}_{INSTANCE_IDS}.png"
    Image.fromarray(ids).save(path)
    return path


def scene(rng=None):
    """(H, W) uint16 instance ids: one square of each class in a row, and a car more below."""
    ids = np.full(SIZE, 7, np.uint16)
    for column, key in enumerate(CLASS_IDS.values()):
        ids[square(2 + 14 * column, 2)] = 1000 * key
    ids[square(2, 30)] = 1000 * CLASS_IDS["car"] + 1
    return ids


def perfect(ids):
    """A prediction of every instance."""
    return [Prediction(encode(ids == v), int(v) // 1000, 0.9) for v in np.unique(ids) if v >= 1000]


def evaluate(tmp_path, ids, predictions, frame="ulm_000000_000019"):
    """Metrics of one image."""
    folder = tmp_path / "predictions"
    folder.mkdir(exist_ok=True)
    write_predictions(folder, {f"x/{frame}_leftImg8bit.png": predictions})
    return average_precision(folder, [write_labels(tmp_path, ids, frame)])


def test_perfect_predictions_score_100(tmp_path):
    """AP, AP50 and every class; the names of the metrics are those of the tables."""
    metrics = evaluate(tmp_path, scene(), perfect(scene()))
    assert list(metrics) == ["AP", "AP50", *(f"AP-{name}" for name in CLASS_IDS)]
    assert list(metrics.values()) == pytest.approx([100.0] * 10)


def test_no_predictions_score_0(tmp_path):
    """And a class that has no instance has no AP, nor a part in the mean."""
    ids = scene()
    ids[ids == 1000 * CLASS_IDS["train"]] = 7
    metrics = evaluate(tmp_path, ids, [])
    assert math.isnan(metrics.pop("AP-train"))
    assert set(metrics.values()) == {0.0}


def test_ap_is_the_mean_over_classes_that_are_there(tmp_path):
    """Half of the cars found: an AP of 50 among seven of 100."""
    ids = scene()
    metrics = evaluate(tmp_path, ids, [p for p in perfect(ids) if p.label_id != CLASS_IDS["car"]] + [
        Prediction(encode(ids == 1000 * CLASS_IDS["car"]), CLASS_IDS["car"], 0.5)
    ])  # fmt: skip
    assert metrics["AP-car"] == pytest.approx(50.0)
    by_class = [value for name, value in metrics.items() if name.startswith("AP-")]
    assert metrics["AP"] == pytest.approx(np.mean(by_class)) == pytest.approx(750 / 8)


def test_an_overlap_must_exceed_its_threshold(tmp_path):
    """Half of a square is found at none of the thresholds, and 7 of its 11 columns at 0.5, 0.55 and 0.6."""
    ids = np.where(square(20, 20), 26000, 7).astype(np.uint16)
    part = square(20, 20)
    part[:, 27:] = False
    metrics = evaluate(tmp_path, ids, [Prediction(encode(part), 26, 0.9)])
    assert (metrics["AP-car"], metrics["AP50"]) == (pytest.approx(30.0), pytest.approx(100.0))
    whole = np.where(square(20, 20, 12), 26000, 7).astype(np.uint16)
    part = square(20, 20, 12)
    part[:, 26:] = False
    assert evaluate(tmp_path, whole, [Prediction(encode(part), 26, 0.9)])["AP50"] == 0.0


@pytest.mark.parametrize("what", ["group", "void", "tiny"])
def test_predictions_on_what_does_not_count_are_forgiven(tmp_path, what):
    """Groups of the class, void pixels, and instances below 100 pixels.

    On plain road the better score is a miss: recall goes from 1 at precision 0.5 to 0 at precision 0, and the script
    gives each end half of the step.
    """
    ids = np.where(square(2, 2), 26000, 7).astype(np.uint16)
    second, side = (60, 20), 9 if what == "tiny" else SIDE
    extra = Prediction(encode(square(*second, side)), 26, 0.95)
    road = evaluate(tmp_path, ids, [*perfect(ids), extra])
    assert road["AP-car"] == pytest.approx(25.0)
    ids[square(*second, side)] = {"group": 26, "void": 3, "tiny": 26001}[what]
    assert evaluate(tmp_path, ids, [*perfect(np.where(ids == 26001, 7, ids)), extra])["AP-car"] == pytest.approx(100.0)


def test_numbers_are_those_of_the_scripts_own_command(tmp_path):
    """On images with groups, tiny instances, wrong classes and masks that are a little off."""
    rng = np.random.default_rng(0)
    folder, labels, by_image = tmp_path / "results", [], {}
    folder.mkdir()
    for number in range(4):
        frame = f"ulm_{number:06d}_000019"
        ids = scene()
        ids[square(40, 45)], ids[square(80, 45, 6)] = 24, 26002
        labels.append(write_labels(tmp_path, ids, frame))
        found = []
        for p in perfect(ids):
            mask = np.roll(coco_mask.decode(p.mask), tuple(rng.integers(-2, 3, 2)), (0, 1))
            label = p.label_id if rng.random() < 0.8 else 26
            found.append(Prediction(encode(mask), label, float(rng.random())))
        by_image[f"{frame}_leftImg8bit.png"] = [*found, Prediction(encode(square(42, 45)), 24, 0.9)]
    write_predictions(folder, by_image)
    ours = average_precision(folder, labels)
    environ = {**os.environ, "CITYSCAPES_DATASET": str(tmp_path), "CITYSCAPES_RESULTS": str(folder)}
    ran = subprocess.run([sys.executable, "-c", COMMAND], env=environ, cwd=tmp_path, capture_output=True, text=True)
    assert ran.returncode == 0, ran.stderr
    result = json.loads((tmp_path / "evaluationResults" / "resultInstanceLevelSemanticLabeling.json").read_text())
    theirs = result["averages"]
    assert ours.pop("AP") == 100 * theirs["allAp"] != 0
    assert ours.pop("AP50") == 100 * theirs["allAp50%"]
    assert ours == {f"AP-{name}": 100 * theirs["classes"][name]["ap"] for name in CLASS_IDS}


def test_nothing_is_left_in_the_current_folder(tmp_path, monkeypatch):
    """The script's own command leaves its matches there."""
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    evaluate(tmp_path, scene(), perfect(scene()))
    assert list((tmp_path / "here").iterdir()) == []


def test_what_is_missing_is_named(tmp_path):
    """An image without predictions is no image without detections."""
    with pytest.raises(ValueError, match="1 images have no predictions, such as .*ulm_000000_000019_pred.txt"):
        average_precision(tmp_path, [write_labels(tmp_path, scene())])
    with pytest.raises(ValueError, match="no labels"):
        average_precision(tmp_path, [])


def test_the_protocol_says_its_version():
    """As results have it."""
    name, version = protocol_version().split()
    assert name == "cityscapesscripts"
    assert version[0].isdigit()
