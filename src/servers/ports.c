#include "servers/ports.h"

#include <errno.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/line.h"
#include "base/mem.h"
#include "engine/engine.h"

#define LOWEST 1024
#define HIGHEST SRB_PORT_MAX
#define PORTS (HIGHEST - LOWEST + 1)
/* Four of ten ports are usable where the kernel's range is the usual one. */
#define DRAWS 100

static bool is_between(int port, int first, int last)
{
    return port >= first && port <= last;
}

static bool is_usable(int port, int first, int last)
{
    return !is_between(port, first, last) &&
           !is_between(port + SRB_BUS_OFFSET, first, last);
}

int ports_next(int port, int first, int last)
{
    int next = port;

    for (int k = 0; k < PORTS; k++) {
        next = next >= HIGHEST || next < LOWEST ? LOWEST : next + 1;
        if (is_usable(next, first, last))
            return next;
    }
    return port >= HIGHEST || port < LOWEST ? LOWEST : port + 1;
}

/* Another port helps where this one is taken, and nowhere else. */
static int refuse(const char *address, int port, int reason, struct error *err)
{
    if (reason == EADDRINUSE)
        return error_set(err,
                         "cannot listen on port %d of %s: %s; end what "
                         "listens there, " SRB_PORT_ADVICE,
                         port, address, strerror(reason));
    if (reason == EADDRNOTAVAIL)
        return error_set(err,
                         "cannot listen on %s: no interface of this host has "
                         "this address now; name another with --net_ifname",
                         address);
    return error_set(err, "cannot listen on port %d of %s: %s", port, address,
                     strerror(reason));
}

/* Words on a port on which no server could listen, or 0. */
static int try_port(const char *address, int port, struct error *err)
{
    struct addrinfo hints = {.ai_flags = AI_NUMERICHOST | AI_PASSIVE,
                             .ai_socktype = SOCK_STREAM};
    struct addrinfo *ai;
    char service[16];
    int fd, one = 1, rc = 0;

    snprintf(service, sizeof service, "%d", port);
    if (getaddrinfo(address, service, &hints, &ai) != 0)
        return error_set(err, "'%s' is no numeric address", address);
    fd = socket(ai->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    /* as the servers do: connections in TIME_WAIT do not matter */
    if (fd < 0 ||
        setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one) != 0 ||
        bind(fd, ai->ai_addr, ai->ai_addrlen) != 0 || listen(fd, 1) != 0)
        rc = refuse(address, port, errno, err);
    if (fd >= 0)
        close(fd);
    freeaddrinfo(ai);
    return rc;
}

int ports_free(const char *address, int port, bool bus, struct error *err)
{
    if (try_port(address, port, err) < 0)
        return -1;
    return bus ? try_port(address, port + SRB_BUS_OFFSET, err) : 0;
}

/* The range from which the kernel takes the ports of clients. */
static void read_range(int *first, int *last)
{
    char line[64], *at;

    if (!line_first("/proc/sys/net/ipv4/ip_local_port_range", line,
                    sizeof line))
        strcpy(line, "32768 60999"); /* ip(7) */
    *first = (int)strtol(line, &at, 10);
    *last = (int)strtol(at, NULL, 10);
}

static int host_of(const struct placement *pl, int shard)
{
    return pl->machine->nodes[place_shard_node(pl, shard)].host;
}

/* The host for whose shards this rank looks, or -1: that of its own, where no
 * shard before them is on it. O(shards). */
static int my_host(const struct team *t, const struct placement *pl)
{
    int mine = place_steward_shard(pl, t->rank);
    int host = mine < 0 ? -1 : host_of(pl, mine);

    for (int s = 0; s < mine; s++)
        if (host_of(pl, s) == host)
            return -1;
    return host;
}

int ports_anywhere(int first, int last)
{
    int port = LOWEST;

    for (int k = 0; k < DRAWS; k++) {
        unsigned number = 0;

        if (getrandom(&number, sizeof number, 0) != sizeof number)
            break;
        port = LOWEST + (int)(number % PORTS);
        if (is_usable(port, first, last))
            break;
    }
    return port;
}

/* The next free one behind *at. */
static int find_next(const char *address, bool bus, int *at, struct error *err)
{
    int first, last;

    read_range(&first, &last);
    for (int tries = 0; tries < PORTS; tries++) {
        *at = ports_next(*at, first, last);
        if (ports_free(address, *at, bus, err) == 0)
            return 0;
        if (!ports_taken(err))
            return -1; /* nor would any other do */
    }
    return error_prefix(err, "db_port: there are no free ports");
}

/* Free ones for all shards of a host. */
static int find_on(const struct placement *pl, int host, bool bus, int *port,
                   struct error *err)
{
    int at, first, last;

    read_range(&first, &last);
    at = ports_anywhere(first, last);
    for (int s = 0; s < pl->nshards; s++) {
        if (host_of(pl, s) != host)
            continue;
        if (find_next(place_shard_address(pl, s), bus, &at, err) < 0)
            return -1;
        port[s] = at;
    }
    return 0;
}

/* Those that the placement has for a host; false when not all are free. */
static bool keep_on(const struct placement *pl, int host, bool bus, int *port)
{
    for (int s = 0; s < pl->nshards; s++) {
        if (host_of(pl, s) != host)
            continue;
        port[s] = pl->shard_port[s];
        if (ports_free(place_shard_address(pl, s), port[s], bus, NULL) < 0)
            return false;
    }
    return true;
}

int ports_find(struct team *t, struct placement *pl, bool bus, bool others,
               struct error *err)
{
    int *port = mem_new((size_t)pl->nshards, sizeof *port);
    int host = my_host(t, pl), rc = 0;

    if (host >= 0 && (others || !keep_on(pl, host, bus, port)))
        rc = find_on(pl, host, bus, port, err);
    rc = team_agree(t, t->world, rc, err);
    if (rc == 0) {
        team_allreduce(t, t->world, port, pl->nshards, MPI_INT, MPI_MAX);
        place_ports(pl, port);
    }
    free(port);
    return rc;
}

bool ports_taken(const struct error *err)
{
    return strstr(err->text, strerror(EADDRINUSE)) ||
           strstr(err->text, SRB_PORT_TAKEN);
}
