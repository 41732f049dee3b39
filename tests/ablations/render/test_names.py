"""Names of rows and metrics."""

import pytest

from ablations.render.names import metric_label, row_label
from tests.ablations.render import samples


@pytest.mark.parametrize(
    "table, row, label",
    [
        ("2b", "sigmoid", "sigmoid"),
        ("2c", "roipool_max", "RoIPool [12]"),
        ("2c", "roialign_max", "RoIAlign, max"),
        ("2e", "mlp_2hidden", "MLP, fc: 1024→1024→80·28²"),
        ("2e", "fcn", "FCN"),
        ("1", "mnc", "MNC [10] (cited)"),
        ("1", "mask_rcnn_r101_c4", "Mask R-CNN, ResNet-101-C4"),
    ],
)
def test_a_row_is_named_by_its_label_and_what_tells_it_apart(table, row, label):
    """Descriptors are added only where two rows of the table have one label, and only those that differ."""
    table = samples.TABLES()[table]
    assert row_label(table, table.row(row)) == label


def test_names_within_a_table_differ():
    """In all tables of which rows can be run."""
    for table in samples.TABLES().values():
        labels = [row_label(table, row) for row in table.rows if row.config]
        assert len(set(labels)) == len(labels), table.id


@pytest.mark.parametrize(
    "metric, label",
    [
        ("segm/AP", "mask AP"),
        ("bbox/AP75", "box AP75"),
        ("keypoints/AP50", "keypoint AP50"),
        ("segm/AP75 - segm/AP50", "mask AP75 - AP50"),
        ("bbox/AP - segm/AP", "box AP - mask AP"),
        ("segm/AP-truck, segm/AP-bus - segm/AP", "mask AP-truck, AP-bus - AP"),
    ],
)
def test_a_metric_is_named_by_task_and_number(metric, label):
    """The task is said once as long as it stays the same."""
    assert metric_label(metric) == label
