"""Configuration: the `CfgNode` tree, its defaults, and the decorator that builds objects from it."""

from detectron2.config.cfg_node import CfgNode
from detectron2.config.configurable import configurable
from detectron2.config.defaults import get_cfg

__all__ = ["CfgNode", "configurable", "get_cfg"]
