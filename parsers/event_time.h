/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The time of an event from a text export: what is written there, by the source's date order and time zone.
 * Pure.
 */
#ifndef MAPITAIL_EVENT_TIME_H
#define MAPITAIL_EVENT_TIME_H

#include "parser.h"

/*
 * Sets event->time_text to the text, event->time where it can be read, and event->timezone where the text
 * names no zone, to a view that lives as long as label and the options' zone. order: the source's setting, or
 * what the file's dates tell where that is AUTO (date_evidence_order). Where day and month could be each
 * other the event has no time: nothing is guessed. False then, and where the text is no time.
 */
bool event_time_set(struct event *event, struct sv text, const struct parser_options *options,
                    enum date_order order, char label[ZONE_NAME_MAX]);

/* The same for a date and a clock that stand apart; time_text is then both, as joined text in joined. */
bool event_time_join(struct event *event, struct sv date, struct sv clock,
                     const struct parser_options *options, enum date_order order, char label[ZONE_NAME_MAX],
                     char joined[LOCAL_TIME_TEXT_MAX + 1]);

#endif
