"""The statistics of srbench-compare, of numpy alone: Student's distribution,
resampling within a run and over repetitions, and many comparisons at once.

All figures are handled as logarithms, so that a ratio is a difference and a run
that is half as fast is as far away as one that is twice as fast.
"""
from __future__ import annotations

import math
from typing import NamedTuple, Sequence

import numpy as np

RESAMPLES = 2000  # of repetitions
REPLICATES = 200  # of each run, from its clients and blocks of iterations
CLIENT_CLUSTERS = 64  # at most; clients beyond are taken together
BLOCKS = 8  # of consecutive iterations, or of consecutive time

Rng = np.random.Generator


# --- Student's t ---------------------------------------------------------------

def _beta_fraction(a: float, b: float, x: float) -> float:
    """The continued fraction of the incomplete beta function (modified Lentz)."""
    tiny = 1e-300
    c, d = 1.0, 1.0 - (a + b) * x / (a + 1.0)
    d = 1.0 / (d if abs(d) > tiny else tiny)
    result = d
    for m in range(1, 500):
        for numerator in (
                m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m)),
                -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1))):
            d = 1.0 + numerator * d
            d = 1.0 / (d if abs(d) > tiny else tiny)
            c = 1.0 + numerator / c
            c = c if abs(c) > tiny else tiny
            result *= c * d
        if abs(c * d - 1.0) < 1e-14:
            break
    return result


def _incomplete_beta(a: float, b: float, x: float) -> float:
    """The regularised incomplete beta function I_x(a, b)."""
    if x <= 0.0 or x >= 1.0:
        return float(x >= 1.0)
    front = math.exp(a * math.log(x) + b * math.log1p(-x) + math.lgamma(a + b)
                     - math.lgamma(a) - math.lgamma(b))
    if x < (a + 1.0) / (a + b + 2.0):
        return front * _beta_fraction(a, b, x) / a
    return 1.0 - front * _beta_fraction(b, a, 1.0 - x) / b


def student_p(t: float, df: float) -> float:
    """How likely |T| >= |t| is, of Student's distribution; df may be infinite."""
    if math.isinf(t):
        return 0.0
    if df > 1e6:
        return math.erfc(abs(t) / math.sqrt(2.0))
    return _incomplete_beta(df / 2.0, 0.5, df / (df + t * t))


def student_quantile(share: float, df: float) -> float:
    """The t beyond which, on both sides together, 1 - share lies."""
    low, high = 0.0, 1.0
    while student_p(high, df) > 1.0 - share:
        high *= 2.0
    for _ in range(200):
        middle = (low + high) / 2.0
        if student_p(middle, df) > 1.0 - share:
            low = middle
        else:
            high = middle
        if high - low < 1e-12 * high:
            break
    return high


# --- within a run --------------------------------------------------------------

def _spread_evenly(n: int, most: int) -> np.ndarray:
    """The cluster of each of n neighbours, `most` clusters at the most."""
    clusters = min(n, most)
    return np.arange(n) * clusters // n


def _weights(n: int, draws: int, rng: Rng) -> np.ndarray:
    """[draw, unit]: how often each of n units was drawn, of n with replacement."""
    return rng.multinomial(n, np.full(n, 1.0 / n), size=draws).astype(float)


def _edges(n: int) -> np.ndarray:
    """Ranks of n sorted values at which bins end: even, and finer in the tail."""
    shares = np.concatenate([np.linspace(0, 1, 101)[1:],
                             1 - np.geomspace(1e-4, 0.05, 28)])
    return np.unique(np.ceil(n * shares).astype(int))


def _weighted_quantiles(reached: np.ndarray, uppers: np.ndarray, share: float
                        ) -> np.ndarray:
    """The quantile of each row of counts, which are of all values up to
    uppers[bin]."""
    target = share * reached[:, -1]
    at = np.minimum((reached < target[:, None]).sum(axis=1), len(uppers) - 1)
    rows = np.arange(len(reached))
    before = np.where(at > 0, reached[rows, at - 1], 0.0)
    inside = (target - before) / np.maximum(reached[rows, at] - before, 1e-300)
    low = uppers[np.maximum(at - 1, 0)]
    return low + np.clip(inside, 0, 1) * (uppers[at] - low)


def quantile_replicates(times: np.ndarray, shares: Sequence[float], rng: Rng
                        ) -> np.ndarray:
    """[share, replicate]: by how much, as a logarithm, quantiles of
    times[client, iteration] vary when clients, and blocks of consecutive
    iterations of all clients, are drawn anew with replacement, independently of
    each other (Owen 2007, "The pigeonhole bootstrap").
    """
    clients, iterations = times.shape
    cluster = _spread_evenly(clients, CLIENT_CLUSTERS)
    block = _spread_evenly(iterations, BLOCKS)
    nclusters, nblocks = cluster[-1] + 1, block[-1] + 1
    unit = (cluster[:, None] * nblocks + block[None, :]).ravel()
    values = times.ravel()
    there = values > 0  # nor NaN
    values, unit = np.log(values[there]), unit[there]
    if values.size < 2:
        return np.full((len(shares), REPLICATES), np.nan)

    order = np.argsort(values, kind="stable")
    edges = _edges(values.size)
    bins = np.searchsorted(edges, np.arange(values.size), side="right")
    uppers = values[order][edges - 1]
    table = np.bincount(unit[order] * len(edges) + bins,
                        minlength=nclusters * nblocks * len(edges))
    table = table.reshape(nclusters * nblocks, -1).cumsum(axis=1).astype(float)

    drawn = (_weights(nclusters, REPLICATES, rng)[:, :, None]
             * _weights(nblocks, REPLICATES, rng)[:, None, :])
    reached = drawn.reshape(REPLICATES, -1) @ table
    reached = reached[reached[:, -1] > 0]  # not those that drew nothing
    reached = reached[np.arange(REPLICATES) % len(reached)]
    whole = table.sum(axis=0)[None, :]
    return np.stack([_weighted_quantiles(reached, uppers, share)
                     - _weighted_quantiles(whole, uppers, share)
                     for share in shares])


def rate_replicates(ends: np.ndarray, first: float, last: float, rng: Rng
                    ) -> np.ndarray:
    """[replicate]: by how much, as a logarithm, the rate of operations that
    ended between two instants varies when slices of that time are drawn anew.
    """
    slices = int(min(BLOCKS, ends.shape[-1] // 2))
    if slices < 2 or not last > first:
        return np.full(REPLICATES, np.nan)
    counts, _ = np.histogram(ends[np.isfinite(ends)], bins=slices,
                             range=(first, last))
    if not counts.any():
        return np.full(REPLICATES, np.nan)
    drawn = _weights(slices, REPLICATES, rng) @ counts
    drawn = np.where(drawn > 0, drawn, counts[counts > 0].min())
    return np.log(drawn / counts.sum())


# --- over repetitions ----------------------------------------------------------

class Spread(NamedTuple):
    """The variance of a centre, and the degrees of freedom it is known with."""
    variance: float
    df: float


def centre_spread(values: np.ndarray, within: np.ndarray, rng: Rng) -> Spread:
    """Of the mean of values[repetition], by drawing repetitions with replacement
    and for each of them a replicate of within[repetition, replicate].

    Drawing n of n makes the spread too small by sqrt((n - 1) / n), which is
    taken back (Hesterberg 2015, "What teachers should know about the
    bootstrap"). A single repetition has the spread within it alone.
    """
    n = len(values)
    if n == 1:
        return Spread(float(within[0].var(ddof=1)), math.inf)
    inside = np.nan_to_num(within)
    which = rng.integers(n, size=(RESAMPLES, n))
    replicate = rng.integers(inside.shape[1], size=(RESAMPLES, n))
    drawn = (values[which] + inside[which, replicate]).mean(axis=1)
    return Spread(float(drawn.var(ddof=1)) * n / (n - 1), n - 1.0)


def add(*spreads: Spread) -> Spread:
    """The spread of a sum or difference (Welch and Satterthwaite for df)."""
    variance = sum(s.variance for s in spreads)
    doubt = sum(s.variance ** 2 / s.df for s in spreads)
    return Spread(variance, variance ** 2 / doubt if doubt > 0 else math.inf)


class Difference(NamedTuple):
    """A difference of logarithms, its 95 % interval and how likely one as large
    would be if there were none."""
    value: float
    low: float
    high: float
    p: float


def difference(value: float, spread: Spread) -> Difference:
    """Student's interval; a spread of exactly nothing decides by itself."""
    error = math.sqrt(spread.variance)
    if error == 0.0:
        return Difference(value, value, value, float(value == 0.0))
    half = student_quantile(0.95, spread.df) * error
    return Difference(value, value - half, value + half,
                      student_p(value / error, spread.df))


def smallest(spread: Spread, alpha: float) -> float:
    """The difference that would be found at level alpha in four of five tries;
    NaN where the spread is unknown."""
    if math.isnan(spread.variance):
        return math.nan
    return math.sqrt(spread.variance) * (
        student_quantile(1.0 - alpha, spread.df)
        + student_quantile(0.6, spread.df))


# --- many comparisons ----------------------------------------------------------

def holm(ps: Sequence[float]) -> list[float]:
    """Holm's adjustment (1979): whatever hangs together among the comparisons,
    the chance that any of these is at most 0.05 by accident is at most 5 %."""
    adjusted = [0.0] * len(ps)
    most = 0.0
    for done, k in enumerate(sorted(range(len(ps)), key=lambda k: (ps[k], k))):
        most = max(most, min(1.0, (len(ps) - done) * ps[k]))
        adjusted[k] = most
    return adjusted
