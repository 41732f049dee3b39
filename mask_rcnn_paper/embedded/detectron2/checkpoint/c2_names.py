"""Parameter names of Caffe2 ImageNet backbones, as those of detectron2's ResNet."""

import re
from collections.abc import Iterable

_PARAMETER = {
    "w": "weight",
    "b": "bias",
    "bn_s": "norm.weight",
    "bn_b": "norm.bias",
    "bn_rm": "norm.running_mean",
    "bn_riv": "norm.running_var",
    "gn_s": "norm.weight",
    "gn_b": "norm.bias",
}
_BRANCH = {"1": "shortcut", "2a": "conv1", "2b": "conv2", "2c": "conv3"}
_SUFFIX = "|".join(sorted(_PARAMETER, key=len, reverse=True))
_STEM = re.compile(rf"(?:res_)?conv1_({_SUFFIX})")
_BLOCK = re.compile(rf"res(\d+)_(\d+)_branch(1|2a|2b|2c)_({_SUFFIX})")
_OTHER = re.compile(r"(.+)_(w|b)")


def convert_c2_name(blob: str) -> str:
    """Name in detectron2's ResNet of one blob.

    `conv1_w` and `res_conv1_bn_s` belong to the stem; `res2_0_branch2a_w` is the first convolution of res2's
    first block, `branch1` its shortcut. Other blobs, such as `fc1000_w`, only get their ending spelled out.

    Args:
        blob: Name in the Caffe2 file.

    Returns:
        Dotted name, without a prefix such as `backbone.`.
    """
    if match := _STEM.fullmatch(blob):
        return f"stem.conv1.{_PARAMETER[match[1]]}"
    if match := _BLOCK.fullmatch(blob):
        stage, block, branch, parameter = match.groups()
        return f"res{stage}.{block}.{_BRANCH[branch]}.{_PARAMETER[parameter]}"
    if match := _OTHER.fullmatch(blob):
        return f"{match[1]}.{_PARAMETER[match[2]]}"
    return blob


def convert_c2_names(blobs: Iterable[str]) -> dict[str, str]:
    """Names in detectron2's ResNet by blob name, without the optimiser's blobs (`..._momentum`, `lr`)."""
    return {blob: convert_c2_name(blob) for blob in blobs if not blob.endswith("_momentum") and blob != "lr"}
