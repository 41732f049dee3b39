"""What a finished run leaves behind: `OUTPUT_DIR/result.json`."""

import hashlib
import importlib.metadata
import json
import math
import resource
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import detectron2
from detectron2.config import CfgNode, get_cfg

from mask_rcnn_paper.coco.objects import count_objects
from mask_rcnn_paper.commit import git_commit
from mask_rcnn_paper.config import add_mask_rcnn_paper_config, leaves
from mask_rcnn_paper.files import write_json_atomically
from mask_rcnn_paper.provider import PROVIDER

RESULT_FILE = "result.json"
_LIBRARIES = ("torch", "torchvision", "fvcore", "iopath", "pycocotools", "numpy")
# Keys that say where and how a run is executed, not what is computed.
_NOT_PART_OF_THE_EXPERIMENT = (
    *("CONFIG_HASH", "PRECISION", "OUTPUT_DIR", "MODEL.DEVICE", "DATALOADER.NUM_WORKERS", "SOLVER.CHECKPOINT_PERIOD"),
    *("DATASETS.OWN.TRAIN", "DATASETS.OWN.VAL", "IMPORTS.NEEDED"),  # VERSIONS say what is in the files
    "TEST.COCO_BACKEND",
)


def config_hash(cfg: CfgNode) -> str:
    """Identity of an experiment: equal for configs that compute the same thing from the same inputs.

    Only values that differ from their defaults count. So results stay valid when a key is added, and both providers
    agree, although the embedded core lacks some of detectron2's keys. Left out are keys that only say where or how to
    run, and the places of inputs that another stage makes (its identity is that of the stage): MODEL.WEIGHTS where
    STAGES.PRETRAIN or STAGES.DETECTOR, proposal files where STAGES.RPN, annotations where STAGES.DISTILL is set. So is
    how test-time augmentation would be where there is none. Generated data count with their version, where that is not
    the first one.

    Returns:
        64 hexadecimal digits.
    """
    return hashlib.sha256(json.dumps(chosen_values(cfg), sort_keys=True).encode()).hexdigest()


def chosen_values(cfg: CfgNode) -> dict[str, Any]:
    """Values by full key of what makes the experiment, where they are not the defaults; `config_hash` is of them."""
    ignored = set(_NOT_PART_OF_THE_EXPERIMENT)
    stages, files = cfg.STAGES, ("DATASETS.PROPOSAL_FILES_TRAIN", "DATASETS.PROPOSAL_FILES_TEST")
    ignored |= {"MODEL.WEIGHTS"} if stages.PRETRAIN or stages.DETECTOR else set()
    ignored |= set() if stages.TRANSFER else {"STAGES.CLASS_MAP"}
    ignored |= {*files, "STAGES.RPN_WEIGHTS"} if stages.RPN else set()
    ignored |= {"DATASETS.DISTILLED"} if stages.DISTILL else set()
    ignored |= set() if cfg.TEST.AUG.ENABLED else {f"TEST.AUG.{key}" for key in cfg.TEST.AUG}
    default_cfg = get_cfg()
    add_mask_rcnn_paper_config(default_cfg)
    defaults = dict(leaves(default_cfg))
    chosen = {k: v for k, v in leaves(cfg) if k not in ignored and (k not in defaults or v != defaults[k])}
    from mask_rcnn_paper.data.registered import redrawn_versions

    redrawn = redrawn_versions((*cfg.DATASETS.TRAIN, *cfg.DATASETS.TEST))
    return chosen | ({"versions of generated data": redrawn} if redrawn else {})


def write_result(
    cfg: CfgNode,
    metrics: dict[str, dict[str, float]],
    seconds: float,
    coco_backend: str | None = None,
    protocols: Mapping[str, str] | None = None,
    weights: str | None = None,
    count: Mapping[str, int] | None = None,
    times: Mapping[str, float] | None = None,
) -> dict[str, Any]:
    """Write `OUTPUT_DIR/result.json`, whole or not at all; returns its content.

    Args:
        cfg: Config of the run.
        metrics: As detectron2 reports them: task -> metric -> value, AP in percent. NaN is stored as null.
        seconds: Wall-clock of the run.
        coco_backend: What computed COCO's metrics, with its version; None where none were computed.
        protocols: What computed the metrics of a task whose protocol is not COCO's, with its version.
        weights: Checksum of those that were evaluated.
        count, times: As costs.py measures them: parameters, and seconds of a step. To these `run` is added: of all of
            the process, by the same clock. What a resumed run had done before is not in it.
    """
    # Not above: who asks for the hash of a config need not wait for torch.
    import torch

    from mask_rcnn_paper.data.registered import data_versions

    on_gpu = cfg.MODEL.DEVICE.startswith("cuda")
    result = {
        "metrics": _without_nan(metrics),
        "objects": _evaluated_objects(cfg.DATASETS.TEST, metrics),
        "count": dict(count or {}),
        "time": {**(times or {}), "run": round(seconds if on_gpu else time.process_time(), 1)},
        "scale": cfg.SCALE,
        "seed": cfg.SEED,
        "seconds": round(seconds, 1),
        "config_hash": cfg.CONFIG_HASH or config_hash(cfg),
        "datasets": {"train": list(cfg.DATASETS.TRAIN), "test": list(cfg.DATASETS.TEST)},
        "data_version": data_versions((*cfg.DATASETS.TRAIN, *cfg.DATASETS.TEST)),
        "provider": {"name": PROVIDER, "detectron2": detectron2.__version__},
        "coco_backend": coco_backend,
        "protocols": dict(protocols or {}),
        "precision": cfg.PRECISION,
        "weights": weights,
        "versions": {name: importlib.metadata.version(name) for name in _LIBRARIES},
        "threads": torch.get_num_threads(),  # their number changes the last digits of a sum
        "device": torch.cuda.get_device_name() if on_gpu else cfg.MODEL.DEVICE,
        "peak_memory": peak_memory(cfg.MODEL.DEVICE),
        "git_commit": git_commit(),
        "finished": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
    }
    write_json_atomically(Path(cfg.OUTPUT_DIR) / RESULT_FILE, result)
    return result


def _evaluated_objects(datasets: Sequence[str], metrics: Mapping[str, Any]) -> dict[str, dict[str, int]]:
    """As `count_objects`, of the tasks that were evaluated; {} for several datasets, and those without such a file."""
    from mask_rcnn_paper.data.registered import annotation_file

    path = annotation_file(datasets[0]) if len(datasets) == 1 else None
    if path is None or not path.is_file():
        return {}
    counts = count_objects(json.loads(path.read_bytes()).get("annotations", []))
    return {task: sizes for task, sizes in counts.items() if task in metrics}


def peak_memory(device: str) -> dict[str, float]:
    """The most that this process had at once, in MB: "process", and of a GPU what its tensors took, "cuda"."""
    import torch

    peak = {"process": round(_peak_of_process() / 1e6, 1)}
    return peak | ({"cuda": round(torch.cuda.max_memory_allocated() / 1e6, 1)} if device.startswith("cuda") else {})


def _peak_of_process() -> int:
    """In bytes."""
    try:
        # Not getrusage: on Linux a process starts with the peak of the one that started it.
        lines = Path("/proc/self/status").read_text().splitlines()
        return 1024 * next(int(line.split()[1]) for line in lines if line.startswith("VmHWM:"))
    except (OSError, StopIteration):
        unit = 1 if sys.platform == "darwin" else 1024  # bytes there, else kB
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit


def _without_nan(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _without_nan(item) for key, item in value.items()}
    return None if isinstance(value, float) and math.isnan(value) else value
