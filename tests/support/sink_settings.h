/* SPDX-License-Identifier: Apache-2.0 */
/* Fills a sink's private configuration from text, by its own table, for tests that must not know the struct.
 */
#ifndef MAPITAIL_TEST_SINK_SETTINGS_H
#define MAPITAIL_TEST_SINK_SETTINGS_H

#include "sink.h"

/*
 * pairs: key, value, key, value, …, NULL. What is not named gets its default. A LIST's items are separated by
 * commas. Values are borrowed. The result lives till the process ends. Fails the test on an unknown key or a
 * value that cannot be read.
 */
void *sink_settings(const struct sink_ops *ops, const char *const *pairs);

#endif
