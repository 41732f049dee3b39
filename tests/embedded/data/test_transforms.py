import numpy as np
import pytest
from detectron2.data import transforms as T
from fvcore.transforms.transform import HFlipTransform
from PIL import Image


def image(h: int = 6, w: int = 8, channels: int = 3) -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (h, w, channels), dtype=np.uint8)


def test_resize_is_pils():
    """An 8-bit image is resized as PIL resizes it."""
    img = image(20, 30)
    out = T.ResizeTransform(20, 30, 10, 12).apply_image(img)
    np.testing.assert_array_equal(out, np.asarray(Image.fromarray(img).resize((12, 10), Image.BILINEAR)))


def test_resize_keeps_a_single_channel():
    """A (H, W, 1) image stays one, a (H, W) mask too and gets no new values."""
    resize = T.ResizeTransform(6, 8, 3, 4)
    assert resize.apply_image(image(channels=1)).shape == (3, 4, 1)
    mask = (image(channels=1)[:, :, 0] > 127).astype(np.uint8)
    out = resize.apply_segmentation(mask)
    assert out.shape == (3, 4)
    assert set(np.unique(out)) <= {0, 1}


def test_resize_scales_coordinates_and_back():
    """Corners of the image stay its corners; the inverse undoes the scaling."""
    resize = T.ResizeTransform(6, 8, 12, 4)
    np.testing.assert_allclose(resize.apply_coords(np.array([[8.0, 6.0], [2.0, 1.0]])), [[4, 12], [1, 2]])
    points = np.array([[3.0, 5.0]])
    np.testing.assert_allclose(resize.inverse().apply_coords(resize.apply_coords(points.copy())), points)


def test_resize_of_another_image():
    """An image of another size or type than announced is refused."""
    with pytest.raises(ValueError, match=r"expected a uint8 image of 6x8, found uint8 of \(5, 8, 3\)"):
        T.ResizeTransform(6, 8, 3, 4).apply_image(image(5, 8))
    with pytest.raises(ValueError, match="found float32"):
        T.ResizeTransform(6, 8, 3, 4).apply_image(image().astype("float32"))


def test_shortest_edge_respects_both_limits():
    """The short side gets the length unless the long side would pass its limit."""
    assert T.ResizeShortestEdge.get_output_shape(480, 640, 240, 1333) == (240, 320)
    assert T.ResizeShortestEdge.get_output_shape(100, 1000, 200, 500) == (50, 500)


def test_shortest_edge_draws():
    """ "choice" draws from the list, "range" from the interval with both ends, 0 does nothing."""
    np.random.seed(0)
    choice = T.ResizeShortestEdge([4, 10], sample_style="choice")
    assert {choice.get_transform(image()).new_h for _ in range(40)} == {4, 10}
    between = T.ResizeShortestEdge((4, 6))
    assert {between.get_transform(image()).new_h for _ in range(60)} == {4, 5, 6}
    assert isinstance(T.ResizeShortestEdge(0).get_transform(image()), T.NoOpTransform)


def test_shortest_edge_rejects_nonsense():
    """A wrong style or a range of three lengths names the config key."""
    with pytest.raises(ValueError, match="INPUT.MIN_SIZE_TRAIN_SAMPLING='any'"):
        T.ResizeShortestEdge(4, sample_style="any")
    with pytest.raises(ValueError, match=r"INPUT.MIN_SIZE_TRAIN .*=\(1, 2, 3\)"):
        T.ResizeShortestEdge([1, 2, 3])


def test_flip_probability():
    """Probability 0 never flips, 1 always; the direction is as asked for, and must be one."""
    assert isinstance(T.RandomFlip(0).get_transform(image()), T.NoOpTransform)
    assert isinstance(T.RandomFlip(1).get_transform(image()), T.HFlipTransform)
    vertical = T.RandomFlip(1, horizontal=False, vertical=True).get_transform(image())
    assert isinstance(vertical, T.VFlipTransform)
    for both in (True, False):
        with pytest.raises(ValueError, match="choose one"):
            T.RandomFlip(horizontal=both, vertical=both)


def test_list_applies_in_order_to_everything():
    """Image, boxes and label map go through the same transforms, each on the result of the last."""
    img, sem_seg = image(), image()[:, :, 0]
    inp = T.AugInput(img, boxes=np.array([[0.0, 0.0, 2.0, 3.0]]), sem_seg=sem_seg)
    tfms = T.AugmentationList([T.RandomFlip(1), T.ResizeTransform(6, 8, 12, 16), T.ResizeTransform(12, 16, 6, 6)])(inp)
    assert [type(t) for t in tfms.transforms] == [T.HFlipTransform, T.ResizeTransform, T.ResizeTransform]
    np.testing.assert_allclose(inp.boxes, [[6 * 6 / 8, 0, 6, 3]])
    assert inp.image.shape == (6, 6, 3)
    assert inp.sem_seg.shape == (6, 6)


def test_flip_is_exact():
    """A flipped image is the mirrored array, and fvcore's transform is part of the interface."""
    inp = T.AugInput(image())
    assert isinstance(T.RandomFlip(1)(inp), HFlipTransform)
    np.testing.assert_array_equal(inp.image, image()[:, ::-1])


def test_augmentation_can_ask_for_more_than_the_image():
    """The argument names of `get_transform` pick attributes of the input; a missing one is named."""

    class ToBoxes(T.Augmentation):
        def get_transform(self, image: np.ndarray, boxes: np.ndarray) -> T.Transform:
            return T.ResizeTransform(*image.shape[:2], int(boxes[0, 3]), int(boxes[0, 2]))

    class Wrong(T.Augmentation):
        def get_transform(self, picture: np.ndarray) -> T.Transform:
            return T.NoOpTransform()

    inp = T.AugInput(image(), boxes=np.array([[0.0, 0.0, 4.0, 3.0]]))
    ToBoxes()(inp)
    assert inp.image.shape == (3, 4, 3)
    with pytest.raises(AttributeError, match=r"Wrong: a AugInput has no \['picture'\]"):
        Wrong()(inp)


def test_bad_inputs():
    """What is no image or no augmentation is refused."""
    with pytest.raises(ValueError, match=r"\(H, W\) or \(H, W, C\)"):
        T.AugInput(np.zeros((1, 2, 3, 3), np.uint8))
    with pytest.raises(ValueError, match="uint8 or floating point, not int64"):
        T.AugInput(np.zeros((2, 2), np.int64))
    with pytest.raises(ValueError, match="must be an Augmentation or a Transform"):
        T.AugmentationList(["flip"])


def test_repr_shows_the_settings():
    """The log can say what an augmentation does."""
    assert repr(T.ResizeShortestEdge([4], 9, "choice")) == (
        "ResizeShortestEdge(short_edge_length=(4,), max_size=9, sample_style='choice', interp=2)"
    )
    assert repr(T.AugmentationList([T.RandomFlip(1)])).startswith("AugmentationList[RandomFlip(prob=1, ")
