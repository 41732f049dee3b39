"""The resumable loader."""

import itertools

import pytest
import torch
from detectron2.config import get_cfg
from detectron2.data import get_detection_dataset_dicts
from detectron2.data.samplers import TrainingSampler
from detectron2.utils import comm
from detectron2.utils.env import seed_all_rng

from mask_rcnn_paper.config import add_mask_rcnn_paper_config
from mask_rcnn_paper.training.fixed_ratio import FixedRatioSampler
from mask_rcnn_paper.training.loader import BatchOrder, ResumableLoader, build_train_loader
from mask_rcnn_paper.training.resume import kept_rng_state

WIDE = [True, False, False, True, True, False, True]


@pytest.fixture(autouse=True)
def unchanged_generators(monkeypatch):
    """Leave the global generators as they were."""
    monkeypatch.setenv("PYTHONHASHSEED", "0")
    with kept_rng_state():
        yield


def places(count, first_batch=0, wide=WIDE, seed=3):
    """The first places of an order in batches of two."""
    order = BatchOrder(wide, 2, TrainingSampler(len(wide), seed=seed))
    order.first_batch = first_batch
    return list(itertools.islice(order, count))


def test_batches_hold_images_of_one_shape():
    """Batches come in the order in which they fill up: a slow search through the sampler's stream finds the same."""
    stream = [int(index) for index in itertools.islice(TrainingSampler(7, seed=3), 60)]
    left, expected = list(enumerate(stream)), []
    while len(expected) < 40:
        ends = [k for k in range(len(left)) if sum(WIDE[i] == WIDE[left[k][1]] for _, i in left[: k + 1]) == 2]
        shape = WIDE[left[ends[0]][1]]
        batch = [place for place in left[: ends[0] + 1] if WIDE[place[1]] == shape]
        expected += batch
        left = [place for place in left if place not in batch]
    assert places(40) == expected[:40]


def test_without_shapes_the_order_is_the_samplers():
    """Where all samples count as of one shape, places are numbered through."""
    stream = list(itertools.islice(TrainingSampler(7, seed=3), 20))
    assert places(20, wide=[False] * 7) == list(enumerate(stream))


@pytest.mark.parametrize("skipped", [0, 1, 5, 400])
def test_skipping_leaves_out_the_first_batches(skipped):
    """The rest is as it would have been."""
    assert places(20, skipped) == places(2 * skipped + 20)[2 * skipped :]


def test_processes_share_the_stream(monkeypatch):
    """Each process takes its part, so together they see what one would."""
    whole = [index for _, index in places(20, wide=[False] * 7)]
    parts = []
    monkeypatch.setattr(comm, "get_world_size", lambda: 2)
    for rank in (0, 1):
        monkeypatch.setattr(comm, "get_rank", lambda rank=rank: rank)
        parts.append([index for _, index in places(10, wide=[False] * 7)])
    assert [index for pair in zip(*parts, strict=True) for index in pair] == whole


def loader(workers, seed=1, sets=("smoke_train",), **changes):
    """A loader of smoke_train, or of several sets, with sizes and flips drawn."""
    cfg = get_cfg()
    add_mask_rcnn_paper_config(cfg)
    cfg.merge_from_list(["DATASETS.TRAIN", sets, "SEED", seed, "DATALOADER.NUM_WORKERS", workers])
    cfg.merge_from_list(["INPUT.MIN_SIZE_TRAIN", tuple(range(32, 64)), "SOLVER.IMS_PER_BATCH", 2])
    cfg.merge_from_list([word for pair in changes.items() for word in pair])
    return build_train_loader(cfg, *(get_detection_dataset_dicts([name]) for name in sets))


def seen(batches, count):
    """Image and size of the samples of some batches, and where their first boxes begin."""
    return [
        [(s["image_id"], tuple(s["image"].shape[1:]), s["instances"].gt_boxes.tensor[0, 0].item()) for s in batch]
        for batch in itertools.islice(batches, count)
    ]


def test_workers_do_not_change_what_is_skipped_to():
    """With workers a batch is the same whether the ones before were read or not, and however many workers there are."""
    expected = seen(loader(2), 6)
    for workers in (1, 2):
        resumed = loader(workers)
        resumed.skip_batches(4)
        seed_all_rng(99)
        assert seen(resumed, 2) == expected[4:]


def test_a_seed_fixes_what_workers_draw():
    """Another seed gives other sizes."""
    first, again, other = (seen(loader(1, seed), 3) for seed in (1, 1, 2))
    assert first == again != other


def test_samples_differ_in_workers():
    """One image, seen again and again, gets sizes of its own each time."""
    sizes = {size for batch in seen(loader(1), 8) for _, size, _ in batch}
    assert len(sizes) > 4


def test_without_workers_the_global_generators_draw():
    """As in detectron2: the same batches after the same seed, another's after another."""
    batches = []
    for seed in (5, 5, 6):
        made = loader(0)
        seed_all_rng(seed)
        batches.append(seen(made, 2))
    assert batches[0] == batches[1] != batches[2]


@pytest.mark.parametrize("workers", [0, 1])
def test_beginning_draws_nothing(workers):
    """torch's generator, from which the model draws, is as it was when the first batch comes."""
    made = loader(workers)
    state = torch.get_rng_state()
    seen(made, 1)
    assert torch.equal(torch.get_rng_state(), state)


def test_other_samplers_are_detectron2s():
    """A sampler that this loader does not know is left to detectron2, with its errors."""
    try:
        made = loader(0, **{"DATALOADER.SAMPLER_TRAIN": "RepeatFactorTrainingSampler"})
    except ValueError as error:
        assert "DATALOADER.SAMPLER_TRAIN" in str(error)
    else:
        assert not isinstance(made, ResumableLoader)


def mixed(workers=0, ratio=(3, 2), **changes):
    """A loader of two sets at a ratio."""
    return loader(workers, sets=("smoke_train", "smoke_val"), **{"DATALOADER.DATASET_RATIO": ratio, **changes})


def test_sets_are_mixed_at_the_ratio():
    """Of each five images three are of the first set; both sets count their images from 1."""
    folders = [s["file_name"].split("/")[-3][:11] for batch in itertools.islice(mixed(), 25) for s in batch]
    for start in range(0, 50, 5):
        assert sorted(folders[start : start + 5]) == 3 * ["smoke_train"] + 2 * ["smoke_val-v"]


@pytest.mark.parametrize("workers", [0, 1])
def test_mixed_sets_are_skipped_too(workers):
    """A resumed run goes on in the stream, at the ratio."""
    expected = [[s["file_name"] for s in batch] for batch in itertools.islice(mixed(), 9)]
    resumed = mixed(workers)
    resumed.skip_batches(6)
    assert [[s["file_name"] for s in batch] for batch in itertools.islice(resumed, 3)] == expected[6:]


def test_the_ratio_holds_under_grouping_by_shape():
    """Batches are of one shape; over many of them the ratio is what it was, but for what waits to fill a batch."""
    wide = [index % 3 == 0 for index in range(40)]
    order = BatchOrder(wide, 4, FixedRatioSampler((30, 10), (6, 4), 3))
    stream = [index for _, index in itertools.islice(order, 4000)]
    for start in range(0, 4000, 4):
        assert len({wide[index] for index in stream[start : start + 4]}) == 1
    assert abs(sum(index < 30 for index in stream) - 2400) <= 2 * 3


def test_without_a_ratio_sets_are_put_together():
    """detectron2's way: one order of all images."""
    made = mixed(ratio=())
    assert isinstance(made.order.sampler, TrainingSampler)
    names = [s["file_name"] for batch in itertools.islice(made, 6) for s in batch]
    assert len(set(names)) == 12


def test_a_ratio_needs_the_training_sampler():
    """Another sampler would not keep it."""
    with pytest.raises(ValueError, match="RepeatFactorTrainingSampler' cannot keep DATALOADER.DATASET_RATIO="):
        mixed(**{"DATALOADER.SAMPLER_TRAIN": "RepeatFactorTrainingSampler"})
