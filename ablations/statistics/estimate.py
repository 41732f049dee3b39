"""An estimated value and how uncertain it is, over each source and over both."""

import math
from collections.abc import Iterable
from dataclasses import dataclass

CONFIDENCE = 0.95


@dataclass(frozen=True)
class Uncertainty:
    """Variance of an estimate, in the squared unit of the value, and its degrees of freedom (infinite: known exactly).

    The estimate minus the truth, over the standard error, has Student's distribution with `freedom`.
    """

    variance: float
    freedom: float

    def half_width(self, confidence: float = CONFIDENCE) -> float:
        """Half of the confidence interval, which is symmetric; 0 without variance."""
        from scipy.special import stdtrit  # imported here, as below: most commands need no interval

        # Student's distribution has the probability `confidence` within [-t, t].
        return float(stdtrit(self.freedom, (1 + confidence) / 2)) * math.sqrt(self.variance)

    def tail(self, distance: float) -> float:
        """Probability that an estimate lies so far above the truth, or farther; there must be variance."""
        from scipy.special import stdtr

        return float(stdtr(self.freedom, -distance / math.sqrt(self.variance)))


def combine(sources: Iterable[Uncertainty]) -> Uncertainty:
    """Uncertainty of a sum of independent parts.

    Variances add up. Degrees of freedom are Satterthwaite's (Biometrics Bulletin 2, 1946): those of the multiple of a
    chi-squared variable that has the mean and the variance of the estimated sum.
    """
    sources = list(sources)
    variance = math.fsum(source.variance for source in sources)
    spread = math.fsum(source.variance**2 / source.freedom for source in sources)
    return Uncertainty(variance, variance**2 / spread if spread > 0 else math.inf)


@dataclass(frozen=True)
class Estimate:
    """A mean over `count` seeds, and its uncertainty over each source, None where nothing is known of it.

    `over_seeds`: retrained, same images; `over_images`: other images, these weights.
    """

    mean: float
    count: int
    over_seeds: Uncertainty | None = None
    over_images: Uncertainty | None = None

    @property
    def over_both(self) -> Uncertainty | None:
        """Of the sources that are known, as independent ones.

        That a row's luck with a seed differs from image to image is in both, so this is on the safe side.
        """
        known = [source for source in (self.over_seeds, self.over_images) if source]
        return combine(known) if known else None

    def interval(self, source: Uncertainty) -> tuple[float, float]:
        """Confidence interval of the mean by a source."""
        return self.mean - source.half_width(), self.mean + source.half_width()
