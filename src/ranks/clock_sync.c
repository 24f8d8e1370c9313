#include "ranks/clock_sync.h"

#include <math.h>
#include <sched.h>
#include <stdlib.h>
#include <time.h>

#include "base/tick.h"

/* A pair goes on until its fastest round trip has not been beaten for so many
 * exchanges (half of Netgauge's 100: this is done before and after each
 * permutation), and at most for so many or so long. Eight rounds (136 clocks)
 * stay below 50 ms: 8 x 200 round trips of 20 us are 32 ms, 8 x 5 ms are 40.
 * Warm-up needs no count of its own: slow exchanges lose. */
#define STALE_EXCHANGES 50
#define MOST_EXCHANGES 200
#define LONGEST_NS INT64_C(5000000)

/* Offsets along the tree are measured a few ms apart, in which two clocks may
 * part by 1 in 10,000 of that. Crystals keep within some 50 ppm, and NTP
 * reckons with 15 ppm (RFC 5905, PHI). */
#define DRIFT_PART 10000

/* The start is ahead by so many times the agreement's own duration. */
#define START_AHEAD 4
#define START_AHEAD_LEAST_NS INT64_C(100000)

/* A sleeper wakes late, by the timer slack of 50 us (prctl(2)) and what the
 * core takes to leave its idle state; the rest is spun. */
#define WAKE_EARLY_NS INT64_C(200000)

#define CLOCK_TAG 1

static const struct clock_params monotonic = {.now = tick_now, .step_ns = 1};

static void send(const struct team *t, MPI_Comm comm, int to, const void *data,
                 size_t bytes)
{
    MPI_Request request;

    MPI_Isend(data, (int)bytes, MPI_BYTE, to, CLOCK_TAG, comm, &request);
    team_spin(t, &request);
}

static void receive(const struct team *t, MPI_Comm comm, int from, void *data,
                    size_t bytes)
{
    MPI_Request request;

    MPI_Irecv(data, (int)bytes, MPI_BYTE, from, CLOCK_TAG, comm, &request);
    team_spin(t, &request);
}

/* Reply with readings until the child has enough. */
static void answer(const struct team *t, const struct clock_params *p,
                   MPI_Comm heads, int child)
{
    for (;;) {
        int64_t reading;
        char more;

        receive(t, heads, child, &more, sizeof more);
        if (!more)
            return;
        reading = p->now();
        send(t, heads, child, &reading, sizeof reading);
    }
}

/* One round trip: where the parent's clock is, as seen from here. */
static struct clock_point exchange(const struct team *t,
                                   const struct clock_params *p, MPI_Comm heads,
                                   int parent)
{
    int64_t start, trip, reading;
    const char more = 1;
    MPI_Request pong;
    struct clock_point x;

    MPI_Irecv(&reading, sizeof reading, MPI_BYTE, parent, CLOCK_TAG, heads,
              &pong);
    start = p->now();
    send(t, heads, parent, &more, sizeof more);
    team_spin(t, &pong);
    trip = p->now() - start;
    x.at = start + trip / 2;
    x.offset = reading - x.at;
    x.error = (trip + 1) / 2 + p->step_ns;
    return x;
}

/* The fastest of many. */
static struct clock_point ask(const struct team *t,
                              const struct clock_params *p, MPI_Comm heads,
                              int parent)
{
    struct clock_point best = exchange(t, p, heads, parent);
    /* the parent may have been late for the first one */
    int64_t start = p->now();
    const char more = 0;

    for (int n = 1, stale = 0; n < MOST_EXCHANGES && stale < STALE_EXCHANGES &&
                               p->now() - start < LONGEST_NS;
         n++) {
        struct clock_point x = exchange(t, p, heads, parent);

        stale++;
        if (x.error < best.error) {
            best = x;
            stale = 0;
        }
    }
    send(t, heads, parent, &more, sizeof more);
    return best;
}

/* The way to the parent and the parent's way to the common clock in one. The
 * two were measured at different instants. */
static struct clock_point chain(struct clock_point edge,
                                struct clock_point parent)
{
    int64_t apart = llabs(edge.at + edge.offset - parent.at);

    edge.offset += parent.offset;
    edge.error += parent.error;
    if (parent.error > 0) /* else it is the common clock itself */
        edge.error += apart / DRIFT_PART + 1;
    return edge;
}

/* Up the tree, heads at distances 1, 2, 4 … measure in pairs; down it, each
 * learns its parent's way to the common clock. */
static struct clock_point climb(const struct team *t,
                                const struct clock_params *p, MPI_Comm heads)
{
    struct clock_point mine = {.at = p->now()}, parent;
    int rank, size, distance;

    MPI_Comm_rank(heads, &rank);
    MPI_Comm_size(heads, &size);
    for (distance = 1; distance < size; distance *= 2) {
        if (rank & distance) {
            mine = ask(t, p, heads, rank - distance);
            break;
        }
        if (rank + distance < size)
            answer(t, p, heads, rank + distance);
    }
    if (rank > 0) {
        receive(t, heads, rank - distance, &parent, sizeof parent);
        mine = chain(mine, parent);
    }
    while ((distance /= 2) > 0)
        if (rank + distance < size)
            send(t, heads, rank + distance, &mine, sizeof mine);
    return mine;
}

void clock_sync(const struct team *t, const struct cast *c,
                const struct clock_params *p, struct clock_point *point)
{
    p = p ? p : &monotonic;
    if (c->clock == MPI_COMM_NULL) {
        *point = (struct clock_point){.at = p->now()};
        return;
    }
    if (c->clock_heads != MPI_COMM_NULL)
        *point = climb(t, p, c->clock_heads);
    team_bcast(t, c->clock, point, (int)sizeof *point, 0);
}

/* The offset when `since` of the `span` between the points has gone by. The
 * spans are exact as doubles for 104 days (2^53 ns), and so the way between two
 * offsets is right to less than a nanosecond, whatever the uptime. */
static int64_t offset_at(const struct clock_line *line, int64_t since,
                         int64_t span)
{
    int64_t before = line->before.offset, after = line->after.offset;

    if (since <= 0 || span <= 0)
        return before;
    if (since >= span)
        return after;
    return before +
           llrint((double)(after - before) * ((double)since / (double)span));
}

int64_t clock_common(const struct clock_line *line, int64_t own)
{
    return own + offset_at(line, own - line->before.at,
                           line->after.at - line->before.at);
}

int64_t clock_own(const struct clock_line *line, int64_t common)
{
    int64_t before = line->before.at + line->before.offset;
    int64_t after = line->after.at + line->after.offset;

    return common - offset_at(line, common - before, after - before);
}

int64_t clock_error(const struct clock_line *line)
{
    int64_t before = line->before.error, after = line->after.error;

    return before > after ? before : after;
}

double clock_drift(const struct clock_line *line)
{
    int64_t span = line->after.at - line->before.at;

    if (span <= 0)
        return 0;
    return (double)(line->after.offset - line->before.offset) / (double)span;
}

static void highest(const struct team *t, MPI_Comm comm, int64_t *values, int n)
{
    MPI_Request request;

    MPI_Iallreduce(MPI_IN_PLACE, values, n, MPI_INT64_T, MPI_MAX, comm,
                   &request);
    team_spin(t, &request);
}

int64_t clock_agree_start(const struct team *t, MPI_Comm clients,
                          const struct clock_params *p,
                          const struct clock_line *line)
{
    int64_t start, latest[2] = {0, 0}, ahead;

    p = p ? p : &monotonic;
    /* whoever comes late is waited for here, so that the first reduction costs
     * what one costs; the second one will take as long */
    team_start_together(t, clients);
    start = p->now();
    highest(t, clients, latest, 2);
    latest[1] = p->now() - start;
    latest[0] = clock_common(line, p->now());
    highest(t, clients, latest, 2);
    ahead = START_AHEAD * latest[1];
    return latest[0] +
           (ahead > START_AHEAD_LEAST_NS ? ahead : START_AHEAD_LEAST_NS);
}

static void sleep_until(int64_t tick)
{
    struct timespec ts = {.tv_sec = tick / 1000000000,
                          .tv_nsec = tick % 1000000000};

    clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &ts, NULL);
}

int64_t clock_await(const struct clock_params *p, const struct clock_line *line,
                    int64_t instant, bool oversubscribed)
{
    int64_t at = clock_own(line, instant), now;

    p = p ? p : &monotonic;
    while ((now = p->now()) < at)
        if (at - now > WAKE_EARLY_NS)
            sleep_until(tick_now() + (at - now) - WAKE_EARLY_NS);
        else if (oversubscribed)
            sched_yield();
    return now;
}
