"""Keypoints and their heat maps."""

import pytest
import torch
from detectron2.structures import Keypoints, heatmaps_to_keypoints


def test_cells_by_hand():
    """A box of 8 x 8 pixels on a 4 x 4 grid: two pixels a cell; the far border belongs to the last cell."""
    points = torch.tensor([[[10.0, 10, 2], [11.9, 12.1, 1], [18, 18, 2], [18.1, 12, 2], [12, 12, 0]]])
    cells, valid = Keypoints(points).to_heatmap(torch.tensor([[10.0, 10, 18, 18]]), 4)
    assert cells.tolist() == [[0, 4, 15, 0, 0]]
    assert valid.tolist() == [[1, 1, 1, 0, 0]]
    assert cells.dtype == valid.dtype == torch.int64


def test_no_instances():
    """No instances, no cells and no keypoints."""
    cells, valid = Keypoints(torch.zeros(0, 17, 3)).to_heatmap(torch.zeros(0, 4), 56)
    assert cells.shape == valid.shape == (0, 17)
    assert heatmaps_to_keypoints(torch.zeros(0, 17, 56, 56), torch.zeros(0, 4)).shape == (0, 17, 4)


def test_decoding_finds_the_cell_it_was_coded_in():
    """A peak at a keypoint's cell is decoded within half a cell and a pixel of the keypoint."""
    generator = torch.Generator().manual_seed(0)
    box = torch.tensor([[3.5, 7.25, 61.0, 90.0]])
    xy = box[:, None, :2] + torch.rand(1, 17, 2, generator=generator) * (box[:, 2:] - box[:, :2])[:, None]
    cells, valid = Keypoints(torch.cat([xy, torch.ones(1, 17, 1)], dim=2)).to_heatmap(box, 28)
    maps = torch.zeros(1, 17, 28 * 28).scatter_(2, cells[..., None], 10.0).view(1, 17, 28, 28)
    out = heatmaps_to_keypoints(maps, box)
    reach = (box[0, 2:] - box[0, :2]) / 28 / 2 + 1
    assert valid.all()
    assert ((out[..., :2] - xy).abs() <= reach).all()


def test_a_map_of_the_size_of_its_box_is_decoded_exactly():
    """Without resizing, the best pixel's centre, its logit and the softmax score."""
    maps = torch.randn(1, 2, 6, 6, generator=torch.Generator().manual_seed(1))
    out = heatmaps_to_keypoints(maps, torch.tensor([[10.0, 20, 16, 26]]))
    for k in range(2):
        y, x = divmod(maps[0, k].argmax().item(), 6)
        expected = [10.5 + x, 20.5 + y, maps[0, k].max().item(), maps[0, k].flatten().softmax(0).max().item()]
        torch.testing.assert_close(out[0, k], torch.tensor(expected))


def test_tiny_boxes_count_as_one_pixel():
    """A box without extent gives the centre of a pixel at its corner, not an error."""
    out = heatmaps_to_keypoints(torch.randn(1, 1, 8, 8), torch.tensor([[5.0, 6.0, 5.0, 6.0]]))
    assert out[0, 0, :2].tolist() == [5.5, 6.5]
    assert out.isfinite().all()


def test_selecting_joining_and_wrong_shapes():
    """Every kind of index gives Keypoints; nested lists are taken; other shapes are refused."""
    keypoints = Keypoints([[[1, 2, 2]], [[3, 4, 1]], [[5, 6, 0]]])
    assert len(keypoints[1]) == 1
    assert keypoints[torch.tensor([True, False, True])].tensor[1, 0, 0] == 5
    assert len(Keypoints.cat([keypoints, keypoints[:1]])) == 4
    assert keypoints.to("cpu").device.type == "cpu"
    assert [point.tolist() for point in keypoints][2] == [[5.0, 6.0, 0.0]]
    assert repr(keypoints) == "Keypoints(num_instances=3, num_keypoints=1)"
    with pytest.raises(ValueError, match=r"\(17, 3\)"):
        Keypoints(torch.zeros(17, 3))
