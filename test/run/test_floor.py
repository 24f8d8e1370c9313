# ctest: label=fast,asan
"""The built-in server in place of a database: it is started, placed, swept,
verified and missed like any other."""
import json
import math
import os
import re
import shutil
import signal
import socket
import unittest
from pathlib import Path

from srbtest import (DATABASE, SANITIZED, SERVER, SRBENCH, RunTest, column, main,
                     text)


class FloorTest(RunTest):

    def study(self, nranks, *args, exe="floor", **how):
        self.out = self.dir / "floor.h5"
        return self.srbench(nranks, f"--db_exe={exe}", "--verify=all", *args,
                            f"--output={self.out}", **how)


class Placements(FloorTest):

    def test_colocated(self):
        """Both clients over both transports, on two nodes."""
        job = self.study(4, "--virtual_nodes=2", "--transport=[tcp,unix]",
                         "--client=[socket,hiredis]", "--iterations=10",
                         "--tensor_bytes=[4,100KiB,1MiB]")
        self.assert_passed(job, 12)
        f = self.assert_whole(self.out, 12)
        self.assertRegex(text(f.attrs["server_version"]), r"^floor \d+\.\d+\.\d+")
        for i in range(12):
            g = self.perm(i, f)
            tcp = text(g.attrs["transport"]) == "tcp"
            self.assertEqual(set(column(g, "client_address")),
                             {"127.0.0.1" if tcp else "unix"})
            peak = g["shard_peak_memory"][...]
            self.assertTrue((peak > g.attrs["payload_bytes"]).all(), peak)
            self.assertTrue((g["shard_cpu_time"][...] > 0).all())

    def test_standard(self):
        """Two shards are two servers, whatever db_cluster says, and its bus's
        ports are nobody's business."""
        with socket.socket() as bus:
            bus.bind(("127.0.0.1", self.port + 10000))
            bus.listen()
            job = self.study(4, "throughput_standard", "--virtual_nodes=4",
                             "--client_nodes=2", "--db_nodes=2",
                             "--db_cluster=[true,false]", "--keys=balanced",
                             "--tensor_bytes=[1024,1MiB]", "--iterations=10")
        self.assert_passed(job, 4)
        f = self.assert_whole(self.out, 4)
        for i in range(4):
            self.assertEqual(column(self.perm(i, f), "shard_clients"),
                             [1, 1])

    def test_threads(self):
        """A node's CPUs are its shards' threads together; on a machine of few
        CPUs as many as it has."""
        cpus = list(range(1, 1 + min(3, len(os.sched_getaffinity(0)))))
        job = self.study(4, "throughput_standard", "--virtual_nodes=2",
                         "--db_shards_per_node=[1,2]", f"--db_cpus={cpus}",
                         "--tensor_bytes=64KiB", "--iterations=5")
        self.assert_passed(job, 2 * len(cpus))
        f = self.open(self.out)
        wanted = {(1, 1): 1, (1, 2): 2, (1, 3): 3, (2, 1): 1, (2, 2): 1,
                  (2, 3): 1}
        for name in sorted(n for n in f if n.startswith("perm_")):
            g = f[name]
            shape = (int(g.attrs["db_shards_per_node"]),
                     int(g.attrs["db_cpus"]))
            self.assertIn(f"threads {wanted[shape]}\n",
                          text(g.attrs["db_config"]))

    def test_beside_redis(self):
        job = self.study(2, "--tensor_bytes=[1024,64KiB]", "--iterations=10",
                         exe="[redis-server,floor]")
        self.assert_passed(job, 4)
        f = self.assert_whole(self.out, 4)
        self.assertRegex(text(f.attrs["server_version"]), rf"{SERVER} \S+, floor \S+")
        configs = [text(self.perm(i, f).attrs["db_config"])
                   for i in range(4)]
        self.assertEqual([c.startswith("bind") and "threads 1" in c
                          and "appendonly" not in c for c in configs],
                         [False, False, True, True])

    def in_turn(self, slow_floor, *args, **how):
        """Three repetitions of two sizes beside a Redis; with a floor that
        sleeps for so long whenever it receives that no busy machine makes a
        Redis as slow."""
        server = self.dir / "quick-server"
        server.write_text(f'#!/bin/sh\nunset LD_PRELOAD\nexec {DATABASE} "$@"\n',
                          encoding="utf-8")
        server.chmod(0o755)
        env = {"LD_PRELOAD": f"{self.preloaded('slow_reads')}",
               "SLOW_READS": "20"} if slow_floor else {}
        return self.study(1, "--tensor_bytes=[1024,4096]", "--iterations=20",
                          "--repetitions=3", f"--db_env={json.dumps(env)}",
                          f"--summary_json={self.dir / 'summary.json'}",
                          *args, exe=f"[{server},floor]", **how)

    def test_in_turn(self):
        """Forth and back, so that few set-ups are started twice in a row. All rows
        of a configuration have the share of its repetitions, with its
        interval."""
        job = self.in_turn(False)
        self.assert_passed(job, 12)
        f = self.assert_whole(self.out, 12)
        order = sorted(range(12),
                       key=lambda i: self.perm(i, f).attrs["position"])
        self.assertEqual(order, [0, 3, 6, 9, 7, 10, 1, 4, 2, 5, 8, 11])
        share = {end: f[f"summary/window_of_floor{end}"][...]
                 for end in ("", "_low", "_high")}
        window = f["summary/window"][...]
        for first in (0, 3):
            rows = slice(first, first + 3)
            ratios = window[rows] / window[first + 6:first + 9]
            for end in share.values():
                self.assertEqual(len(set(end[rows])), 1)
            self.assertAlmostEqual(share[""][first],
                                   math.prod(ratios) ** (1 / 3), places=9)
            self.assertLess(share["_low"][first], share[""][first])
            self.assertLess(share[""][first], share["_high"][first])
        self.assertTrue(all(math.isnan(x) for x in share[""][6:]))

    @unittest.skipIf(SANITIZED, "nothing can be preloaded before the runtime of "
                     "a sanitizer; the build without has this test, too")
    def test_beaten(self):
        """A slow floor is no limit: the file, the table and the verdict say so;
        and no more, once that is over."""
        job = self.in_turn(True)
        self.assert_passed(job, 12)
        f = self.assert_whole(self.out, 12)
        beaten = ["floor_beaten" in flags.split(",")
                  for flags in column(f["summary"], "flags")]
        self.assertEqual(beaten, [True] * 6 + [False] * 6)
        self.assertGreater(f["summary/put_tensor_of_floor_low"][0], 1)
        self.assertIn("f floor_beaten, 2 of 4: ", job.stdout)
        self.assertIn("2 configurations were faster than floor in their place",
                      text(f.attrs["verdicts"]))
        rows = json.loads((self.dir / "summary.json").read_text(
            encoding="utf-8"))["summary"]
        self.assertEqual(["floor_beaten" in row["flags"] for row in rows], beaten)
        f.close()
        # the next session judges anew, with what is kept
        job = self.in_turn(True, "--resume")
        self.assert_passed(job, 12)
        with self.open(self.out) as f:
            self.assertEqual(["floor_beaten" in flags.split(",") for flags in
                              column(f["summary"], "flags")], beaten)

    def test_behind_a_wrapper_and_moved(self):
        """The server is the program that runs, not what has its name."""
        moved = self.dir / "moved"
        shutil.copy(SRBENCH, moved)
        wrapper = self.dir / "wrapper"
        wrapper.write_text(f'#!/bin/sh\nshift\nexec "{moved}" "$@"\n',
            encoding="utf-8")
        wrapper.chmod(0o755)
        gate = self.gate(1)
        job = self.start(1, "--db_exe=[redis-server,floor]",
                         "--tensor_bytes=4", "--iterations=20",
                         "--op_timeout=1h", "--output=none",
                         wrapper=[str(wrapper)], gate=gate)
        job.wait_until(lambda: gate.holds(job), "its first loop")
        moved.unlink()
        gate.open()
        job.wait()
        self.assert_passed(job, 2)


def pending(pid):
    """The signals that wait for a process, see proc(5); blocked ones do."""
    status = Path(f"/proc/{pid}/status").read_text(encoding="utf-8")
    waiting, blocked = (int(re.search(rf"^{name}:\s*(\w+)", status, re.M)[1], 16)
                        for name in ("ShdPnd", "SigBlk"))
    return waiting & ~blocked


class Faults(FloorTest):

    def test_arguments(self):
        job = self.study(1, "--db_args={hz: 5}", "--tensor_bytes=4")
        self.assert_status(job, 2, completed=0, failed=0)
        self.assertIn("has directives; leave out db_args, or give", job.stderr)
        self.assertFalse(self.out.exists())
        # beside a server that has some they are for that one
        job = self.srbench(1, "--db_exe=[floor,redis-server]",
                           "--db_args={hz: 17}", "--tensor_bytes=4",
                           f"--output={self.out}")
        self.assert_passed(job, 2)
        f = self.open(self.out)
        self.assertNotIn("hz", text(f["perm_0000"].attrs["db_config"]))
        self.assertIn("hz 17", text(f["perm_0001"].attrs["db_config"]))

    def test_killed(self):
        """Reported as any server; the next permutation has a new one."""
        self.out = self.dir / "killed.h5"
        job = self.start(2, "--db_exe=floor", "--tensor_bytes=[64MiB,2048]",
                         "--iterations=3000", f"--output={self.out}",
                         loops=True)
        job.wait_in_loop()
        server, = job.servers()
        os.kill(server.pid, signal.SIGKILL)
        job.wait()
        self.assert_status(job, 1, permutations=2, completed=1, failed=1)
        f = self.open(self.out)
        self.assertEqual(column(f["summary"], "status"),
                         ["failed", "completed"])
        error = text(f["perm_0000"].attrs["error"])
        self.assertIn("killed by signal 9", error)

    def test_dies_with_its_guard(self):
        job = self.start(2, "--db_exe=floor", "--tensor_bytes=1MiB",
                         "--duration=1h", "--output=none", loops=True)
        job.wait_in_loop()
        # what a batch system sends to all processes stops no server
        server, = job.servers()
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGUSR1,
                       signal.SIGHUP):
            os.kill(server.pid, number)
        # taken before the next reply of its only thread: nothing is pending
        job.wait_until(lambda: not pending(server.pid), "it to hear of them")
        self.assertEqual([s.pid for s in job.servers()], [server.pid])
        guard, = job.guards()
        os.kill(guard.pid, signal.SIGKILL)
        job.wait()
        self.assert_status(job, 1, failed=1)
        self.assertEqual([str(p) for p in job.servers()], [])
        for scratch in self.tmpdir.iterdir():  # the next start would do that
            shutil.rmtree(scratch)

    def test_not_its_port(self):
        with socket.socket() as s:
            s.bind(("127.0.0.1", self.port))
            s.listen()
            job = self.study(1, "--tensor_bytes=4")
        self.assert_status(job, 2, completed=0, failed=0)
        self.assertIn("db_port", job.stderr)


if __name__ == "__main__":
    main()
