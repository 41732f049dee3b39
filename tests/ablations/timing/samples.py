"""Times that are easy to reckon with."""

from ablations.timing.measured import RowTimes
from mask_rcnn_paper.timing.parts import PARTS

# Seconds of backbone, RPN, box, mask, keypoints, post-processing and rest, by run.
TEST = {
    "r101_fpn": (0.1, 0.02, 0.03, 0.04, 0.0, 0.01, 0.01),
    "faster_r101_fpn": (0.1, 0.02, 0.03, 0.0, 0.0, 0.001, 0.01),
    "r101_fpn_shared": (0.1, 0.02, 0.03, 0.04, 0.0, 0.01, 0.01),
    "r101_c4": (0.1, 0.02, 0.23, 0.04, 0.0, 0.01, 0.01),
    "r50_fpn": (0.05, 0.02, 0.03, 0.04, 0.0, 0.01, 0.01),
}
STEPS = {"r101_fpn": 3.0, "r50_fpn": 2.0}


def times(run, slowness=(1.0, 2.0, 1.5)):
    """Of a row in as many turns; the machine is slower in some of them."""
    test = [dict(zip(PARTS, (s * seconds for seconds in TEST[run]), strict=True)) for s in slowness]
    steps = [s * STEPS.get(run, 1.0) for s in slowness]
    memory = {"process": 900.0}
    return RowTimes(f"t/{run}", run.upper(), run, f"hash of {run}", test, 20, steps, 4, memory, "float32")
