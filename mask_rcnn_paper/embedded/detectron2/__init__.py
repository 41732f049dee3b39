"""A compact stand-in for detectron2, used where the real one is not installed."""

__version__ = "0.6+embedded"
