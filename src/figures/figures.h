/* figures.h - what a permutation's timings come to, over all clients.
 *
 * Exact quantiles without bringing the samples together: every client sorts its
 * own, and all bisect for the values of the wanted ranks by counting how many
 * samples lie below. Memory per rank does not grow with the number of ranks.
 *
 * The interval of a median is Woodruff's (Woodruff 1952, "Confidence intervals
 * for medians and other position measures", JASA 47): the share of samples up
 * to the median is an average over clusters of samples; its 95 % interval, by
 * the spread between clusters and Student's t, is carried back through the
 * distribution. Clusters, since neighbouring samples resemble each other: up to
 * 20 blocks of iterations, common to all clients, and from 8 clients on the
 * clients; whichever gives the wider interval. It needs one more reduction and
 * no random numbers, where a bootstrap would need hundreds. It says how well
 * this run knows its median, not what another run would find.
 */
#ifndef SRB_FIGURES_H
#define SRB_FIGURES_H

#include "measure/samples.h"
#include "ranks/team.h"

struct figures {
    double median, p95, p99, p999, max; /* s; NaN: too few samples */
    double low, high; /* 95 % interval of the median; NaN: too few clusters */
    int64_t clusters; /* that it rests on; 0 none */
    bool by_clients;  /* which these are: clients, else blocks of iterations */
};

/* Of what was not measured. */
#define FIGURES_NONE                                                           \
    ((struct figures){.median = NAN,                                           \
                      .p95 = NAN,                                              \
                      .p99 = NAN,                                              \
                      .p999 = NAN,                                             \
                      .max = NAN,                                              \
                      .low = NAN,                                              \
                      .high = NAN})

/* Of what servers run between put and get (inference.h); NaN where nothing. */
struct inference_figures {
    struct figures script, model;
    double rate; /* inferences a second, of all clients */
    double put_share, script_share, model_share, unpack_share; /* of all
                                     loops' time */
    double bytes; /* that one moves on sockets, by the servers' counters; by who
                     asks these */
};

/* Of steps (steps.h). NaN, and -1, where there are none of that kind. */
struct step_figures {
    struct figures step; /* from the begin of its computing to its end */
    /* From when they were due; those never begun as long as they had been due.
     */
    struct figures put_response, unpack_response, response;
    struct figures pace_late; /* begun later than could be: the client's own */
    double compute_alone;     /* s of a step, without exchange and servers idle;
                                 mean over clients, and before and after the loop */
    double alone[2];          /* before it, and after it */
    double alone_excess;      /* of work, compute_alone / what was asked, - 1 */
    double alone_waited;      /* share of it in which others had the CPU */
    /* Sums over clients; (1 + the first) * (1 + the second) = 1 + overhead. */
    double exchange_overhead; /* time of the loops besides computing / that */
    double compute_slowdown;  /* computing / the same alone, - 1 */
    double overhead;          /* time of the loops / computing alone, - 1 */
    double offered_rate, achieved_rate; /* steps a second, mean over clients */
    int64_t unsent;                     /* due within the time, and not begun */
    int64_t behind;                     /* 1: less was achieved than offered */
    /* of a search, set by who searches: a rate that held three times, one that
     * did not three times, and what is between */
    double sustained, sustained_low, sustained_high;
};

/* Of writers and readers (exchange_figures.h). NaN, and -1, where there are
 * none. */
struct exchange_figures {
    struct figures delivery; /* begin of the put to end of the get */
    struct figures visible;  /* end of the put to when the reader saw it */
    int64_t polls;           /* of all readers */
    int64_t lag_max; /* steps that a writer was ahead at most when a reader had
                        one of its */
    int64_t missed;  /* steps that were gone before they were read */
    /* of the tensors after steps; NaN, and -1, where there are none */
    struct figures control_put, control_get;
    int64_t control_missed; /* gone when their steps had been read */
};

/* Of lists of data sets (aggregate.h); NaN where there are none. */
struct aggregate_figures {
    struct figures poll; /* from the first poll until a list is whole */
    struct figures get;  /* of it, and all that it names */
};

struct summary {
    int64_t ops;   /* timed puts and gets of all clients */
    int64_t bytes; /* that they moved, both directions, payload only */
    int64_t kept;  /* timings of an operation, of the client that kept most */
    int64_t verify_errors;
    struct figures put, unpack;
    /* Bandwidths in B/s, then operations a second; NaN where not measured. */
    double window; /* bytes / (last end - first start) */
    double steady; /* the same while all clients were active; pattern pair */
    double put_window, get_window; /* one way; pattern phases */
    double put_service_rate; /* sum over clients of bytes / own put spans */
    double get_service_rate;
    double sum_of_rank_rates; /* sum over clients of bytes / loop time */
    double window_ops, steady_ops, sum_of_rank_ops;
    double between_share; /* largest share of a loop between its spans */
    double shortest_loop; /* s, of any client */
    double cpu_share; /* of all loops' time that clients were at work on a CPU;
                         NaN with sync: iteration, where waiting is work */
    double fault_share;  /* of the same, that they spent bringing in pages */
    double start_skew;   /* s, the latest start after the agreed instant; NaN:
                            none was agreed on */
    int64_t first_start; /* instant of the first timed put */
    /* of the common clock; set by who keeps it */
    double clock_error; /* s, by which common times may be wrong */
    double clock_drift; /* by which rates of clocks differ, at most */
    struct step_figures steps;
    struct exchange_figures exchange;
    struct aggregate_figures lists;
    struct figures retire; /* removals of older steps' tensors */
    struct inference_figures inference;
};

/* One operation's durations of this client, in the order of their instants. */
struct spans {
    int64_t *ns;
    size_t n;
    int64_t longest; /* of those that are not here either */
};

/* Those that are kept; they stay the series'. */
struct spans figures_spans(const struct series *s);

/* Medians with their intervals, percentiles and the longest of several sets
 * over all clients, every client having as many sets; of some a client may have
 * no samples. Collective over clients. */
void figures_quantiles(const struct team *t, MPI_Comm clients,
                       const struct spans *d, int sets,
                       struct figures *const out[]);

/* The figures that say most: repetitions are summed up by them, and servers
 * compared with the floor. The medians, in s, and the window, in B/s. */
enum headline { HEADLINE_PUT, HEADLINE_UNPACK, HEADLINE_WINDOW, HEADLINES };
double figures_headline(const struct summary *s, enum headline which);

/* Reduce the timed operations of all clients. All instants are on the common
 * clock. All clients get the result. Collective over clients. */
struct figures_of {
    const struct samples *samples;
    size_t bytes;         /* of a step's tensors */
    size_t get_bytes;     /* of those that come back; 0: the same */
    bool phases;          /* the pattern */
    bool exchange;        /* likewise; else pair */
    double cpu_time;      /* s, of the loop; NaN: not to be told from waiting */
    double fault_time;    /* s, of the loop */
    double start_skew;    /* s; NaN */
    bool computes, paced; /* its steps do */
    bool removes;         /* and remove older ones */
    bool poisson;         /* arrivals, of which some always wait at the end */
    double compute_asked; /* s of a step; 0: its time is not a CPU's */
    double compute_alone; /* s of this client's, */
    double alone_waited;  /* the share of it that it waited for a CPU, */
    const double *alone;  /* [2] and what it was before the loop and after it */
};
void figures_reduce(const struct team *t, MPI_Comm clients,
                    const struct figures_of *x, struct summary *out);

#endif
