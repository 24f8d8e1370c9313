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
};

/* The figures that say most: repetitions are summed up by them, and servers
 * compared with the floor. The medians, in s, and the window, in B/s. */
enum headline { HEADLINE_PUT, HEADLINE_UNPACK, HEADLINE_WINDOW, HEADLINES };
double figures_headline(const struct summary *s, enum headline which);

/* Reduce the timed operations of all clients. All instants are on the common
 * clock. All clients get the result. Collective over clients. */
struct figures_of {
    const struct samples *samples;
    size_t bytes;      /* of a step's tensors */
    bool phases;       /* the pattern; else pair */
    double cpu_time;   /* s, of the loop; NaN: not to be told from waiting */
    double fault_time; /* s, of the loop */
    double start_skew; /* s; NaN */
};
void figures_reduce(const struct team *t, MPI_Comm clients,
                    const struct figures_of *x, struct summary *out);

#endif
