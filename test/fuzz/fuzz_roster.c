/* fuzz_roster.c - what says where databases run: the file of srbench serve, a
 * list of servers, a server's answer to CLUSTER NODES.
 *
 * The first byte of an input says which: 'f', 'l' or 'n'. Promised by roster.h:
 * what is refused has words and leaves nothing; what is printed is read back to
 * the same; of a cluster's nodes a refusal leaves the roster as it was. */
#include "fuzz.h"
#include "plan/roster.h"

static void one_sentence(const struct error *err)
{
    PROMISE(memchr(err->text, '\0', sizeof err->text), "words without an end");
    PROMISE(err->text[0], "a failure without words");
}

static char *print(const struct roster *r, size_t *length)
{
    char *text = NULL;
    FILE *out = open_memstream(&text, length);

    PROMISE(out, "not enough memory");
    roster_print(r, out);
    PROMISE(fclose(out) == 0 && text, "not enough memory");
    return text;
}

/* A roster that can be used: every key has a shard, and its text means it. */
static void use(const struct roster *r)
{
    size_t length, again_length;
    char *text = print(r, &length), *copy = copy_exactly(text, length), *more;
    struct roster again = {0};
    struct error err = {.text = ""};
    int shard;

    PROMISE(r->nshards > 0 && r->nshards <= SRB_SLOTS, "%d shards", r->nshards);
    shard = roster_shard_of(r, "throughput_rank_7");
    PROMISE(shard >= 0 && shard < r->nshards, "shard %d of %d", shard,
            r->nshards);
    PROMISE(roster_read(&again, "again", copy, length, &err) == 0, "%s\n%s",
            err.text, text);
    more = print(&again, &again_length);
    PROMISE(length == again_length && memcmp(text, more, length) == 0,
            "'%s' is read as '%s'", text, more);
    roster_free(&again);
    free(more);
    free(copy);
    free(text);
}

static void read_file(const char *text, size_t size)
{
    struct error err = {.text = ""};
    struct roster r;

    if (roster_read(&r, "servers.yaml", text, size, &err) < 0) {
        one_sentence(&err);
        PROMISE(!r.shard && !r.range, "a refusal left something");
        return;
    }
    use(&r);
    roster_free(&r);
}

static void read_list(const char *text)
{
    struct error err = {.text = ""};
    struct roster r = {0};

    roster_names_servers(text);
    if (roster_parse(&r, text, &err) < 0) {
        one_sentence(&err);
        return;
    }
    for (int s = 0; s < r.nshards; s++)
        PROMISE(r.shard[s].port > 0 && r.shard[s].port < 65536 &&
                    r.shard[s].host[0],
                "'%s': shard %d is %s:%d", text, s, r.shard[s].host,
                r.shard[s].port);
    roster_free(&r);
}

static void read_nodes(const char *text)
{
    struct error err = {.text = ""};
    struct roster r;

    roster_alloc(&r, 1);
    snprintf(r.shard[0].address, sizeof r.shard[0].address, "127.0.0.1");
    snprintf(r.engine, sizeof r.engine, "redis");
    r.shard[0].port = 7000;
    if (roster_take_nodes(&r, text, &err) < 0) {
        one_sentence(&err);
        PROMISE(r.nshards == 1 && r.shard[0].port == 7000 && !r.cluster,
                "a refusal changed it");
    } else {
        PROMISE(r.cluster && roster_check(&r, &err) == 0, "%s", err.text);
        roster_count_hosts(&r);
        use(&r);
    }
    roster_free(&r);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const uint8_t what = size > 0 ? data[0] : 0;
    char *exact, *text;

    if (size == 0)
        return 0;
    exact = copy_exactly(data + 1, size - 1);
    text = copy_text(data + 1, size - 1);
    if (what == 'f')
        read_file(exact, size - 1);
    else if (what == 'l')
        read_list(text);
    else
        read_nodes(text);
    free(text);
    free(exact);
    return 0;
}
