"""What `tables.yaml`, `claims.yaml` and a user's YAML of data hold, entry by entry; what it means they say themselves.

What one entry alone cannot show, such as a row that another one names, is checked where it is loaded.
"""

from typing import Annotated, Any

from pydantic import AfterValidator, Field

from mask_rcnn_paper.schema import Entry

# What YAML reads as a number, such as the section 4.1, is text too.
Text = Annotated[str, Field(coerce_numbers_to_str=True, strict=False)]


def _cell(value: Any) -> Any:
    if value is not None and not isinstance(value, (str, int, float)):
        raise ValueError("not text, a number, true or false")
    return value


Cell = Annotated[Any, AfterValidator(_cell)]


class MetricEntry(Entry):
    """A printed column."""

    result: str
    printed: str
    own: str = ""
    note: str = ""


class RowEntry(Entry):
    """A printed row; `id`, `run` and `paper` are checked with more words than a type has."""

    id: Any
    label: Text
    paper: Any
    config: str = ""
    run: Any = ""
    pending: str = ""
    origin: str = "this_paper"
    ref: int | None = None
    source: str = ""
    descriptors: dict[str, Cell] = {}


class DeltaEntry(Entry):
    """A printed difference of two rows."""

    minuend: Text
    subtrahend: Text
    paper: Any
    label: Text | None = None


class TableEntry(Entry):
    """A table; its parts are entries of their own."""

    id: Any
    title: Text
    section: Text
    metrics: list[Any]
    rows: list[Any]
    split: str = ""
    deltas: list[Any] = []
    descriptors: dict[str, Text] = {}
    note: str = ""
    own: str = ""


class SentenceEntry(Entry):
    """A sentence of the paper; its claims are entries of their own."""

    section: Text
    words: str
    relation: str
    claims: list[Any]
    margin: float = Field(0.0, allow_inf_nan=False)
    unit: str = "AP"
    pending: str = ""


class ClaimEntry(Entry):
    """A comparison that a sentence makes; `paper` is only there where the tables do not give it, and may be null."""

    id: Any
    row: Text
    metric: Text
    over: Text | None = None
    over_metric: Text | None = None
    paper: Annotated[float, Field(allow_inf_nan=False)] | None = None


class PlaceEntry(Entry):
    """Where one part of a user's data lies."""

    annotations: Text
    images: Text


class DataEntry(Entry):
    """A user's own data."""

    name: Any
    train: PlaceEntry
    val: PlaceEntry
    keypoint_names: list[str] | None = None
    flip_pairs: list[list[str]] | None = None
    oks_sigmas: list[Annotated[float, Field(gt=0, allow_inf_nan=False)]] | None = None
