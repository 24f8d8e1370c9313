# ctest: label=fast full alone
"""What held a permutation back: each word has a scene that is made so (a full
link, in test_hosts.py)."""
import os
import subprocess
import sys
from pathlib import Path

from srbtest import RunTest, column, find_database, full, main


def half_a_cpu():
    """A new control group that may use half a CPU's time, of version 1 or 2;
    None where none can be made."""
    for top, limits in (("/sys/fs/cgroup/cpu", {"cpu.cfs_period_us": "20000",
                                                "cpu.cfs_quota_us": "10000"}),
                        ("/sys/fs/cgroup", {"cpu.max": "10000 20000"})):
        group = Path(top) / f"srbench-test-{os.getpid()}"
        if not (group.parent / "cgroup.procs").exists():
            continue
        try:
            group.mkdir()
            for name, value in limits.items():
                (group / name).write_text(value, encoding="utf-8")
            return group
        except OSError:
            if group.exists():
                group.rmdir()
    return None


class Limit(RunTest):

    def server(self, *lines):
        """A server that is started by a script."""
        script = self.top / "server"
        script.write_text("#!/bin/sh\n" + "".join(f"{x}\n" for x in lines)
                          + f'exec {find_database()[0]} "$@"\n',
                          encoding="utf-8")
        script.chmod(0o755)
        return f"--db_exe={script}"

    def study(self, *args, env=None, ranks=1):
        self.out = self.dir / "run.h5"
        job = self.srbench(ranks, "throughput_colocated", "--overwrite",
                           f"--output={self.out}", "--duration=2s", *args,
                           env=env)
        self.assert_passed(job, permutations=1)
        with self.open(self.out) as f:
            return ({k: column(f["summary"], k)[0] for k in f["summary"]},
                    {k: f["perm_0000"][k][:] for k in f["perm_0000"]
                     if k.startswith(("shard_", "client_"))}, job)

    @staticmethod
    def shares(row):
        return {k: row[k] for k in row
                if "share" in k or k in ("server_busy", "limit", "flags")}

    # the scenes, by the words that they deserve: one that faults for each page
    # that comes in, one that has half a CPU, clients that work, nobody that does

    def server_memory(self):
        return self.study(
            self.server("export MALLOC_CONF=dirty_decay_ms:0,muzzy_decay_ms:0",
                        'export JE_MALLOC_CONF="$MALLOC_CONF"'),
            "--tensor_bytes=16MiB")

    def working_server(self, *lines):
        return self.server(*lines, *(f"export {k}={v}" for k, v in
                                     self.slow("works").items()))

    def server_cpu(self):
        """It works for each request, and somebody else has its CPU as often."""
        cpu = max(os.sched_getaffinity(0))
        with subprocess.Popen(
                [sys.executable, "-c", "import os\nos.sched_setaffinity(0, "
                 f"[{cpu}])\nwhile True: pass"]) as other:
            try:
                return self.study(
                    self.working_server(f"taskset -cp {cpu} $$ >/dev/null"),
                    "--tensor_bytes=1KiB")
            finally:
                other.kill()

    def server_quota(self):
        """It works for each request, and a control group takes half its time."""
        group = half_a_cpu()
        if group is None:
            self.skipTest("no control group of CPU time can be made here")
        try:
            return self.study(
                self.working_server(f"echo $$ >{group}/cgroup.procs"),
                "--tensor_bytes=1KiB")
        finally:
            group.rmdir()

    def client(self):
        return self.study(self.server("unset LD_PRELOAD"),
                          "--tensor_bytes=1KiB", env=self.slow("works"))

    def waiting(self):
        return self.study(self.server(*(f"export {k}={v}" for k, v in
                                        self.slow("sleeps").items())),
                          "--tensor_bytes=1KiB")

    def slow(self, how):
        return {"LD_PRELOAD": self.preloaded("slow_reads"), "SLOW_READS": how}

    # what holds on any machine, however busy: others may take so much of it
    # that there is no word, or that all of ours waits for them

    def assert_told(self, row, *words):
        starved = row["server_busy"] < 0.5 and row["client_cpu_share"] < 0.3
        self.assertIn(row["limit"], (*words, "", *["waiting"] * starved),
                      f"load {os.getloadavg()}, {self.shares(row)}")

    def test_a_server_that_faults(self):
        row, arrays, _ = self.server_memory()
        self.assertGreater(arrays["shard_minor_faults"][0],
                           row["ops"] / 2 * 4096 / 2)
        self.assertGreater(row["server_fault_share"], 0)
        self.assert_told(row, "server_memory", "server_cpu")

    def test_half_a_cpu(self):
        row, _, _ = self.server_cpu()
        # how much the competitor gets is the scheduler's affair
        self.assertGreater(row["server_busy"], row["server_cpu_share"])
        self.assert_told(row, "server_cpu")

    def test_a_quota(self):
        row, _, _ = self.server_quota()
        self.assertLess(row["server_cpu_share"], 0.7)
        self.assertGreater(row["server_busy"], row["server_cpu_share"])
        self.assertIn(row["limit"], ("server_cpu", ""))

    def test_clients_that_work(self):
        row, arrays, _ = self.client()
        self.assertGreater(row["client_cpu_share"], row["server_cpu_share"])
        self.assertGreater(arrays["client_user_time"][0], 0)
        self.assert_told(row, "client")

    def test_nobody_works(self):
        row, _, _ = self.waiting()
        self.assertLess(row["server_cpu_share"], 0.5)
        self.assertLess(row["client_cpu_share"], 0.3)
        self.assert_told(row, "waiting")

    def test_more_than_there_are_cpus(self):
        """Everybody waits for everybody: there is no word, whatever works."""
        row, _, job = self.study(self.working_server(), "--tensor_bytes=1KiB",
                                 ranks=len(os.sched_getaffinity(0)) + 1)
        self.assertIn("oversubscribed", row["flags"])
        self.assertEqual(row["limit"], "", job.describe())

    @full
    def test_the_words(self):
        """The best of five rounds: there is a word, and it is the right one."""
        for scene, word in ((self.server_memory, "server_memory"),
                            (self.server_cpu, "server_cpu"),
                            (self.server_quota, "server_cpu"),
                            (self.client, "client"),
                            (self.waiting, "waiting")):
            with self.subTest(scene=scene.__name__):
                rounds = []
                while len(rounds) < 5 and word not in rounds:
                    row, _, _ = scene()
                    rounds.append(row["limit"])
                self.assertIn(word, rounds,
                              f"load {os.getloadavg()}, {self.shares(row)}")


if __name__ == "__main__":
    main()
