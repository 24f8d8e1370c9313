# ctest: label=fast
"""A rank that does not come back from MPI_Finalize(): all is done by then, and
each rank that can leave does so with the status that it has.

What the launcher makes of that is its own: to it, ranks that left without
MPI_Finalize() are a job that broke. Hydra 4.0.2 ends what is left of it with
SIGKILL; whom it has waited for before the last rank's streams are closed counts
as that says (9, or 1), and whom it has not as 0 (pmip.c, main())."""
import re

from srbtest import RunTest, main


class Finalize(RunTest):

    def study(self, ranks, how, *args):
        """These ranks do so in MPI_Finalize(), the others wait there."""
        wrapper = self.top / "wrapper"
        wrapper.write_text(f"""#!/bin/sh
export LD_PRELOAD={self.preloaded("finalize_hangs")} FINALIZE=waits
export FINALIZE_LEFT={self.top / "left"}
case ${{PMI_RANK:-${{PMIX_RANK:-$OMPI_COMM_WORLD_RANK}}}} in
{ranks}) FINALIZE={how} ;;
esac
exec "$@"
""", encoding="utf-8")
        wrapper.chmod(0o755)
        self.out = self.dir / "run.h5"
        return self.start(3, f"--output={self.out}", "--overwrite",
                            "--tensor_bytes=[4,1024]", "--iterations=20",
                            *args, wrapper=[str(wrapper)])

    def assert_left(self, job, status, *others):
        """With that status; and all was done before."""
        job.wait()
        self.assertEqual(
            re.findall(r"(?m)^leaves after (\d+) s$", job.stderr), ["30"] * 3,
            job.describe())
        self.assertEqual(
            sorted((self.top / "left").read_text(encoding="utf-8").split()),
            sorted([f"{status:03d}"] * (3 - len(others)) + [*others]),
            job.describe())
        self.assert_verdict(job, "fail" if status else "pass", permutations=2,
                            completed=2, failed=0, skipped=0, verify_errors=0)
        self.assert_whole(self.out, 2)
        self.assertEqual(job.status["file"], str(self.out))

    def test_all_hang(self):
        self.assert_left(self.study("*", "hangs"), 0)

    def test_one_hangs(self):
        self.assert_left(self.study("1", "hangs"), 0)

    def test_one_is_stopped(self):
        """It cannot leave by itself: the launcher ends it when others do."""
        job = self.study("2", "stops")
        job.wait_until(lambda: "T" in [p.state for p in job.ranks()],
                       "rank 2 to stop")
        with open(self.top / "left", "a", encoding="utf-8") as left:
            left.write("---\n")
        self.assert_left(job, 0, "---")

    def test_status_is_kept(self):
        self.assert_left(self.study(
            "0", "hangs", "--expect={put_tensor_median: '< 0s'}"), 3)


if __name__ == "__main__":
    main()
