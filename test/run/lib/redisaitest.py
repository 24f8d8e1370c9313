"""What the tests with the stand-in for RedisAI (redisai_stand_in.c) share.

SRBENCH_REDISAI_STAND_IN is its library; without it, that of the build whose
program is tested.
"""
import atexit
import os
import shutil
import tempfile
from pathlib import Path

from srbtest import SRBENCH, RunTest


def without_blanks(path):
    """The file, or a link to it: what a blank ends in db_modules is its path."""
    if " " not in path:
        return path
    folder = tempfile.mkdtemp(prefix="srbt-")
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    link = Path(folder) / Path(path).name
    link.symlink_to(path)
    return str(link)


STAND_IN = without_blanks(os.path.realpath(
    os.environ.get("SRBENCH_REDISAI_STAND_IN")
    or Path(SRBENCH).parent / "test/bin/redisai_stand_in.so"))
# How the sentence about a server without its commands begins.
LACKING = "the server has no AI.TENSORGET; load RedisAI into it (db_modules)"


class ModuleTest(RunTest):

    stand_in = STAND_IN

    def setUp(self):
        super().setUp()
        self.out = self.dir / "modules.h5"

    def measure(self, *args, ranks=2, **how):
        """A short run, with six pairs of each client. Standard databases have a
        virtual node of their own."""
        if "throughput_standard" in args and not any(
                a.startswith("--db_address") for a in args):
            args = ("--virtual_nodes=2", *args)
        return self.srbench(ranks, "--tensor_bytes=4096", "--iterations=5",
                            *args, f"--output={self.out}", **how)
