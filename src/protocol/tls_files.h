/* tls_files.h - the files that TLS needs, as bytes: read by one rank, once, and
 * handed to the others. A file may be a pipe, and the nodes of clients need not
 * see it. All functions are local.
 */
#ifndef SRB_TLS_FILES_H
#define SRB_TLS_FILES_H

#include <stddef.h>

#include "base/error.h"

/* Paths and a name; NULL or "" for none. */
struct tls_terms {
    const char *ca;   /* what signs servers, a file or a folder; none: what the
                         system trusts */
    const char *cert; /* who one is: PEM, and */
    const char *key;  /* its key; both or none */
    const char *name; /* what the certificates of all servers must bear; none:
                         each its own host */
};

enum { TLS_CA, TLS_CERT, TLS_KEY, TLS_FILES };

struct tls_files {
    struct tls_file {
        char *bytes; /* NULL: there is none, or it is a folder */
        size_t n;
    } file[TLS_FILES];
};

/* Read those that terms name. On failure *f is empty. */
int tls_read(struct tls_files *f, const struct tls_terms *terms,
             struct error *err);

/* Room for n bytes of one of them. Dies when there is no memory. */
void tls_room(struct tls_file *f, size_t n);

/* Overwrite and release them. */
void tls_forget(struct tls_files *f);

#endif
