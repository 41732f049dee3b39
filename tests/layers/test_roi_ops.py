"""The RoI layers against slow loops, hand-computed grids and the invariances that Table 2c is about."""

import pytest
import torch
from torch.testing import assert_close
from torchvision import ops

from mask_rcnn_paper.layers import roi_align, roi_pool, roi_warp
from mask_rcnn_paper.layers.roi_ops import quantize_rois
from tests.layers import reference

STRIDE = 16
SCALE = 1 / STRIDE


@pytest.fixture
def features() -> torch.Tensor:
    return torch.randn(2, 3, 9, 11, dtype=torch.float64, generator=torch.Generator().manual_seed(0))


@pytest.fixture
def rois() -> torch.Tensor:
    return torch.tensor(
        [
            [0, 10.3, 20.9, 90.2, 100.1],  # inside
            [1, 33.0, 5.0, 34.0, 6.0],  # much smaller than a cell
            [1, 40.0, 40.0, 40.0, 40.0],  # no extent
            [0, -50.5, -30.0, 60.0, 70.0],  # beyond the upper left corner
            [1, 100.0, 90.0, 400.0, 300.0],  # beyond the lower right corner
            [0, 900.0, 900.0, 950.0, 990.0],  # wholly outside
            [0, 24.0, 40.0, 104.0, 120.0],  # corners at half cells: rounding matters
        ],
        dtype=torch.float64,
    )


@pytest.mark.parametrize("aggregation", ["ave", "max"])
@pytest.mark.parametrize("samples", [1, 2, 3])
def test_roi_align_equals_the_loop(features, rois, samples, aggregation):
    """RoIAlign equals the slow loop for inside, tiny, empty, crossing and outside RoIs."""
    expected = reference.roi_align(features, rois, (3, 4), SCALE, samples, aggregation)
    assert_close(roi_align(features, rois, (3, 4), SCALE, samples, aggregation), expected)


@pytest.mark.parametrize("aggregation", ["ave", "max"])
def test_roi_warp_equals_the_loop(features, rois, aggregation):
    """RoIWarp equals the slow loop on rounded corners."""
    inside = rois[rois[:, 1] >= 0]
    expected = reference.roi_warp(features, inside, (3, 4), SCALE, 2, aggregation)
    assert_close(roi_warp(features, inside, (3, 4), SCALE, 2, aggregation), expected)


def test_roi_pool_equals_the_loop(features, rois):
    """RoIPool equals the slow loop of integer bins."""
    inside = rois[rois[:, 1] >= 0]
    assert_close(roi_pool(features, inside, (3, 4), SCALE), reference.roi_pool(features, inside, (3, 4), SCALE))


@pytest.mark.parametrize("aggregation", ["ave", "max"])
@pytest.mark.parametrize("memory_format", [torch.contiguous_format, torch.channels_last])
def test_large_maps_take_another_way_to_equal_values(rois, aggregation, memory_format):
    """A map with too many cells for interpolation matrices gives the values of the slow loop too."""
    features = torch.randn(2, 3, 65, 64, dtype=torch.float64, generator=torch.Generator().manual_seed(1))
    expected = reference.roi_align(features, rois, (2, 2), SCALE, 2, aggregation)
    found = roi_align(features.to(memory_format=memory_format), rois, (2, 2), SCALE, 2, aggregation)
    assert_close(found, expected)


def test_gradients_of_large_maps_are_those_of_torchvision(rois):
    """Where RoIs read a cell, alone or several times."""
    generator = torch.Generator().manual_seed(1)
    features = torch.randn(2, 3, 65, 64, dtype=torch.float64, generator=generator, requires_grad=True)
    wanted = torch.randn(len(rois), 3, 7, 7, dtype=torch.float64, generator=generator)
    results = (roi_align(features, rois, (7, 7), SCALE), ops.roi_align(features, rois, (7, 7), SCALE, 2, aligned=False))
    found, expected = (torch.autograd.grad((result * wanted).sum(), features)[0] for result in results)
    assert_close(found, expected)


def test_large_maps_in_bfloat16_are_read_in_float32(rois):
    """What is rounded is the result alone."""
    features = torch.randn(2, 3, 65, 64, generator=torch.Generator().manual_seed(1)).bfloat16()
    exact = roi_align(features.double(), rois, (7, 7), SCALE)
    assert_close(roi_align(features, rois.float(), (7, 7), SCALE), exact.bfloat16(), atol=1e-3, rtol=8e-3)


def test_roi_align_average_equals_torchvision(features, rois):
    """RoIAlign with averages equals torchvision's `aligned=False`."""
    expected = ops.roi_align(features, rois, (7, 7), SCALE, 2, aligned=False)
    assert_close(roi_align(features, rois, (7, 7), SCALE, 2, "ave"), expected)


@pytest.mark.parametrize("layer", [roi_align, roi_warp])
@pytest.mark.parametrize("aggregation", ["ave", "max"])
def test_gradients_are_the_numerical_ones(layer, aggregation):
    """Gradients with respect to the features pass gradcheck."""
    generator = torch.Generator().manual_seed(2)
    features = torch.randn(2, 2, 5, 5, dtype=torch.float64, generator=generator, requires_grad=True)
    rois = torch.tensor([[0, 3.0, 7.0, 50.0, 61.0], [1, -9.0, 20.0, 33.0, 95.0]], dtype=torch.float64)
    assert torch.autograd.gradcheck(lambda f: layer(f, rois, (2, 3), SCALE, 2, aggregation), features)


def test_roi_pool_gradients_are_the_numerical_ones():
    """RoIPool's gradient passes gradcheck."""
    generator = torch.Generator().manual_seed(3)
    features = torch.randn(1, 2, 5, 5, dtype=torch.float64, generator=generator, requires_grad=True)
    rois = torch.tensor([[0, 3.0, 7.0, 50.0, 61.0]], dtype=torch.float64)
    assert torch.autograd.gradcheck(lambda f: roi_pool(f, rois, (2, 3), SCALE), features)


def grid() -> torch.Tensor:
    """0..24 on 5x5 cells: the value at (y, x) is 5 y + x, which bilinear sampling reproduces."""
    return torch.arange(25, dtype=torch.float64).reshape(1, 1, 5, 5)


def test_roi_align_on_a_hand_computed_grid():
    """RoI (1.25, 0.5)-(3.25, 2.5) cells, 2x2 bins of side 1: bin centres at x 1.75, 2.75 and y 1, 2."""
    roi = torch.tensor([[0, 1.25, 0.5, 3.25, 2.5]], dtype=torch.float64)
    expected = torch.tensor([[[[6.75, 7.75], [11.75, 12.75]]]], dtype=torch.float64)
    assert_close(roi_align(grid(), roi, (2, 2), 1.0, 2, "ave"), expected)
    # The largest of the four samples lies a quarter bin right of and below the centre: + 0.25 + 5 * 0.25.
    assert_close(roi_align(grid(), roi, (2, 2), 1.0, 2, "max"), expected + 1.5)


def test_roi_warp_on_a_hand_computed_grid():
    """The same RoI rounds to (1, 1)-(3, 3): bin centres at x 1.5, 2.5 and y 1.5, 2.5."""
    roi = torch.tensor([[0, 1.25, 0.5, 3.25, 2.5]], dtype=torch.float64)
    expected = torch.tensor([[[[9.0, 10.0], [14.0, 15.0]]]], dtype=torch.float64)
    assert_close(roi_warp(grid(), roi, (2, 2), 1.0, 2, "ave"), expected)


def test_roi_pool_on_a_hand_computed_grid():
    """The same RoI rounds to cells 1..3 both ways; 2x2 bins of 1.5 cells overlap in cell 2."""
    roi = torch.tensor([[0, 1.25, 0.5, 3.25, 2.5]], dtype=torch.float64)
    expected = torch.tensor([[[[12.0, 13.0], [17.0, 18.0]]]], dtype=torch.float64)
    assert_close(roi_pool(grid(), roi, (2, 2), 1.0), expected)


def test_fine_bins_averaged_are_coarse_bins_with_more_samples(features, rois):
    """RoIAlign at 2R with one sample, averaged 2x2, is RoIAlign at R with 2x2 samples."""
    fine = roi_align(features, rois, (6, 8), SCALE, 1, "ave")
    coarse = roi_align(features, rois, (3, 4), SCALE, 2, "ave")
    assert_close(torch.nn.functional.avg_pool2d(fine, 2), coarse)


def shift_example() -> tuple[torch.Tensor, torch.Tensor]:
    """A linear ramp, which a shift moves exactly, and an RoI well inside it."""
    ramp = (5 * torch.arange(12.0, dtype=torch.float64)[:, None] + torch.arange(12.0, dtype=torch.float64))[None, None]
    return ramp, torch.tensor([[0, 43.0, 37.0, 109.0, 121.0]], dtype=torch.float64)


def shifted(layer, shift: float, **kwargs) -> tuple[torch.Tensor, torch.Tensor]:
    """The layer's output before and after image and RoI move together by `shift` pixels to the right."""
    ramp, roi = shift_example()
    moved_roi = roi + torch.tensor([0, shift, 0, shift, 0])
    return layer(ramp, roi, (3, 3), SCALE, **kwargs), layer(ramp - shift * SCALE, moved_roi, (3, 3), SCALE, **kwargs)


@pytest.mark.parametrize("aggregation", ["ave", "max"])
@pytest.mark.parametrize("shift", [1.0, 5.0, 12.5])
def test_roi_align_is_invariant_to_a_joint_sub_cell_shift(shift, aggregation):
    """Moving image and RoI together by less than a cell leaves RoIAlign's output unchanged."""
    before, after = shifted(roi_align, shift, aggregation=aggregation)
    assert_close(before, after)


@pytest.mark.parametrize("layer", [roi_pool, roi_warp])
def test_quantized_layers_are_not_invariant_to_a_joint_sub_cell_shift(layer):
    """Some shift below a cell changes RoIPool's and RoIWarp's output by a sizeable part of a cell."""
    changes = [(a - b).abs().max().item() for a, b in (shifted(layer, s) for s in (1.0, 5.0, 12.5))]
    assert max(changes) > 0.25


def test_roi_warp_equals_roi_align_on_whole_cells(features):
    """On corners at multiples of the stride the two layers are the same."""
    rois = torch.tensor([[0, 16.0, 32.0, 96.0, 128.0], [1, 0.0, 0.0, 48.0, 16.0]], dtype=torch.float64)
    assert_close(roi_warp(features, rois, (7, 7), SCALE), roi_align(features, rois, (7, 7), SCALE))


def test_roi_warp_is_constant_inside_a_rounding_cell(features):
    """Boxes that round to the same cells give the same RoIWarp output, and different RoIAlign output."""
    near = torch.tensor([[0, 17.0, 30.0, 97.0, 125.0], [0, 22.0, 34.0, 99.0, 133.0]], dtype=torch.float64)
    first, second = roi_warp(features, near, (7, 7), SCALE)
    assert_close(first, second)
    first, second = roi_align(features, near, (7, 7), SCALE)
    assert (first - second).abs().max() > 0.01


def test_halves_round_up():
    """Corners at half a cell round up, also where rounding half to even would go down."""
    rois = torch.tensor([[0, 8.0, 24.0, 40.0, 56.0]])
    assert_close(quantize_rois(rois, SCALE), torch.tensor([[0, 16.0, 32.0, 48.0, 64.0]]))


@pytest.mark.parametrize("layer", [roi_align, roi_warp, roi_pool])
def test_no_rois_give_an_empty_output(features, layer):
    """No RoIs: (0, C, P, Q), still attached to the features, whose gradient is zero."""
    features.requires_grad_()
    pooled = layer(features, torch.zeros(0, 5, dtype=torch.float64), (7, 7), SCALE)
    assert pooled.shape == (0, 3, 7, 7)
    pooled.sum().backward()
    assert_close(features.grad, torch.zeros_like(features))


@pytest.mark.parametrize("layer", [roi_align, roi_warp, roi_pool])
def test_order_of_rois_does_not_matter(features, rois, layer):
    """RoIs of several images in any order keep their places."""
    order = torch.tensor([3, 0, 5, 1, 6, 2, 4])
    assert_close(layer(features, rois[order], (3, 3), SCALE), layer(features, rois, (3, 3), SCALE)[order])


def test_non_contiguous_features(features, rois):
    """Channels-last features give the same values."""
    strided = features.contiguous(memory_format=torch.channels_last)
    assert_close(roi_align(strided, rois, (3, 3), SCALE), roi_align(features, rois, (3, 3), SCALE))


def test_bad_arguments_name_value_and_legal_set(features, rois):
    """An unknown aggregation and a sampling ratio of 0 are refused by name."""
    with pytest.raises(ValueError, match="AGGREGATION='mean'.*ave, max"):
        roi_align(features, rois, (7, 7), SCALE, 2, "mean")
    with pytest.raises(ValueError, match="POOLER_SAMPLING_RATIO=0"):
        roi_align(features, rois, (7, 7), SCALE, 0)
