"""Times and memory as texts."""

import pytest

from ablations.render.units import duration, gigabytes


@pytest.mark.parametrize(
    "seconds, text",
    [
        (0, "0 s"),
        (59.4, "59 s"),
        (59.6, "1 min"),
        (3569, "59 min"),
        (3571, "1 h 0 min"),
        (5 * 3600 + 420, "5 h 7 min"),
        (76 * 3600, "3 d 4 h"),
    ],
)
def test_durations_have_two_units_at_most(seconds, text):
    """Rounded to the smaller of them."""
    assert duration(seconds) == text


def test_memory_is_in_thousands():
    """As results hold it."""
    assert gigabytes(1640.0) == "1.6 GB"
