/* control.h - a steward's connection to a server: everything but the timed
 * path.
 *
 * All functions are local; each waits at most the connection's timeout for one
 * reply. Words in *err begin with the server's address.
 */
#ifndef SRB_CONTROL_H
#define SRB_CONTROL_H

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "protocol/secret.h"

struct control;
struct tls;

/* Connect; a reply may take `seconds`. NULL on failure. */
struct control *control_open(const char *address, int port, double seconds,
                             struct error *err);

/* Shake hands before anything is said, see tls_shake(); a NULL tls is no TLS.
 * host: the server's name. */
int control_secure(struct control *c, const struct tls *tls, const char *host,
                   double seconds, struct error *err);

/* Log in, see auth_say(); login may be NULL. -1 as there. */
int control_login(struct control *c, const struct login *login, double seconds,
                  struct error *err);

/* From now on a reply may take `seconds`. */
void control_timeout(struct control *c, double seconds);

/* NULL is allowed. */
void control_close(struct control *c);

/* The most words of a command. */
#define SRB_CONTROL_WORDS 64

/* Send one command of nargs words and get its reply as text: a status or string
 * as it is, an integer in decimal, an array's elements each followed by a
 * newline, nil as "". *reply is allocated and to be freed; NULL reply: dropped.
 * -1 when the server answers with an error (its words are in *err) or not in
 * time. After the latter the connection is of no more use. */
int control_command(struct control *c, char **reply, struct error *err,
                    int nargs, const char *const args[]);

/* The same, of words that have the lengths length[nargs], any bytes. */
int control_words(struct control *c, char **reply, struct error *err, int nargs,
                  const char *const args[], const size_t length[]);

/* The same, for commands written out in the source:
 * control_say(c, &reply, err, "CLUSTER", "INFO", NULL). */
int control_say(struct control *c, char **reply, struct error *err,
                const char *first, ...) __attribute__((sentinel));

/* The value after `key:` in a reply of such lines (INFO), or NULL; of the key's
 * letters the case does not matter, since modules differ in it. It ends at
 * the line's end: *len is its length. */
const char *control_field(const char *text, const char *key, size_t *len);

/* That value as a number; `none` when it is not there. */
int64_t control_number(const char *text, const char *key, int64_t none);

/* The version of hiredis this was compiled with: "0.14.1". Writes into buf. */
char *control_hiredis_version(char *buf, size_t n);

#endif
