/* secret.h - by which user and password one gets at databases.
 *
 * The databases of a run have a user for clients and one for stewards, and one
 * who may do nothing but read the configuration, which a steward is for an
 * instant; each has a random password of its own. Passwords live in memory
 * that core dumps leave out, travel between ranks by MPI alone, and to servers
 * as hashes; to another job in the file of srbench serve, and nowhere else. No
 * function here or above puts one into words. All functions are local.
 */
#ifndef SRB_SECRET_H
#define SRB_SECRET_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"
#include "base/sha256.h"

#define SRB_USER_CLIENT "srbench-client"
#define SRB_USER_STEWARD "srbench-steward"
#define SRB_USER_READER "srbench-reader"

#define SRB_USER_MAX 128
#define SRB_PASSWORD_MAX 512

/* What is said to a server: user "" is the one that servers take for meant
 * where none is named; password "": nothing is said. */
struct login {
    char user[SRB_USER_MAX];
    char password[SRB_PASSWORD_MAX];
};

/* Plain bytes, so that ranks can send it to each other. */
struct secret {
    struct login client, steward, reader;
};

/* Empty, in pages of its own; from now on core dumps of this process leave out
 * shared memory, too, through which ranks send it to each other. Dies when
 * there is no memory. */
struct secret *secret_open(void);

/* Wiped and released. NULL is allowed. */
void secret_close(struct secret *s);

/* Give all users passwords of 256 random bits. */
int secret_draw(struct secret *s, struct error *err);

/* A password as servers know it. */
void secret_hash(const struct login *l, char hex[SRB_SHA256_HEX]);

/* The lines of the file of srbench serve that hold the passwords, written to a
 * descriptor; -1 with errno. */
int secret_write(const struct secret *s, int fd);

/* Take the passwords out of such a file's text, which has a comment in their
 * place afterwards. Whether all were there. */
bool secret_take(struct secret *s, char *text);

/* The login of a server of somebody else's, for all users: "user password" or
 * "password" on the first line of a file, or of what comes through a pipe, that
 * its owner alone can read. A pipe is read to its end, once. */
int secret_read(struct secret *s, const char *path, struct error *err);

/* The same from the environment's variable of that name: 1, 0 when there is
 * none or it is empty, or -1 when it holds no login. */
int secret_from_environment(struct secret *s, const char *name,
                            struct error *err);

/* Overwrite that variable and remove it: neither /proc nor a child of this
 * process has it any more. */
void secret_forget(const char *name);

#endif
