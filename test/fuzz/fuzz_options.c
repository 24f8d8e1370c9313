/* fuzz_options.c - a configuration file and a command line of any bytes.
 *
 * An input is the file; behind a line "%%" each line is an argument of the
 * command line. Promised by options.h: 0 or -1 and one sentence; what
 * options_show() prints is read back to the same values. */
#include <string.h>

#include "fuzz.h"
#include "lib/options_words.h"
#include "options/options.h"

#define ARGS_MAX 16

struct input {
    char *file;
    size_t length;
    int argc;
    char *argv[ARGS_MAX + 2];
};

static void split_arguments(struct input *in, const char *text, const char *end)
{
    while (text < end && in->argc <= ARGS_MAX) {
        const char *line = memchr(text, '\n', (size_t)(end - text));
        const char *stop = line ? line : end;

        in->argv[in->argc++] = copy_text(text, (size_t)(stop - text));
        text = line ? line + 1 : end;
    }
}

static void split(struct input *in, const char *text, size_t size)
{
    static const char mark[] = "%%\n";
    const char *end = text + size, *at = text;

    memset(in, 0, sizeof *in);
    in->argv[in->argc++] = copy_text("srbench", 7);
    while (at && (size_t)(end - at) >= 3 && memcmp(at, mark, 3) != 0) {
        at = memchr(at, '\n', (size_t)(end - at));
        at = at ? at + 1 : NULL;
    }
    if (at && (size_t)(end - at) >= 3)
        split_arguments(in, at + 3, end);
    else
        at = end;
    in->length = (size_t)(at - text);
    in->file = copy_exactly(text, in->length);
}

static void release(struct input *in)
{
    free(in->file);
    while (in->argc > 0)
        free(in->argv[--in->argc]);
}

static void one_sentence(const struct error *err)
{
    PROMISE(memchr(err->text, '\0', sizeof err->text), "words without an end");
    PROMISE(err->text[0], "a failure without words");
    PROMISE(!strchr(err->text, '\n'), "more than one line: '%s'", err->text);
}

static char *show(const struct options *o, size_t *length)
{
    char *text = NULL;
    FILE *out = open_memstream(&text, length);

    PROMISE(out, "not enough memory");
    options_show(o, out);
    PROMISE(fclose(out) == 0 && text, "not enough memory");
    return text;
}

static void same_values(const struct options *a, const struct options *b)
{
    for (int i = 0; i < OPT_COUNT; i++) {
        const struct setting *x = &a->set[i], *y = &b->set[i];

        PROMISE(x->nvalues == y->nvalues, "%s: %zu and %zu values",
                option_table[i].name, x->nvalues, y->nvalues);
        for (size_t k = 0; k < x->nvalues; k++)
            PROMISE(strcmp(x->values[k].text, y->values[k].text) == 0 &&
                        x->values[k].is_auto == y->values[k].is_auto,
                    "%s: '%s' and '%s'", option_table[i].name,
                    x->values[k].text, y->values[k].text);
    }
}

/* --show_config, read back; `machine` is for a dry run only. */
static void shown_is_read(const struct options *o)
{
    char name[] = "srbench", dry[] = "--dry_run", *text, *file;
    char *argv[] = {name, o->request == REQUEST_DRY_RUN ? dry : NULL, NULL};
    struct error err = {.text = ""};
    struct options again;
    size_t length;

    text = show(o, &length);
    file = copy_exactly(text, length);
    PROMISE(options_parse(&again, argv[1] ? 2 : 1, argv, "shown.yaml", file,
                          length, &err) == 0,
            "%s\n%s", err.text, text);
    same_values(o, &again);
    options_free(&again);
    free(file);
    free(text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct error err = {.text = ""};
    struct options o;
    struct input in;
    const char *config;

    hand_words();
    split(&in, (const char *)data, size);
    if (options_find_config(in.argc, in.argv, &config, &err) < 0)
        one_sentence(&err);
    err.text[0] = '\0';
    if (options_parse(&o, in.argc, in.argv, "study.yaml", in.file, in.length,
                      &err) < 0) {
        one_sentence(&err);
    } else {
        if (o.request != REQUEST_HELP && o.request != REQUEST_VERSION)
            shown_is_read(&o);
        options_free(&o);
    }
    release(&in);
    return 0;
}
