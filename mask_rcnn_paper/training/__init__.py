"""Training of a row: trainer, loader, checkpoints that survive kills, exact resuming, evaluation, result file."""
