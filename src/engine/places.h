/* places.h - where tensors lie among those that several clients keep with one
 * who serves them, or with nobody.
 *
 * Each client has `kept` places, which its tensors take in turn: tensor i of
 * step s has the number s * tensors + i, and lies in place number modulo kept.
 * So whoever knows a key knows the place, of his own tensors and of others',
 * and asks nobody; what lies there has its number with it. All functions are
 * local and pure.
 */
#ifndef SRB_PLACES_H
#define SRB_PLACES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct places {
    int first, clients; /* so many have some, from client `first` on */
    size_t tensors;     /* of a step */
    int64_t kept;       /* places of each */
};

struct tensor_place {
    int client;     /* whose, from 0: places.first is 0 here */
    int64_t number; /* of the tensor, among those of the client */
};

/* Whether a key is one of these clients'. */
bool places_find(const struct places *p, const char *key,
                 struct tensor_place *out);

#endif
