"""The non-local block in a backbone: nothing at first, names as without it, trained with the rest."""

import copy

import pytest
import torch
from detectron2.checkpoint import DetectionCheckpointer
from detectron2.modeling import build_backbone
from torch.testing import assert_close

from mask_rcnn_paper.modeling.non_local_backbone import NonLocalBlock
from mask_rcnn_paper.scales import load_cfg

IMAGE = 50 * torch.randn(1, 3, 64, 96, generator=torch.Generator().manual_seed(0))


def build(name: str):
    """A ResNet-50 at mini scale, with random weights that normalisation tames."""
    opts = ["MODEL.BACKBONE.NAME", name, "MODEL.RESNETS.NORM", "BN", "MODEL.DEVICE", "cpu"]
    torch.manual_seed(0)
    return build_backbone(load_cfg("table2a/r50_fpn.yaml", "mini", opts)).eval()


@pytest.fixture
def plain():
    return build("build_resnet_fpn_backbone")


@pytest.fixture
def with_block():
    return build("build_nonlocal_resnet_fpn_backbone")


def test_at_first_it_is_the_model_without_the_block(plain, with_block):
    """W starts from zero."""
    with_block.load_state_dict(plain.state_dict(), strict=False)
    for name, features in with_block(IMAGE).items():
        assert torch.equal(features, plain(IMAGE)[name]), name


def test_names_are_those_without_the_block(plain, with_block):
    """All that is new is the block, beside the stages."""
    new = set(with_block.state_dict()) - set(plain.state_dict())
    assert set(plain.state_dict()) <= set(with_block.state_dict())
    layers = {
        f"bottom_up.non_local.{layer}.{kind}" for layer in ("theta", "phi", "g", "w") for kind in ("weight", "bias")
    }
    assert new == layers


def test_a_plain_checkpoint_loads(plain, with_block, tmp_path):
    """Each of its weights finds its place."""
    torch.save({"model": plain.state_dict()}, tmp_path / "plain.pth")
    for parameter in with_block.parameters():
        torch.nn.init.normal_(parameter)
    DetectionCheckpointer(with_block).load(str(tmp_path / "plain.pth"))
    loaded = with_block.state_dict()
    assert all(torch.equal(loaded[name], value) for name, value in plain.state_dict().items())


def test_published_weights_load(plain, with_block, tmp_path):
    """Also by the heuristics that match a ResNet's weights to the model that it is in."""
    weights = {name.removeprefix("bottom_up."): value for name, value in plain.state_dict().items() if "bottom" in name}
    torch.save({"model": weights, "matching_heuristics": True}, tmp_path / "resnet.pth")
    for parameter in with_block.parameters():
        torch.nn.init.normal_(parameter)
    DetectionCheckpointer(with_block).load(str(tmp_path / "resnet.pth"))
    loaded = with_block.state_dict()
    assert all(torch.equal(loaded[f"bottom_up.{name}"], value) for name, value in weights.items())


def test_it_is_before_the_last_block_of_res4(with_block):
    """What the block gets is the output of the last but one, and what that one's successor gets is the block's."""
    seen = {}
    resnet = with_block.bottom_up
    resnet.res4[-2].register_forward_hook(lambda module, inputs, output: seen.update(before=output))
    resnet.non_local.register_forward_hook(lambda module, inputs, output: seen.update(taken=inputs[0], given=output))
    resnet.res4[-1].conv1.register_forward_hook(lambda module, inputs, output: seen.update(after=inputs[0]))
    torch.nn.init.normal_(resnet.non_local.w.weight)
    with_block(IMAGE)
    assert torch.equal(seen["taken"], seen["before"])
    assert torch.equal(seen["given"], seen["after"])
    assert not torch.equal(seen["given"], seen["taken"])


def test_a_copy_has_a_block_of_its_own(with_block):
    """What changes in a copy leaves the model as it was."""
    before = with_block(IMAGE)["p4"]
    other = copy.deepcopy(with_block)
    torch.nn.init.normal_(other.bottom_up.non_local.w.weight)
    assert not torch.equal(other(IMAGE)["p4"], before)
    assert torch.equal(with_block(IMAGE)["p4"], before)


def test_the_block_is_trained(with_block):
    """W has a gradient from the first step on."""
    with_block(IMAGE)["p4"].sum().backward()
    assert with_block.bottom_up.non_local.w.weight.grad.abs().sum() > 0


def test_gradients_in_float64():
    """Of the input and of all weights; W is set, for at zero the others have none."""
    torch.manual_seed(0)
    block = NonLocalBlock(4).double()
    for parameter in block.parameters():
        torch.nn.init.normal_(parameter, std=0.5)
    x = torch.randn(1, 4, 3, 4, dtype=torch.float64, requires_grad=True)
    names, weights = zip(*block.named_parameters(), strict=True)

    def call(x, *weights):
        return torch.func.functional_call(block, dict(zip(names, weights, strict=True)), (x,))

    assert torch.autograd.gradcheck(call, (x, *weights))


@pytest.mark.parametrize("size", [(1, 1), (1, 5), (3, 1)])
def test_small_maps(size):
    """A side of one cell is not halved."""
    x = torch.randn(1, 4, *size)
    assert_close(NonLocalBlock(4)(x), x)
