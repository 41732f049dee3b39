"""What times were measured on."""

import torch

from mask_rcnn_paper.provider import PROVIDER
from mask_rcnn_paper.timing.machine import machine_text


def test_the_line_says_what_changes_times():
    """Cores, threads, versions and provider."""
    text = machine_text("cpu")
    assert f"torch {torch.__version__}" in text
    assert text.endswith(f"detectron2: {PROVIDER}")
    assert "thread" in text
    assert "\n" not in text
