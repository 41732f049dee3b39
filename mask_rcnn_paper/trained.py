"""Rows that were trained, as predictors: by name, by the folder of a training, or by a checkpoint in it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from detectron2.config import CfgNode, get_cfg

from mask_rcnn_paper.config_files import find_config, with_bases
from mask_rcnn_paper.files import read_json
from mask_rcnn_paper.predictor import Predictor
from mask_rcnn_paper.registration import add_mask_rcnn_paper_config
from mask_rcnn_paper.scales import load_cfg
from mask_rcnn_paper.stages import CONFIG_FILE, DEFAULT_OUTPUT, WEIGHTS, fall_back_to_cpu
from mask_rcnn_paper.training.precision import settle_precision
from mask_rcnn_paper.training.result_file import RESULT_FILE, config_hash


@dataclass(frozen=True)
class Trained:
    """Config and checkpoint of a training, and the RPN that makes its proposals, None where it needs none."""

    cfg: CfgNode
    weights: Path
    rpn: Trained | None = None

    def load(self, allow_partial: bool = False) -> Predictor:
        """The models with their weights; `allow_partial` and errors as of `Predictor`."""
        return Predictor(self.cfg, self.weights, self.rpn and self.rpn.load(allow_partial), allow_partial)


def load_row(
    row: str | Path,
    scale: str = "paper",
    *,
    seed: int = 0,
    output: str | Path = DEFAULT_OUTPUT,
    opts: Sequence[str] = (),
    rpn: str | Path = "",
    allow_partial: bool = False,
) -> Predictor:
    """A trained row, with the RPN of its proposals, that is called with image files and arrays.

    Args:
        row: "2b/sigmoid", short for the config table2b/sigmoid.yaml; or the folder of a training, which has its
            `config.yaml`; or a checkpoint in such a folder.
        scale, seed, output, opts: What the row was trained with, and where; opts are KEY VALUE pairs. Of a name only.
        rpn: Folder or checkpoint of the RPN, where the training does not say which it was.
        allow_partial: The checkpoints may lack weights of the models, which stay random.

    Raises:
        FileNotFoundError: the row was not trained, or what its training left is not there; the message says how to
            make it.
        ValueError, KeyError: no such scale or key; or, as `Predictor`, weights that do not fit.
    """
    place = Path(row)
    if not place.exists():
        place = _find_trained(str(row), scale, seed, Path(output), opts)
    return read_training(place, rpn).load(allow_partial)


def read_training(place: Path, rpn: str | Path = "") -> Trained:
    """The training of a folder, or of a checkpoint in it; `rpn` and errors as of `load_row`."""
    trained = _read(place)
    if not trained.cfg.MODEL.LOAD_PROPOSALS:
        return trained
    if not (rpn or trained.cfg.STAGES.RPN_WEIGHTS):
        raise FileNotFoundError(f"{place} does not say which RPN made its proposals: give rpn, its folder")
    return replace(trained, rpn=_read(Path(rpn or trained.cfg.STAGES.RPN_WEIGHTS)))


def _find_trained(name: str, scale: str, seed: int, output: Path, opts: Sequence[str]) -> Path:
    """Folder of the newest training of a row."""
    config = _config_of(name)
    wanted = config_hash(load_cfg(config, scale, [*opts, "SEED", str(seed)]))
    results = {path: read_json(path) for path in (output / scale).glob(f"**/{RESULT_FILE}")}
    found = [path for path, result in results.items() if (result or {}).get("config_hash") == wanted]
    if not found:
        command = f"python -m ablations run {name.partition('/')[0].removeprefix('table')} --scale {scale}"
        raise FileNotFoundError(
            f"row {name!r} has no result at scale {scale!r}, seed {seed}, under {output}: train it with `{command}`, "
            "or give the folder of its training"
        )
    return max(found, key=lambda path: path.stat().st_mtime).parent


def _config_of(name: str) -> Path:
    """The config of a row's name; FileNotFoundError names what was given."""
    for short in (f"table{name}.yaml", f"{name}.yaml"):
        try:
            return find_config(short)
        except FileNotFoundError:
            continue
    return find_config(name)


def _read(place: Path) -> Trained:
    """Without an RPN."""
    folder, weights = (place, place / WEIGHTS) if place.is_dir() else (place.parent, place)
    cfg = _read_config(_existing(folder / CONFIG_FILE))
    if place.is_dir() and cfg.STAGES.EVAL_ONLY:  # a row of inference, which has no weights of its own
        weights = Path(cfg.MODEL.WEIGHTS)
    return Trained(settled(cfg), _existing(weights))


def settled(cfg: CfgNode) -> CfgNode:
    """The config of a training, in place as this machine can compute it, and frozen."""
    fall_back_to_cpu(cfg)
    settle_precision(cfg)
    cfg.freeze()
    return cfg


def _existing(path: Path) -> Path:
    if not path.is_file():
        raise FileNotFoundError(f"{path} is not there: give the folder of a training that has ended, or a checkpoint "
                                "in one")  # fmt: skip
    return path


def _read_config(path: Path) -> CfgNode:
    """What a training has left."""
    cfg = get_cfg()
    add_mask_rcnn_paper_config(cfg)
    for _, content in reversed(with_bases(path)):
        try:
            cfg.merge_from_other_cfg(CfgNode(content))
        except KeyError as error:
            cure = "set MASK_RCNN_PAPER_DETECTRON2 to the provider that result.json names"
            raise KeyError(f"{path} was written with another provider of detectron2 ({error}): {cure}") from error
    return cfg
