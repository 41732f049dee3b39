import pytest
from detectron2.checkpoint.c2_names import convert_c2_name, convert_c2_names


@pytest.mark.parametrize(
    ("blob", "name"),
    [
        ("conv1_w", "stem.conv1.weight"),
        ("conv1_b", "stem.conv1.bias"),
        ("res_conv1_bn_s", "stem.conv1.norm.weight"),
        ("res_conv1_bn_b", "stem.conv1.norm.bias"),
        ("res2_0_branch1_w", "res2.0.shortcut.weight"),
        ("res2_0_branch1_bn_s", "res2.0.shortcut.norm.weight"),
        ("res2_0_branch2a_w", "res2.0.conv1.weight"),
        ("res2_0_branch2a_bn_b", "res2.0.conv1.norm.bias"),
        ("res4_22_branch2b_bn_s", "res4.22.conv2.norm.weight"),
        ("res4_22_branch2b_bn_rm", "res4.22.conv2.norm.running_mean"),
        ("res5_2_branch2c_bn_riv", "res5.2.conv3.norm.running_var"),
        ("conv1_gn_s", "stem.conv1.norm.weight"),
        ("fc1000_w", "fc1000.weight"),
        ("fc1000_b", "fc1000.bias"),
        ("something", "something"),
    ],
)
def test_names(blob, name):
    """Blobs of a Caffe2 ResNet become parameters of detectron2's."""
    assert convert_c2_name(blob) == name


def test_optimiser_blobs_are_dropped():
    """Momentum and learning rate are no weights."""
    assert convert_c2_names(["conv1_w", "conv1_w_momentum", "lr"]) == {"conv1_w": "stem.conv1.weight"}
