/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Secrets that only this machine can read: DPAPI of Windows, in its machine scope, since the administrator
 * who protects a secret and the service that uses it are different accounts. Who runs programs on the machine
 * and can read the protected text can have it read as well: the file that holds it is for the service and
 * administrators. Elsewhere every function refuses with FAULT_UNSUPPORTED. Thread-safe.
 */
#ifndef MAPITAIL_OS_SECRET_H
#define MAPITAIL_OS_SECRET_H

#include "fault.h"

#include <stdbool.h>
#include <stddef.h>

/* n bytes as printable text (base64) without blanks and line ends, to be freed; NULL with a fault. */
char *os_secret_protect(const char *secret, size_t n, struct fault *f);

/*
 * What was protected, *n bytes and a NUL behind them, to be given to os_secret_free; NULL with a fault, which
 * says nothing of the content. text has length bytes and needs no NUL.
 */
char *os_secret_unprotect(const char *text, size_t length, size_t *n, struct fault *f);

/* Overwrites n bytes, which the compiler does not leave out, and frees them. NULL is allowed. */
void os_secret_free(char *secret, size_t n);

/*
 * Reads one line from standard input into room bytes, without the line end and with a NUL, after showing a
 * prompt and without echo where a person types it. False with a fault when there is none, or it is too long.
 */
bool os_secret_ask(const char *prompt, char *to, size_t room, struct fault *f);

#endif
