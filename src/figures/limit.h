/* limit.h - what held a permutation back, by what its time went to.
 *
 * A word where the evidence tells, and none where it does not: never a guess.
 * Pure.
 */
#ifndef SRB_LIMIT_H
#define SRB_LIMIT_H

#include <stdbool.h>

enum limit {
    LIMIT_UNTOLD,
    LIMIT_NETWORK,       /* a link carries what it can */
    LIMIT_SERVER_CPU,    /* a server's thread works all the time */
    LIMIT_SERVER_MEMORY, /* it does, and mostly brings in pages */
    LIMIT_CLIENT,        /* the clients work, not the servers */
    LIMIT_WAITING,       /* neither: messages are under way, or threads wake */
    LIMITS
};

/* Shares of the time; NaN: not measured. */
struct evidence {
    double network_share;      /* of the busiest link's speed, one way */
    double server_busy;        /* of the busiest thread of the busiest shard:
                                  it had a CPU or waited for one */
    double server_cpu_share;   /* it had one */
    double server_fault_share; /* it brought in pages */
    double client_cpu_share;   /* of all clients' loops: they were on a CPU */
    double covered; /* of the time in which servers were watched, that of the
                       shortest loop */
};

/* The word, by these rules, the first that holds:
 *   untold         CPUs are oversubscribed: everybody waits for everybody
 *   network        a link carries 0.7 of its speed or more
 *   untold         servers were watched for much longer than a loop lasted
 *                  (covered below 0.7), or were not watched
 *   server_memory  server_busy >= 0.8, and of its time on a CPU (which faults
 *                  are) a third or more in page faults
 *   server_cpu     server_busy >= 0.8
 *   client         client_cpu_share >= 0.5
 *   waiting        server_busy < 0.5 and client_cpu_share < 0.3
 * Between these bounds it is not told. */
enum limit limit_judge(const struct evidence *e, bool oversubscribed);

/* The word of the file: "server_memory", "" for untold. */
const char *limit_word(enum limit l);

/* All words but that, NULL at the end. */
extern const char *const limit_words[];

#endif
