"""AP as Cityscapes' own script computes it, which is not COCO's AP: on the same predictions they differ by many points.

The script averages over ten overlaps and eight classes as COCO does. Differences: instances below 100 pixels count
neither as found nor as missed; a prediction that lies mostly on groups or on void pixels is forgiven; an overlap must
exceed its threshold; precision is not made monotone and is integrated step by step, each step shared by its two ends;
nothing limits the predictions of an image.
"""

import copy
import importlib.metadata
import types
import warnings
from collections.abc import Sequence
from functools import cache
from pathlib import Path

import numpy as np

from mask_rcnn_paper.cityscapes.folders import INSTANCE_IDS
from mask_rcnn_paper.cityscapes.labels import CLASS_IDS
from mask_rcnn_paper.cityscapes.submission import prediction_file


def protocol_version() -> str:
    """Name and version of what computes these numbers, as a result has them."""
    return f"cityscapesscripts {importlib.metadata.version('cityscapesscripts')}"


def average_precision(predictions: Path, labels: Sequence[Path]) -> dict[str, float]:
    """Metrics of a folder of predictions on images whose labels are the files `gtFine_instanceIds`.

    Returns:
        AP, AP50, and AP-CLASS of each of the eight, in percent; NaN for a class of which there is no instance to find,
        and which AP leaves out.

    Raises:
        ValueError: no labels, or an image without a file of predictions.
    """
    script = _script()
    names = [path.name.removesuffix(f"_{INSTANCE_IDS}.png") for path in labels]
    lists = [prediction_file(predictions, name) for name in names]
    if not labels:
        raise ValueError(f"no labels to evaluate {predictions} on")
    if missing := [path for path in lists if not path.is_file()]:
        raise ValueError(f"{len(missing)} images have no predictions, such as {missing[0]}")
    args = copy.copy(script.args)
    args.quiet, args.predictionPath = True, str(predictions.absolute())
    script.setInstanceLabels(args)
    truth = [str(path.absolute()) for path in labels]
    # What the script's `evaluateImgLists` does, without its files: it leaves a "matches.json" in the current folder.
    matches = script.matchGtWithPreds([str(path) for path in lists], truth, script.instances2dict(truth), args)
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Mean of empty slice", RuntimeWarning)
        averages = script.computeAverages(script.evaluateMatches(matches, args), args)
    by_class = {f"AP-{name}": averages["classes"][name]["ap"] for name in CLASS_IDS}
    found = {"AP": averages["allAp"], "AP50": averages["allAp50%"], **by_class}
    return {name: 100 * float(value) for name, value in found.items()}


@cache
def _script() -> types.ModuleType:
    """The script, which calls `numpy.in1d`: of numpy 2.4 and later it gets a copy that still has it."""
    from cityscapesscripts.evaluation import evalInstanceLevelSemanticLabeling as script

    if not hasattr(np, "in1d"):
        script.np = types.ModuleType("numpy")
        vars(script.np).update(vars(np), in1d=np.isin)
    return script
