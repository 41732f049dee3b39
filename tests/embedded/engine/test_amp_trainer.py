import torch
from detectron2.engine import AMPTrainer
from torch import nn


class Sum(nn.Module):
    """Loss: factor times the sum of a linear layer's outputs, whose weights are 1; records their type."""

    def __init__(self, factor):
        super().__init__()
        self.factor = factor
        self.layer = nn.Linear(2, 2, bias=False)
        nn.init.ones_(self.layer.weight)

    def forward(self, x):
        y = self.layer(x)
        self.dtype = y.dtype
        return {"loss": self.factor * y.float().sum()}


def amp_trainer(factor=1.0):
    model = Sum(factor)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.25)
    scaler = torch.amp.GradScaler("cpu", init_scale=8.0)
    data = [torch.ones(1, 2)] * 2
    return AMPTrainer(model, data, optimizer, grad_scaler=scaler, precision=torch.bfloat16, log_grad_scaler=True)


def test_step_by_hand():
    """The forward pass runs in bfloat16, and the step uses unscaled gradients: 1 - 0.25 * 1."""
    trainer = amp_trainer()
    trainer.train(0, 1)
    assert trainer.model.dtype == torch.bfloat16
    assert trainer.model.layer.weight.eq(0.75).all()
    assert trainer.storage.latest()["total_loss"] == (4.0, 0)
    assert trainer.storage.latest()["[metric]grad_scaler"] == (8.0, 0)


def test_overflow_skips_the_step():
    """When scaled gradients overflow, the weights stay and the scale is halved."""
    trainer = amp_trainer(factor=6e37)
    trainer.train(0, 1)
    assert trainer.model.layer.weight.eq(1.0).all()
    assert trainer.grad_scaler.get_scale() == 4.0


def test_state():
    """The state restores the scale."""
    first, second = amp_trainer(factor=6e37), amp_trainer()
    first.train(0, 1)
    second.load_state_dict(first.state_dict())
    assert second.grad_scaler.get_scale() == 4.0
