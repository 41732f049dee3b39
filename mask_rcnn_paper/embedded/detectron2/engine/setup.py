"""What most training scripts begin with: command line, logging, seed, writers, data parallelism."""

import argparse
import os

import torch
from detectron2.config import CfgNode
from detectron2.utils import comm
from detectron2.utils.env import collect_env_info, seed_all_rng
from detectron2.utils.events import CommonMetricPrinter, EventWriter, JSONWriter, TensorboardXWriter
from detectron2.utils.logger import setup_logger
from iopath.common.file_io import g_pathmgr
from torch import nn
from torch.nn.parallel import DistributedDataParallel

_EPILOG = """examples:
  one machine:    train_net.py --config-file row.yaml --num-gpus 8 SOLVER.IMS_PER_BATCH 8
  two machines:   train_net.py --config-file row.yaml --num-gpus 8 --num-machines 2 --machine-rank <0|1>
                  --dist-url tcp://<host of machine 0>:<port>
"""


def default_argument_parser(epilog: str | None = None) -> argparse.ArgumentParser:
    """Parser of the options that all training scripts share.

    Args:
        epilog: Text after the options; examples by default.

    Returns:
        A parser, to which a script may add its own options.
    """
    parser = argparse.ArgumentParser(
        epilog=epilog or _EPILOG, formatter_class=argparse.RawDescriptionHelpFormatter, allow_abbrev=False
    )
    parser.add_argument("--config-file", default="", metavar="FILE", help="YAML config")
    parser.add_argument("--resume", action="store_true", help="go on from the last checkpoint in OUTPUT_DIR, if any")
    parser.add_argument("--eval-only", action="store_true", help="evaluate without training")
    parser.add_argument("--num-gpus", type=int, default=1, help="processes on each machine")
    parser.add_argument("--num-machines", type=int, default=1, help="machines in all")
    parser.add_argument("--machine-rank", type=int, default=0, help="index of this machine")
    parser.add_argument(
        "--dist-url",
        default="auto",
        help="tcp://HOST:PORT of machine 0; auto takes a free port of this machine",
    )
    parser.add_argument("opts", nargs=argparse.REMAINDER, metavar="KEY VALUE", help="config overrides, at the end")
    return parser


def default_setup(cfg: CfgNode, args: argparse.Namespace) -> None:
    """Make OUTPUT_DIR, log to it, write the resolved config there, and seed all generators.

    The seed is SEED plus the process's rank; a negative SEED draws one.

    Args:
        cfg: Full config.
        args: Parsed by `default_argument_parser`.
    """
    rank = comm.get_rank()
    os.makedirs(cfg.OUTPUT_DIR, exist_ok=True)
    setup_logger(cfg.OUTPUT_DIR, distributed_rank=rank, name="fvcore")
    logger = setup_logger(cfg.OUTPUT_DIR, distributed_rank=rank)
    logger.info("Rank %d of %d", rank, comm.get_world_size())
    logger.info("Environment:\n%s", collect_env_info())
    logger.info("Command line: %s", args)
    if getattr(args, "config_file", ""):
        with g_pathmgr.open(args.config_file, "r") as file:
            logger.info("Contents of %s:\n%s", args.config_file, file.read())
    if comm.is_main_process():
        text = cfg.dump()
        path = os.path.join(cfg.OUTPUT_DIR, "config.yaml")
        with g_pathmgr.open(path, "w") as file:
            file.write(text)
        logger.info("Full config, saved to %s:\n%s", path, text)
    seed_all_rng(None if cfg.SEED < 0 else cfg.SEED + rank)
    if not getattr(args, "eval_only", False):
        torch.backends.cudnn.benchmark = cfg.CUDNN_BENCHMARK
    if cfg.FLOAT32_PRECISION and torch.cuda.is_available():
        torch.set_float32_matmul_precision(cfg.FLOAT32_PRECISION)
        torch.backends.cudnn.allow_tf32 = cfg.FLOAT32_PRECISION != "highest"


def default_writers(output_dir: str, max_iter: int | None = None) -> list[EventWriter]:
    """Writers to the terminal, `metrics.json` and TensorBoard.

    Args:
        output_dir: Folder of the files.
        max_iter: Length of training, for the time left.
    """
    os.makedirs(output_dir, exist_ok=True)
    return [
        CommonMetricPrinter(max_iter),
        JSONWriter(os.path.join(output_dir, "metrics.json")),
        TensorboardXWriter(output_dir),
    ]


def create_ddp_model(model: nn.Module, *, fp16_compression: bool = False, **kwargs: object) -> nn.Module:
    """Wrap a model for training in several processes, on GPUs or on the CPU.

    Args:
        model: Model of this process.
        fp16_compression: Send gradients as float16.
        **kwargs: For `DistributedDataParallel`.

    Returns:
        The model itself where there is one process only.
    """
    if comm.get_world_size() == 1:
        return model
    if "device_ids" not in kwargs and next(model.parameters()).is_cuda:
        kwargs["device_ids"] = [comm.get_local_rank()]
    wrapped = DistributedDataParallel(model, **kwargs)
    if fp16_compression:
        from torch.distributed.algorithms.ddp_comm_hooks.default_hooks import fp16_compress_hook

        wrapped.register_comm_hook(state=None, hook=fp16_compress_hook)
    return wrapped
