#include "servers/collapse.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/text.h"

/* A file that says the default says it of all servers that have the axis: a
 * resolved configuration (--show_config) does so of every option. On the
 * command line somebody meant it. */
static bool is_default(const struct option *d, const struct setting *set)
{
    const struct value *v = &set->values[0];

    return strncmp(set->origin, "--", 2) != 0 && set->nvalues == 1 &&
           strcmp(v->is_auto ? "auto" : v->text, d->def) == 0;
}

/* Whether any value of an option asks for more than every server has. */
static bool asks(const struct options *o, enum option_id id)
{
    const struct setting *set = options_get(o, id);

    for (size_t k = 0; k < set->nvalues; k++)
        if (set->values[k].npairs > 0)
            return true;
    if (option_table[id].type == OPTION_MAPS)
        return false;
    if (option_table[id].type != OPTION_COUNT)
        return set->given && !is_default(&option_table[id], set);
    for (size_t k = 0; k < set->nvalues; k++)
        if (!set->values[k].is_auto &&
            (option_may_be_auto(&option_table[id]) || set->values[k].count > 1))
            return true;
    return false;
}

/* What servers that have an option have of it. */
static const char *thing(enum option_id id)
{
    switch (id) {
    case OPT_DB_IO_THREADS:
        return "I/O threads: all their threads serve, one for each of db_cpus";
    case OPT_DB_ARGS:
        return "directives";
    case OPT_DB_PORT:
        return "a port";
    case OPT_DB_MAX_CLIENTS:
        return "connections";
    case OPT_NET_IFNAME:
        return "an address on an interface";
    default:
        return "such a choice";
    }
}

static int refuse(const struct server *servers, size_t n, enum option_id id,
                  struct error *err)
{
    const char *name = option_table[id].name;
    char names[256] = "";

    for (size_t k = 0; k < n; k++)
        text_join(names, sizeof names, ", ", "%s", servers[k].label);
    return error_set(err,
                     "%s: no server of this study (%s) has %s; leave out %s, "
                     "or give another db_exe with it",
                     name, names, thing(id), name);
}

/* Who speaks plain commands alone has no choice of them where there is one. */
static bool lacks(const struct options *o, const struct engine *e,
                  enum option_id axis)
{
    return !engine_has(e, axis) ||
           (axis == OPT_COMMAND_SET && options_redisai(o) &&
            !engine_speaks_redisai(e));
}

/* What it has instead; NULL: nothing. */
static const char *has_instead(const struct engine *e, enum option_id axis)
{
    if (axis == OPT_CLIENT)
        return e->client;
    return axis == OPT_COMMAND_SET && engine_has(e, axis)
               ? option_table[axis].def
               : NULL;
}

/* The servers that lack an axis are added to the list. -1 where these are all
 * of them, and the axis was asked for. */
static int add(const struct sweep *s, const struct server *servers,
               enum option_id axis, struct sweep_lack *list, size_t *n,
               struct error *err)
{
    size_t nexes = options_get(s->options, OPT_DB_EXE)->nvalues, found = 0;

    for (size_t k = 0; k < nexes; k++) {
        const struct engine *e = servers[k].engine;
        struct sweep_lack *lack = &list[*n];

        if (!e || !lacks(s->options, e, axis))
            continue;
        found++;
        *lack = (struct sweep_lack){.exe = k, .axis = axis};
        /* a value's text is not changed by anybody */
        lack->instead.text = (char *)(uintptr_t)has_instead(e, axis);
        snprintf(lack->server, sizeof lack->server, "%s", servers[k].label);
        /* one with a client of its own has nothing of the rest by default */
        *n += e->client || asks(s->options, axis);
    }
    return found == nexes && asks(s->options, axis)
               ? refuse(servers, nexes, axis, err)
               : 0;
}

/* Where nobody keeps streams, a reader that would wait for one spins. */
static void add_streams(const struct sweep *s, const struct server *servers,
                        struct sweep_lack *list, size_t *n)
{
    static char spin[] = "spin";
    const struct setting *wait = options_get(s->options, OPT_WAIT);
    bool block = false;

    for (size_t k = 0; k < wait->nvalues; k++)
        block = block || wait->values[k].word == WAIT_BLOCK;
    for (size_t k = 0; k < options_get(s->options, OPT_DB_EXE)->nvalues; k++) {
        const struct engine *e = servers[k].engine;
        struct sweep_lack *lack = &list[*n];

        if (!block || !e || e->streams)
            continue;
        *lack =
            (struct sweep_lack){.exe = k,
                                .axis = OPT_WAIT,
                                .word = WAIT_BLOCK,
                                .why = "streams",
                                .instead = {.word = WAIT_SPIN, .text = spin}};
        snprintf(lack->server, sizeof lack->server, "%s", servers[k].label);
        ++*n;
    }
}

/* Whether some permutation is left. */
static bool any_left(const struct options *o, const struct server *servers)
{
    for (size_t k = 0; k < options_get(o, OPT_DB_EXE)->nvalues; k++)
        if (!servers[k].engine || !servers[k].engine->only ||
            options_has_placement(o, servers[k].engine->only))
            return true;
    return false;
}

/* Of what is no axis all permutations have the one value: that some server has
 * it is enough. */
static int check_rest(const struct options *o, const struct server *servers,
                      struct error *err)
{
    size_t nexes = options_get(o, OPT_DB_EXE)->nvalues;

    for (int i = OPT_AXES; i < OPT_COUNT; i++) {
        enum option_id id = (enum option_id)i;
        size_t k = 0;

        if (!asks(o, id))
            continue;
        while (k < nexes && servers[k].engine &&
               !engine_has(servers[k].engine, id))
            k++;
        if (k == nexes)
            return refuse(servers, nexes, id, err);
    }
    return 0;
}

/* Servers that only one placement has are left out of the others. */
static int leave_out(const struct sweep *s, const struct server *servers,
                     struct sweep_lack *list, size_t *n, struct error *err)
{
    const struct options *o = s->options;
    const struct engine *first = servers[0].engine;

    for (size_t k = 0; k < options_get(o, OPT_DB_EXE)->nvalues; k++) {
        const struct engine *e = servers[k].engine;
        struct sweep_lack *lack = &list[*n];

        if (!e || !e->only || !options_has_placement(o, IN_BOTH & ~e->only))
            continue;
        *lack = (struct sweep_lack){
            .exe = k, .axis = OPT_EXPERIMENT, .only = e->only};
        snprintf(lack->server, sizeof lack->server, "%s", servers[k].label);
        ++*n;
    }
    if (!first || any_left(o, servers))
        return 0;
    return error_set(err,
                     "db_exe: no permutation is left, since %s is for "
                     "throughput_%s alone; add that experiment, or another "
                     "db_exe",
                     servers[0].label,
                     first->only == IN_STANDARD ? "standard" : "colocated");
}

/* What has no lists is left out of the pattern that needs them. */
static int leave_out_lists(const struct sweep *s, const struct server *servers,
                           struct sweep_lack *list, size_t *n,
                           struct error *err)
{
    const struct options *o = s->options;
    size_t nexes = options_get(o, OPT_DB_EXE)->nvalues, found = 0;

    for (size_t k = 0; k < nexes && options_aggregates(o); k++) {
        struct sweep_lack *lack = &list[*n];

        if (!servers[k].engine || servers[k].engine->lists)
            continue;
        found++;
        *lack = (struct sweep_lack){.exe = k, .lists = true};
        snprintf(lack->server, sizeof lack->server, "%s", servers[k].label);
        ++*n;
    }
    if (found < nexes || options_get(o, OPT_PATTERN)->nvalues > 1)
        return 0;
    return error_set(err,
                     "db_exe: %s has no lists, which pattern: aggregate needs; "
                     "expected a server such as redis-server, or another "
                     "pattern",
                     servers[0].label);
}

int collapse(struct sweep *s, const struct server *servers, struct error *err)
{
    size_t nexes = options_get(s->options, OPT_DB_EXE)->nvalues, n = 0;
    /* axes, a placement, streams, and a pattern */
    struct sweep_lack *list = mem_new((OPT_COUNT + 3) * nexes, sizeof *list);

    for (int id = 0; id < OPT_AXES; id++)
        if (add(s, servers, (enum option_id)id, list, &n, err) < 0) {
            free(list);
            return -1;
        }
    add_streams(s, servers, list, &n);
    if (check_rest(s->options, servers, err) < 0 ||
        leave_out(s, servers, list, &n, err) < 0 ||
        leave_out_lists(s, servers, list, &n, err) < 0) {
        free(list);
        return -1;
    }
    sweep_collapse(s, list, n);
    return 0;
}

int collapse_by_name(struct sweep *s, struct error *err)
{
    const struct setting *exes = options_get(s->options, OPT_DB_EXE);
    struct server *servers = mem_new(exes->nvalues, sizeof *servers);
    int rc;

    for (size_t k = 0; k < exes->nvalues; k++) {
        const struct engine *e = engine_builtin(exes->values[k].text);

        servers[k].engine = e;
        snprintf(servers[k].label, sizeof servers[k].label, "%s",
                 e ? e->name : "");
    }
    rc = collapse(s, servers, err);
    free(servers);
    return rc;
}
