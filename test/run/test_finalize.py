# ctest: label=fast
"""A rank that does not come back from MPI_Finalize(): all is done by then, and
each rank that can leave does so with the status that it has.

To Hydra 4.0.2 ranks that left without MPI_Finalize() are a job that broke: it
ends what is left of it with SIGKILL; whom it has waited for before the last
rank's streams are closed counts as that says (9, or 1), and whom it has not as 0
(pmip.c, main()). So the first rank that leaves ends the job by PMI's own word,
with the status that all have."""
import re

from srbtest import RunTest, main


class Finalize(RunTest):

    def study(self, ranks, how, *args):
        """These ranks do so in MPI_Finalize(), the others wait there."""
        wrapper = self.top / "wrapper"
        wrapper.write_text(f"""#!/bin/sh
export LD_PRELOAD={self.preloaded("finalize_hangs")} FINALIZE=waits
export FINALIZE_LEFT={self.top / "left"} FINALIZE_HERE={self.top / "here"}
export FINALIZE_RANKS=3
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

    def assert_left(self, job, status):
        """Whoever left by itself, and mpiexec; and all was done before."""
        job.wait()
        self.assertEqual(job.returncode, status, job.describe())
        self.assertEqual(self.await_no_leftovers(), [])
        self.assertEqual(
            re.findall(r"(?m)^leaves after (\d+) s$", job.stderr), ["30"] * 3,
            job.describe())
        # whoever waits in PMI's barrier is ended with it
        self.assertEqual(
            set((self.top / "left").read_text(encoding="utf-8").split()),
            {f"{status:03d}"}, job.describe())
        self.assert_verdict(job, "fail" if status else "pass", permutations=2,
                            completed=2, failed=0, skipped=0, verify_errors=0)
        self.assert_whole(self.out, 2)
        self.assertEqual(job.status["file"], str(self.out))

    def test_all_hang(self):
        self.assert_left(self.study("*", "hangs"), 0)

    def test_one_hangs(self):
        self.assert_left(self.study("1", "hangs"), 0)

    def test_one_is_stopped(self):
        """It cannot leave by itself: it is ended with the job."""
        self.assert_left(self.study("2", "stops"), 0)

    def test_status_is_kept(self):
        self.assert_left(self.study(
            "0", "hangs", "--expect={put_tensor_median: '< 0s'}"), 3)


if __name__ == "__main__":
    main()
