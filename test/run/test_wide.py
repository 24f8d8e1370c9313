# ctest: label=full timeout=20000
"""A study of ten thousand permutations, counted: a permutation costs what it does
in a study of a hundred, and to go on with such a study, or to end it, is a small part
of that for each."""
import os
import signal

from srbtest import RunTest, column, main

FEW, MANY = 100, 10000
# What a resume takes at most of calls that change a file, and of bytes, for each
# permutation that it keeps: its group is linked, its row copied.
KEPT = (6, 6000)
# So many rows of what is skipped go into the file together, at least.
TOGETHER = 100


class Wide(RunTest):

    def begin(self, n, *args, **how):
        """A study of n sizes, whose rank counts how it changes files."""
        config = self.dir / f"{n}.yaml"
        config.write_text(f"tensor_bytes: {[*range(4, 4 * n + 4, 4)]}\n",
                          encoding="utf-8")
        self.count = self.top / "count"
        self.out = self.dir / f"{n}.h5"
        wrapper = self.top / "counted"
        wrapper.write_text(f"""#!/bin/sh
KILL_AT=0 KILL_COUNT={self.count} LD_PRELOAD={self.preloaded("kill_at_write")} \\
    exec "$@"
""", encoding="utf-8")
        wrapper.chmod(0o755)
        return self.start(1, "--config", config, "--db_exe=null", "--client=null",
                          "--iterations=1", "--warmup=0", f"--output={self.out}",
                          *args, wrapper=[str(wrapper)], **how)

    def counted(self):
        """Calls that changed a file, and bytes written, of the job that has ended."""
        calls, length = self.count.read_text(encoding="utf-8").split()
        return int(calls), int(length)

    def end_in_midst(self, *args):
        """Told to end when it is in its loops."""
        job = self.begin(MANY, "--null_client={delay: 100ms}", "--term_grace=0s",
                         *args, loops=True)
        job.wait_in_loop(at=3)
        os.kill(job.process.pid, signal.SIGTERM)
        job.wait()
        self.assert_signalled(job, signal.SIGTERM)
        statuses = self.assert_groups(self.open(self.out))
        self.assertEqual(len(statuses), MANY)
        self.assertGreater(statuses.count("skipped"), MANY * 0.9)
        return MANY - statuses.count("skipped")

    def test_cost(self):
        """What a permutation of few costs is the measure of all."""
        self.assert_passed(self.begin(FEW).wait(), FEW)
        few = [n / FEW for n in self.counted()]

        self.assert_passed(self.begin(MANY).wait(3600), MANY)
        many = [n / MANY for n in self.counted()]
        print(f"a permutation: {few} calls and bytes of {FEW}, {many} of {MANY}")
        for a, b in zip(few, many):
            self.assertLessEqual(b, 2 * a)

        before = column(self.open(self.out)["summary"], "put_tensor_median")
        self.assert_passed(self.begin(MANY, "--resume").wait(), MANY)
        self.assert_small("all done", few, 0, KEPT)
        self.assertEqual(
            column(self.open(self.out)["summary"], "put_tensor_median"), before)

        # of those that are skipped a column's cells are written many at a time,
        # of texts twice, and what they refer to
        columns = len(self.open(self.out)["summary"])
        skipped = (2 * columns / TOGETHER + KEPT[0], 80 * columns + KEPT[1])
        os.remove(self.out)
        all_ran = self.end_in_midst()
        self.assert_small("ended", few, all_ran, skipped)
        for i in range(2):
            ran, all_ran = -all_ran, self.end_in_midst("--resume")
            self.assert_small(f"resumed and ended ({i})", few, ran + all_ran,
                              skipped)

    def assert_small(self, what, few, ran, each_other):
        """But for those that it ran, a job was cheap."""
        print(f"{what}: {self.counted()} calls and bytes, {ran} were run")
        for n, each, bound in zip(self.counted(), few, each_other):
            self.assertLessEqual(n, (ran + 1) * 2 * each + MANY * bound, what)


if __name__ == "__main__":
    main()
