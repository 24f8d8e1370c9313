"""What runs full while a study runs: the disk of the results, the memory and the
connections of a server.
"""
# ctest: label=full
import os
import subprocess
import unittest

from srbtest import RunTest, column, main, text


class Full(RunTest):

    def setUp(self):
        super().setUp()
        self.out = self.dir / "full.h5"

    def errors(self):
        f = self.open(self.out)
        return list(zip(self.assert_groups(f), column(f["summary"], "error")))

    def tmpfs(self, size):
        folder = self.top / "small"
        folder.mkdir()
        if subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size}",
                           "tmpfs", str(folder)],
                          capture_output=True).returncode:
            raise unittest.SkipTest("no file system can be mounted here")
        self.addCleanup(subprocess.run, ["umount", "-l", str(folder)])
        return folder

    def test_the_disk_of_the_results(self):
        """Filled by somebody else in mid-study: what was measured is kept."""
        folder = self.tmpfs("64m")
        self.out = folder / "full.h5"
        gate = self.gate(2, at=2)
        job = self.start(2, "--tensor_bytes=[4096,4100,4104,4108,4112,4116]",
                         "--iterations=20000", "--op_timeout=1h",
                         f"--figures={self.dir / 'figures.txt'}",
                         f"--output={self.out}", gate=gate)
        job.wait_until(lambda: job.has_ended(2), "two of six")
        with open(folder / "theirs", "wb") as theirs:
            try:
                while True:
                    theirs.write(b"\0" * 65536)
                    theirs.flush()
            except OSError:
                pass
        gate.open()
        job.wait()
        self.assertEqual(job.returncode, 1, job.describe())
        self.assertIn("the result file cannot be written, the study ends here",
                      job.stderr)
        os.unlink(folder / "theirs")
        reported = {fom["perm"] for fom in job.foms}
        self.assertGreaterEqual(len(reported), 2)
        f = self.open(self.out)
        for number in reported:
            g = self.perm(number, f)
            self.assertEqual(text(g.attrs["status"]), "completed")
            self.assertTrue((g["put_tensor"][...] > 0).all())

    def fill(self, path):
        """To the last byte."""
        with open(path, "wb", buffering=0) as theirs:
            for size in (65536, 4096, 1):
                try:
                    while True:
                        theirs.write(b"\0" * size)
                except OSError:
                    pass

    def test_scratch_of_servers_that_write_nothing(self):
        """Only a cluster has a file there: without one the set-up that comes
        after is as good as the one before."""
        folder = self.tmpfs("8m")
        for placement, clients in (("throughput_standard", 2),
                                   ("throughput_colocated", 4)):
            with self.subTest(placement):
                gate = self.gate(clients)
                job = self.start(4, placement, "--virtual_nodes=2",
                                 "--db_cpus=[1,2]", "--tensor_bytes=4096",
                                 "--iterations=50", "--verbose",
                                 "--overwrite", f"--output={self.out}",
                                 "--op_timeout=1h", gate=gate,
                                 wrapper=["env", f"TMPDIR={folder}"])
                job.wait_until(lambda: "set-up 0: started" in job.stderr,
                               "the first")
                self.fill(folder / "theirs")
                gate.open()
                job.wait()
                self.assert_passed(job, permutations=2)
                os.unlink(folder / "theirs")
                self.assertEqual(os.listdir(folder), [])

    def test_scratch(self):
        """A set-up that finds no room for its files fails in words, and so does
        what it needs; the one before is kept."""
        folder = self.tmpfs("8m")
        gate = self.gate(3)
        job = self.start(4, "throughput_standard", "--virtual_nodes=4",
                         "--db_nodes=[1,3]", "--tensor_bytes=4096",
                         "--iterations=50", "--verbose", "--db_timeout=50s",
                         "--op_timeout=1h", f"--output={self.out}", gate=gate,
                         wrapper=["env", f"TMPDIR={folder}"])
        job.wait_until(lambda: "set-up 0: started" in job.stderr, "the first")
        self.fill(folder / "theirs")
        gate.open()
        job.wait()
        self.assert_status(job, 1, completed=1, failed=1)
        (first, _), (second, why) = self.errors()
        self.assertEqual((first, second), ("completed", "failed"))
        self.assertIn("No space left on device", why)
        os.unlink(folder / "theirs")
        self.assertEqual(os.listdir(folder), [])

    def test_the_memory_of_a_server(self):
        """That srbench knows nothing of: the server is given less by others."""
        server = self.top / "small-server"
        server.write_text("#!/bin/sh\nexec redis-server \"$@\" --maxmemory 3mb\n",
                          encoding="utf-8")
        server.chmod(0o755)
        job = self.srbench(2, "--tensor_bytes=[1024,4MiB,2048]",
                           "--iterations=5", f"--db_exe={server}",
                           f"--output={self.out}")
        self.assert_status(job, 1, completed=2, failed=1)
        (first, _), (second, why), (third, _) = self.errors()
        self.assertEqual((first, second, third),
                         ("completed", "failed", "completed"))
        self.assertIn("OOM command not allowed", why)

    def test_the_connections_of_a_server(self):
        """A server that takes fewer than there are clients."""
        job = self.srbench(6, "--tensor_bytes=1024", "--iterations=5",
                           "--clients_per_node=[6,1]",
                           "--db_args={maxclients: 3}",
                           f"--output={self.out}")
        self.assert_status(job, 1, completed=1, failed=1)
        (first, why), (second, _) = self.errors()
        self.assertEqual((first, second), ("failed", "completed"))
        self.assertIn("max number of clients reached", why)


if __name__ == "__main__":
    main()
