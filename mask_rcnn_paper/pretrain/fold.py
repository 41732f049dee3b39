"""Bring the weights of a freshly trained classifier to the magnitudes at which the paper's recipe fine-tunes.

Behind batch normalisation the magnitude of a convolution's weights is free, and what the optimiser leaves behind can be
ten times that of a published ImageNet model. Frozen, it decides how fast the detector learns: gradients shrink as
weights grow. Both functions below leave what the network computes unchanged, up to a known factor on its output.
"""

import numpy as np

_EPSILON = 1e-5  # of batch normalisation, in torch and in detectron2


def fold_batch_norm(weights: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Move each normalisation's scale into the convolution before it, as published ImageNet models do.

    Args:
        weights: Of a ResNet under detectron2's names: `X.weight`, `X.norm.{weight,bias,running_mean,running_var}`.

    Returns:
        Weights of the same network with normalisations that only add a bias.
    """
    folded = dict(weights)
    for name in (key.removesuffix(".norm.running_var") for key in weights if key.endswith(".norm.running_var")):
        variance = weights[f"{name}.norm.running_var"]
        scale = weights[f"{name}.norm.weight"] / np.sqrt(variance + _EPSILON)
        folded[f"{name}.weight"] = weights[f"{name}.weight"] * scale[:, None, None, None]
        folded[f"{name}.norm.bias"] = weights[f"{name}.norm.bias"] - scale * weights[f"{name}.norm.running_mean"]
        folded[f"{name}.norm.weight"] = np.ones_like(scale)
        folded[f"{name}.norm.running_mean"] = np.zeros_like(scale)
        folded[f"{name}.norm.running_var"] = np.full_like(variance, 1 - _EPSILON)
    return folded


def scale_last_stage(weights: dict[str, np.ndarray], factor: float) -> dict[str, np.ndarray]:
    """Multiply what `res5` puts out by a positive factor.

    A residual stage is homogeneous in what its blocks add: every block's last layer and the first block's shortcut are
    multiplied, and the next block's first layer is divided. `weights` are as `fold_batch_norm` returns them.
    """
    scaled = dict(weights)
    for name in (name for name in weights if name.startswith("res5.")):
        _, block, layer = name.split(".", 2)
        if layer in ("conv3.weight", "shortcut.weight", "conv3.norm.bias", "shortcut.norm.bias"):
            scaled[name] = (weights[name] * factor).astype(weights[name].dtype)
        elif layer == "conv1.weight" and block != "0":
            scaled[name] = (weights[name] / factor).astype(weights[name].dtype)
    return scaled
