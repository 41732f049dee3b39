"""TensorMask is detectron2's project, from the same weights: losses, gradients, detections and masks."""

import json
from pathlib import Path

import pytest
from detectron2.modeling import build_model

from tests.parity.tensormask_numbers import CASES, measure, tensormask_cfg

RECORDED = json.loads((Path(__file__).parent / "data" / "tensormask.json").read_text())


@pytest.mark.parametrize("case", CASES)
def test_the_same_weights_give_the_same_numbers(case):
    """All losses, all gradients by the names of parameters, and all detections; masks by their areas."""
    found, expected = measure(build_model(tensormask_cfg(CASES[case]))), RECORDED[case]
    assert found["losses"] == pytest.approx(expected["losses"], rel=1e-5)
    assert found["gradients"] == pytest.approx(expected["gradients"], rel=1e-4)
    assert found["classes"] == expected["classes"]
    assert sum(map(len, found["classes"])) > 50
    for key, tolerance in (("boxes", 1e-3), ("scores", 1e-5), ("areas", 2), ("left", 2)):
        for ours, theirs in zip(found.get(key, []), expected.get(key, []), strict=True):
            for a, b in zip(ours, theirs, strict=True):
                assert a == pytest.approx(b, abs=tolerance)
