"""Annotations in COCO's format, and their images: `validate_dataset`, and that training agrees with it."""

import contextlib
import io
import json
import shutil
from pathlib import Path

from detectron2.data import DatasetMapper
from PIL import Image

from mask_rcnn_paper.data.careful_mapper import CarefulMapper, UnreadableImageError
from mask_rcnn_paper.data.validated import require_usable, training_sets
from mask_rcnn_paper.scales import load_cfg
from mask_rcnn_paper.validate_dataset.__main__ import main
from tests.fuzz.odd import Odd
from tests.fuzz.oracle import Case, Wrong
from tests.own_files import own_opts
from tests.validate_dataset.cases import valid_data, write_images

ROW = "table2b/sigmoid.yaml"


def make(odd: Odd, folder: Path) -> Case:
    """Annotations with faults in most cases, damaged images in some; with and without --fix."""
    images = write_images(folder / "images")
    keypoints = odd.rng.random() < 0.4
    of_images = odd.chance(0.15)
    data = valid_data(keypoints)
    (folder / "train.json").write_bytes(json.dumps(data).encode() if of_images else odd.json(data))
    if of_images:
        image = images / odd.rng.choice(("a.png", "b.png"))
        image.write_bytes(odd.bytes(image.read_bytes()))
    words = [str(folder / "train.json"), str(images), "--format", odd.rng.choice(("text", "json"))]
    fixes = odd.rng.random() < 0.4
    words += ["--fix", str(folder / "fixed.json")] if fixes else []

    def sound(code: int) -> None:
        if fixes and code == 0 and _quietly(words[:2], folder / "fixed.json"):
            raise Wrong("what --fix has written has errors")
        if not (keypoints or of_images or fixes):
            _require_agreement(folder, code)

    return Case(
        call=lambda: main(words),
        about=f"validate_dataset {' '.join(words)}",
        folder=folder,
        where=("train.json", "fixed.json"),
        codes=(0, 1),
        refusing=(1,),
        sound=sound,
    )


def _quietly(words: list[str], file: Path) -> int:
    with contextlib.redirect_stdout(io.StringIO()):
        return main([str(file), *words[1:]])


def _require_agreement(folder: Path, code: int) -> None:
    """Training takes what has no errors, and its images can be read; it takes nothing else."""
    shutil.copy(folder / "train.json", folder / "val.json")
    (folder / "val").mkdir(exist_ok=True)
    for path in (folder / "images").iterdir():  # the same images would be refused
        Image.eval(Image.open(path), lambda value: 255 - value).save(folder / "val" / path.name)
    opts = own_opts(folder)
    opts[opts.index("DATASETS.OWN.VAL") + 1] = f"('{folder}/val.json', '{folder}/val')"
    try:
        cfg = load_cfg(ROW, "smoke", [*opts, "MODEL.LOAD_PROPOSALS", "False", "MODEL.DEVICE", "cpu"])
        require_usable(cfg)
        mapper = CarefulMapper(DatasetMapper(cfg, True))
        for sample in (sample for found in training_sets(cfg) for sample in found):
            mapper(sample)
    except (ValueError, OSError, KeyError, AssertionError, UnreadableImageError) as error:
        if code == 0:
            text = " ".join(str(error).split())
            raise Wrong(f"validate_dataset finds no error, training says {text[:300]!r}") from error
        return
    if code:
        raise Wrong("validate_dataset finds errors, and training takes the data")
