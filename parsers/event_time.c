/* SPDX-License-Identifier: Apache-2.0 */
/* The time of an event from a text export. */
#include "event_time.h"

#include <string.h>

bool event_time_set(struct event *event, struct sv text, const struct parser_options *options,
                    enum date_order order, char label[ZONE_NAME_MAX])
{
    struct local_time local;
    event->time_text = text;
    if (local_time_read(text, order, &local) != LOCAL_TIME_READ)
        return false;
    struct zone utc = zone_fixed(0);
    const struct zone *zone = options->zone ? options->zone : &utc;
    event->time = local_time_utc(&local, zone, NULL);
    if (!local.has_offset)
        event->timezone = sv_make(label, zone_label(zone, event->time.sec, label));
    return true;
}

bool event_time_join(struct event *event, struct sv date, struct sv clock,
                     const struct parser_options *options, enum date_order order, char label[ZONE_NAME_MAX],
                     char joined[LOCAL_TIME_TEXT_MAX + 1])
{
    if (sv_empty(clock))
        return event_time_set(event, date, options, order, label);
    event->time_text = date;
    if (sv_empty(date) || clock.n > LOCAL_TIME_TEXT_MAX || date.n > LOCAL_TIME_TEXT_MAX - clock.n)
        return false;
    memcpy(joined, date.p, date.n);
    joined[date.n] = ' ';
    memcpy(joined + date.n + 1, clock.p, clock.n);
    return event_time_set(event, sv_make(joined, date.n + 1 + clock.n), options, order, label);
}
