"""Statistics of latency samples: robust, because latencies are skewed.

The headline is the median with its 95 % bootstrap interval, never mean and deviation. Samples are
kept in the record; everything here is computed from them when a report is made.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from edgekit.artifacts.figures import Note

OUTLIER_SCORE = 7.0
"""Modified z-score above which a sample counts as an outlier (see `modified_z_scores`)."""
DRIFT_SHARE = 0.05
"""Change of the median from the first to the last third that counts as drift."""

_T_95 = (
    *(12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228),
    *(2.201, 2.179, 2.160, 2.145, 2.131, 2.120, 2.110, 2.101, 2.093, 2.086),
)

Samples = Sequence[float] | NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Summary:
    """Order statistics of `count` samples, in the samples' unit.

    `low` and `high` bound the 95 % bootstrap interval of the median. `mad` is the median absolute
    deviation, unscaled.
    """

    count: int
    median: float
    low: float
    high: float
    p5: float
    p95: float
    p99: float
    minimum: float
    maximum: float
    mad: float
    outliers: int


def student_t(freedom: int) -> float:
    """95 % quantile of Student's |t| with `freedom` degrees of freedom; that of 20 beyond."""
    return _T_95[min(freedom, len(_T_95)) - 1]


def summarize(samples: Samples, *, seed: int = 0) -> Summary:
    """The summary of at least one finite sample. Raises ValueError otherwise."""
    values = _sorted(samples)
    p5, median, p95, p99 = np.percentile(values, [5, 50, 95, 99])
    low, high = median_interval(values, seed=seed)
    return Summary(
        count=len(values),
        median=float(median),
        low=low,
        high=high,
        p5=float(p5),
        p95=float(p95),
        p99=float(p99),
        minimum=float(values[0]),
        maximum=float(values[-1]),
        mad=mad(values),
        outliers=int(np.count_nonzero(np.abs(modified_z_scores(values)) > OUTLIER_SCORE)),
    )


def mad(samples: Samples) -> float:
    """Median absolute deviation from the median, unscaled. Raises ValueError when empty."""
    values = _sorted(samples)
    return float(np.median(np.abs(values - np.median(values))))


def median_interval(
    samples: Samples, *, confidence: float = 0.95, resamples: int = 4000, seed: int = 0
) -> tuple[float, float]:
    """Percentile bootstrap interval of the median (Efron, 1979), without drawing resamples.

    A resample's k-th smallest value is the sample quantile at the k-th of n uniform numbers, and
    that one is Beta(k, n + 1 - k) distributed; so only its position is drawn, and a million
    samples cost no more than ten. Deterministic for a given `seed`.

    Raises ValueError when there is no sample or one that is not finite.
    """
    values = _sorted(samples)
    medians = _resampled_medians(values, resamples, np.random.default_rng(seed))
    low, high = _middle(medians, confidence)
    middle = float(np.median(values))
    return min(low, middle), max(high, middle)


def median_ratio_interval(
    before: Samples,
    after: Samples,
    *,
    confidence: float = 0.95,
    resamples: int = 4000,
    seed: int = 0,
) -> tuple[float, float]:
    """Percentile bootstrap interval of median(after) / median(before), two independent samples.

    Medians are drawn as in `median_interval`. Raises ValueError when a sample is empty, holds a
    value that is not finite, or has one that is not positive in `before`.
    """
    first, second = _sorted(before), _sorted(after)
    if first[0] <= 0:
        raise ValueError("a sample to divide by is not positive")
    random = np.random.default_rng(seed)
    below = _resampled_medians(first, resamples, random)
    ratios = _resampled_medians(second, resamples, random) / below
    low, high = _middle(ratios, confidence)
    ratio = float(np.median(second) / np.median(first))
    return min(low, ratio), max(high, ratio)


def _resampled_medians(
    values: NDArray[np.float64], resamples: int, random: np.random.Generator
) -> NDArray[np.float64]:
    """Medians of `resamples` resamples of sorted `values`, by their positions alone."""
    count = len(values)
    lower = (count + 1) // 2
    position = random.beta(lower, count + 1 - lower, resamples)
    medians = values[_rank(position, count)]
    if count % 2 == 0:  # mean of two neighbours: the next order statistic, given this one
        position = position + (1 - position) * random.beta(1, count - lower, resamples)
        medians = (medians + values[_rank(position, count)]) / 2
    return medians


def _middle(drawn: NDArray[np.float64], confidence: float) -> tuple[float, float]:
    tail = 100 * (1 - confidence) / 2
    low, high = np.percentile(drawn, [tail, 100 - tail])
    return float(low), float(high)


def modified_z_scores(samples: Samples) -> NDArray[np.float64]:
    """0.6745 (x - median) / MAD for each sample (Iglewicz and Hoaglin, 1993); shape (n,).

    Where the MAD is 0 (more than half of the samples are equal) the mean absolute deviation,
    scaled by 1.2533, takes its place, as they advise; all zeros when every sample is equal.
    """
    values = np.asarray(samples, dtype=np.float64)
    offset = values - np.median(values)
    scale = np.median(np.abs(offset)) / 0.6745
    if scale == 0:
        scale = 1.2533 * np.mean(np.abs(offset))
    return offset / scale if scale > 0 else np.zeros_like(offset)


def drift(samples: Samples) -> float:
    """Median of the last third over median of the first third, minus 1, in order of time.

    0.0 when there are fewer than 9 samples or the first third's median is not positive.
    """
    values = np.asarray(samples, dtype=np.float64)
    third = len(values) // 3
    if third < 3:
        return 0.0
    first = float(np.median(values[:third]))
    return float(np.median(values[-third:])) / first - 1 if first > 0 else 0.0


def notes(samples: Samples, *, subject: str) -> tuple[Note, ...]:
    """What a reader should know before trusting the samples; `samples` in order of time."""
    values = np.asarray(samples, dtype=np.float64)
    found = (_few(values, subject), _outliers(values, subject), _drifts(values, subject))
    return tuple(note for note in found if note is not None)


def _few(values: NDArray[np.float64], subject: str) -> Note | None:
    if len(values) >= 20:
        return None
    return Note(
        "few-timings",
        subject,
        f"only {len(values)} samples: p5, p95 and p99 are little more than the extremes",
        "measure for longer (without --quick)",
        level="info",
    )


def _outliers(values: NDArray[np.float64], subject: str) -> Note | None:
    """Only slow outliers in some number matter; a few per thousand are normal on any system."""
    if len(values) < 9:
        return None
    slow = int(np.count_nonzero(modified_z_scores(values) > OUTLIER_SCORE))
    if slow <= max(1, len(values) // 50):
        return None
    return Note(
        "outliers",
        subject,
        f"{slow} of {len(values)} samples are far slower than the rest",
        "close other programs, or pin the frequency governor to performance",
    )


def _drifts(values: NDArray[np.float64], subject: str) -> Note | None:
    """A change counts when it is both large and larger than the noise of the thirds' medians."""
    change = drift(values)
    if abs(change) < DRIFT_SHARE:
        return None
    third = len(values) // 3
    noise = 1.4826 * max(mad(values[:third]), mad(values[-third:])) * (2 / third) ** 0.5
    if abs(change) * float(np.median(values[:third])) < 3 * noise:
        return None
    return Note(
        "drift",
        subject,
        f"the median {'rose' if change > 0 else 'fell'} by {abs(change):.0%} during the run",
        "warm up for longer; check for thermal throttling and other load",
    )


def _rank(position: NDArray[np.float64], count: int) -> NDArray[np.intp]:
    return np.minimum((position * count).astype(np.intp), count - 1)


def _sorted(samples: Samples) -> NDArray[np.float64]:
    values = np.sort(np.asarray(samples, dtype=np.float64).ravel())
    if not len(values):
        raise ValueError("no samples")
    if not np.isfinite(values).all():
        raise ValueError("a sample is not finite")
    return values
