"""Reading images, with errors that say which file is wrong."""

from typing import Any

import numpy as np
from PIL import Image, UnidentifiedImageError

__all__ = ["BadSampleError", "MissingImageError", "SizeMismatchError", "check_image_size", "read_image"]

_EXIF_ORIENTATION = 0x0112
_UPRIGHT = {
    2: Image.FLIP_LEFT_RIGHT,
    3: Image.ROTATE_180,
    4: Image.FLIP_TOP_BOTTOM,
    5: Image.TRANSPOSE,
    6: Image.ROTATE_270,
    7: Image.TRANSVERSE,
    8: Image.ROTATE_90,
}


def _sentence(message: str) -> str:
    # A DataLoader builds the exception anew from the worker's whole traceback; its last line is the sentence.
    lines = str(message).strip().splitlines() or [""]
    return lines[-1].split("Error: ", 1)[-1] if len(lines) > 1 else lines[0]


class MissingImageError(FileNotFoundError):
    """An image file of a dataset does not exist."""

    def __init__(self, message: str) -> None:
        super().__init__(_sentence(message))


class BadSampleError(ValueError):
    """A sample of a dataset cannot be used: not an image, of the wrong size, or wrongly annotated."""

    def __init__(self, message: str) -> None:
        super().__init__(_sentence(message))


class SizeMismatchError(BadSampleError):
    """An image has another size than its dataset says."""


def read_image(file_name: str, format: str | None = None) -> np.ndarray:
    """Read an image the right way up: the camera's orientation (EXIF) is applied.

    Args:
        file_name: Path.
        format: "BGR", a mode of PIL such as "RGB" or "L", or None for the file's own mode.

    Returns:
        Array of uint8 (H, W, C), with C = 1 for "L"; (H, W) only where None meets a grey file.

    Raises:
        FileNotFoundError: there is no such file.
        ValueError: the file is no image, or `format` is unknown.
    """
    try:
        with open(file_name, "rb") as f, Image.open(f) as image:
            method = _UPRIGHT.get(_orientation(image))
            upright = image.transpose(method) if method is not None else image
            if format is None:
                return np.array(upright)
            pixels = np.array(upright.convert("RGB" if format == "BGR" else format))
    except FileNotFoundError:
        raise MissingImageError(f"image {file_name!r} does not exist: check the image folder") from None
    except UnidentifiedImageError:
        raise BadSampleError(f"{file_name!r} is not an image: download or copy it again") from None
    except (OSError, SyntaxError) as e:  # SyntaxError: PIL on broken PNG chunks
        raise BadSampleError(f"image {file_name!r} cannot be read ({e}): download or copy it again") from None
    except ValueError as e:
        raise BadSampleError(f"INPUT.FORMAT={format!r}: choose BGR, RGB or L ({file_name!r}: {e})") from None
    if format == "BGR":
        return pixels[:, :, ::-1]
    return pixels[:, :, None] if format == "L" else pixels


def _orientation(image: Image.Image) -> int | None:
    try:
        return image.getexif().get(_EXIF_ORIENTATION)
    except Exception:  # PIL raises all kinds on damaged EXIF blocks; such an image is taken as it is
        return None


def check_image_size(dataset_dict: dict[str, Any], image: np.ndarray) -> None:
    """Compare an image's size with what its dataset says; note the size where the dataset says nothing.

    Args:
        dataset_dict: A sample; gets "width" and "height" where it has none.
        image: Shape (H, W) or (H, W, C).

    Raises:
        SizeMismatchError: they differ.
    """
    h, w = image.shape[:2]
    said = dataset_dict.get("width", w), dataset_dict.get("height", h)
    if said != (w, h):
        raise SizeMismatchError(
            f"image {dataset_dict.get('file_name')!r} is {w}x{h} pixels, but its annotations say "
            f"{said[0]}x{said[1]}: correct width and height there, or use the original image"
        )
    dataset_dict["width"], dataset_dict["height"] = said
