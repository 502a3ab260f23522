/* SPDX-License-Identifier: Apache-2.0 */
/* The structs that config.c reads sections into before they become a struct config. */
#ifndef MAPITAIL_CONFIG_TABLES_H
#define MAPITAIL_CONFIG_TABLES_H

#include "config.h"

/* An entry of `select`. */
struct config_select {
    const char *provider, *id;
};

/* An entry of `outputs`, with what is written as text and becomes something else. */
struct config_output_text {
    struct config_output output;
    const char *type, *format, *facility;
};

extern const struct setting config_top_settings[], config_state_settings[], config_log_settings[],
    config_metrics_settings[], config_coverage_settings[], config_record_settings[], config_select_settings[],
    config_source_settings[];

/* Names of the facilities in the order of their codes (RFC 5424 table 1), ended by NULL. */
extern const char *const config_facilities[];

#endif
