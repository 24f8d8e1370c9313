"""The page: one HTML document that needs nothing else."""
from __future__ import annotations

import json
import re
from html import escape
from pathlib import Path
from typing import Any, Sequence

import numpy as np
import pandas as pd

from srbench_results import shown

from . import svg, words
from .answer import (HEADS, Answer, Best, certainty, headlines, interval,
                     same_in_all, text_of, told)
from .charts import Chart, Variant
from .study import OPS, Study, described, groups

HERE = Path(__file__).resolve().parent

# The colours of both themes; s0 ... s7 are series: told apart by those who see
# few colours, and by their marks.
LIGHT = {
    "bg": "#ffffff", "panel": "#f6f7f9", "text": "#1b1f24", "soft": "#586069",
    "rule": "#d5dae0", "grid": "#e6e9ed", "accent": "#0b5cad",
    "good": "#1a7f4b", "bad": "#b3261e", "warn-bg": "#fff0d6",
    "warn": "#7a4b00", "s0": "#0072b2", "s1": "#d55e00", "s2": "#008a65",
    "s3": "#b5478f", "s4": "#8a6d00", "s5": "#3f3fb5", "s6": "#4d5660",
    "s7": "#a11c38",
}
DARK = {
    "bg": "#14171b", "panel": "#1c2026", "text": "#e8eaed", "soft": "#a2abb5",
    "rule": "#39414a", "grid": "#2a3037", "accent": "#7db8f5",
    "good": "#67cf97", "bad": "#ff8f85", "warn-bg": "#43310f",
    "warn": "#ffd591", "s0": "#5ab4f0", "s1": "#ff9a52", "s2": "#3fcf9f",
    "s3": "#e78cc6", "s4": "#e0c04a", "s5": "#a3a3ff", "s6": "#b8c0c9",
    "s7": "#ff8099",
}
WHY = {
    "spared": "not needed any more (until_interval)",
    "planned": "had not run when srbench ended",
}


def variables(colours: dict[str, str]) -> str:
    """Colours as CSS custom properties."""
    return "".join(f"--{k}:{v};" for k, v in colours.items())


def part(name: str) -> str:
    """A file that is a part of the page."""
    return (HERE / name).read_text(encoding="utf-8")


def style() -> str:
    """All style of the page, both themes."""
    dark = variables(DARK) + "color-scheme:dark;"
    light = variables(LIGHT) + "color-scheme:light;"
    return (f":root{{{light}}}"
            f"@media(prefers-color-scheme:dark){{:root{{{dark}}}}}"
            f':root[data-theme="dark"]{{{dark}}}'
            f':root[data-theme="light"]{{{light}}}'
            + part("chart.css")
            + part("page.css")
            + f"@media print{{:root,:root[data-theme]{{{light}}}}}")


def prose(text: str) -> str:
    """Text in which an option is not broken behind its dashes."""
    return re.sub(r"(--\w[\w-]*)", r'<span class="option">\1</span>', escape(text))


def chips(flags: str) -> str:
    """Flags as marks that stand out, each with its meaning."""
    return "".join(
        f'<span class="chip" title="{escape(words.FLAGS.get(f, f))}">'
        f"{escape(f)}</span>" for f in flags.split(",") if f)


# --- the answer ---------------------------------------------------------------

def headline(a: Answer) -> str:
    """The best of all."""
    parts = "".join(
        f"<li>{what}: <strong>{value}</strong>"
        + (f" with {escape(with_)}" if with_ else "") + "</li>"
        for what, value, with_ in headlines(a))
    return f'<ul class="lead">{parts}</ul>' if parts else ""


def _shared(b: Best, dims: list[str]) -> str:
    """Who has the first place: one, or all who cannot be told apart."""
    names = [described(r, dims) for r in (b.row, *b.rivals)]
    if not names[0]:
        return ""
    more = "" if len(names) <= 4 else (
        f"<li>and {len(names) - 3} more</li>")
    shown = names if not more else names[:3]
    return ('<ul class="with">' + "".join(f"<li>{escape(n)}</li>" for n in shown)
            + more + "</ul>")


def _best_cell(b: Best | None, dims: list[str], head: str) -> str:
    if b is None:
        return f'<td data-head="{head}">–</td>'
    lines = [f'<strong class="num">{text_of(b.figure, b.value)}</strong>',
             _shared(b, dims), f'<span class="sure">{escape(interval(b))}</span>']
    sure = certainty(b)
    if sure:
        lines.append(f'<span class="rivals{" many" * bool(b.rivals)}">'
                     f"{escape(sure)}</span>")
    name = f"{b.figure}_of_floor"
    of = b.row.get(name)
    if not words.missing(of):
        low, high = (b.row[f"{name}{end}"] for end in ("_low", "_high"))
        sure = (f" ({words.share(low)} to {words.share(high)})"
                if low == low else "")
        if of > 1.005:
            sure += ", which is no bound here"
        lines.append(f'<span class="sure">{words.share(of)} of the floor{sure}</span>')
    lines.append(chips(b.row["flags"]))
    return f'<td data-head="{head}">{"".join(lines)}</td>'


def answer_section(study: Study, a: Answer) -> str:
    """What made the difference, and for each tensor size the best."""
    heads = {f: head for f, head in HEADS.items() if any(f in b for b in
                                                         a.best.values())}
    sizes, some = told(a)
    rows = "".join(
        f'<tr><th scope="row">{words.size(s)}</th>' + "".join(
            _best_cell(best.get(f), a.dims, head)
            for f, head in heads.items()) + "</tr>"
        for s, best in sizes.items())
    fewer = f"<p>{some}</p>" * bool(some)
    table = (
        '<table class="answer"><thead><tr><th scope="col">Tensor</th>'
        + "".join(f'<th scope="col">{head}</th>' for head in heads.values())
        + f"</tr></thead><tbody>{rows}</tbody></table>") if rows else ""
    how = ("<p>Each cell names the configuration that was best and those that "
           "this study cannot tell apart from it: they share the first place. The "
           "best of many was also the luckiest: run it again before you rely on "
           "it.</p>") * (a.tried > len(a.best))
    caution = '<div class="alert" role="alert">' + "".join(
        f"<p>{escape(s)}</p>" for s in a.caution.splitlines()) + "</div>" \
        if a.caution else ""
    verdicts = "".join(f"<li>{prose(v)}</li>" for v in a.verdicts)
    held = "".join(f"<li>{escape(s)}</li>" for s in a.held)
    ladder = "".join(f"<p>{escape(s)}</p>" for s in a.ladder if s.endswith(":")) \
        + "<ul>" + "".join(f"<li>{escape(s)}</li>" for s in a.ladder
                           if not s.endswith(":")) + "</ul>"
    remarks = "".join(f"<li>{escape(r)}</li>" for r in a.remarks)
    return (f'<section id="answer" tabindex="-1"><h2>The answer</h2>{caution}'
            + (f'<ul class="lead verdicts">{verdicts}</ul>' if verdicts else "")
            + (f"<h3>What held the best of each size back</h3><ul>{held}</ul>"
               if held else "")
            + (f"<h3>Where the time goes</h3>{ladder}" if a.ladder else "")
            + f"{headline(a)}<p>{escape(same_in_all(study))}</p>{how}{fewer}{table}"
            + (f'<ul class="remarks">{remarks}</ul>' if remarks else "")
            + "</section>")


# --- the tables ----------------------------------------------------------------

Column = tuple[str, str, str]  # of a frame, heading, kind
# Where models are run.
RUNS: list[Column] = [("run_script_median", "script median", "time"),
                      ("run_model_median", "model median", "time"),
                      ("run_model_share", "model's share", "share"),
                      ("inference_rate", "inferences", "steps"),
                      ("inference_bytes", "bytes each", "size")]


def _axis_columns(study: Study) -> list[Column]:
    out = [(d, words.AXIS_NAMES.get(d, d), _kind(study, d)) for d in study.dims]
    if study.frame["shards"].nunique() > 1:
        out.append(("shards", "shards", "count"))
    return out


# Of writers and readers, and of steps that compute or have a rate, before all
# others.
STEP_COLUMNS = [("delivery_median", "delivery", "time"),
                ("delivery_p99", "delivery p99", "time"),
                ("get_list_median", "get list", "time"),
                ("missed", "missed", "count"),
                ("overhead", "overhead", "share"),
                ("sustained_rate", "sustained", "steps"),
                ("step_response_median", "response", "time"),
                ("step_response_p99", "response p99", "time")]


def _figure_columns(frame: pd.DataFrame, names: list[Column]) -> list[Column]:
    """Those that any row has; what matters most always, and that is not the
    bandwidth where all of it was asked for."""
    found = [c for c in STEP_COLUMNS + names
             if c[0] in frame and frame[c[0]].notna().any()]
    always = {"put_tensor_median", *["window"] * (
        not any(c in STEP_COLUMNS for c in found))}
    return [c for c in STEP_COLUMNS + names
            if c in found or c[0] in always and c[0] in frame]


def columns(study: Study) -> list[Column]:
    """Of the table of permutations: figures before axes. Kinds are text, count,
    size, time, rate, share, steps, flags; page.js writes them."""
    frame = study.frame
    out = [("index", "#", "count")]
    if (frame["status"] != "completed").any():
        out.append(("status", "status", "text"))
    out += _figure_columns(frame, [
        ("window", "bandwidth", "rate"),
        *((f"{op}_{what}", f"{short} {what}", "time") for what in
          ("median", "p99") for op, short in zip(OPS, ("put", "unpack"))),
        *RUNS, ("client_cpu_share", "client CPU", "share"),
        ("window_of_floor", "of floor", "share")])
    out += _axis_columns(study)
    if frame["repetition"].max() > 0:
        out.append(("repetition", "repetition", "count"))
    if (frame["flags"] != "").any():
        out.append(("flags", "flags", "flags"))
    if (frame["error"] != "").any() or frame["status"].isin(WHY).any():
        out.append(("error", "reason", "text"))
    return out


def config_columns(study: Study) -> list[Column]:
    """Of the table of configurations."""
    configs = study.configs.assign(sure=study.configs["window_low"])
    out = _figure_columns(configs, [
        ("window", "bandwidth", "rate"), ("sure", "95 %", "text"),
        *((op + what, f"{short} {name}", "time")
          for what, name in (("", "median"), ("_p99", "p99"))
          for op, short in zip(OPS, ("put", "unpack"))),
        *RUNS, ("window_of_floor", "of floor", "share"),
        ("imbalance", "shards max / mean", "ratio")])
    out += _axis_columns(study) + [("repetitions", "runs", "count")]
    if (study.configs["flags"] != "").any():
        out.append(("flags", "flags", "flags"))
    return out


def _kind(study: Study, dim: str) -> str:
    """Of a dimension: axes that are more than a number are told in words."""
    if dim == "tensor_bytes":
        return "size"
    numbers = pd.api.types.is_numeric_dtype(study.frame[dim])
    if dim in words.TIMES:
        return "given" if numbers else "axis"
    told = dim == "socket_buffer" or dim in words.YES_NO
    return "count" if numbers and not told else "axis"


def _cell(v: Any, kind: str) -> Any:
    """As JSON: what is not known is null."""
    if words.missing(v) or (kind in ("count", "size") and v < 0):
        return None
    if isinstance(v, (float, np.floating)):
        return int(v) if float(v).is_integer() else float(v)
    return v.item() if isinstance(v, np.generic) else v


def _data(frame: pd.DataFrame, heads: list[Column], names: list[str]
          ) -> dict[str, Any]:
    """A table for page.js."""
    rows = [[words.value(c, r[c]) if kind == "axis" else _cell(r[c], kind)
             for c, _, kind in heads] for _, r in frame.iterrows()]
    return {"columns": [[c, head, "text" if kind == "axis" else kind]
                        for c, head, kind in heads], "rows": rows, "names": names}


def table_data(study: Study) -> dict[str, Any]:
    """The tables for page.js: columns and rows."""
    frame = study.frame.copy()
    empty = frame["error"] == ""
    frame.loc[empty, "error"] = frame.loc[empty, "status"].map(WHY).fillna("")
    data = _data(frame, columns(study), frame["name"].tolist())
    data["flags"] = words.FLAGS
    if repeated(study):
        configs = study.configs.assign(sure=[
            f"{words.rate(a)} to {words.rate(b)}" if a == a else None for a, b in
            zip(study.configs["window_low"], study.configs["window_high"])])
        names = ["permutations " + ", ".join(
            words.exact(study.frame.at[i, "index"]) for i in rows)
            for rows in configs["rows"]]
        data["configurations"] = _data(configs, config_columns(study), names)
    return data


def repeated(study: Study) -> bool:
    """Whether there are fewer configurations than permutations."""
    return bool(not study.configs.empty and study.configs["repetitions"].max() > 1)


def _filters(study: Study, heads: list[Column], frame: pd.DataFrame) -> str:
    """A filter for each column with few values."""
    out = ['<label>search <input type="search" placeholder="any text"></label>']
    for c, head, kind in heads:
        if c == "flags":
            values = sorted({f for x in frame[c] for f in x.split(",") if f})
            shown = [(v, v) for v in values]
        elif c == "status" or c in study.dims:
            known = frame if c == "status" else frame[frame["status"] != "planned"]
            values = sorted((v for v in known[c].unique().tolist()
                             if not words.absent(c, v)),
                            key=lambda v: (isinstance(v, str), v))
            shown = [(words.value(c, v) if kind == "axis" else
                      v if isinstance(v, str) else repr(float(v)),
                      words.value(c, v)) for v in values]
        else:
            continue
        if 1 < len(shown) + (c == "flags") <= 60:
            options = "".join(f'<option value="{escape(str(v))}">{escape(t)}'
                              "</option>" for v, t in shown)
            out.append(f'<label>{escape(head)} <select data-column="{c}">'
                       f'<option value="">all</option>{options}</select></label>')
    return "".join(out)


def _table(study: Study, what: str, heads: list[Column], frame: pd.DataFrame,
           note: str = "") -> str:
    """A table; its rows are written by page.js. note: of what it lacks."""
    cells = "".join(
        f'<th scope="col" data-kind="{kind}" aria-sort="none"><button type="button"'
        f' data-sort="{i}">{escape(head)}<span aria-hidden="true"></span>'
        "</button></th>" for i, (_, head, kind) in enumerate(heads))
    return (
        f'<section id="{what}" data-table="{what}"><h2>All {what}</h2>'
        f'<form class="filters" aria-label="filters of {what}">'
        f'{_filters(study, heads, frame)}<button type="reset">clear</button></form>'
        '<p class="count" role="status"></p>'
        f'<div class="scroll" tabindex="0" role="region" aria-label="all {what}">'
        f'<table class="sheet"><caption class="hidden">All {what}, sortable by '
        f"column</caption><thead><tr>{cells}</tr></thead><tbody></tbody></table>"
        '</div><p class="pager"><button type="button" data-turn="-1">previous'
        '</button> <span></span> <button type="button" data-turn="1">next</button>'
        "</p>" + f'<p class="note">{note}</p>' * bool(note) + "</section>")


def _lacking(study: Study) -> str:
    """Of configurations of which nothing completed, which have no row."""
    tried = study.frame[study.frame["status"].isin(["completed", "failed", "skipped"])]
    n = len(groups(tried, study.axes)) - len(study.configs)
    return (f"Of {words.count(n, 'other configuration')} nothing was completed: see "
            "all permutations.") if n > 0 else ""


def table_section(study: Study) -> str:
    """One row a configuration, and one row a permutation."""
    raised = {f for x in study.frame["flags"] for f in x.split(",") if f}
    counts = {f: int(study.frame["flags"].str.split(",").map(
        lambda x, f=f: f in x).sum()) for f in raised}
    legend = "".join(f"<dt>{chips(f)} {words.count(counts[f], 'permutation')}</dt>"
                     f"<dd>{escape(words.FLAGS.get(f, ''))}</dd>"
                     for f in (*words.FLAGS, *sorted(raised - set(words.FLAGS)))
                     if f in raised)
    return (
        "<noscript><p>The rows of the tables are written by the page's script; "
        "srbench-report --csv writes them to a file.</p></noscript>"
        + (_table(study, "configurations", config_columns(study), study.configs,
                  _lacking(study)) if repeated(study) else "")
        + _table(study, "permutations", columns(study), study.frame)
        + (f'<dl class="flags">{legend}</dl>' if legend else ""))


# --- charts -------------------------------------------------------------------

def _data_table(variant: Variant) -> str:
    if not variant.table.head:
        return ""
    head = "".join(f'<th scope="col">{escape(h)}</th>' for h in variant.table.head)
    rows = "".join("<tr>" + "".join(f"<td>{escape(c)}</td>" for c in r) + "</tr>"
                   for r in variant.table.rows)
    return ('<details class="data"><summary>The numbers</summary>'
            '<div class="scroll" tabindex="0" role="region" aria-label="numbers">'
            f"<table><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>"
            "</div></details>")


def _legend(variant: Variant) -> str:
    items = "".join(f"<li>{svg.key(e.series, e.kind)}"
                    f"{escape(e.text)}</li>" for e in variant.entries if e.text)
    return f'<ul class="legend">{items}</ul>' if items else ""


def _framed(panel: svg.Panel) -> str:
    """A panel; a broad one scrolls where there is no room, since its words would
    be too small."""
    if panel.width < svg.BROAD:
        return f'<div class="cell">{panel.svg()}</div>'
    kind = "broad" if panel.width == svg.BROAD else "wide"
    return (f'<div class="cell {kind} scroll" tabindex="0" role="region" '
            f'aria-label="{escape(panel.title) or "chart"}">{panel.svg()}</div>')


def _variant(chart: Chart, i: int, variant: Variant) -> str:
    panels = "".join(map(_framed, variant.panels))
    label = (f"<h4>{escape(variant.label)}</h4>"
             if variant.label and len(chart.variants) > 1 else
             f'<p class="what">{escape(variant.label)}</p>' if variant.label
             else "")
    note = f'<p class="note">{prose(variant.note)}</p>' if variant.note else ""
    return (f'<div class="variant" id="{chart.name}-{i}">{label}{_legend(variant)}'
            f'<div class="panels">{panels}</div>{note}{_data_table(variant)}'
            "</div>")


def chart_section(chart: Chart) -> str:
    """One chart with all its variants, of which there are some."""
    head = f'<section id="{chart.name}"><h3>{escape(chart.title)}</h3>'
    choice = ""
    if len(chart.variants) > 1:
        options = "".join(f'<option value="{chart.name}-{i}">{escape(v.label)}'
                          "</option>" for i, v in enumerate(chart.variants))
        choice = (f'<p class="choice"><label>shown: <select data-chart='
                  f'"{chart.name}">{options}</select></label></p>')
    body = "".join(_variant(chart, i, v) for i, v in enumerate(chart.variants))
    return (f'{head}<p class="caption">{prose(chart.caption)}</p>{choice}{body}'
            "</section>")


# --- what was run -------------------------------------------------------------

_LONG = ("config", "resolved_config")
_HOST_WORDS = {"memory": words.size, "memory_limit": words.size,
               "interface_speed": words.rate, "copy_bandwidth": words.rate,
               "page_fault_seconds": words.seconds}


def _unknown(value: Any) -> bool:
    """As the file says it: "", NaN, or -1."""
    return str(value) in ("", "nan", "-1")


def _fact(name: str, v: Any) -> str:
    """An attribute of a study in words."""
    if isinstance(v, float):
        return words.seconds(v) if name.startswith("clock_") else f"{v:g}"
    return str(v)


def _about(path: str, about: dict[str, Any], hosts: pd.DataFrame) -> str:
    facts = [("file", shown(path)),
             *((k, v) for k, v in about.items() if k not in _LONG)]
    rows = "".join(
        f'<tr><th scope="row">{escape(k)}</th><td>{prose(_fact(k, v))}</td></tr>'
        for k, v in facts if not _unknown(v))
    longer = "".join(
        f"<details><summary>{escape(k)}</summary><pre>{escape(str(about[k]))}"
        "</pre></details>" for k in _LONG if about.get(k))
    return (f'<div class="scroll" tabindex="0" role="region" aria-label="study">'
            f'<table class="facts"><tbody>{rows}</tbody></table></div>{longer}'
            + _hosts(hosts))


def _hosts(hosts: pd.DataFrame) -> str:
    """Nodes, a column for those that are alike."""
    if hosts.empty:
        return ""
    kinds = [c for c in hosts if c not in ("name", "address")
             and not hosts[c].map(_unknown).all()]
    alike = groups(hosts, kinds, sort=False)
    facts = [("nodes", [str(len(g)) for g in alike]),
             ("names", [words.listed(g["name"].astype(str).tolist(), 8)
                        if "name" in g else "–" for g in alike])]
    facts += [(c.replace("_", " "), [
        "–" if _unknown(v) else _HOST_WORDS.get(c, str)(v)
        for v in (g.iloc[0][c] for g in alike)]) for c in kinds]
    rows = "".join(f'<tr><th scope="row">{escape(head)}</th>' + "".join(
        f"<td>{escape(x)}</td>" for x in cells) + "</tr>" for head, cells in facts)
    return ("<h3>Nodes</h3>"
            '<div class="scroll" tabindex="0" role="region" aria-label="nodes">'
            f'<table class="facts"><tbody>{rows}</tbody></table></div>')


def run_section(study: Study) -> str:
    """Where the figures come from."""
    parts = "".join(_about(*x) for x in zip(study.paths, study.about, study.hosts))
    old = (f'<p class="note">Written by an older srbench: the summary lacks '
           f"{escape(words.listed(study.absent, 6))}.</p>" if study.absent else "")
    return (f'<section id="run"><h2>What was run</h2>{old}{_commands(study)}'
            f"{parts}</section>")


def _commands(study: Study) -> str:
    """Of which commands the figures are, and of which the seed's were."""
    found = [v for v in study.frame["command_set"].unique() if v]
    if not found:  # written by an older srbench
        return ""
    sets = words.listed(found, between=", ")
    return (f'<p class="note">Command set: {escape(sets)} (plain is SET and GET, '
            "redisai AI.TENSORSET and AI.TENSORGET). The figures that "
            "SmartSim-Scaling published are of the latter, which is not the "
            "same work; compare them with command_set: redisai alone.</p>")


# --- all of it ----------------------------------------------------------------

def standing(study: Study) -> str:
    """'11 permutations: 10 completed, 1 failed'."""
    counts = study.frame["status"].value_counts()
    return (words.count(len(study.frame), "permutation") + ": "
            + ", ".join(f"{n} {s}" for s, n in counts.items()))


def document(title: str, sub: str, links: Sequence[tuple[str, str]], body: str,
             data: str = "{}", mark: str = "") -> str:
    """A page. links: (id, words) of what it contains; data: JSON for page.js;
    mark: of which study it is (files.py)."""
    nav = "".join(f'<a href="#{i}">{escape(text)}</a>' for i, text in links)
    return "".join((
        '<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        '<meta http-equiv="Content-Security-Policy" content="default-src \'none\';'
        " style-src 'unsafe-inline'; script-src 'unsafe-inline'; img-src data:\">"
        f'<meta name="srbench" content="{escape(mark)}">'
        f'<link rel="icon" href="data:,"><title>{escape(title)}</title>'
        f"<style>{_tight(style())}</style></head><body>"
        '<a class="skip" href="#answer">Skip to the answer</a>'
        f"<header><div><h1>{escape(title)}</h1><p>{escape(sub)}</p></div>"
        '<button type="button" id="theme">theme: auto</button></header>'
        f'<nav aria-label="contents">{nav}</nav><main>{body}</main>'
        f'<script type="application/json" id="data">{data}</script>'
        f"<script>{part('page.js')}</script></body></html>\n"))


def page(study: Study, found: Answer, charts: list[Chart], title: str,
         mark: str) -> str:
    """The document of a study; mark: of which (files.py)."""
    data = json.dumps(table_data(study), ensure_ascii=False, allow_nan=False,
                      separators=(",", ":")).replace("</", "<\\/")
    drawn = [c for c in charts if c.variants]
    body = "".join(map(chart_section, drawn)) or (
        '<p class="note">No permutation completed, so nothing is drawn.</p>')
    left_out = "".join(f"<li>{escape(c.title)}: {escape(c.why_not)}</li>"
                       for c in charts if not c.variants)
    if left_out:
        body += ('<details class="note"><summary>Not drawn</summary>'
                 f"<ul>{left_out}</ul></details>")
    dates = sorted({str(a.get("start_time", "")) for a in study.about} - {""})
    links = [("answer", "The answer"),
             *[("configurations", "All configurations")] * repeated(study),
             ("permutations", "All permutations"),
             *((c.name, c.title) for c in drawn), ("run", "What was run")]
    return document(
        title, " · ".join([standing(study), *dates]), links,
        answer_section(study, found) + table_section(study)
        + f'<section id="charts"><h2>Charts</h2>{body}</section>'
        + run_section(study), data, mark)


def _tight(css: str) -> str:
    """CSS without comments and line breaks."""
    css = re.sub(r"/\*.*?\*/", "", css, flags=re.S)
    return re.sub(r"\s*\n\s*", "", css)
