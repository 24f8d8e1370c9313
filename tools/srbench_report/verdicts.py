"""What a study found, in sentences: for each axis that varied one, with its doubt.

srbench writes these sentences into the file of a whole study (its attribute
`verdicts`). Here they are made by the same rules (src/results/verdict.h) where
it did not, or of some permutations or several files: two values of an axis are
compared by rows that are equal in all other axes, as the geometric mean of the
ratios of their bandwidths (or of what is asked of steps instead), for each tensor
size by itself. The 95 % interval is
Student's on the logarithms, with the standard errors of the rows, by repetitions
or, where nothing was repeated, within the run, and Welch and Satterthwaite's
degrees of freedom.
"""
from __future__ import annotations

import itertools
import math
import re
from dataclasses import dataclass
from functools import lru_cache
from typing import Callable, Iterator, Mapping, NamedTuple, Sequence

import numpy as np
import pandas as pd

import srbench_stats as stats

from . import words
from .study import OPS, groups, varies

EQUAL = 1.05  # what lies within is called that
MOST_LEVELS = 3
MOST_RUNS = 3  # of neighbouring sizes, that are told
Row = Mapping | pd.Series  # a row of Study.configs
BLOCKS = 20   # which an interval within a run rests on, where that is not said
MORE, LESS, SAME, NOTHING = "more", "less", "same", "nothing"
TITLES = {
    "experiment": "Placement", "place": "Placement", "db_exe": "Server",
    "server": "Server", "db_nodes": "Database nodes",
    "db_shards_per_node": "Shards per node", "db_cluster": "Cluster",
    "db_cpus": "Database CPUs", "db_io_threads": "I/O threads",
    "db_tpq": "Threads per queue", "client_nodes": "Client nodes",
    "clients_per_node": "Clients per node", "languages": "Language",
    "client": "Client", "command_set": "Command set", "transport": "Transport",
    "socket_buffer": "Socket buffer", "pin_app_cpus": "Pinned clients",
    "keys": "Keys", "sync": "Sync", "pattern": "Pattern",
    "tensors": "Tensors a step", "control_bytes": "Control tensor",
    "pipelined": "Pipelined", "history": "History",
    "retire": "Retire", "expire_after": "Expiry", "compute": "Computing",
    "compute_kind": "Kind of computing", "rate": "Rate", "arrivals": "Arrivals",
    "db_args": "Server directives", "db_env": "Server environment",
    "intra_op": "Threads of a run", "device": "Device",
    "batch_size": "Batch size", "model_keys": "Keys of models",
    "readers_per_node": "Readers a node", "reader_nodes": "Reader nodes",
    "wait": "Wait", "fan": "Fan", "db_path": "Folder", "tensor_bytes": "Tensor size", "file": "File",
}


# --- how sure a row is --------------------------------------------------------

class Measure(NamedTuple):
    """What is compared; of some less is better, and rows have its inverse."""
    name: str
    less: bool
    text: Callable[[float], str]


BANDWIDTH = Measure("bandwidth", False, words.rate)
# By Study.configs' `measure`, in the order in which they are told.
MEASURES = {
    "": BANDWIDTH,
    # the time of a step / that of its computing alone
    "overhead": Measure("slowdown of the solver", True, lambda x: f"x{x:.2f}"),
    "step_response_median": Measure("response", True, words.seconds),
    "sustained_rate": Measure("sustained rate", False, words.steps),
    "delivery_median": Measure("delivery", True, words.seconds),
}


class Known(NamedTuple):
    """The standard error of a figure's logarithm, and its degrees of freedom."""
    error: float
    df: float


@lru_cache(maxsize=None)
def _t(df: int) -> float:
    return stats.student_quantile(0.95, df)


def student(df: float) -> float:
    """Student's t for degrees of freedom that need not be whole: of the whole
    ones below."""
    return _t(int(min(max(df, 1.0), 1e6)))


def by_interval(low: float, high: float, df: float) -> Known:
    """Of a 95 % interval; NaN of none."""
    if not (low > 0 and high >= low):
        return Known(math.nan, 1.0)
    half = math.log(high / low) / 2
    return Known(half / student(df), df)


def blocks(method: str, op: str) -> int:
    """How many, by the words of the file: "over 20 blocks of iterations", "put
    over 8 clients, unpack over 20 blocks"."""
    said = re.search(rf"\b{op.split('_')[0]} over (\d+)", method) \
        or re.search(r"over (\d+)", method)
    return max(int(said[1]), 2) if said else BLOCKS


def known(row: Row, figure: str) -> Known:
    """By repetitions, where there are several; else within the run, where the
    bandwidth goes with what put and unpack take together. What steps are
    compared by stands in the place of the window."""
    measure = row.get("measure")
    if measure and figure in ("window", "measured"):
        if row["repetitions"] > 1:
            return Known(row["measured_error"], row["repetitions"] - 1.0)
        # an overhead has none: what computing takes alone is measured twice a run
        return by_interval(row.get(f"{measure}_low", math.nan),
                           row.get(f"{measure}_high", math.nan),
                           blocks(str(row["interval_method"]), measure) - 1.0)
    if row["repetitions"] > 1:
        return by_interval(row[f"{figure}_low"], row[f"{figure}_high"],
                           row["repetitions"] - 1.0)
    if figure != "window":
        return by_interval(row[f"{figure}_low"], row[f"{figure}_high"],
                           blocks(str(row["interval_method"]), figure) - 1.0)
    each = [known(row, op) for op in OPS]
    whole = sum(row[op] for op in OPS)
    return Known(math.hypot(*(k.error * row[op] / whole
                              for k, op in zip(each, OPS))),
                 min(k.df for k in each))


def interval(row: Row) -> tuple[float, float]:
    """The bandwidth's, by what is known of it."""
    k = known(row, "window")
    far = math.exp(student(k.df) * k.error)
    return row["window"] / far, row["window"] * far


# --- effects ------------------------------------------------------------------

class Interval(NamedTuple):
    """A ratio and its 95 % interval; NaN: unknown."""
    ratio: float
    low: float
    high: float

    @property
    def told(self) -> str:
        if self.low > 1:
            return MORE
        if self.high < 1:
            return LESS
        return SAME if self.low > 1 / EQUAL and self.high < EQUAL else NOTHING


class Effect:
    """Of one value of an axis against another, by rows that match."""

    def __init__(self) -> None:
        self.logs: list[float] = []
        self.errors: list[Known] = []

    def add(self, x: Row, y: Row, figure: str = "window") -> "Effect":
        self.logs.append(math.log(x[figure] / y[figure]))
        self.errors += [known(x, figure), known(y, figure)]
        return self

    def interval(self) -> Interval:
        """Of the geometric mean."""
        if not self.logs:
            return Interval(math.nan, math.nan, math.nan)
        spread = stats.add(*(stats.Spread(k.error ** 2, k.df)
                             for k in self.errors))
        mean, half = float(np.mean(self.logs)), 0.0
        if spread.variance != 0:
            half = math.nan if math.isnan(spread.variance) else (
                student(spread.df) * math.sqrt(spread.variance) / len(self.logs))
        return Interval(*map(math.exp, (mean, mean - half, mean + half)))

    @property
    def ratios(self) -> tuple[float, float]:
        """The least and the largest."""
        return math.exp(min(self.logs)), math.exp(max(self.logs))

    def disagrees(self) -> bool:
        """Whether rows differ by more than chance makes of it: Cochran's Q is
        twice its standard deviation above its mean."""
        n = len(self.logs)
        variances = np.array([a.error ** 2 + b.error ** 2 for a, b in
                              zip(self.errors[::2], self.errors[1::2])])
        if n < 2 or not (variances > 0).all():
            return False
        logs = np.array(self.logs)
        mean = (logs / variances).sum() / (1 / variances).sum()
        q = (((logs - mean) ** 2) / variances).sum()
        least, most = self.ratios
        return bool(q > n - 1 + 2 * math.sqrt(2 * (n - 1))
                    and most / least > EQUAL)


def is_less(x: Row, best: Row, figure: str) -> bool:
    """Whether a row's figure is surely below another's."""
    return Effect().add(x, best, figure).interval().told == LESS


# --- rows that belong together ------------------------------------------------

@dataclass
class View:
    """One axis: its values in order, its rows (all, and of each value those at
    its best, by the axes that not all of them have), and how these rank."""
    axis: str
    own: list[str]
    others: list[str]
    levels: list
    all: pd.DataFrame
    rows: pd.DataFrame
    rank: dict
    sizes: list
    measure: Measure = BANDWIDTH
    named: bool = False  # whatever is told
    decided: Sequence[str] = ()  # of its own, those that its values decide

    def effects(self, x: object, y: object) -> dict[object, Effect]:
        """Value x against y: an effect for each size (None: of all)."""
        found: dict[object, Effect] = {s: Effect() for s in self.sizes}
        sides: dict[str, dict[object, dict]] = {}
        for row in self.rows.to_dict("records"):
            of = repr([row[a] for a in self.others])
            sides.setdefault(of, {})[row[self.axis]] = row
        for rows in sides.values():
            if x in rows and y in rows:
                size = rows[x]["tensor_bytes"] if len(self.sizes) > 1 \
                    else self.sizes[0]
                found[size].add(rows[x], rows[y])
        return {s: e for s, e in found.items() if e.logs}

    def told(self, level: object) -> str:
        """'colocated (unix)': a value, with its own axes as they were at its
        best."""
        row = self.rows[self.rows[self.axis] == level].iloc[0]
        name = words.value(self.axis, level)
        of = self.all[self.all[self.axis] == level]
        own = [w for a in self.own if varies(of[a]) or a in self.decided
               if (w := _own_word(a, row[a])) != name]
        return name + (f" ({', '.join(own)})" if own else "")


def _own_word(axis: str, v: object) -> str:
    return str(v) if isinstance(v, str) else f"{title(axis)} {words.value(axis, v)}"


def title(axis: str) -> str:
    """What an axis is called at the begin of a sentence."""
    return TITLES.get(axis, axis)


def amounts(column: pd.Series) -> bool:
    """Whether the values of an axis are more and less of something; no way to
    wait is but a pause."""
    if column.name == "wait" and column.isin(["spin", "block"]).any():
        return False
    return column.name in words.NUMBERED or (
        pd.api.types.is_numeric_dtype(column)
        and column.name not in words.YES_NO
        and not (column.name == "socket_buffer" and (column < 0).any()))


def _in_order(rows: pd.DataFrame, axis: str, levels: list) -> list:
    """Amounts ascending, words as they were given and behind all numbers."""
    if not amounts(rows[axis]):
        return levels
    if axis not in words.NUMBERED:
        return sorted(levels)
    of = dict(zip(rows[axis], rows[f"{axis}_value"].fillna(math.inf)))
    return sorted(levels, key=of.__getitem__)


def _is_own(rows: pd.DataFrame, axis: str, levels: list, other: str) -> bool:
    """Whether some values of an axis do not have another axis: they say so, or
    it is a placement that has but one transport where the other has several."""
    there = [set(rows.loc[rows[axis] == x, other]) for x in levels]
    if axis == "experiment" and len({len(v) > 1 for v in there}) > 1:
        return True
    return any(all(words.absent(other, v) for v in some) for some in there)


def _follows(rows: pd.DataFrame, axis: str, other: str, axes: Sequence[str]
             ) -> bool:
    """Whether each value of the axis has one value of another axis, but not all the
    same: a server, and the client that it needs. The first of the two is told."""
    order = list(axes)
    return (order.index(axis) < order.index(other)
            and not any(words.absent(other, v) for v in rows[other])
            and bool((rows.groupby(axis)[other].nunique() == 1).all())
            and rows[other].nunique() > 1)


def view(configs: pd.DataFrame, axis: str, axes: Sequence[str],
         measure: Measure = BANDWIDTH, named: bool = False) -> View | None:
    """None where rows of one value alone are left."""
    rows = configs[[not words.absent(axis, v) for v in configs[axis]]]
    # standard has one transport, which nobody may choose
    if axis == "transport" and "experiment" in rows:
        kinds = rows.groupby("experiment")[axis].transform("nunique")
        rows = rows[kinds > 1] if (kinds > 1).any() else rows
    levels = _in_order(rows, axis, list(dict.fromkeys(rows[axis])))
    own = [a for a in axes if a not in (axis, "tensor_bytes")
           and _is_own(rows, axis, levels, a)]
    decided = [a for a in axes if a not in (axis, "tensor_bytes", *own)
               and _follows(rows, axis, a, axes)]
    own += decided
    kept, rank = [], {}
    for level in levels:
        variants = list(groups(rows[rows[axis] == level], own))
        means = [float(np.log(v["window"]).mean()) for v in variants]
        rank[level] = max(means)
        kept.append(variants[means.index(rank[level])])
    if len(levels) < 2:
        return None
    others = [a for a in axes if a != axis and a not in own]
    sizes = sorted(rows["tensor_bytes"].unique()) \
        if "tensor_bytes" in others else [None]
    return View(axis, own, others, levels, rows, pd.concat(kept), rank, sizes,
                measure, named or measure != BANDWIDTH, decided)


# --- words --------------------------------------------------------------------

def _ratio(x: float, fine: bool) -> str:
    """Near 1 with another digit."""
    places = (0 if x >= 9.95 else 1 if x >= 0.995 else 2) + (fine and x < 9.95)
    return f"{x:.{places}f}"


def ratios(least: float, most: float, low: float, high: float) -> str:
    """'x1.9 (1.2 to 2.9)', of several sizes 'x1.3 to x1.9 (1.1 to 2.9)'."""
    # what is told from 1 does not read 1.0
    fine = (max(high, most) / min(low, least) < 1.2
            or abs((low if least > 1 else high) - 1) < 0.05)
    a, b, c, d = (_ratio(v, fine) for v in (least, most, low, high))
    return (f"x{a}" if a == b else f"x{a} to x{b}") + f" ({c} to {d})"


def _inverses(low: float, high: float) -> tuple[float, float]:
    return 1 / high, 1 / low


def _ratios(measure: Measure, *of: float) -> str:
    """The same of rates; of what is better when it is less, their inverses."""
    return ratios(*_inverses(*of[:2]), *_inverses(*of[2:])) if measure.less \
        else ratios(*of)


def _alike(v: View, told: str) -> str:
    of = f" in {v.measure.name}" * v.named
    return f"equal{of} within 5 %" if told == SAME \
        else f"no difference{of} that this study can tell"


def _places(sizes: list, held: Sequence[object], told: str) -> str:
    """'', ' at 1 MiB', ' up to 64 KiB and from 1 MiB on'; of more than one reads
    ' at 96 of 250 sizes from 2 KiB to 60 KiB'."""
    if len(sizes) < 2:
        return ""
    said, last = [], len(sizes) - 1
    runs = [list(run) for _, run in itertools.groupby(
        (i for i, s in enumerate(sizes) if s in held),
        key=lambda i, n=itertools.count(): i - next(n))]
    if len(runs) > MOST_RUNS:
        ends = (words.size(sizes[i]) for i in (runs[0][0], runs[-1][-1]))
        return (f" at {sum(map(len, runs))} of {len(sizes)} sizes from "
                + " to ".join(ends))
    for at in runs:
        first, end = at[0], at[-1]
        a, b = words.size(sizes[first]), words.size(sizes[end])
        every = "at any size" if told == NOTHING else "at every size"
        said.append(every if (first, end) == (0, last) else
                    f"at {a}" if first == end else
                    f"up to {b}" if first == 0 else
                    f"from {a} on" if end == last else f"from {a} to {b}")
    return " " + " and ".join(said)


def compared(v: View, x: object, y: object) -> str:
    """Value x against y; '' where they have no rows that match."""
    found = v.effects(x, y)
    intervals = {s: e.interval() for s, e in found.items()}
    parts = []
    for told in (MORE, LESS, SAME, NOTHING):
        some = {s: i for s, i in intervals.items() if i.told == told}
        if not some:
            continue
        if told in (SAME, NOTHING):
            said = _alike(v, told)
        else:
            r, low, high = zip(*some.values())
            said = _ratios(v.measure, min(r), max(r), min(low), max(high))
            said = said if parts else f"{v.measure.name} {said}"
        parts.append(said + _places(v.sizes, list(some), told))
    apart = [e.ratios for e in found.values() if e.disagrees()]
    if apart:
        ends = min(a for a, _ in apart), max(b for _, b in apart)
        ends = _inverses(*ends) if v.measure.less else ends
        parts[-1] += (f"; x{_ratio(ends[0], False)} to x{_ratio(ends[1], False)} "
                      "by what else varied")
    return ", ".join(parts)


def _ends(v: View) -> Iterator[str]:
    """Of amounts: first to last, and what is above both."""
    first, last = v.levels[0], v.levels[-1]
    said = compared(v, last, first)
    if not said:
        return
    a, b = (words.value(v.axis, x) for x in (first, last))
    text = f"{title(v.axis)}, {a} to {b}: {said}"
    top = max(v.levels, key=lambda x: v.rank[x])
    end = last if v.rank[last] > v.rank[first] else first
    if top not in (first, last):
        whole = Effect()
        for e in v.effects(top, end).values():
            whole.logs += e.logs
            whole.errors += e.errors
        i = whole.interval()
        if i.told == MORE:
            text += (f", {'least' if v.measure.less else 'most'} at "
                     f"{words.value(v.axis, top)}, "
                     f"{_ratios(v.measure, i.ratio, i.ratio, i.low, i.high)} of "
                     f"that at {words.value(v.axis, end)}")
    yield text


def _kinds(v: View) -> Iterator[str]:
    """The best against the others; of many against the next and the last."""
    order = sorted(v.levels, key=lambda x: -v.rank[x])
    best, others = order[0], order[1:]
    if len(others) > MOST_LEVELS:
        others = [others[0], others[-1]]
    parts = [f" against {v.told(o)}: {said}" for o in others
             if (said := compared(v, best, o))]
    if parts:
        yield f"{title(v.axis)}, {v.told(best)}{';'.join(parts)}"


ENDED = {"none": ("no rate held", NOTHING),
         "all": ("all rates held that were tried", MORE)}


def endings(rows: pd.DataFrame, axis: str) -> list[str]:
    """'tcp: no rate held from 1 MiB on': of the values of an axis searches that
    found no rate, at the sizes where all of theirs ended so and some others'
    did not; rows: of all searches."""
    rows = rows[[not words.absent(axis, v) for v in rows[axis]]]
    levels = _in_order(rows, axis, list(dict.fromkeys(rows[axis])))
    sizes = sorted(rows["tensor_bytes"].unique()) if axis != "tensor_bytes" \
        else []
    found = []
    for level in levels:
        for ended, (said, places) in ENDED.items():
            at = []
            for size in sizes or [None]:
                here = rows if size is None else rows[rows["tensor_bytes"] == size]
                so = here["search_ended"] == ended
                mine = so[here[axis] == level]
                if len(mine) and mine.all() and not so.all():
                    at.append(size)
            if at:
                found.append(f"{words.value(axis, level)}: {said}"
                             + _places(sizes, at, places))
    return found


def _none_found(rows: pd.DataFrame) -> str:
    """Where no search at all found a rate: which way they ended."""
    if (rows["search_ended"] == "none").all():
        return "No rate held that a probe can judge, of any configuration"
    if (rows["search_ended"] == "all").all():
        return "All rates held that were tried, of every configuration"
    return ""


def _single(row: Row, measure: Measure, alone: bool = True) -> str:
    low, high = interval(row)
    of = row["window"]
    if measure.less:
        of, (low, high) = 1 / of, _inverses(low, high)
    sure = "" if math.isnan(low) else (
        f" ({measure.text(low)} to {measure.text(high)})")
    return (f"{measure.name.capitalize()} {measure.text(of)}{sure}"
            + "; nothing else was completed that it could be compared with" * alone)


def by_measure(configs: pd.DataFrame) -> Iterator[tuple[Measure, pd.DataFrame]]:
    """Configurations that are compared by the same thing, which stands in their
    `window`; and searches that found none."""
    of = configs.get("measure", pd.Series("", configs.index))
    for name, measure in MEASURES.items():
        rows = configs[of == name]
        if name and len(rows):
            rows = rows.assign(window=1 / rows["measured"] if measure.less
                               else rows["measured"])
        ended = rows.get("search_ended", pd.Series("", rows.index)) != ""
        yield measure, rows[(rows["window"] > 0) | ended] if len(rows) else rows


def sentences(configs: pd.DataFrame, axes: Sequence[str]) -> list[str]:
    """Of configurations (as in Study) and the axes that varied in the study."""
    out: list[str] = []
    within = True
    kinds = [x for x in by_measure(configs) if len(x[1])]
    for measure, rows in kinds:
        usable = rows[rows["window"] > 0]
        within = within and bool((rows["repetitions"] < 2).all())
        varied = [a for a in axes if varies(rows[a])]
        if len(usable) == 1:
            out.append(_single(usable.iloc[0], measure, len(rows) == 1))
        for axis in sorted(varied, key=lambda a: a != "tensor_bytes"):
            v = view(usable, axis, varied, measure, len(kinds) > 1) \
                if len(usable) > 1 else None
            said = list(_ends(v) if amounts(v.rows[axis]) else _kinds(v)) \
                if v else []
            if len(usable) < len(rows):
                said += endings(rows, axis)
                if said and not said[0].startswith(title(axis)):
                    said[0] = f"{title(axis)}, {said[0]}"
                said = ["; ".join(said)] * bool(said)
            out += said
        if usable.empty and len(varied):
            out += filter(None, [_none_found(rows)])
    if out and within:
        out.append("Intervals are within this run: another may differ by more, "
                   "which --repetitions tells.")
    return out
