"""Where the time goes, with a clock that each module moves on by a known time."""

from types import SimpleNamespace

import pytest
import torch
from torch import nn

from mask_rcnn_paper.timing.parts import PARTS, PartTimer


class Clock:
    """Time that passes only where modules say so."""

    now = 0.0

    def __call__(self):
        return self.now


class Takes(nn.Module):
    """A module that takes so long."""

    def __init__(self, clock, seconds):
        super().__init__()
        self.clock, self.seconds = clock, seconds

    def forward(self, x):
        self.clock.now += self.seconds
        return x


class Heads(nn.Module):
    """detectron2's names; with `shared`, one pooler and a res5 as in the C4 head."""

    def __init__(self, clock, branches, shared=False):
        super().__init__()
        self.clock, self.branches, self.shared = clock, branches, shared
        self.box_predictor = Takes(clock, 4)
        if shared:
            self.pooler, self.res5 = Takes(clock, 1), Takes(clock, 2)
        else:
            self.box_pooler, self.box_head = Takes(clock, 1), Takes(clock, 2)
        for branch in branches:
            setattr(self, f"{branch}_head", Takes(clock, 32 if branch == "mask" else 64))
            if not shared:
                setattr(self, f"{branch}_pooler", Takes(clock, 8))

    def forward(self, x):
        x = self.res5(self.pooler(x)) if self.shared else self.box_head(self.box_pooler(x))
        x = self.box_predictor(x)
        self.clock.now += 16  # suppression
        for branch in self.branches:
            x = self.res5(self.pooler(x)) if self.shared else getattr(self, f"{branch}_pooler")(x)
            x = getattr(self, f"{branch}_head")(x)
        return x


class Model(nn.Module):
    """As GeneralizedRCNN."""

    def __init__(self, clock, **heads):
        super().__init__()
        self.clock = clock
        self.backbone, self.proposal_generator = Takes(clock, 100), Takes(clock, 200)
        self.roi_heads = Heads(clock, **heads)

    def forward(self, x):
        self.clock.now += 1000  # normalising
        x = self.roi_heads(self.proposal_generator(self.backbone(x)))
        self.clock.now += 2000  # pasting
        return x


def times(**heads):
    clock = Clock()
    timer = PartTimer(Model(clock, **heads), clock)
    return SimpleNamespace(first=timer([]), second=timer([]), model=timer.model, timer=timer)


COMMON = {"backbone": 100, "RPN": 200, "box": 1 + 2 + 4 + 16, "post-processing": 2000, "rest": 1000}


@pytest.mark.parametrize(
    "heads, expected",
    [
        ({"branches": ()}, {}),
        ({"branches": ("mask",)}, {"mask": 8 + 32}),
        ({"branches": ("mask", "keypoint")}, {"mask": 8 + 32, "keypoints": 8 + 64}),
        # The pooler and res5 run again for masks.
        ({"branches": ("mask",), "shared": True}, {"mask": 1 + 2 + 32}),
    ],
)
def test_each_part_has_its_own_time(heads, expected):
    """To the second, in the first pass and in the next, and the sum is that of the pass."""
    found = times(**heads)
    assert found.first == found.second == dict.fromkeys(PARTS, 0.0) | COMMON | expected


def test_as_a_context_it_ends_its_watch():
    """The model is as before."""
    clock = Clock()
    model = Model(clock, branches=("mask",))
    with PartTimer(model, clock) as timer:
        assert timer([])["mask"] == 40
    assert not any(layer._forward_hooks or layer._forward_pre_hooks for layer in model.modules())


def test_no_graph_is_kept():
    """As in evaluation."""
    clock = Clock()
    model = Model(clock, branches=())
    model.backbone.register_forward_hook(lambda *_: seen.append(torch.is_grad_enabled()))
    seen = []
    PartTimer(model, clock)([])
    assert seen == [False]
