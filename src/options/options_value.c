#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/diag.h"
#include "base/mem.h"
#include "base/text.h"
#include "base/units.h"
#include "options/options_internal.h"

void options_setting_free(struct setting *set)
{
    for (size_t i = 0; i < set->nvalues; i++) {
        struct value *v = &set->values[i];

        for (size_t k = 0; k < v->npairs; k++) {
            free(v->pairs[k].name);
            free(v->pairs[k].value);
            free(v->pairs[k].name_at);
            free(v->pairs[k].value_at);
        }
        free(v->pairs);
        free(v->text);
    }
    free(set->values);
    set->values = NULL;
    set->nvalues = 0;
}

/* "none, ends or all" */
static void list_choices(const struct option *d, char *buf, size_t n)
{
    buf[0] = '\0';
    for (size_t i = 0; options_choice(d, i); i++)
        text_join(buf, n, options_choice(d, i + 1) ? ", " : " or ", "%s",
                  options_choice(d, i));
}

static void expect_range(const struct option *d, bool all, char *buf, size_t n)
{
    char low[32], high[32];

    switch (d->type) {
    case OPTION_BYTES:
        snprintf(buf, n, "a size from %s to %s such as 1024, 64KiB or 1MB",
                 units_print_bytes(d->min, low, sizeof low),
                 units_print_bytes(d->max, high, sizeof high));
        break;
    case OPTION_SECONDS:
        snprintf(buf, n,
                 "a time %s %" PRId64 "s %sto %" PRId64
                 "s such as 30s, 5m or 05:00:00",
                 d->min < 0 ? "from" : "above", d->min < 0 ? 0 : d->min,
                 d->min < 0 ? "" : "and up ", d->max);
        break;
    case OPTION_SHAPE:
        snprintf(buf, n,
                 "NODESxRANKS such as 136x48, each from %" PRId64
                 " to %" PRId64,
                 d->min, d->max);
        break;
    case OPTION_DIMS:
        snprintf(buf, n, "a shape such as 224x224x3, of 1 to %d dimensions",
                 SRB_DIMS_MAX);
        break;
    case OPTION_RATE:
        snprintf(buf, n,
                 "a number a second above 0 to %" PRId64 " such as 100 or "
                 "100/s",
                 d->max);
        break;
    default:
        if (all || d->max < INT32_MAX)
            snprintf(buf, n, "a whole number from %" PRId64 " to %" PRId64,
                     d->min, d->max);
        else
            snprintf(buf, n, "a whole number of at least %" PRId64, d->min);
    }
}

/* What else it may be: ", max or search", ", 0 or auto". */
static void add_names(const struct option *d, char *buf, size_t n)
{
    const char *names[8];
    size_t k = 0;

    if (d->may_be_zero)
        names[k++] = "0";
    for (size_t i = 0; d->words && d->words[i] && k + 1 < 8; i++)
        names[k++] = d->words[i];
    if (option_may_be_auto(d))
        names[k++] = "auto";
    for (size_t i = 0; i < k; i++)
        text_add(buf, n, "%s%s",
                 k == 1       ? ", or "
                 : i + 1 == k ? " or "
                              : ", ",
                 names[i]);
}

const char *options_expected(const struct option *d, bool all,
                             char buf[OPTIONS_EXPECTED_MAX])
{
    size_t n = OPTIONS_EXPECTED_MAX;

    if (d->type == OPTION_CHOICE)
        list_choices(d, buf, n);
    else if (d == &option_table[OPT_EXP_NAME])
        snprintf(buf, n, "a name for one folder (no /, not . or ..)");
    else if (d->type == OPTION_TEXT)
        snprintf(buf, n, "a text");
    else if (d->type == OPTION_FLAG)
        snprintf(buf, n, "true or false");
    else if (d->type == OPTION_PERCENT)
        snprintf(buf, n, "a share above 0%% and below 100%% such as 2%%");
    else if (d->type == OPTION_MAP)
        snprintf(buf, n, "a map such as {name: value}");
    else if (d->type == OPTION_MAPS)
        snprintf(buf, n, "a map such as %s, or a list of maps",
                 option_is_axis(d) ? "{name: value}" : "{window: \"> 1GB/s\"}");
    else
        expect_range(d, all, buf, n);
    add_names(d, buf, n);
    return buf;
}

static bool means_null(const struct yaml_scalar *s)
{
    static const char *const words[] = {"",     "~",    "null",
                                        "Null", "NULL", "None"};

    for (size_t i = 0; s->plain && i < sizeof words / sizeof words[0]; i++)
        if (strcmp(s->text, words[i]) == 0)
            return true;
    return false;
}

bool options_flag(const char *text, bool *out)
{
    static const char *const words[] = {"false", "true", "no",
                                        "yes",   "off",  "on"};

    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++)
        if (strcasecmp(text, words[i]) == 0) {
            *out = i % 2 == 1;
            return true;
        }
    return false;
}

/* As few digits as read back to the same number. */
static char *print_number(double value, int digits, const char *unit)
{
    char buf[48];

    do
        snprintf(buf, sizeof buf, "%.*g%s", digits, value, unit);
    while (strtod(buf, NULL) != value && digits++ < 17);
    return mem_copy(buf);
}

/* The choice of that name or alias, or -1. */
static int find_choice(const struct option *d, const char *text)
{
    for (size_t i = 0; d->aliases && d->aliases[i]; i += 2)
        if (strcmp(d->aliases[i], text) == 0)
            text = d->aliases[i + 1];
    for (size_t i = 0; options_choice(d, i); i++)
        if (strcmp(options_choice(d, i), text) == 0)
            return (int)i;
    return -1;
}

bool option_may_be_auto(const struct option *d)
{
    return strcmp(d->def, "auto") == 0 && find_choice(d, "auto") < 0;
}

static bool has_control(const char *text)
{
    for (; *text; text++)
        if ((unsigned char)*text < 0x20 || *text == 0x7f)
            return true;
    return false;
}

/* A name of the study becomes a folder. */
static bool is_folder(const char *text)
{
    return !strchr(text, '/') && strcmp(text, ".") != 0 &&
           strcmp(text, "..") != 0 && strlen(text) <= 255;
}

/* NODESxRANKS */
static bool take_shape(const char *text, struct value *v)
{
    const char *x = strpbrk(text, "xX");
    char nodes[24];

    if (!x || (size_t)(x - text) >= sizeof nodes)
        return false;
    memcpy(nodes, text, (size_t)(x - text));
    nodes[x - text] = '\0';
    return units_parse_count(nodes, &v->count, NULL) == 0 &&
           units_parse_count(x + 1, &v->count2, NULL) == 0;
}

static bool within(const struct option *d, int64_t value)
{
    return (value >= d->min && value <= d->max) ||
           (value == 0 && d->may_be_zero);
}

/* Each of these reads a text as its type, sets the value with its canonical
 * text, and returns whether it is one that the option may have. */
static bool take_choice(const struct option *d, const char *text,
                        struct value *v)
{
    v->count = find_choice(d, text);
    if (v->count < 0)
        return false;
    v->text = mem_copy(options_choice(d, (size_t)v->count));
    return true;
}

static bool take_text(const struct option *d, const char *text, struct value *v)
{
    if (*text == '\0' || strlen(text) > OPTIONS_TEXT_MAX || has_control(text))
        return false;
    if (d == &option_table[OPT_EXP_NAME] && !is_folder(text))
        return false;
    v->text = mem_copy(text);
    return true;
}

/* A count, or a size. */
static bool take_count(const struct option *d, const char *text,
                       struct value *v)
{
    int rc = d->type == OPTION_BYTES ? units_parse_bytes(text, &v->count, NULL)
                                     : units_parse_count(text, &v->count, NULL);
    char buf[32];

    if (rc < 0 || !within(d, v->count))
        return false;
    snprintf(buf, sizeof buf, "%" PRId64, v->count);
    v->text = mem_copy(buf);
    return true;
}

/* "100" or "100/s"; whole numbers and others, never in another unit. */
static bool take_rate(const struct option *d, const char *text, struct value *v)
{
    struct quantity q;

    if (units_parse_quantity(text, "1/s", &q, NULL) < 0 || !(q.value > 0) ||
        q.value > (double)d->max)
        return false;
    v->rate = q.value;
    v->text = print_number(v->rate, 15, "");
    return true;
}

static bool take_seconds(const struct option *d, const char *text,
                         struct value *v)
{
    if (units_parse_seconds(text, &v->seconds, NULL) < 0 ||
        v->seconds <= (double)d->min || v->seconds > (double)d->max)
        return false;
    v->text = print_number(v->seconds, 6, "s");
    return true;
}

/* With its sign only: whether 0.5 would be a half or half a percent is
 * anybody's guess. */
static bool take_percent(const struct option *d, const char *text,
                         struct value *v)
{
    char *end, buf[48];
    double percent = strtod(text, &end);

    (void)d;
    if (end == text || strcmp(end, "%") != 0 || !(percent > 0) ||
        percent >= 100 || strspn(text, "0123456789.") + 1 != strlen(text))
        return false;
    v->share = percent / 100;
    snprintf(buf, sizeof buf, "%.15g%%", percent);
    v->text = mem_copy(buf);
    return true;
}

static bool take_flag(const struct option *d, const char *text, struct value *v)
{
    bool flag;

    (void)d;
    if (!options_flag(text, &flag))
        return false;
    v->count = flag;
    v->text = mem_copy(flag ? "true" : "false");
    return true;
}

static bool take_machine(const struct option *d, const char *text,
                         struct value *v)
{
    char buf[64];

    if (!take_shape(text, v) || !within(d, v->count) || !within(d, v->count2))
        return false;
    snprintf(buf, sizeof buf, "%" PRId64 "x%" PRId64, v->count, v->count2);
    v->text = mem_copy(buf);
    return true;
}

/* Elements of the longest tensor, 4 GiB of them. */
#define DIMS_ELEMENTS_MAX (INT64_C(1) << 30)

static bool take_dims(const struct option *d, const char *text, struct value *v)
{
    char buf[SRB_DIMS_MAX * 12] = "";
    int64_t count = 1;

    (void)d;
    for (int k = 0; k < SRB_DIMS_MAX; k++) {
        size_t n = strspn(text, "0123456789");
        int64_t dim = n > 0 && n < 11 ? strtoll(text, NULL, 10) : 0;

        if (dim < 1 || dim > DIMS_ELEMENTS_MAX / count)
            return false;
        count *= dim;
        text_join(buf, sizeof buf, "x", "%" PRId64, dim);
        text += n;
        if (*text == '\0') {
            v->count = count;
            v->text = mem_copy(buf);
            return true;
        }
        if (*text++ != 'x')
            return false;
    }
    return false;
}

static bool take_nothing(const struct option *d, const char *text,
                         struct value *v)
{
    (void)d;
    (void)text;
    (void)v;
    return false; /* a map is never written as one scalar */
}

static bool (*const take[])(const struct option *, const char *,
                            struct value *) = {
    [OPTION_CHOICE] = take_choice,   [OPTION_TEXT] = take_text,
    [OPTION_COUNT] = take_count,     [OPTION_BYTES] = take_count,
    [OPTION_SECONDS] = take_seconds, [OPTION_FLAG] = take_flag,
    [OPTION_MAP] = take_nothing,     [OPTION_SHAPE] = take_machine,
    [OPTION_PERCENT] = take_percent, [OPTION_MAPS] = take_nothing,
    [OPTION_DIMS] = take_dims,       [OPTION_RATE] = take_rate,
};

/* One of the names that stand instead of a number. */
static bool take_word(const struct option *d, const char *text, struct value *v)
{
    for (int k = 0; d->words && d->words[k]; k++)
        if (strcmp(d->words[k], text) == 0) {
            v->word = k + 1;
            v->text = mem_copy(text);
            return true;
        }
    return false;
}

static void be_auto(struct value *v)
{
    v->is_auto = true;
    v->text = mem_copy("auto");
}

/* A number above the limit is told the limit, also where it hardly matters. */
static bool too_large(const struct option *d, const char *text)
{
    int64_t value;

    return d->type == OPTION_COUNT &&
           units_parse_count(text, &value, NULL) == 0 && value > d->max;
}

static bool is_map(const struct option *d)
{
    return d->type == OPTION_MAP || d->type == OPTION_MAPS;
}

/* What null and auto mean depends on the option: a choice or a server may be
 * called null. */
static int convert_scalar(const struct said *said, const struct option *d,
                          const struct yaml_scalar *s, struct value *v,
                          struct error *err)
{
    char found[SAID_FOUND_MAX], expected[OPTIONS_EXPECTED_MAX];
    bool null = means_null(s);
    bool server = options_handed((enum option_id)(d - option_table), s->text);

    if (take_word(d, s->text, v) ||
        (d->type == OPTION_CHOICE && take_choice(d, s->text, v)))
        return 0;
    if (option_may_be_auto(d) &&
        (null || (s->plain && strcmp(s->text, "auto") == 0)))
        be_auto(v);
    else if (is_map(d) && null)
        v->text = mem_copy("{}");
    else if ((null && !server) || !take[d->type](d, s->text, v))
        return options_said_error(
            said, s->line, s->column, err, "found %s, expected %s",
            options_said_found(s->text, s->plain, found),
            options_expected(d, too_large(d, s->text), expected));
    return 0;
}

/* Names and values end up in lines of a server's configuration. */
static int check_pair(const struct said *said, const struct yaml_node *node,
                      size_t i, struct error *err)
{
    const struct yaml_scalar *name = &node->item[i], *value = name + 1;
    char found[SAID_FOUND_MAX];

    if (*name->text == '\0' || strpbrk(name->text, " \t") ||
        strlen(name->text) > 255 || has_control(name->text))
        return options_said_error(
            said, name->line, name->column, err,
            "found the name %s in the map, expected a name "
            "without blanks",
            options_said_found(name->text, name->plain, found));
    if (strlen(value->text) > OPTIONS_TEXT_MAX || has_control(value->text))
        return options_said_error(
            said, value->line, value->column, err,
            "found %s for %s, expected at most %d bytes and no "
            "control characters",
            options_said_found(value->text, value->plain, found), name->text,
            OPTIONS_TEXT_MAX);
    for (size_t k = 0; k < i; k += 2)
        if (strcmp(node->item[k].text, name->text) == 0)
            return options_said_error(
                said, name->line, name->column, err,
                "found the name %s twice in the map",
                options_said_found(name->text, true, found));
    return 0;
}

/* Where something stands, as messages begin. */
static char *place_of(const struct said *said, const struct yaml_scalar *s)
{
    char place[256], buf[512];

    options_said_place(said, s->line, s->column, place, sizeof place);
    snprintf(buf, sizeof buf, "%s%s%s", place, said->file ? ": " : "",
             said->file ? said->name : "");
    return mem_copy(buf);
}

static int by_name(const void *a, const void *b)
{
    return strcmp(((const struct pair *)a)->name,
                  ((const struct pair *)b)->name);
}

/* As one would write it. */
static void print_map(struct value *v)
{
    size_t size;
    FILE *out = mem_stream(&v->text, &size);

    fputc('{', out);
    for (size_t i = 0; i < v->npairs; i++) {
        fputs(i > 0 ? ", " : "", out);
        options_yaml_print_text(out, v->pairs[i].name);
        fputs(": ", out);
        if (v->pairs[i].value)
            options_yaml_print_text(out, v->pairs[i].value);
        else
            fputs("null", out);
    }
    fputc('}', out);
    if (fclose(out) != 0)
        die("out of memory for the options");
}

/* Maps of an axis are the same whatever the order of their names. */
static int convert_map(const struct said *said, const struct option *d,
                       const struct yaml_node *node, struct value *v,
                       struct error *err)
{

    for (size_t i = 0; i < node->n; i += 2)
        if (check_pair(said, node, i, err) < 0)
            return -1;
    v->pairs = mem_new(node->n / 2, sizeof *v->pairs);
    for (size_t i = 0; i < node->n; i += 2) {
        struct pair *pair = &v->pairs[v->npairs++];
        const struct yaml_scalar *value = &node->item[i + 1];

        pair->name = mem_copy(node->item[i].text);
        pair->name_at = place_of(said, &node->item[i]);
        pair->value_at = place_of(said, value);
        if (!means_null(value))
            pair->value = mem_copy(value->text);
    }
    if (option_is_axis(d) && v->npairs > 1)
        qsort(v->pairs, v->npairs, sizeof *v->pairs, by_name);
    print_map(v);
    return 0;
}

/* By text; of equal ones the earlier first. */
static int by_text(const void *a, const void *b)
{
    const struct value *x = *(const struct value *const *)a;
    const struct value *y = *(const struct value *const *)b;
    int order = strcmp(x->text, y->text);

    return order != 0 ? order : (x > y) - (x < y);
}

/* The first value that the list has before it, or NULL. */
static const struct value *find_twice(const struct setting *set)
{
    const struct value **sorted, *again = NULL;

    sorted = mem_new(set->nvalues, sizeof *sorted);
    for (size_t i = 0; i < set->nvalues; i++)
        sorted[i] = &set->values[i];
    qsort(sorted, set->nvalues, sizeof *sorted, by_text);
    for (size_t i = 1; i < set->nvalues; i++)
        if (strcmp(sorted[i]->text, sorted[i - 1]->text) == 0 &&
            (!again || sorted[i] < again))
            again = sorted[i];
    free(sorted);
    return again;
}

/* A value that stands twice would be run twice under one name. */
static int check_twice(const struct said *said, const struct yaml_node *node,
                       const struct setting *set, struct error *err)
{
    const struct value *again = find_twice(set);
    char found[SAID_FOUND_MAX];
    struct yaml_scalar s;

    if (!again)
        return 0;
    if (node->nmaps > 0) {
        const struct yaml_node *map = &node->map[again - set->values];

        s = (struct yaml_scalar){.line = map->line, .column = map->column};
    } else {
        s = node->item[again - set->values];
    }
    return options_said_error(
        said, s.line, s.column, err,
        "found %.200s, which the list has already, expected every value once",
        s.text ? options_said_found(s.text, s.plain, found) : again->text);
}

/* A list of maps is a value each. */
static int convert_maps(const struct said *said, const struct option *d,
                        const struct yaml_node *node, struct setting *set,
                        struct error *err)
{
    const struct yaml_node *first = &node->map[0];

    if (d->type != OPTION_MAPS)
        return options_said_error(
            said, first->line, first->column, err,
            "found a list or map inside a list, expected single "
            "values");
    for (size_t i = 0; i < node->nmaps; i++) {
        if (node->map[i].n == 0 && !option_is_axis(d))
            return options_said_error(
                said, node->map[i].line, node->map[i].column, err,
                "found an empty map in the list, expected a map "
                "such as {window: \"> 1GB/s\"}");
        if (convert_map(said, d, &node->map[i], &set->values[set->nvalues++],
                        err) < 0)
            return -1;
    }
    return option_is_axis(d) ? check_twice(said, node, set, err) : 0;
}

static int convert_list(const struct said *said, const struct option *d,
                        const struct yaml_node *node, struct setting *set,
                        struct error *err)
{
    char expected[OPTIONS_EXPECTED_MAX];

    if (node->nmaps > 0)
        return convert_maps(said, d, node, set, err);
    if (node->n == 0 && option_may_be_auto(d)) {
        be_auto(&set->values[set->nvalues++]);
        return 0;
    }
    if (node->n == 0 && d->type == OPTION_MAPS) {
        set->values[set->nvalues++].text = mem_copy("{}");
        return 0;
    }
    options_expected(d, false, expected);
    if (node->n == 0)
        return options_said_error(said, node->line, node->column, err,
                                  "found an empty list, expected %s", expected);
    if (d->type == OPTION_MAPS)
        return options_said_error(
            said, node->item->line, node->item->column, err,
            "found a single value in the list, expected %s", expected);
    if (!option_is_axis(d) && !d->list)
        return options_said_error(
            said, node->line, node->column, err,
            "found a list, but %s takes one value only (it is no "
            "axis of the sweep), expected %s",
            d->name, expected);
    for (size_t i = 0; i < node->n; i++)
        if (convert_scalar(said, d, &node->item[i],
                           &set->values[set->nvalues++], err) < 0)
            return -1;
    return check_twice(said, node, set, err);
}

/* One scalar for each of the words between commas, where it stands; blanks
 * around them do not count. */
static void split_words(const struct yaml_scalar *s, struct yaml_node *list)
{
    size_t n = 1, k = 0;

    for (const char *c = s->text; *c; c++)
        n += *c == ',';
    *list = (struct yaml_node){.kind = YAML_LIST,
                               .item = mem_new(n, sizeof *list->item),
                               .n = n,
                               .line = s->line,
                               .column = s->column};
    for (const char *at = s->text; k < n; k++) {
        size_t all = strcspn(at, ","), blanks = strspn(at, " "), len;

        for (len = all; len > blanks && at[len - 1] == ' ';)
            len--;
        list->item[k] = *s;
        list->item[k].text = mem_copy(len > blanks ? at + blanks : "");
        list->item[k].text[len > blanks ? len - blanks : 0] = '\0';
        at += all + 1;
    }
}

/* A list without its brackets, of an axis; false where it is none. Several are
 * never the words of one value, but for a text in quotes. */
static bool is_list(const struct option *d, const struct yaml_node *node)
{
    return option_is_axis(d) && !is_map(d) && node->kind == YAML_SCALAR &&
           node->item->plain && strchr(node->item->text, ',');
}

static int check_words(const struct said *said, const struct option *d,
                       const struct yaml_node *list, struct error *err)
{
    char expected[OPTIONS_EXPECTED_MAX];

    if (list->n > OPTIONS_LIST_MAX)
        return options_said_error(said, list->line, list->column, err,
                                  "found more than %d values in a list",
                                  OPTIONS_LIST_MAX);
    for (size_t i = 0; i < list->n; i++)
        if (list->item[i].text[0] == '\0')
            return options_said_error(said, list->line, list->column, err,
                                      "found nothing beside a comma, expected "
                                      "%s",
                                      options_expected(d, false, expected));
    return 0;
}

static int convert_node(const struct said *said, const struct option *d,
                        const struct yaml_node *node, struct setting *set,
                        struct error *err)
{
    char expected[OPTIONS_EXPECTED_MAX];

    if (node->kind == YAML_LIST)
        return convert_list(said, d, node, set, err);
    set->nvalues = 1;
    if (node->kind == YAML_SCALAR)
        return convert_scalar(said, d, node->item, set->values, err);
    if (is_map(d))
        return convert_map(said, d, node, set->values, err);
    if (node->n == 0 && option_may_be_auto(d)) {
        be_auto(set->values);
        return 0;
    }
    return options_said_error(said, node->line, node->column, err,
                              "found a map, expected %s",
                              options_expected(d, false, expected));
}

int options_convert(const struct said *said, enum option_id id,
                    const struct yaml_node *node, struct setting *set,
                    struct error *err)
{
    const struct option *d = &option_table[id];
    struct setting fresh = {0};
    struct yaml_node list = {0};
    bool split = is_list(d, node);
    int rc = 0;

    if (split) {
        split_words(node->item, &list);
        node = &list;
        rc = check_words(said, d, node, err);
    }
    fresh.values = mem_new(node->n + node->nmaps + 1, sizeof *fresh.values);
    if (rc == 0)
        rc = convert_node(said, d, node, &fresh, err);
    options_yaml_node_free(&list);
    if (rc < 0) {
        options_setting_free(&fresh);
        return -1;
    }
    options_setting_free(set);
    set->values = fresh.values;
    set->nvalues = fresh.nvalues;
    return 0;
}

int options_take(const struct said *said, enum option_id id, const char *text,
                 bool may_be_text, struct setting *set, struct error *err)
{
    struct yaml_node node = {0};
    int rc = options_yaml_read_value(said, text, may_be_text, &node, err);

    if (rc == 0)
        rc = options_convert(said, id, &node, set, err);
    options_yaml_node_free(&node);
    return rc;
}

int options_value(enum option_id id, const char *text, struct value *out,
                  struct error *err)
{
    const struct said said = {.flag = option_table[id].name};
    struct setting set = {0};
    int rc = options_take(&said, id, text, false, &set, err);

    if (rc == 0 && set.nvalues != 1)
        rc = error_set(err, "%s: found several values, expected one",
                       option_table[id].name);
    if (rc == 0) {
        *out = set.values[0];
        set.values[0] = (struct value){.text = NULL};
    }
    options_setting_free(&set);
    return rc;
}

void options_value_free(struct value *v)
{
    struct setting set = {.values = mem_new(1, sizeof *set.values),
                          .nvalues = 1};

    set.values[0] = *v;
    options_setting_free(&set);
    *v = (struct value){.text = NULL};
}

void options_print_text(FILE *out, const char *text)
{
    options_yaml_print_text(out, text);
}

char *options_canonical(enum option_id id, const char *text)
{
    struct value v;
    struct error ignored;
    char *canonical;

    if (options_value(id, text, &v, &ignored) != 0)
        return NULL;
    canonical = mem_copy(v.text);
    options_value_free(&v);
    return canonical;
}
