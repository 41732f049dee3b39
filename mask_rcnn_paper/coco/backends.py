"""What computes COCO's metrics: pycocotools, or hotcoco, which does the same in a fraction of the time.

Both are classes that can stand for pycocotools' COCOeval, and say what they matched.
"""

import contextlib
import gc
from collections.abc import Iterator, Mapping
from importlib import metadata
from importlib.util import find_spec
from typing import Any

import numpy as np
from pycocotools.cocoeval import COCOeval

from mask_rcnn_paper.coco.matches import Matches

# hotcoco gives its matches as lists, which of all images of COCO would take gigabytes: so many images are matched once
# more, which takes milliseconds, and read at a time.
_IMAGES = 100
_PARAMS = ("imgIds", "catIds", "iouThrs", "recThrs", "maxDets", "areaRng", "areaRngLbl")


class PycocotoolsEval(COCOeval):
    """pycocotools' COCOeval."""

    def matches(self) -> Matches:
        """What `evaluate` matched."""
        return Matches.of(self.evalImgs, self.params)


class HotcocoEval(PycocotoolsEval):
    """COCOeval whose work hotcoco does; its arrays are those of pycocotools, to the bit.

    Left to pycocotools are summaries, so that a size without objects is -1 as ever; and files with ids below 1, which
    hotcoco refuses, or whose objects it finds: pycocotools takes a detection matched to annotation 0 for unmatched.
    """

    def evaluate(self) -> None:
        """Match detections with objects, image by image."""
        self.hotcoco = None
        if min([*self.cocoGt.imgs, *self.cocoGt.cats, *(key - 1 for key in self.cocoGt.anns)], default=0) < 0:
            super().evaluate()
            return
        import hotcoco  # not above: who chooses pycocotools may not have it

        p = self.params
        p.imgIds, p.catIds, p.maxDets = np.unique(p.imgIds).tolist(), np.unique(p.catIds).tolist(), sorted(p.maxDets)
        sections = {key: self.cocoGt.dataset[key] for key in ("images", "categories")}
        annotations = (coco.dataset["annotations"] for coco in (self.cocoGt, self.cocoDt))
        sets = (hotcoco.COCO({**sections, "annotations": entries}) for entries in annotations)
        self.hotcoco = hotcoco.COCOeval(*sets, p.iouType)
        for name in (*_PARAMS, *(("kpt_oks_sigmas",) if p.iouType == "keypoints" else ())):
            setattr(self.hotcoco.params, name, getattr(p, name))
        self.hotcoco.evaluate()

    def accumulate(self, p: Any = None) -> None:
        """Precision, recall and scores of what was matched, in `eval`."""
        if self.hotcoco is None:
            super().accumulate(p)
            return
        self.hotcoco.accumulate()
        self.eval = {**self.hotcoco.eval, "params": self.params}

    def matches(self) -> Matches:
        """As `PycocotoolsEval.matches`; to be called last."""
        if self.hotcoco is None:
            return super().matches()
        with _without_garbage_collection():
            return Matches.of(self._entries(), self.params)

    def _entries(self) -> Iterator[Mapping[str, Any]]:
        images = self.params.imgIds
        for first in range(0, len(images), _IMAGES):
            self.hotcoco.params.imgIds = images[first : first + _IMAGES]
            self.hotcoco.evaluate()
            yield from self.hotcoco.eval_imgs


BACKENDS: Mapping[str, type[PycocotoolsEval]] = {"hotcoco": HotcocoEval, "pycocotools": PycocotoolsEval}


def choose_backend(name: str) -> str:
    """The key of `BACKENDS` that TEST.COCO_BACKEND means: "auto" is the first that is installed.

    Raises:
        ValueError: an unknown name, or what it names is not installed.
    """
    installed = [known for known in BACKENDS if find_spec(known)]
    if name == "auto":
        return installed[0]
    if name not in BACKENDS:
        raise ValueError(f"TEST.COCO_BACKEND {name!r}: choose from auto, {', '.join(BACKENDS)}")
    if name not in installed:
        raise ValueError(f"TEST.COCO_BACKEND {name!r} is not installed: pip install {name}, or choose auto")
    return name


def backend_version(name: str) -> str:
    """A key of `BACKENDS` with its version, such as "pycocotools 2.0.11"."""
    return f"{name} {metadata.version(name)}"


@contextlib.contextmanager
def _without_garbage_collection() -> Iterator[None]:
    """Millions of new lists would have Python look for garbage all the time, and take four times as long."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()
