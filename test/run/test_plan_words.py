"""A plan for an imaginary machine takes what a job takes, and refuses what a
job would refuse before it runs anything, in the same words."""
from srbtest import RunTest, main

# what both refuse, and by which words
REFUSED = (
    (("--db_address=127.0.0.1",),
     "db_address: '127.0.0.1' is an address without a port, expected both, "
     "such as 127.0.0.1:6780"),
    (("--db_address=a:1, A:1",),
     "'a' port 1 and 'A' port 1 are the same server"),
    (("--db_address=http://a",), "db_address: found 'http://a'"),
    (("--db_hosts=nid[0001-0003",), "is no list of hosts"),
    (("--db_exe=null",), "client 'socket' needs a server, and db_exe 'null'"),
    (("--db_exe=null", "--client=null", "--null_client={nonsense: 1}"),
     "nonsense"),
    (("--db_exe=floor", "--db_args={maxmemory: 1mb}"),
     "has directives; leave out db_args, or give another db_exe with it"),
    (("--db_env={9A: 1}",), "db_env: found '9A', expected the name of a "
     "variable: letters, digits and _, no digit first"),
    (("--db_env={SRBENCH_X: 1}",), "'SRBENCH_X' is srbench's own"),
    (("--db_env=[{}, {PMI_RANK: 1}]",), "'PMI_RANK' is the launcher's"),
    (("--db_exe=null", "--client=null", "--db_env={A: 1}"),
     "db_env: no server of this study (null) has such a choice"),
    (("--db_max_clients=1",), "db_max_clients: 1 is fewer than the "),
    (("--output=a.h5", "--summary_json=a.h5"), "summary_json"),
)
HERE = ("throughput_standard", "--tensor_bytes=4", "--virtual_nodes=3")


class PlanWords(RunTest):
    def test_what_is_refused(self):
        for args, words in REFUSED:
            for ranks, machine in ((0, ("--dry_run", "--machine=3x3")),
                                   (9, ("--dry_run",)), (9, ())):
                with self.subTest(args=args, ranks=ranks, machine=machine):
                    job = self.start(ranks, *HERE, *args, *machine).wait(60)
                    self.assert_status(job, 2)
                    self.assertIn(words, job.stderr)

    def test_what_is_honoured(self):
        for args, words in (
                (("--db_hosts=nid[001-003,7]",), "DBN4"),
                (("--db_hosts=[1-2]n",), "DBN2"),
                (("--db_address=[::1]:6780",), "databases elsewhere"),
                (("--db_nodes=1,2",), "DBN2")):
            with self.subTest(args=args):
                job = self.start(0, "throughput_standard", "--tensor_bytes=4",
                                 "--dry_run", "--machine=8x2", *args).wait(20)
                self.assertEqual(job.returncode, 0, job.describe())
                self.assertIn(words, job.stdout)


if __name__ == "__main__":
    main()
