/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The configuration: one strict YAML file into structs.
 *
 * Every mistake of the file is found in one pass and reported with line and column; unknown and duplicate
 * keys are errors and name the key that was probably meant. ${NAME} takes an environment variable and
 * ${file:PATH} the first line of a file, so that no secret need stand in the file; $$ is a dollar sign.
 */
#ifndef MAPITAIL_CONFIG_H
#define MAPITAIL_CONFIG_H

#include "encoder.h"
#include "selector.h"
#include "setting.h"
#include "sink.h"

enum config_from { FROM_BEGINNING, FROM_END };
enum config_key { KEY_MAILBOX, KEY_HOST, KEY_NONE };
enum log_level { LOG_DEBUG, LOG_INFO, LOG_WARNING, LOG_ERROR };

/* `sources:` one entry */
struct config_source {
    const char *name;            /* required, unique */
    struct setting_list paths;   /* required: files and globs (*, ?, [..] in any part, ** for any depth) */
    struct setting_list exclude; /* globs of names to leave out */
    int from; /* enum config_from; only for files that were there when a new output met them first */
    int64_t poll_interval_ms; /* how often a file is looked at where notification tells nothing */
    const char *encoding;     /* reserved: auto */
    const char *timezone;     /* reserved for exports without zone */
};

/* `outputs:` one entry: the pipeline's settings; the sink's own are in sink_config */
struct config_output {
    const char *name;                  /* required, unique: the key of its positions */
    const struct sink_ops *sink;       /* `type` */
    const void *sink_config;           /* sink->config_size bytes, filled by sink->settings */
    const struct encoder_ops *encoder; /* `format` */
    struct setting_list sources;       /* names; empty: all */
    int original;                      /* enum original_policy */
    bool diag_context;
    int key;      /* enum config_key */
    int facility; /* 0 … 23 */
    const char *enterprise_number;
    int bom;
    int64_t max_bytes;  /* 0: the sink's own bound */
    bool timestamp_now; /* Kafka message timestamp: now instead of the event's time */
};

struct config {
    const char *path; /* of the file */
    const char *state_directory;
    const char *dead_letter_file; /* default: <state>/dead-letter.ndjson */
    int64_t sync_interval_ms;     /* how often the state is synced to disk */
    int log_level;
    const char *log_file;     /* NULL: standard error */
    struct selector selector; /* `select:`; default MSExchangeIS* 9646 */
    struct setting_map labels;
    struct setting_list tags;
    const char *namespace_;
    const char *agent_name; /* default: the host's name */
    struct config_source *sources;
    size_t source_count;
    struct config_output *outputs;
    size_t output_count;
};

struct config_message {
    unsigned line, column; /* from 1; 0: the file as a whole */
    bool is_warning;
    const char *text; /* "unknown key `borkers`; did you mean `brokers`?" */
};

struct config_messages {
    struct config_message *items;
    size_t count;
    size_t errors; /* those that are no warnings */
};

/*
 * Reads the file. Returns NULL if there was an error; *messages tells all of them, and warnings too. The
 * result and the messages are freed by config_free and config_messages_free. Reads files named by ${file:…};
 * touches nothing else.
 */
struct config *config_load(const char *path, struct config_messages *messages);
/* The same from memory; path is for messages and relative paths. */
struct config *config_parse(const char *text, size_t n, const char *path, struct config_messages *messages);
void config_free(struct config *c);
void config_messages_free(struct config_messages *m);

/* The tables that the file is read by, for the documentation's test: top level, log, a source, an output. */
extern const struct setting config_top_settings[], config_log_settings[], config_source_settings[],
    config_output_settings[];

#endif
