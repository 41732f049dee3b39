"""Which experiment a checkpoint is of, so that no run goes on from the weights of another one."""

import json
from collections.abc import Mapping
from typing import Any

from detectron2.config import CfgNode

from mask_rcnn_paper.training.result_file import chosen_values, config_hash

# Of a message.
_MOST_DIFFERENCES = 5


def experiment_of(cfg: CfgNode) -> dict[str, str]:
    """What a checkpoint says of its run: `config_hash`, and as JSON the `config` values that are not the defaults.

    The hash is that of the config as it was planned: a schedule that is adapted to the number of processes
    (SOLVER.REFERENCE_WORLD_SIZE) is the same experiment.
    """
    chosen = json.dumps(chosen_values(cfg), sort_keys=True)
    return {"config_hash": cfg.CONFIG_HASH or config_hash(cfg), "config": chosen}


def require_same(found: Mapping[str, str], wanted: Mapping[str, str], path: str) -> None:
    """Refuse to go on from the checkpoint at `path`, which is of the experiment `found`, with another one.

    Raises:
        ValueError: says what differs.
    """
    if found["config_hash"] == wanted["config_hash"]:
        return
    before, now = (json.loads(experiment["config"]) for experiment in (found, wanted))
    keys = sorted(key for key in before.keys() | now.keys() if before.get(key) != now.get(key))
    texts = [f"{key} was {_value(before, key)} and is {_value(now, key)}" for key in keys[:_MOST_DIFFERENCES]]
    texts += [f"{len(keys) - _MOST_DIFFERENCES} more"] if len(keys) > _MOST_DIFFERENCES else []
    difference = "; ".join(texts) or f"its hash was {found['config_hash'][:8]} and is {wanted['config_hash'][:8]}"
    raise ValueError(
        f"--resume: {path} is of another config: {difference}. Resume with the config that it is of, or train with "
        "another OUTPUT_DIR, or without --resume from the beginning"
    )


def _value(config: Mapping[str, Any], key: str) -> str:
    return json.dumps(config[key]) if key in config else "the default"
