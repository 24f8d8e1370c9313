/* load.h - the timed loop of one client.
 *
 * Put and get; nothing else happens in a timed span, and between spans only a
 * stamp of the tensor (and verification where it was asked for). The loop
 * itself is one of several, in different languages (loop.h); load.c opens and
 * closes what it works with, loop.c has the rules that all of them keep.
 */
#ifndef SRB_LOAD_H
#define SRB_LOAD_H

#include <mpi.h>
#include <signal.h>

#include "client/client.h"
#include "measure/loop.h"
#include "measure/samples.h"
#include "options/options.h"
#include "ranks/clock_sync.h"
#include "ranks/team.h"

/* What a loop is to do. */
struct load_rules {
    enum verify verify;
    enum sync sync;
    enum pattern pattern;
    size_t warmup;
    size_t iterations;  /* timed pairs; with a duration the most to keep */
    double duration;    /* s; 0: as long as the iterations take. Of phases each
                           lasts half of it */
    int64_t connect_at; /* tick before which it does not connect
                           (connect_waves.h) */
};

/* The process in the timed loop (getrusage(2)). */
struct load_usage {
    double cpu_time; /* s, user and system */
    int64_t voluntary_switches, involuntary_switches;
    int64_t peak_memory; /* B, since the process began */
};

struct load_company;

/* Where loop.c is in the phase that runs. */
struct load_phase {
    const struct load_company *with;
    const struct series *counted; /* what ends it; NULL: warm-up */
    double seconds; /* after which it ends; 0: iterations end it */
    size_t left;    /* pairs of the warm-up */
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
    void *own;    /* the language's, tensors among it */
    int number;   /* of the client */
    size_t count; /* elements of the tensor */
    float *out, *in;
    char key[SRB_KEY_MAX];
    struct load_rules rules;
    struct samples samples;
    struct load_usage usage;
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

/* Have the language allocate and touch the tensors, fill them, wait for
 * connect_at, connect. The pages come to lie in the NUMA domain of the CPU that
 * touches them first, so this comes after pinning. The wait is in no time that
 * is measured. Local. */
int load_open(struct load *l, const struct loop_language *language,
              const struct client_ops *ops, const struct client_params *p,
              const struct load_rules *rules, struct error *err);

/* The clients among themselves. */
struct load_company {
    const struct team *team;
    const struct cast *cast;
    const struct clock_line *line; /* to the common clock, as it is before */
    bool oversubscribed; /* more runnable processes than CPUs: do not spin alone
                          */
};

/* Run warm-up and timed operations, held together as the rules say. A tensor
 * that came back wrong is counted, not an error. Collective over the clients;
 * one that fails lets the others end early, and only it returns -1. */
int load_run(struct load *l, const struct load_company *with,
             struct error *err);

/* Disconnect; ends main time. Local. */
void load_disconnect(struct load *l);

/* Release everything. A struct of zeros is allowed. Local. */
void load_close(struct load *l);

#endif
