/* sink.h - where results go.
 *
 * A sink is a table of operations (hdf5.c, json.c), used by world rank 0 alone;
 * nothing here is collective and nothing calls MPI. The sink knows how to write
 * attributes, columns and arrays, not what they mean: the names, units and
 * dimensions of a permutation's arrays stand in a table of the caller (struct
 * sink_array). A study has several sinks or none (struct sinks).
 *
 * Promise: when sink_end() has returned 0 the permutation survives this
 * process's death at any later instant, SIGKILL included, and so do all that
 * ended before.
 */
#ifndef SRB_SINK_H
#define SRB_SINK_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"
#include "base/field.h"

/* The dimensions of a permutation's arrays. Each is a dimension scale (and
 * netCDF coordinate variable) of its group: client, iteration, warmup, shard,
 * probe, reader and get number from 0. */
enum sink_dim {
    SINK_NO_DIM,
    SINK_CLIENT,
    SINK_ITERATION,
    SINK_WARMUP,
    SINK_SHARD,
    SINK_PROBE, /* of a search */
    SINK_LOOK,  /* at memory */
    SINK_READER,
    SINK_GET, /* of clients that read what others write */
    SINK_DIMS
};

/* One array of a permutation's group, e.g.
 *     {"put_tensor", FIELD_REAL, "s", "time of each put", SINK_CLIENT,
 *      SINK_ITERATION}
 * A name such as "probes/rate" puts it into a group of that permutation's.
 * rows is never SINK_NO_DIM; cols is SINK_NO_DIM for a one-dimensional one. */
struct sink_array {
    const char *name;
    enum field_type type;
    const char *unit; /* "" for none */
    const char *long_name;
    enum sink_dim rows, cols;
};

/* A table of equal-length columns, as in /hosts. cells[r * ncols + c] */
struct sink_table {
    const struct field
        *cells; /* name, type and unit of row 0 are the columns' */
    size_t nrows, ncols;
};

/* So many rows are put at once at most: their texts are numbered by 16 bits. */
enum { SINK_ROWS = 128 };

/* What a result file begins with. */
struct sink_start {
    const struct fields *study;        /* root attributes */
    const struct sink_table *hosts;    /* /hosts */
    const struct sink_table *sessions; /* /sessions, one row a session, the last
                                          that of this process; NULL: none */
    const struct sink_table *extra;    /* a further group, whose rows come to be
                                          known; as they are now. NULL: none */
    const char *extra_name, *extra_scale; /* its name, and its dimension's */
    const struct fields *row; /* the columns of /summary; values are those of a
                                 permutation that has not run (every later row
                                 has the same names and types in the same
                                 order) */
    size_t nperms;            /* rows of /summary */
    const struct sink_table *earlier; /* /summary as earlier sessions left it;
                                         NULL: there were none */
    const bool *kept;                 /* [nperms] which of its rows hold */
};

/* A result file of an earlier session, which this process alone has. */
struct past;

/* What of it is to stay. */
struct sink_kept {
    const bool *perm; /* [nperms] groups and rows; the others run again */
    const char *const *forget; /* root attributes that are true of an ended
                                  study only; NULL at the end */
    const char *hosts; /* a further group for start.hosts, where the nodes are
                          others than those of /hosts; NULL: they are not */
};

struct sink_ops;
struct sink {
    const struct sink_ops *ops;
    bool broken; /* it failed to write (sinks_*) */
};

struct sink_ops {
    const char *name;
    /* Create the result file. An existing file is replaced only when overwrite
     * is set, and only when the new one is whole. job: the batch system's
     * number of this job ("" for none), for others who try to write the same
     * file, which is refused until close. */
    struct sink *(*open)(const char *path, bool overwrite, const char *job,
                         const struct sink_start *start, struct error *err);
    /* Continue the result file `past`, which is taken over (released by close,
     * and on failure). study is not written: the root attributes are those of
     * the first session. At any instant `path` is either the file of before, as
     * it was, or the new one with all that is kept. NULL: what was kept is to
     * be had from start->earlier when it is opened. */
    struct sink *(*resume)(struct past *past, const struct sink_kept *kept,
                           const struct sink_start *start, struct error *err);
    /* Start the group of permutation `index` (/perm_0007). size[d] is the
     * length of dimension d; a dimension of length 0 gets no scale. One that
     * was begun and not ended, or whose end failed, is not in the file and may
     * be begun again; one whose write failed can only be begun again. */
    int (*begin)(struct sink *s, size_t index, const size_t size[SINK_DIMS],
                 struct error *err);
    /* NULL where the sink keeps no arrays.
     * Write rows first .. first + nrows of an array of the running permutation;
     * created at the first call, what is never written stays NaN, -1 or "".
     * data: nrows * size[cols] doubles (FIELD_REAL), int64_t (FIELD_INT) or
     * const char * (FIELD_TEXT), row by row. An array with a dimension of
     * length 0 is not created. */
    int (*write)(struct sink *s, const struct sink_array *a, size_t first,
                 size_t nrows, const void *data, struct error *err);
    /* Give the running permutation its attributes and its row of the summary,
     * make all of it durable (flush and fsync). */
    int (*end)(struct sink *s, const struct fields *attributes,
               const struct fields *row, struct error *err);
    /* Give permutations that do not run their rows of the summary, from that
     * index on, SINK_ROWS at most, and no groups; durable with the next end, or
     * at close. */
    int (*rows)(struct sink *s, size_t first, const struct sink_table *rows,
                struct error *err);
    /* Replace cells in the summary's row of a permutation that has ended, some
     * of its columns. Each appears at once, a text by way of ""; durable at
     * close. */
    int (*amend)(struct sink *s, size_t index, const struct fields *cells,
                 struct error *err);
    /* Replace attributes of the root group, e.g. end_time, while no permutation
     * is begun; durable at close.
     * With HDF5 1.14 a death in the midst of it can leave a text cut short
     * where it replaces another that is not "". */
    int (*note)(struct sink *s, const struct fields *study, struct error *err);
    /* Replace this session's row of /sessions; at once, durable at close. NULL
     * where the sink has none. */
    int (*session)(struct sink *s, const struct fields *row, struct error *err);
    /* Replace a row of start.extra; as session. */
    int (*extra)(struct sink *s, size_t index, const struct fields *row,
                 struct error *err);
    /* Close the file and release the sink, even when it returns -1. */
    int (*close)(struct sink *s, struct error *err);
};

/* The result file. */
extern const struct sink_ops sink_hdf5;
/* Root attributes and summary as one JSON document, written at close, all at
 * once, once something was noted; only then is an existing file replaced. */
extern const struct sink_ops sink_json;

/* ---- all sinks of a study ---- */

/* Each operation goes to them in their order until one fails, which is broken
 * from then on. All zero is none. */
struct sinks {
    struct sink *list[2];
    size_t n;
};

/* Takes over what open or resume returned; -1 where that is NULL. */
int sinks_add(struct sinks *s, struct sink *sink);

/* As the operations of their names. */
int sinks_begin(struct sinks *s, size_t index, const size_t size[SINK_DIMS],
                struct error *err);
int sinks_write(struct sinks *s, const struct sink_array *a, size_t first,
                size_t nrows, const void *data, struct error *err);
int sinks_end(struct sinks *s, const struct fields *attributes,
              const struct fields *row, struct error *err);
int sinks_rows(struct sinks *s, size_t first, const struct sink_table *rows,
               struct error *err);
int sinks_amend(struct sinks *s, size_t index, const struct fields *cells,
                struct error *err);
int sinks_extra(struct sinks *s, size_t index, const struct fields *row,
                struct error *err);

/* Close all, the last one first, whatever fails. Those that are not broken get
 * the attributes of an ended study and this session's row before; NULL: the
 * study did not begin. */
int sinks_close(struct sinks *s, const struct fields *study,
                const struct fields *session, struct error *err);

/* ---- a result file of before ---- */

/* Open a result file for reading and, with lock, keep others from writing it.
 * Returns NULL with the words where it cannot be read or is none, or where
 * another process writes it. */
struct past *past_open(const char *path, bool lock, const char *job,
                       struct error *err);
void past_close(struct past *p);

/* Fill in root attributes by their names and types; one that is not there
 * becomes "", -1 or NaN. */
void past_study(const struct past *p, struct fields *study);

/* Whether it has a group of that name. */
bool past_has(const struct past *p, const char *group);

/* Read the columns that `like` names, with their types, from a group of
 * equal-length ones: appends row by row to *cells. */
int past_table(const struct past *p, const char *group,
               const struct fields *like, struct fields *cells, size_t *nrows,
               struct error *err);

/* Whether the group of a permutation is there, in a file of so many. */
bool past_permutation(const struct past *p, size_t index, size_t nperms);

/* The version of the HDF5 library in use: "1.10.8". */
const char *sink_hdf5_version(void);

#endif
