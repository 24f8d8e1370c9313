"""The samples of a configuration, reduced to what can be drawn.

Samples stay in the file: a page holds quantiles, medians by iteration and by
client, and counts. Of very many clients, evenly chosen ones are read.
"""
from __future__ import annotations

from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any, Sequence

import h5py
import numpy as np
import pandas as pd

import srbench_results

from .study import OPS, Study

MOST_SAMPLES = 200_000  # of one operation and permutation
LEAST_CLIENTS = 4       # however many samples each has
BLOCKS = 50             # of iterations
TAIL_POINTS = 80
TIMES, LATENCIES = 60, 36  # cells of a heatmap
LOUD = 1_000_000        # samples that are read at once
TOLD = (0.5, 0.9, 0.95, 0.99, 0.999, 0.9999)
Arrays = dict[str, np.ndarray]


@dataclass
class Tail:
    """Sorted samples at some ranks: times, and beyond, the samples / those that
    are slower still (half a sample beyond the last)."""
    beyond: np.ndarray
    times: np.ndarray

    def at(self, share: float) -> float:
        """The time that a share of all does not exceed; NaN: too few samples."""
        if 1 / (1 - share) > self.beyond[-1]:
            return float("nan")
        return float(np.exp(np.interp(np.log(1 / (1 - share)),
                                      np.log(self.beyond), np.log(self.times))))


@dataclass
class Digest:
    """Of one configuration, its repetitions together, by operation."""
    tails: dict[str, Tail]
    iterations: np.ndarray                # middle of each block
    medians: dict[str, np.ndarray]        # by block
    clients_read: int
    clients: int


@dataclass
class Clients:
    """Of each client of a permutation: its node, the NUMA domain of its CPUs
    (-1: none alone), and of each operation the median and the 95th percentile."""
    node: np.ndarray
    numa: np.ndarray
    median: dict[str, np.ndarray]
    p95: dict[str, np.ndarray]


@dataclass
class Heat:
    """How many operations began when (cells of time) and took how long (cells on
    a logarithmic axis); edges of both, and counts [time, latency]."""
    times: np.ndarray
    latencies: np.ndarray
    counts: np.ndarray


def known(samples: np.ndarray) -> np.ndarray:
    """Those that were measured."""
    return samples[np.isfinite(samples) & (samples > 0)]


def tail(samples: np.ndarray, last: float = float("nan"), of: int = 0
         ) -> Tail | None:
    """Their quantiles up to the very last one, evenly on an axis of nines; None
    of nothing. last: the largest of all, of which there are `of`, where samples
    are only some of them."""
    seen = np.sort(known(samples))
    n = seen.size
    if n == 0:
        return None
    ranks = n * (1 - 1 / np.geomspace(1.0, n, TAIL_POINTS))
    ranks = np.unique(ranks.astype(int))
    beyond, times = n / (n - ranks - 0.5), seen[ranks]
    if of > n and last >= times[-1]:
        beyond, times = np.r_[beyond, 2.0 * of], np.r_[times, last]
    return Tail(beyond, times)


def by_blocks(samples: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Middles and medians of at most BLOCKS runs of iterations; a run's median
    is that of all its samples, all clients together."""
    n = samples.shape[1]
    edges = np.unique(np.linspace(0, n, min(n, BLOCKS) + 1).astype(int))
    middles, medians = [], []
    for a, b in zip(edges[:-1], edges[1:]):
        block = samples[:, a:b]
        block = block[np.isfinite(block)]
        middles.append((a + b - 1) / 2)
        medians.append(np.median(block) if block.size else np.nan)
    return np.array(middles), np.array(medians)


def heat(starts: np.ndarray, samples: np.ndarray) -> Heat | None:
    """None where too little was measured for a picture."""
    there = np.isfinite(starts) & np.isfinite(samples) & (samples > 0)
    at, took = starts[there], samples[there]
    if at.size < 20 or not at.max() > at.min():
        return None
    low, high = took.min(), took.max()
    spread = max(high / low, 1.1)
    latencies = np.geomspace(low / spread ** 0.01, high * spread ** 0.01,
                             LATENCIES + 1)
    times = np.linspace(0.0, at.max(), min(TIMES, max(4, at.size // 8)) + 1)
    counts, _, _ = np.histogram2d(at, took, (times, latencies))
    return Heat(times, latencies, counts)


def chosen(clients: int, iterations: int) -> np.ndarray:
    """Clients to read, evenly chosen."""
    most = max(LEAST_CLIENTS, MOST_SAMPLES // max(iterations, 1))
    if clients <= most:
        return np.arange(clients)
    return np.unique(np.linspace(0, clients - 1, most).round().astype(int))


def _stacked(parts: list[np.ndarray]) -> np.ndarray:
    """Clients of several permutations as one array, NaN where one is shorter."""
    width = max(p.shape[1] for p in parts)
    return np.concatenate([np.pad(p, ((0, 0), (0, width - p.shape[1])),
                                  constant_values=np.nan) for p in parts])


def quantiles(times: np.ndarray, share: float) -> np.ndarray:
    """Of each row, NaN of one without any."""
    out = np.full(len(times), np.nan)
    some = np.isfinite(times).any(axis=1)
    if some.any():
        out[some] = np.nanquantile(times[some], share, axis=1)
    return out


class Digests:
    """Digests of a study, each made once, when it is asked for."""

    def __init__(self, study: Study) -> None:
        frame = study.frame
        self._places = list(zip(frame["path"], frame["index"]))
        self._most = {op: frame[f"{op}_max"].to_numpy(float) for op in OPS}
        self._files: dict[str, h5py.File] = {}
        self._stack = ExitStack()
        self._made: dict[int, Digest | None] = {}

    def __enter__(self) -> "Digests":
        return self

    def __exit__(self, *error: Any) -> None:
        self._stack.__exit__(*error)

    def of(self, config: pd.Series) -> Digest | None:
        """None when the file holds no samples of it."""
        key = int(config.name)
        if key not in self._made:
            self._made[key] = self._make(config)
        return self._made[key]

    def _group(self, path: str, index: int) -> h5py.Group | None:
        if path not in self._files:
            self._files[path] = self._stack.enter_context(
                srbench_results.opened(path))
        return self._files[path].get(f"perm_{int(index):04d}")

    def arrays(self, row: pd.Series, names: Sequence[str]) -> Arrays:
        """Those of them that the file has of a permutation; numbers as floats,
        NaN where nothing was measured."""
        return self._arrays(row["path"], row["index"], names)

    def _arrays(self, path: str, index: int, names: Sequence[str]) -> Arrays:
        group = self._group(path, index)
        found = {} if group is None else {
            n: srbench_results.values(group[n]) for n in names if n in group}
        return {n: np.where(v.astype(float) < 0, np.nan, v)
                if v.dtype.kind in "if" else v for n, v in found.items()}

    def summed(self, config: pd.Series, name: str) -> float:
        """The sum of an array over all repetitions; NaN: not measured."""
        parts = [self._arrays(*self._places[i], [name]).get(name)
                 for i in config["rows"]]
        sums = [p.sum() for p in parts if p is not None]
        return float(np.sum(sums)) if sums else float("nan")

    def clients(self, row: pd.Series) -> Clients | None:
        """All of them, however many."""
        group = self._group(row["path"], row["index"])
        if group is None or any(op not in group or 0 in group[op].shape
                                for op in OPS):
            return None
        n, width = group[OPS[0]].shape
        step = max(1, LOUD // width)
        found = {share: {op: np.concatenate([
            quantiles(group[op][i:i + step], share) for i in range(0, n, step)])
            for op in OPS} for share in (0.5, 0.95)}
        where = self.arrays(row, ["client_node", "client_numa"])
        return Clients(where.get("client_node", np.zeros(n)),
                       where.get("client_numa", np.full(n, -1)),
                       found[0.5], found[0.95])

    def heats(self, row: pd.Series) -> dict[str, Heat]:
        """By operation."""
        group, found = self._group(row["path"], row["index"]), {}
        for op, start in zip(OPS, ("put_start", "unpack_start")):
            if group is not None and op in group and start in group:
                some = chosen(*group[op].shape)
                h = heat(group[start][some], group[op][some])
                found.update({op: h} if h else {})
        return found

    def _make(self, config: pd.Series) -> Digest | None:
        parts: dict[str, list[np.ndarray]] = {op: [] for op in OPS}
        clients = read = of = 0
        for i in config["rows"]:
            g = self._group(*self._places[i])
            if g is None or any(op not in g or 0 in g[op].shape for op in OPS):
                continue
            rows = chosen(*g[OPS[0]].shape)
            clients, read = g[OPS[0]].shape[0], len(rows)
            of += g[OPS[0]].size
            for op in OPS:
                parts[op].append(g[op][rows] if read < clients else g[op][...])
        if not parts[OPS[0]]:
            return None
        whole = {op: _stacked(parts[op]) for op in OPS}
        tails = {op: tail(whole[op], max(self._most[op][config["rows"]]), of)
                 for op in OPS}
        if None in tails.values():
            return None
        blocks = {op: by_blocks(whole[op]) for op in OPS}
        return Digest({op: t for op, t in tails.items() if t}, blocks[OPS[0]][0],
                      {op: blocks[op][1] for op in OPS}, read, clients)
