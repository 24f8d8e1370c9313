/* loop_parts.h - what a loop works with, and its rules go by.
 *
 * load.c opens it, runs it phase by phase and closes it; loop.c has what a
 * language's loop asks and tells meanwhile (loop.h).
 */
#ifndef SRB_LOOP_PARTS_H
#define SRB_LOOP_PARTS_H

#include <signal.h>

#include "client/client.h"
#include "measure/exchange.h"
#include "measure/inference.h"
#include "measure/loop.h"
#include "measure/samples.h"
#include "measure/steps.h"
#include "measure/tensors.h"
#include "options/options.h"
#include "ranks/clock_sync.h"
#include "ranks/team.h"

/* What a loop is to do. */
struct load_rules {
    size_t count; /* elements of the tensor */
    enum verify verify;
    enum sync sync;
    enum pattern pattern;
    struct tensors_rules tensors;
    struct inference_rules inference;
    size_t warmup;
    size_t iterations;  /* timed pairs; with a duration the most to keep */
    double duration;    /* s; 0: as long as the iterations take. Of phases each
                           lasts half of it */
    int64_t connect_at; /* tick before which it does not connect
                           (connect_waves.h) */
    struct step_rules step;
    struct exchange_rules exchange;
};

/* The process in the timed loop (getrusage(2)). */
struct load_usage {
    double user_time, system_time, cpu_time; /* s; the last is both */
    int64_t voluntary_switches, involuntary_switches;
    int64_t minor_faults, major_faults;
    int64_t peak_memory; /* B, since the process began */
};

/* The clients among themselves. */
struct load_company {
    const struct team *team;
    const struct cast *cast;
    const struct clock_line *line; /* to the common clock, as it is before */
    bool oversubscribed; /* more runnable processes than CPUs: do not spin alone
                          */
};

/* Where the loop is in the phase that runs. */
struct load_phase {
    const struct load_company *with;
    const struct series *counted; /* what ends it; NULL: warm-up */
    struct steps *steps; /* NULL: operations follow each other at once */
    double seconds;      /* after which it ends; 0: iterations end it */
    size_t left;         /* pairs of the warm-up */
    int64_t begin;
    int64_t latest; /* end of the last operation */
    int64_t look; /* when to look again whether another rank was told to end */
    bool last;    /* no iteration comes after this one */
    bool failed;  /* this client did, or was cut off */
    bool over;    /* somebody did and everybody knows: nobody waits any more */
    struct error *err;
};

/* One client's connection, buffers and timings. */
struct load {
    struct client *client;
    struct srb_tensor_client *wrapped; /* client, as the loops know it */
    const struct loop_language *language;
    void *own;         /* the language's, tensors among it */
    int number;        /* of the client */
    const char *tells; /* file in which tests read where it is, or NULL */
    size_t count;      /* elements of the tensor */
    float *out, *in;
    char key[SRB_KEY_MAX];
    struct load_rules rules;
    struct tensors tensors; /* of a step; zeros: the one above */
    struct inference inference;
    struct samples samples;
    struct load_usage usage;
    struct steps steps;
    struct exchange exchange;
    struct aggregate aggregate;
    int64_t pair;       /* puts begun: the number of the next */
    int64_t got;        /* gets begun */
    int64_t agreed;     /* start of the loop, an instant of the common clock;
                           0: none was agreed on */
    int64_t start_skew; /* ns later than that */
    int buffers[2];     /* bytes of the socket's send and receive buffer, as
                           the kernel has them; -1 none */
    struct error wrong; /* words on the first tensor that came back wrong */
    const volatile sig_atomic_t *signal; /* breaks the loop off when not 0 */
    struct load_phase phase;
};

/* What a client tells the others when they meet. */
enum { LOOP_LAST = 1, LOOP_BROKEN = 2 };

/* Wait for the others. Returns what any of them has to tell; the time is taken
 * for waiting. Collective over the clients. */
int loop_meet(struct load *l, int bits);

/* Whether clients meet before each iteration of the phase. Local. */
bool loop_meets(const struct load *l);

/* Look whether another rank was told to end, from time to time. Local. */
void loop_look(struct load *l, int64_t now);

/* Whether the client's grace after a signal is over. Local. */
static inline bool loop_cut_off(const struct load *l)
{
    return l->signal && *l->signal;
}

/* Whether what this client does for long ends now: that, or somebody of those
 * who hear of each other has failed. Local. */
static inline bool loop_ends(const struct load *l)
{
    return loop_cut_off(l) || l->phase.over;
}

/* Whether the iteration that comes is the last one: of so many, or when the
 * time is over. Local. */
static inline bool loop_is_last(const struct load *l)
{
    const struct load_phase *x = &l->phase;
    const struct series *s = x->counted;

    if (!s)
        return x->left == 1;
    if (x->seconds > 0)
        return s->count > 0 &&
               s->last_end - x->begin >= (int64_t)(x->seconds * 1e9);
    return s->count + 1 >= (int64_t)l->rules.iterations;
}

/* Compare what came back last, all tensors of a step, with what was put there.
 * Local. */
void loop_verify(struct load *l);

/* ---- steps (steps.h) ---- */

/* Have what the rules of steps need. Local. */
int steps_open(struct load *l, struct error *err);
void steps_close(struct load *l);

/* How long a step takes while all clients compute and no server has anything to
 * do: 3 steps and 100 ms; and before the loop how much work a step is.
 * Collective over the clients. */
void steps_alone(struct load *l, bool after);

/* A phase of the loop begins, which puts or only gets; and ends. -1: none of
 * its steps was due. Local. */
void steps_phase(struct load *l, bool puts);
int steps_phase_end(struct load *l);

/* Whether the step that comes is the last one, as far as can be known. Local.
 */
bool steps_last(const struct load *l);

/* Wait until the next step is due, begin it and compute. false: there is none
 * any more. Local. */
bool steps_begin(struct load *l);

/* The step under way, if any, has ended with its last operation. Local. */
void steps_end(struct load *l);

/* Begin a phase, which `counted` ends (NULL: the warm-up's number) or, above 0,
 * so many seconds. Local. */
void loop_begin(struct load *l, const struct series *counted, double seconds);

/* What the files of the loop share: this client has failed; note operation k of
 * a series, which begins with the warm-up; whether the get that comes is looked
 * at. Local. */
int loop_fail(struct load *l);
int loop_note(struct load *l, struct series *s, size_t k, int64_t start,
              int64_t end);
bool loop_checks(const struct load *l);

/* ---- models (inference.h) ---- */

/* Have what the rules of models need. What is open is closed by the other, on
 * failure too. Local. */
int inference_open(struct load *l, const struct client_runs *runs,
                   struct error *err);
void inference_close(struct load *l);

/* Before a put and a get, and after the get; and the look at what came last,
 * which the latter has where it is its turn. Local. */
void inference_stamp(struct load *l);
void inference_spoil(struct load *l);
void inference_got(struct load *l);
void inference_verify(struct load *l);

#endif
