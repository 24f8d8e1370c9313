#include "plan/imagine.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/hostlist.h"
#include "base/mem.h"
#include "plan/eligible.h"

enum holds imagine_holds(const struct options *o)
{
    return o->serve                                  ? HOLDS_DATABASES
           : options_external(o) || options_batch(o) ? HOLDS_CLIENTS
                                                     : HOLDS_BOTH;
}

/* How many hosts db_hosts names; -1 where one of them is no list. */
static int count_hosts(const struct setting *set, int most, struct error *err)
{
    size_t n = 0;

    for (size_t k = 0; k < set->nvalues; k++) {
        struct hostlist list;

        if (hostlist_expand(&list, set->values[k].text, (size_t)most, err) < 0)
            return error_prefix(err, "db_hosts");
        n += list.n;
        hostlist_free(&list);
    }
    if (n > (size_t)most)
        return error_set(err,
                         "db_hosts: %zu hosts are named, and the machine has "
                         "%d",
                         n, most);
    return (int)n;
}

/* The host that has the name anyway, or -1. */
static int host_called(const struct machine *m, const char *name)
{
    char same[SRB_NAME_MAX];

    for (int host = 0; host < m->nhosts; host++) {
        snprintf(same, sizeof same, MACHINE_NAME, host);
        if (strcmp(same, name) == 0)
            return host;
    }
    return -1;
}

/* Name a host, that is all of its nodes. */
static void name_host(struct machine *m, int host, const char *name)
{
    int each = m->nnodes / m->nhosts;

    for (int n = host * each; n < (host + 1) * each; n++)
        snprintf(m->nodes[n].name, sizeof m->nodes[n].name, "%s", name);
}

/* The names that no host has go to the last that are not named, in order. */
static void give_names(struct machine *m, char *const names[], int n)
{
    bool *named = mem_new((size_t)m->nhosts, sizeof *named);
    int host = m->nhosts;

    for (int k = 0; k < n; k++)
        if (host_called(m, names[k]) >= 0)
            named[host_called(m, names[k])] = true;
    for (int k = n - 1; k >= 0; k--) {
        if (host_called(m, names[k]) >= 0)
            continue;
        while (host > 0 && named[--host])
            ;
        name_host(m, host, names[k]);
    }
    free(named);
}

static int name_hosts(struct machine *m, const struct options *o,
                      struct error *err)
{
    const struct setting *set = options_get(o, OPT_DB_HOSTS);
    struct hostlist *lists;
    char **names;
    int n, at = 0;

    if (set->values[0].is_auto)
        return 0;
    n = count_hosts(set, m->nhosts, err);
    if (n < 0)
        return -1;
    lists = mem_new(set->nvalues, sizeof *lists);
    names = mem_new((size_t)n, sizeof *names);
    for (size_t k = 0; k < set->nvalues; k++) {
        hostlist_expand(&lists[k], set->values[k].text, (size_t)n, NULL);
        for (size_t i = 0; i < lists[k].n; i++)
            names[at++] = lists[k].name[i];
    }
    give_names(m, names, at);
    for (size_t k = 0; k < set->nvalues; k++)
        hostlist_free(&lists[k]);
    free(lists);
    free(names);
    return 0;
}

/* All ranks are of one part. */
static void play_role(struct machine *m, const struct options *o)
{
    enum role role = (enum role)options_one(o, OPT_ROLE)->count;

    for (int n = 0; n < m->nnodes; n++)
        m->nodes[n].barred = role == ROLE_DB       ? NODE_CLIENTS
                             : role == ROLE_CLIENT ? NODE_DATABASES
                                                   : 0;
}

static int choose_interface(struct machine *m, const struct options *o,
                            struct error *err)
{
    const struct value *v = options_one(o, OPT_NET_IFNAME);

    if (v->is_auto)
        return 0;
    if (strlen(v->text) >= SRB_NETIF_NAME_MAX)
        return error_set(err,
                         "net_ifname: '%s' is no name of an interface, "
                         "expected at most %d characters",
                         v->text, SRB_NETIF_NAME_MAX - 1);
    for (int n = 0; n < m->nnodes; n++)
        snprintf(m->nodes[n].interface, sizeof m->nodes[n].interface, "%s",
                 v->text);
    return 0;
}

/* What only the batch system of a real job could tell. */
static int check_features(const struct options *o, struct error *err)
{
    enum option_id id = options_get(o, OPT_NODE_FEATURE)->given
                            ? OPT_NODE_FEATURE
                            : OPT_DB_NODE_FEATURE;

    if (!eligible_needs_features(o))
        return 0;
    return options_refuse(o, id,
                          "asks for features, which the nodes of an imaginary "
                          "machine have none of; plan without it, or in the "
                          "job",
                          err);
}

int imagine_machine(struct machine *m, const struct options *o,
                    struct error *err)
{
    const struct value *shape = options_one(o, OPT_MACHINE);

    if (check_features(o, err) < 0 ||
        machine_uniform(m, (int)shape->count, (int)shape->count2,
                        (int)options_one(o, OPT_VIRTUAL_NODES)->count, err) < 0)
        return -1;
    m->holds = imagine_holds(o);
    m->leaves_ranks = options_leaves_ranks(o);
    play_role(m, o);
    if (choose_interface(m, o, err) == 0 && name_hosts(m, o, err) == 0 &&
        eligible_mark(m, o, NULL, err) == 0)
        return 0;
    machine_free(m);
    return -1;
}
