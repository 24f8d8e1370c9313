# ctest: label=full timeout=7200
"""Open MPI, where it is installed beside the MPI of this build: srbench builds
with it without a warning, and the main job in small passes, in all of its
placements, as do tensors that are altered, and ends."""
import os
import re
import shutil
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

import h5py

from srbtest import MPIEXEC, SOURCE, SRBENCH, text

# Files of tests that hold whatever the MPI.
TESTS = ("smoke", "verify", "config_once")
BUILT = 3600  # s


def found():
    """mpicc and mpiexec of an Open MPI, or None."""
    for suffix in (".openmpi", ""):
        mpicc, mpiexec = map(shutil.which, (f"mpicc{suffix}", f"mpiexec{suffix}"))
        if mpicc and mpiexec and "Open" in subprocess.run(
                [mpiexec, "--version"], text=True, timeout=300,
                stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                check=False, encoding="utf-8").stdout:
            return mpicc, mpiexec
    return None


class OpenMpi(unittest.TestCase):

    @classmethod
    def setUpClass(cls):
        programs = found()
        if not programs:
            raise unittest.SkipTest("no Open MPI (Debian: openmpi-bin "
                                    "libopenmpi-dev)")
        cls.mpicc, cls.mpiexec = programs
        cls.build = Path(tempfile.mkdtemp(prefix="srbt-openmpi-"))
        cls.addClassCleanup(shutil.rmtree, cls.build, ignore_errors=True)
        cls.said = cls.do("cmake", "-S", SOURCE, "-B", cls.build,
                          f"-DMPI_C_COMPILER={cls.mpicc}", "-DBUILD_TESTING=OFF",
                          "-DSRBENCH_WERROR=ON")
        cls.do("cmake", "--build", cls.build, "--parallel", "2")
        cls.srbench = cls.build / "srbench"

    @staticmethod
    def do(*command, **env):
        done = subprocess.run([*map(str, command)], text=True, timeout=BUILT,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                              env={**os.environ, **env}, check=False, encoding="utf-8")
        assert done.returncode == 0, f"{command}\n{done.stdout}"
        return done.stdout

    def test_it_is_that(self):
        """Of which it says so, with its own mpiexec."""
        self.assertIn("MPI     Open MPI", self.do(self.srbench, "--version"))
        self.assertIn(f"{self.mpicc}, {self.mpiexec}\n", self.said)

    def test_the_other_one_is_found(self):
        """Without being asked a build takes MPICH where both are, with its
        mpiexec."""
        mpich = shutil.which("mpicc.mpich")
        if not mpich or shutil.which("mpicc") != "/usr/bin/mpicc":
            self.skipTest("no mpicc.mpich beside it")
        self.assertIn("MPICH", self.do(SRBENCH, "--version"))
        with tempfile.TemporaryDirectory(prefix="srbt-") as folder:
            said = self.do("cmake", "-S", SOURCE, "-B", folder,
                           "-DBUILD_TESTING=OFF")
        self.assertRegex(said, rf"-- MPI \S+: {re.escape(mpich)}, "
                         r"\S+mpiexec\.mpich\n")
        self.assertNotEqual(MPIEXEC, self.mpiexec)

    def test_suite(self):
        """Each file of TESTS, as for any build."""
        for name in TESTS:
            with self.subTest(name):
                self.do(sys.executable, SOURCE / f"test/run/test_{name}.py",
                        SRBENCH=str(self.srbench), MPIEXEC=self.mpiexec)

    def test_the_file_says_which(self):
        with tempfile.TemporaryDirectory(prefix="srbt-") as folder:
            self.do(self.srbench, "--client=null", "--db_exe=null",
                    "--tensor_bytes=4", f"--output={folder}/run.h5")
            with h5py.File(f"{folder}/run.h5") as f:
                self.assertTrue(text(f.attrs["mpi_version"]).startswith(
                    "Open MPI v"))


if __name__ == "__main__":
    unittest.main(verbosity=2)
