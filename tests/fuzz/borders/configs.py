"""Configs: files that `--config-file` names, KEY VALUE pairs, and configs that a table names."""

from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any

import torch
import yaml

import train_net
from mask_rcnn_paper.errors import one_line_errors
from mask_rcnn_paper.scales import load_cfg
from mask_rcnn_paper.terminal import parse_words
from mask_rcnn_paper.training.launch import check_processes, torchrun_process
from tests.fuzz.odd import Odd
from tests.fuzz.oracle import Case

ROW = "table2b/sigmoid.yaml"
# So that no other stage is needed.
END_TO_END = (
    *("MODEL.LOAD_PROPOSALS", "False", "MODEL.PROPOSAL_GENERATOR.NAME", "RPN", "MODEL.DEVICE", "cpu"),
    *("STAGES.RPN", "", "STAGES.PRETRAIN", "False", "SEED", "1"),
)
_TAKEN = ("MODEL", "SOLVER", "DATALOADER", "DATASETS", "INPUT", "TEST", "STAGES", "PRETRAIN")
# Which would be somewhere else than in the case's folder.
_LEFT_OUT = ("OUTPUT_DIR",)


def resolve(words: Sequence[str]) -> object:
    """What `python train_net.py` does with its words before it trains; the config."""
    args = parse_words(train_net.argument_parser(), words)
    with one_line_errors("train_net.py"):
        torchrun_process(args)
        check_processes(args)
        cfg = train_net.resolve(args)
    if args.num_gpus == 0 or cfg.MODEL.DEVICE == "cpu":
        _build(cfg)
    return 0


def _build(cfg: Any) -> None:
    """What it does then until the first step, without memory for the weights."""
    meta = cfg.clone()
    meta.defrost()
    meta.MODEL.DEVICE = "meta"
    with one_line_errors("train_net.py"):
        with torch.device("meta"):
            model = train_net.Trainer.build_model(meta)
        optimizer = train_net.Trainer.build_optimizer(cfg, model)
        train_net.Trainer.build_lr_scheduler(cfg, optimizer)
        train_net.Trainer.build_train_loader(cfg)


@cache
def _known() -> tuple[tuple[str, Any], ...]:
    """Every key of a row with its value at smoke scale."""
    found: list[tuple[str, Any]] = []

    def walk(node: dict, prefix: str) -> None:
        for key, value in node.items():
            if isinstance(value, dict):
                walk(value, f"{prefix}{key}.")
            else:
                found.append((f"{prefix}{key}", value))

    cfg = load_cfg(ROW, "smoke")
    walk({key: cfg[key] for key in (*_TAKEN, "PRECISION", "SEED", "IMPORTS") if key in cfg}, "")
    return tuple((key, value) for key, value in found if key not in _LEFT_OUT)


def make(odd: Odd, folder: Path) -> Case:
    """A row's config with other values of any keys, other keys, or no YAML at all; or the same on the command line."""
    words = ["--config-file", str(folder / "row.yaml"), "--scale", "smoke", *END_TO_END]
    keys = [] if odd.calm else odd.rng.sample(_known(), odd.rng.choice((1, 1, 2)))
    opts = [word for key, value in keys for word in (key, str(odd.value(value)))]
    tree = {"_BASE_": ROW}
    where = ["row.yaml", "smoke_", "this config", *(key.rpartition(".")[2] for key, _ in keys), *opts]
    if odd.rng.random() < 0.5:
        (folder / "row.yaml").write_text(yaml.safe_dump(tree))
        words += ["OUTPUT_DIR", str(folder / "out"), *opts]
    else:
        for key, value in keys:
            _put(tree, key, odd.value(value))
        tree = {**tree, "OUTPUT_DIR": str(folder / "out")}
        keep = odd.calm or odd.rng.random() < 0.7
        quiet = Odd(odd.rng, calm=keep)
        (folder / "row.yaml").write_bytes(quiet.yaml(_plain(tree), Case.mark(folder), 0.5))
        if not keep:
            where += ["weights", "proposals", "DATASETS", "scale", "STAGES", "MODEL", "KEY", "SOLVER"]
    return Case(lambda: resolve(words), f"train_net.py {words}", folder, tuple(filter(None, where)))


def _put(tree: dict, key: str, value: Any) -> None:
    *nodes, last = key.split(".")
    for name in nodes:
        tree = tree.setdefault(name, {})
    tree[last] = value


def _plain(value: Any) -> Any:
    """With lists for tuples."""
    if isinstance(value, dict):
        return {key: _plain(inner) for key, inner in value.items()}
    return [_plain(inner) for inner in value] if isinstance(value, (list, tuple)) else value
