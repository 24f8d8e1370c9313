"""Charts and sentences of models that servers run. Empty for studies without."""
from __future__ import annotations

import math
from typing import Iterator, Sequence

import pandas as pd

from . import svg, words
from .charts import (Chart, Entry, Series, Table, Variant, _joined, curve, evenly,
                     legend_of, series_of, slices, span, varied)
from .digest import Digests
from .steps import column
from .study import Study, described, groups
from .svg import Panel

MOST_BARS = 12
MOST_SENTENCES = 6
# The operations of an iteration: of its share, of its median, what it is called.
PARTS = (("put_share", "put_tensor", "put_tensor"),
         ("run_script_share", "run_script_median", "run_script"),
         ("run_model_share", "run_model_median", "run_model"),
         ("unpack_share", "unpack_tensor", "unpack_tensor"))
# What inferences a second are drawn against, where it was varied.
AXES = ("clients", "db_tpq", "batch_size", "intra_op")
NONE = "no models were run (inference_standard, inference_colocated)"


def rows_of(study: Study) -> pd.DataFrame:
    """Configurations that ran a model."""
    return study.configs[column(study.configs, "run_model_median").notna()]


def told(study: Study) -> list[str]:
    """What varies among them; the tensor's size is the model's."""
    return [d for d in study.dims if d != "tensor_bytes"]


# --- shares -------------------------------------------------------------------

def shares(study: Study, _: Digests) -> Chart:
    chart = Chart(
        "inference", "What an inference spends its time on",
        "Shares of all loops' time: put_tensor and unpack_tensor move the input "
        "and the output, run_script and run_model wait until the server has run "
        "them, for their turn too. What is left to 100 % lies between the "
        "operations: computing, waiting for a due time or for other clients.")
    rows = rows_of(study)
    if rows.empty:
        chart.why_not = NONE
        return chart
    every = slices(rows, told(study))
    kept = evenly(every, MOST_BARS)
    if len(kept) < len(every):
        chart.caption += (f" Of {len(every)} configurations {len(kept)} are drawn, "
                          "evenly chosen; --where chooses others.")
    chart.variants.append(_share_variant(kept))
    return chart


def _share_variant(kept: Sequence[tuple[str, pd.DataFrame]]) -> Variant:
    names = [name or "all" for name, _ in kept]
    x = svg.category_axis("configuration, as numbered in the table",
                          [str(k + 1) for k in range(len(kept))])
    panel = Panel("shares", "Share of each operation in the time of the loops, "
                  "stacked, for each configuration.", x,
                  svg.linear_axis("share of the loop", [0.0, 1.0], words.share),
                  svg.BROAD)
    times = [v for _, rows in kept for _, median, _ in PARTS
             for v in column(rows, median)]
    medians = Panel("medians", "Median time of each operation, logarithmic, for "
                    "each configuration.", x,
                    svg.log_axis("median time", times, words.seconds), svg.BROAD)
    table = Table(["no.", "configuration", "inferences/s",
                   *(f"{what}, share" for *_, what in PARTS),
                   *(f"{what}, median" for *_, what in PARTS), "bytes each"])
    for at, (name, (_, rows)) in enumerate(zip(names, kept)):
        r = rows.iloc[0]
        base = 0.0
        for k, (share, median, what) in enumerate(PARTS):
            v = float(r.get(share, math.nan))
            if v == v:
                panel.bar(k, at, 0.8, base + v,
                          f"{name}: {what} {words.share(v)}", base)
                base += v
            time = float(r.get(median, math.nan))
            medians.dots(k, [(at, time, f"{name}: {what} "
                              f"{words.seconds(time)}")], 8.0 * (k - 1.5))
        table.rows.append(
            [str(at + 1), name, _rate(r.get("inference_rate", math.nan)),
             *(words.share(r.get(share, math.nan)) for share, _, _ in PARTS),
             *(words.seconds(r.get(median, math.nan)) for _, median, _ in PARTS),
             words.size(r.get("inference_bytes", math.nan))])
    there = [k for k, (share, _, _) in enumerate(PARTS)
             if any(column(rows, share).notna().any() for _, rows in kept)]
    return Variant("", [panel, medians], [Entry(k, PARTS[k][2], "mark")
                                          for k in there], table)


def _rate(v: float) -> str:
    return f"{v:.3g}" if v == v else "–"


# --- inferences a second ------------------------------------------------------

def rates(study: Study, _: Digests) -> Chart:
    chart = Chart(
        "inferences", "Inferences a second",
        "Of all clients together, by the window: from the first begin to the last "
        "end. Whiskers: 95 % over repetitions, where there are several; one with an "
        "arrow goes on beyond the panel. "
        "batch_size 0 is without batches; a larger one may be used in part, since "
        "a run takes those inputs together that wait.")
    rows = rows_of(study)
    if rows.empty:
        chart.why_not = NONE
        return chart
    rows = rows.assign(each=rows["ops"] / 2, each_low=rows["ops_low"] / 2,
                       each_high=rows["ops_high"] / 2)
    if rows["each"].isna().all():
        chart.why_not = "steps compute or have a rate, which says how many there are"
        return chart
    for axis in AXES:
        if axis in rows and rows[axis].nunique() > 1:
            chart = varied(chart, rows, told(study), [axis],
                           lambda *of, axis=axis: _rate_variant(axis, *of))
    if not chart.variants:
        chart.why_not = ("none of clients, db_tpq, batch_size and intra_op was "
                         "varied")
    return chart


def _rate_variant(axis: str, label: str, part: pd.DataFrame, dims: list[str]
                  ) -> Iterator[Variant]:
    if part[axis].nunique() < 2:
        return
    what = words.AXIS_NAMES.get(axis, axis)
    series, note = series_of(part, dims)
    x = svg.points_axis(what, part[axis], words.plain, False)
    panel = Panel(f"against {what}", f"Inferences a second against {what}. {label}",
                  x, svg.linear_axis("inferences/s", span(part, "each"),
                                     words.plain), svg.BROAD)
    table = Table([what, "inferences/s", "run_model, median", "series"])
    for s in series:
        curve(panel, s, axis, "each", lambda v: f"{_rate(v)}/s")
        table.rows += [[words.exact(r[axis]), _rate(r["each"]),
                        words.seconds(r["run_model_median"]), s.name or "all"]
                       for _, r in s.rows.sort_values(axis).iterrows()]
    yield Variant(_joined(label, "against " + what), [panel], legend_of(series),
                  table, note)


# --- copied keys --------------------------------------------------------------

def moved(v: float) -> str:
    """Bytes in units of a thousand, as axes are divided."""
    return words.rate(v).removesuffix("/s")


def total(r: pd.Series) -> float:
    """The medians of an iteration's operations together."""
    times = [float(r.get(median, math.nan)) for _, median, _ in PARTS]
    return sum(t for t in times if t == t)


def pairs(study: Study) -> list[tuple[str, pd.Series, pd.Series]]:
    """What was run with both kinds of keys, all else equal: its name, aligned
    and copied."""
    rows = rows_of(study)
    if "model_keys" not in rows:
        return []
    rest = [d for d in told(study) if d != "model_keys"]
    found = []
    for group in groups(rows, rest, sort=False):
        of = {key: group[group["model_keys"] == key]
              for key in ("aligned", "copied")}
        if all(len(g) for g in of.values()):
            found.append((described(group.iloc[0], rest),
                          of["aligned"].iloc[0], of["copied"].iloc[0]))
    return found


def copied(study: Study, _: Digests) -> Chart:
    chart = Chart(
        "copied", "Copied against aligned keys",
        "What an inference moves on the servers' sockets, by their own counters, "
        "and what its operations take, the sum of their medians. Aligned: a "
        "client's tensors are on the shard of the model that it runs. Copied: "
        "they are on any shard, and the client copies what goes in and out of "
        "each run through itself, as SmartRedis 0.6.1 does in a cluster.")
    every = pairs(study)
    if not every:
        chart.why_not = "model_keys was not varied, or there was one shard"
        return chart
    kept = evenly(every, MOST_BARS)
    x = svg.category_axis("configuration, as numbered in the table",
                          [str(k + 1) for k in range(len(kept))])
    table = Table(["no.", "configuration", "bytes, aligned", "bytes, copied",
                   "times", "time, aligned", "time, copied", "times"])
    panels = []
    for what, value, text in (
            ("bytes of an inference", lambda r: r["inference_bytes"], moved),
            ("time of an inference", total, words.seconds)):
        panel = Panel(what, f"{what} with aligned and with copied keys, for each "
                      "configuration.", x, svg.linear_axis(
                          what, [0.0, *(value(r) for _, *of in kept for r in of)],
                          text), svg.BROAD)
        for at, (name, *of) in enumerate(kept):
            for k, r in enumerate(of):
                panel.bar(k, at + 0.4 * k - 0.2, 0.38, value(r), ", ".join(
                    filter(None, (name, KEYS[k]))) + f": {text(value(r))}")
        panels.append(panel)
    for at, (name, a, c) in enumerate(kept):
        table.rows.append(
            [str(at + 1), name or "all", words.size(a["inference_bytes"]),
             words.size(c["inference_bytes"]),
             _rate(c["inference_bytes"] / a["inference_bytes"]),
             words.seconds(total(a)), words.seconds(total(c)),
             _rate(total(c) / total(a))])
    note = "" if len(kept) == len(every) else (
        f"{len(kept)} of {len(every)} configurations are drawn, evenly chosen.")
    chart.variants.append(Variant("", panels, [
        Entry(k, name, "area") for k, name in enumerate(KEYS)], table, note))
    return chart


KEYS = ("aligned", "copied")


# --- in words -----------------------------------------------------------------

def _spent(r: dict, who: str) -> str:
    parts = [f"{100 * r[share]:.0f} % in {what}" for share, _, what in PARTS
             if math.isfinite(r.get(share, math.nan))]
    rate = r.get("inference_rate", math.nan)
    much = f", {_rate(rate)} inferences a second" if rate == rate else ""
    return f"{who}: the loops spent {', '.join(parts)}{much}."


def sentences(study: Study, named: Sequence[str]) -> list[str]:
    """What inferences spend their time on, one a configuration, the first of
    many; and what copied keys cost."""
    rows = rows_of(study)
    found = []
    for r in rows.to_dict("records"):
        who = ", ".join(filter(None, (words.phrase(d, r[d]) for d in named
                                      if d != "tensor_bytes")))
        found.append(_spent(r, who[:1].upper() + who[1:] if who
                            else "This configuration"))
    more = len(found) - MOST_SENTENCES
    found = found[:MOST_SENTENCES] + (
        [f"And {more} more, in the table."] if more > 0 else [])
    for name, a, c in pairs(study)[:MOST_SENTENCES // 2]:
        found.append(
            f"{name[:1].upper() + name[1:] + ': w' if name else 'W'}ith copied "
            f"keys an inference moves {words.size(c['inference_bytes'])} instead "
            f"of {words.size(a['inference_bytes'])} "
            f"({c['inference_bytes'] / a['inference_bytes']:.1f} times), and its "
            f"operations take {words.seconds(total(c))} instead of "
            f"{words.seconds(total(a))} ({total(c) / total(a):.1f} times).")
    return found
