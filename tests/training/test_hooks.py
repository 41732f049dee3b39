"""Training hooks."""

import torch
from detectron2.engine import SimpleTrainer

from mask_rcnn_paper.training.hooks import ProgressHook
from mask_rcnn_paper.training.progress import read_progress


def test_progress_is_written_while_training_and_at_the_end(tmp_path):
    """After each period, and always after the last step, the file says how many steps are done."""
    model = torch.nn.Linear(1, 1)
    model.forward = lambda data: {"loss": model.weight.sum() ** 2}
    trainer = SimpleTrainer(model, [{}] * 10, torch.optim.SGD(model.parameters(), 0.1))
    trainer.register_hooks([ProgressHook(str(tmp_path), period=1000.0)])
    trainer.train(0, 3)
    record = read_progress(tmp_path)
    assert (record["done"], record["total"], record["stage"]) == (3, 3, "train")


def test_a_resumed_run_says_where_it_began(tmp_path):
    """So that its speed can be told."""
    model = torch.nn.Linear(1, 1)
    model.forward = lambda data: {"loss": model.weight.sum() ** 2}
    trainer = SimpleTrainer(model, [{}] * 10, torch.optim.SGD(model.parameters(), 0.1))
    trainer.register_hooks([ProgressHook(str(tmp_path))])
    trainer.train(2, 3)
    assert (read_progress(tmp_path)["first"], read_progress(tmp_path)["done"]) == (2, 3)
