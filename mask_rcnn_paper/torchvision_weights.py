"""Make torchvision's ImageNet weights of a ResNet or ResNeXt those of a backbone here.

python -m mask_rcnn_paper.torchvision_weights resnet50-0676ba61.pth R-50-torchvision.pth

They were trained on RGB images in [0, 1], with strides in 3x3 convolutions; the KEY VALUE pairs that say so to a config
are printed. Differs from detectron2's default, the authors' Caffe2 weights, which see BGR in [0, 255].
"""

import argparse
import re
import shlex
import sys
from collections.abc import Mapping, Sequence

import torch

from mask_rcnn_paper.errors import one_line_errors
from mask_rcnn_paper.terminal import parse_words, say
from mask_rcnn_paper.training.checkpoint import write_checkpoint
from mask_rcnn_paper.training.weights import read_tensors

PROGRAM = "mask_rcnn_paper.torchvision_weights"
# torchvision's mean and deviation of pixels, in [0, 255].
OPTS = (
    *("INPUT.FORMAT", "RGB", "MODEL.RESNETS.STRIDE_IN_1X1", "False"),
    *("MODEL.PIXEL_MEAN", "[123.675, 116.28, 103.53]", "MODEL.PIXEL_STD", "[58.395, 57.12, 57.375]"),
)
# In order: torchvision's name for detectron2's.
_NAMES = (
    (r"^layer(\d)\.", lambda match: f"res{int(match[1]) + 1}."),
    (r"^(conv1|bn1)\.", r"stem.\1."),
    (r"bn(\d)\.", r"conv\1.norm."),
    (r"downsample\.0\.", "shortcut."),
    (r"downsample\.1\.", "shortcut.norm."),
)


def convert(weights: Mapping[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    """Weights by detectron2's names, without the classifier and the counts of batches.

    Args:
        weights: The `state_dict` of a torchvision `ResNet` with bottlenecks.

    Raises:
        ValueError: these are others.
    """
    kept = {n: v for n, v in weights.items() if not n.startswith("fc.") and not n.endswith("num_batches_tracked")}
    if not {"conv1.weight", "layer1.0.conv3.weight", "layer4.0.downsample.0.weight"} <= kept.keys():
        raise ValueError("they are not those of a torchvision ResNet-50, 101, 152 or ResNeXt: it has layer1.0.conv3")
    return {_renamed(name): value for name, value in kept.items()}


def _renamed(name: str) -> str:
    for pattern, replacement in _NAMES:
        name = re.sub(pattern, replacement, name)
    return name


def main(argv: Sequence[str] | None = None) -> int:
    """Read the one file and write the other; returns 0."""
    parser = argparse.ArgumentParser(prog=f"python -m {PROGRAM}", description=__doc__.partition("\n")[0])
    parser.add_argument("weights", metavar="IN.pth", help="file of torchvision, such as resnet50-0676ba61.pth")
    parser.add_argument("out", metavar="OUT.pth", help="file for MODEL.WEIGHTS")
    args = parse_words(parser, argv)
    with one_line_errors(PROGRAM):
        if not args.out.endswith(".pth"):
            raise ValueError(f"{args.out}: name a .pth file")
        converted = convert(_read(args.weights))
        # detectron2 finds the names of a backbone within those of a whole model.
        write_checkpoint(args.out, {"model": converted, "__author__": "torchvision", "matching_heuristics": True})
    say(f"{len(converted)} tensors in {args.out}; train with\n  MODEL.WEIGHTS {shlex.join([args.out, *OPTS])}")
    return 0


def _read(path: str) -> Mapping[str, torch.Tensor]:
    content = read_tensors(path, f"weights {path!r} are not there: download them from torchvision's page")
    if not isinstance(content, dict) or not all(isinstance(value, torch.Tensor) for value in content.values()):
        raise ValueError(f"{path!r} is not a file of weights by name, as torchvision's are")
    return content


if __name__ == "__main__":
    sys.exit(main())
