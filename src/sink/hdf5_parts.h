/* hdf5_parts.h - what the files of the HDF5 sink share.
 *
 * hdf5_keep.c  why a killed writer loses nothing: the few bytes of the file
 *              that are put by hand, without the library
 * hdf5_roots.c  the two root groups, in the library's words
 * hdf5_path.c  where the file appears, and all at once
 * hdf5_put.c   attributes, columns and arrays in the library's words
 * hdf5_new.c   a file that holds no permutation yet
 * hdf5_past.c  a file of an earlier session, read
 * hdf5_resume.c  that file made ready for another session, in a copy
 * hdf5.c       the sink: when what is written
 */
#ifndef SRB_HDF5_PARTS_H
#define SRB_HDF5_PARTS_H

#include <hdf5.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "base/field.h"
#include "base/lock.h"
#include "sink/sink.h"

/* ---- hdf5_roots.c ---- */

/* Make two root groups with the attributes of the present one and its links
 * that are kept (NULL: all); roots[i] get their places in the file. */
typedef bool (*roots_keep)(const char *name, const void *data);
int roots_make(hid_t file, roots_keep keep, const void *data,
               uint64_t roots[2]);

/* Where the header of an object is in the file, 0 on failure. */
uint64_t roots_place(hid_t object);

/* Give the root group at that place attributes, or replace their values. */
int roots_attributes(hid_t file, uint64_t root,
                     const struct fields *attributes);

/* Link an object into the root group at that place. The second one does it
 * again, in the other root, with an object that counts this link already. */
int roots_link(hid_t file, uint64_t root, const char *name, hid_t object);
int roots_link_again(hid_t file, uint64_t root, const char *name,
                     uint64_t place);

/* ---- hdf5_keep.c ---- */

/* The result file as bytes. All zero but fd and path at first. */
struct keep {
    int fd; /* of our own, besides the library's */
    const char *path;
    uint64_t roots[2]; /* where the root group is, and the one that is next */
    uint64_t reserved; /* the disk holds room for the file up to here */
};

/* No library may have the file open in any of these but keep_reserve(). */

/* Take over a file that the library wrote and closed: it begins at roots[0].
 * Fails for a layout in which keep_turn() would not be safe. */
int keep_adopt(struct keep *k, struct error *err);

/* Let the file begin at the next root, with all that is new in it; a second
 * time: at the one of before. */
int keep_turn(struct keep *k, struct error *err);

/* After the library closed it: give back the room reserved in vain. */
int keep_settle(struct keep *k, struct error *err);

/* Let the disk set room aside for a file of so many bytes. */
int keep_reserve(struct keep *k, uint64_t bytes, struct error *err);

/* Put a row into one-dimensional datasets that start at column[i] of the file
 * and are stored as they are. */
int keep_row(struct keep *k, const uint64_t *column, const struct fields *row,
             uint64_t index, struct error *err);

/* The same of rows one after another, at most SINK_ROWS, by blocks of cells. */
int keep_rows(struct keep *k, const uint64_t *column,
              const struct sink_table *rows, uint64_t first, struct error *err);

/* Put one number into row `index` of such a dataset. */
int keep_number(const struct keep *k, uint64_t column, const struct field *f,
                uint64_t index, struct error *err);

/* Let all that was written reach the disk. */
int keep_sync(struct keep *k, struct error *err);

/* ---- hdf5_path.c ---- */

/* Create the folders above `path`. */
int keep_folders(const char *path, struct error *err);

/* Whether `path` may become the result file: it is free, or a regular file that
 * may be overwritten. */
int keep_check(const char *path, bool overwrite, struct error *err);

/* Remove what dead writers of `path` left of files beside it. Its lock is held,
 * so nobody else is making any. */
void keep_sweep(const char *path);

/* Create an empty file beside `path` and put its name into made[room]. Returns
 * a descriptor that the caller closes. */
int keep_create(char *made, size_t room, const char *path, struct error *err);

/* Give the finished file `made` the name `path`; an existing one is replaced
 * when overwrite is set, refused otherwise. Either happens at once, so whoever
 * opens `path` at any instant finds a whole file. */
int keep_publish(const char *made, const char *path, bool overwrite,
                 struct error *err);

/* Where columns start in the file: of /summary, of /sessions, and of the
 * further group. */
struct places {
    uint64_t *summary, *sessions, *extra;
};

/* ---- hdf5_new.c ---- */

/* Write all but permutations to the empty file `made`, which k->fd has open,
 * and adopt it. */
int new_file(struct keep *k, const char *made, const struct sink_start *start,
             const struct places *places, struct error *err);

/* Say when a death of the writer leaves what is complete: at any instant. */
int put_durability(hid_t root);

/* ---- hdf5_past.c ---- */

struct past {
    char *path;
    struct lock lock;
    hid_t file;
};

/* ---- hdf5_resume.c ---- */

/* How the group of a permutation is called in a file of so many. */
void resume_group_name(size_t index, size_t nperms, char name[32]);

/* Copy the file of before into the empty one that k->fd has open, and make the
 * copy `made` ready for a session: without the groups that are not kept, their
 * rows as start->row says, and with all of start->sessions and start->extra.
 * Nobody relies on the copy yet. */
int resume_copy(struct keep *k, const char *made, const struct sink_kept *kept,
                const struct sink_start *start, const struct places *places,
                struct error *err);

/* ---- hdf5_put.c ---- */

/* One dataset: cols is 0 for a one-dimensional one. */
struct put_shape {
    const char *name, *unit, *long_name, *role;
    enum field_type type;
    hsize_t rows, cols;
    bool whole; /* the first write covers it, so it need not be filled before */
};

/* Before the first of the library: it prints nothing and locks no file. */
void put_start(void);

/* The oldest layout that the library is to write. Any but H5F_LIBVER_EARLIEST
 * is for tests: keep_adopt() refuses it. */
extern H5F_libver_t put_oldest;

/* How the file is to be opened; the caller closes it. */
hid_t put_access_plan(void);

/* Why the library refused, in one sentence; returns -1. */
int put_error(struct error *err, const char *what, const char *path);

/* Room on the disk for headers, attributes and heaps, and for a link; texts
 * come on top. */
enum { PUT_MARGIN = 1 << 18, PUT_LINK_BYTES = 40 };

/* About what attributes or cells take in a file. */
uint64_t put_text_bytes(const struct fields *f);

/* Give an object attributes, or replace their values. Returns 0 or -1, as all
 * below; put_error() words the reason. */
int put_attributes(hid_t object, const struct fields *attributes);

/* A property list for a group (H5P_GROUP_CREATE) or the root group
 * (H5P_FILE_CREATE): order of creation kept, links and attributes in the
 * group's own header, which has room for so many attributes and a few links.
 * The caller closes it. */
hid_t put_group_plan(hid_t class, size_t attributes);

/* How a dataset is to be read or written; the caller closes it. Texts are
 * converted, in two buffers that Debian's library clears for each call: of a
 * small size, or they are 1 MiB each, whose first touch takes longer than all
 * else. */
hid_t put_transfer_plan(void);

/* The type of a text in memory; the caller closes it. */
hid_t put_text_type(void);

/* Create a dataset; the caller closes it. */
hid_t put_dataset(hid_t group, const struct put_shape *shape);

/* Write rows first .. first + nrows: double, int64_t or const char *. */
int put_rows(hid_t dataset, const struct put_shape *shape, hsize_t first,
             hsize_t nrows, const void *data);

/* Create a dimension scale 0 .. n-1; the caller closes it. */
hid_t put_scale(hid_t group, const char *name, hsize_t n);

/* Create a one-dimensional dataset along a scale with n values of which value i
 * is cells[i * stride]; *place gets its place in the file (may be NULL). */
int put_column(hid_t group, hid_t scale, const struct field *cells,
               size_t stride, size_t n, uint64_t *place);

/* Create a group with an own dimension scale for a table; places[i] gets the
 * place of column i (may be NULL). */
int put_table(hid_t file, const char *name, const char *scale,
              const struct sink_table *table, uint64_t *places);

/* Put one value into n rows of a one-dimensional dataset. */
int put_cells(hid_t column, const struct field *value, const hsize_t *rows,
              size_t n);

#endif
