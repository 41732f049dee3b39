import argparse

import pytest
import torch
from detectron2.config import get_cfg
from detectron2.engine import create_ddp_model, default_argument_parser, default_setup, default_writers
from detectron2.utils import comm
from torch import nn

pytestmark = pytest.mark.usefixtures("unchanged_generators")


def test_command_line():
    """The options of detectron2's scripts are parsed; what follows them are overrides."""
    line = "--config-file a.yaml --resume --num-gpus 2 --machine-rank 1 SOLVER.MAX_ITER 5 MODEL.WEIGHTS ''"
    args = default_argument_parser().parse_args(line.split())
    assert (args.config_file, args.resume, args.eval_only) == ("a.yaml", True, False)
    assert (args.num_gpus, args.num_machines, args.machine_rank, args.dist_url) == (2, 1, 1, "auto")
    assert args.opts == ["SOLVER.MAX_ITER", "5", "MODEL.WEIGHTS", "''"]


def test_defaults_of_the_command_line():
    """Without options, one process trains without overrides."""
    args = default_argument_parser("the end").parse_args([])
    assert (args.config_file, args.num_gpus, args.opts) == ("", 1, [])


def small_cfg(folder, seed):
    cfg = get_cfg()
    cfg.OUTPUT_DIR, cfg.SEED = str(folder), seed
    return cfg


def draw(folder, seed):
    default_setup(small_cfg(folder, seed), argparse.Namespace(eval_only=True))
    return torch.rand(1).item()


def test_seed(tmp_path, monkeypatch):
    """A seed repeats itself, ranks differ by theirs, and a negative seed is drawn anew."""
    assert draw(tmp_path, 5) == draw(tmp_path, 5)
    assert draw(tmp_path, -1) != draw(tmp_path, -1)
    of_six = draw(tmp_path, 6)
    monkeypatch.setattr(comm, "get_rank", lambda: 1)
    assert draw(tmp_path / "rank", 5) == of_six


def test_config_is_written_by_the_main_process_only(tmp_path, monkeypatch):
    """The resolved config lies in OUTPUT_DIR; other ranks leave it alone."""
    cfg = small_cfg(tmp_path / "a", 1)
    default_setup(cfg, argparse.Namespace())
    saved = get_cfg()
    saved.merge_from_file(str(tmp_path / "a" / "config.yaml"))
    assert saved == cfg
    monkeypatch.setattr(comm, "get_rank", lambda: 1)
    default_setup(small_cfg(tmp_path / "b", 1), argparse.Namespace())
    assert sorted(p.name for p in (tmp_path / "b").iterdir()) == ["log.txt.rank1"]


def test_writers(tmp_path):
    """Metrics go to the terminal, to metrics.json and to TensorBoard."""
    writers = default_writers(str(tmp_path / "new"), 10)
    assert [type(w).__name__ for w in writers] == ["CommonMetricPrinter", "JSONWriter", "TensorboardXWriter"]
    for writer in writers:
        writer.close()


def test_one_process_needs_no_wrapper():
    """A single process trains the model itself."""
    model = nn.Linear(1, 1)
    assert create_ddp_model(model, broadcast_buffers=False) is model
