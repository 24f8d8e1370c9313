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


def as_smartsim_has_it(folder):
    """RedisAI with its back end, and ResNet-50 for either device, where users
    of SmartSim have them, all of it played by the stand-in. Returns the
    environment that says so."""
    rai = folder / "rai"
    back_end = rai / "backends/redisai_torch/redisai_torch.so"
    back_end.parent.mkdir(parents=True)
    back_end.symlink_to(STAND_IN)
    (rai / "redisai.so").symlink_to(STAND_IN)
    for name, out in (("cpu.pt", "1x1000 in=1x3x224x224"),
                      ("gpu.pt", "1x1000"), ("script", "1x3x224x224")):
        (folder / f"resnet50.{name}").write_text(f"stand-in out={out}",
                                                 encoding="utf-8")
    return {"RAI_PATH": str(rai), "SRBENCH_MODELS": str(folder)}


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
