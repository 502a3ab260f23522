/* SPDX-License-Identifier: Apache-2.0 */
/* `mapitail secret protect`. */
#ifndef MAPITAIL_SECRET_COMMAND_H
#define MAPITAIL_SECRET_COMMAND_H

/* Asks for a secret and prints ${dpapi:…}, which stands for it in a configuration on this machine. Returns
 * the exit code. */
int secret_protect(void);

#endif
