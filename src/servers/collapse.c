#include "servers/collapse.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/text.h"

/* Whether any value of an axis asks for more than every server has. */
static bool asks(const struct options *o, enum option_id axis)
{
    const struct setting *set = options_get(o, axis);

    for (size_t k = 0; k < set->nvalues; k++)
        if (!set->values[k].is_auto &&
            (option_table[axis].may_be_auto || set->values[k].count > 1))
            return true;
    return false;
}

static bool has_io_threads(const struct engine *e)
{
    return e->serves && e->most_threads == 0;
}

static bool loads_modules(const struct engine *e)
{
    return e->check_args != NULL; /* it is no program without them */
}

/* How many servers lack that axis; they are added to the list. */
static size_t add(const struct sweep *s, const struct server *servers,
                  enum option_id axis, bool (*has)(const struct engine *e),
                  struct sweep_lack *list, size_t *n)
{
    size_t nexes = options_get(s->options, OPT_DB_EXE)->nvalues, found = 0;

    for (size_t k = 0; k < nexes && asks(s->options, axis); k++) {
        if (!servers[k].engine || has(servers[k].engine))
            continue;
        list[(*n)++] = (struct sweep_lack){.exe = k, .axis = axis};
        snprintf(list[*n - 1].server, sizeof list[*n - 1].server, "%s",
                 servers[k].label);
        found++;
    }
    return found;
}

static int refuse_threads(const struct server *servers, size_t n,
                          struct error *err)
{
    char names[256] = "";

    for (size_t k = 0; k < n; k++)
        text_join(names, sizeof names, ", ", "%s", servers[k].label);
    return error_set(err,
                     "db_io_threads: no server of this study (%s) has I/O "
                     "threads: all their threads serve, one for each of "
                     "db_cpus; leave out db_io_threads, or give another db_exe "
                     "with it",
                     names);
}

int collapse(struct sweep *s, const struct server *servers, struct error *err)
{
    size_t nexes = options_get(s->options, OPT_DB_EXE)->nvalues, n = 0;
    struct sweep_lack *list = mem_new(2 * nexes, sizeof *list);

    if (add(s, servers, OPT_DB_IO_THREADS, has_io_threads, list, &n) == nexes) {
        free(list);
        return refuse_threads(servers, nexes, err);
    }
    add(s, servers, OPT_DB_TPQ, loads_modules, list, &n);
    sweep_collapse(s, list, n);
    return 0;
}

int collapse_by_name(struct sweep *s, struct error *err)
{
    const struct setting *exes = options_get(s->options, OPT_DB_EXE);
    struct server *servers = mem_new(exes->nvalues, sizeof *servers);
    int rc;

    for (size_t k = 0; k < exes->nvalues; k++) {
        const struct engine *e = engine_named(exes->values[k].text);

        if (e && !e->check_args) /* no program may be called so */
            servers[k].engine = e;
        snprintf(servers[k].label, sizeof servers[k].label, "%s",
                 e ? e->name : "");
    }
    rc = collapse(s, servers, err);
    free(servers);
    return rc;
}
