/* An imaginary machine is what the options say of it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "lib/options_line.h"
#include "plan/imagine.h"
#include "plan/place.h"

/* Of a machine of six nodes of two ranks: the names of the nodes that run the
 * databases of the first permutation, and how many clients there are; or why it
 * cannot be, or be placed. */
static const struct {
    struct line line;
    const char *databases;
    int clients;
    const char *words;
} machines[] = {
    {{{NULL}}, "node0005", 10, NULL},
    {{{"--db_nodes=2"}}, "node0004 node0005", 8, NULL},
    {{{"--virtual_nodes=2"}}, "node0005", 11, NULL},

    /* the hosts that are named are there, as many as are named */
    {{{"--db_hosts=nid[001-003,7]"}}, "nid001 nid002 nid003 nid7", 4, NULL},
    {{{"--db_hosts=a,b"}}, "a b", 8, NULL},
    {{{"--db_hosts=[b, a]"}}, "b a", 8, NULL},
    {{{"--db_hosts=node0001"}}, "node0001", 10, NULL},
    {{{"--db_hosts=x,node0005"}}, "x node0005", 8, NULL},
    {{{"--db_hosts=node[0001-0002]", "--db_nodes=1"}}, "node0001", 8, NULL},
    {{{"--db_hosts=a", "--virtual_nodes=2"}}, "a a", 10, NULL},
    {{{"--db_hosts=nid[0001-0003"}},
     NULL,
     0,
     "db_hosts: 'nid[0001-0003' is no list of hosts"},
    {{{"--db_hosts=n[1-7]"}}, NULL, 0, "db_hosts: "},
    {{{"--db_hosts=[a,b,c,d,e,f,g]"}},
     NULL,
     0,
     "db_hosts: 7 hosts are named, and the machine has 6"},
    {{{"--db_hosts=a,a.site"}}, NULL, 0, "db_hosts: 'a.site' is named twice"},
    {{{"--db_hosts=n[1-6]"}}, NULL, 0, "too few nodes"},

    /* roles, features and interfaces */
    {{{"--role=db"}},
     NULL,
     0,
     "too few nodes: 1 client node and 1 database node needed, the job has 6: "
     "by roles, features and db_hosts 0 may run clients, and 6 databases"},
    {{{"--role=client"}}, NULL, 0, "too few nodes"},
    {{{"--node_feature={C: V100}"}},
     NULL,
     0,
     "--node_feature: asks for features, which the nodes of an imaginary "
     "machine have none of"},
    {{{"--db_node_feature={C: V100}"}}, NULL, 0, "--db_node_feature: asks for"},
    {{{"--run_db_as_batch=true", "--db_node_feature={C: V100}"}},
     NULL,
     12,
     NULL}, /* for that job */
    {{{"--net_ifname=ib0"}}, "node0005", 10, NULL},
    {{{"--net_ifname=a-name-too-long-for-one"}}, NULL, 0, "net_ifname: 'a-na"},
    {{{"--virtual_nodes=3"}}, NULL, 0, "virtual_nodes: 2 ranks of a node"},
};

static void join_databases(const struct placement *pl, char *buf, size_t n)
{
    size_t used = 0;

    buf[0] = '\0';
    for (int k = 0; k < pl->db_nodes && used < n; k++)
        used += (size_t)snprintf(buf + used, n - used, "%s%s", k ? " " : "",
                                 pl->machine->nodes[pl->db_node[k]].name);
}

static int imagine(const struct options *o, size_t i, struct error *err)
{
    struct permutation p;
    struct placement pl;
    struct machine m;
    struct sweep s;
    char databases[256];
    int rc;

    if (sweep_open(&s, o, err) < 0 || imagine_machine(&m, o, err) < 0)
        return -1;
    sweep_at(&s, 0, &p);
    rc = place_solve(&m, &p, &pl, err);
    if (rc == 0) {
        if (m.holds == HOLDS_BOTH) { /* else they are elsewhere */
            join_databases(&pl, databases, sizeof databases);
            assert_string_equal(databases, machines[i].databases);
        }
        assert_int_equal(pl.nclients, machines[i].clients);
        place_free(&pl);
    }
    machine_free(&m);
    return rc;
}

static void it_is_what_is_said(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(machines); i++) {
        struct line line = {
            {"throughput_standard", "--dry_run", "--machine=6x2"}};
        struct options o;
        struct error err;

        for (size_t k = 0; k < 3 && machines[i].line.arg[k]; k++)
            line.arg[3 + k] = machines[i].line.arg[k];
        if (parse(&o, &line, NULL, 0, &err) < 0)
            fail_msg("machine %zu: %s", i, err.text);
        if ((imagine(&o, i, &err) < 0) != (machines[i].words != NULL))
            fail_msg("machine %zu: '%s'", i, err.text);
        if (machines[i].words && !strstr(err.text, machines[i].words))
            fail_msg("machine %zu: '%s', expected '%s'", i, err.text,
                     machines[i].words);
        options_free(&o);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(it_is_what_is_said),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
