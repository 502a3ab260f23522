/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The certification authorities that the system trusts, where it keeps them in a store of its own instead of
 * in files. Thread-safe. Blocks for as long as the store takes.
 */
#ifndef MAPITAIL_OS_TRUST_H
#define MAPITAIL_OS_TRUST_H

#include <stdbool.h>
#include <stddef.h>

/*
 * Shows the certificate (DER, valid during the call) of every authority that may vouch for servers; false
 * from visit ends it. Returns false where there is no such store, or it cannot be opened: POSIX systems keep
 * them in files, whose places OpenSSL knows. Windows: the store "Trusted Root Certification Authorities" of
 * the user that the process runs as, with those of the computer and of group policy in it.
 */
bool os_trusted_authorities(bool (*visit)(void *ctx, const void *der, size_t n), void *ctx);

#endif
