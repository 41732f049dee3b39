"""Datasets and their metadata, by name."""

import logging
from collections import UserDict
from collections.abc import Callable
from typing import Any

__all__ = ["DatasetCatalog", "Metadata", "MetadataCatalog"]


class _DatasetCatalog(UserDict):
    """Maps a dataset's name to a function that loads it as a list of dicts in detectron2's dataset format."""

    def register(self, name: str, func: Callable[[], list[dict]]) -> None:
        """Make a dataset known.

        Args:
            name: Its name, as used in `DATASETS.TRAIN` and `DATASETS.TEST`.
            func: Takes no argument and returns the same list of dicts at every call.

        Raises:
            ValueError: the name is taken or `func` cannot be called.
        """
        if not callable(func):
            raise ValueError(f"dataset {name!r}: register it with a function, not with {type(func).__name__}")
        if name in self:
            raise ValueError(f"dataset {name!r} is already registered: take another name or remove it first")
        self[name] = func

    def get(self, name: str) -> list[dict]:
        """Load a dataset.

        Raises:
            KeyError: no dataset has this name.
        """
        if name not in self:
            raise KeyError(
                f"dataset {name!r} is not registered: choose from {', '.join(self.list()) or '(none)'}, "
                "or register it with DatasetCatalog.register or register_coco_instances"
            )
        return self[name]()

    def list(self) -> list[str]:
        """Names of all registered datasets."""
        return [*self.keys()]

    def remove(self, name: str) -> None:
        """Forget a dataset; `pop(name)` does the same and returns its function."""
        self.pop(name)


class Metadata:
    """What is known of a dataset besides its samples, as attributes.

    What was set once cannot get another value: code that read it earlier would be left with the old one.
    `name` is the dataset's name.
    """

    def __init__(self, name: str = "N/A") -> None:
        self.__dict__["name"] = name

    def __getattr__(self, key: str) -> Any:
        known = self.__dict__
        raise AttributeError(f"dataset {known.get('name')!r} has no metadata {key!r}: {', '.join(known)}")

    def __setattr__(self, key: str, value: Any) -> None:
        if key in self.__dict__ and self.__dict__[key] != value:
            raise ValueError(
                f"dataset {self.name!r}: metadata {key!r} is {_shorten(self.__dict__[key])}, not "
                f"{_shorten(value)}: register the other data under another name"
            )
        self.__dict__[key] = value

    def as_dict(self) -> dict[str, Any]:
        """All metadata; changing the dict does not change the metadata."""
        return dict(self.__dict__)

    def set(self, **kwargs: Any) -> "Metadata":
        """Set several attributes; returns self."""
        for key, value in kwargs.items():
            setattr(self, key, value)
        return self

    def get(self, key: str, default: Any = None) -> Any:
        """One attribute, or `default` where it was never set."""
        return self.__dict__.get(key, default)


def _shorten(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 200 else text[:197] + "..."


class _MetadataCatalog(UserDict):
    """Maps a dataset's name to its `Metadata`, which is made empty at the first `get`."""

    def get(self, name: str) -> Metadata:
        """Metadata of a dataset, the same object at every call."""
        if not name:
            raise ValueError("metadata needs the name of a dataset, not an empty string")
        return self.setdefault(name, Metadata(name))

    def setdefault(self, name: str, default: Metadata) -> Metadata:
        """`dict.setdefault`; `UserDict`'s own would come back to `get`."""
        if name not in self.data:
            self.data[name] = default
            logging.getLogger(__name__).debug("new metadata for dataset %r", name)
        return self.data[name]

    def list(self) -> list[str]:
        """Names of all datasets that have metadata."""
        return [*self.keys()]

    def remove(self, name: str) -> None:
        """Forget the metadata of a dataset."""
        self.pop(name)


DatasetCatalog = _DatasetCatalog()
MetadataCatalog = _MetadataCatalog()
