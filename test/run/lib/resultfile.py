"""What the tests of the tools for results share: a file that srbench has just
written, and a tool run to its end."""
import contextlib
import functools
import io
import os
import runpy
import shutil
import subprocess
import sys
import tempfile
import unittest
import warnings
from pathlib import Path
from unittest import mock

import h5py

import srbtest
from srbtest import SOURCE

TOOL = SOURCE / "tools" / "srbench_results.py"
sys.path.insert(0, str(TOOL.parent))
import srbench_results as results  # noqa: E402

NULL = ("--client=null", "--db_exe=null")


def tool(*args, timeout=300, program=TOOL, cwd=None):
    """Run a tool to its end."""
    return subprocess.run([sys.executable, program, *map(str, args)], cwd=cwd,
                          capture_output=True, text=True, timeout=timeout,
                          encoding="utf-8")


def called(program, *args, cwd):
    """The same within this process, which has imported what takes a tool most of
    its time; the environment is this one."""
    argv, out, err = [*map(str, (program, *args))], io.StringIO(), io.StringIO()
    before = os.getcwd()
    os.chdir(cwd)
    try:
        with mock.patch("sys.argv", argv), warnings.catch_warnings(), \
                contextlib.redirect_stdout(out), \
                contextlib.redirect_stderr(err):
            runpy.run_path(str(program), run_name="__main__")
        status = None  # tools tell one
    except SystemExit as e:
        status = e.code
    finally:
        os.chdir(before)
    return subprocess.CompletedProcess(argv, status, out.getvalue(),
                                       err.getvalue())


def silently(call, *args, **kwargs):
    """What a call returns, and the warnings that it gave, as texts."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        value = call(*args, **kwargs)
    return value, [str(w.message) for w in caught]


@functools.lru_cache(maxsize=None)
def written(args):
    """A folder with run.h5, which srbench wrote on 3 ranks; gone at the end."""
    folder = tempfile.TemporaryDirectory(prefix="srbt-")
    job = srbtest.run(3, *NULL, *args, f"--output={folder.name}/run.h5",
                      cwd=folder.name)
    assert job.returncode == 0, job.describe()
    return folder


class OneFile(unittest.TestCase):
    """Tests on one file (self.path), which ARGS describe; it is shared, and not to
    be changed."""

    ARGS = ("--tensor_bytes=[1024,4096]", "--clients_per_node=[2,3]",
            "--iterations=30", "--warmup=2")

    @classmethod
    def setUpClass(cls):
        cls.dir = Path(tempfile.mkdtemp(prefix="srbt-"))
        cls.addClassCleanup(shutil.rmtree, cls.dir, ignore_errors=True)
        cls.path = Path(written(cls.ARGS).name) / "run.h5"

    def altered(self, name):
        """A copy of the file, open for changes."""
        copy = self.dir / name
        shutil.copy(self.path, copy)
        f = h5py.File(copy, "r+")
        self.addCleanup(f.close)
        return copy, f

    def assert_sentence(self, sentence, *words):
        self.assertEqual(len(sentence.strip().splitlines()), 1, sentence)
        self.assertNotIn("Traceback", sentence)
        for word in words:
            self.assertIn(str(word), sentence)
