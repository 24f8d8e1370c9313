/* sha256.h - SHA-256 (FIPS 180-4) of a few bytes: how a server is told a
 * password without being given it. Pure.
 */
#ifndef SRB_SHA256_H
#define SRB_SHA256_H

#include <stddef.h>

#define SRB_SHA256_HEX 65

/* The hash of n bytes in lower-case hexadecimal digits. */
void sha256_hex(const void *data, size_t n, char hex[SRB_SHA256_HEX]);

#endif
