/* field.h - named, typed, single values: the attributes of a group of the
 * result file and the columns of its summary, without knowing HDF5.
 */
#ifndef SRB_FIELD_H
#define SRB_FIELD_H

#include <stddef.h>
#include <stdint.h>

enum field_type { FIELD_TEXT, FIELD_INT, FIELD_REAL };

/* The int64 that stands for "not measured" or "has none". */
#define FIELD_NO_INT (-1)

/* `name`, `unit` and `role` are not owned and must outlive the list (literals);
 * `text` is a copy. unit is "" where there is none, and so is role, what a
 * column of a table is for ("axis"). */
struct field {
    const char *name;
    enum field_type type;
    const char *unit, *role;
    char *text;
    int64_t integer;
    double real; /* NaN: not measured */
};

/* A growing list; all zero is an empty one. */
struct fields {
    struct field *list;
    size_t n, room;
};

/* Append a fact. text may be NULL (stored as ""). They end the program when
 * there is no memory (a few hundred bytes). */
void fields_text(struct fields *f, const char *name, const char *text);
void fields_int(struct fields *f, const char *name, const char *unit,
                int64_t value);
void fields_real(struct fields *f, const char *name, const char *unit,
                 double value);

/* Append a copy of an entry. */
void fields_copy(struct fields *f, const struct field *entry);

/* The entry of that name, or NULL. */
const struct field *fields_find(const struct fields *f, const char *name);

/* Release everything and make the list empty again. */
void fields_free(struct fields *f);

#endif
