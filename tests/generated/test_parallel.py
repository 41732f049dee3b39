"""Many calls on all cores."""

import numpy as np

from mask_rcnn_paper.generated import parallel


def test_map_indices_keeps_order(monkeypatch):
    """Results come in order, from one process and from several."""
    assert list(parallel.map_indices(np.square, 10, "squares")) == [i * i for i in range(10)]
    monkeypatch.setattr(parallel, "_SMALL", 1)
    assert list(parallel.map_indices(np.square, 10, "squares")) == [i * i for i in range(10)]
