/* SPDX-License-Identifier: Apache-2.0 */
/* `mapitail secret protect`. */
#include "secret_command.h"

#include "exit_code.h"
#include "os_process.h"
#include "os_secret.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { SECRET_ROOM = 4096 };

int secret_protect(void)
{
    struct fault f;
    char *secret = calloc(1, SECRET_ROOM), *text = NULL;
    os_forbid_core_dumps();
    if (!secret)
        return EXIT_SOFTWARE;
    if (os_secret_ask("secret (it is not shown): ", secret, SECRET_ROOM, &f))
        text = os_secret_protect(secret, strlen(secret), &f);
    os_secret_free(secret, SECRET_ROOM);
    if (!text) {
        fprintf(stderr, "mapitail: %s\n", f.text);
        return EXIT_INCOMPLETE;
    }
    printf("${dpapi:%s}\n", text);
    free(text);
    return EXIT_OK;
}
