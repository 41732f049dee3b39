"""Training: loop, hooks, default trainer and predictor, launch of processes."""

from detectron2.engine import hooks
from detectron2.engine.amp_trainer import AMPTrainer
from detectron2.engine.defaults import DefaultPredictor, DefaultTrainer
from detectron2.engine.launch import launch
from detectron2.engine.setup import create_ddp_model, default_argument_parser, default_setup, default_writers
from detectron2.engine.train_loop import HookBase, SimpleTrainer, TrainerBase

__all__ = [
    "AMPTrainer",
    "DefaultPredictor",
    "DefaultTrainer",
    "HookBase",
    "SimpleTrainer",
    "TrainerBase",
    "create_ddp_model",
    "default_argument_parser",
    "default_setup",
    "default_writers",
    "hooks",
    "launch",
]
