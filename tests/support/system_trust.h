/* SPDX-License-Identifier: Apache-2.0 */
/* A certification authority that the system trusts as long as a test runs. */
#ifndef MAPITAIL_TEST_SYSTEM_TRUST_H
#define MAPITAIL_TEST_SYSTEM_TRUST_H

#include <stddef.h>

/* The same certificate as DER and as a PEM file: a system takes the one or the other. Skips the test where
 * the system would ask somebody first. */
void system_trust_add(const void *der, size_t n, const char *pem_path);

void system_trust_remove(void); /* fine without one */

#endif
