"""Uncertainties in words."""

import math

import pytest

from ablations.render.intervals import sources_text
from ablations.statistics.estimate import Estimate, Uncertainty

# ± 2 of a normal distribution, and ± 0.5.
WIDE, NARROW = (Uncertainty((width / 1.959964) ** 2, math.inf) for width in (2.0, 0.5))


@pytest.mark.parametrize(
    "sources, text",
    [
        ((WIDE, NARROW), "seeds ± 2.0, images ± 0.5"),
        ((WIDE, None), "seeds ± 2.0"),
        ((None, NARROW), "images ± 0.5"),
        ((None, None), ""),
        ((Uncertainty(0.0, math.inf), None), ""),
    ],
)
def test_each_source_that_is_known_has_its_half_width(sources, text):
    """With one decimal, as AP has."""
    assert sources_text(Estimate(1.0, 2, *sources)) == text


def test_of_a_ratio_it_is_in_percent():
    """The values are logarithms: ± log 1.1 is a factor of 1.1."""
    tenth = Uncertainty((math.log(1.1) / 1.959964) ** 2, math.inf)
    assert sources_text(Estimate(math.log(44), 2, tenth), is_ratio=True) == "seeds ± 10 %"
