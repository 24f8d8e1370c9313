"use strict";
(() => {
  const $ = (id) => document.getElementById(id);
  const PAGE = 25;

  /* ---- the theme: what the reader's system says, until they say otherwise ---- */
  const THEMES = ["auto", "light", "dark"];
  const theme = $("theme");
  const setTheme = (name) => {
    if (name === "auto") document.documentElement.removeAttribute("data-theme");
    else document.documentElement.dataset.theme = name;
    theme.textContent = `theme: ${name}`;
    theme.value = name;
  };
  const stored = () => {
    try { return localStorage.getItem("srbench-theme"); } catch { return null; }
  };
  theme.addEventListener("click", () => {
    const name = THEMES[(THEMES.indexOf(theme.value) + 1) % THEMES.length];
    setTheme(name);
    try { localStorage.setItem("srbench-theme", name); } catch { /* not kept */ }
  });
  setTheme(THEMES.includes(stored()) ? stored() : "auto");

  /* ---- charts: one variant at a time ---- */
  const show = (select) => {
    for (const option of select.options)
      $(option.value).hidden = option.value !== select.value;
  };
  for (const select of document.querySelectorAll("select[data-chart]")) {
    select.addEventListener("change", () => show(select));
    show(select);
  }

  /* ---- numbers as a person writes them, like words.py ---- */
  const digits = (x) => {
    if (x === 0) return "0";
    x = Number(x.toPrecision(3)); // 0.9999 becomes 1.00, not 1.000
    const places = Math.max(0, 2 - Math.floor(Math.log10(Math.abs(x)) + 1e-9));
    return x.toFixed(Math.min(places, 20));
  };
  const scaled = (x, units) => {
    const [scale, name] =
      units.find(([s]) => Math.abs(x) >= 0.9995 * s) || units[units.length - 1];
    return `${digits(x / scale)} ${name}`;
  };
  const TIMES = [[1, "s"], [1e-3, "ms"], [1e-6, "µs"], [1e-9, "ns"]];
  const RATES = [[1e12, "TB/s"], [1e9, "GB/s"], [1e6, "MB/s"], [1e3, "kB/s"], [1, "B/s"]];
  const SIZES = [[2 ** 10, "KiB"], [2 ** 20, "MiB"], [2 ** 30, "GiB"], [2 ** 40, "TiB"]];
  const size = (x) => {
    if (x < 1024 || (x < 100000 && x % 1024)) return `${Math.round(x)} B`;
    const [unit, name] = SIZES.find(([s]) => x < 1023.95 * s) || SIZES[3];
    const n = x / unit;
    return `${Number.isInteger(n) ? n : n.toFixed(n < 9.995 ? 2 : 1)} ${name}`;
  };
  /* A time that was asked for, with all its digits: 31.47 ms. */
  const given = (x) => {
    const names = [[1, "s"], [1e3, "ms"], [1e6, "µs"], [1e9, "ns"]];
    const [k, name] = names.find(([by]) => x === 0 || x * by >= 0.9999995)
      || names[3];
    return `${Number((x * k).toPrecision(9))} ${name}`;
  };

  const WORDS = {
    time: (x) => scaled(x, TIMES), rate: (x) => scaled(x, RATES), size,
    share: (x) => `${digits(100 * x)} %`, ratio: (x) => x.toFixed(2), count: String, text: String,
    steps: (x) => `${digits(x)}/s`, given,
    flags: String,
  };

  /* ---- the tables ---- */
  const data = JSON.parse($("data").textContent);

  const table = (section, rows, names, heads) => {
    const columns = heads.map(([id, , kind]) => ({ id, kind }));
    const of = section.dataset.table;
    const at = Object.fromEntries(columns.map((c, i) => [c.id, i]));
    const words = (i, v) => (v === null ? "–" : WORDS[columns[i].kind](v));
    const haystacks = rows.map((row, n) =>
      [names[n], ...row.map((v, i) => (v === null ? "" : words(i, v)))]
        .join(" ").toLowerCase());
    const find = (selector) => section.querySelector(selector);
    const body = find(".sheet").tBodies[0];
    const filters = find(".filters"), search = find("input"), pager = find(".pager");
    const selects = [...filters.querySelectorAll("select")];
    let shown = [], page = 0, sortBy = -1, downwards = false;

    const passes = (n, needle) =>
      haystacks[n].includes(needle) && selects.every((s) => {
        if (!s.value) return true;
        const v = rows[n][at[s.dataset.column]];
        if (s.dataset.column === "flags")
          return v !== null && v.split(",").includes(s.value);
        return typeof v === "number" ? v === Number(s.value) : String(v) === s.value;
      });

    /* What is not known goes to the end, whichever way one sorts. */
    const compare = (a, b) => {
      const x = rows[a][sortBy], y = rows[b][sortBy];
      if (x === null || y === null) return (x === null) - (y === null) || a - b;
      const order = typeof x === "string" || typeof y === "string"
        ? String(x).localeCompare(String(y), "en", { numeric: true }) : x - y;
      return (downwards ? -order : order) || a - b;
    };

    const cell = (row, n, i) => {
      const td = document.createElement("td"), { id, kind } = columns[i], v = row[i];
      if (kind === "flags" && v !== null) {
        for (const flag of v.split(",").filter(Boolean)) {
          const chip = document.createElement("span");
          chip.className = "chip";
          chip.title = data.flags[flag] || "";
          chip.textContent = flag;
          td.append(chip);
        }
        td.className = "flagged";
        return td;
      }
      td.textContent = kind === "flags" || id === "error" ? v ?? "" : words(i, v);
      if (!["text", "flags"].includes(kind)) td.className = "number";
      if (id === "status") td.className = `status ${v}`;
      if (id === "error") td.className = "reason";
      if (i === 0) td.title = names[n];
      return td;
    };

    const draw = (all) => {
      const first = all ? 0 : page * PAGE;
      const some = all ? shown : shown.slice(first, first + PAGE);
      body.replaceChildren(...some.map((n) => {
        const tr = document.createElement("tr");
        tr.append(...rows[n].map((_, i) => cell(rows[n], n, i)));
        return tr;
      }));
      const pages = Math.max(1, Math.ceil(shown.length / PAGE));
      const what = rows.length === 1 ? of.slice(0, -1) : of;
      find(".count").textContent = shown.length === rows.length
        ? `${shown.length} ${what}` : `${shown.length} of ${rows.length} ${what}`;
      pager.querySelector("span").textContent = `page ${page + 1} of ${pages}`;
      pager.hidden = pages === 1;
      const [previous, next] = pager.querySelectorAll("button");
      previous.disabled = page === 0;
      next.disabled = page + 1 >= pages;
    };

    const renew = () => {
      const needle = search.value.trim().toLowerCase();
      shown = [...rows.keys()].filter((n) => passes(n, needle));
      if (sortBy >= 0) shown.sort(compare);
      page = 0;
      draw(false);
    };

    for (const button of section.querySelectorAll("[data-sort]"))
      button.addEventListener("click", () => {
        const i = Number(button.dataset.sort);
        downwards = i === sortBy && !downwards;
        sortBy = i;
        for (const th of section.querySelectorAll("th"))
          th.setAttribute("aria-sort", "none");
        button.closest("th").setAttribute("aria-sort",
          downwards ? "descending" : "ascending");
        renew();
      });
    filters.addEventListener("input", renew);
    filters.addEventListener("change", renew);
    filters.addEventListener("submit", (event) => event.preventDefault());
    filters.addEventListener("reset", () => setTimeout(renew));
    for (const button of pager.querySelectorAll("button"))
      button.addEventListener("click", () => {
        page += Number(button.dataset.turn);
        draw(false);
      });
    addEventListener("beforeprint", () => draw(true));
    addEventListener("afterprint", () => draw(false));
    renew();
  };

  for (const section of document.querySelectorAll("[data-table]")) {
    const of = data[section.dataset.table] || data;
    table(section, of.rows, of.names, of.columns);
  }
})();
