"""The samples of a configuration, reduced to what can be drawn.

Samples stay in the file: a page holds densities, quantiles and medians by
iteration. Of very many clients, evenly chosen ones are read.
"""
from __future__ import annotations

from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any

import h5py
import numpy as np
import pandas as pd

import srbench_results

from .study import OPS, Study

MOST_SAMPLES = 40_000  # of one operation and permutation
LEAST_CLIENTS = 4      # however many samples each has
BINS = 40
BLOCKS = 50            # of iterations
QUANTILES = (0.05, 0.25, 0.5, 0.75, 0.95)


@dataclass
class Density:
    """How often which time was seen: heights (largest 1) at times, on a
    logarithmic axis; the outermost 0.5 % at either end are cut off."""
    times: np.ndarray
    heights: np.ndarray
    quantiles: tuple[float, ...]  # as QUANTILES


@dataclass
class Digest:
    """Of one configuration, its repetitions together, by operation."""
    density: dict[str, Density]
    iterations: np.ndarray                # middle of each block
    medians: dict[str, np.ndarray]        # by block
    clients_read: int
    clients: int


def density(samples: np.ndarray) -> Density | None:
    """None when nothing was measured."""
    seen = samples[np.isfinite(samples) & (samples > 0)]
    if seen.size == 0:
        return None
    logs = np.log10(seen)
    low, high = np.quantile(logs, (0.005, 0.995))
    if high - low < 0.01:
        low, high = low - 0.01, high + 0.01
    counts, edges = np.histogram(logs, BINS, (low, high))
    kernel = np.array([1, 2, 3, 2, 1]) / 9
    heights = np.convolve(np.pad(counts, 2), kernel, "valid")
    middle = (edges[:-1] + edges[1:]) / 2
    return Density(10 ** middle, heights / max(heights.max(), 1e-300),
                   tuple(np.quantile(seen, QUANTILES)))


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


class Digests:
    """Digests of a study, each made once, when it is asked for."""

    def __init__(self, study: Study) -> None:
        self._study = study
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

    def _group(self, row: pd.Series) -> h5py.Group | None:
        path = row["path"]
        if path not in self._files:
            self._files[path] = self._stack.enter_context(
                srbench_results.opened(path))
        return self._files[path].get(f"perm_{int(row['index']):04d}")

    def _make(self, config: pd.Series) -> Digest | None:
        parts: dict[str, list[np.ndarray]] = {op: [] for op in OPS}
        clients = read = 0
        for i in config["rows"]:
            g = self._group(self._study.frame.loc[i])
            if g is None or any(op not in g or 0 in g[op].shape for op in OPS):
                continue
            rows = chosen(*g[OPS[0]].shape)
            clients, read = g[OPS[0]].shape[0], len(rows)
            for op in OPS:
                parts[op].append(g[op][rows] if read < clients else g[op][...])
        if not parts[OPS[0]]:
            return None
        whole = {op: _stacked(parts[op]) for op in OPS}
        shapes = {op: density(whole[op]) for op in OPS}
        if any(d is None for d in shapes.values()):
            return None
        blocks = {op: by_blocks(whole[op]) for op in OPS}
        return Digest(shapes, blocks[OPS[0]][0],
                      {op: blocks[op][1] for op in OPS}, read, clients)
