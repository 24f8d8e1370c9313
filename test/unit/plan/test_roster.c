/* Rosters: what names servers, the file there and back, answers of clusters,
 * and whose key is whose. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "plan/roster.h"

#define COUNT(array) (sizeof(array) / sizeof(array)[0])

/* ---- host:port ---- */

static const struct {
    const char *text;
    bool servers;      /* or a file */
    const char *hosts; /* what comes out, or the words */
    int ports[3];
} addresses[] = {
    {"10.0.0.7:6780", true, "10.0.0.7", {6780}},
    {"nid0001:1", true, "nid0001", {1}},
    {"[::1]:65535", true, "::1", {65535}},
    {"a:1,b.site:2,[fe80::1]:3", true, "a b.site fe80::1", {1, 2, 3}},
    {"a:1, b:2 ,c:3", true, "a b c", {1, 2, 3}},
    {"a:1,a:2", true, "a a", {1, 2}},
    {"a:1,b:1,A:1",
     true,
     "db_address: 'a' port 1 and 'A' port 1 are the same server, expected "
     "every server once",
     {0}},
    {"[::1]:5,[0:0::1]:5",
     true,
     "db_address: '::1' port 5 and '0:0::1' port 5 are the same server, "
     "expected every server once",
     {0}},
    {"address.yaml", false, NULL, {0}},
    {"./a:6780", false, NULL, {0}},
    {"/scratch/a:6780", false, NULL, {0}},
    {"a:b", false, NULL, {0}},
    {"a:", false, NULL, {0}},
    {":6780",
     true,
     "db_address: found ':6780', expected host:port, such as "
     "10.0.0.7:6780 or [::1]:6780",
     {0}},
    {"a:0",
     true,
     "db_address: found 'a:0', expected host:port, such as "
     "10.0.0.7:6780 or [::1]:6780",
     {0}},
    {"a:65536",
     true,
     "db_address: found 'a:65536', expected host:port, such "
     "as 10.0.0.7:6780 or [::1]:6780",
     {0}},
    {"a:1,b,c:3",
     true,
     "db_address: found 'b', expected host:port, such as "
     "10.0.0.7:6780 or [::1]:6780",
     {0}},
    {"a:1,,c:3",
     true,
     "db_address: found '', expected host:port, such as "
     "10.0.0.7:6780 or [::1]:6780",
     {0}},
    {"::1:6780",
     true,
     "db_address: found '::1:6780', expected host:port, "
     "such as 10.0.0.7:6780 or [::1]:6780",
     {0}},
    {"a:99999999999999999999",
     true,
     "db_address: found 'a:99999999999999999999', expected host:port, such as "
     "10.0.0.7:6780 or [::1]:6780",
     {0}},
};

static void addresses_may_lack_ports(void **state)
{
    static const struct {
        const char *text;
        bool lacks;
    } texts[] = {
        {"127.0.0.1", true},    {"[::1]", true},          {"fe80::a", true},
        {"localhost", false},   {"1.2.3", false},         {"[a]", false},
        {"10.0.0.7:1", false},  {"[::1]:1", false},       {"", false},
        {"fe80::a%eth0", true}, {"[fe80::a%eth0]", true}, {"n%eth0", false},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(texts); i++)
        if (roster_lacks_port(texts[i].text) != texts[i].lacks)
            fail_msg("'%s' %s a port", texts[i].text,
                     texts[i].lacks ? "lacks" : "has");
}

static void names_of_servers(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(addresses); i++) {
        char hosts[256] = "";
        struct error err = {.text = ""};
        struct roster r;

        if (roster_names_servers(addresses[i].text) != addresses[i].servers)
            fail_msg("'%s' is %sservers", addresses[i].text,
                     addresses[i].servers ? "" : "no ");
        if (!addresses[i].servers)
            continue;
        if (roster_parse(&r, addresses[i].text, &err) < 0) {
            assert_string_equal(err.text, addresses[i].hosts);
            assert_null(r.shard);
            continue;
        }
        for (int s = 0; s < r.nshards; s++) {
            snprintf(hosts + strlen(hosts), sizeof hosts - strlen(hosts),
                     "%s%s", s ? " " : "", r.shard[s].host);
            assert_int_equal(r.shard[s].port, addresses[i].ports[s]);
            assert_string_equal(r.shard[s].address, "");
        }
        assert_string_equal(hosts, addresses[i].hosts);
        roster_free(&r);
    }
}

/* ---- the file ---- */

static char *print(const struct roster *r, size_t *n)
{
    char *text = NULL;
    FILE *out = open_memstream(&text, n);

    assert_non_null(out);
    roster_print(r, out);
    fclose(out);
    return text;
}

/* Three shards on two hosts. */
static void example(struct roster *r)
{
    roster_alloc(r, 3);
    for (int s = 0; s < 3; s++) {
        struct roster_shard *x = &r->shard[s];

        snprintf(x->address, sizeof x->address, s < 2 ? "10.0.0.1" : "fd00::2");
        snprintf(x->host, sizeof x->host, "nid000%d", s / 2 + 1);
        snprintf(x->cpus, sizeof x->cpus, "%d-%d,9", s, s + 1);
        x->port = 6780 + s;
        x->numa = s - 1;
    }
    r->served = r->cluster = true;
    snprintf(r->engine, sizeof r->engine, "redis");
    snprintf(r->server, sizeof r->server, "redis 7.0.15");
    snprintf(r->exe, sizeof r->exe, "/opt/a b/redis: \"server\"");
    snprintf(r->job, sizeof r->job, "123[4].pbs");
    snprintf(r->interface, sizeof r->interface, "ib0");
    snprintf(r->prefix, sizeof r->prefix, "srbench:1:");
    r->db_cpus = 8;
    snprintf(r->args, sizeof r->args, "{\"hz\": \"50\"}");
    snprintf(r->env, sizeof r->env, "{}");
    r->max_bytes = INT64_C(4294967296);
}

static void a_file_reads_back(void **state)
{
    struct roster a, b;
    struct error err;
    char *text, *again;
    size_t n, m;

    (void)state;
    example(&a);
    a.nranges = 3;
    a.range = calloc(3, sizeof *a.range);
    assert_non_null(a.range);
    for (int k = 0; k < 3; k++)
        a.range[k] = (struct roster_range){k * 5000, k * 5000 + 4999, 2 - k};
    a.range[2].last = SRB_SLOTS - 1;
    text = print(&a, &n);
    if (roster_read(&b, "file", text, n, &err) < 0)
        fail_msg("%s\nis refused: %s", text, err.text);
    again = print(&b, &m);
    assert_string_equal(text, again);
    assert_int_equal(b.nhosts, 2);
    assert_true(b.served && b.cluster);
    assert_string_equal(b.exe, a.exe);
    assert_string_equal(b.args, a.args);
    assert_string_equal(b.env, a.env);
    assert_int_equal(b.shard[2].numa, 1);
    assert_int_equal(b.range[2].shard, 0);
    free(text);
    free(again);
    roster_free(&a);
    roster_free(&b);
}

/* A file with one line replaced, and the words on it. */
static const struct {
    const char *line, *by, *words;
} bad[] = {
    {"roster: ", "roster: 1",
     "file:1:1: found a roster of version 1, expected 3"},
    {"engine: ", "",
     "file:1:1: found no 'engine', expected a file that "
     "srbench serve wrote"},
    {"ports: ", "ports: [1, 2]",
     "ports: expected a list of 3 entries, one a shard"},
    {"ports: ", "ports: [1, 2, 65536]",
     "found '65536', expected a number from 1 to 65535"},
    {"ports: ", "ports: 6780", "ports: expected a list of 3 entries"},
    {"addresses: ", "addresses: []", "addresses: found 0, expected 1 to 16384"},
    {"addresses: ",
     "addresses: [a, b, "
     "0123456789012345678901234567890123456789012345678]",
     "expected a numeric address"},
    {"ours: ", "ours: perhaps", "ours: expected true or false"},
    {"db_cpus: ", "db_cpus: -2", "found '-2', expected a number from -1"},
    {"max_bytes: ", "max_bytes: [1]", "max_bytes: expected a number"},
    {"slots: ", "slots: [0, 16383]", "expected first, last and shard"},
    {"slots: ", "slots: [0, 16383, 3]",
     "found '3', expected a number from 0 "
     "to 2"},
    {"slots: ", "slots: [0, 16383, 1]", "the cluster's shard 0 has no slots"},
    {"slots: ", "slots: [0, 5, 0, 7, 16383, 1]",
     "the cluster does not serve every slot once: slot 5 is followed by 7"},
    {"server: ", "server: [redis]", "server: expected a text"},
    {"cpus: ", "cpus: {a: b}", "cpus: expected a list of 3 entries"},
};

/* The text with the line that begins with `line` replaced; allocated. */
static char *replace(const char *text, const char *line, const char *by)
{
    size_t from = 0, room = strlen(text) + strlen(by) + 2;
    char *out = calloc(1, room);

    assert_non_null(out);
    while (strncmp(text + from, line, strlen(line)) != 0) {
        from += strcspn(text + from, "\n");
        assert_int_equal(text[from], '\n');
        from++;
    }
    snprintf(out, room, "%.*s%s%s", (int)from, text, by,
             text + from + strcspn(text + from, "\n"));
    return out;
}

static void bad_files_are_refused(void **state)
{
    struct roster a;
    char *text;
    size_t n;

    (void)state;
    example(&a);
    text = print(&a, &n);
    for (size_t i = 0; i < COUNT(bad); i++) {
        char *broken = replace(text, bad[i].line, bad[i].by);
        struct error err = {.text = ""};
        struct roster r;

        if (roster_read(&r, "file", broken, strlen(broken), &err) == 0)
            fail_msg("'%s' is accepted", bad[i].by);
        if (!strstr(err.text, bad[i].words))
            fail_msg("'%s' says '%s'", bad[i].by, err.text);
        assert_null(r.shard);
        assert_null(r.range);
        free(broken);
    }
    free(text);
    roster_free(&a);
}

/* ---- CLUSTER NODES ---- */

#define ID "e7d1eecce10fd6bb5eb35b9f99a514335d9ba9ca"

static const struct {
    const char *answer;
    const char *out; /* "address:port first-last …;" a shard, or the words */
} clusters[] = {
    {ID " 127.0.0.1:30001@31001,nid1 myself,master - 0 0 1 connected "
        "0-16383\n",
     "127.0.0.1:30001 0-16383;"},
    {/* shards are numbered by their slots, replicas are none */
     ID " 10.0.0.2:7000@17000 master - 0 0 2 connected 8192-16383\n" ID
        " 10.0.0.3:7000@17000 slave " ID " 0 0 2 connected\n" ID
        " 10.0.0.1:7000@17000 myself,master - 0 0 1 connected 0-8191\n",
     "10.0.0.1:7000 0-8191;10.0.0.2:7000 8192-16383;"},
    {/* several ranges, a single slot, and a server that does not know what it
        is called */
     ID " :7001@17001 myself,master - 0 0 1 connected 0-9 11-20 16383\n" ID
        " fd00::2:7002@17002 master - 0 0 2 connected 10 21-16382\n",
     "10.9.9.9:7001 0-9 11-20 16383-16383;fd00::2:7002 10-10 21-16382;"},
    {/* a master without slots has no keys */
     ID " 10.0.0.1:1@10001 myself,master - 0 0 1 connected 0-16383\n" ID
        " 10.0.0.2:1@10001 master - 0 0 2 connected\n",
     "10.0.0.1:1 0-16383;"},
    {ID " 10.0.0.1:1@2 myself,master - 0 0 1 connected 0-100 [5->-" ID "]\n",
     "db_address: the cluster is being resharded; wait until it is done"},
    {ID " 10.0.0.1:1@2 myself,master - 0 0 1 connected 0-16000\n",
     "db_address: the cluster serves no slot from 16001 on"},
    {ID " 10.0.0.1:1@2 master,fail - 0 0 1 disconnected\n",
     "db_address: the cluster has no master with slots"},
    {ID " 10.0.0.1:1@2 myself,master - 0 0 1 connected 0-100\n" ID
        " 10.0.0.2:1@2 master,fail - 0 0 1 disconnected 101-16383\n",
     "db_address: the cluster's server 10.0.0.2:1 is down"},
    {ID " nonsense myself,master - 0 0 1 connected 0-16383\n",
     "db_address: the cluster calls a server 'nonsense', which is no address"},
    {ID " 10.0.0.1:?7@2 myself,master - 0 0 1 connected 0-16383\n",
     "db_address: the cluster calls a server '10.0.0.1:?7', which is no "
     "address"},
    {ID " 10.0.0.1:65536@2 myself,master - 0 0 1 connected 0-16383\n",
     "db_address: the cluster calls a server '10.0.0.1:65536', which is no "
     "address"},
    {ID " 10.0.0.1:@2 myself,master - 0 0 1 connected 0-16383\n",
     "db_address: the cluster calls a server '10.0.0.1:', which is no address"},
    {ID " 10\"0.0.1:7@2 myself,master - 0 0 1 connected 0-16383\n",
     "db_address: the cluster calls a server '10\"0.0.1:7', which is no "
     "address"},
    {ID " 10.0.0.1:1@2 myself,master - 0 0 1 connected 0-1x\n",
     "db_address: the cluster has slots '0-1x'"},
    {"", "db_address: the cluster has no master with slots"},
};

static void describe(const struct roster *r, char *buf, size_t n)
{
    size_t used = 0;

    for (int s = 0; s < r->nshards; s++) {
        used += (size_t)snprintf(buf + used, n - used, "%s:%d",
                                 r->shard[s].address, r->shard[s].port);
        for (int k = 0; k < r->nranges; k++)
            if (r->range[k].shard == s)
                used += (size_t)snprintf(buf + used, n - used, " %d-%d",
                                         r->range[k].first, r->range[k].last);
        used += (size_t)snprintf(buf + used, n - used, ";");
    }
}

static void answers_of_clusters(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(clusters); i++) {
        char out[4096] = "";
        struct error err = {.text = ""};
        struct roster r;

        roster_alloc(&r, 1);
        snprintf(r.shard[0].address, sizeof r.shard[0].address, "10.9.9.9");
        if (roster_take_nodes(&r, clusters[i].answer, &err) < 0)
            snprintf(out, sizeof out, "%s", err.text);
        else
            describe(&r, out, sizeof out);
        if (strcmp(out, clusters[i].out) != 0)
            fail_msg("%zu: %s\nexpected %s", i, out, clusters[i].out);
        roster_free(&r);
    }
}

/* ---- keys ---- */

static void keys_belong_to_their_shards(void **state)
{
    struct roster r;
    struct error err;
    char key[SRB_KEY_MAX], plain[SRB_KEY_MAX];

    (void)state;
    roster_alloc(&r, 3);
    /* slots divided as ours are: the same keys */
    for (int c = 0; c < 100; c++) {
        roster_key(&r, KEYS_BALANCED, c, key);
        keys_make(plain, KEYS_BALANCED, c, 3);
        assert_string_equal(key, plain);
        assert_int_equal(roster_shard_of(&r, key), c % 3);
    }
    /* divided unevenly, with a prefix */
    snprintf(r.prefix, sizeof r.prefix, "srbench:00ff:");
    r.nranges = 4;
    r.range = calloc(4, sizeof *r.range);
    assert_non_null(r.range);
    r.range[0] = (struct roster_range){0, 99, 0};
    r.range[1] = (struct roster_range){100, 16000, 1};
    r.range[2] = (struct roster_range){16001, 16001, 2};
    r.range[3] = (struct roster_range){16002, SRB_SLOTS - 1, 0};
    assert_int_equal(roster_check(&r, &err), 0);
    for (int c = 0; c < 30; c++) {
        int slot, shard;

        roster_key(&r, KEYS_BALANCED, c, key);
        slot = keys_slot(key);
        shard = slot < 100 ? 0 : slot <= 16000 ? 1 : slot == 16001 ? 2 : 0;
        assert_int_equal(shard, c % 3);
        assert_int_equal(roster_shard_of(&r, key), shard);
        assert_int_equal(strncmp(key, "srbench:00ff:throughput_rank_", 29), 0);
    }
    roster_key(&r, KEYS_SMARTSIM, 7, key);
    assert_string_equal(key, "srbench:00ff:throughput_rank_7");
    roster_free(&r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_of_servers),
        cmocka_unit_test(addresses_may_lack_ports),
        cmocka_unit_test(a_file_reads_back),
        cmocka_unit_test(bad_files_are_refused),
        cmocka_unit_test(answers_of_clusters),
        cmocka_unit_test(keys_belong_to_their_shards),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
