/* Ranks that are missed, and ranks that are not: one that is silent for too
 * long ends the job, one that answers, that said it would be long, or that was
 * stopped with all others, does not. Run with two ranks or more; exit status 1
 * and words when a rank finds something wrong.
 *
 * Time is the test's own, one for all ranks: it stands still, but for what the
 * late rank lets pass, and goes on only when all who wait have looked. So what
 * else runs on the machine changes nothing.
 */
#include <mpi.h>
#include <sched.h>
#include <setjmp.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/diag.h"
#include "ranks/team.h"

/* Of the waits here, s. */
#define SILENCE 0.6
#define ASK_AFTER 0.2
#define LONGER_THAN_SILENCE (2 * (SILENCE + ASK_AFTER))
/* Who speaks last is two seconds behind the first; team_news.c. */
#define LONGER_THAN_ANYBODY (SILENCE + ASK_AFTER + 3)
#define STEP 0.1
#define STEPS(seconds) ((int)((seconds) / STEP + 0.5))
#define MOST_RANKS 16

/* Memory of all ranks. */
static struct stage {
    _Atomic int64_t now;               /* ns */
    _Atomic int64_t looks[MOST_RANKS]; /* of each, in the running wait */
    _Atomic bool gave_up[MOST_RANKS];
} * stage;

static int rank, size, failures;
static jmp_buf last_words;

static void fail(const char *what, const char *got, const char *want)
{
    failures++;
    fprintf(stderr, "rank %d of %d: %s: '%s' instead of '%s'\n", rank, size,
            what, got, want);
}

static void live_on(void)
{
    longjmp(last_words, 1);
}

static int64_t stage_now(void)
{
    stage->looks[rank]++;
    return stage->now;
}

static void open_stage(void)
{
    MPI_Win window; /* lives as long as the test */
    MPI_Aint bytes = rank == 0 ? (MPI_Aint)sizeof *stage : 0;
    int unit;

    MPI_Win_allocate_shared(bytes, 1, MPI_INFO_NULL, MPI_COMM_WORLD, &stage,
                            &window);
    MPI_Win_shared_query(window, 0, &bytes, &unit, &stage);
    if (rank == 0)
        memset(stage, 0, sizeof *stage);
    if (rank == 0)
        stage->now = 1000000000;
    MPI_Barrier(MPI_COMM_WORLD);
}

/* Whether that rank has looked twice since: what the first look found is said
 * before the second. Who gave up looks no more. */
static bool has_looked(int other, int64_t since)
{
    return stage->gave_up[other] || stage->looks[other] >= since + 2;
}

/* Every rank that waits sees that so many seconds have gone by. */
static void let_pass(double seconds)
{
    int64_t before[MOST_RANKS];

    for (int r = 0; r < size; r++)
        before[r] = stage->looks[r];
    stage->now += (int64_t)(seconds * 1e9);
    for (int r = 0; r < size; r++)
        while (r != rank && !has_looked(r, before[r]))
            sched_yield();
}

static bool one_has_spoken(void)
{
    for (int r = 0; r < size; r++)
        if (stage->gave_up[r])
            return true;
    return false;
}

/* Standard error of what comes goes to a file, until told to the old one. */
static int hide_words(FILE *hidden)
{
    int old = dup(STDERR_FILENO);

    fflush(stderr);
    dup2(fileno(hidden), STDERR_FILENO);
    return old;
}

static void show_words(FILE *hidden, int old, char *words, size_t n)
{
    size_t got;

    fflush(stderr);
    dup2(old, STDERR_FILENO);
    close(old);
    rewind(hidden);
    got = fread(words, 1, n - 1, hidden);
    words[got] = '\0';
}

/* Wait for a barrier that `late` enters after it did something for some time.
 * Whether this rank gave the other one up, with its words. Whoever did waits on
 * without a limit, so that all meet again. */
static bool wait_for(struct team *t, int late,
                     void (*meanwhile)(const struct team *t), bool quiet_wait,
                     char *words, size_t n)
{
    FILE *hidden = tmpfile();
    volatile bool gave_up = false;
    static MPI_Request request; /* lives beyond a jump */
    int old;

    if (!hidden)
        MPI_Abort(t->world, 1);
    stage->looks[rank] = 0;
    stage->gave_up[rank] = false;
    team_look(t);
    /* none has looked away before the others wait */
    team_barrier(t, t->world);
    if (rank == late)
        meanwhile(t);
    t->silence = SILENCE;
    t->ask_after = ASK_AFTER;
    MPI_Ibarrier(t->world, &request);
    old = hide_words(hidden);
    if (setjmp(last_words) != 0) {
        gave_up = true;
        t->silence = 0;
        stage->gave_up[rank] = true;
    }
    if (quiet_wait)
        team_wait(t, &request);
    else
        team_spin(t, &request);
    t->silence = 0;
    show_words(hidden, old, words, n);
    fclose(hidden);
    return gave_up;
}

/* ---- what a late rank does ---- */

static void look_away(const struct team *t)
{
    (void)t;
    for (int k = 0; k < STEPS(LONGER_THAN_ANYBODY); k++)
        let_pass(STEP);
}

static void look_away_until_missed(const struct team *t)
{
    (void)t;
    for (int k = 0; k < STEPS(LONGER_THAN_ANYBODY) && !one_has_spoken(); k++)
        let_pass(STEP);
}

static void look_now_and_then(const struct team *t)
{
    for (int k = 0; k < STEPS(LONGER_THAN_ANYBODY); k++) {
        team_look(t);
        let_pass(STEP);
    }
}

static void be_busy(const struct team *t)
{
    team_busy(t, LONGER_THAN_SILENCE);
    for (int k = 0; k < STEPS(LONGER_THAN_SILENCE); k++)
        let_pass(STEP);
    team_busy(t, 0);
}

/* All are stopped and go on, as scontrol(1) does with a job that is suspended,
 * when this one has been asked and cannot answer yet: but who asked has not
 * waited while it was stopped itself. */
static void be_suspended(const struct team *t)
{
    for (int k = 0; k < STEPS(ASK_AFTER + STEP); k++)
        let_pass(STEP);
    let_pass(1000);
    look_now_and_then(t);
}

/* ---- what comes of it ---- */

/* Who speaks: the parent, or of the root the first child. */
static int speaker(int late)
{
    return late > 0 ? (late - 1) / 2 : 1;
}

static void missed(struct team *t, int late, bool quiet_wait)
{
    char words[512], want[64];
    bool gave_up;

    if (late >= size)
        return;
    gave_up = wait_for(t, late, look_away_until_missed, quiet_wait, words,
                       sizeof words);
    if (gave_up != (rank == speaker(late)))
        fail("who speaks", gave_up ? "gave up" : "waited on",
             gave_up ? "waited on" : "gave up");
    snprintf(want, sizeof want, "rank %d (pid ", late);
    if (gave_up &&
        (!strstr(words, want) || !strstr(words, "has not answered for ")))
        fail("words", words, want);
    if (!gave_up && words[0])
        fail("words of others", words, "");
}

static void not_missed(struct team *t, int late,
                       void (*meanwhile)(const struct team *t))
{
    char words[512];

    if (wait_for(t, late, meanwhile, late % 2 == 0, words, sizeof words))
        fail("a rank that is there", words, "");
}

int main(int argc, char *argv[])
{
    struct error err;
    struct team t;

    MPI_Init(&argc, &argv);
    MPI_Comm_rank(MPI_COMM_WORLD, &rank);
    MPI_Comm_size(MPI_COMM_WORLD, &size);
    diag_rank(rank);
    if (team_open(&t, 1, ROLE_AUTO, &err) < 0) {
        fprintf(stderr, "%s\n", err.text);
        MPI_Abort(MPI_COMM_WORLD, 1);
    }
    open_stage();
    t.now = stage_now;
    diag_die_hook(live_on);
    /* a rank begins with time for discovery and checks */
    not_missed(&t, size - 1, look_away);
    team_busy(&t, 0);
    missed(&t, 0, true);
    missed(&t, 1, false);
    missed(&t, 2, true);
    missed(&t, 3, false);
    not_missed(&t, 0, look_now_and_then);
    not_missed(&t, size - 1, look_now_and_then);
    not_missed(&t, size / 2, be_busy);
    not_missed(&t, size - 1, be_suspended);
    diag_die_hook(NULL);
    MPI_Allreduce(MPI_IN_PLACE, &failures, 1, MPI_INT, MPI_SUM, MPI_COMM_WORLD);
    team_close(&t);
    MPI_Finalize();
    return failures ? 1 : 0;
}
