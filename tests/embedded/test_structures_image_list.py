"""Padded batches."""

import pytest
import torch
from detectron2.structures import ImageList

IMAGES = [torch.ones(3, 5, 9), 2 * torch.ones(3, 7, 4)]


def test_images_start_at_the_corner_and_padding_has_its_value():
    """The batch is as large as the largest sides, rounded up to the divisor."""
    batch = ImageList.from_tensors(IMAGES, size_divisibility=4, pad_value=-1.0)
    assert batch.tensor.shape == (2, 3, 8, 12)
    assert batch.image_sizes == [(5, 9), (7, 4)]
    assert (batch.tensor[0, :, :5, :9] == 1).all()
    assert (batch.tensor[1, :, :7, :4] == 2).all()
    assert batch.tensor.sum() == 3 * (45 + 2 * 28 - (96 - 45) - (96 - 28))
    assert torch.equal(batch[1], IMAGES[1])
    assert len(batch) == 2


@pytest.mark.parametrize("divisor", [0, 1])
def test_no_divisor_no_extra_padding(divisor):
    """0 and 1 pad to the largest sides only; images without channels work."""
    assert ImageList.from_tensors(IMAGES, divisor).tensor.shape == (2, 3, 7, 9)
    assert ImageList.from_tensors([image[0] for image in IMAGES], divisor).tensor.shape == (2, 7, 9)


def test_constraints_of_a_backbone():
    """size_divisibility replaces the argument; square_size fixes the side and refuses larger images."""
    for constraints, side in (({"size_divisibility": 10}, 10), ({"square_size": 16}, 16)):
        batch = ImageList.from_tensors(IMAGES, 4, padding_constraints=constraints)
        assert batch.tensor.shape == (2, 3, side, side)
    with pytest.raises(ValueError, match="square_size=8"):
        ImageList.from_tensors(IMAGES, padding_constraints={"square_size": 8})


def test_the_batch_is_a_copy():
    """Writing to the batch leaves the images alone."""
    batch = ImageList.from_tensors(IMAGES[:1])
    batch.tensor.zero_()
    assert IMAGES[0].min() == 1
    assert batch.to(torch.float64).tensor.dtype == torch.float64
    assert batch.device == torch.device("cpu")


def test_wrong_input_is_named():
    """No images, or images of different channels."""
    with pytest.raises(ValueError, match="at least one"):
        ImageList.from_tensors([])
    with pytest.raises(ValueError, match="channels"):
        ImageList.from_tensors([torch.ones(3, 2, 2), torch.ones(1, 2, 2)])
