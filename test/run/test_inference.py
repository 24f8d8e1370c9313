"""Models that servers run: with a STAND-IN for RedisAI (redisai_runs.c), which
takes as long as its file says and counts its runs.
"""
# ctest: label=fast full
import os
import signal
import struct
from pathlib import Path

import numpy as np

from redisaitest import ModuleTest
from srbtest import column, full, main, text

INPUT = (8, 4, 3)
STEP = 0x9e3779b97f4a7c15
WHOLE = 2 ** 64 - 1


def mixed(z):
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9 & WHOLE
    z = (z ^ (z >> 27)) * 0x94d049bb133111eb & WHOLE
    return z ^ (z >> 31)


def first_input(seed, count):
    """Input 0 of client 0, as inference.h has it."""
    state = mixed((seed + STEP) & WHOLE)
    return [(mixed((state + (i + 1) * STEP) & WHOLE) >> 40) * 2.0 ** -24
            for i in range(count)]


def halved(values, n):
    """What the stand-in makes of them."""
    return [values[j % len(values)] / 2 + j for j in range(n)]


class InferenceTest(ModuleTest):

    def setUp(self):
        super().setUp()
        self.runs = self.dir / "runs"
        self.model = self.file("model", "stand-in out=1x10")
        self.script = self.file("script", "stand-in out=1x3x8x4")

    def file(self, name, words):
        path = self.dir / name
        path.write_text(words, encoding="utf-8")
        return path

    def infer(self, *args, ranks=2, modules=None, model=None, **how):
        experiment = () if any(a.startswith("inference_") or "experiment" in a
                               for a in args) else ("inference_colocated",)
        if "inference_standard" in args:
            args = (*args, "--virtual_nodes=2")
        if not any(a.startswith("--iterations") for a in args):
            args = ("--iterations=5", *args)
        return self.srbench(
            ranks, *experiment, f"--model={model or self.model}",
            "--input_shape=8x4x3", "--output_shape=1x10",
            "--db_modules="
            + (modules or f"{self.stand_in} TORCH {self.stand_in}"),
            f"--db_env={{STAND_IN_RUNS: {self.runs}}}", *args,
            f"--output={self.out}", **how)

    def batches(self):
        return [int(n) for n in self.runs.read_text("ascii").split()]


class Inference(InferenceTest):

    def test_every_language_and_client(self):
        """Inputs go through script and model, and what comes back is what a
        second implementation says."""
        want = halved(halved(first_input(7, 96), 96), 10)
        self.file("want", "")
        (self.dir / "want").write_bytes(struct.pack("<10f", *want))
        job = self.infer("--languages=[c,cpp,fortran]",
                         "--client=[socket,hiredis]", "--verify=all",
                         f"--script={self.script}", "--seed=7",
                         f"--reference={self.dir}/want")
        self.assert_passed(job, permutations=6)
        f = self.assert_whole(self.out, permutations=6)
        for k in range(6):
            g = f[f"perm_{k:04d}"]
            for name in ("run_script", "run_model"):
                self.assertEqual(g[name].shape, (2, 5))
                self.assertEqual(g[f"warmup_{name}"].shape, (2, 1))
                self.assertTrue((g[f"{name}_start"][...] >= 0).all())
            # one operation of a client after the other
            self.assertTrue((g["run_script_start"][...]
                             >= g["put_start"][...] + g["put_tensor"][...]
                             - 1e-9).all())
            self.assertTrue((g["run_model_start"][...]
                             >= g["run_script_start"][...]
                             + g["run_script"][...] - 1e-9).all())
            self.assertTrue((g["unpack_start"][...]
                             >= g["run_model_start"][...]
                             + g["run_model"][...] - 1e-9).all())
            self.assertEqual(list(g["run_calls"]), [12])
            self.assertEqual(list(g["shard_commands"]), [24])
            self.assertGreater(g.attrs["model_store_time"], 0)
            self.assertTrue(text(g.attrs["name"]).startswith("inference-sess-"))
        rows = f["summary"]
        shares = sum(rows[f"{name}_share"][...] for name in
                     ("put", "run_script", "run_model", "unpack"))
        self.assertTrue(((shares > 0) & (shares <= 1)).all(), shares)
        self.assertEqual(self.batches(), [1] * 12 * 6)

    def test_beside_throughput(self):
        """One sweep: what the one has and the other has not collapses."""
        job = self.infer("--experiment=[throughput_standard,inference_standard]",
                         "--tensor_bytes=[1KiB,2KiB]", "--batch_size=[0,4]",
                         "--virtual_nodes=2")
        self.assert_passed(job, permutations=4)
        f = self.assert_whole(self.out, permutations=4)
        self.assertEqual(column(f["summary"], "experiment"),
                         ["throughput_standard"] * 2
                         + ["inference_standard"] * 2)
        self.assertEqual(list(f["summary/batch_size"][...]), [-1, -1, 0, 4])
        self.assertEqual(list(f["summary/payload_bytes"][...]),
                         [1024, 2048, 384, 384])
        self.assertTrue(np.isnan(f["summary/run_model_median"][:2]).all())
        self.assertNotIn("run_model", f["perm_0000"])

    def test_batches(self):
        """Two clients that a run waits for are run together, every time."""
        job = self.infer("--batch_size=4", "--min_batch_size=2",
                         "--min_batch_timeout=20s", "--warmup=0")
        self.assert_passed(job, permutations=1)
        self.assertEqual(self.batches(), [2] * 5)

    def test_shards(self):
        """A model on each shard of a cluster, its clients' tensors with it."""
        job = self.infer("inference_standard", "--db_shards_per_node=2",
                         f"--script={self.script}", "--verify=all", ranks=4)
        self.assert_passed(job, permutations=1)
        g = self.assert_whole(self.out, permutations=1)["perm_0000"]
        self.assertEqual(list(g["run_calls"]), [6, 6])

    def test_an_output_that_is_not_the_reference(self):
        (self.dir / "other").write_bytes(struct.pack("<10f", *range(10)))
        job = self.infer("--seed=7", f"--reference={self.dir}/other")
        self.assert_status(job, 1, verify_errors=1)
        self.assertIn("is not that of the reference", job.stderr)

    def test_too_late_a_turn(self):
        slow = self.file("slow", "stand-in out=1x10 delay_us=1200000")
        job = self.infer("--op_timeout=1s", model=slow)
        self.assert_status(job, 1, failed=1)
        self.assertIn("TIMEDOUT", job.stderr)

    def test_a_model_that_is_refused(self):
        job = self.infer(model=self.file("other", "something else"))
        self.assert_status(job, 1, failed=1)
        self.assertIn("other' is not taken", job.stderr)
        self.assertIn("ERR the stand-in cannot read this file", job.stderr)

    def test_another_output(self):
        job = self.infer("--client=[socket,hiredis]",
                         model=self.file("wide", "stand-in out=2x10"))
        self.assert_status(job, 1, failed=2)
        self.assertIn("the reply is not the FLOAT tensor of 10 elements",
                      job.stderr)

    def test_refusals(self):
        """One sentence each, before anything starts."""
        model, nowhere = f"--model={self.model}", "/none/redisai.so"
        shapes = ("--input_shape=8x4x3", "--output_shape=1x10")
        modules = f"--db_modules={self.stand_in} TORCH {self.stand_in}"
        environ = {k: v for k, v in os.environ.items()
                   if k not in ("RAI_PATH", "SRBENCH_MODELS")}
        for args, words in (
                ([modules], "resnet50.cpu.pt, and that is not beside the "
                            "configuration"),
                ([model, *shapes], "db_modules: auto is RedisAI in the folder "
                                   "that RAI_PATH names, and that is not set"),
                ([model, modules, "--output_shape=1x10"],
                 "input_shape: is not known of a model of your own"),
                ([model, *shapes, f"--db_modules={self.stand_in}"],
                 "RedisAI would load its back end TORCH from"),
                ([model, *shapes, f"--db_modules={nowhere} TORCH /none/t.so"],
                 "/none/redisai.so"),
                ([model, *shapes, modules, "--device=GPU"], "/dev/nvidia0"),
                ([model, *shapes, modules, "--db_exe=floor"],
                 "models are what the servers floor, shm, files, mpi and null do not run"),
                ([model, *shapes, modules, "--batch_size=16",
                  "--min_batch_size=9"], "expected min_batch_timeout with it"),
                ([model, *shapes, modules, "--min_batch_size=4"],
                 "4 is more than batch_size 0"),
                ([model, *shapes, modules, "--min_batch_timeout=1s"],
                 "is how long min_batch_size is waited for"),
                ([model, *shapes, modules, "--num_devices=2"],
                 "counts GPUs"),
                ([model, *shapes, modules, "--script_function=f"],
                 "is of a script"),
                ([model, *shapes, modules, "--model_backend=TF"],
                 "is run by the names of its nodes"),
                ([model, *shapes, modules, "--client=null"],
                 "talks to no server"),
                ([model, *shapes, modules, f"--reference={self.model}"],
                 "expected seed with it"),
                ([model, *shapes, modules, f"--reference={self.model}",
                  "--seed=1"], "bytes, expected 40"),
                ([model, *shapes, modules, "--tensor_bytes=1KiB"],
                 "only throughput_standard and throughput_colocated have it"),
                ([f"--model={self.dir}/none", *shapes, modules],
                 "No such file"),
        ):
            with self.subTest(words):
                job = self.srbench(1, "inference_colocated", *args,
                                   f"--output={self.out}", env=environ)
                self.assertEqual(job.returncode, 2, job.describe())
                self.assertIn(words, " ".join(job.stderr.split()))
                self.assertFalse(self.out.exists())

    def test_defaults_are_found(self):
        """What is not named lies where SmartSim's users have it."""
        rai = self.dir / "rai"
        back_end = rai / "backends/redisai_torch/redisai_torch.so"
        back_end.parent.mkdir(parents=True)
        back_end.symlink_to(self.stand_in)
        (rai / "redisai.so").symlink_to(self.stand_in)
        for name, out in (("cpu.pt", "1x1000"), ("script", "1x3x224x224")):
            self.file(f"resnet50.{name}", f"stand-in out={out}")
        env = dict(os.environ, RAI_PATH=str(rai), SRBENCH_MODELS=str(self.dir))
        job = self.srbench(2, "inference_colocated", "--db_tpq=[1,2]",
                           "--iterations=3", f"--output={self.out}", env=env)
        self.assert_passed(job, permutations=2)
        f = self.assert_whole(self.out, permutations=2)
        self.assertEqual(int(f["perm_0001"].attrs["payload_bytes"]), 602112)
        self.assertIn("ai_threads_per_queue 2\n",
                      text(f["perm_0001"].attrs["db_config"]))


@full
class MoreInference(InferenceTest):

    def test_a_run_takes_its_delay(self):
        """The best of some rounds is within 2 % of what was planted."""
        slow = self.file("slow", "stand-in out=1x10 delay_us=50000")
        job = self.infer("--iterations=20", "--repetitions=3", model=slow,
                         ranks=1)
        self.assert_passed(job, permutations=3)
        f = self.assert_whole(self.out, permutations=3)
        best = min(f["summary/run_model_median"][...])
        self.assertGreaterEqual(best, 0.05)
        self.assertLess(best, 0.051, Path("/proc/loadavg").read_text("ascii"))
        share = max(f["summary/run_model_share"][...])
        self.assertGreater(share, 0.9)

    def test_serve(self):
        """Databases of one job, clients of another, which store the models."""
        address = self.dir / "address"
        databases = self.start(
            1, "serve", "inference_standard", f"--db_address={address}",
            "--net_ifname=lo",
            f"--db_modules={self.stand_in} TORCH {self.stand_in}")
        databases.wait_until(address.exists, "its file")
        job = self.srbench(2, "inference_standard", f"--model={self.model}",
                           "--input_shape=8x4x3", "--output_shape=1x10",
                           "--iterations=5", f"--db_address={address}",
                           f"--output={self.out}")
        self.assert_passed(job, permutations=1)
        databases.process.send_signal(signal.SIGTERM)
        databases.wait()


if __name__ == "__main__":
    main()
