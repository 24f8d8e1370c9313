"""What this tool wrote, and of which study: each page and picture bears a mark, so
that what is of another study is neither overwritten nor mixed with this one's."""
from __future__ import annotations

import hashlib
import re
from pathlib import Path

from srbench_results import ResultError, shown

from .study import Study

MARK = re.compile(rb"srbench-study:([0-9a-f]{16}):([\w.+ -]{0,80});")
HEAD = 1 << 16  # bytes within which a mark stands


def mark(study: Study) -> str:
    """The files' uuids in short, and what the study is called."""
    ids = [str(a.get("uuid") or p) for p, a in zip(study.paths, study.about)]
    names = dict.fromkeys(str(a.get("exp_name") or "?") for a in study.about)
    name = re.sub(r"[^\w.+ -]", "_", " ".join(names), flags=re.ASCII)[:80]
    digest = hashlib.sha256("\n".join(sorted(ids)).encode(errors="replace"))
    return f"srbench-study:{digest.hexdigest()[:16]}:{name};"


def found(path: Path) -> tuple[str, str] | None:
    """The mark of a file and the study's name; None where it bears none."""
    with open(path, "rb") as f:
        seen = MARK.search(f.read(HEAD))
    return (seen[0].decode(), seen[2].decode()) if seen else None


def _same(one: str, other: str) -> bool:
    return one.split(":")[1] == other.split(":")[1]


def may_write(page: Path, own: str, overwrite: bool) -> None:
    """Refuse to replace what is not this study's page."""
    if overwrite or not page.is_file() or page.stat().st_size == 0:
        return
    there = found(page)
    if there and _same(there[0], own):
        return
    what = f"is the report of another study ({there[1]})" if there \
        else "is there and no report of srbench"
    raise ResultError(f"{shown(page)}: {what}; name another with -o, or replace "
                      "it with --overwrite")


def prepare(folder: Path, kind: str, own: str, overwrite: bool) -> None:
    """A folder for this study's pictures: another's are refused, or removed with
    overwrite. What bears no mark stays."""
    if not folder.is_dir():
        return
    others = {p: seen[1] for p in sorted(folder.glob(f"*.{kind}"))
              if p.is_file() and (seen := found(p)) and not _same(seen[0], own)}
    if others and not overwrite:
        name = next(iter(others.values()))
        raise ResultError(
            f"{shown(folder)}: holds {len(others)} pictures of another study "
            f"({name}); name another folder, or have them removed with "
            "--overwrite")
    for path in others:
        path.unlink()
