"""What a module needs to know about a feature map before it sees one."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass
class ShapeSpec:
    """Shape of a feature map; None where it is unknown.

    Attributes:
        channels: number of channels.
        height: rows.
        width: columns.
        stride: pixels of the network input per cell.
    """

    channels: int | None = None
    height: int | None = None
    width: int | None = None
    stride: int | None = None
