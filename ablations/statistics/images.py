"""Uncertainty over images: how a value would vary on other images of the same kind, with these weights.

The bootstrap: images are drawn with replacement, as many as there are, and the value is computed again on each such
draw, a replicate. It is paired where all rows are computed on the same draws: what makes an image hard for all cancels.
Only the spread of replicates is used, about the measured value: their mean is above it, since AP likes repeated images.

Source: B. Efron, R. Tibshirani, An introduction to the bootstrap, 1993, Chapters 6 and 8.
"""

from typing import TYPE_CHECKING

from ablations.statistics.estimate import Uncertainty

if TYPE_CHECKING:
    import numpy as np

# A standard error from so many is off by 3 % itself, which the degrees of freedom account for.
REPLICATES = 500


def uncertainty_over_images(replicates: "np.ndarray", images: int) -> Uncertainty | None:
    """From the replicates of a value, on so many images each; None for a single image, which varies in nothing.

    The variance of a bootstrap is too small by 1 - 1/images, and known to no more degrees of freedom than there are
    images and replicates. Replicates without a value, NaN or infinite, are left out.
    """
    import numpy as np  # imported here: most commands need no interval

    found = replicates[np.isfinite(replicates)]
    if images < 2 or len(found) < 2:
        return None
    freedom = 1 / (1 / (images - 1) + 1 / (len(found) - 1))
    return Uncertainty(float(found.var(ddof=1)) * images / (images - 1), freedom)
