"""The non-local operation, as a pure function.

Paper: Non-local Neural Networks (arXiv:1711.07971), equation 1 with the embedded Gaussian of equation 4, which Mask
R-CNN (arXiv:1703.06870) uses in Table 8.

Shape shorthand: N images, D channels, (H, W) queries' map, (h, w) map of keys and values.
"""

import torch
from torch.nn import functional as F


def non_local(queries: torch.Tensor, keys: torch.Tensor, values: torch.Tensor) -> torch.Tensor:
    """Give each position the average of the values at all positions, weighted by a softmax over the keys.

    Args:
        queries: (N, D, H, W).
        keys: (N, D, h, w).
        values: (N, D, h, w).

    Returns:
        (N, D, H, W). Weights are softmax over h * w of the products of queries and keys, divided by the square root of
        D; uniform keys give the mean of the values.
    """
    # As sequences (N, 1 head, positions, D).
    sequences = (x.flatten(2).transpose(1, 2)[:, None] for x in (queries, keys, values))
    attended = F.scaled_dot_product_attention(*sequences)
    return attended[:, 0].transpose(1, 2).reshape(queries.shape)
