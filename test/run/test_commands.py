"""Command sets: tensors by AI.TENSORSET and AI.TENSORGET, against a scripted
server that stands in for one with RedisAI; and what is refused.
"""
# ctest: label=fast
from fakeserver import FakeServer
from srbtest import RunTest, main, text


class CommandSets(RunTest):

    def measure(self, server, *args):
        return self.srbench(
            2, "throughput_standard", "--tensor_bytes=4096", "--iterations=5",
            "--verify=all", "--command_set=redisai", "--op_timeout=2s",
            f"--db_address=127.0.0.1:{server.port}", "--overwrite", *args,
            f"--output={self.dir / 'commands.h5'}")

    def test_both_clients_against_the_stand_in(self):
        with FakeServer(tensors=True) as server:
            job = self.measure(server, "--client=[socket,hiredis]",
                               "--device=GPU")
        self.assert_passed(job, permutations=2)
        self.assertIn([b"AI.TENSORSET", b"FLOAT", b"1", b"1024", b"BLOB"],
                      server.asked)
        self.assertIn([b"AI.TENSORGET", b"META", b"BLOB"], server.asked)
        with self.open(self.dir / "commands.h5") as f:
            attrs = f["perm_0001"].attrs
            self.assertEqual(text(attrs["command_set"]), "redisai")
            self.assertEqual(text(attrs["device"]), "gpu")

    def test_a_wrong_tensor_is_seen(self):
        with FakeServer("wrong data", tensors=True) as server:
            job = self.measure(server)
        self.assertEqual(job.returncode, 1, job.stderr)
        self.assertEqual(job.status["verify_errors"], 1)

    def test_a_server_without_redisai(self):
        with FakeServer() as server:
            job = self.measure(server)
        self.assertEqual(job.returncode, 2, job.stderr)
        self.assertIn("the server has no AI.TENSORGET", job.stderr)

    def test_refused(self):
        for args, words in (
                (["--command_set=redisai"], "needs RedisAI in the servers"),
                (["--device=cpu"], "SET and GET have no such thing"),
                (["--db_tpq=2"], "expected db_modules with RedisAI"),
                (["--db_modules=/x/redisai.so", "--db_exe=floor"],
                 "is for servers that load modules"),
                (["--command_set=redisai", "--db_modules=/x/redisai.so",
                  "--db_exe=[redis-server,floor]"], "do not speak"),
                (["--command_set=[plain,redisai]", "--db_exe=[floor,shm]",
                  "--db_modules=/x/redisai.so"], "do not speak"),
                (["--db_modules=/x/redisai.so"], "cannot read")):
            with self.subTest(args):
                job = self.srbench(1, *args, "--output=none")
                self.assertEqual(job.returncode, 2, job.stderr)
                self.assertIn(words, job.stderr)

    def test_beside_others(self):
        """Who has one way to be spoken to, or none, stands in the same sweep."""
        job = self.srbench(0, "--command_set=[plain,redisai]", "--dry_run",
                           "--db_modules=/x/redisai.so", "--machine=1x4",
                           "--db_exe=[redis-server,floor,shm,mpi,files]",
                           "--tensor_bytes=4", "--verbose")
        self.assertEqual(job.returncode, 0, job.stderr)
        self.assertIn("6 permutations", job.stdout)
        for server in "floor", "shm", "mpi", "files":
            self.assertIn(f"command_set (2 values) collapses with {server}",
                          job.stdout + job.stderr)


if __name__ == "__main__":
    main()
