"""Errors for configuration values that the embedded core does not know or leaves to detectron2."""

from collections.abc import Collection, Sequence
from typing import Any

from detectron2.layers import ShapeSpec
from detectron2.utils.registry import Registry


def require(key: str, value: Any, implemented: Collection[Any]) -> None:
    """Raise unless a configuration value is implemented here.

    Args:
        key: The configuration key, as shown to the user.
        value: Its value.
        implemented: The values that the embedded core knows.

    Raises:
        ValueError: `value` is not among them; the message names the key, the value and the cure.
    """
    if value not in implemented:
        legal = ", ".join(repr(v) for v in implemented)
        raise ValueError(f"{key}={value!r} is not in the embedded core: choose from {legal}, or install detectron2")


def lookup(registry: Registry, key: str, name: str) -> Any:
    """The class or function that a configuration key names.

    Args:
        registry: Where to look.
        key: The configuration key, as shown to the user.
        name: Its value.

    Raises:
        KeyError: nothing of that name is registered; the message lists what is.
    """
    if name not in registry:
        legal = ", ".join(sorted(registered for registered, _ in registry))
        raise KeyError(f"{key}={name!r} is not registered: choose from {legal}, or install detectron2 for its others")
    return registry.get(name)


def select_shapes(key: str, names: Sequence[str], shapes: dict[str, ShapeSpec]) -> list[ShapeSpec]:
    """The shapes of the feature maps that a configuration key names.

    Args:
        key: The configuration key, as shown to the user.
        names: Its value.
        shapes: Shape of each of the backbone's outputs, by name.

    Raises:
        ValueError: no name, or one that the backbone does not return.
    """
    if not names or not set(names) <= set(shapes):
        raise ValueError(f"{key}={list(names)}: choose from the backbone's outputs {', '.join(shapes)}")
    return [shapes[name] for name in names]
