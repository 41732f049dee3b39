"""Name-to-object maps, filled by decorators."""

from fvcore.common.registry import Registry

__all__ = ["Registry"]
