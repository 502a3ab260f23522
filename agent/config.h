/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The configuration: one strict YAML file into structs.
 *
 * Every mistake of the file is found in one pass and reported with line and column; unknown and duplicate
 * keys are errors and name the key that was probably meant. Anchors, aliases, tags and further documents are
 * refused. ${NAME} takes an environment variable and ${file:PATH} the first line of a file, so that no secret
 * need stand in the file; $$ is a dollar sign, and any other $ is itself. What was taken so is never shown in
 * a message.
 *
 * Relative paths (settings, globs and ${file:PATH}) are relative to the directory of the configuration file.
 */
#ifndef MAPITAIL_CONFIG_H
#define MAPITAIL_CONFIG_H

#include "encoder.h"
#include "log.h"
#include "selector.h"
#include "setting.h"
#include "sink.h"
#include "zone.h"

enum {
    CONFIG_SIZE_MAX = 1 << 20,     /* bytes of the file */
    CONFIG_DEPTH_MAX = 16,         /* lists and mappings inside each other */
    CONFIG_VALUES_MAX = 1 << 16,   /* values, lists and mappings in the whole file */
    CONFIG_ENTRIES_MAX = 256,      /* sources, and outputs */
    CONFIG_KEYS_MAX = 1024,        /* keys of one mapping */
    CONFIG_MESSAGES_MAX = 100,     /* messages that are kept; all are counted */
    CHANNEL_NAME_MAX = 255,        /* bytes of a channel's name, which is what the event log service takes */
    CONFIG_SECRET_FILE_MAX = 65536 /* bytes of a file named by ${file:PATH} */
};

enum config_from { FROM_BEGINNING, FROM_END };
enum config_key { KEY_MAILBOX, KEY_HOST, KEY_NONE };

/* `sources:` one entry */
struct config_source {
    const char *name;            /* required, unique: letters, digits, '_', '.', '-' */
    struct setting_list paths;   /* files and globs (*, ?, [..] in any part, ** for any depth); or channel */
    const char *channel;         /* a live event channel of this host, instead of paths */
    const char *query;           /* XPath of the channel's events; NULL: what select says */
    struct setting_list exclude; /* globs to leave out: of names, or of paths where they hold a separator */
    int from;          /* enum config_from; for files that were there when a new output met them first */
    bool follow_links; /* also where a link leads out of the folders that paths name */
    int64_t poll_interval_ms; /* how often a file is looked at where notification tells nothing */
    const char *timezone;     /* of times that an export writes without zone: os_zone.h */
    struct zone *zone;        /* what timezone means; owned by the configuration */
    int date_order;           /* enum date_order */
    int encoding;             /* enum code_page */
};

/* `outputs:` one entry: the pipeline's settings; the sink's own are in sink_config */
struct config_output {
    const char *name;            /* required, unique: the key of its positions; characters as for a source */
    const struct sink_ops *sink; /* `type` */
    const void *sink_config;     /* sink->config_size bytes, filled by sink->settings */
    const struct encoder_ops *encoder; /* `format` */
    struct setting_list sources;       /* names; empty: all */
    int original;                      /* enum original_policy */
    bool diag_context;
    int key;      /* enum config_key */
    int facility; /* 0 … 23 */
    const char *enterprise_number;
    int bom;           /* 0 auto, 1 always, 2 never */
    int64_t max_bytes; /* 0: the sink's own bound */
    bool coverage;     /* coverage records go here too */
    bool deduplicate;
    int64_t deduplicate_age_ms, deduplicate_count; /* how long, and how many, ids are remembered */
    uint64_t fingerprint; /* of all that its pipeline depends on, its sources included */
};

struct config {
    const char *path; /* of the file */
    const char *state_directory;
    const char *dead_letter_file; /* default: <state>/dead-letter.ndjson */
    int64_t sync_interval_ms;     /* how often the state is synced to disk */
    int log_level;                /* enum log_level */
    const char *log_file;         /* NULL: standard error */
    const char *metrics_listen;   /* host:port; NULL: no metrics over HTTP */
    bool metrics_allow_remote;    /* the address may be one that others can reach */
    int64_t coverage_interval_ms; /* 0: no coverage records */
    struct selector selector;     /* `select:`; default MSExchangeIS* 9646 */
    struct setting_map labels;
    struct setting_list tags;
    const char *namespace_;
    const char *agent_id;   /* NULL: the state's; characters as for a source's name */
    const char *agent_name; /* NULL: the host's name */
    struct config_source *sources;
    size_t source_count;
    struct config_output *outputs;
    size_t output_count;
};

struct config_message {
    unsigned line, column; /* from 1; 0: the file as a whole */
    bool is_warning;
    char *text; /* "unknown key `borkers`; did you mean `brokers`?"; one line of printable text */
};

/* In the order of the file. Initialize with {0}. */
struct config_messages {
    struct config_message *items;
    size_t count;
    size_t errors; /* those that are no warnings, kept or not */
};

/*
 * Reads the file. Returns NULL if there was an error; *messages tells all of them, and warnings too. The
 * result and the messages are freed by config_free and config_messages_free. Reads files named by ${file:…};
 * touches nothing else.
 */
struct config *config_load(const char *path, struct config_messages *messages);
/* The same from memory; path is for messages and relative paths. */
struct config *config_parse(const char *text, size_t n, const char *path, struct config_messages *messages);
void config_free(struct config *c); /* NULL is allowed */
void config_messages_free(struct config_messages *m);

/* The file that an output writes, or NULL. */
const char *config_output_path(const struct config_output *o);

/*
 * What the file is read by, for its documentation and the test of that: the top level's mappings and lists of
 * mappings. The settings of an output are those of its section and those of its sink.
 */
struct config_section {
    const char *key;                /* "" for the top level itself; NULL ends the table */
    const struct setting *settings; /* of the mapping, or of each entry */
    bool is_list;
    bool is_required;
    const char *help; /* one sentence */
};
extern const struct config_section config_sections[];
extern const struct setting config_output_settings[];

#endif
