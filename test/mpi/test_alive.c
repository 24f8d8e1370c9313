/* Ranks that are missed, and ranks that are not: one that is silent for too
 * long ends the job, one that answers, that said it would be long, or that was
 * stopped with all others, does not. Run with two ranks or more; exit status 1
 * and words when a rank finds something wrong.
 */
#include <mpi.h>
#include <setjmp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/diag.h"
#include "base/tick.h"
#include "ranks/team.h"

/* Of the waits here, s: long enough for ranks that share a busy core. */
#define SILENCE 0.6
#define ASK_AFTER 0.2
/* What speaks first is a second or two ahead of the others; team_news.c. */
#define UNTIL_ONE_HAS_SPOKEN (SILENCE + ASK_AFTER + 0.5)
#define LONGER_THAN_SILENCE (2 * (SILENCE + ASK_AFTER))

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

static void sleep_seconds(double s)
{
    tick_sleep((int64_t)(s * 1e9));
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
    sleep_seconds(UNTIL_ONE_HAS_SPOKEN);
}

/* Its children wait a second or two longer than a parent does. */
static void look_away_longer(const struct team *t)
{
    (void)t;
    sleep_seconds(UNTIL_ONE_HAS_SPOKEN + 1);
}

static void look_now_and_then(const struct team *t)
{
    int64_t deadline = tick_deadline(LONGER_THAN_SILENCE);

    while (tick_now() < deadline) {
        team_look(t);
        sleep_seconds(0.1);
    }
}

static void be_busy(const struct team *t)
{
    team_busy(t, LONGER_THAN_SILENCE);
    sleep_seconds(LONGER_THAN_SILENCE);
    team_busy(t, 0);
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
    gave_up = wait_for(t, late, late ? look_away : look_away_longer, quiet_wait,
                       words, sizeof words);
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

/* ---- all are stopped, and go on ---- */

/* A process that stops this one between two instants, s from now. */
static pid_t stop_between(double from, double to)
{
    pid_t child = fork();

    if (child != 0)
        return child;
    sleep_seconds(from);
    kill(getppid(), SIGSTOP);
    sleep_seconds(to - from);
    kill(getppid(), SIGCONT);
    _exit(0);
}

static void look_a_while(const struct team *t)
{
    for (int i = 0; i < 10; i++) {
        team_look(t);
        sleep_seconds(0.1);
    }
}

/* As scontrol(1) does with a job that is suspended. The late rank is stopped
 * first, so that it is asked, and cannot answer: but who asked has not waited
 * while it was stopped itself. */
static void suspended(struct team *t, int late)
{
    char words[512];
    pid_t child;

    team_barrier(t, t->world);
    child =
        stop_between(rank == late ? 0.1 : 2 * ASK_AFTER, LONGER_THAN_SILENCE);
    if (child < 0)
        MPI_Abort(t->world, 1);
    if (wait_for(t, late, look_a_while, true, words, sizeof words))
        fail("a job that was suspended", words, "");
    waitpid(child, NULL, 0);
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
    suspended(&t, size - 1);
    diag_die_hook(NULL);
    MPI_Allreduce(MPI_IN_PLACE, &failures, 1, MPI_INT, MPI_SUM, MPI_COMM_WORLD);
    team_close(&t);
    MPI_Finalize();
    return failures ? 1 : 0;
}
