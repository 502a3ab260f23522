/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How far a text can be copied as it is: the scan under every encoder's escaping.
 *
 * Plain bytes are printable ASCII but '"', '\' and ']'. That is the common part of what JSON strings (RFC
 * 8259 section 7) and syslog parameter values (RFC 5424 6.3.3) leave alone; a format to which a byte outside
 * of it means nothing copies it and goes on. On x86-64 it looks at 16 bytes per step, elsewhere at 8, with
 * the same results. Pure and thread-safe.
 */
#ifndef MAPITAIL_PLAIN_RUN_H
#define MAPITAIL_PLAIN_RUN_H

#include "sv.h"

/* Length of the plain beginning of v. Never reads outside v. */
size_t plain_run(struct sv v);

/* The portable form, for tests and comparison. */
size_t plain_run_portable(struct sv v);

#endif
