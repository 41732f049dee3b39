"""What is wrong with a plan is found before it runs."""

import pytest

from ablations.jobs.rehearsal import rehearse
from ablations.query import Asked, make_query


def jobs(*opts, tables=("2b",)):
    """Of Table 2b at smoke scale."""
    return make_query(Asked("smoke", tables=tables, seeds=[0, 1], opts=opts)).plan.jobs.values()


def test_a_plan_that_can_be_built_passes():
    """Each stage once, without memory for weights."""
    rehearse(jobs("SOLVER.BASE_LR", "0.1"), [])


@pytest.mark.parametrize(
    "opts, message",
    [
        (
            ("MODEL.ROI_MASK_HEAD.LOSS", "none"),
            "detector .*: no model can be built from table2b/softmax.yaml: .*'none'",
        ),
        (("MODEL.ROI_POOLER.NAME", "RoIWrap"), "no model can be built .*RoIWrap"),
        (("MODEL.RPN.HEAD_NAME", "NoHead"), "rpn r50_c4: no model can be built from rpn/r50_c4.yaml: .*NoHead"),
    ],
)
def test_a_value_that_builds_no_model_names_the_job(opts, message):
    """The first stage that reads it, long before its turn."""
    with pytest.raises(ValueError, match=message):
        rehearse(jobs(*opts), [])
