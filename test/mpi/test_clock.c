/* Clocks brought to one. Clocks are made up: each rank's is the real one with
 * an offset and a drift that the test knows, so that what is recovered can be
 * compared with what is true, at one and the same instant. Run with up to 4
 * ranks; exit status 1 and words when a rank finds something wrong.
 *
 * With an argument N nothing is made up: the ranks must find N clocks by
 * themselves and agree by them on CLOCK_REALTIME, which no time namespace
 * shifts (test/run/test_clocks.py).
 */
#include <math.h>
#include <mpi.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/tick.h"
#include "lib/options_line.h"
#include "ranks/clock_sync.h"
#include "ranks/discover.h"

#define SECOND INT64_C(1000000000)
#define HOUR (3600 * SECOND)
#define REPEATS 20
#define MOST_RANKS 4
/* A bound that allows for anything would always hold. Round trips of ranks that
 * share few cores may last several time slices, but not those of the best of
 * many synchronisations. */
#define BEST_ERROR_NS INT64_C(1000000)

static int rank, size, failures;
static int64_t best_error = INT64_MAX; /* of clocks other than client 0's */

static void fail(const char *what, long long got, long long want)
{
    failures++;
    fprintf(stderr, "rank %d of %d: %s: %lld instead of %lld\n", rank, size,
            what, got, want);
}

/* ---- what is sent: MPI's profiling interface counts it, and can be slow ----
 */

static long sends, others;
static int64_t most_delay_ns; /* of every second message or so */

static void count_send(void)
{
    static uint64_t dice = 88172645463325252; /* xorshift64 (Marsaglia 2003) */
    int64_t until = tick_now();

    sends++;
    dice ^= dice << 13;
    dice ^= dice >> 7;
    dice ^= dice << 17;
    if (most_delay_ns > 0 && (dice >> 32 & 1))
        until += (int64_t)(dice % (uint64_t)most_delay_ns);
    while (tick_now() < until)
        ;
}

int MPI_Isend(const void *buf, int count, MPI_Datatype type, int to, int tag,
              MPI_Comm comm, MPI_Request *request)
{
    count_send();
    return PMPI_Isend(buf, count, type, to, tag, comm, request);
}

int MPI_Irecv(void *buf, int count, MPI_Datatype type, int from, int tag,
              MPI_Comm comm, MPI_Request *request)
{
    others++;
    return PMPI_Irecv(buf, count, type, from, tag, comm, request);
}

int MPI_Ibcast(void *buf, int count, MPI_Datatype type, int root, MPI_Comm comm,
               MPI_Request *request)
{
    others++;
    return PMPI_Ibcast(buf, count, type, root, comm, request);
}

/* ---- clocks made up ---- */

struct fake {
    int64_t offset, ppm;
};

/* By letter of a layout. */
static const struct fake hours[] = {
    {5 * SECOND, 20}, {-2 * HOUR, -100}, {9000 * HOUR, 100}, {0, 0}};
static const struct fake alike[] = {{0, 0}, {1, 0}, {-1, 0}, {1000, 1}};

/* So fast that the errors of an exchange are small beside it. */
static const struct fake fast[] = {{HOUR, 0}, {0, 2000}};

static const struct fake *fakes;
static char my_letter;

static int64_t read_fake(char letter, int64_t true_ns)
{
    const struct fake *f = &fakes[letter - 'A'];

    /* in two parts, since a year times 2000 ppm is beyond 64 bits */
    return true_ns + f->offset + true_ns / 1000000 * f->ppm +
           true_ns % 1000000 * f->ppm / 1000000;
}

static int64_t fake_now(void)
{
    return read_fake(my_letter, tick_now());
}

static const struct clock_params fake_clock = {.now = fake_now, .step_ns = 1};

/* ---- a machine of one rank a node, whose nodes read certain clocks ---- */

struct stage {
    struct team team;
    struct options options;
    struct placement placement;
    struct cast cast;
    const char *layout;
    int nclocks; /* that clients read */
};

static void must(int rc, const struct error *err)
{
    if (rc == 0)
        return;
    fprintf(stderr, "rank %d: %s\n", rank, err->text);
    MPI_Abort(MPI_COMM_WORLD, 1);
}

/* Roles on the machine that is there: all nodes run clients, or with a database
 * on a node of its own all but the last. */
static void stage_cast(struct stage *s, bool standard)
{
    const struct line line = {
        {standard ? "throughput_standard" : "throughput_colocated"}};
    struct permutation p;
    struct sweep sweep;
    struct error err;

    must(parse(&s->options, &line, NULL, 0, &err), &err);
    must(sweep_open(&sweep, &s->options, &err), &err);
    sweep_at(&sweep, 0, &p);
    must(place_solve(&s->team.machine, &p, &s->placement, &err), &err);
    team_cast(&s->team, &s->placement, &s->cast);
}

/* The layout's first `size` letters, one a rank. */
static void stage_open(struct stage *s, const char *layout, bool standard)
{
    struct node nodes[MOST_RANKS];
    int rank_node[MOST_RANKS], number[MOST_RANKS];
    uint64_t key[MOST_RANKS];
    struct error err;

    memset(nodes, 0, sizeof nodes);
    for (int r = 0; r < size; r++) {
        key[r] = (uint64_t)layout[r];
        rank_node[r] = r;
    }
    s->layout = layout;
    s->nclocks = machine_number(key, standard ? size - 1 : size, number);
    machine_number(key, size, number);
    for (int r = 0; r < size; r++) {
        nodes[r].clock = number[r];
        strcpy(nodes[r].loopback, "127.0.0.1");
    }
    must(team_open(&s->team, 1, ROLE_AUTO, &err), &err);
    must(machine_build(&s->team.machine, size, rank_node, size, nodes, &err),
         &err);
    stage_cast(s, standard);
    my_letter = layout[rank];
}

static void stage_close(struct stage *s)
{
    team_uncast(&s->cast);
    if (s->cast.clock != MPI_COMM_NULL || s->cast.clock_heads != MPI_COMM_NULL)
        fail("communicators left", 1, 0);
    place_free(&s->placement);
    options_free(&s->options);
    team_close(&s->team);
}

/* Ranks that play no client, and heads. */
static void check_cast(const struct stage *s)
{
    const char *first = strchr(s->layout, my_letter);
    bool client = s->cast.clients != MPI_COMM_NULL;
    bool several = client && s->nclocks > 1;
    bool head = several && first - s->layout == rank;
    int heads;

    if ((s->cast.clock != MPI_COMM_NULL) != several)
        fail("a communicator of the clock", !several, several);
    if ((s->cast.clock_heads != MPI_COMM_NULL) != head)
        fail("a communicator of the heads", !head, head);
    if (!head)
        return;
    MPI_Comm_size(s->cast.clock_heads, &heads);
    if (heads != s->nclocks)
        fail("heads", heads, s->nclocks);
}

/* ---- what must hold ---- */

/* The common time of the true instant, and how far it is from that of client
 * 0's clock. */
static void check_instant(const struct stage *s, const char *what,
                          const struct clock_line *line, int64_t true_ns,
                          int64_t allowed)
{
    int64_t own = read_fake(my_letter, true_ns);
    int64_t common = clock_common(line, own);
    int64_t wrong = common - read_fake(s->layout[0], true_ns);

    if (llabs(wrong) > allowed) {
        fprintf(stderr, "layout %.*s, true %lld, at %lld and %lld\n", size,
                s->layout, (long long)true_ns, (long long)line->before.at,
                (long long)line->after.at);
        fail(what, wrong, allowed);
    }
    if (llabs(clock_own(line, common) - own) > 1)
        fail("and back", clock_own(line, common), own);
}

/* The common clock is known exactly, another never. */
static void check_bound(const struct stage *s, const struct clock_line *line)
{
    bool own = my_letter == s->layout[0];
    int64_t error = clock_error(line);

    if (own && (error != 0 || line->before.offset != 0 ||
                line->after.offset != 0 || clock_drift(line) != 0))
        fail("error on the common clock itself", error, 0);
    if (!own && error <= 0)
        fail("error of another clock", error, 1);
    if (!own && error < best_error)
        best_error = error;
}

static bool reads(const struct stage *s)
{
    return s->cast.clients != MPI_COMM_NULL;
}

/* By how much client 0's clock runs faster than this rank's. */
static double true_drift(const struct stage *s)
{
    return (double)(fakes[s->layout[0] - 'A'].ppm -
                    fakes[my_letter - 'A'].ppm) *
           1e-6;
}

/* One synchronisation is right within its error, but for what has drifted
 * since. */
static void check_once(const struct stage *s, const struct clock_point *point,
                       int64_t true_ns)
{
    const struct clock_line once = {*point, *point};
    double since = (double)(read_fake(my_letter, true_ns) - point->at);

    check_instant(s, "common time after one synchronisation", &once, true_ns,
                  point->error + llrint(fabs(true_drift(s)) * since) + 2);
}

/* Between two synchronisations `apart`, common time is right within the error,
 * although clocks drift. */
static void check_line(const struct stage *s, int64_t apart,
                       struct clock_line *line)
{
    int64_t before, after, allowed;

    clock_sync(&s->team, &s->cast, &fake_clock, &line->before);
    before = tick_now();
    check_once(s, &line->before, before);
    tick_sleep(apart);
    after = tick_now();
    /* nobody's head may be done with the second one before this */
    team_start_together(&s->team, s->cast.clients);
    clock_sync(&s->team, &s->cast, &fake_clock, &line->after);
    check_bound(s, line);
    /* rounding, of the fakes too, whose drift bends a round trip */
    allowed = clock_error(line) + clock_error(line) / 100 + 2;
    for (int k = 0; k <= 10; k++)
        check_instant(s, "common time between two synchronisations", line,
                      before + (after - before) / 10 * k, allowed);
    if (fabs(clock_drift(line) - true_drift(s)) * (double)apart >
        2.0 * (double)allowed)
        fail("drift in ppb", llrint(clock_drift(line) * 1e9),
             llrint(true_drift(s) * 1e9));
}

/* Of heads, in a pair with a parent or two children each, in two
 * synchronisations of 200 exchanges at most; the other clients send none, and
 * where all read one clock, nobody does. */
static void check_sends(const struct stage *s, long sent)
{
    bool head = s->cast.clock_heads != MPI_COMM_NULL;
    long most = head ? 2 * 3 * 202 : 0;

    if (sent > most || (head && sent < 2))
        fail("messages sent", sent, most);
}

/* No message at all: the other ranks are not even there. */
static void check_one_clock(const struct stage *s)
{
    struct clock_point point = {-1, -1, -1};
    long before = sends + others;

    if (s->nclocks > 1 || rank > 0)
        return;
    clock_sync(&s->team, &s->cast, &fake_clock, &point);
    if (sends + others != before)
        fail("messages for one clock", sends + others - before, 0);
    if (point.offset != 0 || point.error != 0)
        fail("offset of one clock", point.offset, 0);
}

static void check_layout(const char *layout, bool standard)
{
    struct clock_line line;
    struct stage s;

    stage_open(&s, layout, standard);
    check_cast(&s);
    if (reads(&s)) {
        long before = sends;

        check_one_clock(&s);
        check_line(&s, 20000000, &line);
        check_sends(&s, sends - before);
    }
    stage_close(&s);
}

/* Drift of 0.2 % is far larger than the error, and gone. */
static void drift_is_removed(void)
{
    const int64_t apart = 50000000;
    struct clock_line line;
    int telling = 0;
    struct stage s;

    fakes = fast;
    stage_open(&s, "ABAB", false);
    for (int i = 0; i < REPEATS; i++) {
        check_line(&s, apart, &line);
        if (fabs(true_drift(&s)) * (double)apart >
            4.0 * (double)clock_error(&line))
            telling++;
    }
    if (my_letter != 'A' && telling == 0)
        fail("times that the error was small beside the drift", 0, REPEATS);
    stage_close(&s);
}

/* Where half of all messages are late by up to 0.2 ms, a quarter of the round
 * trips is not, and it is they that count. */
static void fastest_counts(void)
{
    int64_t best = INT64_MAX;
    struct stage s;

    fakes = hours;
    stage_open(&s, "ABAB", false);
    most_delay_ns = 200000;
    for (int i = 0; i < REPEATS; i++) {
        struct clock_point point;

        clock_sync(&s.team, &s.cast, &fake_clock, &point);
        check_once(&s, &point, tick_now());
        best = point.error < best ? point.error : best;
    }
    most_delay_ns = 0;
    if (best > 40000)
        fail("error beside late messages, at best", best, 40000);
    stage_close(&s);
}

static int64_t over_all(int64_t value, MPI_Op op)
{
    const struct team none = {0};
    MPI_Request request;

    MPI_Iallreduce(MPI_IN_PLACE, &value, 1, MPI_INT64_T, op, MPI_COMM_WORLD,
                   &request);
    team_spin(&none, &request);
    return value;
}

/* One start: agreed on by all, ahead of all, and nobody starts early. Returns
 * by how much the last one started later than the first. */
static int64_t check_start(const struct stage *s, const struct clock_line *line,
                           int *ahead)
{
    int64_t instant, own, left, true_now;

    instant = clock_agree_start(&s->team, s->cast.clients, &fake_clock, line);
    own = fake_now();
    left = clock_await(&fake_clock, line, instant, true);
    true_now = tick_now();
    if (over_all(instant, MPI_MIN) != over_all(instant, MPI_MAX))
        fail("agreed start", instant, over_all(instant, MPI_MIN));
    if (left < clock_own(line, instant))
        fail("start", left, clock_own(line, instant));
    /* ahead of this rank by the true clock, not only by what it believes */
    if (clock_own(line, instant) - own > 0)
        ++*ahead;
    if (instant - clock_common(line, own) > 10 * SECOND)
        fail("far start", instant - clock_common(line, own), 10 * SECOND);
    return over_all(true_now, MPI_MAX) - over_all(true_now, MPI_MIN);
}

static void starts_are_common(const char *layout)
{
    int64_t spread = INT64_MAX, most;
    struct clock_line line;
    int ahead = 0;
    struct stage s;

    stage_open(&s, layout, false);
    clock_sync(&s.team, &s.cast, &fake_clock, &line.before);
    line.after = line.before;
    most = 2 * over_all(clock_error(&line), MPI_MAX) + 5000000;
    for (int i = 0; i < REPEATS; i++) {
        int64_t x = check_start(&s, &line, &ahead);

        spread = x < spread ? x : spread;
    }
    /* who was held up while they agreed may find it over */
    if (ahead < REPEATS / 2)
        fail("starts that lay ahead", ahead, REPEATS);
    if (spread > most)
        fail("ns between the first start and the last, at best", spread, most);
    stage_close(&s);
}

static const char *const layouts[] = {"AAAA", "AABB", "ABAB", "ABBB", "BAAB",
                                      "ABCC", "ABCA", "CBAC", "ABCD", "DCBA"};

static void made_up(void)
{
    fakes = hours;
    for (size_t i = 0; i < COUNT(layouts); i++) {
        check_layout(layouts[i], false);
        if (size > 1)
            check_layout(layouts[i], true);
    }
    fakes = alike;
    check_layout("ABCD", false);
    /* on a slow and uneven network the bounds are wider, and hold */
    most_delay_ns = 200000;
    fakes = hours;
    check_layout("ABCD", false);
    check_layout("AABB", false);
    most_delay_ns = 0;
    fastest_counts();
    drift_is_removed();
    fakes = hours;
    starts_are_common("AAAA");
    starts_are_common("ABCD");
    if (rank > 0 && best_error > BEST_ERROR_NS)
        fail("error at best", best_error, BEST_ERROR_NS);
}

/* ---- clocks that are really there ---- */

/* How far CLOCK_REALTIME is ahead of the common clock, ns, and what that is
 * wrong by; the shortest of many looks. */
static int64_t realtime_ahead(const struct clock_line *line, int64_t *error)
{
    int64_t best = INT64_MAX, ahead = 0;

    for (int i = 0; i < 1000; i++) {
        int64_t before = tick_now(), after, real;
        struct timespec ts;

        clock_gettime(CLOCK_REALTIME, &ts);
        after = tick_now();
        real = (int64_t)ts.tv_sec * SECOND + ts.tv_nsec;
        if (after - before >= best)
            continue;
        best = after - before;
        ahead = real - clock_common(line, before + best / 2);
    }
    *error = best / 2 + 1;
    return ahead;
}

/* One synchronisation, after which all must see CLOCK_REALTIME equally far
 * ahead. */
static void check_realtime(const struct stage *s, struct clock_line *line)
{
    int64_t ahead, wrong, error, base_error;

    clock_sync(&s->team, &s->cast, NULL, &line->before);
    line->after = line->before;
    ahead = realtime_ahead(line, &error);
    wrong = ahead - over_all(rank == 0 ? ahead : INT64_MIN, MPI_MAX);
    base_error = over_all(rank == 0 ? error : 0, MPI_MAX);
    if (llabs(wrong) > error + base_error + clock_error(line))
        fail("ns by which CLOCK_REALTIME disagrees", wrong,
             error + base_error + clock_error(line));
}

/* Every rank a node, on the clocks that are there. What each found at best is
 * printed for the test that made the clocks. */
static void really_there(int nclocks)
{
    struct clock_line line, best;
    struct discovery d;
    struct error err;
    struct stage s;

    must(team_open(&s.team, size, ROLE_AUTO, &err), &err);
    must(discover(&s.team, NULL, &d, &err), &err);
    stage_cast(&s, false);
    if (s.team.machine.nclocks != nclocks)
        fail("clocks", s.team.machine.nclocks, nclocks);
    check_realtime(&s, &best);
    for (int i = 1; i < REPEATS; i++) {
        check_realtime(&s, &line);
        if (clock_error(&line) < clock_error(&best))
            best = line;
    }
    if (clock_error(&best) > BEST_ERROR_NS)
        fail("error at best", clock_error(&best), BEST_ERROR_NS);
    printf("rank=%d clock=%d offset_ns=%lld error_ns=%lld\n", rank,
           s.team.machine.nodes[rank].clock, (long long)best.before.offset,
           (long long)best.before.error);
    discover_free(&d);
    stage_close(&s);
}

int main(int argc, char *argv[])
{
    MPI_Init(&argc, &argv);
    MPI_Comm_rank(MPI_COMM_WORLD, &rank);
    MPI_Comm_size(MPI_COMM_WORLD, &size);
    if (size > MOST_RANKS)
        fail("ranks", size, MOST_RANKS);
    else if (argc > 1)
        really_there((int)strtol(argv[1], NULL, 10));
    else
        made_up();
    MPI_Allreduce(MPI_IN_PLACE, &failures, 1, MPI_INT, MPI_SUM, MPI_COMM_WORLD);
    MPI_Finalize();
    return failures ? 1 : 0;
}
