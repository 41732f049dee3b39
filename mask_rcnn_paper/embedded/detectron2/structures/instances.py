"""The instances of one image: any number of named fields of equal length."""

from __future__ import annotations

import itertools
from typing import Any

import torch
from torch import Tensor


class Instances:
    """Fields such as `gt_boxes` or `pred_masks`, set and read as attributes, one entry per instance.

        instances = Instances((480, 640))
        instances.pred_boxes = Boxes(...)
        instances[instances.scores > 0.5]   # every field is indexed

    Names that start with an underscore are ordinary attributes.

    Args:
        image_size: (height, width) of the image.
        **kwargs: Fields.
    """

    def __init__(self, image_size: tuple[int, int], **kwargs: Any) -> None:
        self._image_size = image_size
        self._fields: dict[str, Any] = {}
        for name, value in kwargs.items():
            self.set(name, value)

    @property
    def image_size(self) -> tuple[int, int]:
        """(height, width)."""
        return self._image_size

    def __setattr__(self, name: str, value: Any) -> None:
        if name.startswith("_"):
            super().__setattr__(name, value)
        else:
            self.set(name, value)

    def __getattr__(self, name: str) -> Any:
        # While being unpickled or copied there is no _fields yet.
        fields = self.__dict__.get("_fields", {})
        if name not in fields:
            raise AttributeError(f"Instances has no field {name!r}; it has: {', '.join(fields) or 'none'}")
        return fields[name]

    def set(self, name: str, value: Any) -> None:
        """Add or replace a field.

        Args:
            name: Its name.
            value: One entry per instance.

        Raises:
            ValueError: its length differs from that of the other fields.
        """
        if self._fields and len(value) != len(self):
            raise ValueError(f"field {name!r} has length {len(value)}, the Instances have length {len(self)}")
        self._fields[name] = value

    def has(self, name: str) -> bool:
        """Whether there is such a field."""
        return name in self._fields

    def remove(self, name: str) -> None:
        """Drop a field."""
        del self._fields[name]

    def get(self, name: str) -> Any:
        """The field `name`; KeyError if there is none."""
        return self._fields[name]

    def get_fields(self) -> dict[str, Any]:
        """All fields by name; changing the dict changes the instances."""
        return self._fields

    def to(self, *args: Any, **kwargs: Any) -> Instances:
        """Call `to` on every field that has it."""
        moved = {k: v.to(*args, **kwargs) if hasattr(v, "to") else v for k, v in self._fields.items()}
        return Instances(self._image_size, **moved)

    def __getitem__(self, item: int | slice | Tensor) -> Instances:
        """Select by an integer, a slice, or a tensor of indices or bools; always gives `Instances`."""
        if isinstance(item, int):
            if not -len(self) <= item < len(self):
                raise IndexError(f"instance {item} of {len(self)}")
            item = slice(item, item + 1 or None)
        return Instances(self._image_size, **{name: value[item] for name, value in self._fields.items()})

    def __len__(self) -> int:
        for value in self._fields.values():
            return len(value)
        raise NotImplementedError("Instances without fields have no length")

    def __iter__(self) -> Any:
        raise NotImplementedError("Instances are not iterable: index them, or iterate over a field")

    @staticmethod
    def cat(instance_lists: list[Instances]) -> Instances:
        """The instances of several lists for the same image, in order.

        Args:
            instance_lists: At least one; all with the same fields and image size.

        Raises:
            ValueError: there are none, the image sizes or fields differ, or a field cannot be concatenated.
        """
        if not instance_lists:
            raise ValueError("Instances.cat needs at least one Instances")
        first = instance_lists[0]
        if len(instance_lists) == 1:
            return first
        for other in instance_lists[1:]:
            if other.image_size != first.image_size or set(other._fields) != set(first._fields):
                raise ValueError(f"Instances.cat: image sizes or fields differ: {first} and {other}")
        joined = Instances(first.image_size)
        for name, value in first._fields.items():
            joined.set(name, _join(name, [instances.get(name) for instances in instance_lists], type(value)))
        return joined

    def __str__(self) -> str:
        height, width = self._image_size
        head = f"num_instances={len(self) if self._fields else 0}, image_height={height}, image_width={width}"
        return f"Instances({head}, fields=[{', '.join(f'{k}: {v}' for k, v in self._fields.items())}])"

    __repr__ = __str__


def _join(name: str, values: list[Any], kind: type) -> Any:
    if issubclass(kind, Tensor):
        return torch.cat(values, dim=0)
    if issubclass(kind, list):
        return list(itertools.chain.from_iterable(values))
    if hasattr(kind, "cat"):
        return kind.cat(values)
    raise ValueError(f"Instances.cat: cannot concatenate field {name!r} of type {kind.__name__}")
