/* null.c - the sink that accepts everything and keeps nothing. */
#include "srb/sink.h"

static struct sink *null_open(const char *path, bool overwrite,
                              const struct fields *study,
                              const struct sink_table *hosts,
                              const struct fields *row, size_t nperms,
                              struct error *err)
{
    static struct sink sink = {.ops = &sink_null};

    (void)path, (void)overwrite, (void)study, (void)hosts, (void)row;
    (void)nperms, (void)err;
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

static int null_close(struct sink *s, struct error *err)
{
    (void)s, (void)err;
    return 0;
}

const struct sink_ops sink_null = {
    .name = "null",
    .open = null_open,
    .begin = null_begin,
    .write = null_write,
    .end = null_end,
    .amend = null_amend,
    .note = null_note,
    .close = null_close,
};
