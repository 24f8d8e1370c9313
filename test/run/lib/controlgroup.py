"""Control groups with a limit, where the machine lets a test make some."""
import os
import unittest
from contextlib import contextmanager
from pathlib import Path

GROUPS = Path("/sys/fs/cgroup")  # of version 1: one folder a controller


def memory_group(limit):
    old = (GROUPS / "memory").is_dir()
    return group("memory", "memory.limit_in_bytes" if old else "memory.max",
                 limit)


@contextmanager
def group(controller, name, limit):
    """A control group with that limit; its file that takes process ids."""
    top = GROUPS / controller
    group = (top if top.is_dir() else GROUPS) / f"srbt{os.getpid()}"
    try:
        group.mkdir()
        (group / name).write_text(str(limit), encoding="utf-8")
    except OSError as e:
        if group.is_dir():
            group.rmdir()
        raise unittest.SkipTest(f"no control groups for {controller} here: {e}")
    try:
        yield group / "cgroup.procs"
    finally:
        group.rmdir()
