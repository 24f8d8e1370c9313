/* sweep_notes.c - the notes on axes that collapse. */
#include <inttypes.h>
#include <stdio.h>

#include "base/text.h"
#include "plan/sweep_parts.h"

/* A text of n bytes that grows. */
struct notes {
    const struct sweep *sweep;
    char *text;
    size_t n;
};

/* "db_nodes (2 values) collapses " */
static void begin(const struct notes *x, enum option_id axis)
{
    size_t values = options_get(x->sweep->options, axis)->nvalues;

    text_add(x->text, x->n, "%s (%zu value%s) collapses ",
             option_table[axis].name, values, values == 1 ? "" : "s");
}

/* in: "in " a placement, "with " a server. */
static void no_axis(const struct notes *x, enum option_id axis, const char *in,
                    const char *name)
{
    begin(x, axis);
    text_add(x->text, x->n, "%s%s, which has no such axis\n", in, name);
}

static void lack(const struct notes *x, const struct sweep_lack *l)
{
    const struct option *d = &option_table[l->axis];

    if (l->word == 0)
        no_axis(x, l->axis, "with ", l->server);
    else
        text_add(x->text, x->n, "%s: %s comes to %s with %s, which has no %s\n",
                 d->name, d->words[l->word - 1], l->instead.text, l->server,
                 l->why);
}

/* The study's experiments that do not have it. */
static const char *without(const struct options *o, unsigned only,
                           char buf[OPTIONS_WHERE_MAX])
{
    const struct setting *set = options_get(o, OPT_EXPERIMENT);
    unsigned all = 0;

    for (size_t k = 0; k < set->nvalues; k++)
        all |= experiment_bit(set->values[k].count);
    return options_where(all & ~only, buf);
}

static void lacking(const struct notes *x, enum option_id id)
{
    const struct sweep *s = x->sweep;
    const struct option *d = &option_table[id];
    char where[OPTIONS_WHERE_MAX];

    if (id >= OPT_AXES || !options_get(s->options, id)->given)
        return;
    if (d->only && options_has_placement(s->options, IN_BOTH & ~d->only))
        no_axis(x, id, "in ", without(s->options, d->only, where));
    for (size_t k = 0; k < s->nlacks; k++) {
        const struct sweep_lack *l = &s->lacks[k];

        if (!l->only && !l->lists && l->axis == id)
            lack(x, l);
    }
}

/* The notes on servers that a placement of the study does not have. */
static void left_out(const struct notes *x)
{
    const struct sweep *s = x->sweep;

    for (size_t k = 0; k < s->nlacks; k++) {
        const struct sweep_lack *l = &s->lacks[k];
        unsigned others = IN_BOTH & ~l->only;

        if (l->lists)
            text_add(x->text, x->n,
                     "db_exe %s is left out with pattern: aggregate, since it "
                     "has no lists\n",
                     l->server);
        if (l->only && options_has_placement(s->options, others))
            text_add(x->text, x->n,
                     "db_exe %s is left out in throughput_%s, which has "
                     "nothing like it\n",
                     l->server,
                     others == IN_STANDARD ? "standard" : "colocated");
    }
}

static void one_shard(const struct notes *x, enum option_id axis,
                      const char *which)
{
    if (!x->sweep->one_shard ||
        options_get(x->sweep->options, axis)->nvalues < 2)
        return;
    begin(x, axis);
    text_add(x->text, x->n, "where there is one shard, which %s\n", which);
}

/* Of databases that were not asked how many they are. */
static void not_found(const struct notes *x)
{
    const struct options *o = x->sweep->options;

    if (!options_external(o) || x->sweep->found > 0 ||
        options_get(o, OPT_MODEL_KEYS)->nvalues < 2)
        return;
    begin(x, OPT_MODEL_KEYS);
    text_add(x->text, x->n,
             "if what db_address names is one shard, which has all that a "
             "model takes\n");
}

/* Sizes of as many whole elements. */
static void like(const struct notes *x)
{
    const struct sweep *s = x->sweep;
    const struct setting *set = options_get(s->options, OPT_TENSOR_BYTES);
    const char *between = "tensor_bytes collapses: ";

    for (size_t k = 0; s->like && k < set->nvalues; k++)
        if (s->like[k] != k) {
            text_add(x->text, x->n, "%s%s to %s", between, set->values[k].text,
                     set->values[s->like[k]].text);
            between = ", ";
        }
    if (s->like)
        text_add(x->text, x->n, ", as many whole elements of 4 bytes\n");
}

/* Sizes that were asked for and are no whole elements, but for those that
 * collapse; the sizes of the default are the seed's, and known to be so. */
static void rounded(const struct notes *x)
{
    const struct sweep *s = x->sweep;
    const struct setting *set = options_get(s->options, OPT_TENSOR_BYTES);
    const char *between = "tensor_bytes: ";

    for (size_t k = 0; set->given && k < set->nvalues; k++) {
        const struct value *v = &set->values[k];
        int64_t left = v->count % (int64_t)sizeof(float);

        if (left == 0 || (s->like && s->like[k] != k))
            continue;
        text_add(x->text, x->n, "%s%s moves %" PRId64, between, v->text,
                 v->count - left);
        between = ", ";
    }
    if (*between == ',')
        text_add(x->text, x->n, ", whole elements of 4 bytes\n");
}

char *sweep_notes(const struct sweep *s, char *buf, size_t n)
{
    const struct notes x = {s, buf, n};

    buf[0] = '\0';
    for (int id = 0; id < OPT_COUNT; id++)
        lacking(&x, (enum option_id)id);
    left_out(&x);
    one_shard(&x, OPT_DB_CLUSTER, "is no cluster either way");
    one_shard(&x, OPT_MODEL_KEYS, "has all that a model takes");
    not_found(&x);
    for (const struct sweep_alike *a = sweep_alike; a->axis != OPT_COUNT; a++)
        if (a->where && sweep_has_idle(s->options, a->axis)) {
            begin(&x, a->axis);
            text_add(buf, n, "where %s\n", a->where);
        }
    like(&x);
    rounded(&x);
    return buf;
}
