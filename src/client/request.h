/* request.h - a small request on the wire (RESP2), word by word.
 *
 * It has room for what writers and readers say: a few words and two keys. All
 * functions are local.
 */
#ifndef SRB_REQUEST_H
#define SRB_REQUEST_H

#include <stdio.h>
#include <string.h>

#include "protocol/command_set.h"
#include "protocol/keys.h"

#define SRB_REQUEST_ROOM (2 * (SRB_KEY_MAX + 32) + 64)

/* All zeros: nothing yet. */
struct small_request {
    char text[SRB_REQUEST_ROOM];
    size_t used;
};

/* What is there on the wire already: the number of words, and some of them. */
#define request_begin(r, literal)                                              \
    request_add((r), (literal), sizeof(literal) - 1)

static inline void request_add(struct small_request *r, const char *text,
                               size_t n)
{
    memcpy(r->text + r->used, text, n);
    r->used += n;
}

static inline void request_word(struct small_request *r, const char *word,
                                size_t n)
{
    r->used += command_set_print_key(word, n, r->text + r->used,
                                     sizeof r->text - r->used);
}

static inline void request_number(struct small_request *r, int64_t number)
{
    char text[24];
    int n = snprintf(text, sizeof text, "%lld", (long long)number);

    request_word(r, text, (size_t)n);
}

#endif
