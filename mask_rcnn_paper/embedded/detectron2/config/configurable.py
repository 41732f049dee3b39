"""`@configurable`: objects with explicit arguments that can also be built from a config."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from typing import Any

from fvcore.common.config import CfgNode as _CfgNode


def configurable(init_func: Callable | None = None, *, from_config: Callable | None = None) -> Callable:
    """Let an `__init__` or a function be called either with its own arguments or with a config.

    On a class, whose `from_config` classmethod turns a config into a dict of arguments:

        class Head:
            @configurable
            def __init__(self, *, dim: int, norm: str = ""): ...

            @classmethod
            def from_config(cls, cfg): return {"dim": cfg.DIM}

        Head(dim=4); Head(cfg); Head(cfg, norm="BN")

    On a function: `@configurable(from_config=lambda cfg: {"dim": cfg.DIM})`.

    A call has a config if its first positional argument, or its argument `cfg`, is one. Arguments that
    `from_config` names are given to it; all others override what it returned.

    Args:
        init_func: The `__init__` of a class, when used as `@configurable`.
        from_config: For functions, maps `(cfg, ...)` to a dict of arguments; its first argument is `cfg`.

    Returns:
        The decorated function.

    Raises:
        TypeError: used on something else than `__init__` or a function.
    """
    if init_func is not None:
        if not (inspect.isfunction(init_func) and init_func.__name__ == "__init__" and from_config is None):
            raise TypeError("use @configurable on __init__, or @configurable(from_config=...) on a function")
        return _configurable_init(init_func)
    if from_config is None:
        return configurable
    if not inspect.isfunction(from_config):
        raise TypeError(f"@configurable: from_config must be a function, not {from_config!r}")
    return functools.partial(_configurable_function, from_config=from_config)


def _configurable_init(init_func: Callable) -> Callable:
    @functools.wraps(init_func)
    def wrapped(self: Any, *args: Any, **kwargs: Any) -> None:
        owner = type(self)
        from_config = getattr(owner, "from_config", None)
        if from_config is None:
            raise AttributeError(f"{owner.__name__}: @configurable needs a from_config classmethod")
        if not inspect.ismethod(from_config):
            raise TypeError(f"{owner.__name__}.from_config must be a classmethod")
        if _is_called_with_cfg(args, kwargs):
            init_func(self, **_explicit_args(from_config, args, kwargs))
        else:
            init_func(self, *args, **kwargs)

    return wrapped


def _configurable_function(func: Callable, *, from_config: Callable) -> Callable:
    @functools.wraps(func)
    def wrapped(*args: Any, **kwargs: Any) -> Any:
        if _is_called_with_cfg(args, kwargs):
            return func(**_explicit_args(from_config, args, kwargs))
        return func(*args, **kwargs)

    wrapped.from_config = from_config
    return wrapped


def _is_called_with_cfg(args: tuple, kwargs: dict[str, Any]) -> bool:
    candidate = args[0] if args else kwargs.get("cfg")
    # omegaconf is no dependency, so its node is known by name only.
    return isinstance(candidate, _CfgNode) or type(candidate).__name__ == "DictConfig"


def _explicit_args(from_config: Callable, args: tuple, kwargs: dict[str, Any]) -> dict[str, Any]:
    """Arguments for the decorated function: those from `from_config`, overridden by the rest of `kwargs`."""
    parameters = inspect.signature(from_config).parameters
    if next(iter(parameters), None) != "cfg":
        owner = getattr(from_config, "__self__", None)
        name = owner.__name__ if inspect.isclass(owner) else f"function {from_config.__name__!r}"
        raise TypeError(f"{name}: from_config must take 'cfg' as its first argument")
    if any(p.kind in (p.VAR_POSITIONAL, p.VAR_KEYWORD) for p in parameters.values()):
        return from_config(*args, **kwargs)
    overrides = {name: value for name, value in kwargs.items() if name not in parameters}
    taken = {name: value for name, value in kwargs.items() if name in parameters}
    return {**from_config(*args, **taken), **overrides}
