/* Rosters from what one server of a cluster says of all: CLUSTER NODES. */
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "options/options_internal.h"
#include "plan/roster.h"

/* A roster under way, with room for more ranges. */
struct taking {
    struct roster r;
    size_t shard_room, range_room;
};

/* What numeric addresses, with the name of an interface, are made of. */
#define ADDRESS_LETTERS                                                        \
    "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ.:%_-"

/* One more shard, by "ip:port@bus"; an empty ip is that of the server asked. */
static int take_address(struct taking *x, const char *asked, char *text,
                        struct error *err)
{
    struct roster_shard *s;
    char *at = strchr(text, '@'), *colon, *end = NULL;
    long port = 0;

    if (at)
        *at = '\0';
    colon = strrchr(text, ':');
    if (colon)
        port = strtol(colon + 1, &end, 10);
    if (!colon || colon - text >= SRB_ADDRESS_MAX || *end ||
        text[strspn(text, ADDRESS_LETTERS)] || port < 1 || port > 65535)
        return error_set(err,
                         "the cluster calls a server '%.64s', which is no "
                         "address",
                         text);
    x->r.shard = mem_more(x->r.shard, (size_t)x->r.nshards, &x->shard_room,
                          sizeof *x->r.shard);
    s = &x->r.shard[x->r.nshards++];
    s->numa = -1;
    s->port = (int)port;
    *colon = '\0';
    snprintf(s->address, sizeof s->address, "%s", text[0] ? text : asked);
    return 0;
}

/* "0-5460" or "5461"; "[…" is a slot on its way to another server. */
static int take_slots(struct taking *x, const char *text, struct error *err)
{
    struct roster_range *range;
    char *end;

    if (text[0] == '[')
        return error_set(err, "the cluster is being resharded; wait until it "
                              "is done");
    x->r.range = mem_more(x->r.range, (size_t)x->r.nranges, &x->range_room,
                          sizeof *x->r.range);
    range = &x->r.range[x->r.nranges++];
    range->first = range->last = (int)strtol(text, &end, 10);
    if (*end == '-')
        range->last = (int)strtol(end + 1, &end, 10);
    range->shard = x->r.nshards - 1;
    return *end ? error_set(err, "the cluster has slots '%.32s'", text) : 0;
}

/* A line of the answer, which is cut up. */
static int take_line(struct taking *x, const char *asked, char *line,
                     struct error *err)
{
    char *rest, *word = strtok_r(line, " ", &rest), *address = NULL;
    bool fails = false;
    int rc = 0;

    for (int k = 0; word && rc == 0; k++, word = strtok_r(NULL, " ", &rest)) {
        if (k == 1)
            address = word;
        if (k == 2 && !strstr(word, "master"))
            return 0; /* a replica */
        fails = fails || (k == 2 && strstr(word, "fail"));
        if (k == 8 && fails) /* and no replica has taken its slots */
            return error_set(err, "the cluster's server %.*s is down",
                             (int)strcspn(address, "@"), address);
        if (k == 8) /* masters without slots hold no keys */
            rc = take_address(x, asked, address, err);
        if (k >= 8 && rc == 0)
            rc = take_slots(x, word, err);
    }
    return rc;
}

static int by_first(const void *a, const void *b)
{
    const struct roster_range *x = a, *y = b;

    return (x->first > y->first) - (x->first < y->first);
}

/* Number the shards by their lowest slots. */
static void number_shards(struct roster *r)
{
    struct roster_shard *sorted = mem_new((size_t)r->nshards, sizeof *sorted);
    int *number = mem_new((size_t)r->nshards, sizeof *number), next = 0;

    for (int s = 0; s < r->nshards; s++)
        number[s] = -1;
    for (int k = 0; k < r->nranges; k++) {
        int *of = &number[r->range[k].shard];

        if (*of < 0) {
            sorted[next] = r->shard[r->range[k].shard];
            *of = next++;
        }
        r->range[k].shard = *of;
    }
    free(number);
    free(r->shard);
    r->shard = sorted;
}

int roster_take_nodes(struct roster *r, const char *nodes, struct error *err)
{
    struct taking x = {.r = *r};
    char *text = mem_copy(nodes), *rest;
    char *line = strtok_r(text, "\n", &rest);
    int rc = 0;

    x.r.shard = NULL;
    x.r.nshards = 0;
    x.r.cluster = true;
    for (; line && rc == 0; line = strtok_r(NULL, "\n", &rest))
        rc = take_line(&x, r->shard[0].address, line, err);
    free(text);
    if (rc == 0 && x.r.nshards == 0)
        rc = error_set(err, "the cluster has no master with slots");
    if (rc == 0) {
        qsort(x.r.range, (size_t)x.r.nranges, sizeof *x.r.range, by_first);
        rc = roster_check(&x.r, err);
        if (rc == 0)
            number_shards(&x.r);
    }
    if (rc < 0) {
        free(x.r.shard);
        free(x.r.range);
        return error_prefix(err, "db_address");
    }
    free(r->shard);
    *r = x.r;
    return 0;
}
