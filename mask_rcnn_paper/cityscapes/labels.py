"""Labels of Cityscapes as cityscapesscripts has them, and how an instance id tells them.

A pixel of `gtFine_instanceIds` holds 1000 times a label id plus a number where instances of the label are told apart,
else the label id: of background, and of groups whose members the annotators could not tell apart.
"""

import numpy as np
from cityscapesscripts.helpers.labels import labels

CLASS_IDS = {label.name: label.id for label in labels if label.hasInstances and not label.ignoreInEval}
"""Label id by name of the eight classes whose instances are detected, in the order of the scripts."""

WITH_INSTANCES = tuple(label.id for label in labels if label.hasInstances)
"""Label ids of the eight, and of caravan and trailer: instances are told apart, but no class is evaluated."""

LAST_ID = max(label.id for label in labels)


def label_ids(instance_ids: np.ndarray) -> np.ndarray:
    """Label id of each instance id, of groups and background too."""
    return np.where(instance_ids < 1000, instance_ids, instance_ids // 1000)


def legal(instance_ids: np.ndarray) -> np.ndarray:
    """Which of these are instance ids: bool, of the shape of the argument."""
    alone = (instance_ids >= 0) & (instance_ids <= LAST_ID)
    return np.where(instance_ids < 1000, alone, np.isin(instance_ids // 1000, WITH_INSTANCES))
