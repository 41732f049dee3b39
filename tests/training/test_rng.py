"""The global generators."""

import random

import numpy as np
import pytest
import torch

from mask_rcnn_paper.training.rng import get_rng_state, kept_rng_state, set_rng_state


def draw():
    """A number of each generator; numpy's normal ones come in pairs, of which it keeps the second."""
    return random.random(), np.random.rand(), np.random.randn(), torch.rand(1).item()


def test_restored_generators_repeat_themselves(tmp_path):
    """After a state came back from a file, read without unpickling objects, the numbers are the same again."""
    with kept_rng_state():
        draw()
        torch.save(get_rng_state(), tmp_path / "state.pth")
        first = draw()
        set_rng_state(torch.load(tmp_path / "state.pth", weights_only=True))
        assert draw() == first


def test_what_is_drawn_inside_does_not_show():
    """Also where the block ends in an error."""
    with kept_rng_state():
        state = get_rng_state()
        expected = draw()
        set_rng_state(state)
        with pytest.raises(KeyError), kept_rng_state():
            draw()
            raise KeyError
        assert draw() == expected
