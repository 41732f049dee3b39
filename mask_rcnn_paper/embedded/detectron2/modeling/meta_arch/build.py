"""Registry and builder of whole models."""

import torch
from detectron2.config import CfgNode
from detectron2.modeling.choices import lookup
from detectron2.utils.registry import Registry
from torch import nn

META_ARCH_REGISTRY = Registry("META_ARCH")
"""Called as `obj(cfg)`. Returns a module that is called with a list of dictionaries, one an image, and
returns losses by name in training and one dictionary of results an image in testing."""


def build_model(cfg: CfgNode) -> nn.Module:
    """Build the model that `MODEL.META_ARCHITECTURE` names on `MODEL.DEVICE`; weights are not loaded."""
    name = cfg.MODEL.META_ARCHITECTURE
    model = lookup(META_ARCH_REGISTRY, "MODEL.META_ARCHITECTURE", name)(cfg)
    return model.to(torch.device(cfg.MODEL.DEVICE))
