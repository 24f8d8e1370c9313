#include "base/field.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/text.h"

static struct field *append(struct fields *f, const char *name,
                            enum field_type type, const char *unit)
{
    struct field *entry;

    f->list = mem_more(f->list, f->n, &f->room, sizeof *f->list);
    entry = &f->list[f->n++];
    *entry = (struct field){.name = name,
                            .type = type,
                            .unit = unit,
                            .role = "",
                            .integer = FIELD_NO_INT,
                            .real = NAN};
    return entry;
}

void fields_text(struct fields *f, const char *name, const char *text)
{
    append(f, name, FIELD_TEXT, "")->text =
        text_clean(mem_copy(text ? text : ""));
}

void fields_int(struct fields *f, const char *name, const char *unit,
                int64_t value)
{
    append(f, name, FIELD_INT, unit)->integer = value;
}

void fields_real(struct fields *f, const char *name, const char *unit,
                 double value)
{
    append(f, name, FIELD_REAL, unit)->real = value;
}

void fields_copy(struct fields *f, const struct field *entry)
{
    struct field *copy = append(f, entry->name, entry->type, entry->unit);

    *copy = *entry;
    if (entry->text)
        copy->text = mem_copy(entry->text);
}

const struct field *fields_find(const struct fields *f, const char *name)
{
    for (size_t i = 0; i < f->n; i++)
        if (strcmp(f->list[i].name, name) == 0)
            return &f->list[i];
    return NULL;
}

void fields_free(struct fields *f)
{
    for (size_t i = 0; i < f->n; i++)
        free(f->list[i].text);
    free(f->list);
    *f = (struct fields){0};
}
