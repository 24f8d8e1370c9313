/* Which interface the databases of all nodes listen on. What the nodes have is
 * offered once by name and once by subnet; offers that sort together and come
 * from every node are a candidate, and the best one is taken. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/text.h"
#include "node/netif.h"

#define NAMES_MAX 8 /* in a list of nodes */
#define COUNT(array) (sizeof(array) / sizeof(array)[0])

static const char *const family_names[NETIF_FAMILIES] = {"IPv4", "IPv6"};

/* ---- words ---- */

static void append_interfaces(char *text, size_t n, const struct netif_card *c)
{
    if (c->n == 0)
        text_add(text, n, "none");
    for (int i = 0; i < c->n; i++)
        text_add(text, n, "%s%s", i ? ", " : "", c->list[i].name);
}

/* "10.3.4.0/24" */
static void append_subnet(char *text, size_t n, const struct netaddr *a)
{
    struct netaddr net = *a;
    char address[SRB_ADDRESS_MAX];

    for (int bit = net.prefix; bit < 8 * net.length; bit++)
        net.bytes[bit / 8] &= (uint8_t) ~(0x80 >> bit % 8);
    text_add(text, n, "%s/%d", netif_print(&net, address), net.prefix);
}

/* ---- offers ---- */

/* An address of a node, under the key by which it is sought. */
struct offer {
    unsigned char key[18];
    int node;
    struct netif_pick pick;
    const struct netif *interface;
};

static const struct netaddr *address_of(const struct offer *o)
{
    return &o->interface->address[o->pick.family];
}

typedef void key_maker(unsigned char *key, const struct netif *i,
                       const struct netaddr *a);

static void key_of_name(unsigned char *key, const struct netif *i,
                        const struct netaddr *a)
{
    key[0] = a->length;
    memcpy(key + 1, i->name, strnlen(i->name, sizeof i->name));
}

static void key_of_subnet(unsigned char *key, const struct netif *i,
                          const struct netaddr *a)
{
    (void)i;
    key[0] = a->length;
    key[1] = a->prefix;
    for (int bit = 0; bit < a->prefix; bit++)
        key[2 + bit / 8] |= a->bytes[bit / 8] & (0x80 >> bit % 8);
}

/* By key and node; of a node the best one first. */
static int by_key(const void *a, const void *b)
{
    const struct offer *x = a, *y = b;
    int order = memcmp(x->key, y->key, sizeof x->key);

    if (order != 0)
        return order;
    if (x->node != y->node)
        return x->node < y->node ? -1 : 1;
    if (x->interface->kind != y->interface->kind)
        return x->interface->kind < y->interface->kind ? -1 : 1;
    if (x->interface->speed != y->interface->speed)
        return x->interface->speed > y->interface->speed ? -1 : 1;
    return (x->pick.entry > y->pick.entry) - (x->pick.entry < y->pick.entry);
}

/* What can carry traffic between nodes. Returns how many offers. */
static size_t make_offers(struct offer *offers, const struct netif_card *cards,
                          int n, key_maker *key)
{
    size_t used = 0;

    for (int c = 0; c < n; c++)
        for (int e = 0; e < cards[c].n * NETIF_FAMILIES; e++) {
            const struct netif *i = &cards[c].list[e / NETIF_FAMILIES];
            const struct netaddr *a = &i->address[e % NETIF_FAMILIES];
            struct offer *o = &offers[used];

            if (a->length == 0 || i->kind == NETIF_LOOPBACK || !i->running)
                continue;
            memset(o, 0, sizeof *o);
            o->node = c;
            o->pick =
                (struct netif_pick){e / NETIF_FAMILIES, e % NETIF_FAMILIES};
            o->interface = i;
            key(o->key, i, a);
            used++;
        }
    qsort(offers, used, sizeof *offers, by_key);
    return used;
}

/* ---- candidates ---- */

/* One offer of each node, all found under one key. */
struct candidate {
    const struct offer *first; /* of node 0; NULL for no candidate */
    bool inner, subnet, named; /* of any; one for all; the same name */
    enum netif_kind kind;      /* the worst */
    int64_t speed;             /* the lowest */
};

/* Of two numbers the lower one is better: < 0 when x is. */
static int lower(int64_t x, int64_t y)
{
    return (x > y) - (x < y);
}

static int by_inner(const struct candidate *x, const struct candidate *y)
{
    return lower(x->inner, y->inner);
}

static int by_subnet(const struct candidate *x, const struct candidate *y)
{
    return lower(y->subnet, x->subnet);
}

static int by_kind(const struct candidate *x, const struct candidate *y)
{
    return lower(x->kind, y->kind);
}

static int by_speed(const struct candidate *x, const struct candidate *y)
{
    return lower(y->speed, x->speed);
}

static int by_name(const struct candidate *x, const struct candidate *y)
{
    return lower(y->named, x->named);
}

static int by_order(const struct candidate *x, const struct candidate *y)
{
    return lower(x->first->pick.entry, y->first->pick.entry);
}

static int by_family(const struct candidate *x, const struct candidate *y)
{
    return lower(x->first->pick.family, y->first->pick.family);
}

/* What makes the better candidate, the weightiest first. */
static const struct {
    int (*compare)(const struct candidate *x, const struct candidate *y);
    const char *because;
} criteria[] = {
    {by_inner, "which is for traffic inside a node"},
    {by_subnet, "since one subnet has all nodes"},
    {by_kind, "since it is a fabric"},
    {by_speed, "since it is faster"},
    {by_name, "since all nodes call it so"},
    {by_order, "since it is the first of its like on the first node"},
    {by_family, "since IPv4 goes before IPv6"},
};

/* Why x is better than y; NULL when it is not. */
static const char *better(const struct candidate *x, const struct candidate *y)
{
    for (size_t i = 0; i < COUNT(criteria); i++) {
        int order = criteria[i].compare(x, y);

        if (order != 0)
            return order < 0 ? criteria[i].because : NULL;
    }
    return NULL;
}

static bool same_subnet(const struct netaddr *a, const struct netaddr *b)
{
    unsigned char x[18] = {0}, y[18] = {0};

    key_of_subnet(x, NULL, a);
    key_of_subnet(y, NULL, b);
    return memcmp(x, y, sizeof x) == 0;
}

/* An address and whose it is. */
struct claim {
    struct netaddr address;
    uint64_t host;
};

static int by_address(const void *a, const void *b)
{
    const struct claim *x = a, *y = b;
    int order = memcmp(x->address.bytes, y->address.bytes, 16);

    return order ? order : (x->host > y->host) - (x->host < y->host);
}

/* An address that two hosts have leads from neither to the other: that of
 * docker0 is the same everywhere. */
static bool is_shared(struct claim *claims, int n)
{
    qsort(claims, (size_t)n, sizeof *claims, by_address);
    for (int i = 1; i < n; i++)
        if (memcmp(claims[i].address.bytes, claims[i - 1].address.bytes, 16) ==
                0 &&
            claims[i].host != claims[i - 1].host)
            return true;
    return false;
}

/* What is chosen among. */
struct choice {
    const struct netif_card *cards;
    int n;
    struct netif_pick *picks; /* of the best */
    struct claim *claims;     /* [n], to work with */
    struct candidate best, second;
    struct netif_pick *trial; /* [n] of the one that is looked at */
    bool subnets;             /* offers are sorted by subnet */
};

/* The offers [first, end) of one key as a candidate; -1 when it is none: not
 * of all nodes, an address of two hosts, or one that was there by name. */
static int judge(struct choice *x, const struct offer *first,
                 const struct offer *end, struct candidate *c)
{
    int nodes = 0;

    *c = (struct candidate){.first = first,
                            .subnet = true,
                            .named = true,
                            .kind = NETIF_FABRIC,
                            .speed = first->interface->speed};
    for (const struct offer *o = first; o < end; o++) {
        const struct netif *i = o->interface;

        if (o > first && o->node == o[-1].node)
            continue;
        c->inner |= i->kind == NETIF_INNER;
        c->subnet &= same_subnet(address_of(o), address_of(first));
        c->named &= strcmp(i->name, first->interface->name) == 0;
        c->kind = i->kind > c->kind ? i->kind : c->kind;
        c->speed = i->speed < c->speed ? i->speed : c->speed;
        x->claims[nodes] =
            (struct claim){*address_of(o), x->cards[o->node].host};
        x->trial[nodes++] = o->pick;
    }
    if (nodes < x->n || (x->subnets && c->named))
        return -1;
    return is_shared(x->claims, nodes) ? -1 : 0;
}

static bool same_interface(const struct candidate *x, const struct candidate *y)
{
    return x->first && y->first && x->first->interface == y->first->interface;
}

static void consider(struct choice *x, const struct candidate *c)
{
    bool again = same_interface(c, &x->best);

    if (!x->best.first || better(c, &x->best)) {
        if (!again)
            x->second = x->best;
        x->best = *c;
        memcpy(x->picks, x->trial, (size_t)x->n * sizeof *x->picks);
    } else if (!again && (!x->second.first || better(c, &x->second))) {
        x->second = *c;
    }
}

static void consider_all(struct choice *x, const struct offer *offers, size_t n)
{
    for (size_t i = 0, end; i < n; i = end) {
        struct candidate c;

        for (end = i + 1; end < n; end++)
            if (memcmp(offers[end].key, offers[i].key, sizeof offers->key) != 0)
                break;
        if (judge(x, &offers[i], &offers[end], &c) == 0)
            consider(x, &c);
    }
}

/* ---- what is said of it ---- */

/* "ib0 (IPv4 10.3.4.0/24, 200 Gb/s)" */
static void describe(const struct candidate *c, bool subnet, char *text,
                     size_t n)
{
    const struct offer *o = c->first;

    text_add(text, n, "%s%s (%s ", o->interface->name,
             c->named ? "" : " and others in its subnet",
             family_names[o->pick.family]);
    if (subnet)
        append_subnet(text, n, address_of(o));
    else
        text_add(text, n, "in several subnets");
    if (c->speed > 0)
        text_add(text, n, ", %g Gb/s", 8e-9 * (double)c->speed);
    text_add(text, n, ")");
}

static void explain(const struct choice *x, char *words, size_t n)
{
    describe(&x->best, x->best.subnet, words, n);
    if (!x->second.first) {
        text_add(words, n, ", the only one that %s",
                 x->n == 1 ? "there is" : "all nodes have");
        return;
    }
    text_add(words, n, ", before ");
    describe(&x->second, x->second.subnet, words, n);
    text_add(words, n, ", %s", better(&x->best, &x->second));
}

/* Whether a node has something to offer. */
static bool leads_out(const struct netif_card *c)
{
    for (int i = 0; i < c->n; i++)
        if (c->list[i].kind != NETIF_LOOPBACK && c->list[i].running)
            return true;
    return false;
}

static bool same_names(const struct netif_card *a, const struct netif_card *b)
{
    for (int i = 0; i < a->n && i < b->n; i++)
        if (strcmp(a->list[i].name, b->list[i].name) != 0)
            return false;
    return a->n == b->n;
}

static void explain_none(const struct netif_card *cards, int n, char *words,
                         size_t room)
{
    int other = 0;

    for (int c = 0; c < n; c++)
        if (!leads_out(&cards[c])) {
            text_add(words, room,
                     "node %s has no network interface but loopback",
                     cards[c].node);
            return;
        }
    while (other + 1 < n && same_names(&cards[0], &cards[other]))
        other++;
    text_add(words, room,
             "no interface is common to all nodes, by its name or its subnet, "
             "with addresses of one family that no two hosts share (%s has ",
             cards[0].node);
    append_interfaces(words, room, &cards[0]);
    text_add(words, room, "; %s has ", cards[other].node);
    append_interfaces(words, room, &cards[other]);
    text_add(words, room, ")");
}

static void pick_none(struct netif_pick *picks, int n)
{
    for (int c = 0; c < n; c++)
        picks[c] = (struct netif_pick){-1, 0};
}

static void choose_any(const struct netif_card *cards, int n,
                       struct netif_pick *picks, char *words)
{
    static key_maker *const keys[] = {key_of_name, key_of_subnet};
    size_t most = (size_t)n * SRB_NETIFS_MAX * NETIF_FAMILIES, used;
    /* both orders stay: candidates point into them */
    struct offer *offers = mem_new(COUNT(keys) * most, sizeof *offers);
    struct choice x = {.cards = cards, .n = n, .picks = picks};

    x.claims = mem_new((size_t)n, sizeof *x.claims);
    x.trial = mem_new((size_t)n, sizeof *x.trial);
    pick_none(picks, n);
    for (size_t k = 0; k < COUNT(keys); k++) {
        x.subnets = keys[k] == key_of_subnet;
        used = make_offers(offers + k * most, cards, n, keys[k]);
        consider_all(&x, offers + k * most, used);
    }
    if (x.best.first)
        explain(&x, words, SRB_NETWORK_MAX);
    else
        explain_none(cards, n, words, SRB_NETWORK_MAX);
    free(offers);
    free(x.claims);
    free(x.trial);
}

/* ---- a named one ---- */

static int find_name(const struct netif_card *c, const char *name)
{
    for (int i = 0; i < c->n; i++)
        if (strcmp(c->list[i].name, name) == 0)
            return i;
    return -1;
}

/* Refuse for the nodes without: how many, the first of them by name, and what
 * there is on the first. */
static int refuse_missing(const struct netif_card *cards, int n,
                          const struct netif_pick *picks, const char *want,
                          struct error *err)
{
    int missing = 0, named = 0, first = -1;
    char where[NAMES_MAX * (SRB_NAME_MAX + 2)] = "", have[512] = "";

    for (int c = 0; c < n; c++) {
        if (picks[c].entry >= 0)
            continue;
        if (missing++ == 0)
            first = c;
        if (named < NAMES_MAX)
            text_add(where, sizeof where, "%s%s", named++ ? ", " : "",
                     cards[c].node);
    }
    append_interfaces(have, sizeof have, &cards[first]);
    if (missing == n)
        return error_set(err,
                         "net_ifname: there is no interface '%s' with an "
                         "address on any node; on %s there are: %s",
                         want, cards[first].node, have);
    return error_set(err,
                     "net_ifname: there is no interface '%s' with an address "
                     "on %d of %d nodes (%s%s); on %s there are: %s",
                     want, missing, n, where, missing > named ? ", ..." : "",
                     cards[first].node, have);
}

/* The first node whose interface has no address of that family, or -1. */
static int without(const struct netif_card *cards, int n,
                   const struct netif_pick *picks, int family)
{
    for (int c = 0; c < n; c++)
        if (!cards[c].list[picks[c].entry].address[family].length)
            return c;
    return -1;
}

static int choose_named(const struct netif_card *cards, int n, const char *want,
                        struct netif_pick *picks, char *words,
                        struct error *err)
{
    int lacks[NETIF_FAMILIES], missing = 0, family;

    for (int c = 0; c < n; c++) {
        picks[c] = (struct netif_pick){find_name(&cards[c], want), 0};
        missing += picks[c].entry < 0;
    }
    if (missing)
        return refuse_missing(cards, n, picks, want, err);
    for (family = 0; family < NETIF_FAMILIES; family++)
        lacks[family] = without(cards, n, picks, family);
    family = lacks[NETIF_IPV4] < 0 ? NETIF_IPV4 : NETIF_IPV6;
    if (lacks[family] >= 0)
        return error_set(err,
                         "net_ifname: the addresses on interface '%s' are not "
                         "of one family: node %s has none of IPv4, node %s "
                         "none of IPv6",
                         want, cards[lacks[NETIF_IPV4]].node,
                         cards[lacks[NETIF_IPV6]].node);
    for (int c = 0; c < n; c++)
        picks[c].family = family;
    text_add(words, SRB_NETWORK_MAX, "%s (%s), as net_ifname says", want,
             family_names[family]);
    return 0;
}

int netif_choose(const struct netif_card *cards, int n, const char *want,
                 struct netif_pick *picks, char words[SRB_NETWORK_MAX],
                 struct error *err)
{
    words[0] = '\0';
    if (!want) {
        choose_any(cards, n, picks, words);
        return 0;
    }
    if (choose_named(cards, n, want, picks, words, err) == 0)
        return 0;
    pick_none(picks, n);
    return -1;
}
