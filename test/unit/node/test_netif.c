/* Interfaces: what they are, and which of them all nodes use. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <arpa/inet.h>
#include <net/if.h>
#include <net/if_arp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "node/netif.h"

#define COUNT(array) (sizeof(array) / sizeof(array)[0])
#define NODES_MAX 12

/* ---- what an interface is ---- */

static const struct {
    int hardware;
    unsigned flags;
    const char *name, *driver;
    enum netif_kind kind;
} kinds[] = {
    {ARPHRD_LOOPBACK, IFF_LOOPBACK, "lo", "", NETIF_LOOPBACK},
    {ARPHRD_ETHER, 0, "eth0", "virtio_net", NETIF_ETHERNET},
    {ARPHRD_ETHER, 0, "eno1", "", NETIF_ETHERNET},
    {ARPHRD_ETHER, 0, "enp65s0np0", "mlx5_core", NETIF_ETHERNET},
    {ARPHRD_ETHER, 0, "bond0", "bonding", NETIF_ETHERNET},
    {ARPHRD_ETHER, 0, "eth0", "veth", NETIF_ETHERNET}, /* in a container */
    {ARPHRD_INFINIBAND, 0, "ib0", "mlx5_core[ib_ipoib]", NETIF_FABRIC},
    {ARPHRD_INFINIBAND, 0, "ibp65s0", "hfi1", NETIF_FABRIC},
    {ARPHRD_INFINIBAND, 0, "net4", "", NETIF_FABRIC},
    {ARPHRD_ETHER, 0, "hsn0", "cxi_ss1", NETIF_FABRIC},
    {ARPHRD_ETHER, 0, "hsn1", "", NETIF_FABRIC},
    {ARPHRD_ETHER, 0, "ipogif0", "ipogif", NETIF_FABRIC},
    {ARPHRD_ETHER, 0, "docker0", "bridge", NETIF_INNER},
    {ARPHRD_ETHER, 0, "docker0", "", NETIF_INNER},
    {ARPHRD_ETHER, 0, "br0", "bridge", NETIF_INNER},
    {ARPHRD_ETHER, 0, "br-3f5e0a", "", NETIF_INNER},
    {ARPHRD_ETHER, 0, "virbr0", "", NETIF_INNER},
    {ARPHRD_ETHER, 0, "veth1a2b", "veth", NETIF_INNER},
    {ARPHRD_ETHER, 0, "cni0", "", NETIF_INNER},
    {ARPHRD_ETHER, 0, "flannel.1", "vxlan", NETIF_INNER},
    {ARPHRD_NONE, IFF_POINTOPOINT, "tun0", "tun", NETIF_INNER},
    {ARPHRD_PPP, IFF_POINTOPOINT, "ppp0", "", NETIF_INNER},
};

static void what_interfaces_are(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(kinds); i++) {
        enum netif_kind kind = netif_kind_of(kinds[i].hardware, kinds[i].flags,
                                             kinds[i].name, kinds[i].driver);

        if (kind != kinds[i].kind)
            fail_msg("%s (%s): kind %d instead of %d", kinds[i].name,
                     kinds[i].driver, (int)kind, (int)kinds[i].kind);
    }
}

/* ---- the choice ---- */

/* "name address/prefix[,address/prefix] Mb/s" with '!' in front for one that
 * has no carrier; speed 0 is unknown. What they are goes by the name. */
static void read_netif(struct netif *i, const char *text)
{
    char name[SRB_NETIF_NAME_MAX], addresses[128], *rest, *at;
    long mbits;

    memset(i, 0, sizeof *i);
    i->running = *text != '!';
    if (sscanf(text + !i->running, "%15s %127s %ld", name, addresses, &mbits) !=
        3)
        fail_msg("'%s' is no interface", text);
    snprintf(i->name, sizeof i->name, "%s", name);
    i->speed = mbits ? mbits * 125000 : -1;
    i->kind =
        netif_kind_of(-1, strcmp(name, "lo") == 0 ? IFF_LOOPBACK : 0, name, "");
    for (at = strtok_r(addresses, ",", &rest); at;
         at = strtok_r(NULL, ",", &rest)) {
        bool six = strchr(at, ':') != NULL;
        struct netaddr *a = &i->address[six ? NETIF_IPV6 : NETIF_IPV4];
        char *slash = strchr(at, '/');

        *slash = '\0';
        a->length = six ? 16 : 4;
        a->prefix = (uint8_t)strtol(slash + 1, NULL, 10);
        assert_int_equal(inet_pton(six ? AF_INET6 : AF_INET, at, a->bytes), 1);
    }
}

/* Interfaces of a node, each ended by ';'. Node k is nK, on host k. */
static void read_card(struct netif_card *c, int k, const char *text)
{
    char copy[512], *rest, *at;

    memset(c, 0, sizeof *c);
    snprintf(c->node, sizeof c->node, "n%d", k);
    c->host = (uint64_t)k;
    snprintf(copy, sizeof copy, "%s", text);
    for (at = strtok_r(copy, ";", &rest); at; at = strtok_r(NULL, ";", &rest))
        read_netif(&c->list[c->n++], at);
}

#define LO "lo 127.0.0.1/8,::1/128 0;"
#define ETH(k) "eth0 10.1.0." #k "/24 1000;"
#define IB(k) "ib0 10.2.0." #k "/16 0;"
#define DOCKER "docker0 172.17.0.1/16 0;"

static const struct {
    const char *want, *nodes[NODES_MAX];
    const char *got; /* address of each node; "" for none */
    const char *words;
} choices[] = {
    /* one */
    {NULL,
     {LO ETH(1), LO ETH(2)},
     "10.1.0.1 10.1.0.2",
     "eth0 (IPv4 10.1.0.0/24, 1 Gb/s), the only one that all nodes have"},
    {NULL,
     {LO ETH(1)},
     "10.1.0.1",
     "eth0 (IPv4 10.1.0.0/24, 1 Gb/s), the only one that there is"},
    {NULL, {LO}, "", "node n0 has no network interface but loopback"},
    {NULL,
     {LO ETH(1), LO, LO ETH(2)},
     "",
     "node n1 has no network interface but loopback"},
    {NULL,
     {LO ETH(1), LO "!eth0 10.1.0.2/24 0;"},
     "",
     "node n1 has no network interface but loopback"},
    /* a fabric before Ethernet, whatever is known of its speed */
    {NULL,
     {LO ETH(1) IB(1), LO ETH(2) IB(2)},
     "10.2.0.1 10.2.0.2",
     "ib0 (IPv4 10.2.0.0/16), before eth0 (IPv4 10.1.0.0/24, 1 Gb/s), since "
     "it is a fabric"},
    {NULL,
     {LO ETH(1) "hsn0 10.3.0.1/24 200000;hsn1 10.4.0.1/24 200000;",
      LO ETH(2) "hsn0 10.3.0.2/24 200000;hsn1 10.4.0.2/24 200000;"},
     "10.3.0.1 10.3.0.2",
     "hsn0 (IPv4 10.3.0.0/24, 200 Gb/s), before hsn1 (IPv4 10.4.0.0/24, 200 "
     "Gb/s), since it is the first of its like on the first node"},
    /* the faster one, by its slowest node */
    {NULL,
     {LO ETH(1) "eth1 10.5.0.1/24 25000;", LO ETH(2) "eth1 10.5.0.2/24 10000;"},
     "10.5.0.1 10.5.0.2",
     "eth1 (IPv4 10.5.0.0/24, 10 Gb/s), before eth0 (IPv4 10.1.0.0/24, 1 "
     "Gb/s), since it is faster"},
    {NULL,
     {LO ETH(1) "eth1 10.5.0.1/24 25000;", LO ETH(2) "eth1 10.5.0.2/24 100;"},
     "10.1.0.1 10.1.0.2",
     NULL},
    /* of containers: only where nothing else is, and no address twice */
    {NULL,
     {LO DOCKER ETH(1), LO DOCKER ETH(2)},
     "10.1.0.1 10.1.0.2",
     "eth0 (IPv4 10.1.0.0/24, 1 Gb/s), the only one that all nodes have"},
    {NULL,
     {LO "virbr0 10.6.0.1/24 10000;" ETH(1),
      LO "virbr0 10.6.0.2/24 10000;" ETH(2)},
     "10.1.0.1 10.1.0.2",
     "eth0 (IPv4 10.1.0.0/24, 1 Gb/s), before virbr0 (IPv4 10.6.0.0/24, 10 "
     "Gb/s), which is for traffic inside a node"},
    {NULL,
     {LO "virbr0 10.6.0.1/24 0;", LO "virbr0 10.6.0.2/24 0;"},
     "10.6.0.1 10.6.0.2",
     NULL},
    {NULL,
     {LO DOCKER, LO DOCKER},
     "",
     "no interface is common to all nodes, by its name or its subnet, with "
     "addresses of one family that no two hosts share (n0 has lo, docker0; n1 "
     "has lo, docker0)"},
    /* one that some nodes lack */
    {NULL,
     {LO ETH(1) IB(1), LO ETH(2), LO ETH(3) IB(3)},
     "10.1.0.1 10.1.0.2 10.1.0.3",
     NULL},
    {NULL,
     {LO ETH(1), LO "ens3 10.9.0.2/24 0;"},
     "",
     "no interface is common to all nodes, by its name or its subnet, with "
     "addresses of one family that no two hosts share (n0 has lo, eth0; n1 "
     "has lo, ens3)"},
    /* names differ, the subnet does not */
    {NULL,
     {LO "eno1 10.1.0.1/24 0;", LO "ens3 10.1.0.2/24 0;"},
     "10.1.0.1 10.1.0.2",
     "eno1 and others in its subnet (IPv4 10.1.0.0/24), the only one that all "
     "nodes have"},
    {NULL,
     {LO "eno1 10.1.0.1/24 0;eno2 10.2.0.1/24 0;",
      LO "ens3 10.2.0.2/24 0;ens4 10.1.0.2/24 0;"},
     "10.1.0.1 10.1.0.2",
     NULL},
    /* of one node the better one in the subnet */
    {NULL,
     {LO "eno1 10.1.0.1/24 1000;",
      LO "ens3 10.1.0.2/24 100;ens4 10.1.0.3/24 1000;"},
     "10.1.0.1 10.1.0.3",
     NULL},
    /* a name that is the same goes before names that differ */
    {NULL,
     {LO "eno1 10.1.0.1/24 0;eth1 10.2.0.1/24 0;",
      LO "ens3 10.1.0.2/24 0;eth1 10.2.0.2/24 0;"},
     "10.2.0.1 10.2.0.2",
     "eth1 (IPv4 10.2.0.0/24), before eno1 and others in its subnet (IPv4 "
     "10.1.0.0/24), since all nodes call it so"},
    /* one subnet before several */
    {NULL,
     {LO "ib0 10.2.1.1/24 0;" ETH(1), LO "ib0 10.2.2.1/24 0;" ETH(2)},
     "10.1.0.1 10.1.0.2",
     "eth0 (IPv4 10.1.0.0/24, 1 Gb/s), before ib0 (IPv4 in several subnets), "
     "since one subnet has all nodes"},
    {NULL,
     {LO "eth0 10.2.1.1/24 0;", LO "eth0 10.2.2.1/24 0;"},
     "10.2.1.1 10.2.2.1",
     "eth0 (IPv4 in several subnets), the only one that all nodes have"},
    /* families: one for all, IPv4 first */
    {NULL,
     {LO "eth0 10.1.0.1/24,fd00::1/64 0;", LO "eth0 10.1.0.2/24,fd00::2/64 0;"},
     "10.1.0.1 10.1.0.2",
     "eth0 (IPv4 10.1.0.0/24), the only one that all nodes have"},
    {NULL,
     {LO "eth0 10.1.0.1/24,fd00::1/64 0;", LO "eth0 fd00::2/64 0;"},
     "fd00::1 fd00::2",
     "eth0 (IPv6 fd00::/64), the only one that all nodes have"},
    {NULL, {LO "eth0 fd00::1/64 0;", LO "eth0 10.1.0.1/24 0;"}, "", NULL},
    /* named */
    {"eth0",
     {LO ETH(1) IB(1), LO ETH(2) IB(2)},
     "10.1.0.1 10.1.0.2",
     "eth0 (IPv4), as net_ifname says"},
    {"lo", {LO ETH(1), LO ETH(2)}, "127.0.0.1 127.0.0.1", NULL},
    {"docker0", {LO DOCKER, LO DOCKER}, "172.17.0.1 172.17.0.1", NULL},
    {"eth0",
     {LO "eth0 10.1.0.1/24,fd00::1/64 0;", LO "eth0 fd00::2/64 0;"},
     "fd00::1 fd00::2",
     "eth0 (IPv6), as net_ifname says"},
};

static int read_cards(struct netif_card *cards, const char *const nodes[])
{
    int n = 0;

    for (; n < NODES_MAX && nodes[n]; n++)
        read_card(&cards[n], n, nodes[n]);
    return n;
}

/* The addresses that were picked, with blanks between them. */
static void print_picks(const struct netif_card *cards, int n,
                        const struct netif_pick *picks, char *text, size_t room)
{
    text[0] = '\0';
    for (int k = 0; k < n; k++) {
        size_t used = strlen(text);
        char address[SRB_ADDRESS_MAX];

        if (picks[k].entry < 0)
            continue;
        netif_print(&cards[k].list[picks[k].entry].address[picks[k].family],
                    address);
        snprintf(text + used, room - used, "%s%s", k ? " " : "", address);
    }
}

static void what_is_chosen(void **state)
{
    static struct netif_card cards[NODES_MAX];

    (void)state;
    for (size_t i = 0; i < COUNT(choices); i++) {
        int n = read_cards(cards, choices[i].nodes);
        struct netif_pick picks[NODES_MAX];
        char words[SRB_NETWORK_MAX], got[512];
        struct error err;

        if (netif_choose(cards, n, choices[i].want, picks, words, &err) < 0)
            fail_msg("vector %zu: %s", i, err.text);
        print_picks(cards, n, picks, got, sizeof got);
        if (strcmp(got, choices[i].got) != 0)
            fail_msg("vector %zu: '%s' instead of '%s' (%s)", i, got,
                     choices[i].got, words);
        if (choices[i].words && strcmp(words, choices[i].words) != 0)
            fail_msg("vector %zu: '%s' instead of '%s'", i, words,
                     choices[i].words);
    }
}

static const struct {
    const char *want, *nodes[NODES_MAX], *words;
} refused[] = {
    {"ib0",
     {LO ETH(1), LO DOCKER},
     "net_ifname: there is no interface 'ib0' with an address on any node; on "
     "n0 there are: lo, eth0"},
    {"ib0",
     {LO IB(1), LO ETH(2), LO IB(3), LO},
     "net_ifname: there is no interface 'ib0' with an address on 2 of 4 nodes "
     "(n1, n3); on n1 there are: lo, eth0"},
    {"ib0",
     {LO IB(1), LO ETH(2), "", "", "", "", "", "", "", "", LO IB(2)},
     "net_ifname: there is no interface 'ib0' with an address on 9 of 11 nodes "
     "(n1, n2, n3, n4, n5, n6, n7, n8, ...); on n1 there are: lo, eth0"},
    {"eth0",
     {"", ETH(1)},
     "net_ifname: there is no interface 'eth0' with an address on 1 of 2 nodes "
     "(n0); on n0 there are: none"},
    {"eth0",
     {LO ETH(1), LO "eth0 fd00::2/64 0;"},
     "net_ifname: the addresses on interface 'eth0' are not of one family: "
     "node n1 has none of IPv4, node n0 none of IPv6"},
};

static void what_is_refused(void **state)
{
    static struct netif_card cards[NODES_MAX];

    (void)state;
    for (size_t i = 0; i < COUNT(refused); i++) {
        int n = read_cards(cards, refused[i].nodes);
        struct netif_pick picks[NODES_MAX];
        char words[SRB_NETWORK_MAX];
        struct error err;

        if (netif_choose(cards, n, refused[i].want, picks, words, &err) == 0)
            fail_msg("vector %zu: chosen, but: %s", i, refused[i].words);
        if (strcmp(err.text, refused[i].words) != 0)
            fail_msg("vector %zu: '%s' instead of '%s'", i, err.text,
                     refused[i].words);
        for (int k = 0; k < n; k++)
            assert_int_equal(picks[k].entry, -1);
    }
}

/* Nodes of one host have the same addresses, which is no reason against them.
 */
static void nodes_of_one_host(void **state)
{
    static struct netif_card cards[2];
    struct netif_pick picks[2];
    char words[SRB_NETWORK_MAX];
    struct error err;

    (void)state;
    read_card(&cards[0], 0, LO ETH(1));
    read_card(&cards[1], 0, LO ETH(1));
    assert_int_equal(netif_choose(cards, 2, NULL, picks, words, &err), 0);
    assert_int_equal(picks[0].entry, 1);
    assert_int_equal(picks[1].entry, 1);
}

static const struct {
    const char *node, *address;
} loopbacks[] = {
    {LO ETH(1), "127.0.0.1"},
    {ETH(1) "lo ::1/128 0;", "::1"},
    {ETH(1), ""}, /* it is down */
    {"", ""},
};

static void where_loopback_is(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(loopbacks); i++) {
        char address[SRB_ADDRESS_MAX];
        struct netif_card card;

        read_card(&card, 0, loopbacks[i].node);
        assert_string_equal(netif_loopback(&card, address),
                            loopbacks[i].address);
    }
}

/* As many as the largest machines have, in a time that would not do for a
 * comparison of all with all. */
static void many_nodes(void **state)
{
    enum { N = 10000 };
    struct netif_card *cards = calloc(N, sizeof *cards);
    struct netif_pick *picks = calloc(N, sizeof *picks);
    char words[SRB_NETWORK_MAX], text[128];
    struct error err;

    (void)state;
    assert_non_null(cards);
    assert_non_null(picks);
    for (int k = 0; k < N; k++) {
        snprintf(text, sizeof text,
                 "eth0 10.1.%d.%d/16 1000;hsn0 10.2.%d.%d/16 200000;", k / 250,
                 k % 250 + 1, k / 250, k % 250 + 1);
        read_card(&cards[k], k, text);
    }
    assert_int_equal(netif_choose(cards, N, NULL, picks, words, &err), 0);
    for (int k = 0; k < N; k++)
        assert_int_equal(picks[k].entry, 1);
    free(cards);
    free(picks);
}

/* ---- this machine ---- */

static void what_this_node_has(void **state)
{
    static struct netif_card c;
    struct error err;

    (void)state;
    if (netif_list(&c, NULL, &err) < 0)
        fail_msg("%s", err.text);
    assert_in_range(c.n, 1, SRB_NETIFS_MAX);
    for (int i = 0; i < c.n; i++) {
        const struct netif *x = &c.list[i];

        assert_int_equal(if_nametoindex(x->name), x->index);
        assert_true(i == 0 || x->index > c.list[i - 1].index);
        assert_true(x->address[0].length || x->address[1].length);
        assert_true(x->speed == -1 || x->speed > 0);
        if (strcmp(x->name, "lo") != 0)
            continue;
        assert_int_equal(x->kind, NETIF_LOOPBACK);
        assert_int_equal(x->address[NETIF_IPV4].length, 4);
        assert_int_equal(x->address[NETIF_IPV4].bytes[0], 127);
        assert_int_equal(x->address[NETIF_IPV4].prefix, 8);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_interfaces_are),
        cmocka_unit_test(what_is_chosen),
        cmocka_unit_test(what_is_refused),
        cmocka_unit_test(nodes_of_one_host),
        cmocka_unit_test(where_loopback_is),
        cmocka_unit_test(many_nodes),
        cmocka_unit_test(what_this_node_has),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
