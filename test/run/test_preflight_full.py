# ctest: label=full timeout=6000
"""Values above what Redis takes by default: 512 MiB in a value, 1 GiB in what a
client sends. And what was foreseen of memory holds."""
import socket
import subprocess
import time
import shutil
import unittest

from srbtest import DATABASE, RunTest, main, text


def available():
    for line in open("/proc/meminfo"):
        if line.startswith("MemAvailable:"):
            return int(line.split()[1]) * 1024
    return 0


class Large(RunTest):

    @unittest.skipIf(available() < 8 << 30, "less than 8 GiB are available")
    def test_values(self):
        out = self.dir / "large.h5"
        job = self.srbench(1, "--tensor_bytes=[600MB,1100MiB]",
                           "--client=[socket,hiredis]", "--iterations=3",
                           "--verify=all", f"--output={out}",
                           "--op_timeout=120s", timeout=3600)
        self.assert_passed(job, 4)
        f = self.open(out)
        for i in range(4):
            g = f[f"perm_{i:04d}"]
            size = int(g.attrs["tensor_bytes"])
            peak, client = g["shard_peak_memory"][0], g["client_peak_memory"][0]
            with self.subTest(size=size, client=text(g.attrs["client"])):
                # what src/plan/footprint.c counts on
                self.assertLess(peak, 2.5 * size + (16 << 20))
                self.assertLess(client, 5.25 * 1100 * 1024 * 1024 + (64 << 20))

    def test_found_servers(self):
        """A server of somebody else's says what it takes, or keeps that to
        itself: then its refusal is the permutation's."""
        server = [shutil.which(DATABASE), "--port", str(self.port), "--save",
                  "", "--dir", str(self.dir), "--proto-max-bulk-len", "2mb"]
        for more, status, words in (
                ([], 2, "take (2097152); raise their proto-max-bulk-len"),
                (["--rename-command", "CONFIG", ""], 1, "invalid bulk length")):
            with self.subTest(server=more):
                p = subprocess.Popen([*server, *more],
                                     stdout=subprocess.DEVNULL)
                try:
                    self.await_port()
                    job = self.srbench(
                        1, "throughput_standard", "--tensor_bytes=4MiB",
                        f"--db_address=127.0.0.1:{self.port}",
                        "--output=none", "--iterations=3")
                    self.assertEqual(job.returncode, status, job.describe())
                    self.assertIn(words, job.stderr)
                finally:
                    p.kill()
                    p.wait()

    def await_port(self):
        deadline = time.monotonic() + 300
        while time.monotonic() < deadline:
            with socket.socket() as s:
                if s.connect_ex(("127.0.0.1", self.port)) == 0:
                    return
            time.sleep(0.05)
        self.fail("the server does not listen")


class Ports(RunTest):

    def test_nodes_of_a_host_do_not_meet(self):
        """A port is one node's in one set-up and another's in the next; when
        both look at it at once, neither finds it taken."""
        for _ in range(15):
            job = self.srbench(8, "throughput_standard", "--virtual_nodes=8",
                             "--client_nodes=1", "--db_nodes=[1,2,3,5]",
                             "--tensor_bytes=4", "--dry_run")
            self.assertEqual(job.returncode, 0, job.describe())


if __name__ == "__main__":
    main()
