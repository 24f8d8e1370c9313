# ctest: label=fast
"""Steps of several tensors, and steps that stay: what goes over the wire, what
stays in the servers, and what is refused."""
import subprocess
import sys
import threading
import time

import h5py
import numpy as np

from redisaitest import STAND_IN
from srbtest import END, SOURCE, RunTest, column, free_port, main, text

LANGUAGES = "--languages=[c,cpp,fortran]"
BOTH = "--client=[socket,hiredis]"
FLOATS = 15000  # of 64 KiB in the allocator, with what Redis adds
BYTES = 4 * FLOATS


class Monitored:
    """Somebody else's server, and all that is said to it."""

    def __init__(self, test, *args):
        self.port = free_port()
        self.cli = ["redis-cli", "-p", str(self.port)]
        self.server = subprocess.Popen(
            ["redis-server", "--port", str(self.port), "--save", "", *args],
            cwd=test.dir, stdout=subprocess.DEVNULL)
        test.addCleanup(self.end)
        until = time.monotonic() + END
        while self.ask("ping") != "PONG":
            assert time.monotonic() < until, "no server"
            time.sleep(0.05)
        self.lines = []
        self.monitor = subprocess.Popen([*self.cli, "monitor"], text=True,
                                        encoding="utf-8",
                                        stdout=subprocess.PIPE,
                                        stderr=subprocess.DEVNULL)
        assert self.monitor.stdout.readline() == "OK\n"
        self.reader = threading.Thread(target=self.read)
        self.reader.start()

    def read(self):
        for line in self.monitor.stdout:
            self.lines.append(line.split('" "'))

    def ask(self, *words):
        return subprocess.run([*self.cli, *words], capture_output=True,
                              text=True, encoding="utf-8").stdout.strip()

    def calls(self, command):
        for line in self.ask("info", "commandstats").splitlines():
            if line.startswith(f"cmdstat_{command}:calls="):
                return int(line.split("=")[1].split(",")[0])
        return 0

    def said(self, command):
        """The words after the command, of each time it was said, but where its
        right was tried. The server ends."""
        self.end()
        said = [[w.rstrip('"\n') for w in line[1:]] for line in self.lines
                if line[0].endswith(f'"{command}')]
        return [w for w in said if not w[0].endswith(":check")]

    def end(self):
        self.server.terminate()
        self.server.wait()
        self.reader.join()
        self.monitor.wait()
        self.monitor.stdout.close()


class Tensors(RunTest):

    def study(self, *args, ranks=1, permutations=1):
        self.out = self.dir / "out.h5"
        job = self.srbench(ranks, f"--output={self.out}", "--overwrite",
                           "--verify=all", "--warmup=1", *args)
        self.assert_passed(job, permutations=permutations)
        return job

    def theirs(self, server, *args, **how):
        return self.study("throughput_standard",
                          f"--db_address=127.0.0.1:{server.port}",
                          "--tensor_bytes=1024", "--iterations=9", *args, **how)

    def test_all_languages_and_clients(self):
        """Every tensor comes back as it was put, and servers count as many as
        their clients; a size that fits no buffer makes nobody wait."""
        self.study(LANGUAGES, BOTH, "--tensors=3", "--pipelined=[true,false]",
                   "--retire=[overwrite,delete]", "--history=2",
                   "--pattern=[pair,phases]", "--iterations=7",
                   "--tensor_bytes=100000", ranks=2, permutations=48)
        with h5py.File(self.out) as f:
            for i in range(48):
                g = self.perm(i, f)
                self.assertEqual(g["shard_commands"][0], 2 * 3 * 2 * 8)
                self.assertNotIn("ops_mismatch", text(g.attrs["flags"]))

    def test_sixteen_of_4_mb(self):
        self.study(BOTH, "--tensors=16", "--pipelined=true",
                   "--db_exe=[redis-server,floor]", "--transport=[tcp,unix]",
                   "--tensor_bytes=4MB", "--iterations=2", permutations=8)
        with h5py.File(self.out) as f:
            s = f["summary"]
            self.assertEqual(set(column(s, "bytes")), {4 * 16 * 4_000_000})
            self.assertEqual(set(column(s, "ops")), {4})

    def test_redisai(self):
        """The module's commands likewise, and its keys are removed as others
        are."""
        self.study(BOTH, "--command_set=redisai", f"--db_modules={STAND_IN}",
                   "--tensors=3", "--pipelined=[true,false]", "--history=2",
                   "--retire=delete", "--tensor_bytes=4096", "--iterations=9",
                   permutations=4)
        with h5py.File(self.out) as f:
            for i in range(4):
                g = self.perm(i, f)
                self.assertEqual(g["shard_commands"][0], 2 * 3 * 10)

    def test_memory_is_what_stays(self):
        """Flat where keys are used again or removed, else that of the steps
        that stay."""
        steps = 41
        self.study("--tensors=2", f"--tensor_bytes={BYTES}",
                   f"--iterations={steps - 1}", "--history=[1,8,all]",
                   "--retire=[overwrite,delete]", permutations=5)
        with h5py.File(self.out) as f:
            for i in range(5):
                g = self.perm(i, f)
                history = text(g.attrs["history"])
                stay = 2 * (steps if history == "all" else int(history))
                grown = int(g["shard_memory_end"][0]) \
                    - int(g["shard_memory_start"][0])
                # a step that is being freed, and what a client's buffers take
                self.assertGreaterEqual(grown, stay * BYTES, history)
                self.assertLess(grown, 1.2 * (stay + 2) * BYTES + 300_000,
                                history)
                retires = text(g.attrs["retire"]) == "delete" \
                    and history != "all"
                self.assertEqual("retire" in g, retires)
                if retires:
                    # those of the first steps have nothing to remove
                    times = g["retire"][0]
                    skip = int(history) - 1
                    n = steps - 1 - skip
                    self.assertTrue((times[:n] > 0).all())
                    self.assertFalse((times[n:] > 0).any())
                    self.assertGreater(
                        f["summary"]["retire_median"][i], 0)

    def test_memory_is_looked_at(self):
        """It rises while all steps stay and does not while few do; the report
        draws it."""
        self.study(f"--tensor_bytes={4 * BYTES}", "--iterations=300",
                   "--history=[1,2,all]", permutations=3)
        grown = []
        with h5py.File(self.out) as f:
            self.assertNotIn("shard_resident", f["perm_0000"])
            for i in (1, 2):
                g = self.perm(i, f)
                when, bytes_ = (g[name][0] for name in (
                    "shard_resident_time", "shard_resident"))
                seen = np.isfinite(when)
                n = seen.sum()
                self.assertTrue(seen[:n].all())
                self.assertGreaterEqual(n, 2)
                self.assertTrue((np.diff(when[:n]) > 0).all())
                grown.append(bytes_[n - 1] - bytes_[0])
        self.assertGreater(grown[1], 0.6 * 300 * 4 * BYTES)
        self.assertLess(grown[0], 0.3 * 300 * 4 * BYTES)
        sys.path.insert(0, str(SOURCE / "tools"))
        from srbench_report import digest, kept, study
        of = study.load([self.out])
        with digest.Digests(of) as digests:
            chart = kept.memory(of, digests)
            looks = kept._looks(of.frame.loc[2], digests)
        self.assertFalse(chart.why_not)
        self.assertGreater(len(looks), 1)
        # in steps: those of the loop, the last look after the last one
        self.assertEqual(looks[-1][0], 300)
        self.assertEqual(sorted(looks), looks)

    def test_keys_of_steps(self):
        """Rings are used again, and what is removed is the step that is too
        old; nothing is left in somebody else's server."""
        server = Monitored(self)
        self.theirs(server, "--tensors=2", "--history=3", "--pipelined=true")
        self.assertEqual(server.ask("dbsize"), "0")
        tried = server.calls("set") - 2 * 10  # rights, beforehand
        self.assertEqual(server.calls("get") - 2 * 10, tried)
        keys = [w[0] for w in server.said("SET")]
        stem = keys[0][:-len("0.0")]
        name = stem[:stem.index("{")]
        self.assertEqual(stem, f"{name}{{{name}}}.")
        self.assertRegex(name, "^srbench:[0-9a-f]{16}:throughput_rank_0$")
        self.assertEqual(keys, [f"{stem}{s % 3}.{i}" for s in range(10)
                                for i in (0, 1)])

    def test_removal(self):
        server = Monitored(self)
        self.theirs(server, "--history=4", "--retire=delete")
        self.assertEqual(server.ask("dbsize"), "0")
        gone = [w[0].rsplit("}.", 1)[1] for w in server.said("UNLINK")]
        self.assertEqual(gone, [f"{s}.0" for s in range(6)])

    def test_expiry(self):
        server = Monitored(self)
        self.theirs(server, "--retire=expire", "--expire_after=1h", BOTH,
                    permutations=2)
        self.assertEqual(server.ask("dbsize"), "0")
        puts = [w[2:] for w in server.said("SET")]
        self.assertEqual(puts, [["PX", "3600000"]] * 20)

    def test_one_tensor_is_as_ever(self):
        """Neither keys nor arrays are others, and there is nothing to clean but
        that key."""
        server = Monitored(self)
        self.theirs(server, "--pipelined=[true,false]", "--tensors=1")
        keys = {w[0] for w in server.said("SET")}
        self.assertEqual(len(keys), 1)
        self.assertRegex(keys.pop(), "throughput_rank_0$")
        with h5py.File(self.out) as f:
            for name in "retire", "shard_memory_end":
                self.assertNotIn(name, f["perm_0000"])

    def test_axes_collapse(self):
        job = self.srbench(1, "--dry_run", "--tensors=[1,2]",
                           "--pipelined=[true,false]", "--history=[1,3,all]",
                           "--retire=[overwrite,delete,expire]",
                           "--expire_after=[1s,2s]", "--tensor_bytes=1024")
        self.assertEqual(job.returncode, 0, job.describe())
        # history and retire: 1 and 3 by two, all by one; expire by two times
        self.assertIn(f" {3 * (5 + 2)} permutations", job.stdout)
        for words in ("pipelined (2 values) collapses where a step has one "
                      "tensor",
                      "history (3 values) collapses where keys expire",
                      "retire (3 values) collapses where all steps stay",
                      "expire_after (2 values) collapses where keys do not "
                      "expire"):
            self.assertIn(words, job.stdout + job.stderr)

    def test_what_is_refused(self):
        for args, words in (
                (["--pipelined=true"], "expected tensors of 2 or more"),
                (["--retire=expire"], "expected expire_after with it"),
                (["--expire_after=3s"], "expected retire: expire with it"),
                (["--retire=expire", "--expire_after=0.1ms"],
                 "expected 1ms or more"),
                (["--retire=expire", "--expire_after=1.5ms"],
                 "expected 1ms or more, and no parts of one"),
                (["--retire=expire", "--expire_after=3s", "--history=3"],
                 "--history: does nothing where all keys expire"),
                (["--retire=delete", "--history=all"],
                 "--retire: does nothing where all steps stay"),
                (["--retire=expire", "--expire_after=3s", "--db_exe=floor"],
                 "expire is what the servers floor"),
                (["--retire=expire", "--expire_after=3s", "--client=null"],
                 "client 'null' has no server"),
                (["--retire=expire", "--expire_after=3s",
                  "--command_set=redisai", f"--db_modules={STAND_IN}"],
                 "command_set: redisai does not use"),
                (["--history=all", "--duration=2s"],
                 "all has no end in a loop that lasts a duration"),
                (["--history=0"], "history"),
                (["--tensors=0"], "tensors"),
                (["--history=1000", "--tensor_bytes=1GiB"],
                 "of memory"),
                (["--history=10", "--tensor_bytes=1MiB",
                  "--db_args={maxmemory: 5mb}"],
                 "keeps 10 MiB in a server, which may use 5 MiB")):
            job = self.srbench(1, "--output=none", "--iterations=20", *args)
            self.assertEqual(job.returncode, 2, job.describe())
            self.assertIn(words, job.stderr)


if __name__ == "__main__":
    main()
