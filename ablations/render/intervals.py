"""How uncertain a number is, in words."""

import math

from ablations.statistics.estimate import CONFIDENCE, Estimate

SOURCES = (
    f"± of {CONFIDENCE:.0%} intervals; seeds: retrained, same images, with noise pooled over all rows; images: other "
    "images, these weights"
)


def sources_text(estimate: Estimate, is_ratio: bool = False) -> str:
    """As "seeds ± 0.7, images ± 1.2", the half widths over each source that is known; in percent of a ratio.

    "" where nothing is known, or all of it exactly.
    """
    known = {"seeds": estimate.over_seeds, "images": estimate.over_images}
    widths = {name: source.half_width() for name, source in known.items() if source and source.variance}
    texts = (f"{name} ± {100 * math.expm1(w):.2g} %" if is_ratio else f"{name} ± {w:.1f}" for name, w in widths.items())
    return ", ".join(texts)
