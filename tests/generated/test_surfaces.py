"""Patterns and light on objects."""

import numpy as np

from mask_rcnn_paper.generated.surfaces import cover, light

PLAIN = np.full((60, 40, 3), 160, np.uint8)


def test_light_only_darkens():
    """By a factor between about 0.5 and 1, which is the same for the three colours."""
    lit = light(np.random.default_rng(0), np.full((40, 60, 3), 200, np.uint8))
    assert 90 < lit.min() < lit.max() <= 200
    assert (lit == lit[..., :1]).all()


def test_some_objects_have_a_pattern():
    """Light changes slowly, so an edge within the object is a pattern's."""
    edges = [
        np.abs(np.diff(cover(np.random.default_rng(s), PLAIN)[..., 0].astype(int), axis=0)).max() for s in range(200)
    ]
    assert (
        0.05 < np.mean(np.array(edges) > 15) < 0.15
    )  # of three in twenty; a third of the patterns are blotches, without edges


def test_patterns_keep_an_object_dark_enough():
    """They and light change brightness by a third up, and by two thirds down at most."""
    for seed in range(40):
        covered = cover(np.random.default_rng(seed), PLAIN)
        assert 160 * 0.3 < covered.min() <= covered.max() <= 160 * 1.3
