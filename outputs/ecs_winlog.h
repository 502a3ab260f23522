/* SPDX-License-Identifier: Apache-2.0 */
/* The winlog object of a JSON record: the event as Winlogbeat lays it out. */
#ifndef MAPITAIL_ECS_WINLOG_H
#define MAPITAIL_ECS_WINLOG_H

#include "buf.h"
#include "event.h"

enum { DATA_KEY_MAX = 64 }; /* longest name under winlog.event_data and winlog.user_data, bytes */

/*
 * Appends ',"winlog":{…}'.
 *
 * Positional data become param1, param2 …: the number counts every insertion string, empty ones are left out
 * and keep theirs. Named data keep their name, with every byte that is no ASCII letter, digit, '_' or '-' as
 * '_', at most DATA_KEY_MAX bytes. Of equal names the first one with a value wins. Values are cut to
 * value_max bytes. with_binary adds <Binary> as event_data.Binary.
 */
void ecs_put_winlog(struct buf *b, const struct event *e, size_t value_max, bool with_binary);

/* Appends the bytes of a field name that stay what they are in every JSON store, the others as '_'. */
void ecs_put_safe_name(struct buf *b, struct sv name);

#endif
