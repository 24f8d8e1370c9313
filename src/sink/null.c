/* null.c - the sink that accepts everything and keeps nothing. */
#include "srb/sink.h"

static struct sink sink = {.ops = &sink_null};

static struct sink *null_open(const char *path, bool overwrite, const char *job,
                              const struct sink_start *start, struct error *err)
{
    (void)path, (void)overwrite, (void)job, (void)start, (void)err;
    return &sink;
}

static struct sink *null_resume(struct past *past, const struct sink_kept *kept,
                                const struct sink_start *start,
                                struct error *err)
{
    (void)kept, (void)start, (void)err;
    past_close(past);
    return &sink;
}

static int null_begin(struct sink *s, size_t index,
                      const size_t size[SINK_DIMS], struct error *err)
{
    (void)s, (void)index, (void)size, (void)err;
    return 0;
}

static int null_write(struct sink *s, const struct sink_array *a, size_t first,
                      size_t nrows, const void *data, struct error *err)
{
    (void)s, (void)a, (void)first, (void)nrows, (void)data, (void)err;
    return 0;
}

static int null_end(struct sink *s, const struct fields *attributes,
                    const struct fields *row, struct error *err)
{
    (void)s, (void)attributes, (void)row, (void)err;
    return 0;
}

static int null_row(struct sink *s, size_t index, const struct fields *row,
                    struct error *err)
{
    (void)s, (void)index, (void)row, (void)err;
    return 0;
}

static int null_amend(struct sink *s, size_t index, const struct fields *cells,
                      struct error *err)
{
    (void)s, (void)index, (void)cells, (void)err;
    return 0;
}

static int null_note(struct sink *s, const struct fields *study,
                     struct error *err)
{
    (void)s, (void)study, (void)err;
    return 0;
}

static int null_session(struct sink *s, const struct fields *row,
                        struct error *err)
{
    (void)s, (void)row, (void)err;
    return 0;
}

static int null_close(struct sink *s, struct error *err)
{
    (void)s, (void)err;
    return 0;
}

const struct sink_ops sink_null = {
    .name = "null",
    .open = null_open,
    .resume = null_resume,
    .begin = null_begin,
    .write = null_write,
    .end = null_end,
    .row = null_row,
    .amend = null_amend,
    .note = null_note,
    .session = null_session,
    .close = null_close,
};
