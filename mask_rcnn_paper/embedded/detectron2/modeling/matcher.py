"""Assigns a ground-truth element and a label to every prediction."""

from collections.abc import Sequence

import torch
from torch import Tensor


class Matcher:
    """Labels predictions by their best overlap with the ground truth.

    Paper: Faster R-CNN (arXiv:1506.01497), Sec. 3.1.2; Mask R-CNN, Sec. 3.1 (positive from IoU 0.5 on).

    Args:
        thresholds: Rising positive bounds that part the qualities into `len(thresholds) + 1` ranges,
            each closed at its lower end.
        labels: The label of each range: 1 positive, 0 negative, -1 ignored.
        allow_low_quality_matches: Also labels 1 every prediction that is the best of some
            ground-truth element, ties included.

    Raises:
        ValueError: thresholds or labels break these rules.
    """

    def __init__(
        self, thresholds: Sequence[float], labels: Sequence[int], allow_low_quality_matches: bool = False
    ) -> None:
        if list(thresholds) != sorted(thresholds) or (thresholds and thresholds[0] <= 0):
            raise ValueError(f"IOU_THRESHOLDS={list(thresholds)}: give rising positive numbers")
        if len(labels) != len(thresholds) + 1 or not set(labels) <= {-1, 0, 1}:
            raise ValueError(f"IOU_LABELS={list(labels)}: give {len(thresholds) + 1} values out of -1, 0 and 1")
        self.thresholds = list(thresholds)
        self.labels = list(labels)
        self.allow_low_quality_matches = allow_low_quality_matches

    def __call__(self, match_quality_matrix: Tensor) -> tuple[Tensor, Tensor]:
        """Match predictions to ground-truth elements.

        Args:
            match_quality_matrix: (M, P) qualities in [0, 1] of M ground-truth elements and P predictions.

        Returns:
            For each prediction the index in [0, M) of its best element (int64, 0 where M is 0), and its
            label (int8; the first of `labels` where M is 0).
        """
        if match_quality_matrix.shape[0] == 0:
            matches = match_quality_matrix.new_zeros(match_quality_matrix.shape[1], dtype=torch.int64)
            return matches, torch.full_like(matches, self.labels[0], dtype=torch.int8)
        quality, matches = match_quality_matrix.max(dim=0)
        bounds = torch.tensor(self.thresholds, dtype=quality.dtype, device=quality.device)
        labels = torch.tensor(self.labels, dtype=torch.int8, device=quality.device)
        match_labels = labels[torch.bucketize(quality, bounds, right=True)]
        if self.allow_low_quality_matches:
            self.set_low_quality_matches_(match_labels, match_quality_matrix)
        return matches, match_labels

    def set_low_quality_matches_(self, match_labels: Tensor, match_quality_matrix: Tensor) -> None:
        """Label each ground-truth element's best predictions 1, in place; their matches stay.

        Args:
            match_labels: Shape (P,), changed in place.
            match_quality_matrix: Shape (M, P), as for `__call__`.
        """
        if match_quality_matrix.numel() == 0:
            return
        best = match_quality_matrix.amax(dim=1, keepdim=True)
        match_labels[(match_quality_matrix == best).any(dim=0)] = 1
