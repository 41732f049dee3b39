import random

import numpy as np
import pytest
import torch
from detectron2.utils.env import collect_env_info, seed_all_rng

pytestmark = pytest.mark.usefixtures("unchanged_generators")


def draw():
    return random.random(), np.random.rand(), torch.rand(1).item()


def test_a_seed_fixes_all_generators():
    """Equal seeds give equal numbers in Python, numpy and torch; another seed gives others in each."""
    seed_all_rng(3)
    first = draw()
    seed_all_rng(3)
    assert draw() == first
    seed_all_rng(4)
    assert all(a != b for a, b in zip(draw(), first, strict=True))


def test_no_seed_draws_one():
    """Without a seed, two calls differ."""
    seed_all_rng(None)
    first = draw()
    seed_all_rng(None)
    assert draw() != first


def test_environment():
    """The description names the provider, torch and Python with their versions."""
    rows = dict(line.split(maxsplit=1) for line in collect_env_info().splitlines() if " " in line and line[0] != "-")
    assert rows["torch"].strip() == torch.__version__
    assert {"detectron2", "Python", "numpy", "GPU"} <= set(rows)
