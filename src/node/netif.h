/* netif.h - the network interfaces of a node, and which of them the databases
 * listen on.
 *
 * netif_list() looks at this node; netif_choose() decides for all nodes at once
 * from what they found, without a message, so that it is tested on clusters
 * that exist only as tables. Both are local.
 */
#ifndef SRB_NETIF_H
#define SRB_NETIF_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "plan/machine.h"

/* Interfaces that a node tells of; more are of containers. */
#define SRB_NETIFS_MAX 16
#define SRB_DRIVER_MAX 32

/* What an interface is good for; the first are the better ones. */
enum netif_kind {
    NETIF_FABRIC,   /* InfiniBand, Omni-Path, Slingshot, Aries */
    NETIF_ETHERNET, /* and whatever else leads out of the node */
    NETIF_INNER,    /* bridges, tunnels and those of container runtimes */
    NETIF_LOOPBACK,
};

enum netif_family { NETIF_IPV4, NETIF_IPV6, NETIF_FAMILIES };

/* In network order. length: 4 or 16 bytes, 0 for none. */
struct netaddr {
    uint8_t bytes[16];
    uint8_t length;
    uint8_t prefix; /* bits that name the subnet */
};

/* An interface that is up and has an address. IPv6 addresses of one link only
 * are left out: they mean nothing without a scope. */
struct netif {
    int index; /* the system's number, ascending in a list */
    char name[SRB_NETIF_NAME_MAX];
    char driver[SRB_DRIVER_MAX]; /* "" where it has none (loopback) */
    struct netaddr address[NETIF_FAMILIES]; /* the first of each */
    int64_t speed;                          /* of its link, B/s; -1 unknown */
    int numa; /* NUMA node of the device; -1 unknown or none */
    enum netif_kind kind;
    bool running; /* it has a carrier */
};

/* What a node tells of itself. Nodes of the same host have the same key. */
struct netif_card {
    char node[SRB_NAME_MAX];
    uint64_t host;
    int n;
    struct netif list[SRB_NETIFS_MAX]; /* in the order of the system */
};

/* A node's interface and address: list[entry].address[family]; entry -1 for
 * none. */
struct netif_pick {
    int entry;
    int family;
};

/* Fill n and list with the interfaces of this network namespace. Where there
 * are too many, `want` (may be NULL) is kept. */
int netif_list(struct netif_card *c, const char *want, struct error *err);

/* What an interface is, by its hardware type (ARPHRD_…), its flags (IFF_…), its
 * name and its driver. */
enum netif_kind netif_kind_of(int hardware, unsigned flags, const char *name,
                              const char *driver);

/* Choose for n nodes: `want`, or for NULL the best interface that all have,
 * with addresses of one family. Where not all nodes have an interface of the
 * same name, interfaces of the same subnet will do. Preferred, in this order:
 * what leads out of the node; one subnet for all; a fabric; the higher speed;
 * the order of the system on the first node; IPv4.
 *
 * Returns 0 with all picks made and in `words` what was chosen and why.
 * Otherwise all picks are of no entry: with a `want` that is not there on every
 * node -1 and *err; with NULL 0, since nobody may need an interface, and
 * `words` say why there is none. Takes O(n log n). */
int netif_choose(const struct netif_card *cards, int n, const char *want,
                 struct netif_pick *picks, char words[SRB_NETWORK_MAX],
                 struct error *err);

/* Where processes of this host reach each other whatever its network is, as
 * netif_print() has it: the address of loopback, IPv4 before IPv6, or "" where
 * that is down or has none. Returns text. */
char *netif_loopback(const struct netif_card *c, char text[SRB_ADDRESS_MAX]);

/* The numeric form of an address, "" for none. Returns text. */
char *netif_print(const struct netaddr *a, char text[SRB_ADDRESS_MAX]);

#endif
