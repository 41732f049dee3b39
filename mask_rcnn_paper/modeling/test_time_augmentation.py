"""Inference on several views of an image, for boxes, masks and keypoints, with stored proposals or without.

Paper: Mask R-CNN (arXiv:1703.06870), Appendix B and the last rows of Tables 8 and 9. How results are combined is that
of the authors' code:

    boxes       of all views together, before threshold and NMS; then NMS and box voting
                with stored proposals: each proposal's boxes and scores are averaged over the views before
    masks       of the merged boxes, in every view; probabilities averaged, pasted once
    keypoints   of the merged boxes, in every view; logits averaged, left and right swapped in mirrored views

Shape shorthand: R boxes, V views.
"""

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from itertools import groupby
from typing import Any

import torch
from detectron2.config import CfgNode, configurable
from detectron2.data import DatasetMapper
from detectron2.data.detection_utils import create_keypoint_hflip_indices
from detectron2.modeling import detector_postprocess
from detectron2.structures import Instances
from torch import nn
from torch.nn.parallel import DistributedDataParallel

from mask_rcnn_paper.modeling.augmented_views import View, keypoint_weights, make_views
from mask_rcnn_paper.modeling.merged_detections import Merging

Predictions = tuple[torch.Tensor, torch.Tensor]


def original_image_mapper(cfg: CfgNode) -> DatasetMapper:
    """From a dataset's sample to an input with the whole image of the file, and with stored proposals on it."""
    return DatasetMapper(cfg, is_train=False, augmentations=[])


class PaperRCNNWithTTA(nn.Module):
    """A `GeneralizedRCNN` that is called as detectron2's GeneralizedRCNNWithTTA is: `PaperRCNNWithTTA(cfg, model)`.

    Boxes are merged in the pixels of the first view, so that a single one gives what the model gives alone, bit for bit
    where nobody votes.

    Args:
        model: GeneralizedRCNN, also wrapped for data parallelism; its RoI heads have one stage.
        mapper: Reads an input that is a dataset's sample; see `original_image_mapper`.
        sides: Short side, and limit of the long side, of the views in pixels.
        flip: Whether there is a mirrored view of each size.
        views_at_once: Most views that are in memory at once; they are of one size.
        merging: How boxes become detections.
        keypoint_flip: For each keypoint the one that a mirror makes of it; None for models without keypoints.
        plain_side: Short side in inference without augmentation; 0 for that of the file.
        keypoint_box_side: `keypoint_weights`' `small_side`.

    Raises:
        ValueError: no views, or a model that has no two stages of detectron2's kind.
    """

    @configurable
    def __init__(
        self,
        *,
        model: nn.Module,
        mapper: DatasetMapper,
        sides: Sequence[tuple[int, int]],
        flip: bool,
        views_at_once: int,
        merging: Merging,
        keypoint_flip: Sequence[int] | None,
        plain_side: int,
        keypoint_box_side: float,
    ) -> None:
        super().__init__()
        if isinstance(model, DistributedDataParallel):
            model = model.module
        heads = getattr(model, "roi_heads", None)
        if not hasattr(getattr(heads, "box_predictor", None), "predict_boxes"):
            raise ValueError(
                f"TEST.AUG.ENABLED=True for a {type(model).__name__}: test-time augmentation needs a GeneralizedRCNN "
                "whose RoI heads have one box_predictor; set it to False"
            )
        for key, values in (("MIN_SIZES", [short for short, _ in sides]), ("IMS_PER_BATCH", [views_at_once])):
            if not values or min(values) < 1:
                raise ValueError(f"TEST.AUG.{key}={values}: give at least 1 pixel or view")
        self.model, self.mapper, self.sides, self.flip = model, mapper, tuple(sides), flip
        self.views_at_once, self.merging = views_at_once, merging
        self.keypoint_flip, self.plain_side, self.keypoint_box_side = keypoint_flip, plain_side, keypoint_box_side
        self.training = model.training

    @classmethod
    def from_config(cls, cfg: CfgNode, model: nn.Module) -> dict[str, Any]:
        """Arguments from TEST.AUG, TEST, INPUT and MODEL.ROI_HEADS.

        The view of side INPUT.MIN_SIZE_TEST is that of inference without augmentation: its limit is
        INPUT.MAX_SIZE_TEST. That of the others is TEST.AUG.MAX_SIZE.

        Raises:
            ValueError: the model has been trained on vertical flips, which no view has.
        """
        aug, plain = cfg.TEST.AUG, cfg.INPUT.MIN_SIZE_TEST
        if aug.FLIP and cfg.INPUT.RANDOM_FLIP == "vertical":
            cure = "set TEST.AUG.FLIP False"
            raise ValueError(f"INPUT.RANDOM_FLIP='vertical', but TEST.AUG.FLIP mirrors left and right alone: {cure}")
        heads = cfg.MODEL.ROI_HEADS
        limits = (heads.SCORE_THRESH_TEST, heads.NMS_THRESH_TEST, cfg.TEST.DETECTIONS_PER_IMAGE)
        mirrored_keypoints = aug.FLIP and cfg.MODEL.KEYPOINT_ON
        return {
            "model": model,
            "mapper": original_image_mapper(cfg),
            "sides": [(side, cfg.INPUT.MAX_SIZE_TEST if side == plain else aug.MAX_SIZE) for side in aug.MIN_SIZES],
            "flip": aug.FLIP,
            "views_at_once": aug.IMS_PER_BATCH,
            "merging": Merging(*limits, aug.VOTE_IOU, aug.VOTE_SCORES),
            "keypoint_flip": list(create_keypoint_hflip_indices(cfg.DATASETS.TRAIN)) if mirrored_keypoints else None,
            "plain_side": plain,
            "keypoint_box_side": aug.KEYPOINT_BOX_SIDE,
        }

    @torch.no_grad()
    def forward(self, batched_inputs: list[dict[str, Any]]) -> list[dict[str, Instances]]:
        """Detect instances.

        Args:
            batched_inputs: Dataset samples, or inputs that a mapper made of them. Views are made of the file, also
                where a mapper has resized the image; of `image` alone where the input names no file.

        Returns:
            `{"instances": Instances}` for each image, as of `GeneralizedRCNN`, in pixels of the original image.

        Raises:
            ValueError: the model is in training mode.
        """
        if self.model.training:
            raise ValueError("test-time augmentation needs a model in evaluation mode: call model.eval() before")
        return [{"instances": self._detect(self._read(sample))} for sample in batched_inputs]

    def _read(self, sample: dict[str, Any]) -> dict[str, Any]:
        image = sample.get("image")
        original = image is not None and tuple(image.shape[1:]) == (sample.get("height"), sample.get("width"))
        # Stored proposals that a mapper has already taken stay as they are, on an image of their own size.
        return sample if original or "file_name" not in sample else self.mapper(sample)

    def _detect(self, sample: dict[str, Any]) -> Instances:
        size = tuple(sample["image"].shape[1:])
        views = make_views(size, self.sides, self.flip)
        merged = self._boxes(sample, views)
        heads = self.model.roi_heads
        if getattr(heads, "mask_on", False) or getattr(heads, "keypoint_on", False):
            # Without detections one view says what fields there are.
            merged = self._with_maps(sample, views if len(merged) else views[:1], merged)
        return detector_postprocess(merged, sample.get("height", size[0]), sample.get("width", size[1]))

    def _boxes(self, sample: dict[str, Any], views: Sequence[View]) -> Instances:
        """Merged detections in pixels of the first view."""
        frame, boxes, scores = views[0].size, [], []
        for batch in self._batches(views):
            found = self._predictions([view.input_of(sample) for view in batch])
            boxes += [view.boxes_to(of_view, frame) for view, (of_view, _) in zip(batch, found, strict=True)]
            scores += [of_view for _, of_view in found]
        if self.model.proposal_generator is None:  # the proposals of all views are the same
            boxes, scores = ([torch.stack(of_views).mean(dim=0)] for of_views in (boxes, scores))
        return self.merging.detections(torch.cat(boxes), torch.cat(scores), frame)

    def _predictions(self, inputs: list[dict[str, Any]]) -> list[Predictions]:
        """Boxes (R, 4 K) and scores (R, K + 1) of each input, before any threshold; no mask and no keypoint is made."""
        heads, found = self.model.roi_heads, []
        predictor = heads.box_predictor

        def keep(predictions: Any, proposals: list[Instances]) -> tuple[list[Instances], list[torch.Tensor]]:
            boxes, scores = (
                read(predictions, proposals) for read in (predictor.predict_boxes, predictor.predict_probs)
            )
            found.extend(zip(boxes, scores, strict=True))
            nothing = [torch.zeros(0, dtype=torch.int64, device=p.proposal_boxes.device) for p in proposals]
            empty = [
                Instances(p.image_size, pred_boxes=p.proposal_boxes[:0], pred_classes=none)
                for p, none in zip(proposals, nothing, strict=True)
            ]
            return empty, nothing

        with ExitStack() as stack:
            stack.enter_context(_replaced(predictor, "inference", keep))
            for branch in ("mask_on", "keypoint_on"):
                if hasattr(heads, branch):
                    stack.enter_context(_replaced(heads, branch, False))
            self.model(inputs)
        return found

    def _with_maps(self, sample: dict[str, Any], views: Sequence[View], merged: Instances) -> Instances:
        """The detections with what the model's other branches say in all views."""
        weights = self._keypoint_weights(sample, views, merged)
        masks, keypoints, seen = 0, 0, 0
        for batch in self._batches(views):
            inputs = [view.image_of(sample) for view in batch]
            given = [view.detections_of(merged) for view in batch]
            for view, result in zip(batch, self.model.inference(inputs, given, do_postprocess=False), strict=True):
                if result.has("pred_masks"):
                    masks = masks + view.maps_back(result.pred_masks)
                if result.has("pred_keypoint_heatmaps"):
                    maps = view.maps_back(result.pred_keypoint_heatmaps)
                    maps = maps[:, self.keypoint_flip] if view.flip else maps
                    keypoints = keypoints + maps * weights[:, seen, None, None, None]
                seen += 1
        if torch.is_tensor(masks):
            merged.pred_masks = masks / seen
        if torch.is_tensor(keypoints):
            logits = keypoints / weights.sum(dim=1)[:, None, None, None]
            head = self.model.roi_heads.keypoint_head
            # The head itself reads the averaged logits, as it reads its own.
            with _replaced(head, "layers", lambda _: logits):
                (merged,) = head(logits, [merged])
        return merged

    def _keypoint_weights(self, sample: dict[str, Any], views: Sequence[View], merged: Instances) -> torch.Tensor:
        (height, width), frame = sample["image"].shape[1:], merged.image_size
        areas = merged.pred_boxes.area() * (height * width / (frame[0] * frame[1]))
        plain = self.plain_side or min(height, width)
        return keypoint_weights(areas, [view.short_side for view in views], plain, self.keypoint_box_side)

    def _batches(self, views: Sequence[View]) -> Iterator[list[View]]:
        """Views of one size together, since batches of several sizes are padded, which changes results a little."""
        for _, same in groupby(views, key=lambda view: view.size):
            same = list(same)
            for start in range(0, len(same), self.views_at_once):
                yield same[start : start + self.views_at_once]


@contextmanager
def _replaced(owner: nn.Module, name: str, value: Any) -> Iterator[None]:
    """Let an object have another attribute meanwhile, also in place of a method of its class."""
    own = vars(owner)
    before = own.get(name, _ABSENT)
    setattr(owner, name, value)
    try:
        yield
    finally:
        if before is _ABSENT:
            delattr(owner, name)
        else:
            setattr(owner, name, before)


_ABSENT = object()
