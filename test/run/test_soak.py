"""A minute of tools/bench/soak.sh: random studies with random faults, of which
nothing may be lost or left.
"""
# ctest: label=full timeout=4000
import os
import subprocess
import unittest
from pathlib import Path

from srbtest import main

SOAK = Path(__file__).resolve().parents[2] / "tools/bench/soak.sh"


class Soak(unittest.TestCase):

    def test_a_minute(self):
        done = subprocess.run([str(SOAK), "60"], env=os.environ, text=True,
                              capture_output=True, timeout=3600,
                   encoding="utf-8")
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        self.assertIn("SRBENCH_SOAK pass", done.stdout)


if __name__ == "__main__":
    main()
