/* Which interface the databases of all nodes listen on. What goes with an
 * address of the first node on all others, by name or by subnet, is a
 * candidate, and the best one is taken. */
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

/* ---- candidates ---- */

/* One address of each node. */
struct candidate {
    const struct netif *first; /* of node 0; NULL for no candidate */
    struct netif_pick lead;    /* which that is */
    bool inner, subnet, named; /* of any; one for all; the same name */
    enum netif_kind kind;      /* the worst */
    int64_t speed;             /* the lowest */
};

static const struct netaddr *address_of(const struct candidate *c)
{
    return &c->first->address[c->lead.family];
}

/* What makes the better candidate, the weightiest first: the lower number is
 * the better one, since … */
enum { CRITERIA = 7 };

static void weigh(const struct candidate *c, int64_t weight[CRITERIA])
{
    const int64_t weights[CRITERIA] = {c->inner,      !c->subnet, c->kind,
                                       -c->speed,     !c->named,  c->lead.entry,
                                       c->lead.family};

    memcpy(weight, weights, sizeof weights);
}

/* Why x is better than y; NULL when it is not. */
static const char *better(const struct candidate *x, const struct candidate *y)
{
    static const char *const because[CRITERIA] = {
        "which is for traffic inside a node",
        "since one subnet has all nodes",
        "since it is a fabric",
        "since it is faster",
        "since all nodes call it so",
        "since it is the first of its like on the first node",
        "since IPv4 goes before IPv6",
    };
    int64_t a[CRITERIA], b[CRITERIA];

    weigh(x, a);
    weigh(y, b);
    for (int i = 0; i < CRITERIA; i++)
        if (a[i] != b[i])
            return a[i] < b[i] ? because[i] : NULL;
    return NULL;
}

/* ---- what belongs together ---- */

/* Whether it can carry traffic between nodes. */
static bool leads_out(const struct netif *i)
{
    return i->kind != NETIF_LOOPBACK && i->running;
}

static bool same_subnet(const struct netaddr *a, const struct netaddr *b)
{
    if (a->length != b->length || a->prefix != b->prefix)
        return false;
    for (int bit = 0; bit < a->prefix; bit++)
        if ((a->bytes[bit / 8] ^ b->bytes[bit / 8]) & (0x80 >> bit % 8))
            return false;
    return true;
}

/* The interface of a node that goes with one of the first node's, or -1. */
typedef int finder(const struct netif_card *c, const struct netif *like,
                   int family);

static int find_by_name(const struct netif_card *c, const struct netif *like,
                        int family)
{
    for (int i = 0; i < c->n; i++)
        if (strcmp(c->list[i].name, like->name) == 0)
            return c->list[i].address[family].length && leads_out(&c->list[i])
                       ? i
                       : -1;
    return -1;
}

static int find_by_subnet(const struct netif_card *c, const struct netif *like,
                          int family)
{
    const struct netif *best = NULL;

    for (const struct netif *i = c->list; i < c->list + c->n; i++)
        if (leads_out(i) &&
            same_subnet(&i->address[family], &like->address[family]) &&
            (!best || i->kind < best->kind ||
             (i->kind == best->kind && i->speed > best->speed)))
            best = i;
    return best ? (int)(best - c->list) : -1;
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
    struct netif_pick *trial; /* [n] of the one that is looked at */
    struct claim *claims;     /* [n], to work with */
    struct candidate best, second;
};

/* What goes with one address of the first node; false when it is no candidate:
 * not on all nodes, or an address of two hosts. */
static bool judge(struct choice *x, const struct netif *like, int family,
                  finder *find, struct candidate *c)
{
    *c = (struct candidate){0};
    for (int k = 0; k < x->n; k++) {
        int entry = find(&x->cards[k], like, family);
        const struct netif *i = &x->cards[k].list[entry < 0 ? 0 : entry];

        if (entry < 0)
            return false;
        x->trial[k] = (struct netif_pick){entry, family};
        x->claims[k] = (struct claim){i->address[family], x->cards[k].host};
        if (k == 0)
            *c = (struct candidate){.first = i,
                                    .lead = x->trial[0],
                                    .subnet = true,
                                    .named = true,
                                    .kind = i->kind,
                                    .speed = i->speed};
        c->inner |= i->kind == NETIF_INNER;
        c->subnet &= same_subnet(&i->address[family], address_of(c));
        c->named &= strcmp(i->name, c->first->name) == 0;
        c->kind = i->kind > c->kind ? i->kind : c->kind;
        c->speed = i->speed < c->speed ? i->speed : c->speed;
    }
    return !is_shared(x->claims, x->n);
}

static bool same_interface(const struct candidate *x, const struct candidate *y)
{
    return x->first == y->first;
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

/* A candidate has an address of the first node, so these are all. */
static void consider_all(struct choice *x)
{
    static finder *const finders[] = {find_by_name, find_by_subnet};
    const struct netif_card *card = &x->cards[0];

    for (int k = 0; k < card->n * NETIF_FAMILIES; k++)
        for (size_t f = 0; f < COUNT(finders); f++) {
            const struct netif *like = &card->list[k / NETIF_FAMILIES];
            int family = k % NETIF_FAMILIES;
            struct candidate c;

            if (like->address[family].length &&
                judge(x, like, family, finders[f], &c))
                consider(x, &c);
        }
}

/* ---- what is said of it ---- */

/* "ib0 (IPv4 10.3.4.0/24, 200 Gb/s)" */
static void describe(const struct candidate *c, bool subnet, char *text,
                     size_t n)
{
    text_add(text, n, "%s%s (%s ", c->first->name,
             c->named ? "" : " and others in its subnet",
             family_names[c->lead.family]);
    if (subnet)
        append_subnet(text, n, address_of(c));
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
static bool has_way_out(const struct netif_card *c)
{
    for (int i = 0; i < c->n; i++)
        if (leads_out(&c->list[i]))
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
        if (!has_way_out(&cards[c])) {
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
    struct choice x = {.cards = cards, .n = n, .picks = picks};

    x.claims = mem_new((size_t)n, sizeof *x.claims);
    x.trial = mem_new((size_t)n, sizeof *x.trial);
    pick_none(picks, n);
    consider_all(&x);
    if (x.best.first)
        explain(&x, words, SRB_NETWORK_MAX);
    else
        explain_none(cards, n, words, SRB_NETWORK_MAX);
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
