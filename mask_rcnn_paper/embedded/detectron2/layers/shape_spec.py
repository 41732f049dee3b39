"""What a module needs to know about a feature map before it sees one."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass
class ShapeSpec:
    """Shape of a feature map; None where it is unknown.

    Attributes:
        channels: Number of channels.
        height: Rows.
        width: Columns.
        stride: Pixels of the network input per cell.
    """

    channels: int | None = None
    height: int | None = None
    width: int | None = None
    stride: int | None = None
