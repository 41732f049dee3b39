"""One network of an RPN and a detector."""

import pytest
import torch

from mask_rcnn_paper.unite import main, unite

BODY = {"backbone.a": torch.ones(2), "backbone.b": torch.zeros(3)}
RPN = {**BODY, "proposal_generator.c": torch.ones(1)}
DETECTOR = {**BODY, "roi_heads.d": torch.ones(4)}


def test_the_network_has_the_body_once_and_both_heads():
    """In the detector's order, the RPN's last."""
    assert list(unite(RPN, DETECTOR)) == ["backbone.a", "backbone.b", "roi_heads.d", "proposal_generator.c"]


def test_an_rpn_of_the_detectors_own_gives_way():
    """As in a detector that was trained end to end before."""
    united = unite(RPN, {**DETECTOR, "proposal_generator.c": torch.zeros(1)})
    assert united["proposal_generator.c"] == 1


@pytest.mark.parametrize(
    "changed, message",
    [
        ({"backbone.b": torch.tensor([0.0, 0.0, 1e-30])}, "1 of 2 tensors differ, such as backbone.b"),
        ({"backbone.b": torch.zeros(4)}, "1 of 2 tensors differ, such as backbone.b"),
        ({"backbone.e": torch.zeros(1)}, "1 of 3 tensors differ, such as backbone.e"),
    ],
)
def test_another_body_is_refused(changed, message):
    """By one bit, by its shape, by a layer."""
    with pytest.raises(ValueError, match=message):
        unite({**RPN, **changed}, DETECTOR)


def test_without_a_body_there_is_nothing_to_share():
    """Such as in a file of other weights."""
    with pytest.raises(ValueError, match="there is none"):
        unite({"x": torch.ones(1)}, {"y": torch.ones(1)})


def test_the_command_writes_a_checkpoint(tmp_path):
    """From two."""
    torch.save({"model": RPN, "iteration": 1}, tmp_path / "rpn.pth")
    torch.save({"model": DETECTOR}, tmp_path / "detector.pth")
    assert main([str(tmp_path / name) for name in ("rpn.pth", "detector.pth", "out.pth")]) == 0
    found = torch.load(tmp_path / "out.pth", weights_only=True)["model"]
    assert found.keys() == unite(RPN, DETECTOR).keys()


@pytest.mark.parametrize(
    "write, message",
    [
        (lambda path: None, "is not there"),
        (lambda path: path.write_bytes(b"x"), "cannot be read"),
        (lambda path: torch.save({"weights": {}}, path), "is no checkpoint of a training: it has no 'model'"),
        (lambda path: torch.save({"model": {"a": "b"}}, path), "training: 'a' of its 'model' is no tensor"),
        (lambda path: torch.save({"model": {"a": torch.tensor(torch.nan)}}, path), "NaN or infinite values in 1 of "),
    ],
)
def test_bad_input_is_one_line(tmp_path, capsys, write, message):
    """With exit code 2, and nothing written."""
    write(tmp_path / "rpn.pth")
    with pytest.raises(SystemExit) as ended:
        main([str(tmp_path / name) for name in ("rpn.pth", "rpn.pth", "out.pth")])
    assert ended.value.code == 2
    assert message in capsys.readouterr().err
    assert not (tmp_path / "out.pth").exists()
