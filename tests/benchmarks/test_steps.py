"""Steps that are timed."""

import pytest
import torch

from benchmarks import steps
from mask_rcnn_paper.generated.scene import SceneSpec


@pytest.mark.parametrize("case", [steps.STOCK, steps.FLOAT32, steps.MIXED])
def test_a_step_leaves_the_weights_alone(monkeypatch, case):
    """So that every turn costs the same."""
    models = []
    build = steps.build_model
    monkeypatch.setattr(steps, "build_model", lambda cfg: models.append(build(cfg)) or models[-1])
    monkeypatch.setitem(steps.KINDS, "tiny", steps.Kind("table2b/sigmoid.yaml", "mini", SceneSpec(64, 64), 1))
    found = steps.cases("tiny", "cpu")
    before = [[p.detach().clone() for p in model.parameters()] for model in models]
    found[case]()
    assert any(p.grad is not None for model in models for p in model.parameters())
    assert all(
        torch.equal(p, q)
        for model, old in zip(models, before, strict=True)
        for p, q in zip(model.parameters(), old, strict=True)
    )
