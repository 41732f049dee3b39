"""One network of a detector and the RPN that shares its body.

    python -m mask_rcnn_paper.unite RPN.pth DETECTOR.pth OUT.pth

Paper: Mask R-CNN (arXiv:1703.06870), Section 4.4. The third and fourth of the four steps each leave a checkpoint with
the body of the second. What is written is the network that the paper times, which finds its own proposals:

    python train_net.py --config-file configs/text/r101_fpn_shared.yaml --eval-only MODEL.WEIGHTS OUT.pth \
        MODEL.LOAD_PROPOSALS False MODEL.PROPOSAL_GENERATOR.NAME RPN
"""

import argparse
import sys
from collections.abc import Mapping, Sequence

import torch

from mask_rcnn_paper.errors import one_line_errors
from mask_rcnn_paper.terminal import parse_words, say
from mask_rcnn_paper.training.checkpoint import write_checkpoint
from mask_rcnn_paper.training.weights import read_tensors, require_finite

_BODY = "backbone."


def unite(rpn: Mapping[str, torch.Tensor], detector: Mapping[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    """Weights of the detector, and those of the RPN besides the body.

    Args:
        rpn: Weights of a `ProposalNetwork`, by name.
        detector: Weights of a `GeneralizedRCNN`, whose own RPN, if it has one, gives way.

    Raises:
        ValueError: their bodies are not equal, to the bit, so that neither's proposals or heads fit the other's maps.
    """
    bodies = [{name: value for name, value in part.items() if name.startswith(_BODY)} for part in (rpn, detector)]
    ours, theirs = bodies
    wrong = sorted(n for n in ours.keys() | theirs if n not in ours or n not in theirs or _differ(ours[n], theirs[n]))
    if wrong or not ours:
        where = f"{len(wrong)} of {len(ours | theirs)} tensors differ, such as {wrong[0]}" if wrong else "there is none"
        raise ValueError(f"RPN and detector do not share a body ({_BODY}*): {where}; train both from one detector")
    return {**detector, **{name: value for name, value in rpn.items() if not name.startswith(_BODY)}}


def _differ(one: torch.Tensor, other: torch.Tensor) -> bool:
    return one.shape != other.shape or not torch.equal(one, other)


def main(argv: Sequence[str] | None = None) -> int:
    """Read two checkpoints and write the third; returns 0."""
    parser = argparse.ArgumentParser(prog="python -m mask_rcnn_paper.unite", description=__doc__.partition("\n")[0])
    parser.add_argument("rpn", metavar="RPN.pth", help="checkpoint of the third step")
    parser.add_argument("detector", metavar="DETECTOR.pth", help="checkpoint of the fourth step")
    parser.add_argument("out", metavar="OUT.pth", help="checkpoint to write")
    args = parse_words(parser, argv)
    with one_line_errors("unite"):
        network = unite(_weights(args.rpn), _weights(args.detector))
        write_checkpoint(args.out, {"model": network})
    say(f"{len(network)} tensors in {args.out}")
    return 0


def _weights(path: str) -> dict[str, torch.Tensor]:
    """Those of a checkpoint as trainings of this project write it."""
    content = read_tensors(path, f"checkpoint {path!r} is not there")
    if not isinstance(content, dict) or not isinstance(content.get("model"), dict):
        raise ValueError(f"{path!r} is no checkpoint of a training: it has no 'model'")
    if wrong := [name for name, value in content["model"].items() if not isinstance(value, torch.Tensor)]:
        raise ValueError(f"{path!r} is no checkpoint of a training: {wrong[0]!r} of its 'model' is no tensor")
    require_finite(content["model"], repr(path))
    return content["model"]


if __name__ == "__main__":
    sys.exit(main())
