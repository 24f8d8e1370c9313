/* Ranks that agree, send rows, and wait without burning a core. Run with any
 * number of ranks; exit status 1 and words when a rank finds something wrong.
 */
#include <mpi.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "base/signals.h"
#include "base/tick.h"
#include "ranks/team.h"

#define COUNT(array) (sizeof(array) / sizeof(array)[0])

static int rank, size, failures;

static void fail(const char *what, const char *got, const char *want)
{
    failures++;
    fprintf(stderr, "rank %d of %d: %s: '%s' instead of '%s'\n", rank, size,
            what, got, want);
}

static void fail_number(const char *what, long got, long want)
{
    char a[32], b[32];

    snprintf(a, sizeof a, "%ld", got);
    snprintf(b, sizeof b, "%ld", want);
    fail(what, a, b);
}

/* Who fails, as bits of ranks. */
static const unsigned rounds[] = {0x0, 0x1, 0x2, 0x4, 0xa, 0xc, 0xe, 0xf};

/* What all must hear: the lowest one's words, where it is (once nodes have
 * names), and how many more there are. */
static void expected(const struct team *t, int lowest, int count,
                     const char *what, char *words, size_t n)
{
    char where[SRB_NAME_MAX + 8] = "", more[48] = "";

    if (t->machine.nodes)
        snprintf(where, sizeof where, " on %s", t->machine.nodes[0].name);
    if (count > 1)
        snprintf(more, sizeof more, " (and %d more rank%s)", count - 1,
                 count == 2 ? "" : "s");
    snprintf(words, n, "rank %d%s%s: %s at %d", lowest, where, more, what,
             lowest);
}

static void check_agreement(struct team *t, size_t i)
{
    unsigned failing = rounds[i] & ((1U << size) - 1);
    bool mine = failing >> rank & 1;
    int lowest = failing ? __builtin_ctz(failing) : 0;
    int count = __builtin_popcount(failing);
    struct error err = {.text = "old words"};
    int rc = mine ? error_set(&err, "broken at %d", rank) : 0;
    char words[128];

    rc = team_agree(t, t->world, rc, &err);
    if (rc != (failing ? -1 : 0))
        fail_number("outcome", rc, failing ? -1 : 0);
    if (!failing)
        return;
    expected(t, lowest, count, "broken", words, sizeof words);
    if (strcmp(err.text, words) != 0)
        fail("words", err.text, words);
    if (err.rank != lowest)
        fail_number("lowest failing rank", err.rank, lowest);
    if (err.ranks != count)
        fail_number("failed ranks", err.ranks, count);
}

static void agreements(struct team *t)
{
    for (size_t i = 0; i < COUNT(rounds) && size <= 4; i++)
        check_agreement(t, i);
}

/* What some agreed on among themselves, all hear as it was said then; the rank
 * named is the world's, not the group's. */
static void agreements_of_a_part(struct team *t)
{
    struct error err = {.text = ""};
    char want[128];
    MPI_Comm part;
    int rc = 0;

    if (size < 3)
        return;
    MPI_Comm_split(t->world, rank > 0 ? 0 : MPI_UNDEFINED, rank, &part);
    if (part != MPI_COMM_NULL) {
        if (rank > 1)
            rc = error_set(&err, "no server at %d", rank);
        rc = team_agree(t, part, rc, &err);
        if (rc != -1)
            fail_number("outcome of a part", rc, -1);
        MPI_Comm_free(&part);
    }
    rc = team_agree(t, t->world, rc, &err);
    expected(t, 2, size - 2, "no server", want, sizeof want);
    if (rc != -1 || strcmp(err.text, want) != 0)
        fail("words of a part", err.text, want);
    if (err.rank != 2 || err.ranks != size - 2)
        fail_number("failed ranks of a part", err.ranks, size - 2);
}

/* A signal to one rank is everybody's with the next agreement, and only of the
 * world; it is no failure. */
static void signals(struct team *t)
{
    volatile sig_atomic_t caught = 0;
    struct error err;
    MPI_Comm part;
    int rc;

    t->signal = &caught;
    rc = team_agree(t, t->world, 0, &err);
    if (rc != 0 || t->ended != 0)
        fail_number("signal before any", t->ended, 0);
    if (rank == size - 1)
        caught = SIGTERM;
    MPI_Comm_dup(t->world, &part);
    rc = team_agree(t, part, 0, &err);
    if (rc != 0 || t->ended != 0)
        fail_number("signal after an agreement of a part", t->ended, 0);
    MPI_Comm_free(&part);
    rc = team_agree(t, t->world, 0, &err);
    if (rc != 0 || t->ended != SIGTERM)
        fail_number("signal", t->ended, SIGTERM);
    t->signal = NULL;
    t->ended = 0;
}

/* SIGUSR1 leaves more time than any other, whatever their numbers. */
static void urgency(struct team *t)
{
    volatile sig_atomic_t caught = rank == 0 ? SIGINT : SIGUSR1;
    struct error err;

    t->signal = &caught;
    team_agree(t, t->world, 0, &err);
    if (t->ended != SIGINT)
        fail_number("the more urgent signal", t->ended, SIGINT);
    caught = rank == size - 1 ? SIGUSR1 : 0;
    team_agree(t, t->world, 0, &err);
    if (t->ended != SIGUSR1)
        fail_number("the only signal", t->ended, SIGUSR1);
    t->signal = NULL;
    t->ended = 0;
}

/* What one rank was told reaches all of them, though none enters a collective
 * operation; and nobody believes it before. */
static void news(const struct team *t)
{
    int64_t deadline;

    team_look(t);
    if (signals_state()->urgent)
        fail_number("news of nothing", (long)signals_state()->urgent, 0);
    team_barrier(t, t->world);
    if (rank == size - 1)
        signals_hear(SIGTERM);
    deadline = tick_deadline(300);
    while (!signals_state()->urgent && tick_now() < deadline) {
        team_look(t);
        tick_sleep(SRB_NAP_NS);
    }
    team_look(t); /* who heard it here passes it on */
    if (signals_state()->urgent != SIGTERM)
        fail_number("news", (long)signals_state()->urgent, SIGTERM);
}

/* Rows as they come to rank 0. */
struct taken {
    int next, blocks, fail_at; /* block that fails; -1 none */
    size_t words;              /* int64 a row */
    int nsenders;
    int sender[64];
};

static int sender_of(const void *ctx, int k)
{
    const struct taken *x = ctx;

    return x->sender[k];
}

static int take(void *arg, int first, int n, const void *rows,
                struct error *err)
{
    struct taken *x = arg;
    const int64_t *row = rows;

    if (first != x->next)
        fail_number("first row of a block", first, x->next);
    if (x->blocks > x->fail_at && x->fail_at >= 0)
        fail_number("blocks after a failure", x->blocks, x->fail_at);
    for (int k = 0; k < n; k++)
        for (size_t w = 0; w < x->words; w++) {
            int64_t want = 1000 * x->sender[first + k] + (int64_t)(w % 1000);

            if (row[(size_t)k * x->words + w] == want)
                continue;
            fail_number("a word of a row", (long)row[(size_t)k * x->words + w],
                        (long)want);
            break;
        }
    x->next += n;
    if (x->blocks++ == x->fail_at)
        return error_set(err, "full at %d", first);
    return 0;
}

/* Sizes of rows from one word to more than a block of 16 MiB holds; who sends:
 * all, all backwards, all but rank 0, or the last alone; with a sink that fails
 * at one of the blocks. */
static const struct {
    size_t row_bytes;
    const char *who;
    int fail_at;
} gathers[] = {
    {8, "all", -1},
    {8, "backwards", -1},
    {8, "but 0", -1},
    {8, "last", -1},
    {8000, "all", -1},
    {8000, "backwards", 0},
    {(size_t)6 << 20, "all", -1}, /* two a block */
    {(size_t)6 << 20, "backwards", -1},
    {(size_t)9 << 20, "all", -1}, /* one a block */
    {(size_t)9 << 20, "but 0", 0},
    {(size_t)9 << 20, "all", 0},
    {(size_t)17 << 20, "backwards", -1}, /* more than a block */
};

static void cast_senders(struct taken *x, const char *who)
{
    for (int r = 0; r < size; r++)
        if (strcmp(who, "all") == 0 || (strcmp(who, "but 0") == 0 && r > 0) ||
            (strcmp(who, "last") == 0 && r == size - 1))
            x->sender[x->nsenders++] = r;
        else if (strcmp(who, "backwards") == 0)
            x->sender[x->nsenders++] = size - 1 - r;
}

static void check_gather(const struct team *t, size_t i)
{
    struct taken x = {.words = gathers[i].row_bytes / 8,
                      .fail_at = gathers[i].fail_at};
    struct gather g = {.sender = sender_of,
                       .ctx = &x,
                       .row_bytes = gathers[i].row_bytes,
                       .take = take,
                       .arg = &x};
    struct error err = {.text = ""};
    int64_t *mine = NULL;
    bool sends = false;
    int rc, want;

    cast_senders(&x, gathers[i].who);
    for (int k = 0; k < x.nsenders; k++)
        if (x.sender[k] == rank) {
            sends = true;
            g.self = k;
        }
    if (sends) {
        mine = malloc(gathers[i].row_bytes);
        if (!mine)
            MPI_Abort(t->world, 1);
        for (size_t w = 0; w < x.words; w++)
            mine[w] = 1000 * rank + (int64_t)(w % 1000);
    }
    g.senders = x.nsenders;
    rc = team_gather(t, &g, mine, &err);
    free(mine);
    want = rank == 0 && x.fail_at >= 0 && x.nsenders > 0 ? -1 : 0;
    if (rc != want)
        fail_number("outcome of a gather", rc, want);
    if (want < 0 && strcmp(err.text, "full at 0") != 0)
        fail("words of a gather", err.text, "full at 0");
    if (rank == 0 && want == 0 && x.next != x.nsenders)
        fail_number("rows that came", x.next, x.nsenders);
}

static int64_t longest_nap; /* ns asked for */

int nanosleep(const struct timespec *length, struct timespec *left)
{
    int64_t ns = (int64_t)length->tv_sec * 1000000000 + length->tv_nsec;

    if (ns > longest_nap)
        longest_nap = ns;
    return (int)syscall(SYS_nanosleep, length, left);
}

static double cpu_seconds(void)
{
    struct timespec ts;

    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &ts);
    return (double)ts.tv_sec + (double)ts.tv_nsec * 1e-9;
}

/* Everybody waits for rank 0, which is late: that must cost next to nothing,
 * where a rank blocked in MPI costs all of a core; and yet all look whether it
 * has come as often as they were told to. A lone rank has nobody to wait for.
 */
static void waiting_is_quiet(struct team *t, int64_t nap_ns, double most_cpu)
{
    const int64_t late = INT64_C(1000000000);
    int64_t came, left;
    double cpu;

    t->nap_ns = nap_ns;
    MPI_Barrier(t->world);
    longest_nap = 0;
    cpu = cpu_seconds();
    if (rank == 0)
        tick_sleep(late);
    came = tick_now();
    team_barrier(t, t->world);
    left = tick_now();
    cpu = cpu_seconds() - cpu;
    team_bcast(t, t->world, &came, (int)sizeof came, 0);
    if (left < came)
        fail_number("ns before all had come a barrier was left",
                    (long)(came - left), 0);
    if (rank > 0 && cpu > most_cpu)
        fail_number("us of CPU for a second of waiting", (long)(cpu * 1e6),
                    (long)(most_cpu * 1e6));
    if (rank > 0 && longest_nap > nap_ns)
        fail_number("ns of a nap", (long)longest_nap, (long)nap_ns);
    t->nap_ns = SRB_NAP_NS;
}

/* The quiet collectives bring what the loud ones would. */
static void collectives(const struct team *t)
{
    int64_t sum[2] = {rank + 1, -rank};
    char text[32] = "";

    team_allreduce(t, t->world, sum, 2, MPI_INT64_T, MPI_SUM);
    if (sum[0] != (int64_t)size * (size + 1) / 2)
        fail_number("sum", (long)sum[0], (long)size * (size + 1) / 2);
    if (sum[1] != -(int64_t)size * (size - 1) / 2)
        fail_number("sum", (long)sum[1], -(long)size * (size - 1) / 2);
    if (rank == size - 1)
        snprintf(text, sizeof text, "from rank %d", rank);
    team_bcast(t, t->world, text, sizeof text, size - 1);
    if (strncmp(text, "from rank ", 10) != 0 || atoi(text + 10) != size - 1)
        fail("broadcast", text, "from the last rank");
}

/* Who fails in a common work tells all others, however far in the tree; in the
 * next work nobody has. */
static void failures_spread(struct team *t)
{
    for (int who = 0; who < size; who++) {
        int64_t until = tick_deadline(30.0);

        team_barrier(t, t->world);
        team_begin_work(t);
        if (team_work_failed(t))
            fail("failure", "already", "not yet");
        team_barrier(t, t->world);
        if (rank == who)
            team_fail_work(t);
        while (!team_work_failed(t) && tick_now() < until) {
            team_look(t);
            tick_sleep(1000000);
        }
        if (!team_work_failed(t))
            fail_number("failure was not heard of", who, rank);
    }
    team_barrier(t, t->world);
    team_begin_work(t);
    team_look(t);
    if (team_work_failed(t))
        fail("failure", "of the work before", "none");
}

int main(int argc, char *argv[])
{
    struct error err;
    struct team t;

    MPI_Init(&argc, &argv);
    MPI_Comm_rank(MPI_COMM_WORLD, &rank);
    MPI_Comm_size(MPI_COMM_WORLD, &size);
    /* ranks that cannot be cut evenly are told so, all alike */
    if (team_open(&t, size + 1, ROLE_AUTO, &err) == 0) {
        fail("virtual nodes", "cut", "refused");
        team_close(&t);
    } else if (!strstr(err.text, "equal virtual nodes") || err.ranks != size) {
        fail("words on virtual nodes", err.text, "… equal virtual nodes …");
    }
    if (team_open(&t, 1, ROLE_AUTO, &err) < 0) {
        fprintf(stderr, "%s\n", err.text);
        MPI_Abort(MPI_COMM_WORLD, 1);
    }
    agreements(&t);
    agreements_of_a_part(&t);
    /* once more with a machine, as after discovery */
    if (machine_uniform(&t.machine, 1, size, 1, &err) < 0)
        fail("machine", err.text, "");
    agreements(&t);
    agreements_of_a_part(&t);
    signals(&t);
    urgency(&t);
    for (size_t i = 0; i < COUNT(gathers); i++)
        check_gather(&t, i);
    collectives(&t);
    waiting_is_quiet(&t, SRB_NAP_NS, 0.2);
    waiting_is_quiet(&t, SRB_NAP_DB_NODE_NS, 0.1);
    failures_spread(&t);
    news(&t);
    MPI_Allreduce(MPI_IN_PLACE, &failures, 1, MPI_INT, MPI_SUM, MPI_COMM_WORLD);
    team_close(&t);
    MPI_Finalize();
    return failures ? 1 : 0;
}
