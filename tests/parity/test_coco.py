"""Loading, mapping and evaluation of a sample of COCO give what detectron2 recorded."""

import contextlib
import copy
import gzip
import io
import json
import os
from pathlib import Path

import pytest
from detectron2.data import DatasetCatalog, DatasetMapper, MetadataCatalog
from detectron2.data import transforms as T
from detectron2.data.datasets import register_coco_instances
from detectron2.evaluation import COCOEvaluator
from torch.testing import assert_close

VARIABLE = "MASK_RCNN_PAPER_COCO_SAMPLE"
SAMPLE = Path(os.environ.get(VARIABLE, "does not exist"))
DATA = Path(__file__).parent / "data"
RECORDED = json.loads((DATA / "coco.json").read_text())
TASKS = {"instances_val": ("bbox", "segm"), "person_keypoints_val": ("bbox", "keypoints")}

pytestmark = pytest.mark.skipif(
    not (SAMPLE / "annotations").is_dir(), reason=f"set {VARIABLE} to the folder of the COCO sample"
)


@pytest.fixture
def register():
    """A function that registers and loads a part of the sample, such as "instances_val", and returns its name."""
    names = []

    def register_part(part):
        kind, split = part.rsplit("_", 1)
        name = f"parity_{part}"
        annotations = SAMPLE / "annotations" / f"{kind}_{split}2017.json"
        register_coco_instances(name, {}, str(annotations), str(SAMPLE / f"{split}2017"))
        names.append(name)
        DatasetCatalog.get(name)  # loading fills in the category map that evaluation needs
        return name

    yield register_part
    for name in names:
        DatasetCatalog.remove(name)
        MetadataCatalog.remove(name)


@pytest.mark.parametrize("part", RECORDED["loading"])
def test_loading(register, part):
    """Images, annotations, class names and category map agree, image by image."""
    name = register(part)
    dicts = DatasetCatalog.get(name)
    metadata = MetadataCatalog.get(name)
    assert {
        "images": len(dicts),
        "annotations": sum(len(d["annotations"]) for d in dicts),
        "thing_classes": metadata.thing_classes,
        "id_map": {str(own): index for own, index in metadata.thing_dataset_id_to_contiguous_id.items()},
        "per_image": {str(d["image_id"]): image_summary(d) for d in dicts},
    } == RECORDED["loading"][part]


def image_summary(record):
    categories = sorted(a["category_id"] for a in record["annotations"])
    return [record["height"], record["width"], len(categories), categories]


def test_mapping(register):
    """Size, mean colour, boxes and classes of flipped and resized samples agree."""
    expected = RECORDED["mapped_flip_320"]
    mapper = DatasetMapper(
        is_train=True,
        augmentations=[T.ResizeShortestEdge(320, 533), T.RandomFlip(prob=1.0)],
        image_format="BGR",
        use_instance_mask=True,
        instance_mask_format="polygon",
    )
    dicts = {str(d["image_id"]): d for d in DatasetCatalog.get(register("instances_val"))}
    assert expected
    for image_id, values in expected.items():
        mapped = mapper(copy.deepcopy(dicts[image_id]))
        assert list(mapped["image"].shape) == values["image_shape"]
        # JPEG decoders differ by a level here and there.
        assert_close(mapped["image"].float().mean((1, 2)).tolist(), values["image_mean"], rtol=0, atol=0.05)
        assert mapped["instances"].gt_classes.tolist() == values["classes"]
        assert_close(mapped["instances"].gt_boxes.tensor.tolist(), values["boxes"], rtol=1e-4, atol=1e-3)


@pytest.mark.parametrize("use_fast_impl", [False, True])
@pytest.mark.parametrize("part", TASKS)
def test_evaluation(register, part, use_fast_impl):
    """Every metric of recorded predictions agrees to 1e-6, of detectron2's compiled evaluation too; some are NaN."""
    evaluator = COCOEvaluator(register(part), TASKS[part], distributed=False, use_fast_impl=use_fast_impl)
    evaluator.reset()
    evaluator._predictions = json.loads(gzip.decompress((DATA / f"predictions_{part}.json.gz").read_bytes()))
    with contextlib.redirect_stdout(io.StringIO()):
        results = evaluator.evaluate()
    assert results.keys() == RECORDED["evaluation"][part].keys()
    for task, recorded in RECORDED["evaluation"][part].items():
        expected = {name: float("nan") if value is None else value for name, value in recorded.items()}
        assert results[task] == pytest.approx(expected, rel=0, abs=1e-6, nan_ok=True)
