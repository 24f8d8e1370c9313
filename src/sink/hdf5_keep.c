/* hdf5_keep.c - why a killed writer loses nothing.
 *
 * The library appends what is new to the file, but to link a permutation to the
 * root group it changes in place what leads to all others, piece by piece. A
 * writer killed between or within these writes leaves a file that nobody can
 * open, in whatever order and however often it is flushed. So the file has two
 * root groups, which link to the same objects (hdf5_roots.c):
 *
 *   (the library writes: new objects, then their links into the root `next`, at
 *    which nothing on disk points, and last the superblock's end of the file)
 *   keep_turn     makes the superblock point at `next`; the other is next now
 *   keep_row      adds the permutation's row to the columns of /summary
 *
 * At any instant the superblock points at a whole root, that of before or that
 * of after. It holds because a freshly opened file has no heap and no free
 * space that the library could use again, so that it only appends (but for one
 * case, put_attribute()); because the file is extended before its superblock
 * says so (keep_reserve); and because the superblock of version 0 has no
 * checksum and is 96 bytes in one page, which the kernel writes whole or not at
 * all. (Even a torn one would do: only the lower half of the root's address
 * changes, the two lying close together.)
 *
 * The row is put by hand because the library would write the reference to a
 * text before the text; and into places that exist, so no header changes.
 *
 * The layout is that of the HDF5 File Format Specification: superblock version
 * 0 (II.A) and global heap (III.E). HDF5 1.10 to 1.14 write it when asked to
 * (put_access_plan); a file that begins otherwise is refused.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "sink/hdf5_parts.h"

enum {
    SUPERBLOCK = 96,
    AT_FILE_END = 40,
    AT_ROOT = 64,
    HEAP_HEADER = 16,
    HEAP_OBJECT = 16, /* before the object's bytes */
    /* the library takes 4096; by powers of two apart, thousands of heaps fall
     * into few buckets of its cache (H5C__HASH_FCN), which resume then reads
     * for seconds */
    HEAP_LEAST = 4096 + 8,
    TEXT_REFERENCE = 16 /* length 4, heap 8, object in it 4 */
};

static const uint64_t reserve_step = 1 << 20;

static uint64_t align8(uint64_t n)
{
    return (n + 7) & ~(uint64_t)7;
}

static uint64_t get_le(const unsigned char *from, unsigned width)
{
    uint64_t value = 0;

    for (unsigned i = width; i-- > 0;)
        value = value << 8 | from[i];
    return value;
}

static void put_le(unsigned char *to, uint64_t value, unsigned width)
{
    for (unsigned i = 0; i < width; i++)
        to[i] = (unsigned char)(value >> 8 * i);
}

static int fail(struct error *err, const struct keep *k, const char *what)
{
    return error_set(err, "cannot %s '%s': %s", what, k->path, strerror(errno));
}

static int read_at(const struct keep *k, uint64_t at, void *to, size_t n,
                   struct error *err)
{
    char *p = to;

    while (n) {
        ssize_t got = pread(k->fd, p, n, (off_t)at);

        if (got < 0 && errno == EINTR)
            continue;
        if (got == 0)
            errno = ENODATA;
        if (got <= 0)
            return fail(err, k, "read the result file");
        p += got;
        at += (uint64_t)got;
        n -= (size_t)got;
    }
    return 0;
}

static int write_at(const struct keep *k, uint64_t at, const void *from,
                    size_t n, struct error *err)
{
    const char *p = from;

    while (n) {
        ssize_t put = pwrite(k->fd, p, n, (off_t)at);

        if (put < 0 && errno == EINTR)
            continue;
        if (put < 0)
            return fail(err, k, "write the result file");
        p += put;
        at += (uint64_t)put;
        n -= (size_t)put;
    }
    return 0;
}

static int write_le(const struct keep *k, uint64_t at, uint64_t value,
                    unsigned width, struct error *err)
{
    unsigned char bytes[8];

    put_le(bytes, value, width);
    return write_at(k, at, bytes, width, err);
}

static int set_length(struct keep *k, uint64_t bytes, struct error *err)
{
    while (ftruncate(k->fd, (off_t)bytes))
        if (errno != EINTR)
            return fail(err, k, "set the length of the result file");
    k->reserved = bytes;
    return 0;
}

/* Version 0; 8 bytes an address, 8 a length; the file starts at 0. */
static bool is_known(const unsigned char sb[SUPERBLOCK])
{
    return memcmp(sb, "\211HDF\r\n\032\n", 9) == 0 && sb[13] == 8 &&
           sb[14] == 8 && get_le(sb + 24, 8) == 0;
}

/* Read where the file ends, as the superblock has it. */
static int read_end(const struct keep *k, uint64_t *end, struct error *err)
{
    unsigned char sb[SUPERBLOCK];

    if (read_at(k, 0, sb, SUPERBLOCK, err))
        return -1;
    if (!is_known(sb))
        return error_set(err,
                         "'%s' has a layout that cannot be kept whole while it "
                         "is written: HDF5 %s or another program made it so; "
                         "choose another --output",
                         k->path, sink_hdf5_version());
    *end = get_le(sb + AT_FILE_END, 8);
    return 0;
}

int keep_settle(struct keep *k, struct error *err)
{
    uint64_t end;

    return read_end(k, &end, err) ? -1 : set_length(k, end, err);
}

int keep_turn(struct keep *k, struct error *err)
{
    uint64_t next = k->roots[1];

    if (write_le(k, AT_ROOT, next, 8, err))
        return -1;
    k->roots[1] = k->roots[0];
    k->roots[0] = next;
    return 0;
}

int keep_adopt(struct keep *k, struct error *err)
{
    if (keep_settle(k, err))
        return -1;
    return write_le(k, AT_ROOT, k->roots[0], 8, err);
}

static int no_room(const struct keep *k, uint64_t bytes, struct error *err)
{
    return error_set(err,
                     "no room for %llu bytes more of '%s': %s; free some space "
                     "or choose another --output",
                     (unsigned long long)bytes, k->path, strerror(errno));
}

/* Reserve by hand where the file system cannot. */
static int fill_up(struct keep *k, uint64_t upto, struct error *err)
{
    static const unsigned char nothing[1 << 16];

    for (uint64_t at = k->reserved; at < upto; at += sizeof nothing)
        if (write_at(k, at, nothing, sizeof nothing, NULL))
            return no_room(k, upto - at, err);
    return 0;
}

/* Room is taken in big steps, since every array asks for some. */
int keep_reserve(struct keep *k, uint64_t bytes, struct error *err)
{
    uint64_t upto = (bytes + reserve_step - 1) / reserve_step * reserve_step;
    int rc;

    if (bytes <= k->reserved)
        return 0;
    do
        rc = fallocate(k->fd, 0, (off_t)k->reserved,
                       (off_t)(upto - k->reserved));
    while (rc && errno == EINTR);
    if (rc && errno != EOPNOTSUPP && errno != ENOSYS)
        return no_room(k, upto - k->reserved, err);
    if (rc && fill_up(k, upto, err))
        return -1;
    k->reserved = upto;
    return 0;
}

/* Column by column, as objects in a heap are numbered. */
static const struct field *cell(const struct sink_table *t, size_t i)
{
    return &t->cells[i % t->nrows * t->ncols + i / t->nrows];
}

static bool has_object(const struct field *f)
{
    return f->type == FIELD_TEXT && f->text[0];
}

/* The bytes of a heap that holds the rows' texts. */
static size_t heap_length(const struct sink_table *t)
{
    size_t n = HEAP_HEADER;

    for (size_t i = 0; i < t->nrows * t->ncols; i++)
        if (has_object(&t->cells[i]))
            n += HEAP_OBJECT + (size_t)align8(strlen(t->cells[i].text));
    return n < HEAP_LEAST ? HEAP_LEAST : n;
}

/* Object numbers count the texts from 1, empty ones left out. */
static void fill_heap(unsigned char *heap, size_t length,
                      const struct sink_table *t)
{
    unsigned char *p = heap + HEAP_HEADER;
    size_t rest;
    uint64_t number = 0;

    memcpy(heap, "GCOL\001", 5);
    put_le(heap + 8, length, 8);
    for (size_t i = 0; i < t->nrows * t->ncols; i++) {
        const struct field *f = cell(t, i);
        size_t n;

        if (!has_object(f))
            continue;
        n = strlen(f->text);
        put_le(p, ++number, 2);
        put_le(p + 8, n, 8);
        memcpy(p + HEAP_OBJECT, f->text, n);
        p += HEAP_OBJECT + align8(n);
    }
    rest = (size_t)(heap + length - p);
    if (rest >= HEAP_OBJECT)
        put_le(p + 8, rest, 8); /* object 0: free */
}

/* Append a heap with the rows' texts to the file. */
static int append_heap(struct keep *k, const struct sink_table *t,
                       uint64_t *heap, struct error *err)
{
    size_t length = heap_length(t);
    unsigned char *bytes;
    uint64_t end;
    int rc = -1;

    if (read_end(k, &end, err))
        return -1;
    *heap = align8(end);
    bytes = calloc(1, length);
    if (!bytes)
        return error_set(err, "out of memory for a row of '%s'", k->path);
    fill_heap(bytes, length, t);
    if (keep_reserve(k, *heap + length, err) == 0 &&
        write_at(k, *heap, bytes, length, err) == 0)
        rc = write_le(k, AT_FILE_END, *heap + length, 8, err);
    free(bytes);
    return rc;
}

/* A reference with no heap stands for "", whatever its other parts are: so the
 * heap goes first, and comes last. */
static int put_references(const struct keep *k, uint64_t at,
                          const struct sink_table *t, size_t column,
                          uint64_t heap, uint64_t *number, struct error *err)
{
    unsigned char bytes[SINK_ROWS * TEXT_REFERENCE] = {0};
    uint64_t before = *number;

    for (size_t i = 0; i < t->nrows; i++) {
        const struct field *f = cell(t, column * t->nrows + i);

        if (!has_object(f))
            continue;
        put_le(bytes + TEXT_REFERENCE * i, strlen(f->text), 4);
        put_le(bytes + TEXT_REFERENCE * i + 12, ++*number, 4);
    }
    if (write_at(k, at, bytes, TEXT_REFERENCE * t->nrows, err))
        return -1;
    if (*number == before)
        return 0;
    for (size_t i = 0; i < t->nrows; i++)
        if (has_object(cell(t, column * t->nrows + i)))
            put_le(bytes + TEXT_REFERENCE * i + 4, heap, 8);
    return write_at(k, at, bytes, TEXT_REFERENCE * t->nrows, err);
}

static void number_bytes(const struct field *f, unsigned char to[8])
{
    uint64_t bits = (uint64_t)f->integer;

    if (f->type == FIELD_REAL)
        memcpy(&bits, &f->real, sizeof bits);
    put_le(to, bits, 8);
}

static int put_numbers(const struct keep *k, uint64_t at,
                       const struct sink_table *t, size_t column,
                       struct error *err)
{
    unsigned char bytes[SINK_ROWS * 8];

    for (size_t i = 0; i < t->nrows; i++)
        number_bytes(cell(t, column * t->nrows + i), bytes + 8 * i);
    return write_at(k, at, bytes, 8 * t->nrows, err);
}

int keep_rows(struct keep *k, const uint64_t *column,
              const struct sink_table *rows, uint64_t first, struct error *err)
{
    uint64_t heap, number = 0;
    int rc = append_heap(k, rows, &heap, err);

    for (size_t i = 0; i < rows->ncols && rc == 0; i++)
        rc = rows->cells[i].type == FIELD_TEXT
                 ? put_references(k, column[i] + TEXT_REFERENCE * first, rows,
                                  i, heap, &number, err)
                 : put_numbers(k, column[i] + 8 * first, rows, i, err);
    return rc;
}

int keep_row(struct keep *k, const uint64_t *column, const struct fields *row,
             uint64_t index, struct error *err)
{
    const struct sink_table one = {row->list, 1, row->n};

    return keep_rows(k, column, &one, index, err);
}

int keep_number(const struct keep *k, uint64_t column, const struct field *f,
                uint64_t index, struct error *err)
{
    unsigned char bytes[8];

    number_bytes(f, bytes);
    return write_at(k, column + 8 * index, bytes, sizeof bytes, err);
}

int keep_sync(struct keep *k, struct error *err)
{
    while (fsync(k->fd))
        if (errno != EINTR)
            return fail(err, k, "bring the result file to the disk");
    return 0;
}
