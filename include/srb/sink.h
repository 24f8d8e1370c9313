/* sink.h - where results go.
 *
 * A sink is a table of operations (src/sink/hdf5.c, src/sink/null.c), used by
 * world rank 0 alone; nothing here is collective and nothing calls MPI. The
 * sink knows how to write facts, columns and arrays, not what they mean: the
 * names, units and dimensions of a permutation's arrays stand in a table of the
 * caller (struct sink_array).
 *
 * Promise: when sink_end() has returned 0 the permutation survives this
 * process's death at any later instant, SIGKILL included, and so do all that
 * ended before. Where the root attribute `durability` is not "every instant"
 * but "between flushes", the HDF5 library in use writes an unknown layout, and
 * a death while end, note or close bring data to the file can cost all of it.
 */
#ifndef SRB_SINK_H
#define SRB_SINK_H

#include <stdbool.h>
#include <stddef.h>

#include "srb/error.h"
#include "srb/field.h"

/* The dimensions of a permutation's arrays. Each is a dimension scale (and
 * netCDF coordinate variable) of its group: client, iteration, warmup and shard
 * number from 0. */
enum sink_dim {
    SINK_NO_DIM,
    SINK_CLIENT,
    SINK_ITERATION,
    SINK_WARMUP,
    SINK_SHARD,
    SINK_DIMS
};

/* One array of a permutation's group, e.g.
 *     {"put_tensor", FIELD_REAL, "s", "time of each put", SINK_CLIENT,
 *      SINK_ITERATION}
 * rows is never SINK_NO_DIM; cols is SINK_NO_DIM for a one-dimensional one. */
struct sink_array {
    const char *name;
    enum field_type type;
    const char *unit; /* "" for none */
    const char *long_name;
    enum sink_dim rows, cols;
};

/* A table of equal-length columns: the group /hosts. cells[r * ncols + c] */
struct sink_table {
    const struct field
        *cells; /* name, type and unit of row 0 are the columns' */
    size_t nrows, ncols;
};

struct sink_ops;
struct sink {
    const struct sink_ops *ops;
};

struct sink_ops {
    const char *name;
    /* Create the result file. study: root attributes; hosts: the table /hosts;
     * row: the columns of /summary, values are those of a permutation that has
     * not run (every later row has the same names and types in the same
     * order); nperms: rows of /summary. An existing file is replaced only when
     * overwrite is set, and only then. */
    struct sink *(*open)(const char *path, bool overwrite,
                         const struct fields *study,
                         const struct sink_table *hosts,
                         const struct fields *row, size_t nperms,
                         struct error *err);
    /* Start the group of permutation `index` (/perm_0007). size[d] is the
     * length of dimension d; a dimension of length 0 gets no scale. One that
     * was begun and not ended, or whose end failed, is not in the file and may
     * be begun again; one whose write failed can only be begun again. */
    int (*begin)(struct sink *s, size_t index, const size_t size[SINK_DIMS],
                 struct error *err);
    /* Write rows first .. first + nrows of an array of the running permutation;
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
    /* Replace numbers in the summary's row of a permutation that has ended:
     * cells are some of its columns, FIELD_INT or FIELD_REAL. Each appears at
     * once; durable at close. */
    int (*amend)(struct sink *s, size_t index, const struct fields *cells,
                 struct error *err);
    /* Replace attributes of the root group, e.g. end_time; durable at close.
     * With HDF5 1.14 a death in the midst of it can leave a text cut short
     * where it replaces another that is not "". */
    int (*note)(struct sink *s, const struct fields *study, struct error *err);
    /* Close the file and release the sink, even when it returns -1. */
    int (*close)(struct sink *s, struct error *err);
};

extern const struct sink_ops sink_hdf5;
extern const struct sink_ops sink_null;

/* The version of the HDF5 library in use: "1.10.8". */
const char *sink_hdf5_version(void);

#endif
