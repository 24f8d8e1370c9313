/* sinks.c - all sinks of a study, as one. */
#include "sink/sink.h"

static int done(struct sink *x, int rc)
{
    x->broken = x->broken || rc < 0;
    return rc;
}

int sinks_add(struct sinks *s, struct sink *sink)
{
    if (!sink)
        return -1;
    s->list[s->n++] = sink;
    return 0;
}

int sinks_begin(struct sinks *s, size_t index, const size_t size[SINK_DIMS],
                struct error *err)
{
    int rc = 0;

    for (struct sink **x = s->list; x < s->list + s->n && rc == 0; x++)
        rc = done(*x, (*x)->ops->begin(*x, index, size, err));
    return rc;
}

int sinks_write(struct sinks *s, const struct sink_array *a, size_t first,
                size_t nrows, const void *data, struct error *err)
{
    int rc = 0;

    for (struct sink **x = s->list; x < s->list + s->n && rc == 0; x++)
        if ((*x)->ops->write)
            rc = done(*x, (*x)->ops->write(*x, a, first, nrows, data, err));
    return rc;
}

int sinks_end(struct sinks *s, const struct fields *attributes,
              const struct fields *row, struct error *err)
{
    int rc = 0;

    for (struct sink **x = s->list; x < s->list + s->n && rc == 0; x++)
        rc = done(*x, (*x)->ops->end(*x, attributes, row, err));
    return rc;
}

int sinks_rows(struct sinks *s, size_t first, const struct sink_table *rows,
               struct error *err)
{
    int rc = 0;

    for (struct sink **x = s->list; x < s->list + s->n && rc == 0; x++)
        rc = done(*x, (*x)->ops->rows(*x, first, rows, err));
    return rc;
}

int sinks_amend(struct sinks *s, size_t index, const struct fields *cells,
                struct error *err)
{
    int rc = 0;

    for (struct sink **x = s->list; x < s->list + s->n && rc == 0; x++)
        rc = done(*x, (*x)->ops->amend(*x, index, cells, err));
    return rc;
}

int sinks_extra(struct sinks *s, size_t index, const struct fields *row,
                struct error *err)
{
    int rc = 0;

    for (struct sink **x = s->list; x < s->list + s->n && rc == 0; x++)
        if ((*x)->ops->extra)
            rc = done(*x, (*x)->ops->extra(*x, index, row, err));
    return rc;
}

static int close_one(struct sink *x, const struct fields *study,
                     const struct fields *session, struct error *err)
{
    int rc = 0;

    if (study && !x->broken)
        rc = x->ops->note(x, study, err);
    if (study && !x->broken && rc == 0 && x->ops->session)
        rc = x->ops->session(x, session, err);
    return x->ops->close(x, rc < 0 ? NULL : err) < 0 ? -1 : rc;
}

int sinks_close(struct sinks *s, const struct fields *study,
                const struct fields *session, struct error *err)
{
    int rc = 0;

    while (s->n > 0)
        if (close_one(s->list[--s->n], study, session, rc < 0 ? NULL : err) < 0)
            rc = -1;
    return rc;
}
