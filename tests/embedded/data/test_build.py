import itertools
import os

import pytest
import torch
from detectron2.config import get_cfg
from detectron2.data import (
    DatasetCatalog,
    DatasetMapper,
    MetadataCatalog,
    build_detection_test_loader,
    build_detection_train_loader,
    get_detection_dataset_dicts,
)
from detectron2.data import transforms as T
from detectron2.data.build import filter_images_with_few_keypoints
from detectron2.data.samplers import TrainingSampler
from detectron2.utils import comm
from detectron2.utils.env import seed_all_rng

from tests.embedded.tiny_coco import box_annotation


def config(*overrides: object):
    cfg = get_cfg()
    cfg.merge_from_list(["DATASETS.TRAIN", ("tiny",), "DATASETS.TEST", ("tiny",), "SOLVER.IMS_PER_BATCH", 2])
    cfg.merge_from_list(["DATALOADER.NUM_WORKERS", 0, "INPUT.MIN_SIZE_TRAIN", (20, 24, 28), *overrides])
    return cfg


def test_images_of_crowds_only_are_dropped(registered):
    """Image 3 has a crowd alone, so only `filter_empty=False` keeps it."""
    name = registered()
    assert [d["image_id"] for d in get_detection_dataset_dicts(name)] == [1, 2]
    assert [d["image_id"] for d in get_detection_dataset_dicts([name], filter_empty=False)] == [1, 2, 3]


def test_datasets_are_joined(registered):
    """Several names give one list; datasets with other classes are refused."""
    names = [registered("a"), registered("b")]
    assert len(get_detection_dataset_dicts(names)) == 4
    names.append(registered("c", categories=[{"id": 1, "name": "dog"}, {"id": 7, "name": "cat"}]))
    with pytest.raises(ValueError, match="datasets 'a' and 'c' differ in thing_classes"):
        get_detection_dataset_dicts(names)
    assert len(get_detection_dataset_dicts(names, check_consistency=False)) == 6


def test_images_with_few_keypoints_are_dropped(registered):
    """Labelled keypoints of all instances of an image are counted together."""
    annos = [
        box_annotation(1, 1, 1, [0, 0, 9, 9], keypoints=[1, 1, 2, 0, 0, 0, 0, 0, 0]),
        box_annotation(2, 1, 1, [0, 0, 9, 9], keypoints=[1, 1, 1, 0, 0, 0, 0, 0, 0]),
        box_annotation(3, 2, 1, [0, 0, 9, 9], keypoints=[1, 1, 2, 0, 0, 0, 0, 0, 0]),
        box_annotation(4, 3, 1, [0, 0, 9, 9]),
    ]
    name = registered(annotations=annos)
    assert [d["image_id"] for d in get_detection_dataset_dicts(name, min_keypoints=1)] == [1, 2]
    assert [d["image_id"] for d in get_detection_dataset_dicts(name, min_keypoints=2)] == [1]
    assert len(filter_images_with_few_keypoints(DatasetCatalog.get(name), 0)) == 3


def test_nothing_to_train_on(registered):
    """No name, an unknown name, no image and no usable annotation are errors of one line."""
    with pytest.raises(ValueError, match="set DATASETS.TRAIN"):
        get_detection_dataset_dicts([])
    with pytest.raises(KeyError, match="'tinny' is not registered"):
        get_detection_dataset_dicts(["tinny"])
    with pytest.raises(ValueError, match="dataset 'empty' has no images"):
        get_detection_dataset_dicts(registered("empty", images=[]))
    crowds = registered("crowds", annotations=[box_annotation(1, 1, 1, [0, 0, 1, 1], iscrowd=1)])
    with pytest.raises(ValueError, match="no image has usable annotations"):
        get_detection_dataset_dicts(crowds)


def test_class_outside_the_metadata():
    """An annotation whose class has no name is found before training."""
    sample = {"image_id": 1, "annotations": [{"category_id": 2, "iscrowd": 0}]}
    DatasetCatalog.register("build_test", lambda: [sample])
    MetadataCatalog.get("build_test").thing_classes = ["a", "b"]
    try:
        with pytest.raises(ValueError, match="category_id=2: legal are 0 to 1"):
            get_detection_dataset_dicts("build_test")
    finally:
        DatasetCatalog.remove("build_test")
        MetadataCatalog.remove("build_test")


def test_files_of_proposals_are_refused(registered):
    """detectron2 pickles them, and a pickle is a program."""
    with pytest.raises(
        ValueError, match=r"LOAD_PROPOSALS=True: the embedded core does not read .*'p.pkl'.* install detec"
    ):
        get_detection_dataset_dicts(registered(), proposal_files=["p.pkl"])
    cfg = config("MODEL.LOAD_PROPOSALS", True, "DATASETS.PROPOSAL_FILES_TEST", ("p.pkl",))
    with pytest.raises(ValueError, match="does not read"):
        build_detection_test_loader(cfg, "tiny")


def batches(cfg, n: int = 6) -> list[list[dict]]:
    seed_all_rng(5)
    return list(itertools.islice(build_detection_train_loader(cfg), n))


@pytest.mark.parametrize("workers", [0, 2])
@pytest.mark.parametrize("grouping", [True, False])
def test_seed_fixes_the_batches(registered, workers, grouping):
    """Two loaders with the same seed give the same images, sizes and flips, in this process or in workers."""
    registered()
    cfg = config("DATALOADER.NUM_WORKERS", workers, "DATALOADER.ASPECT_RATIO_GROUPING", grouping)
    first, second = batches(cfg), batches(cfg)
    assert [len(b) for b in first] == [2] * 6
    for a, b in zip(itertools.chain(*first), itertools.chain(*second), strict=True):
        assert a["image_id"] == b["image_id"]
        torch.testing.assert_close(a["image"], b["image"], rtol=0, atol=0)
        boxes = [s["instances"].gt_boxes.tensor for s in (a, b)]
        torch.testing.assert_close(*boxes, rtol=0, atol=0)
    if grouping:
        assert all(len({s["width"] > s["height"] for s in batch}) == 1 for batch in first)


def test_without_grouping_the_order_does_not_depend_on_the_workers(registered):
    """Each batch is made by one worker, so workers change only the random draws of the augmentations."""
    registered()
    ungrouped = ["DATALOADER.ASPECT_RATIO_GROUPING", False]
    ids = [
        [s["image_id"] for s in itertools.chain(*batches(config("DATALOADER.NUM_WORKERS", workers, *ungrouped)))]
        for workers in (0, 2)
    ]
    assert ids[0] == ids[1]


def test_without_a_seed_the_order_is_drawn():
    """A negative SEED takes the order from the global generators."""
    samples = [{"width": 2, "height": 1, "i": i} for i in range(50)]
    orders = set()
    for state in (1, 2):
        seed_all_rng(state)
        loader = build_detection_train_loader(config(), mapper=dict, dataset=samples)
        orders.add(tuple(s["i"] for batch in itertools.islice(loader, 20) for s in batch))
    assert len(orders) == 2


def test_loader_without_a_config():
    """Lists, mappers, samplers and collate functions can be given by hand."""
    samples = [{"width": 2, "height": 1, "i": i} for i in range(4)]

    def shifted(sample: dict) -> dict:
        return sample | {"i": sample["i"] + 10}

    for grouping in (True, False):
        loader = build_detection_train_loader(
            samples, mapper=shifted, sampler=[3, 1, 2, 0], total_batch_size=2, aspect_ratio_grouping=grouping,
            collate_fn=lambda batch: [s["i"] for s in batch],
        )  # fmt: skip
        assert list(loader) == [[13, 11], [12, 10]]


def test_batch_is_divided_among_processes(monkeypatch):
    """Each of two processes gets half of the batch; a batch of three is an error that names both numbers."""
    monkeypatch.setattr(comm, "get_world_size", lambda: 2)
    samples = [{"width": 2, "height": 1}] * 4
    sampler = TrainingSampler(4, seed=0)
    loader = build_detection_train_loader(samples, mapper=None, sampler=sampler, total_batch_size=4)
    assert len(next(iter(loader))) == 2
    with pytest.raises(ValueError, match=r"IMS_PER_BATCH=3 must be .* processes \(GPUs\), which is 2"):
        build_detection_train_loader(samples, mapper=None, sampler=sampler, total_batch_size=3)


def test_other_samplers_need_detectron2(registered):
    """A sampler that the core does not have is refused by its key."""
    registered()
    cfg = config("DATALOADER.SAMPLER_TRAIN", "RepeatFactorTrainingSampler")
    with pytest.raises(ValueError, match="DATALOADER.SAMPLER_TRAIN='RepeatFactor.*install detectron2"):
        build_detection_train_loader(cfg)


@pytest.mark.parametrize("workers", [0, 2])
def test_test_loader_gives_every_image_once(registered, workers):
    """All images come in the order of the dataset, one by one, also those without annotations."""
    loader = build_detection_test_loader(config("DATALOADER.NUM_WORKERS", workers), registered())
    assert len(loader) == 3
    assert [[s["image_id"] for s in batch] for batch in loader] == [[1], [2], [3]]


def test_test_loader_by_hand():
    """Samples, batch size and mapper can be given by hand; the last batch may be smaller."""
    loader = build_detection_test_loader([1, 2, 3], mapper=lambda x: x * x, batch_size=2)
    assert list(loader) == [[1, 4], [9]]


@pytest.mark.parametrize("workers", [0, 2])
def test_missing_image_is_one_line(registered, workers):
    """An image that is gone is reported in one line, also from a worker."""
    name = registered()
    dicts = get_detection_dataset_dicts(name)
    os.remove(dicts[0]["file_name"])
    mapper = DatasetMapper(True, augmentations=[T.RandomFlip()], image_format="BGR")
    batches = iter(build_detection_test_loader(dicts, mapper=mapper, num_workers=workers))
    with pytest.raises(FileNotFoundError) as error:
        next(batches)
    assert len(list(batches)) == 1  # torch takes 5 s a worker to end a loader that failed and was not used up
    assert str(error.value) == f"image {dicts[0]['file_name']!r} does not exist: check the image folder"
