"""Drawing positives and negatives."""

import pytest
import torch
from detectron2.modeling.sampling import subsample_labels

LABELS = torch.tensor([1, 0, -1, 0, 2, 0, 0, 1])
BACKGROUND = 0


@pytest.mark.parametrize(
    "num_samples, fraction, positives, negatives",
    [(4, 0.5, 2, 2), (4, 0.0, 0, 4), (8, 0.25, 2, 4), (100, 0.5, 3, 4), (0, 0.5, 0, 0)],
)
def test_counts(num_samples, fraction, positives, negatives):
    """Positives fill at most the fraction, negatives the rest, as far as there are any."""
    drawn = subsample_labels(LABELS, num_samples, fraction, BACKGROUND)
    assert [len(index) for index in drawn] == [positives, negatives]


def test_draws_without_replacement_and_never_ignored():
    """Indices are distinct and have the right labels; all of them turn up over many draws."""
    torch.manual_seed(0)
    seen = set()
    for _ in range(50):
        positive, negative = subsample_labels(LABELS, 4, 0.5, BACKGROUND)
        assert len(set(positive.tolist())) == 2
        assert (LABELS[positive] > 0).all()
        assert len(set(negative.tolist())) == 2
        assert (LABELS[negative] == BACKGROUND).all()
        seen |= {*positive.tolist(), *negative.tolist()}
    assert seen == {0, 1, 3, 4, 5, 6, 7}


def test_a_seed_fixes_the_draw():
    """The same seed draws the same examples."""
    draws = []
    for _ in range(2):
        torch.manual_seed(3)
        draws.append([index.tolist() for index in subsample_labels(LABELS, 4, 0.5, BACKGROUND)])
    assert draws[0] == draws[1]
