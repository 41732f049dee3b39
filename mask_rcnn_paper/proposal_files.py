"""Names of the files in which an RPN stores its proposals; who looks for them needs neither numpy nor torch."""

from pathlib import Path

PROPOSALS = "box_proposals.npz"
# What detectron2's COCOEvaluator writes, and this project did once.
PICKLE = "box_proposals.pkl"


def find_proposals(path: str | Path) -> Path | None:
    """The file, or that of the same name in the other format beside it; None where there is neither."""
    path = Path(path)
    beside = (path.with_suffix(Path(name).suffix) for name in (PROPOSALS, PICKLE))
    return next((place for place in (path, *beside) if place.is_file()), None)
