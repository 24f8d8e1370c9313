/* Which nodes may run what, by names and features. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "lib/options_line.h"
#include "plan/eligible.h"
#include "plan/place.h"

/* Four nodes; the last two are one host cut in two. */
static const char *const names[] = {"nid0001", "NID0002.site.org", "nid0003/0",
                                    "nid0003/1"};
static const char *const features[] = {"V100,ib", "V100", "P100,bigmem", ""};

static void build(struct machine *m)
{
    const int rank_node[] = {0, 0, 1, 1, 2, 2, 3, 3};
    struct node nodes[4];
    struct error err;

    memset(nodes, 0, sizeof nodes);
    for (int n = 0; n < 4; n++) {
        nodes[n].host = n < 3 ? n : 2;
        snprintf(nodes[n].loopback, sizeof nodes[n].loopback, "127.0.0.1");
        snprintf(nodes[n].name, sizeof nodes[n].name, "%s", names[n]);
        snprintf(nodes[n].loopback, sizeof nodes[n].loopback, "127.0.0.1");
        snprintf(nodes[n].address, sizeof nodes[n].address, "10.0.0.%d", n + 1);
    }
    if (machine_build(m, 8, rank_node, 4, nodes, &err) < 0)
        fail_msg("%s", err.text);
}

/* Of each node c where it may run clients, d databases, and its turn in
 * db_hosts; and then where the first permutation runs; or the words. */
static const struct {
    struct line line;
    const char *marks, *clients, *databases;
} studies[] = {
    {{{"throughput_standard"}}, "cd cd cd cd", "012", "3"},
    {{{"throughput_standard", "--db_nodes=2"}}, "cd cd cd cd", "01", "23"},
    /* names */
    {{{"throughput_standard", "--db_hosts=nid0001"}},
     "cd1 cd cd cd",
     "123",
     "0"},
    {{{"throughput_standard", "--db_hosts=nid0002"}},
     "cd cd1 cd cd",
     "023",
     "1"},
    {{{"throughput_standard", "--db_hosts=[nid0002.site.org, nid0001.other]"}},
     "cd2 cd1 cd cd",
     "23",
     "10"},
    {{{"throughput_standard", "--db_hosts=nid[0003,0001]"}},
     "cd3 cd cd1 cd2",
     "1",
     "230"},
    {{{"throughput_standard", "--db_hosts=nid[0003,0001]", "--db_nodes=1"}},
     "cd3 cd cd1 cd2",
     "1",
     "2"},
    {{{"throughput_standard", "--db_hosts=nid0001", "--db_nodes=2"}},
     "cd1 cd cd cd",
     "db_hosts names 1 host, and db_nodes is 2; give as many hosts as the most "
     "db_nodes",
     ""},
    {{{"throughput_standard", "--db_hosts=nid[0001-0003]"}},
     "cd1 cd2 cd3 cd4",
     "too few nodes: 1 client node and 4 database nodes needed, the job has 4: "
     "by roles, features and db_hosts 0 may run clients, and 4 databases",
     ""},
    {{{"throughput_standard", "--db_hosts=nid[0001"}}, "db_hosts: ", "", ""},
    {{{"throughput_standard", "--db_hosts=[nid0001, nid0009]"}},
     "db_hosts: 'nid0009' is not among the 4 nodes of this job (nid0001 to "
     "nid0003/1)",
     "",
     ""},
    {{{"throughput_standard", "--db_hosts=nid0002.other.org"}},
     "db_hosts: 'nid0002.other.org' is not among the 4 nodes of this job "
     "(nid0001 to nid0003/1)",
     "",
     ""},
    {{{"throughput_standard", "--db_hosts=[nid0001, NID0001]"}},
     "db_hosts: 'NID0001' is named twice",
     "",
     ""},
    /* features */
    {{{"throughput_standard", "--node_feature={C: V100, exclusive: null}"}},
     "cd cd d d",
     "01",
     "3"},
    {{{"throughput_standard", "--node_feature={constraint: V100&ib}",
       "--db_nodes=3"}},
     "cd d d d",
     "0",
     "123"},
    {{{"throughput_standard", "--db_node_feature={C: V100}"}},
     "cd cd c c",
     "023",
     "1"},
    /* databases first where nothing else may be */
    {{{"throughput_standard", "--node_feature={C: P100}"}},
     "d d cd d",
     "2",
     "3"},
    {{{"throughput_standard", "--node_feature={C: P100}",
       "--db_node_feature={C: V100}", "--db_nodes=2"}},
     "d d c -",
     "2",
     "01"},
    {{{"throughput_standard", "--db_node_feature={C: Z100}"}},
     "c c c c",
     "too few nodes: 1 client node and 1 database node needed, the job has 4: "
     "by roles, features and db_hosts 4 may run clients, and 0 databases",
     ""},
    {{{"throughput_standard", "--db_node_feature={C: V100}",
       "--db_hosts=nid0003"}},
     "db_hosts: node nid0003/0 may not run databases by its role or "
     "db_node_feature",
     "",
     ""},
    {{{"throughput_standard", "--node_feature={C: '(V100'}"}},
     "node_feature: ",
     "",
     ""},
    {{{"throughput_colocated", "--node_feature={C: V100}"}},
     "cd cd d d",
     "01",
     "01"},
    /* a batch job chooses its own nodes */
    {{{"throughput_standard", "--run_db_as_batch",
       "--db_node_feature={C: Z100}"}},
     "cd cd cd cd",
     "0123",
     ""},
};

static void print_marks(const struct machine *m, char *buf, size_t n)
{
    size_t used = 0;

    for (int i = 0; i < m->nnodes; i++) {
        const struct node *x = &m->nodes[i];
        bool c = !(x->barred & NODE_CLIENTS), d = !(x->barred & NODE_DATABASES);

        used += (size_t)snprintf(buf + used, n - used, "%s%s%s%s", i ? " " : "",
                                 c ? "c" : "", d ? "d" : "", c || d ? "" : "-");
        if (x->db_turn)
            used += (size_t)snprintf(buf + used, n - used, "%d", x->db_turn);
    }
}

static void print_nodes(const int *node, int n, char *buf)
{
    for (int k = 0; k < n; k++)
        buf[k] = (char)('0' + node[k]);
    buf[n] = '\0';
}

/* What became of study i up to its first permutation. */
static void follow(size_t i, char marks[512], char clients[512],
                   char databases[8])
{
    struct error err = {.text = ""};
    struct permutation p;
    struct placement pl;
    struct options o;
    struct machine m;
    struct sweep s;

    clients[0] = databases[0] = '\0';
    build(&m);
    if (parse(&o, &studies[i].line, NULL, 0, &err) < 0 ||
        sweep_open(&s, &o, &err) < 0)
        fail_msg("%zu: %s", i, err.text);
    if (options_batch(&o))
        m.holds = HOLDS_CLIENTS;
    if (eligible_mark(&m, &o, features, &err) < 0) {
        snprintf(marks, 512, "%.500s", err.text);
        goto out;
    }
    print_marks(&m, marks, 512);
    sweep_at(&s, 0, &p);
    if (place_solve(&m, &p, &pl, &err) < 0) {
        snprintf(clients, 512, "%.500s", err.text);
        goto out;
    }
    print_nodes(pl.client_node, pl.client_nodes, clients);
    if (!pl.external)
        print_nodes(pl.db_node, pl.db_nodes, databases);
    for (int k = 0; k < pl.nshards && !pl.external; k++)
        assert_int_equal(place_shard_node(&pl, k), pl.db_node[k]);
    place_free(&pl);
out:
    options_free(&o);
    machine_free(&m);
}

static void nodes_are_chosen(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(studies); i++) {
        char marks[512], clients[512], databases[8];
        const char *want = studies[i].marks;
        bool prefix =
            strlen(want) > 2 && strcmp(want + strlen(want) - 2, ": ") == 0;

        follow(i, marks, clients, databases);
        if (prefix ? strncmp(marks, want, strlen(want)) != 0
                   : strcmp(marks, want) != 0)
            fail_msg("%zu: marks %s", i, marks);
        if (strcmp(clients, studies[i].clients) != 0 ||
            strcmp(databases, studies[i].databases) != 0)
            fail_msg("%zu: clients %s, databases %s", i, clients, databases);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nodes_are_chosen),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
