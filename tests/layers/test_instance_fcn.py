"""InstanceFCN's masks against the loop of equation 6, and the appendix's proof that they are TensorMask's."""

import pytest
import torch
from torch.nn import functional as F
from torch.testing import assert_close

from mask_rcnn_paper.layers.align2nat import OUTSIDE, Units, align2nat
from mask_rcnn_paper.layers.instance_fcn import assemble, bins_of, upscale_nearest
from tests.layers import dense_mask_reference as reference

ROUNDINGS = ["centre", "floor"]


def scores(num_bins: int, height: int = 6, width: int = 7) -> torch.Tensor:
    generator = torch.Generator().manual_seed(num_bins)
    return torch.randn(2, num_bins, num_bins, height, width, generator=generator)


def by_tensormask(maps: torch.Tensor, window: tuple[int, int], rounding: str = "centre") -> torch.Tensor:
    """Nearest-neighbour upscaling, then align2nat with alpha 1 (the end of Appendix A.2)."""
    return align2nat(upscale_nearest(maps, window, rounding), Units(1, 1), Units(1, 1))


@pytest.mark.parametrize("rounding", ROUNDINGS)
@pytest.mark.parametrize(
    "num_bins, window", [(3, (3, 3)), (3, (9, 15)), (3, (5, 7)), (2, (4, 6)), (2, (3, 5)), (1, (2, 3))]
)
def test_assemble_equals_the_loop_of_equation_6(num_bins, window, rounding):
    """Windows that the bins divide, and that they do not; odd and even."""
    maps = scores(num_bins, 4, 3).double()
    assert_close(assemble(maps, window, rounding), reference.equation_6(maps, window, rounding, OUTSIDE))


@pytest.mark.parametrize("rounding", ROUNDINGS)
@pytest.mark.parametrize(
    "num_bins, window", [(1, (5, 5)), (3, (15, 15)), (3, (9, 21)), (5, (15, 25)), (7, (21, 7)), (9, (9, 9))]
)
def test_instance_fcn_is_upscaling_and_align2nat(num_bins, window, rounding):
    """The proof of Appendix A.2: the same masks bit for bit where K divides V and U, whatever the rounding."""
    maps = scores(num_bins)
    assert torch.equal(by_tensormask(maps, window), assemble(maps, window, rounding))


@pytest.mark.parametrize("rounding", ROUNDINGS)
@pytest.mark.parametrize("num_bins, window", [(3, (11, 13)), (5, (21, 21)), (7, (9, 11)), (4, (15, 3))])
def test_elsewhere_it_holds_for_one_rounding_in_both(num_bins, window, rounding):
    """Bins of unequal numbers of pixels: which pixel is in which bin matters to nothing else."""
    maps = scores(num_bins)
    assert torch.equal(by_tensormask(maps, window, rounding), assemble(maps, window, rounding))


@pytest.mark.parametrize("num_bins, window", [(2, (4, 6)), (7, (14, 28)), (3, (6, 9))])
def test_even_windows_agree_to_rounding(num_bins, window):
    """Offsets are halves there: both take means of neighbours, in another order at the border."""
    maps = scores(num_bins).double()
    assert_close(by_tensormask(maps, window), assemble(maps, window))


def test_where_bins_do_not_divide_the_window_roundings_differ():
    """Eleven pixels in three bins: the edge of the last bin falls into pixel 7, of which most lies beyond it."""
    assert bins_of(11, 3, "floor").tolist() == [0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2]
    assert bins_of(11, 3, "centre").tolist() == [0, 0, 0, 0, 1, 1, 1, 2, 2, 2, 2]
    maps = scores(3)
    assert not torch.equal(assemble(maps, (11, 11), "floor"), assemble(maps, (11, 11), "centre"))
    assert torch.equal(assemble(maps, (11, 11)), assemble(maps, (11, 11), "centre"))


@pytest.mark.parametrize("rounding, mode", [("centre", "nearest-exact"), ("floor", "nearest")])
def test_upscaling_is_pytorchs(rounding, mode):
    """The two roundings are the two nearest-neighbour modes of `interpolate`."""
    maps = scores(3)
    windows_last = maps.permute(0, 3, 4, 1, 2).flatten(0, 2)[:, None]
    expected = F.interpolate(windows_last, (11, 15), mode=mode).view(2, 6, 7, 11, 15).permute(0, 3, 4, 1, 2)
    assert torch.equal(upscale_nearest(maps, (11, 15), rounding), expected)


@pytest.mark.parametrize("size, num_bins", [(123, 3), (98, 2), (205, 5)])
@pytest.mark.parametrize("rounding", ROUNDINGS)
def test_bins_are_exact_in_large_windows(size, num_bins, rounding):
    """V / K pixels each, also where 41 * (1 / 41) is less than 1 in floating point."""
    assert torch.equal(bins_of(size, num_bins, rounding), torch.arange(num_bins).repeat_interleave(size // num_bins))


def test_a_mask_is_read_from_the_map_of_its_bin():
    """By hand: nine constant maps give windows of nine constant blocks, away from the border."""
    maps = torch.arange(9.0).view(1, 3, 3, 1, 1).expand(1, 3, 3, 9, 9)
    window = assemble(maps, (6, 6))[0, :, :, 4, 4]
    assert torch.equal(window, torch.arange(9.0).view(3, 3).repeat_interleave(2, 0).repeat_interleave(2, 1))


def test_gradients_are_the_numerical_ones():
    """Of an odd and an even side."""
    maps = torch.randn(1, 2, 2, 3, 3, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(lambda m: assemble(m, (3, 4)), maps)


def test_bad_arguments_are_named():
    """Rounding, shape and size."""
    with pytest.raises(ValueError, match="rounding 'round' of InstanceFCN's bins: choose from centre, floor"):
        assemble(scores(3), (9, 9), "round")
    with pytest.raises(ValueError, match=r"score maps of shape \(2, 3, 4, 6, 7\): need \(N, K, K, H, W\)"):
        upscale_nearest(torch.zeros(2, 3, 4, 6, 7), (9, 9))
    with pytest.raises(ValueError, match="a window of 0 pixels in 3 bins: need at least 1 of each"):
        assemble(scores(3), (0, 9))
