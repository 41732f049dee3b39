"""How long each part of a model takes at test.

Nothing inside the model is changed: forward hooks on its public submodules say when one part ends and the next begins.
"""

from collections.abc import Callable
from typing import Any

import torch
from torch import nn

REST = "rest"
POST = "post-processing"
PARTS = ("backbone", "RPN", "box", "mask", "keypoints", POST, REST)


class PartTimer:
    """Times passes of a `GeneralizedRCNN` with an RPN, in evaluation mode; as a context it ends its watch.

    backbone          ResNet and FPN
    RPN               from feature maps to proposals
    box               RoI features of proposals, box head, and the suppression of what overlaps
    mask, keypoints   RoI features of detections, and the head
    post-processing   boxes, masks and keypoints to the size of the original image
    rest              normalising and padding the image

    Args:
        model: With detectron2's names of its parts; a model of other parts has them in "box" or "rest".
        clock: Seconds; see `clock_of`.
    """

    def __init__(self, model: nn.Module, clock: Callable[[], float]) -> None:
        self.model, self.clock = model, clock
        self.seconds: dict[str, float] = {}
        self.part, self.since = REST, 0.0
        self.scored = False
        heads = model.roi_heads
        branches = dict(heads.named_children())
        self.hooks = [
            *self._watch(model.backbone, "backbone", REST),
            *self._watch(model.proposal_generator, "RPN", REST),
            *self._watch(heads, "box", POST),
            heads.box_predictor.register_forward_hook(self._after_scores),
        ]
        for name, part in (("mask", "mask"), ("keypoint", "keypoints")):
            if head := branches.get(f"{name}_head"):
                self.hooks += self._watch(head, part, "box")
                # The C4 head has one pooler for boxes and masks.
                pooler = branches.get(f"{name}_pooler") or branches.get("pooler")
                if pooler is not None:
                    self.hooks.append(pooler.register_forward_pre_hook(self._begins(part, after_scores=True)))

    @torch.no_grad()
    def __call__(self, batch: list[dict[str, Any]]) -> dict[str, float]:
        """Seconds of each of `PARTS` in one pass over a batch; their sum is that of the pass."""
        self.seconds = dict.fromkeys(PARTS, 0.0)
        self.scored = False
        self.part, self.since = REST, self.clock()
        self.model(batch)
        self._go_on_with(REST)
        return self.seconds

    def __enter__(self) -> "PartTimer":
        return self

    def __exit__(self, *error: object) -> None:
        for hook in self.hooks:
            hook.remove()

    def _watch(self, module: nn.Module, part: str, then: str) -> list[Any]:
        before = module.register_forward_pre_hook(self._begins(part))
        return [before, module.register_forward_hook(lambda *_: self._go_on_with(then))]

    def _begins(self, part: str, after_scores: bool = False) -> Callable[..., None]:
        def hook(*_: object) -> None:
            if self.scored or not after_scores:
                self._go_on_with(part)

        return hook

    def _after_scores(self, *_: object) -> None:
        self.scored = True

    def _go_on_with(self, part: str) -> None:
        now = self.clock()
        self.seconds[self.part] += now - self.since
        self.part, self.since = part, now
