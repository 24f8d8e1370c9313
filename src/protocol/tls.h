/* tls.h - TLS to servers of somebody else's, through hiredis and OpenSSL.
 *
 * One context a process has what is trusted and who one is; every connection is
 * shaken hands on before anything else is said. The server's certificate must
 * be of an authority that is trusted and bear the name by which the server is
 * called. Built without hiredis_ssl there is no context to be had, and the
 * other functions are never reached. All functions are local.
 */
#ifndef SRB_TLS_H
#define SRB_TLS_H

#include <stdbool.h>

#include "base/error.h"
#include "protocol/secret.h"
#include "protocol/tls_files.h"

struct tls;
struct redisContext; /* hiredis's */
struct ssl_st;       /* OpenSSL's SSL */

/* Whether this was built with a hiredis that has TLS. */
extern const bool tls_built;

/* What the files say, for what the terms ask. *out is to be released by
 * tls_close(); neither needs to outlive the call. -1 where a file is of no use;
 * a folder of authorities is looked at where this runs. */
int tls_open(struct tls **out, const struct tls_terms *terms,
             const struct tls_files *files, struct error *err);

/* NULL is allowed. Connections that were made keep what they need. */
void tls_close(struct tls *t);

/* Shake hands on a connection that nothing was said on, of which everything
 * said later through r is then encrypted; it takes at most `seconds`. host: the
 * server's, a name or a numeric address. The result is r's, and for the
 * functions below; NULL with words on failure, after which r can only be freed.
 * What a server thinks of our own certificate is told by its first answer. */
struct ssl_st *tls_shake(const struct tls *t, struct redisContext *r,
                         const char *host, double seconds, struct error *err);

/* Log in as auth_say() does. */
int tls_login(struct ssl_st *ssl, const struct login *login, double seconds,
              struct error *err);

/* What a connection that failed died of, in OpenSSL's words, or NULL: what the
 * system said. */
const char *tls_last(struct ssl_st *ssl);

#endif
