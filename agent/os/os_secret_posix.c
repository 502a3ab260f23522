/* SPDX-License-Identifier: Apache-2.0 */
/* No DPAPI: here a secret is a file that systemd hands to the service. */
#include "os_secret.h"

#include <stdlib.h>
#include <string.h>

static bool refuse(struct fault *f)
{
    return fault_set(f, FAULT_UNSUPPORTED, 0,
                     "DPAPI is there on Windows only; here use ${file:PATH} (systemd: LoadCredential=)");
}

char *os_secret_protect(const char *secret, size_t n, struct fault *f)
{
    (void)secret;
    (void)n;
    refuse(f);
    return NULL;
}

char *os_secret_unprotect(const char *text, size_t length, size_t *n, struct fault *f)
{
    (void)text;
    (void)length;
    *n = 0;
    refuse(f);
    return NULL;
}

void os_secret_free(char *secret, size_t n)
{
    if (secret)
        explicit_bzero(secret, n);
    free(secret);
}

bool os_secret_ask(const char *prompt, char *to, size_t room, struct fault *f)
{
    (void)prompt;
    (void)to;
    (void)room;
    return refuse(f);
}
