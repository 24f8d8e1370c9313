"""What the tests of the tools for results share: a file that srbench has just
written, and a tool run to its end."""
import shutil
import subprocess
import sys
import tempfile
import unittest
import warnings
from pathlib import Path

import h5py

import srbtest
from srbtest import SOURCE

TOOL = SOURCE / "tools" / "srbench_results.py"
sys.path.insert(0, str(TOOL.parent))
import srbench_results as results  # noqa: E402

NULL = ("--client=null", "--db_exe=null")


def tool(*args, timeout=60, program=TOOL):
    """Run a tool to its end."""
    return subprocess.run([sys.executable, program, *map(str, args)],
                          capture_output=True, text=True, timeout=timeout)


def silently(call, *args, **kwargs):
    """What a call returns, and the warnings that it gave, as texts."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        value = call(*args, **kwargs)
    return value, [str(w.message) for w in caught]


class OneFile(unittest.TestCase):
    """Tests on one file, which is written once: ARGS on 3 ranks."""

    ARGS = ("--tensor_bytes=[1024,4096]", "--clients_per_node=[2,3]",
            "--iterations=30", "--warmup=2")

    @classmethod
    def setUpClass(cls):
        cls.dir = Path(tempfile.mkdtemp(prefix="srbt-"))
        cls.addClassCleanup(shutil.rmtree, cls.dir, ignore_errors=True)
        cls.path = cls.dir / "run.h5"
        job = srbtest.run(3, *NULL, *cls.ARGS, f"--output={cls.path}",
                          f"--db_port={srbtest.free_port()}", cwd=cls.dir)
        assert job.returncode == 0, job.describe()

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
