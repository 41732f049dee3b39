"""Registry and builder of proposal generators."""

from detectron2.config import CfgNode
from detectron2.layers import ShapeSpec
from detectron2.modeling.choices import lookup
from detectron2.utils.registry import Registry
from torch import nn

PROPOSAL_GENERATOR_REGISTRY = Registry("PROPOSAL_GENERATOR")
"""Called as `obj(cfg, input_shape)` with the backbone's ShapeSpecs by name. Returns a module that is
called with images, features and, in training, ground-truth instances, and returns proposals and a
dictionary of losses."""


def build_proposal_generator(cfg: CfgNode, input_shape: dict[str, ShapeSpec]) -> nn.Module | None:
    """Build what `MODEL.PROPOSAL_GENERATOR.NAME` names; `PrecomputedProposals` gives None.

    Args:
        cfg: Full config.
        input_shape: Shape of each of the backbone's outputs, by name.

    Raises:
        KeyError: nothing of that name is registered.
    """
    name = cfg.MODEL.PROPOSAL_GENERATOR.NAME
    if name == "PrecomputedProposals":
        return None
    return lookup(PROPOSAL_GENERATOR_REGISTRY, "MODEL.PROPOSAL_GENERATOR.NAME", name)(cfg, input_shape)
