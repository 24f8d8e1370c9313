# ctest: label=fast
"""A rank that does not come back from MPI_Finalize(): all is done by then, and
the job ends with the status that it has."""
import re

from srbtest import RunTest, main


class Finalize(RunTest):

    def study(self, ranks, how, *args):
        """These ranks do so in MPI_Finalize(), the others wait there."""
        wrapper = self.top / "wrapper"
        wrapper.write_text(f"""#!/bin/sh
export LD_PRELOAD={self.preloaded("finalize_hangs")} FINALIZE=waits
case ${{PMI_RANK:-${{PMIX_RANK:-$OMPI_COMM_WORLD_RANK}}}} in
{ranks}) FINALIZE={how} ;;
esac
exec "$@"
""", encoding="utf-8")
        wrapper.chmod(0o755)
        self.out = self.dir / "run.h5"
        return self.srbench(3, f"--output={self.out}", "--overwrite",
                            "--tensor_bytes=[4,1024]", "--iterations=20",
                            *args, wrapper=[str(wrapper)])

    def assert_done(self, job):
        self.assertEqual(
            re.findall(r"(?m)^leaves after (\d+) s$", job.stderr), ["30"] * 3,
            job.describe())
        self.assert_whole(self.out, 2)
        self.assertEqual(job.status["file"], str(self.out))

    def test_all_hang(self):
        job = self.study("*", "hangs")
        self.assert_passed(job, 2)
        self.assert_done(job)

    def test_one_hangs(self):
        job = self.study("1", "hangs")
        self.assert_passed(job, 2)
        self.assert_done(job)

    def test_one_is_stopped(self):
        """It cannot leave by itself: the launcher ends it when others do."""
        job = self.study("2", "stops")
        self.assert_passed(job, 2)
        self.assert_done(job)

    def test_status_is_kept(self):
        job = self.study("0", "hangs", "--expect={put_tensor_median: '< 0s'}")
        self.assert_status(job, 3, completed=2)
        self.assert_done(job)


if __name__ == "__main__":
    main()
