/* auth.h - telling a server who one is.
 *
 * AUTH (https://redis.io/commands/auth) on a connected socket, not through
 * hiredis: that would leave the password in buffers of its own.
 */
#ifndef SRB_AUTH_H
#define SRB_AUTH_H

#include <stddef.h>
#include <sys/types.h>

#include "base/error.h"
#include "protocol/secret.h"

/* Log in, on a connection that nothing was said on; where login is NULL or has
 * no password, nothing is said. Returns 0, or -1 with words that do not hold
 * the password when the server refuses, does not answer within `seconds`, or
 * the grace after a signal is over. Local. */
int auth_say(int fd, const struct login *login, double seconds,
             struct error *err);

/* A connection that is more than a socket. put and take are as send() and, not
 * blocking, recv(); fd is polled when there is nothing to take. */
struct auth_line {
    int fd;
    void *of;
    ssize_t (*put)(void *of, const void *data, size_t n);
    ssize_t (*take)(void *of, void *data, size_t n);
    const char *(*why)(void *of); /* better words than errno's for a failure, or
                                 NULL; may be NULL itself */
};

/* auth_say() over such a line. Local. */
int auth_over(const struct auth_line *line, const struct login *login,
              double seconds, struct error *err);

#endif
