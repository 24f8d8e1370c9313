#!/usr/bin/env python3
"""Results of srbench as tables: one row a permutation, or one row a timing.

    import srbench_results as results

    df = results.summary("run.h5")           # one row a permutation
    results.axes(df)                         # what was swept, what varies first
    ds = results.permutation("run.h5", 3)    # an xarray.Dataset
    for rows in results.timings("run.h5"):   # tidy, in pieces that fit in memory
        ...

On the command line it prints the summary of a file, or of several together:

    python3 tools/srbench_results.py run.h5

The file needs no tool (README.md beside it). What this one adds: pieces of a
bounded size, several files and old ones in one table, rows of permutations that
never ran marked as such, and one sentence, a ResultError, about a file that
cannot be read.
"""
import argparse
import errno
import importlib.util
import io
import os
import re
import sys
import textwrap
import warnings
from contextlib import contextmanager, redirect_stdout
from pathlib import Path
from typing import (TYPE_CHECKING, Any, Callable, Dict, Iterable, Iterator, List,
                    NoReturn, Optional, Sequence, Set, Tuple, Union)


def missing_packages(names: Sequence[str]) -> str:
    """One sentence on all Python packages of these that are not installed; ""
    where all are there."""
    missing = [n for n in names if importlib.util.find_spec(n) is None]
    if not missing:
        return ""
    debian = " ".join(f"python3-{n.lower()}" for n in missing)
    return (f"{sys.executable} has no {' and no '.join(missing)}; install with "
            f"pip install {' '.join(missing)}, or Debian's {debian} and run with "
            "/usr/bin/python3")


_MISSING = missing_packages(["h5py", "numpy", "pandas"])
if _MISSING and __name__ != "__main__":
    raise ImportError(_MISSING)
if _MISSING:
    print(f"srbench_results: {_MISSING}", file=sys.stderr)
    sys.exit(2)

import h5py  # noqa: E402
import numpy as np  # noqa: E402
import pandas as pd  # noqa: E402

if TYPE_CHECKING:
    import xarray

Pathish = Union[str, "os.PathLike[str]"]

SCHEMA_VERSION = "1"

ESSENTIAL = ("status", "name")  # columns of /summary

# Arrays of timings, and where each operation's start stands.
STARTS = {"put_tensor": "put_start", "unpack_tensor": "unpack_start",
          "poll_list": "poll_list_start", "get_list": "get_list_start",
          "warmup_put_tensor": "", "warmup_unpack_tensor": ""}
FUNCTIONS = ("put_tensor", "unpack_tensor")
LIST_FUNCTIONS = ("poll_list", "get_list")  # where clients await lists
CHUNK = 1 << 16  # rows of a piece: some 15 MB as a DataFrame

# What of a dataset's attributes is HDF5's and netCDF's own business.
NOT_FOR_PEOPLE = ("CLASS", "NAME", "REFERENCE_LIST", "DIMENSION_LIST",
                  "_FillValue", "_Netcdf4Dimid", "_Netcdf4Coordinates")


class ResultError(Exception):
    """A file or a request that cannot be served: one sentence that says what,
    where, and what to do."""


class ResultWarning(UserWarning):
    """A file that can be read, but not for all it is worth."""


# ---- other people's text -----------------------------------------------------

_UNFIT = re.compile("[^\t\n\x20-\x7e\xa0-\ud7ff\ue000-\ufffd"
                    "\U00010000-\U0010ffff]")


def clean(text: str) -> str:
    """Without what controls a terminal or is no character, as srbench itself
    writes it since it does so."""
    return _UNFIT.sub("?", text)


def shown(path: Pathish) -> str:
    """A path as words; what in it is no UTF-8 or no character is spelt \\xff."""
    words = os.fsencode(path).decode("utf-8", "backslashreplace")
    return re.sub(rf"{_UNFIT.pattern}|[\t\n]",
                  lambda m: f"\\x{ord(m[0]):02x}", words)


# ---- files ------------------------------------------------------------------

def _check(path: Pathish) -> None:
    """Whether there is an HDF5 file at all."""
    try:
        with open(path, "rb") as f:
            empty = not f.read(1)
    except OSError as e:
        reason = (e.strerror or str(e)).lower()
        raise ResultError(f"{path}: cannot be opened: {reason}") from None
    if empty:
        raise ResultError(f"{path}: is empty; name a result file of srbench")
    if not h5py.is_hdf5(path):
        raise ResultError(f"{path}: is not an HDF5 file; name a result file of "
                          f"srbench (results/EXP_NAME/run-*.h5)")


def _damaged(path: Pathish, e: Exception) -> ResultError:
    words = " ".join(str(e.args[0] if e.args else e).split())
    return ResultError(f"{path}: is damaged or no result of srbench; HDF5 says: "
                       f"{words or type(e).__name__}")


def _by_hdf5(e: BaseException) -> bool:
    """Whether it was raised within h5py, not by whoever uses the file."""
    trace = e.__traceback__
    while trace and trace.tb_next:
        trace = trace.tb_next
    return bool(trace) and trace.tb_frame.f_globals.get(
        "__name__", "").startswith("h5py")


def _open(path: Pathish) -> h5py.File:
    """Where the file system refuses locks, without one: a file that grows is
    whole at every instant. Not at once so: a file that the caller has open must
    be opened the same way again."""
    try:
        return h5py.File(path, "r")
    except OSError as e:
        try:
            return h5py.File(path, "r", locking=False)
        except OSError:
            raise e from None


@contextmanager
def opened(path: Pathish) -> Iterator[h5py.File]:
    """A result file, open for reading; what HDF5 cannot read in it becomes a
    ResultError."""
    _check(path)
    try:
        with _open(path) as f:
            yield f
    except (LookupError, ValueError) as e:  # names and shapes that do not fit
        raise _damaged(path, e) from e
    except (OSError, RuntimeError, TypeError, OverflowError, MemoryError) as e:
        if not _by_hdf5(e):
            raise
        raise _damaged(path, e) from e


def native(value: Any) -> Any:
    """An attribute as str, int, float or list of them."""
    if isinstance(value, bytes):
        return clean(value.decode(errors="replace"))
    if isinstance(value, str):
        return clean(value)
    if isinstance(value, h5py.Empty):
        return ""
    if isinstance(value, np.ndarray):
        values = [native(v) for v in value.ravel()]
        return values[0] if len(values) == 1 else values
    return value.item() if isinstance(value, np.generic) else value


def attributes(thing: Union[h5py.Group, h5py.Dataset]) -> Dict[str, Any]:
    """The attributes that are meant for people."""
    return {name: native(thing.attrs[name]) for name in thing.attrs
            if name not in NOT_FOR_PEOPLE}


def datasets(group: h5py.Group) -> Dict[str, h5py.Dataset]:
    """The arrays of a group by name, in the file's order."""
    found = {name: group[name] for name in group}
    return {name: x for name, x in found.items() if isinstance(x, h5py.Dataset)}


def values(dataset: h5py.Dataset) -> np.ndarray:
    """All of a dataset; texts as str."""
    if h5py.check_string_dtype(dataset.dtype):
        texts = dataset.asstr(errors="replace")[...]
        return np.array([clean(t) for t in texts.flat],
                        dtype=object).reshape(texts.shape)
    return dataset[...]


def groups(f: h5py.File) -> Dict[int, str]:
    """The names of the permutations' groups by number, in order."""
    found = {int(name[5:]): name for name in f
             if name.startswith("perm_") and name[5:].isdigit()}
    return dict(sorted(found.items()))


def study(path: Pathish) -> Dict[str, Any]:
    """The study as a whole: the attributes of the root group."""
    with opened(path) as f:
        return attributes(f["/"])


# ---- the summary ------------------------------------------------------------

def _columns(path: Pathish, f: h5py.File) -> Dict[str, np.ndarray]:
    """The columns of /summary as the file has them."""
    if "summary" not in f or not isinstance(f["summary"], h5py.Group):
        raise ResultError(f"{path}: has no /summary, so it is no result of "
                          f"srbench")
    found = {name: values(column) for name, column in datasets(f["summary"]).items()}
    lacking = [name for name in ESSENTIAL if name not in found]
    if lacking:
        raise ResultError(f"{path}: its /summary has no column "
                          f"{' and no '.join(lacking)}, so it is no result of "
                          f"srbench")
    if {v.shape for v in found.values()} != {found["status"].shape}:
        raise ResultError(f"{path}: the columns of its /summary are not of one "
                          f"length, so it is damaged")
    return found


def _warn_of_version(path: Pathish, f: h5py.File) -> None:
    """A file of another version is read as far as it goes, and that is said."""
    schema = native(f.attrs.get("schema_version", "none"))
    if schema != SCHEMA_VERSION:
        warnings.warn(f"{path}: is of schema version {schema}, not "
                      f"{SCHEMA_VERSION}; columns may mean something else",
                      ResultWarning, stacklevel=4)


def _axes_by_place(names: Sequence[str]) -> List[str]:
    """The axes among columns of which it is not said what they are for: those
    between `name` and `repetition`, without the numbers X_value beside the
    text of X."""
    names = list(names)
    if "name" not in names or "repetition" not in names:
        return []
    between = names[names.index("name") + 1:names.index("repetition")]
    return [n for n in between if not (n.endswith("_value")
                                       and n[:-len("_value")] in between)]


def _meanings(f: h5py.File) -> Dict[str, Any]:
    """What the file says of its columns. One that does not say what they are for
    is older: there the figures are all times and rates."""
    columns = datasets(f["summary"])
    roles = {n: native(c.attrs.get("role", "")) for n, c in columns.items()}
    units = {n: native(c.attrs["units"]) for n, c in columns.items()
             if "units" in c.attrs}
    if not any(roles.values()):
        roles = {n: "figure" for n in units if columns[n].dtype.kind == "f"
                 and not n.endswith("_value")}
        roles.update(dict.fromkeys(_axes_by_place(list(columns)), "axis"))
    return {"axes": [n for n in columns if roles.get(n) == "axis"],
            "figures": [n for n in columns if roles.get(n) == "figure"],
            "units": units}


def _blank_planned(df: pd.DataFrame) -> None:
    """Of a permutation that has not run only its number is known. (Older files
    repeat there what the first permutation is like.)"""
    planned = df["status"] == "planned"
    if not planned.any():
        return
    for name in df.columns.drop(["permutation", "status"]):
        kind = df[name].dtype.kind
        df.loc[planned, name] = (-1 if kind == "i" else
                                 np.nan if kind == "f" else "")
    df.loc[planned, "index"] = df.loc[planned, "permutation"]


def _summary_of(path: Pathish) -> pd.DataFrame:
    with opened(path) as f:
        found = _columns(path, f)
        _warn_of_version(path, f)
        meanings = _meanings(f)
    found = {"permutation": None, **found}  # first, whatever else there is
    found["permutation"] = np.arange(len(found["status"]))
    df = pd.DataFrame(found)
    if "tune_step" in df:  # a search has room for more runs than it needed
        df = df[df["tune_step"] != ""].reset_index(drop=True)
    df.attrs.update(meanings)
    _blank_planned(df)
    return df


def _merged(lists: Iterable[Sequence[str]]) -> List[str]:
    """All names; one that the lists before do not have stands behind the one
    that it follows in its own."""
    order: List[str] = []
    for names in lists:
        place = 0
        for name in names:
            if name not in order:
                order.insert(place, name)
            place = order.index(name) + 1
    return order


def together(tables: Sequence[pd.DataFrame], paths: Sequence[Pathish]
             ) -> pd.DataFrame:
    """The summaries of several files as one; what a file lacks is NaN, and that
    is said."""
    order = _merged([list(t.columns) for t in tables])
    for table, path in zip(tables, paths):
        lacking = [name for name in order if name not in table]
        if lacking:
            more = f" and {len(lacking) - 3} more" if len(lacking) > 3 else ""
            warnings.warn(f"{path}: is of another version of srbench; its "
                          f"/summary lacks {', '.join(lacking[:3])}{more}, which "
                          f"are NaN here", ResultWarning, stacklevel=3)
    df = pd.concat(tables, ignore_index=True)[order]
    df.attrs = {what: _merged([t.attrs[what] for t in tables])
                for what in ("axes", "figures")}
    df.attrs["units"] = {k: v for t in tables for k, v in t.attrs["units"].items()}
    return df


def summary(path: Pathish, *more: Pathish) -> pd.DataFrame:
    """One row a permutation, columns as in /summary, text as str.

    Of several files, one after the other with a first column `file`. A column
    that one of them lacks is NaN there, with a warning. Permutations that had not
    run when srbench was killed have the status `planned` and their number, else
    NaN, -1 and "". What the file says of its columns is in .attrs: `axes`,
    `figures` (of each permutation alone) and `units`.
    """
    tables = [_summary_of(p) for p in (path, *more)]
    if not more:
        return tables[0]
    for table, p in zip(tables, (path, *more)):
        table.insert(0, "file", shown(p))
    return together(tables, (path, *more))


def axes(df: pd.DataFrame) -> List[str]:
    """The axes among the columns of a table, those that vary in it first."""
    known = df.attrs.get("axes", _axes_by_place(df.columns))
    ran = df[df["status"] != "planned"] if "status" in df else df
    varies = {name: ran[name].nunique(dropna=False) > 1
              for name in df.columns if name in known}
    return sorted(varies, key=lambda name: not varies[name])


def where(df: pd.DataFrame, conditions: Sequence[str]) -> pd.DataFrame:
    """The rows of a summary that every AXIS=VALUE holds for, values as they are
    written; a size of tensors may have its unit (1MiB)."""
    names = [*axes(df), "repetition", "permutation"]
    for condition in conditions:
        name, equals, value = condition.partition("=")
        if not equals or name not in names:
            raise ResultError(
                f"--where {condition}: is not AXIS=VALUE with one of the axes "
                f"{', '.join(sorted(names))}")
        there = df[name].map(axis_in_words)
        found = there == _bytes_in_digits(value)
        if not found.any():
            raise ResultError(
                f"--where {condition}: nothing has that; {name} is "
                f"{', '.join(dict.fromkeys(there))}")
        df = df[found]
    return df


def _bytes_in_digits(value: str) -> str:
    """64KiB as 65536, as srbench itself reads it; all else as it is."""
    size = re.fullmatch(r"(\d+)([KMGT])(i?)B", value, re.I)
    if not size:
        return value
    base = 1024 if size[3] else 1000
    return str(int(size[1]) * base ** ("KMGT".index(size[2].upper()) + 1))


# ---- one permutation --------------------------------------------------------

def group_of(f: h5py.File, i: int) -> h5py.Group:
    """The group of permutation i of an open file."""
    for digits in (4, 5):  # as many as the largest number needs, four at least
        if f"perm_{i:0{digits}d}" in f:
            return f[f"perm_{i:0{digits}d}"]
    found = groups(f)
    numbers = f"{min(found)} to {max(found)}" if found else "none"
    raise ResultError(f"{f.filename}: has no permutation {i}; it holds {numbers}")


def permutation(path: Pathish, i: int) -> "xarray.Dataset":
    """The group of permutation i as a dataset in memory: its arrays along
    client, iteration, warmup and shard, its attributes, units, and integers as
    integers. One that failed has attributes alone."""
    missing = missing_packages(["xarray"])
    if missing:
        raise ImportError(missing)
    import xarray
    with opened(path) as f:
        group = group_of(f, i)
        arrays, scales = {}, {}
        for name, dataset in datasets(group).items():
            scale = h5py.h5ds.is_scale(dataset.id)
            dims = (name,) if scale else _dimensions(dataset)
            to = scales if scale else arrays
            to[name] = (dims, values(dataset), attributes(dataset))
        return xarray.Dataset(arrays, scales, attributes(group))


def _dimensions(dataset: h5py.Dataset) -> Tuple[str, ...]:
    return tuple(dim.keys()[0] for dim in dataset.dims)


# ---- timings ----------------------------------------------------------------

def blocks(rows: int, columns: int, cells: int) -> Iterator[Tuple[slice, slice]]:
    """Cut rows x columns into blocks of at most so many cells, whole rows where
    they fit."""
    width = min(columns, cells)
    height = max(1, cells // max(1, width))
    for r in range(0, rows, height):
        for c in range(0, columns, max(1, width)):
            yield (slice(r, min(r + height, rows)),
                   slice(c, min(c + width, columns)))


def _tidy(group: h5py.Group, function: str, block: Tuple[slice, slice],
          facts: Dict[str, Any], clients: Dict[str, np.ndarray]) -> pd.DataFrame:
    """One block of one array as rows; timings that were not taken have none."""
    times = group[function][block]
    start = STARTS[function]
    known = start != "" and start in group
    starts = group[start][block] if known else np.full(times.shape, np.nan)
    rows, columns = block
    height, width = times.shape
    per_client = {name: np.repeat(column[rows], width)
                  for name, column in clients.items()}
    df = pd.DataFrame({
        **facts, **per_client,
        "iteration": np.tile(np.arange(columns.start, columns.stop), height),
        "function": function, "time": times.ravel(), "start": starts.ravel()})
    missing = np.isnan(times)
    return df[~missing.ravel()] if missing.any() else df


def _clients(group: h5py.Group, n: int) -> Dict[str, np.ndarray]:
    """Who each client is; what the file does not know is -1."""
    found = {name: group[f"client_{name}"][...] if f"client_{name}" in group
             else np.full(n, -1) for name in ("rank", "node", "shard")}
    return {**found, "client_number": np.arange(n)}


def _timings_of(group: h5py.Group, facts: Dict[str, Any],
                functions: Sequence[str], chunk: int) -> Iterator[pd.DataFrame]:
    present = [name for name in functions if name in group]
    clients = _clients(group, group[present[0]].shape[0]) if present else {}
    for function in present:
        for block in blocks(*group[function].shape, chunk):
            yield _tidy(group, function, block, facts, clients)


def _wanted(path: Pathish, df: pd.DataFrame, there: Iterable[int],
            permutations: Optional[Iterable[int]]) -> List[int]:
    """Which permutations to read: all that were completed, or those asked for."""
    completed = set(df.index[df["status"] == "completed"]) & set(there)
    if permutations is None:
        return sorted(completed)
    asked = [int(i) for i in permutations]
    for i in asked:
        if i not in completed:
            reason = ("its group is missing" if i in df.index and i not in there
                      else f"it is {df['status'].get(i, 'not in /summary')}")
            raise ResultError(f"{path}: permutation {i} has no timings; {reason}")
    return asked


def timings(path: Pathish, functions: Sequence[str] = FUNCTIONS,
            permutations: Optional[Iterable[int]] = None,
            chunk: int = CHUNK) -> Iterator[pd.DataFrame]:
    """All timings as tidy rows, in pieces of at most `chunk` rows.

    A piece is of one permutation and one function. Columns: permutation, all
    axes, repetition, rank, node, shard, client_number (`client` is the axis:
    which kind of client), iteration, function, time and start in s.
    functions: put_tensor, unpack_tensor, of readers of lists poll_list and
    get_list, and of the warm-up warmup_put_tensor, warmup_unpack_tensor (of which
    no start is known: NaN); those that a permutation has. permutations: their
    numbers; else all that were completed. With `duration` a client keeps one of
    so many timings (client_stride), and `iteration` counts those kept.
    """
    unknown = [name for name in functions if name not in STARTS]
    if unknown:
        raise ResultError(f"no such function: {', '.join(unknown)}; there are "
                          f"{', '.join(STARTS)}")
    if chunk < 1:
        raise ResultError(f"a piece of {chunk} rows is none; chunk is at least 1")
    df = summary(path)
    facts = df[[name for name in ("permutation", *_in_order(df), "repetition")
                if name in df]]
    return _pieces(path, df, facts, functions, permutations, chunk)


def _in_order(df: pd.DataFrame) -> List[str]:
    found = axes(df)
    return [name for name in df.columns if name in found]


def _pieces(path: Pathish, df: pd.DataFrame, facts: pd.DataFrame,
            functions: Sequence[str], permutations: Optional[Iterable[int]],
            chunk: int) -> Iterator[pd.DataFrame]:
    with opened(path) as f:
        there = groups(f)
        for i in _wanted(path, df, there, permutations):
            row = {name: facts.at[i, name] for name in facts}
            yield from _timings_of(f[there[i]], row, functions, chunk)


def load_timings(path: Pathish, functions: Sequence[str] = FUNCTIONS,
                 permutations: Optional[Iterable[int]] = None) -> pd.DataFrame:
    """All of timings() in one table, for files that fit in memory (some 250
    bytes a timing)."""
    pieces = list(timings(path, functions, permutations))
    if not pieces:
        raise ResultError(f"{path}: holds no timings of "
                          f"{', '.join(functions)}")
    return pd.concat(pieces, ignore_index=True)


# ---- words for people -------------------------------------------------------

def in_words(value: float, units: Sequence[str], scale: float = 1.0) -> str:
    """Three digits and the unit that fits; "-" for what was not measured."""
    if not np.isfinite(value):
        return "-"
    value, i = value * scale, 0
    while i + 1 < len(units) and abs(value) >= 999.5:
        value, i = value / 1e3, i + 1
    digits = 2 if abs(value) < 9.995 else 1 if abs(value) < 99.95 else 0
    return f"{value:.{digits}f} {units[i]}"


def seconds_in_words(value: float) -> str:
    """61.0 us"""
    return in_words(value, ("ns", "us", "ms", "s"), 1e9)


def rate_in_words(value: float) -> str:
    """53.5 MB/s"""
    return in_words(value, ("B/s", "kB/s", "MB/s", "GB/s", "TB/s"))


def axis_in_words(value: Any) -> str:
    """The value of an axis; "-" where the placement has no such axis."""
    if isinstance(value, float):
        if np.isnan(value):
            return "-"
        value = int(value) if value.is_integer() else value
    return "-" if value in (-1, "") else str(value)


def listed(items: Iterable[str], width: int) -> List[str]:
    """Items with commas between them, as lines that do not break an item."""
    whole = ", ".join(item.replace(" ", "\u00a0") for item in items)
    return [line.replace("\u00a0", " ") for line in textwrap.wrap(
        whole, width, break_on_hyphens=False)]


def facts_in_words(names: Iterable[str], of: Sequence[Any]) -> List[str]:
    """Names with their values: client socket"""
    return [f"{name} {axis_in_words(value)}" for name, value in zip(names, of)]


class Column:
    """One column of the printed table; numbers stand right."""

    def __init__(self, name: str, cells: Sequence[str], right: bool = True):
        self.cells, self.right = list(cells), right
        widest = max(map(len, self.cells), default=0)
        self.heading = self.break_name(name, widest)
        self.width = max(widest, *map(len, self.heading))

    @staticmethod
    def break_name(name: str, width: int) -> List[str]:
        """Lines no wider than they must be, broken behind _ and blanks."""
        parts = name.replace("_", "_\0").replace(" ", " \0").split("\0")
        width, lines = max(width, *map(len, parts)), [""]
        for part in parts:
            if len(lines[-1] + part) > width:
                lines.append("")
            lines[-1] += part
        return [line.strip() for line in lines]

    def line(self, text: str) -> str:
        return text.rjust(self.width) if self.right else text.ljust(self.width)


def _flag_numbers(df: pd.DataFrame) -> Tuple[List[str], List[str]]:
    """Each row's flags as numbers, and what the numbers stand for."""
    rows = [flags.split(",") if isinstance(flags, str) and flags else []
            for flags in df.get("flags", [""] * len(df))]
    names = sorted({flag for row in rows for flag in row})
    cells = [" ".join(str(i + 1) for i in sorted(map(names.index, row)))
             for row in rows]
    return cells, [f"{i} {name}" for i, name in enumerate(names, 1)]


def _axis_column(df: pd.DataFrame, name: str) -> Column:
    cells = [axis_in_words(v) for v in df[name]]
    return Column(name, cells, right=df[name].dtype.kind != "O")


def _figure_columns(df: pd.DataFrame) -> List[Column]:
    names = {"put median": "put_tensor_median",
             "unpack median": "unpack_tensor_median",
             "put p99": "put_tensor_p99", "unpack p99": "unpack_tensor_p99"}
    columns = [Column(words, [seconds_in_words(v) for v in df[name]])
               for words, name in names.items() if name in df]
    if "window" in df:
        columns.append(Column("window", [rate_in_words(v) for v in df["window"]]))
    return columns


def grid(columns: Sequence[Column], rows: Iterable[int]) -> Iterator[str]:
    """Columns as lines, of these rows."""
    height = max(len(c.heading) for c in columns)
    headings = [[""] * (height - len(c.heading)) + c.heading for c in columns]
    for k in range(height):
        yield "  ".join(c.line(h[k]) for c, h in zip(columns, headings)).rstrip()
    for r in rows:
        yield "  ".join(c.line(c.cells[r]) for c in columns).rstrip()


def _grids(df: pd.DataFrame, shown: List[str], width: int) -> Iterator[str]:
    """The table; the outermost axes become titles of parts of it until the rest
    is narrow enough."""
    flags, legend = _flag_numbers(df)
    front = [Column("perm", df["permutation"].astype(str)),
             Column("status", df["status"], right=False)]
    back = [*_figure_columns(df), Column("flags", flags, right=False)]
    middle = [_axis_column(df, name) for name in shown]
    titles: List[str] = []
    while middle and sum(c.width + 2 for c in front + middle + back) - 2 > width:
        titles.append(shown[len(titles)])
        middle.pop(0)
    parts = df.groupby(titles, sort=False, dropna=False).indices.items() \
        if titles else [((), range(len(df)))]
    for key, rows in parts:
        if titles:
            of = key if isinstance(key, tuple) else (key,)
            yield from ["", *listed(facts_in_words(titles, of), width)]
        yield from grid(front + middle + back, rows)
    if legend:
        yield from listed([f"flags: {legend[0]}", *legend[1:]], width)


def _reasons(df: pd.DataFrame, width: int, most: int = 5) -> Iterator[str]:
    """Why permutations failed or were skipped: the first few."""
    errors = df.get("error", pd.Series("", df.index))
    told = df[errors.map(lambda e: isinstance(e, str) and e != "")]
    for i, error in zip(told["permutation"][:most], told["error"]):
        yield from textwrap.wrap(f"perm {i}: {error}", width)
    if len(told) > most:
        yield f"and {len(told) - most} more: /summary/error"


def in_table(df: pd.DataFrame, width: int = 100) -> str:
    """A summary as lines for people, none wider than `width`."""
    ran = df[df["status"] != "planned"]
    told = [name for name in ("file", *_in_order(df), "repetition") if name in df]
    varying = [name for name in told if ran[name].nunique(dropna=False) > 1]
    same = [name for name in axes(df) if name not in varying and len(ran)
            and axis_in_words(ran[name].iloc[0]) != "-"]
    completed = int((df["status"] == "completed").sum())
    lines = [f"{completed} of {len(df)} permutations completed"]
    if same:
        facts = facts_in_words(same, ran[same].iloc[0])
        lines += listed([f"all: {facts[0]}", *facts[1:]], width)
    return "\n".join([*lines, *_grids(df, varying, width), *_reasons(df, width)])


# ---- command line -----------------------------------------------------------

def _say(name: str, sentence: object) -> None:
    words = os.fsencode(str(sentence)).decode("utf-8", "backslashreplace")
    print(f"{name}: {clean(words)}", file=sys.stderr)


def _speak() -> None:
    """Words are UTF-8, to a terminal as it has them; what cannot be shown there
    is replaced."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(
                encoding=None if stream.isatty() else "utf-8", errors="replace")


def _print(name: str, words: str, status: int) -> int:
    """Bring what a tool says to its reader. Returns its exit status, 1 instead
    of 0 where there is no reader or no room."""
    out = sys.stdout
    try:
        if out is None:  # it is closed
            raise OSError(errno.EBADF, os.strerror(errno.EBADF))
        out.write(words)
        out.flush()
    except OSError as e:
        if not isinstance(e, BrokenPipeError):
            _say(name, f"standard output cannot be written: {e.strerror}")
        if out is not None:  # or Python would try again
            os.dup2(os.open(os.devnull, os.O_WRONLY), out.fileno())
        return status or 1
    return status


def run_tool(name: str, main: Callable[[], int]) -> NoReturn:
    """Run a tool's main(): warnings and a ResultError become one sentence on
    standard error (exit status 2). What it prints is shown at its end, since
    that may fail, too (exit status 1; in silence where a reader has gone)."""
    said: Set[str] = set()
    _speak()

    def say_once(message: object, *_args: Any, **_kw: Any) -> None:
        if str(message) not in said:
            _say(name, message)
        said.add(str(message))

    warnings.showwarning = say_once
    warnings.simplefilter("always", ResultWarning)
    status = 2
    words = io.StringIO()
    try:
        with redirect_stdout(words):
            status = main()
    except (ResultError, ImportError) as e:
        _say(name, e)
    except SystemExit as e:  # argparse, after --help or a refusal
        status = e.code if isinstance(e.code, int) else 2
    except KeyboardInterrupt:
        status = 130
    sys.exit(_print(name, words.getvalue(), status))


def origin(path: Path) -> str:
    """A line on the study as a whole."""
    about = study(path)
    return (f"{shown(path)}: srbench {about.get('srbench_version', '?')}, "
            f"{about.get('server_version') or 'no server'}, "
            f"{about.get('start_time', '?')}")


def main() -> int:
    """Print the summary of the files named on the command line."""
    parser = argparse.ArgumentParser(
        prog="srbench_results",
        description="Print the summary of result files of srbench: one row a "
                    "permutation, with the axes that vary, medians, 99th "
                    "percentiles, the window (the bandwidth of both directions, "
                    "first start to last end) and the flags.",
        epilog="As a Python module it gives the same as pandas tables, and the "
               "single timings: see its first lines. Exit status 2: a file "
               "cannot be read.")
    parser.add_argument("file", nargs="+", metavar="FILE", type=Path,
                        help="a result file, results/EXP_NAME/run-*.h5; several "
                             "are shown as one table")
    args = parser.parse_args()
    table = in_table(summary(*args.file))
    print("\n".join([*map(origin, args.file), table]))
    return 0


if __name__ == "__main__":
    run_tool("srbench_results", main)
