"""What a search (srbench tune) found: effects with their intervals."""
from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

import srbench_results
from srbench_stats import student_quantile

from . import svg

if TYPE_CHECKING:
    from .charts import Chart, Variant

ROW = 18
NEUTRAL = 6
# The colour of a decision, and what it is called.
DECISIONS = {
    "helps": (2, "base and winner at last"),
    "nothing": (1, "base and winner at last, no effect"),
    "taken": (0, "taken over"),
    "confirmed": (3, "confirmed, another is better"),
    "slows_load": (4, "slows a load"),
    "unconfirmed": (7, "not confirmed"),
}
LEAST_PAIRS = 3  # whose interval says something
CAPTION = (
    "How many times as good as the base of its round a candidate is in {}, "
    "{} is better. Whiskers: 95 % over pairs of runs, of those that were "
    "confirmed (6 pairs of their own); what was only screened (2 pairs) has "
    "none. The winner is beside the first base.")


def at_last(df: pd.DataFrame) -> pd.DataFrame:
    """Of a search's runs those of base and winner beside each other, as two
    configurations with repetitions; where it had none those of the base."""
    final = df[df["tune_step"] == "final"]
    if final.empty:
        final = df[(df["tune_side"] == "base") & (df["tune_round"] == 1)]
    if final.empty:
        return df
    final = final.reset_index(drop=True)
    final["tuned"] = final["tune_side"].where(final["tune_side"] == "base",
                                              "winner")
    # what differs with the side alone is told by it
    sides = final.groupby("tuned")
    loads = [a for a in srbench_results.axes(df)
             if sides[a].nunique(dropna=False).max() > 1
             or final[a].nunique(dropna=False) == 1]
    final.attrs["axes"] = [*loads, "tuned"]
    final["repetition"] = final.groupby([*loads, "tuned"], dropna=False).cumcount()
    for _, rows in final[final["status"] == "completed"].groupby(
            [*loads, "tuned"], dropna=False):
        _repeat(final, rows)
    return final


def _repeat(df: pd.DataFrame, rows: pd.DataFrame) -> None:
    """What the file says of repetitions, of these rows."""
    n = len(rows)
    df.loc[rows.index, "repetitions_done"] = n
    for figure, each in (("window", "window"),
                         *((op, f"{op}_median") for op in
                           ("put_tensor", "unpack_tensor"))):
        if n < 2 or each not in rows or f"{figure}_repeated" not in df:
            continue
        logs = np.log(rows[each].to_numpy(float))
        half = student_quantile(0.95, n - 1) * logs.std(ddof=1) / np.sqrt(n)
        for end, by in (("", 0.0), ("_low", -half), ("_high", half)):
            df.loc[rows.index, f"{figure}_repeated{end}"] = np.exp(
                logs.mean() + by)


def results(path: str) -> pd.DataFrame:
    """/tune, a row a result and load; empty where the file has none."""
    with srbench_results.opened(path) as f:
        if "tune" not in f:
            return pd.DataFrame()
        table = pd.DataFrame({
            name: srbench_results.values(d) for name, d in
            srbench_results.datasets(f["tune"]).items() if name != "result"})
    return table[table["step"] != ""]


def _label(row: pd.Series) -> str:
    if row["step"] == "final":
        return "all taken over"
    return f"{row['round']}: {row['candidate']}"


def _last_of_each(table: pd.DataFrame) -> pd.DataFrame:
    """Of what was screened and then confirmed the latter, the best first."""
    last = table.drop_duplicates(["round", "candidate"], keep="last")
    final = last["step"] == "final"
    order = last[~final & last["ratio"].notna()].sort_values(
        ["round", "ratio"], ascending=[True, False], kind="stable")
    return pd.concat([order, last[final & last["ratio"].notna()]])


def _panel(rows: pd.DataFrame, objective: str) -> svg.Panel:
    sure = rows[rows["pairs"] >= LEAST_PAIRS]
    seen = [*rows["ratio"], *sure["ratio_low"], *sure["ratio_high"], 0.9, 1.1]
    limits = np.clip([min(seen), max(seen)], rows["ratio"].min() / 2,
                     rows["ratio"].max() * 2)
    x = svg.log_axis(f"{objective}: candidate against base", [*limits, 0.9, 1.1],
                     lambda v: f"x{v:.3g}")
    names = [_label(r) for _, r in rows.iterrows()][::-1]
    panel = svg.Panel("", "Effects of candidates with their intervals.", x,
                      svg.category_axis("", names), svg.BROAD * 2,
                      svg.TOP + svg.BOTTOM + ROW * len(names),
                      left=7 * max(map(len, names)) + 12)
    panel.upright(1.0, "no effect")
    for at, (_, r) in enumerate(rows.iloc[::-1].iterrows()):
        k, _ = DECISIONS.get(r["decision"], (NEUTRAL, ""))
        if r["pairs"] >= LEAST_PAIRS:
            panel.across(k, at, r["ratio_low"], r["ratio_high"], "95 %: "
                         f"x{r['ratio_low']:.3g} to x{r['ratio_high']:.3g}")
        panel.dots(k, [(r["ratio"], at, f"{_label(r)}: x{r['ratio']:.3g}, "
                        f"{r['decision']}, {r['pairs']} pairs")])
    return panel


def _variant(table: pd.DataFrame, load: str, objective: str) -> Variant | None:
    from .charts import Entry, Table, Variant
    rows = _last_of_each(table)
    if rows.empty:
        return None
    told = [*dict.fromkeys(rows["decision"])]
    legend = [Entry(k, text, "mark") for name, (k, text) in DECISIONS.items()
              if name in told]
    if any(d not in DECISIONS for d in told):
        legend.append(Entry(NEUTRAL, "only screened", "mark"))
    numbers = Table(["round", "step", "candidate", "pairs", "effect",
                     "95 % interval", "decision"])
    for _, r in table.iterrows():
        numbers.rows.append([
            str(r["round"]), r["step"], r["candidate"] or "all taken over",
            str(r["pairs"]),
            f"x{r['ratio']:.3g}" if r["ratio"] == r["ratio"] else "–",
            f"{r['ratio_low']:.3g} to {r['ratio_high']:.3g}"
            if r["pairs"] >= LEAST_PAIRS else "–", r["decision"]])
    return Variant(load, [_panel(rows, objective)], legend, numbers)


def effects(paths: list[str], about: list[dict]) -> Chart | None:
    """The chart of the first file that holds a search; None: there is none."""
    from .charts import Chart
    for path, study in zip(paths, about):
        table = results(path)
        if table.empty:
            continue
        objective = str(study.get("tune_objective", ""))
        chart = Chart("tune", "What the search found", CAPTION.format(
            objective, study.get("tune_better", "higher")))
        for load, part in table.groupby("load", sort=True):
            name = "" if load < 0 else part["load_name"].iloc[0]
            if load < 0 and table["load"].nunique() > 1:
                name = "all loads: the geometric mean, which decides"
            drawn = _variant(part, name, objective)
            if drawn:
                chart.variants.append(drawn)
        if chart.variants:
            return chart
    return None
