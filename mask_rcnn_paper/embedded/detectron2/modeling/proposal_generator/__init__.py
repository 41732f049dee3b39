"""Proposal generators: the RPN, or none for precomputed proposals."""

from detectron2.modeling.proposal_generator.build import PROPOSAL_GENERATOR_REGISTRY, build_proposal_generator
from detectron2.modeling.proposal_generator.rpn import RPN
from detectron2.modeling.proposal_generator.rpn_head import RPN_HEAD_REGISTRY, StandardRPNHead, build_rpn_head

__all__ = [
    "PROPOSAL_GENERATOR_REGISTRY",
    "RPN",
    "RPN_HEAD_REGISTRY",
    "StandardRPNHead",
    "build_proposal_generator",
    "build_rpn_head",
]
