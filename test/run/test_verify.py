# ctest: label=fast
"""A tensor that is altered between put and get is noticed, and nothing else."""
import socket
import threading

from srbtest import TEST_USER, RunTest, column, main, text

PAIRS = 3000  # enough that some alteration falls between a put and its get


class Vandal(threading.Thread):
    """Says one command to the server over and over, whenever there is one; it
    is an open_server()."""

    def __init__(self, port, *words):
        super().__init__(daemon=True)
        self.port = port
        self.line = self.request(*words)
        self.login = self.request(b"AUTH", *(w.encode() for w in TEST_USER))
        self.said = 0
        self.done = threading.Event()

    @staticmethod
    def request(*words):
        return b"*%d\r\n" % len(words) + b"".join(
            b"$%d\r\n%s\r\n" % (len(w), w) for w in words)

    def run(self):
        while not self.done.is_set():
            try:
                with socket.create_connection(("127.0.0.1", self.port),
                                              timeout=1) as s:
                    s.sendall(self.login)
                    if s.recv(64) == b"+OK\r\n":
                        self.annoy(s)
            except OSError:  # not up yet, or gone
                self.done.wait(0.005)

    def annoy(self, s):
        while not self.done.is_set():
            s.sendall(self.line * 8)
            if not s.recv(4096):
                return
            self.said += 8

    def stop(self):
        self.done.set()
        self.join()


class VerifyTest(RunTest):

    def study(self, nranks, *args, vandal=None):
        self.out = self.dir / "verify.h5"
        if vandal:
            args = (*args, f"--db_exe={self.open_server()}")
        job = self.start(nranks, *args, "--overwrite", f"--output={self.out}")
        thread = Vandal(self.port, *vandal) if vandal else None
        if thread:
            thread.start()
        try:
            job.wait()
        finally:
            if thread:
                thread.stop()
        if thread:
            self.assertGreater(thread.said, 100, "no harm was done")
        return job

    def assert_noticed(self, job, *words):
        """In the verdict, in the file, and in words. Returns how many."""
        self.assert_status(job, 1, permutations=1, completed=1, failed=0,
                           skipped=0)
        errors = job.status["verify_errors"]
        self.assertGreater(errors, 0, job.describe())
        f = self.open(self.out)
        attrs = f["perm_0000"].attrs
        self.assertEqual(text(attrs["status"]), "completed")
        self.assertEqual(int(attrs["verify_errors"]), errors)
        self.assertEqual(column(f["summary"], "verify_errors"), [errors])
        for flags in (text(attrs["flags"]), column(f["summary"], "flags")[0]):
            self.assertIn("verify", flags.split(","))
        for word in words:
            self.assertIn(word, text(attrs["verify_error"]), job.describe())
            self.assertIn(word, job.stderr, job.describe())
        self.assertIn("came back wrong", job.stderr, job.describe())
        return errors

    def assert_unnoticed(self, job, permutations=1):
        self.assert_passed(job, permutations)
        f = self.open(self.out)
        for i in range(permutations):
            attrs = self.perm(i, f).attrs
            self.assertEqual(int(attrs["verify_errors"]), 0)
            self.assertEqual(text(attrs["verify_error"]), "")
            self.assertNotIn("verify", text(attrs["flags"]).split(","))


class RealServer(VerifyTest):

    def test_altered_in_the_server(self):
        """Four bytes of one client's tensor: that client, that element."""
        for client, element in ((0, 5), (1, 255)):
            with self.subTest(client=client):
                key = b"throughput_rank_%d" % client
                job = self.study(2, "--verify=all", "--tensor_bytes=1024",
                                 f"--iterations={PAIRS}",
                                 vandal=(b"SETRANGE", key,
                                         b"%d" % (4 * element), b"evil"))
                self.assert_noticed(
                    job, f"client {client}, pair ",
                    f"1 of 256 elements came back wrong, the first at "
                    f"{element}: ", "0x6c697665")

    def test_altered_in_a_standard_database(self):
        """The last element of a tensor of many pages, on another node."""
        job = self.study(4, "throughput_standard", "--virtual_nodes=2",
                         "--verify=all", "--tensor_bytes=64KiB",
                         f"--iterations={PAIRS // 2}",
                         vandal=(b"SETRANGE", b"throughput_rank_1", b"65532",
                                 b"evil"))
        self.assert_noticed(job, "client 1, pair ", "1 of 16384 elements",
                            "the first at 16383: ")

    def test_not_asked_for(self):
        """With verify: none the same harm is not noticed."""
        job = self.study(2, "--verify=none", "--tensor_bytes=1024",
                         f"--iterations={PAIRS}",
                         vandal=(b"SETRANGE", b"throughput_rank_0", b"20",
                                 b"evil"))
        self.assert_unnoticed(job)

    def test_another_length(self):
        """A reply of another length is a failure, whatever verify says."""
        for verify, words in (("none", (b"APPEND", b"throughput_rank_0",
                                        b"evil")),
                              ("all", (b"SET", b"throughput_rank_0", b""))):
            with self.subTest(command=words[0]):
                job = self.study(2, f"--verify={verify}",
                                 "--tensor_bytes=1024",
                                 f"--iterations={PAIRS}", vandal=words)
                self.assert_lost(job, "throughput_rank_0", "1024")

    def test_removed(self):
        job = self.study(2, "--verify=none", "--tensor_bytes=1024",
                         f"--iterations={PAIRS}",
                         vandal=(b"DEL", b"throughput_rank_1"))
        self.assert_lost(job, "throughput_rank_1", "no such key")

    def assert_lost(self, job, *words):
        self.assert_status(job, 1, permutations=1, completed=0, failed=1)
        error = text(self.perm().attrs["error"])
        for word in words:
            self.assertIn(word, error, job.describe())

    def test_unaltered(self):
        job = self.study(4, "--verify=all", "--iterations=30",
                         "--tensor_bytes=[4,8,1023,1024,32769,1MiB]")
        self.assert_unnoticed(job, 6)

    def test_unaltered_in_a_cluster(self):
        job = self.study(8, "throughput_standard", "--virtual_nodes=4",
                         "--db_nodes=3", "--keys=[smartsim,balanced]",
                         "--verify=all", "--iterations=30", "--warmup=0",
                         "--tensor_bytes=[4,32769]")
        self.assert_unnoticed(job, 4)


class NullClient(VerifyTest):
    """Exactly one pair is altered: exactly those that look see it."""

    def altered(self, nranks, verify, pair, client=None):
        who = "" if client is None else f"client: {client}, "
        return self.study(nranks, "--client=null", "--db_exe=null",
                          f"--null_client={{{who}alter_at: {pair}}}",
                          f"--verify={verify}", "--tensor_bytes=1024",
                          "--warmup=2", "--iterations=8")

    def test_one_pair_of_one_client(self):
        job = self.altered(4, "all", pair=5, client=2)
        self.assertEqual(self.assert_noticed(
            job, "client 2, pair 5", "1 of 256 elements",
            "the first at 128: "), 1)

    def test_every_client(self):
        job = self.altered(4, "all", pair=5)
        self.assertEqual(self.assert_noticed(job, "client 0, pair 5"), 4)

    def test_at_the_ends(self):
        for pair in (0, 9):
            with self.subTest(pair=pair):
                job = self.altered(2, "ends", pair, client=1)
                self.assertEqual(self.assert_noticed(
                    job, f"client 1, pair {pair}"), 1)

    def test_between_the_ends(self):
        self.assert_unnoticed(self.altered(2, "ends", pair=5))

    def test_nobody_looks(self):
        self.assert_unnoticed(self.altered(2, "none", pair=0))


if __name__ == "__main__":
    main()
