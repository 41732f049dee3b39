"""Resampling of images for a paired bootstrap: how much a number would differ on other images of the same kind."""

import numpy as np


def bootstrap_weights(images: int, replicates: int, seed: int) -> np.ndarray:
    """How often each image occurs in each replicate, which draws as many images as there are, with replacement.

    Equal arguments give equal weights: used for two models on the same images, differences are paired.

    Args:
        images: How many there are, at least 1.
        replicates: How many samples are drawn.
        seed: From 0 on.

    Returns:
        (replicates, images) whole numbers from 0 on; each line sums to `images`.
    """
    drawn = np.random.default_rng(seed).integers(images, size=(replicates, images))
    return np.stack([np.bincount(line, minlength=images) for line in drawn])
