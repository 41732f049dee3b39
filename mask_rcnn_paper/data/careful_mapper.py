"""Samples whose image cannot be read end a run in one line, in whichever process they are read."""

from collections.abc import Callable

from detectron2.data.detection_utils import read_image


class UnreadableImageError(ValueError):
    """An image file that is not there, damaged, or of another size than its dataset says."""

    def __init__(self, text: str) -> None:
        # torch makes the exception of a loader's worker anew, and gives it the whole traceback for its text.
        super().__init__(text.rpartition(f"{type(self).__name__}: ")[2].strip())


class CarefulMapper:
    """A mapper of samples, such as detectron2's `DatasetMapper`, that names the image where it fails because of it."""

    def __init__(self, mapper: Callable[[dict], dict | None]) -> None:
        self.mapper = mapper

    def __call__(self, sample: dict) -> dict | None:
        """As the mapper.

        Raises:
            UnreadableImageError: the file and what is wrong with it. Whatever else fails is raised as it is.
        """
        try:
            return self.mapper(sample)
        except Exception as error:
            if fault := _fault(sample):
                cure = "put the right file there, and go on with --resume"
                raise UnreadableImageError(f"{fault}; {cure}") from error
            raise


def _fault(sample: dict) -> str:
    """What is wrong with the image of a sample, "" for nothing."""
    name = f"image {sample['file_name']!r}"
    try:
        height, width = read_image(sample["file_name"], "BGR").shape[:2]
    except Exception as error:  # a damaged file makes its reader raise anything
        reason = " ".join(str(error).split()) or type(error).__name__
        return reason if reason.startswith(name) else f"{name} cannot be read ({reason})"
    said = sample.get("width", width), sample.get("height", height)
    if said == (width, height):
        return ""
    return f"{name} has {width} x {height} pixels, and its dataset says {said[0]} x {said[1]}"
