/* SPDX-License-Identifier: Apache-2.0 */
/* `mapitail state`: what is remembered over restarts, for people. */
#ifndef MAPITAIL_STATE_COMMAND_H
#define MAPITAIL_STATE_COMMAND_H

/* Lists the positions of an output, or of all (NULL); also while an agent runs. Returns an exit code. */
int state_list(const char *directory, const char *output);

/*
 * The next start reads the files of an output, or the one of that path, on from `to`: "begin", "end" or a
 * number of bytes. Going back forgets the delivered ids of the output. Refuses while an agent runs, and for
 * an output whose destination keeps its positions, which would go by those.
 */
int state_rewind(const char *directory, const char *output, const char *path, const char *to);

/* Forgets an output, or what is known of one of its files. Refuses while an agent runs. */
int state_forget_command(const char *directory, const char *output, const char *path);

#endif
