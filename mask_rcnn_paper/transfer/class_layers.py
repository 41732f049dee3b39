"""Which weights of a detector belong to classes, and their rows for other classes.

Paper: Mask R-CNN (arXiv:1703.06870), Appendix A: "we initialize the corresponding 7 categories in Cityscapes from a
pre-trained COCO Mask R-CNN model (rider being randomly initialized)". How the authors' tool does it, and so does this:
rows of a class are copied, and rows without a source drawn from a normal distribution with the mean and standard
deviation of their tensor (Detectron, tools/convert_coco_model_to_cityscapes.py).

Shape shorthand: K classes of the source, L of the target, r rows of a class.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import torch

BACKGROUND = "background"
"""The last row of a classifier; no class of its own."""

_CLASSIFIER, _BOXES, _MASKS = "box_predictor.cls_score", "box_predictor.bbox_pred", "mask_head.predictor"


@dataclass(frozen=True)
class ClassLayer:
    """A tensor with `rows` rows for each class in turn, after which there are as many of `background` or none."""

    rows: int
    background: bool


def count_classes(weights: Mapping[str, torch.Tensor]) -> int:
    """K, from the classifier, which has a row for each class and one for the background.

    Raises:
        ValueError: there is no classifier, as in an RPN's or a backbone's weights.
    """
    found = [tensor for name, tensor in weights.items() if name.endswith(f"{_CLASSIFIER}.weight")]
    if len(found) != 1:
        raise ValueError(f"{len(found)} tensors are named ...{_CLASSIFIER}.weight: give the weights of a detector")
    if not found[0].dim():
        raise ValueError(f"...{_CLASSIFIER}.weight is one number, and has no rows: give the weights of a detector")
    return len(found[0]) - 1


def class_layer(name: str, shape: Sequence[int], classes: int) -> ClassLayer | None:
    """How the rows of a tensor of a detector of K `classes` belong to these; None where they do not.

    A predictor of masks has one row a class, or m x m where it has fully-connected layers (Table 2e), and a background
    only under a softmax (Table 2b). Branches that are class-agnostic belong to no class.

    Raises:
        ValueError: a number of rows that fits no such layer.
    """
    branch = next((b for b in (_CLASSIFIER, _BOXES, _MASKS) if f".{b}." in f".{name}"), None)
    if branch is None:
        return None
    total = shape[0] if shape else 0
    for background in (False, True):
        rows, rest = divmod(total, classes + background)
        if not rest and _fits(branch, rows, background):
            return ClassLayer(rows, background)
    agnostic = {_CLASSIFIER: False, _BOXES: total == 4, _MASKS: _is_square(total)}
    if agnostic[branch]:
        return None
    raise ValueError(f"{name} has {total} rows, which are of no layer for {classes} classes")


def _fits(branch: str, rows: int, background: bool) -> bool:
    """Whether a branch has layers with so many rows for each class."""
    if branch == _MASKS:
        return _is_square(rows)
    return background and rows == 1 if branch == _CLASSIFIER else not background and rows == 4


def _is_square(number: int) -> bool:
    return number == math.isqrt(number) ** 2 > 0


def transfer_rows(
    tensor: torch.Tensor, layer: ClassLayer, sources: Sequence[int | None], generator: torch.Generator
) -> torch.Tensor:
    """The tensor for other classes, of the same dtype.

    Args:
        tensor: (K r, ...), or (K r + r, ...) with background.
        layer: r and whether there is a background.
        sources: (L,) index of the class that each class is copied from, then the same of the background; None: drawn
            from N(mean, std) of all of `tensor`.
        generator: Of what is drawn, which is as many numbers whatever is copied.
    """
    if not layer.background:
        sources = sources[:-1]
    blocks = tensor.detach().cpu().unflatten(0, (-1, layer.rows))
    values = blocks.double()
    noise = torch.randn((len(sources), *blocks.shape[1:]), generator=generator, dtype=torch.float64)
    result = (values.mean() + values.std() * noise).to(blocks.dtype)
    for target, source in enumerate(sources):
        if source is not None:
            result[target] = blocks[source]
    return result.flatten(0, 1)


def transfer_weights(
    weights: Mapping[str, torch.Tensor], sources: Sequence[int | None], seed: int
) -> tuple[dict[str, torch.Tensor], dict[str, ClassLayer]]:
    """Weights of the detector of the target's classes, and which of them are of classes.

    Args:
        weights: Of a detector, by name; those that belong to no class are returned as they are.
        sources: As for `transfer_rows`.
        seed: Of what is drawn; each tensor has numbers of its own, whatever other tensors there are.

    Raises:
        ValueError: as `count_classes` and `class_layer`.
    """
    classes, result, layers = count_classes(weights), {}, {}
    for number, name in enumerate(sorted(weights)):
        layer = class_layer(name, weights[name].shape, classes)
        result[name] = weights[name]
        if layer is not None:
            generator = torch.Generator().manual_seed(seed * len(weights) + number)
            layers[name] = layer
            result[name] = transfer_rows(weights[name], layer, sources, generator)
    return {name: result[name] for name in weights}, layers
