"""`--data`: run and show tables on your own data in COCO's format, in place of the paper's.

    --data NAME=train.json:train_images,val.json:val_images
    --data FILE.yaml                    the same, for paths with ":" or ",", and for options

    name: pets
    train: {annotations: train.json, images: train_images}     # paths start from the folder of this file
    val: {annotations: val.json, images: val_images}
    keypoint_names: [tail, left_ear, right_ear]                # default: as the categories name them
    flip_pairs: [[left_ear, right_ear]]                        # default: by left and right in the names
    oks_sigmas: [0.07, 0.03, 0.03]                             # default: COCO's, for COCO's names

It becomes KEY VALUE pairs of DATASETS.OWN for every job that reads data; `mask_rcnn_paper/data/user_data.py`
does the rest.

Rows that need masks or keypoints are left out, as not for this data, where it has none; so is, but for `run`, a row
whose keypoints need an option. `run` asks for the option, since the row could run.
"""

import ast
import dataclasses
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ablations.paper.entries import DataEntry
from ablations.paper.tables import Metric, Row, RowKey, Table
from ablations.paper.yaml_file import read_yaml
from mask_rcnn_paper.schema import parse_entry

SPLITS = ("train", "val")
_OPTIONS = {
    "keypoint_names": "DATASETS.OWN.KEYPOINT_NAMES",
    "flip_pairs": "DATASETS.OWN.KEYPOINT_FLIP_PAIRS",
    "oks_sigmas": "TEST.KEYPOINT_OKS_SIGMAS",
}
_FORMS = "give NAME=train.json:train_images,val.json:val_images, or a .yaml file that says the same"


@dataclass(frozen=True)
class UserData:
    """Name of the data, and the KEY VALUE pairs that let a job use it."""

    name: str
    opts: tuple[str, ...]


def parse_data(text: str | None) -> UserData | None:
    """What `--data` says; None without it.

    Raises:
        FileNotFoundError: a file or folder is not there.
        ValueError: neither of the two forms, or wrong keys in the YAML.
    """
    if text is None:
        return None
    if text.endswith((".yaml", ".yml")):
        return _from_yaml(Path(text))
    name, equals, rest = text.partition("=")
    places = [place.rsplit(":", 1) for place in rest.split(",")]
    if not equals or len(places) != len(SPLITS) or not all(len(place) == 2 and all(place) for place in places):
        raise ValueError(f"--data {text!r}: {_FORMS}")
    return _user_data(name, dict(zip(SPLITS, places, strict=True)), {})


def _from_yaml(path: Path) -> UserData:
    if not path.is_file():
        raise FileNotFoundError(f"--data: file {str(path)!r} does not exist; {_FORMS}")
    entry = parse_entry(DataEntry, read_yaml(path), f"--data {path}")
    found = {split: getattr(entry, split) for split in SPLITS}
    places = {split: [str(path.parent / file) for file in (f.annotations, f.images)] for split, f in found.items()}
    options = {key: value for key in _OPTIONS if (value := getattr(entry, key)) is not None}
    return _user_data(entry.name, places, options)


def _user_data(name: str, places: Mapping[str, Iterable[str]], options: Mapping[str, list]) -> UserData:
    # The plugin's reader of data takes detectron2 and so torch, for which commands without --data need not wait.
    from mask_rcnn_paper.data.registered import file_version
    from mask_rcnn_paper.data.user_data import check_name, locate

    check_name(name)
    found = {split: locate(tuple(place), split) for split, place in places.items()}
    opts: dict[str, Any] = {"DATASETS.OWN.NAME": name}
    opts |= {f"DATASETS.OWN.{split.upper()}": place for split, place in found.items()}
    opts |= {"DATASETS.OWN.VERSIONS": tuple(file_version(Path(file)) for file, _ in found.values())}
    opts |= {_OPTIONS[key]: value for key, value in options.items()}
    return UserData(name, tuple(text for key, value in opts.items() for text in (key, repr(value))))


def fit_to_data(
    tables: Iterable[Table], data: UserData, scale: str, opts: Sequence[str], keys: Collection[RowKey], to_run: bool
) -> list[Table]:
    """The tables with those of the rows `keys` that cannot run on the data as rows without config, with the reason.

    Titles and columns of persons are headed as what they hold, all classes. Where rows are `to_run`, data with errors
    and keypoints that need an option are refused.

    Raises:
        ValueError, FileNotFoundError: what no row or a row to be run cannot do without.
    """
    from mask_rcnn_paper.coco.keypoints import MissingOptionError
    from mask_rcnn_paper.data.user_data import DataLacksError
    from mask_rcnn_paper.data.validated import require_usable
    from mask_rcnn_paper.scales import load_cfg

    def fit(table: Table, row: Row) -> Row:
        if not row.config or (table.id, row.id) not in keys:
            return row
        try:
            cfg = load_cfg(row.config, scale, [*data.opts, *opts])
        except DataLacksError as error:
            return dataclasses.replace(row, config="", unfit=str(error))
        except MissingOptionError as error:
            if to_run:
                raise
            return dataclasses.replace(row, config="", unfit=f"its keypoints need {error.option}, see `run`")
        if cfg.STAGES.DETECTOR:
            return dataclasses.replace(row, config="", unfit="it starts from a detector of COCO's classes")
        if to_run:
            require_usable(cfg)
        return row

    persons = classes_of(data) == ["person"]
    return [
        dataclasses.replace(
            table,
            rows=tuple(fit(table, row) for row in table.rows),
            title=table.title if persons else table.own or table.title,
            metrics=table.metrics if persons else tuple(map(_of_all_classes, table.metrics)),
        )
        for table in tables
    ]


def classes_of(data: UserData) -> list[str]:
    """Names of the data's classes, as its training file has them."""
    from mask_rcnn_paper.coco.facts import read_facts

    values = dict(zip(data.opts[::2], data.opts[1::2], strict=True))
    return list(read_facts(ast.literal_eval(values["DATASETS.OWN.TRAIN"])[0]).classes.values())


def _of_all_classes(metric: Metric) -> Metric:
    """A column with the header that says what it holds: the paper's may be of persons alone."""
    return dataclasses.replace(metric, printed=metric.own or metric.printed)
