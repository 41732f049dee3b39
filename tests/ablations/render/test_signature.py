"""The line that stands beside numbers elsewhere."""

from dataclasses import replace

import pytest

from ablations.render.signature import signature
from tests.ablations.render import samples

pytestmark = pytest.mark.usefixtures("one_version")


def test_it_says_what_the_numbers_are_of():
    """Without spaces, so that it stays one word."""
    assert signature(samples.table_2b()) == (
        "mask_rcnn_paper|v:1.2.3|scale:mini|data:v2|seeds:0|eval:pycocotools-2.0.11|provider:embedded-0.6+embedded|"
        "precision:float32|ci:95%"
    )


def test_data_of_different_versions_are_named():
    """As a user's own, each with its checksum; several seeds, several backends."""
    own = replace(samples.table_2b_of_own_data(), seeds=(0, 2), coco_backend="hotcoco 1.3.0, pycocotools 2.0.11")
    words = "|data:a_b_train-sha256:00ff,a_b_val-sha256:11ee|seeds:0,2|eval:hotcoco-1.3.0,pycocotools-2.0.11|"
    assert words in signature(own)


def test_without_a_result_there_is_none():
    """Nothing was measured that it could stand beside."""
    assert signature(samples.results_of("2b", provider="", coco_backend="", precision="")) == ""
