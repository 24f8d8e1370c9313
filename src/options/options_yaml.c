#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <yaml.h>

#include "base/diag.h"
#include "base/mem.h"
#include "base/utf8.h"
#include "options/options_internal.h"

const char *options_yaml_version(void)
{
    return yaml_get_version_string();
}

/* A text for a message: one line, and cut where it is long. */
static const char *clip(const char *text, char buf[SAID_FOUND_MAX])
{
    const size_t most = 60;
    size_t n = strlen(text), cut = n;

    if (n > most) /* not within a character */
        for (cut = most; cut > 0 && ((unsigned char)text[cut] & 0xc0) == 0x80;)
            cut--;
    snprintf(buf, SAID_FOUND_MAX, "%.*s%s", (int)cut, text,
             cut < n ? "..." : "");
    for (char *c = buf; *c; c++)
        if ((unsigned char)*c < 0x20 || *c == 0x7f)
            *c = '?';
    return buf;
}

const char *options_said_found(const char *text, bool plain,
                               char buf[SAID_FOUND_MAX])
{
    char cut[SAID_FOUND_MAX];

    if (plain && *text == '\0')
        snprintf(buf, SAID_FOUND_MAX, "nothing");
    else
        snprintf(buf, SAID_FOUND_MAX, plain ? "'%.70s'" : "'\"%.70s\"'",
                 clip(text, cut));
    return buf;
}

char *options_said_place(const struct said *said, size_t line, size_t column,
                         char *buf, size_t n)
{
    size_t length = said->file ? strlen(said->file) : 0;
    size_t skip = length > 200 ? length - 200 : 0; /* its end tells more */

    if (said->file)
        snprintf(buf, n, "%s%s:%zu:%zu", skip ? "..." : "", said->file + skip,
                 line, column);
    else
        snprintf(buf, n, "%s", said->flag);
    return buf;
}

int options_said_error(const struct said *said, size_t line, size_t column,
                       struct error *err, const char *fmt, ...)
{
    char what[SRB_ERROR_MAX], name[SAID_FOUND_MAX], place[256];
    va_list ap;

    va_start(ap, fmt);
    vsnprintf(what, sizeof what, fmt, ap);
    va_end(ap);
    error_set(err, "%s", what);
    if (said->file && said->name && *said->name)
        error_prefix(err, "%s", clip(said->name, name));
    return error_prefix(
        err, "%s", options_said_place(said, line, column, place, sizeof place));
}

/* Whether YAML lets the character stand for itself. */
static bool allows(uint32_t point)
{
    return point == '\t' || point == '\n' || point == '\r' ||
           (point >= 0x20 && point <= 0x7e) || point == 0x85 ||
           (point >= 0xa0 && point <= 0xfffd) || point >= 0x10000;
}

/* Before the YAML library sees it: its own words for this lack line and
 * column. */
static int check_characters(const struct said *said, const char *text,
                            size_t length, struct error *err)
{
    size_t line = 1, column = 1, width;
    uint32_t point = 0;

    for (size_t i = 0; i < length; i += width) {
        width = utf8_decode(text + i, length - i, &point);
        if (width == 0)
            return options_said_error(
                said, line, column, err,
                "found the byte 0x%02x, which is not UTF-8",
                (unsigned)(unsigned char)text[i]);
        /* U+FEFF is a byte order mark at the start, else refused */
        if (!allows(point) || (point == 0xfeff && i > 0))
            return options_said_error(
                said, line, column, err,
                "found the character U+%04X, which YAML does "
                "not allow",
                (unsigned)point);
        column = point == '\n' ? 1 : column + (point != 0xfeff);
        line += point == '\n';
    }
    return 0;
}

/* The library's parser, its last event, and where it reads. */
struct reader {
    yaml_parser_t parser;
    yaml_event_t event;
    struct said said;
    const char *text;
    size_t length;
    struct error *err;
};

static void reader_open(struct reader *r, const struct said *said,
                        const char *text, size_t length, struct error *err)
{
    memset(r, 0, sizeof *r);
    if (!yaml_parser_initialize(&r->parser))
        die("out of memory for the options");
    yaml_parser_set_input_string(&r->parser, (const unsigned char *)text,
                                 length);
    r->said = *said;
    r->text = text;
    r->length = length;
    r->err = err;
}

static void reader_close(struct reader *r)
{
    yaml_event_delete(&r->event);
    yaml_parser_delete(&r->parser);
}

/* Whether the line that a place is in has a value of this kind: a bracket that
 * is closed before the end. */
static bool begins_so(const char *text, size_t length, size_t at)
{
    const char *from = text, *value, *end;

    at = at < length ? at : length;
    for (size_t i = 0; i < at; i++)
        if (text[i] == '\n')
            from = text + i + 1;
    end = memchr(from, '\n', length - (size_t)(from - text));
    end = end ? end : text + length;
    value = memchr(from, ':', (size_t)(end - from));
    if (!value || end - value < 4 || value[1] != ' ' || value[2] != '[')
        return false;
    value = memchr(value, ']', (size_t)(end - value));
    return value && value + 1 < end && value[1] != ' ' && value[1] != '\r';
}

static int syntax_error(struct reader *r)
{
    const yaml_parser_t *p = &r->parser;
    const char *problem = p->problem ? p->problem : "cannot be read";
    char found[SAID_FOUND_MAX];

    if (p->error == YAML_MEMORY_ERROR)
        die("out of memory for the options");
    if (!r->said.file)
        return options_said_error(
            &r->said, 0, 0, r->err, "found %s, which is not YAML: %s",
            options_said_found(r->text, true, found), problem);
    return options_said_error(
        &r->said, p->problem_mark.line + 1, p->problem_mark.column + 1, r->err,
        "not YAML: %s%s%s%s", p->context ? p->context : "",
        p->context ? ", " : "", problem,
        begins_so(r->text, r->length, p->problem_mark.index)
            ? "; a text that begins with a bracket stands in quotes, "
              "\"[::1]:6780\""
            : "");
}

/* Word a failure at the last event. */
static int refuse(const struct reader *r, const char *what)
{
    return options_said_error(&r->said, r->event.start_mark.line + 1,
                              r->event.start_mark.column + 1, r->err, "%s",
                              what);
}

/* Step to the next event. Anchors and tags would let a value mean something
 * else than what is written there. */
static int step(struct reader *r)
{
    const yaml_event_t *e = &r->event;
    const yaml_char_t *anchor = NULL, *tag = NULL;

    yaml_event_delete(&r->event);
    if (!yaml_parser_parse(&r->parser, &r->event))
        return syntax_error(r);
    if (e->type == YAML_SCALAR_EVENT) {
        anchor = e->data.scalar.anchor;
        tag = e->data.scalar.tag;
    } else if (e->type == YAML_SEQUENCE_START_EVENT) {
        anchor = e->data.sequence_start.anchor;
        tag = e->data.sequence_start.tag;
    } else if (e->type == YAML_MAPPING_START_EVENT) {
        anchor = e->data.mapping_start.anchor;
        tag = e->data.mapping_start.tag;
    }
    if (anchor || e->type == YAML_ALIAS_EVENT)
        return refuse(r, "found an anchor or alias (& or *), expected the "
                         "value itself, or quotes around it");
    if (tag)
        return refuse(r, "found a tag (!), expected the value alone, or "
                         "quotes around it");
    return 0;
}

/* The last event, a scalar, into *s. */
static int take_scalar(struct reader *r, struct yaml_scalar *s)
{
    const char *text = (const char *)r->event.data.scalar.value;

    if (strlen(text) != r->event.data.scalar.length)
        return refuse(r, "found a NUL character, expected a text without");
    s->text = mem_copy(text);
    s->plain = r->event.data.scalar.style == YAML_PLAIN_SCALAR_STYLE;
    s->line = r->event.start_mark.line + 1;
    s->column = r->event.start_mark.column + 1;
    return 0;
}

static struct yaml_scalar *add_item(struct yaml_node *node)
{
    node->item = mem_more(node->item, node->n, &node->room, sizeof *node->item);
    return &node->item[node->n++];
}

/* Room for one more map in a list. */
static struct yaml_node *add_map(struct yaml_node *list)
{
    list->map =
        mem_more(list->map, list->nmaps, &list->maps_room, sizeof *list->map);
    return &list->map[list->nmaps++];
}

static int read_node(struct reader *r, struct yaml_node *node);

/* The map in a list that the last event starts. */
static int read_map_of(struct reader *r, struct yaml_node *list)
{
    if (list->nmaps >= OPTIONS_MAP_MAX)
        return refuse(r, "found more than 1000 maps in a list");
    return read_node(r, add_map(list));
}

/* Whether an item may stand where it does, by its event. */
static int check_item(const struct reader *r, const struct yaml_node *node)
{
    bool scalar = r->event.type == YAML_SCALAR_EVENT;
    bool map = r->event.type == YAML_MAPPING_START_EVENT;

    if (node->kind == YAML_MAP && !scalar)
        return refuse(r, "found a list or map inside a map, expected single "
                         "values");
    if (scalar && node->nmaps > 0)
        return refuse(r, "found a single value in a list of maps, expected "
                         "maps only");
    if (!scalar && (!map || node->n > 0))
        return refuse(r, "found a list or map inside a list, expected single "
                         "values");
    return 0;
}

/* The items of a list or map, up to its end. */
static int read_items(struct reader *r, struct yaml_node *node)
{
    bool list = node->kind == YAML_LIST;
    size_t most = list ? OPTIONS_LIST_MAX : 2 * OPTIONS_MAP_MAX;

    for (;;) {
        int rc;

        if (step(r) < 0)
            return -1;
        if (r->event.type == YAML_SEQUENCE_END_EVENT ||
            r->event.type == YAML_MAPPING_END_EVENT)
            return 0;
        if (check_item(r, node) < 0)
            return -1;
        if (node->n >= most)
            return refuse(r, list ? "found more than 10000 values in a list"
                                  : "found more than 1000 names in a map");
        rc = r->event.type == YAML_SCALAR_EVENT ? take_scalar(r, add_item(node))
                                                : read_map_of(r, node);
        if (rc < 0)
            return -1;
    }
}

/* The value that the last event starts, into *node (empty, and to be freed on
 * failure too). */
static int read_node(struct reader *r, struct yaml_node *node)
{
    node->line = r->event.start_mark.line + 1;
    node->column = r->event.start_mark.column + 1;
    if (r->event.type == YAML_SCALAR_EVENT) {
        node->kind = YAML_SCALAR;
        return take_scalar(r, add_item(node));
    }
    node->kind =
        r->event.type == YAML_SEQUENCE_START_EVENT ? YAML_LIST : YAML_MAP;
    return read_items(r, node);
}

void options_yaml_node_free(struct yaml_node *node)
{
    for (size_t i = 0; i < node->n; i++)
        free(node->item[i].text);
    for (size_t i = 0; i < node->nmaps; i++)
        options_yaml_node_free(&node->map[i]);
    free(node->item);
    free(node->map);
    memset(node, 0, sizeof *node);
}

static struct yaml_entry *add_entry(struct yaml_file *f)
{
    f->entry = mem_more(f->entry, f->n, &f->room, sizeof *f->entry);
    return &f->entry[f->n++];
}

void options_yaml_file_free(struct yaml_file *f)
{
    for (size_t i = 0; i < f->n; i++) {
        free(f->entry[i].key.text);
        options_yaml_node_free(&f->entry[i].node);
    }
    free(f->entry);
    memset(f, 0, sizeof *f);
}

/* The entries of the top mapping, up to its end. */
static int read_entries(struct reader *r, struct yaml_file *f)
{
    for (;;) {
        struct yaml_entry *e;

        if (step(r) < 0)
            return -1;
        if (r->event.type == YAML_MAPPING_END_EVENT)
            return 0;
        if (r->event.type != YAML_SCALAR_EVENT)
            return refuse(r, "found a list or map, expected an option's name");
        e = add_entry(f);
        if (take_scalar(r, &e->key) < 0)
            return -1;
        r->said.name = e->key.text;
        if (step(r) < 0 || read_node(r, &e->node) < 0)
            return -1;
        r->said.name = NULL;
    }
}

/* One document that is a mapping, or nothing at all. */
static int read_document(struct reader *r, struct yaml_file *f)
{
    const yaml_event_t *e = &r->event;

    if (step(r) < 0 || step(r) < 0)
        return -1;
    if (e->type == YAML_STREAM_END_EVENT)
        return 0;
    if (step(r) < 0)
        return -1;
    if (e->type == YAML_MAPPING_START_EVENT) {
        if (read_entries(r, f) < 0)
            return -1;
    } else if (e->type != YAML_SCALAR_EVENT || e->data.scalar.length > 0) {
        return refuse(r, "found a text or list, expected options, one "
                         "NAME: VALUE a line");
    }
    if (step(r) < 0 || step(r) < 0)
        return -1;
    if (e->type != YAML_STREAM_END_EVENT)
        return refuse(r, "found a second document, expected one only");
    return 0;
}

int options_yaml_read_file(const char *file, const char *text, size_t length,
                           struct yaml_file *f, struct error *err)
{
    const struct said said = {.file = file};
    struct reader r;
    int rc;

    memset(f, 0, sizeof *f);
    if (length > OPTIONS_FILE_MAX)
        return options_said_error(
            &said, 1, 1, err,
            "found a file of %zu bytes, expected at most 1 MiB", length);
    if (check_characters(&said, text, length, err) < 0)
        return -1;
    reader_open(&r, &said, text, length, err);
    rc = read_document(&r, f);
    reader_close(&r);
    if (rc < 0)
        options_yaml_file_free(f);
    return rc;
}

/* A whole document that is one value. */
static int read_flow(const struct said *said, const char *text,
                     struct yaml_node *node, struct error *err)
{
    struct reader r;
    int rc;

    reader_open(&r, said, text, strlen(text), err);
    rc =
        step(&r) < 0 || step(&r) < 0 || step(&r) < 0 ? -1 : read_node(&r, node);
    if (rc == 0)
        rc = step(&r) < 0 || step(&r) < 0 ? -1 : 0;
    if (rc == 0 && r.event.type != YAML_STREAM_END_EVENT)
        rc = refuse(&r, "found more than one value, expected one");
    reader_close(&r);
    if (rc < 0)
        options_yaml_node_free(node);
    return rc;
}

/* Whether the bracket that a text begins with is closed before its end: then it
 * is no list, but the beginning of an address or of a range. */
static bool goes_on(const char *text)
{
    int depth = 0;

    for (; *text; text++) {
        depth += *text == '[' || *text == '{';
        depth -= *text == ']' || *text == '}';
        if (depth == 0)
            return text[1 + strspn(text + 1, " ")] != '\0';
    }
    return false;
}

/* Whether it is one address of IPv6 and not a list: [::1], also unclosed. */
static bool is_address(const char *text)
{
    int colons = 0;

    if (*text != '[' || strchr(text, ','))
        return false;
    while (*++text && strchr("0123456789abcdefABCDEF:.", *text))
        colons += *text == ':';
    return colons > 1;
}

int options_yaml_read_value(const struct said *said, const char *text,
                            bool may_be_text, struct yaml_node *node,
                            struct error *err)
{
    struct yaml_scalar *s;
    size_t n;

    memset(node, 0, sizeof *node);
    if (check_characters(said, text, strlen(text), err) < 0)
        return -1;
    while (*text == ' ')
        text++;
    if ((*text == '[' || *text == '{') &&
        !(may_be_text && (goes_on(text) || is_address(text))))
        return read_flow(said, text, node, err);
    if (*text == '"' || *text == '\'') {
        if (read_flow(said, text, node, NULL) == 0 && node->kind == YAML_SCALAR)
            return 0;
        options_yaml_node_free(node); /* a text that only starts with a quote */
    }
    for (n = strlen(text); n > 0 && text[n - 1] == ' '; n--)
        ;
    node->kind = YAML_SCALAR;
    s = add_item(node);
    s->text = mem_copy(text);
    s->text[n] = '\0';
    s->plain = true;
    return 0;
}

/* Whether a text can go without quotes, here and elsewhere: YAML 1.1 has more
 * words for true and false than srbench. */
static bool plain_is_safe(const char *text)
{
    static const char *const words[] = {"null",  "none", "auto", "true",
                                        "false", "yes",  "no",   "on",
                                        "off",   "y",    "n"};
    static const char letters[] = "abcdefghijklmnopqrstuvwxyz"
                                  "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789/._";
    static const char inner[] = "+-@%=~";

    if (text[0] == '\0' || strchr(inner, text[0]))
        return false;
    for (const char *c = text; *c; c++)
        if (!strchr(letters, *c) && !strchr(inner, *c))
            return false;
    if (strcmp(text, "none") == 0)
        return true;
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++)
        if (strcasecmp(text, words[i]) == 0)
            return false;
    return true;
}

void options_yaml_print_text(FILE *out, const char *text)
{
    size_t left = strlen(text), width;
    uint32_t c = 0;

    if (plain_is_safe(text)) {
        fputs(text, out);
        return;
    }
    fputc('"', out);
    for (; left > 0; text += width, left -= width) {
        width = utf8_decode(text, left, &c);
        if (width == 0) { /* cannot be: all that is read is checked */
            width = 1;
            c = '?';
        }
        if (c == '"' || c == '\\')
            fprintf(out, "\\%c", (int)c);
        else if (c >= 0x20 && allows(c) && c != 0x85 && c != 0x2028 &&
                 c != 0x2029 && c != 0xfeff)
            fwrite(text, 1, width, out);
        else
            fprintf(out, c < 0x100 ? "\\x%02X" : "\\u%04X", (unsigned)c);
    }
    fputc('"', out);
}
