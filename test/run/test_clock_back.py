# ctest: label=fast
"""A monotonic clock that goes back, as those of some virtual machines do: what
was timed with it is no result."""

from srbtest import RunTest, column, main

NAP_NS = 2000000  # of no other sleep


class ClockBack(RunTest):

    def study(self, nap, *args):
        """Rank 1's clock goes back in its nap-th operation of all."""
        only = self.top / "only"
        only.write_text(f"""#!/bin/sh
case ${{PMI_RANK:-${{PMIX_RANK:-$OMPI_COMM_WORLD_RANK}}}} in
1) LD_PRELOAD={self.preloaded("clock_back")} CLOCK_BACK_NAP={nap} CLOCK_BACK_NAP_NS={NAP_NS} \\
    exec "$@" ;;
esac
exec "$@"
""", encoding="utf-8")
        only.chmod(0o755)
        self.out = self.dir / "back.h5"
        return self.srbench(
            2, "--client=null", "--db_exe=null", f"--output={self.out}",
            "--overwrite", "--tensor_bytes=[4,8]", "--iterations=5",
            *(() if args and "warmup" in args[0] else ("--warmup=0",)),
            f"--null_client={{delay: {NAP_NS // 1000}us}}", *args,
            wrapper=[str(only)])

    def test_in_a_put_and_in_a_get(self):
        for nap, args in ((3, ()), (4, ()), (2, ("--warmup=2",)),
                          (12, ("--sync=none",)),
                          (4, ("--sync=iteration",)),
                          (7, ("--pattern=phases",))):
            with self.subTest(nap=nap, args=args):
                job = self.study(nap, *args)
                failed = int(nap == 12)  # one permutation has ten operations
                self.assert_status(job, 1, completed=1, failed=1)
                f = self.open(self.out)
                self.assertEqual(column(f["summary"], "status")[failed],
                                 "failed")
                error = column(f["summary"], "error")[failed]
                self.assertRegex(
                    error, r"^rank 1 on \S+: client 1: the monotonic clock went "
                    r"back by \d+ ns at pair \d+, and no time of this ")
                self.assertIn(error, job.stderr)

    def test_as_long_as_it_does_not(self):
        self.assert_passed(self.study(1000), 2)


if __name__ == "__main__":
    main()
