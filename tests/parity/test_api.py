"""Names and signatures are detectron2's: argument names, order, kinds and defaults; annotations are ignored."""

import ast
import importlib
import inspect
import json
import re
from pathlib import Path

import detectron2
import pytest

RECORDED = json.loads((Path(__file__).parent / "data" / "api.json").read_text())
ENTRIES = [(module, name) for module, names in RECORDED.items() for name in names]
EMBEDDED = detectron2.__version__.endswith("+embedded")

LEFT_OUT = {
    "AugInput.apply_augmentations": "no caller",
    "BitMasks.from_polygon_masks": "no caller",
    "BitMasks.from_roi_masks": "no caller",
    "BitMasks.get_bounding_boxes": "no caller",
    "Boxes.get_centers": "no caller",
    "COCOeval_opt": "compiled",
    "CityscapesInstanceEvaluator": "cityscapes: not yet",
    "ColorMode": "visualizer: not yet",
    "DatasetMapperTTA": "TTA: not yet",
    "EventStorage.clear_histograms": "no caller",
    "EventStorage.clear_images": "no caller",
    "EventStorage.name_scope": "no caller",
    "EventStorage.put_histogram": "no caller",
    "EventStorage.put_image": "no caller",
    "EventStorage.smoothing_hints": "no caller",
    "EventStorage.step": "no caller",
    "FastRCNNOutputLayers.get_fed_loss_classes": "federated loss",
    "FastRCNNOutputLayers.sigmoid_cross_entropy_loss": "federated loss",
    "FrozenBatchNorm2d.convert_frozenbatchnorm2d_to_batchnorm2d": "no caller",
    "GeneralizedRCNN.visualize_training": "visualizer: not yet",
    "GeneralizedRCNNWithTTA": "TTA: not yet",
    "PolygonMasks.area": "no caller",
    "PolygonMasks.get_bounding_boxes": "no caller",
    "ResNet.make_default_stages": "no caller",
    "Resize": "no caller",
    "SimpleTrainer.reset_data_loader": "no caller",
    "Visualizer": "visualizer: not yet",
    "log_first_n": "no caller",
    "reduce_dict": "no caller",
}
"""What the embedded core lacks, and why; a class stands for its methods."""

DIFFERENT = {
    "Backbone.forward": "abstract: names the argument that every subclass takes",
}
"""Signatures in which the embedded core departs from detectron2, and why."""


def listed(name, reasons):
    return EMBEDDED and (name in reasons or name.partition(".")[0] in reasons)


def find(module, name):
    found = importlib.import_module(module)
    for part in name.split("."):
        found = getattr(found, part)
    return found


def exists(module, name):
    try:
        return find(module, name) is not None
    except (ImportError, AttributeError):
        return False


def signature(function):
    """Arguments with kinds and defaults, without annotations, as text."""
    text = re.sub(r"<[^<>]*>", lambda found: repr(found[0]), str(inspect.signature(function)))  # defaults such as NMS
    arguments = ast.parse(f"def f{text}: ...").body[0].args
    for argument in ast.walk(arguments):
        if isinstance(argument, ast.arg):
            argument.annotation = None
    return ast.unparse(arguments)


@pytest.mark.parametrize(("module", "name"), [entry for entry in ENTRIES if not listed(entry[1], LEFT_OUT)])
def test_offered(module, name):
    """The name is there, and is called as in detectron2."""
    found = find(module, name)
    expected = RECORDED[module][name]
    if expected is None or listed(name, DIFFERENT):
        return
    assert signature(found.__init__ if inspect.isclass(found) else found) == expected


@pytest.mark.parametrize("name", LEFT_OUT)
def test_left_out(name):
    """A name on the list is recorded; the core lacks it everywhere, detectron2 nowhere."""
    modules = [module for module, recorded in ENTRIES if recorded == name]
    assert {exists(module, name) for module in modules} == {not EMBEDDED}


@pytest.mark.parametrize("name", DIFFERENT)
def test_different(name):
    """A signature on the list differs in the core, and is as recorded in detectron2."""
    modules = [module for module, recorded in ENTRIES if recorded == name]
    assert {signature(find(module, name)) == RECORDED[module][name] for module in modules} == {not EMBEDDED}
