"""Models that servers run: with a STAND-IN for RedisAI (redisai_runs.c), which
takes as long as its file says and counts its runs.
"""
# ctest: label=fast full
import json
import os
import re
import signal
import struct
import subprocess
import sys
import time
from configparser import ConfigParser
from pathlib import Path

import numpy as np

from redisaitest import LACKING, ModuleTest, as_smartsim_has_it
from srbtest import END, SOURCE, column, free_port, full, main, text
from theirserver import Redis

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


# A command in a /dev of its own, in which two GPUs are, as far as files go.
TWO_GPUS = ("unshare", "-m", "sh", "-c", """
d=$(mktemp -d) && mount -t tmpfs none "$d" && mkdir "$d/shm" &&
mount --bind /dev/shm "$d/shm" && touch "$d/nvidia0" "$d/nvidia1" &&
for x in null zero full tty random urandom; do cp -a /dev/$x "$d/" || exit; done
mount --move "$d" /dev && rmdir "$d" && exec "$@" """, "sh")


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
        if not any(a.startswith(("--iterations", "--duration")) for a in args):
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
            g = self.perm(k, f)
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

    def test_copied_keys(self):
        """As SmartRedis has it: tensors lie anywhere, and clients copy them to
        and from models; what comes back is the same, at several times the
        bytes. With one shard there is nothing to copy."""
        want = halved(halved(first_input(7, 96), 96), 10)
        (self.dir / "want").write_bytes(struct.pack("<10f", *want))
        job = self.infer("inference_standard", "--db_shards_per_node=[1,3]",
                         "--model_keys=[aligned,copied]",
                         "--client=[socket,hiredis]",
                         f"--script={self.script}", "--verify=all", "--seed=7",
                         f"--reference={self.dir}/want", ranks=6)
        self.assert_passed(job, permutations=6)
        rows = self.assert_whole(self.out, permutations=6)["summary"]
        keys = [k or "aligned" for k in column(rows, "model_keys")]
        self.assertEqual(sorted(keys), ["aligned"] * 4 + ["copied"] * 2)
        # put, and in 384 bytes; script and model each twice what they take and
        # give (384 in and out, 384 in and 40 out); and what is got
        moved = {k: set() for k in keys}
        for k, n, bytes_ in zip(keys, rows["shards"][...],
                                rows["inference_bytes"][...]):
            moved[k].add(bytes_)
        self.assertGreater(min(moved["copied"]), max(moved["aligned"])
                           + 4 * 384 + 2 * 384 + 2 * 40)
        f = self.assert_whole(self.out, permutations=6)
        for k in range(6):
            g = self.perm(k, f)
            self.assertEqual(list(g["shard_ops"]), list(g["shard_commands"]))
            self.assertNotIn("ops_mismatch", text(rows["flags"][k]))

    def test_an_output_that_is_not_the_reference(self):
        (self.dir / "other").write_bytes(struct.pack("<10f", *range(10)))
        job = self.infer("--seed=7", f"--reference={self.dir}/other")
        self.assert_status(job, 1, verify_errors=1)
        self.assertIn("is not that of the reference", job.stderr)

    def test_an_input_that_does_not_fit(self):
        job = self.infer(model=self.file("other", "stand-in out=1x10 in=1x7"))
        self.assert_status(job, 1, failed=1)
        self.assertIn("run_model of throughput_rank_", job.stderr)
        self.assertIn("takes inputs of another shape", job.stderr)

    def test_no_redisai(self):
        """A module that brings no commands, and a server without it."""
        job = self.infer(modules=f"{self.stand_in} TORCH {self.stand_in} "
                                 "WITHOUT_COMMANDS")
        self.assert_status(job, 1, failed=1)
        self.assertIn(LACKING, job.stderr)
        theirs = self.theirs()
        job = self.infer_there(theirs)
        self.assert_status(job, 2)
        self.assertIn(LACKING, job.stderr)

    def theirs(self, *args):
        server = Redis(self.top, free_port(), *args)
        self.addCleanup(server.stop)
        return server

    def infer_there(self, server, *args, ranks=2, script=True):
        return self.srbench(
            ranks, "inference_standard", f"--model={self.model}",
            "--input_shape=8x4x3", "--output_shape=1x10",
            *((f"--script={self.script}",) if script else ()),
            f"--db_address=127.0.0.1:{server.port}", "--iterations=5",
            "--verify=all", f"--output={self.out}", *args)

    def test_servers_of_somebody_else(self):
        """Nothing of ours stays in them; each right that is lacking is named
        before the start."""
        theirs = self.theirs("--loadmodule", self.stand_in)
        for args in ((), ("--script_call=set", "--overwrite"),
                     ("--model_keys=[aligned,copied]", "--overwrite")):
            job = self.infer_there(theirs, *args)
            self.assert_passed(job, permutations=1)  # one shard has nothing to copy
            self.assertEqual(theirs.ask("DBSIZE"), ":1\r\n")
            self.assertEqual(theirs.ask("GET", "theirs"), "$1\r\n1\r\n")
        login = self.dir / "login"
        login.write_text("u p\n", encoding="utf-8")
        login.chmod(0o600)
        for command in ("ai.modelstore", "ai.modelexecute", "ai.modelget",
                        "ai.scriptstore", "ai.scriptexecute", "ai.info"):
            with self.subTest(command):
                self.assertIn("OK", theirs.ask(
                    "ACL", "SETUSER", "u", "reset", "on", ">p", "~*", "+@all",
                    f"-{command}"))
                job = self.infer_there(theirs, f"--db_auth={login}")
                self.assert_status(job, 2)
                self.assertIn(f"a study needs {command.upper()} of every server",
                              job.stderr)

    def test_a_model_too_long_for_somebody_else(self):
        theirs = self.theirs("--loadmodule", self.stand_in,
                             "--proto-max-bulk-len", "1mb")
        with open(self.model, "ab") as f:
            f.truncate((1 << 20) + 1)
        job = self.infer_there(theirs)
        self.assert_status(job, 2)
        self.assertIn("model: 1048577 bytes, the length of its file, is more than "
                      "the databases that run take (1048576); raise their "
                      "proto-max-bulk-len", job.stderr)

    def test_a_script_that_somebody_else_refuses(self):
        """The model that was taken before it does not stay."""
        theirs = self.theirs("--loadmodule", self.stand_in)
        other = self.file("other", "something else")
        job = self.infer_there(theirs, f"--script={other}", script=False)
        self.assert_status(job, 1, failed=1)
        self.assertIn("other' is not taken", job.stderr)
        self.assertEqual(theirs.ask("KEYS", "*"), "*1\r\n$6\r\ntheirs\r\n")

    def test_a_cluster_of_somebody_else(self):
        """With copied keys too, of which no temporary one stays."""
        folder = self.top / "1"
        folder.mkdir()
        cluster = ("--cluster-enabled", "yes", "--loadmodule", self.stand_in)
        first = self.theirs(*cluster)
        second = Redis(folder, free_port(), *cluster)
        self.addCleanup(second.stop)
        for server, slots in ((first, range(9000)),
                              (second, range(9000, 16384))):
            self.assertIn("OK", server.ask("CLUSTER", "ADDSLOTS",
                                           *map(str, slots)))
        first.ask("CLUSTER", "MEET", "127.0.0.1", str(second.port))
        deadline = time.monotonic() + END
        while not all("cluster_state:ok" in s.ask("CLUSTER", "INFO")
                      for s in (first, second)):
            self.assertLess(time.monotonic(), deadline)
            time.sleep(0.05)
        job = self.infer_there(first, "--model_keys=[aligned,copied]", ranks=3)
        self.assert_passed(job, permutations=2)
        self.assert_whole(self.out, permutations=2)
        for server in (first, second):
            self.assertEqual(server.ask("DBSIZE"), ":0\r\n")

    def test_loads(self):
        """Computing, a barrier, a rate, as of any other step; each has the
        operations of an inference in it."""
        for args in (("--compute=2ms", "--compute_kind=sleep",
                      "--sync=iteration"),
                     ("--rate=200", "--arrivals=poisson", "--seed=3")):
            with self.subTest(args=args):
                job = self.infer(*args, f"--script={self.script}",
                                 "--verify=all", "--overwrite")
                self.assert_passed(job, permutations=1)
                f = self.open(self.out)
                g, rows = f["perm_0000"], f["summary"]
                self.assertGreater(float(rows["run_model_median"][0]), 0)
                steps = g["step"][...]
                inside = sum(g[name][...] for name in (
                    "put_tensor", "run_script", "run_model", "unpack_tensor"))
                there = np.isfinite(steps) & np.isfinite(inside)
                self.assertTrue(there.any())
                self.assertTrue((steps[there] >= inside[there] - 1e-6).all())

    def test_threads_that_run_models_are_counted(self):
        job = self.infer("--db_tpq=40", "--intra_op=3", "--db_cpus=1", ranks=1)
        self.assert_passed(job, permutations=1)
        self.assertIn("OVERSUBSCRIBED: up to 122 clients and server threads",
                      job.stderr)
        self.assertIn("oversubscribed",
                      column(self.open(self.out)["summary"], "flags")[0])

    def test_a_model_that_no_node_has_room_for(self):
        with open(self.model, "ab") as f:
            f.truncate(1 << 42)
        job = self.infer()
        self.assert_status(job, 2)
        self.assertIn("of it for models)", job.stderr)
        job = self.infer("--dry_run", "--machine=1x1")
        memory = re.search(r"memory +([\d.]+) TiB", job.stdout)
        self.assertGreaterEqual(float(memory[1]), 4 * 4)

    def test_report(self):
        """What an inference spends its time on, how many there are, and what
        copying costs, in sentences and charts."""
        job = self.infer("inference_standard", "--db_shards_per_node=2",
                         "--model_keys=[aligned,copied]", "--db_tpq=[1,2]",
                         f"--script={self.script}", ranks=6)
        self.assert_passed(job, permutations=4)
        page = self.dir / "page.html"
        done = subprocess.run(
            [sys.executable, SOURCE / "tools/srbench-report", self.out, "--text",
             "-o", page], text=True, capture_output=True, encoding="utf-8",
            timeout=END)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertRegex(done.stdout, r"the loops spent \d+ % in put_tensor, "
                                      r"\d+ % in run_script, \d+ % in run_model")
        moved = re.search(r"with copied keys an inference moves (\d+) B "
                          r"instead of (\d+) B \(([\d.]+) times\)",
                          done.stdout)
        self.assertAlmostEqual(float(moved[1]) / float(moved[2]),
                               float(moved[3]), delta=0.1)
        html = page.read_text("utf-8")
        for name in ("inference", "inferences", "copied"):
            section = html.split(f'id="{name}"', 1)[1].split("</section>")[0]
            self.assertIn('class="chart"', section, name)
        # against the file itself
        rows = self.open(self.out)["summary"]
        shares = sum(rows[f"{n}_share"][...] for n in
                     ("put", "run_script", "run_model", "unpack"))
        self.assertTrue((shares > 0.9).all() and (shares <= 1).all(), shares)

    def test_two_gpus(self):
        """Not what they compute: that models are stored for both, and runs of both
        are counted; a third one is missed before the start."""
        if subprocess.run([*TWO_GPUS, "true"], stderr=subprocess.DEVNULL,
                          check=False).returncode:
            self.skipTest("/dev cannot be covered here")
        gpus = ("--device=GPU", f"--script={self.script}", "--verify=all")
        job = self.infer("--num_devices=2", *gpus, ranks=4, wrapper=TWO_GPUS)
        self.assert_passed(job, permutations=1)
        self.assertEqual(list(self.open(self.out)["perm_0000/run_calls"]), [24])
        job = self.infer("--num_devices=3", *gpus, "--overwrite",
                         wrapper=TWO_GPUS)
        self.assert_status(job, 2)
        self.assertIn("there is no /dev/nvidia2", job.stderr)

    def test_export(self):
        """In SmartSim-Scaling's layout, with what its sessions of inference have
        besides those of throughput."""
        job = self.infer("--db_tpq=[auto,2]", "--batch_size=4",
                         f"--script={self.script}")
        self.assert_passed(job, permutations=2)
        folder = self.dir / "exported"
        done = subprocess.run(
            [sys.executable, SOURCE / "tools/srbench-export", "--format",
             "smartsim", folder, self.out], text=True, capture_output=True,
            encoding="utf-8", timeout=END)
        self.assertEqual(done.returncode, 0, done.stderr)
        threads = set()
        for session in folder.glob("*sess*"):
            config = ConfigParser()
            config.read(session / "run.cfg")
            has = config["attributes"]
            threads.add(has["database_threads_per_queue"])
            self.assertEqual((has["batch_size"], has["device"],
                              has["num_devices"]), ("4", "CPU", "1"))
            lines = (session / "rank_1_timing.csv").read_text("ascii").split()
            self.assertEqual(
                [line.split(",")[1] for line in lines],
                ["client()", *["put_tensor", "run_script", "run_model",
                               "unpack_tensor"] * 5, "loop_time", "main()"])
        self.assertEqual(threads, {"1", "2"})

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
        self.assertEqual(job.stderr.count(
            "the reply is not the FLOAT tensor of 10 elements as output_shape "
            "says"), 2, job.stderr)

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
        env = dict(os.environ, **as_smartsim_has_it(self.dir))
        job = self.srbench(2, "inference_colocated", "--db_tpq=[1,2]",
                           "--iterations=3", f"--output={self.out}", env=env)
        self.assert_passed(job, permutations=2)
        f = self.assert_whole(self.out, permutations=2)
        self.assertEqual(int(f["perm_0001"].attrs["payload_bytes"]), 602112)
        self.assertIn("ai_threads_per_queue 2\n",
                      text(f["perm_0001"].attrs["db_config"]))
        # beside the configuration as well
        (self.dir / "study.yaml").write_text("iterations: 2\n", "utf-8")
        del env["SRBENCH_MODELS"]
        job = self.srbench(1, "inference_colocated", "--config",
                           self.dir / "study.yaml", f"--output={self.out}",
                           "--overwrite", env=env)
        self.assert_passed(job, permutations=1)


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

    def test_a_rate_that_is_searched(self):
        """By the model's own time too, which grows with the load: its runs of
        5 ms wait for each other."""
        slow = self.file("slow", "stand-in out=1x10 delay_us=5000")
        job = self.infer("--rate=search", "--duration=1s", model=slow)
        self.assert_status(job, 2)
        job = self.infer("--rate=search", "--duration=1s",
                         "--sustain={run_model_median: '<8ms'}", model=slow)
        self.assert_passed(job, permutations=1)
        rows = self.open(self.out)["summary"]
        self.assertLess(float(rows["sustained_rate_high"][0]), 200)
        self.assertGreater(float(rows["run_model_median"][0]), 0.005)

    def test_srbench_model(self):
        """Where PyTorch is: what it writes runs there as srbench would have it
        run, on the input that srbench makes; without, a sentence."""
        tool = SOURCE / "tools/srbench-model"

        def run(*args):
            return subprocess.run([sys.executable, tool, *args], text=True,
                                  cwd=self.dir, capture_output=True,
                                  encoding="utf-8", timeout=END)
        done = run("make", "tiny", "models")
        if done.returncode == 2:
            self.assertIn("srbench-model: needs PyTorch", done.stderr)
            return
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(done.stdout.split(), ["models/tiny.cpu.pt",
                                               "models/tiny.script"])
        done = run("reference", "models/tiny.cpu.pt", "want", "--seed=7",
                   "--input_shape=16x16x3", "--script=models/tiny.script")
        self.assertEqual(done.returncode, 0, done.stderr)
        # by other means: the two functions of the script, and the input
        code = ("import json, sys, torch; s = torch.jit.CompilationUnit("
                "open('models/tiny.script', encoding='utf-8').read()); "
                "x = torch.tensor(json.load(sys.stdin)).reshape(16, 16, 3); "
                "m = torch.jit.load('models/tiny.cpu.pt').eval(); "
                "print(m(s.pre_process_3ch(x)).tolist()[0])")
        other = subprocess.run(
            [sys.executable, "-c", code], cwd=self.dir, text=True,
            input=json.dumps(first_input(7, 768)), capture_output=True,
            encoding="utf-8", timeout=END)
        self.assertEqual(other.returncode, 0, other.stderr)
        found = struct.unpack("<10f", (self.dir / "want").read_bytes())
        for a, b in zip(found, json.loads(other.stdout)):
            self.assertAlmostEqual(a, b, places=5)

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
