"""Multiplicities of a bootstrap over images."""

import numpy as np

from mask_rcnn_paper.coco.bootstrap import bootstrap_weights


def test_each_replicate_has_as_many_images_as_there_are():
    """Whole numbers from 0 on, which sum to the number of images."""
    weights = bootstrap_weights(7, 50, seed=0)
    assert weights.shape == (50, 7)
    assert weights.dtype.kind == "i"
    assert weights.min() == 0
    assert (weights.sum(axis=1) == 7).all()


def test_a_seed_fixes_everything():
    """Equal seeds pair two models; another seed is another sample. The numbers are those they have always been."""
    np.testing.assert_array_equal(bootstrap_weights(5, 3, seed=1), bootstrap_weights(5, 3, seed=1))
    assert (bootstrap_weights(5, 3, seed=1) != bootstrap_weights(5, 3, seed=2)).any()
    assert bootstrap_weights(4, 2, seed=0).tolist() == [[0, 1, 2, 1], [3, 1, 0, 0]]


def test_weights_are_multinomial():
    """Mean 1, variance 1 - 1/n, covariance -1/n."""
    n = 10
    covariance = np.cov(bootstrap_weights(n, 20000, seed=3), rowvar=False)
    np.testing.assert_allclose(covariance, np.eye(n) - 1 / n, atol=0.05)
