#include "options/options.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/diag.h"
#include "base/text.h"
#include "options/options_internal.h"

bool options_has_placement(const struct options *o, unsigned placement)
{
    const struct setting *set = options_get(o, OPT_EXPERIMENT);

    for (size_t i = 0; i < set->nvalues; i++)
        if (placement & experiment_bit(set->values[i].count))
            return true;
    return false;
}

bool options_infers(const struct options *o)
{
    return options_has_placement(o, IN_INFERENCE);
}

bool options_copies(const struct options *o)
{
    return options_has_placement(o, IN_STANDARD & IN_INFERENCE) &&
           (o->serve || options_has(o, OPT_MODEL_KEYS, MODEL_KEYS_COPIED));
}

bool options_scripted(const struct options *o)
{
    const struct value *script = options_one(o, OPT_SCRIPT);

    return script->is_auto ? options_one(o, OPT_MODEL)->is_auto
                           : strcmp(script->text, "none") != 0;
}

const struct value *options_shape(const struct options *o, enum option_id id)
{
    static char picture[] = "224x224x3", plain[] = "1x3x224x224";
    static char classes[] = "1x1000";
    static const struct value input = {.count = 224 * 224 * 3, .text = picture};
    static const struct value bare = {.count = 224 * 224 * 3, .text = plain};
    static const struct value output = {.count = 1000, .text = classes};
    const struct value *given = options_one(o, id);

    if (!given->is_auto)
        return given;
    return id == OPT_OUTPUT_SHAPE ? &output
           : options_scripted(o)  ? &input
                                  : &bare;
}

int options_dims(const struct value *v, int64_t dims[SRB_DIMS_MAX])
{
    const char *at = v->text;
    int n = 0;

    while (n < SRB_DIMS_MAX) {
        char *end;

        dims[n++] = strtoll(at, &end, 10);
        if (*end != 'x')
            break;
        at = end + 1;
    }
    return n;
}

const char *options_where(unsigned experiments, char buf[OPTIONS_WHERE_MAX])
{
    const char *const *names = option_table[OPT_EXPERIMENT].choices;
    unsigned left = experiments;

    buf[0] = '\0';
    for (int i = 0; names[i]; i++) {
        if (!(left & experiment_bit(i)))
            continue;
        left &= ~experiment_bit(i);
        text_join(buf, OPTIONS_WHERE_MAX, left ? ", " : " and ", "%s",
                  names[i]);
    }
    return buf;
}

unsigned options_placement(const struct options *o, enum option_id id)
{
    unsigned placement = option_placement(id);

    if (option_starts(id) && options_external(o))
        placement &= ~(unsigned)IN_STANDARD;
    return placement;
}

static void show_value(FILE *out, const struct option *d, const struct value *v)
{
    /* a server's name, null, is a text that means auto elsewhere */
    bool bare = v->is_auto || d->type != OPTION_TEXT ||
                options_handed((enum option_id)(d - option_table), v->text);

    if (bare)
        fputs(v->text, out);
    else
        options_yaml_print_text(out, v->text);
}

void options_print(FILE *out, const struct options *o, enum option_id id)
{
    const struct setting *set = &o->set[id];

    fputs(set->nvalues > 1 ? "[" : "", out);
    for (size_t i = 0; i < set->nvalues; i++) {
        fputs(i > 0 ? ", " : "", out);
        show_value(out, &option_table[id], &set->values[i]);
    }
    fputs(set->nvalues > 1 ? "]" : "", out);
}

/* An option that no placement of the study has, or that another one makes
 * idle, is refused when it is given, so its default stands in a comment. */
static void show_setting(FILE *out, const struct options *o, enum option_id id)
{
    const struct option *d = &option_table[id];
    const struct setting *set = &o->set[id];
    /* a role is that of one part of a job, and not a file's to give */
    bool serves =
        id != OPT_ROLE &&
        (set->given || (options_has_placement(o, options_placement(o, id)) &&
                        !options_idle(o, id)));

    fprintf(out, "%s%s: ", serves ? "" : "# ", d->name);
    options_print(out, o, id);
    fputc('\n', out);
}

void options_show_one(FILE *out, enum option_id id, const struct value *v)
{
    fprintf(out, "%s: ", option_table[id].name);
    show_value(out, &option_table[id], v);
    fputc('\n', out);
}

void options_show(const struct options *o, FILE *out)
{
    fputs("# srbench: every option of this study; read back with --config\n",
          out);
    for (int id = 0; id < OPT_COUNT; id++)
        show_setting(out, o, (enum option_id)id);
}

bool options_served_by_ranks(const struct value *exe)
{
    const struct options_word *w =
        exe ? options_handed(OPT_DB_EXE, exe->text) : NULL;

    return w && w->ranks;
}

bool options_leaves_ranks(const struct options *o)
{
    const struct setting *exes = options_get(o, OPT_DB_EXE);

    for (size_t k = 0; k < exes->nvalues; k++)
        if (options_served_by_ranks(&exes->values[k]))
            return options_has_placement(o, IN_COLOCATED);
    return false;
}
