"""Components that a config key names, such as mask losses: looked up in a registry, to which a user's file adds."""

from typing import Any

from fvcore.common.registry import Registry


def registered(registry: Registry, key: str, name: str, *others: str) -> Any:
    """What is registered under `name`, the value of a config key.

    Raises:
        ValueError: nothing is; the message names the key and what one may choose, `others` too.
    """
    if name not in registry:
        legal = ", ".join([*(known for known, _ in registry), *others])
        raise ValueError(f"{key}={name!r}: choose from {legal}, or import the file of yours that registers it")
    return registry.get(name)
