#include "figures/limit.h"

#include <math.h>
#include <stddef.h>

#define LINK_FULL 0.7
#define COVERED_ENOUGH 0.7
#define SERVER_SATURATED 0.8
#define FAULTS_MATTER (1.0 / 3)
#define CLIENT_AT_WORK 0.5
#define SERVER_IDLE 0.5
#define CLIENT_IDLE 0.3

/* In the order of the enum, whose first has none. */
const char *const limit_words[LIMITS] = {
    [LIMIT_NETWORK - 1] = "network",
    [LIMIT_SERVER_CPU - 1] = "server_cpu",
    [LIMIT_SERVER_MEMORY - 1] = "server_memory",
    [LIMIT_CLIENT - 1] = "client",
    [LIMIT_WAITING - 1] = "waiting",
    [LIMITS - 1] = NULL,
};

/* A comparison with NaN is false: what was not measured says nothing. */
enum limit limit_judge(const struct evidence *e, bool oversubscribed)
{
    if (oversubscribed)
        return LIMIT_UNTOLD;
    if (e->network_share >= LINK_FULL)
        return LIMIT_NETWORK;
    if (!(e->covered >= COVERED_ENOUGH))
        return LIMIT_UNTOLD;
    if (e->server_busy >= SERVER_SATURATED)
        return e->server_fault_share >= FAULTS_MATTER * e->server_cpu_share
                   ? LIMIT_SERVER_MEMORY
                   : LIMIT_SERVER_CPU;
    if (isnan(e->server_busy))
        return LIMIT_UNTOLD;
    if (e->client_cpu_share >= CLIENT_AT_WORK)
        return LIMIT_CLIENT;
    if (e->server_busy < SERVER_IDLE && e->client_cpu_share < CLIENT_IDLE)
        return LIMIT_WAITING;
    return LIMIT_UNTOLD;
}

const char *limit_word(enum limit l)
{
    return l == LIMIT_UNTOLD ? "" : limit_words[l - 1];
}
