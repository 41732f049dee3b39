"""torchvision's networks, of random weights, and this project's with the same ones."""

import pytest
import torch
from detectron2.modeling import build_backbone
from torchvision.models import resnet18, resnet50, resnext50_32x4d

from mask_rcnn_paper.scales import load_cfg
from mask_rcnn_paper.torchvision_weights import OPTS, convert, main
from mask_rcnn_paper.training.checkpoint import SafeCheckpointer


def network(make):
    """A network in evaluation mode whose normalisation does something."""
    torch.manual_seed(0)
    model = make().eval()
    for name, value in model.state_dict().items():
        if "running" in name:
            value.uniform_(0.5, 1.5)
    return model


def features(model, image):
    """Output of the last stage of a network of torchvision."""
    x = model.maxpool(model.relu(model.bn1(model.conv1(image))))
    return model.layer4(model.layer3(model.layer2(model.layer1(x))))


@pytest.mark.parametrize("make, groups, width", [(resnet50, 1, 64), (resnext50_32x4d, 32, 4)])
def test_a_backbone_computes_what_torchvisions_does(tmp_path, make, groups, width):
    """Through the command's file and the checkpointer, with the keys that it prints: no weight is missing."""
    theirs = network(make)
    torch.save(theirs.state_dict(), tmp_path / "in.pth")
    assert main([str(tmp_path / "in.pth"), str(tmp_path / "out.pth")]) == 0
    size = ("MODEL.RESNETS.NUM_GROUPS", str(groups), "MODEL.RESNETS.WIDTH_PER_GROUP", str(width))
    cfg = load_cfg("table2a/r50_c4.yaml", "paper", [*OPTS, *size, "MODEL.RESNETS.OUT_FEATURES", "['res5']"])
    ours = build_backbone(cfg).eval()
    SafeCheckpointer(ours).load_whole(str(tmp_path / "out.pth"))
    image = torch.rand(1, 3, 64, 64)
    with torch.no_grad():
        found, wanted = ours(image)["res5"], features(theirs, image)
    torch.testing.assert_close(found, wanted, rtol=1e-4, atol=1e-4 * float(wanted.abs().max()))


def test_the_keys_are_printed(tmp_path, capsys):
    """As they are given to a command."""
    torch.save(network(resnet50).state_dict(), tmp_path / "in.pth")
    main([str(tmp_path / "in.pth"), str(tmp_path / "out.pth")])
    out = capsys.readouterr().out
    assert f"MODEL.WEIGHTS {tmp_path}/out.pth INPUT.FORMAT RGB MODEL.RESNETS.STRIDE_IN_1X1 False" in out
    assert "MODEL.PIXEL_MEAN '[123.675, 116.28, 103.53]'" in out


def test_networks_without_bottlenecks_are_refused():
    """This project has no row with one."""
    with pytest.raises(ValueError, match="not those of a torchvision ResNet-50, 101, 152 or ResNeXt"):
        convert(network(resnet18).state_dict())


@pytest.mark.parametrize(
    "content, message",
    [
        (None, "are not there: download them"),
        (b"half", "cannot be read as weights"),
        ({"epoch": 3}, "is not a file of weights by name"),
    ],
)
def test_other_files_end_in_one_line(tmp_path, capsys, content, message):
    """And exit code 2."""
    path = tmp_path / "in.pth"
    if isinstance(content, bytes):
        path.write_bytes(content)
    elif content:
        torch.save(content, path)
    with pytest.raises(SystemExit) as error:
        main([str(path), str(tmp_path / "out.pth")])
    assert error.value.code == 2
    (line,) = capsys.readouterr().err.strip().splitlines()
    assert message in line
    assert not (tmp_path / "out.pth").exists()
