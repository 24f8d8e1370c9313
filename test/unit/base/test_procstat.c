/* What /proc says of a process, of one that does what it is told. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <math.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/procstat.h"
#include "base/tick.h"

#define PEAK (48 * 1024 * 1024)
#define NAPS 200

static void *nap(void *ignored)
{
    for (int i = 0; i < NAPS; i++)
        tick_sleep(100000);
    return ignored;
}

/* A thread that was joined is listed for an instant more, with all that it did
 * (proc(5): a link for each thread, and two). */
static void wait_alone(void)
{
    struct stat st;

    while (stat("/proc/self/task", &st) == 0 && st.st_nlink > 3)
        tick_sleep(100000);
}

static double cpu_seconds(void)
{
    struct timespec ts;

    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &ts);
    return (double)ts.tv_sec + 1e-9 * (double)ts.tv_nsec;
}

/* A child that, at every byte it hears, works for 30 ms of CPU time, touches
 * memory and lets it go, and takes naps in two threads; then answers. */
static void obey(int from, int to)
{
    char order;

    while (read(from, &order, 1) == 1) {
        double end = cpu_seconds() + 0.03;
        pthread_t other;
        /* not from malloc(), which may keep what is given back */
        volatile char *data = mmap(NULL, PEAK, PROT_READ | PROT_WRITE,
                                   MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

        if (data == MAP_FAILED || pthread_create(&other, NULL, nap, NULL) != 0)
            _exit(1);
        for (size_t i = 0; i < PEAK; i += 1024)
            data[i] = order;
        munmap((void *)(uintptr_t)data, PEAK);
        while (cpu_seconds() < end)
            ;
        nap(NULL);
        pthread_join(other, NULL);
        wait_alone();
        if (write(to, &order, 1) != 1)
            _exit(1);
    }
    _exit(0);
}

struct child {
    pid_t pid;
    int say, hear;
};

static struct child begin(void)
{
    int there[2], back[2];
    struct child c;

    assert_int_equal(pipe(there), 0);
    assert_int_equal(pipe(back), 0);
    c.pid = fork();
    assert_true(c.pid >= 0);
    if (c.pid == 0) {
        close(there[1]);
        close(back[0]);
        obey(there[0], back[1]);
    }
    close(there[0]);
    close(back[1]);
    c.say = there[1];
    c.hear = back[0];
    return c;
}

static void order(const struct child *c)
{
    char byte = 'x';

    assert_int_equal(write(c->say, &byte, 1), 1);
    assert_int_equal(read(c->hear, &byte, 1), 1);
}

static void end(const struct child *c)
{
    int status;

    close(c->say);
    close(c->hear);
    assert_int_equal(waitpid(c->pid, &status, 0), c->pid);
    assert_int_equal(status, 0);
}

static void differences_between_two_looks(void **state)
{
    struct child c = begin();
    struct procwatch first;
    struct procstat w;

    (void)state;
    order(&c); /* what was before does not count */
    procstat_begin(c.pid, &first);
    w = procstat_end(c.pid, &first);
    assert_true(w.cpu_time >= 0 && w.cpu_time < 0.02);
    assert_true(w.voluntary_switches >= 0 && w.voluntary_switches < NAPS);
    assert_true(w.peak_memory > 0 && w.peak_memory < PEAK);
    procstat_begin(c.pid, &first);
    order(&c);
    w = procstat_end(c.pid, &first);
    /* proc(5) counts ticks of up to 10 ms */
    assert_true(w.cpu_time > 0.01 && w.cpu_time < 10);
    /* the naps of the first thread; the other one has ended. A nap that is over
     * before its thread has gone to sleep is no switch. */
    assert_true(w.voluntary_switches >= NAPS / 4);
    assert_true(w.involuntary_switches >= 0);
    assert_true(w.peak_memory > PEAK);
    /* every page of it was brought in by the first thread, unless some were
     * huge; the looks are apart by what it worked at least */
    assert_true(w.huge_pages || w.minor_faults >= PEAK / sysconf(_SC_PAGESIZE));
    assert_true(w.busy_faults >= 0 && w.busy_faults <= w.minor_faults);
    assert_true(w.major_faults >= 0);
    assert_true(w.interval > 0.03);
    assert_true(w.busy_cpu > 0 && w.busy_cpu < 1.05);
    assert_true(w.busy >= w.busy_cpu && w.busy < 1.05);
    assert_true(w.user_time + w.system_time > 0.01);
    end(&c);
}

static void nobody_is_no_failure(void **state)
{
    struct child c = begin();
    struct procwatch first;
    struct procstat w;

    (void)state;
    end(&c);
    procstat_begin(c.pid, &first);
    w = procstat_end(c.pid, &first);
    assert_true(isnan(w.cpu_time));
    assert_int_equal(w.voluntary_switches, -1);
    assert_int_equal(w.involuntary_switches, -1);
    assert_int_equal(w.peak_memory, -1);
    assert_int_equal(w.minor_faults, -1);
    assert_int_equal(w.scheduled, -1);
    assert_true(isnan(w.busy) && isnan(w.system_time));
    assert_true(isnan(procstat_fault_share(&w, 1e-6)));
}

static void faults_have_a_share(void **state)
{
    static const struct {
        double interval, system, page;
        int64_t faults;
        bool huge;
        double share;
    } vectors[] = {
        {2, 0.5, 1e-6, 500000, false, 0.25},  {2, 0.5, 0, 500000, false, 0},
        {2, 0.1, 1e-6, 500000, false, 0.105}, /* no more than in the kernel */
        {2, 0.5, 1e-6, 500000, true, NAN},    {2, 0.5, 1e-6, -1, false, NAN},
        {2, 0.5, NAN, 500000, false, NAN},
    };

    (void)state;
    for (size_t i = 0; i < sizeof vectors / sizeof vectors[0]; i++) {
        struct procstat w = procstat_unknown;
        double share;

        w.interval = vectors[i].interval;
        w.busy_system = vectors[i].system;
        w.busy_faults = vectors[i].faults;
        w.huge_pages = vectors[i].huge;
        share = procstat_fault_share(&w, vectors[i].page);
        if (isnan(vectors[i].share) ? !isnan(share)
                                    : fabs(share - vectors[i].share) > 1e-9)
            fail_msg("vector %zu: %g", i, share);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(differences_between_two_looks),
        cmocka_unit_test(nobody_is_no_failure),
        cmocka_unit_test(faults_have_a_share),
    };

    signal(SIGPIPE, SIG_IGN);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
