"""The transforms of dense masks against slow loops, the appendix's special cases, and each other."""

import pytest
import torch
from torch.testing import assert_close

from mask_rcnn_paper.layers.align2nat import (
    OUTSIDE,
    Units,
    align2nat,
    aligned_coordinates,
    nat2align,
    natural_coordinates,
    swap_align2nat,
)
from tests.layers import dense_mask_reference as reference

# sigma_HW, sigma_VU of the natural representation, then of the aligned one.
UNITS = [(1, 1, 1, 1), (4, 2, 4, 2), (4, 2, 4, 8), (4, 1, 1, 4), (8, 3, 2, 4.5), (0.7, 1.3, 1.1, 0.4)]


def masks(*shape: int, seed: int = 0) -> torch.Tensor:
    return torch.randn(*shape, dtype=torch.float64, generator=torch.Generator().manual_seed(seed))


def pair(hw: float, vu: float, hw_h: float, vu_h: float) -> tuple[Units, Units]:
    return Units(hw, vu), Units(hw_h, vu_h)


@pytest.mark.parametrize("units", UNITS)
def test_align2nat_equals_the_loop_of_equation_5(units):
    """For equal, swapped and unrelated units, windows and maps of other sizes, odd and even."""
    hw, vu, hw_h, vu_h = units
    aligned, size = masks(2, 3, 4, 5, 6), (4, 5, 3, 2)
    expected = reference.equation_5(aligned, size, -2.5, hw, hw_h, vu, vu_h)
    assert_close(align2nat(aligned, *pair(*units), size, -2.5), expected)


@pytest.mark.parametrize("alpha, alpha_h", [(1, 1), (0.5, 0.5), (1, 3), (2.5, 0.5)])
def test_with_equal_units_of_maps_equation_5_is_equation_2(alpha, alpha_h):
    """Whatever that unit is."""
    aligned = masks(1, 3, 4, 4, 3)
    expected = reference.equation_2(aligned, (4, 3, 4, 3), 0.5, alpha, alpha_h)
    for hw in (1, 4, 0.3):
        assert_close(align2nat(aligned, Units(hw, alpha * hw), Units(hw, alpha_h * hw), (4, 3, 4, 3), 0.5), expected)


@pytest.mark.parametrize("alpha", [1, 2, 0.75])
def test_with_equal_units_equation_2_is_the_basic_form(alpha):
    """F(v, u, y, x) = Fh(v, u, y + alpha v, x + alpha u)."""
    aligned = masks(1, 3, 4, 4, 5)
    expected = reference.basic_form(aligned, OUTSIDE, alpha)
    assert_close(reference.equation_2(aligned, (3, 4, 4, 5), OUTSIDE, alpha, alpha), expected)
    assert_close(align2nat(aligned, Units(1, alpha), Units(1, alpha)), expected)


@pytest.mark.parametrize("units", UNITS)
def test_equation_4_solves_equation_3(units):
    """Both relations hold in pixels, for any coordinates and units."""
    hw, vu, hw_h, vu_h = units
    x, u = masks(20, seed=1), masks(20, seed=2)
    xh, uh = aligned_coordinates(x, u, *pair(*units))
    assert_close(x * hw + u * vu, xh * hw_h)
    assert_close(x * hw, xh * hw_h - uh * vu_h)


@pytest.mark.parametrize("units", UNITS)
def test_coordinates_go_there_and_back(units):
    """The inverse undoes equation 4."""
    x, u = masks(20, seed=1), masks(20, seed=2)
    assert_close(natural_coordinates(*aligned_coordinates(x, u, *pair(*units)), *pair(*units)), (x, u))


@pytest.mark.parametrize("units", UNITS)
def test_nat2align_equals_the_loop(units):
    """x = (sigmah_HW xh - sigmah_VU uh) / sigma_HW and u = (sigmah_VU / sigma_VU) uh, from equation 3."""
    hw, vu, hw_h, vu_h = units
    natural = masks(1, 4, 3, 3, 5)

    def place(vh, uh, yh, xh):
        return vu_h / vu * vh, vu_h / vu * uh, (hw_h * yh - vu_h * vh) / hw, (hw_h * xh - vu_h * uh) / hw

    expected = reference.filled(natural, (3, 4, 4, 3), 1.5, place)
    assert_close(nat2align(natural, *pair(*units), (3, 4, 4, 3), 1.5), expected)


def test_one_value_moves_to_the_window_that_sees_it():
    """By hand: what cell (2, 3) holds for the window one step up and left of it is that window's lower right value."""
    aligned = torch.zeros(1, 3, 3, 5, 6)
    aligned[0, 2, 2, 2, 3] = 7.0
    natural = align2nat(aligned, Units(1, 1), Units(1, 1), outside=0.0)
    assert natural.nonzero().tolist() == [[0, 2, 2, 1, 2]]
    assert natural[0, 2, 2, 1, 2] == 7.0


@pytest.mark.parametrize("alpha", [1, 2])
def test_a_round_trip_of_whole_shifts_is_exact_where_nothing_fell_outside(alpha):
    """Equal units, odd windows: cells at least alpha V / 2 from the border come back to the bit, in both orders."""
    units = (Units(2, 2 * alpha), Units(2, 2 * alpha))
    x = masks(2, 3, 5, 9, 11).float()
    for there, back in ((align2nat, nat2align), (nat2align, align2nat)):
        returned = back(there(x, *units), *units)
        margins = (slice(alpha, -alpha), slice(2 * alpha, -2 * alpha))
        assert torch.equal(returned[(..., *margins)], x[(..., *margins)])


def test_a_round_trip_to_fine_windows_is_exact():
    """Windows of three times the resolution hold every coarse value at an index of theirs."""
    units = (Units(1, 1), Units(1, 3))
    aligned = masks(1, 3, 3, 20, 20)
    returned = nat2align(align2nat(aligned, *units, (9, 9, 20, 20)), *units, (3, 3, 20, 20))
    inner = (..., slice(8, 12), slice(8, 12))
    assert_close(returned[inner], aligned[inner])


@pytest.mark.parametrize("factor", [1, 2, 3, 4])
@pytest.mark.parametrize("shape", [(2, 3, 3, 5, 7), (1, 2, 3, 8, 6)])
def test_swap_equals_the_loop(factor, shape):
    """Odd and even windows; maps that the factor divides, and that it does not."""
    aligned = masks(*shape)
    found = swap_align2nat(aligned, factor)
    assert_close(found, reference.swap(aligned, factor, OUTSIDE))


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64, torch.bfloat16, torch.float16])
def test_swap_by_one_of_an_odd_window_is_an_index_shift(dtype):
    """Bit for bit: every value is one of the argument's, or the value outside."""
    x = masks(2, 3, 5, 6, 7).to(dtype)
    natural = swap_align2nat(x, 1, outside=-6.0)
    padded = torch.nn.functional.pad(x, (2, 2, 1, 1), value=-6.0)
    for v in range(3):
        for u in range(5):
            assert torch.equal(natural[:, v, u], padded[:, v, u, v : v + 6, u : u + 7])


def test_swap_by_one_of_an_even_window_is_the_mean_of_neighbours():
    """Offsets of a window of two are -1/2 and 1/2: values come from the middle of four cells."""
    x = masks(1, 2, 2, 6, 7)
    inner = swap_align2nat(x, 1)[0, 1, 1, :-1, :-1]
    assert_close(inner, (x[0, 1, 1, :-1, :-1] + x[0, 1, 1, 1:, :-1] + x[0, 1, 1, :-1, 1:] + x[0, 1, 1, 1:, 1:]) / 4)


@pytest.mark.parametrize("factor", [1, 2, 4])
def test_swap_keeps_a_constant_inside_and_fades_outside(factor):
    """Weights sum to 1: in the middle of a large map there is no border, beyond it there is nothing else."""
    natural = swap_align2nat(torch.full((1, 3, 3, 40, 40), 2.0), factor, outside=-6.0)
    middle = 20 // factor
    assert_close(natural[0, factor:-factor, factor:-factor, middle, middle], torch.full((factor, factor), 2.0))
    assert natural.min() >= -6 and natural.max() <= 2
    far = align2nat(torch.full((1, 1, 1, 3, 3), 2.0), Units(100, 1), Units(1, 1), outside=-6.0)
    assert torch.equal(far[0, 0, 0, 1:, 1:], torch.full((2, 2), -6.0))


@pytest.mark.parametrize(
    "transform",
    [
        lambda x: align2nat(x, Units(3, 2), Units(2, 3.5), (3, 2, 2, 3)),
        lambda x: nat2align(x, Units(3, 2), Units(2, 3.5), (3, 2, 2, 3)),
        lambda x: swap_align2nat(x, 2),
    ],
    ids=["align2nat", "nat2align", "swap_align2nat"],
)
def test_gradients_are_the_numerical_ones(transform):
    """First and second derivatives."""
    x = masks(2, 2, 3, 3, 4).requires_grad_()
    assert torch.autograd.gradcheck(transform, x)
    assert torch.autograd.gradgradcheck(transform, x)


def test_backward_keeps_nothing_as_large_as_the_masks():
    """Only the weights: a bipyramid of twelve such maps would not fit otherwise."""
    kept = []
    x = masks(1, 15, 15, 32, 32).requires_grad_()
    with torch.autograd.graph.saved_tensors_hooks(lambda t: kept.append(t) or t, lambda t: t):
        swap_align2nat(x, 2)
    dense = [t.numel() for t in kept if t.layout == torch.strided]
    sparse = [t.values().numel() for t in kept if t.layout != torch.strided]
    assert sparse
    assert max([0, *dense, *sparse]) < x.numel() / 50


def test_type_and_values_stay_under_autocast():
    """Logits keep their 24 bits where the layers around compute in bfloat16."""
    x = masks(1, 3, 3, 6, 6).float()
    with torch.autocast("cpu", torch.bfloat16):
        natural = swap_align2nat(x, 2)
    assert torch.equal(natural, swap_align2nat(x, 2))


def test_strided_and_empty_batches():
    """Channels-last values give the same; no image gives none, attached to the graph."""
    x = masks(2, 3, 3, 6, 4)
    assert_close(swap_align2nat(x.transpose(3, 4).contiguous().transpose(3, 4), 2), swap_align2nat(x, 2))
    none = x[:0].requires_grad_()
    natural = swap_align2nat(none, 2)
    assert natural.shape == (0, 6, 6, 3, 2)
    natural.sum().backward()
    assert none.grad.shape == none.shape


@pytest.mark.parametrize("factor", [0, -1, 1.5])
def test_a_factor_must_be_whole(factor):
    """Else the window of the result would have no whole size."""
    with pytest.raises(ValueError, match=f"factor {factor}: lambda of swap_align2nat must be a whole number"):
        swap_align2nat(masks(1, 1, 1, 2, 2), factor)


def test_bad_units_shapes_and_sizes_are_named():
    """With the value and what is needed."""
    with pytest.raises(ValueError, match=r"Units\(hw=0, vu=1.0\): pixels per step must be greater than 0"):
        Units(hw=0)
    for transform in (lambda x: swap_align2nat(x, 2), lambda x: align2nat(x, Units(), Units())):
        with pytest.raises(ValueError, match=r"shape \(9, 4, 4\): need \(N, V, U, H, W\)"):
            transform(masks(9, 4, 4))
    with pytest.raises(ValueError, match=r"size \(3, 3, 0, 4\): every side must be at least 1"):
        nat2align(masks(1, 3, 3, 4, 4), Units(), Units(), (3, 3, 0, 4))
