"""Which image comes when in training: the same on both providers, given a seed."""

import itertools

import pytest
import torch
from detectron2.config import get_cfg
from detectron2.data import build_detection_train_loader
from detectron2.utils.env import seed_all_rng
from torch.utils.data import SequentialSampler

SAMPLES = [{"width": 2, "height": 1, "i": i} for i in range(50)]


def indices(loader, batches):
    return [sample["i"] for batch in itertools.islice(loader, batches) for sample in batch]


@pytest.mark.parametrize("state", [1, 2])
@pytest.mark.parametrize("seed", [0, 3])
def test_the_seed_of_the_config_fixes_the_order(seed, state):
    """One random permutation after the other, of a generator seeded with SEED, whatever the global generators do."""
    cfg = get_cfg()
    cfg.merge_from_list(["SEED", seed, "SOLVER.IMS_PER_BATCH", 5, "DATALOADER.NUM_WORKERS", 0])
    seed_all_rng(state)
    loader = build_detection_train_loader(cfg, mapper=dict, dataset=SAMPLES)
    generator = torch.Generator().manual_seed(seed)
    expected = [*torch.randperm(50, generator=generator).tolist(), *torch.randperm(50, generator=generator).tolist()]
    assert indices(loader, 20) == expected


@pytest.mark.parametrize(
    ("grouping", "expected"), [(False, [0, 1, 2, 3, 4, 5, 6, 7]), (True, [0, 2, 1, 3, 4, 6, 5, 7])]
)
def test_workers_take_turns(grouping, expected):
    """Of batches of two, one worker holds 0 1 4 5, the other 2 3 6 7; they give batches in turn, or single samples."""
    loader = build_detection_train_loader(
        SAMPLES[:8],
        mapper=None,
        sampler=SequentialSampler(SAMPLES[:8]),
        total_batch_size=2,
        aspect_ratio_grouping=grouping,
        num_workers=2,
    )
    assert indices(loader, 4) == expected
