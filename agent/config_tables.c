/* SPDX-License-Identifier: Apache-2.0 */
/* Every key of the configuration file but those of the sinks, which the sinks themselves list. */
#include "config_tables.h"

#include "codepage.h"
#include "local_time.h"

#define CONFIG(field) offsetof(struct config, field)
#define SOURCE(field) offsetof(struct config_source, field)
#define OUTPUT(field) offsetof(struct config_output_text, output.field)
#define HOUR INT64_C(3600000)

static const char *const levels[] = {"debug", "info", "warning", "error", NULL};
static const char *const from_choices[] = {"beginning", "end", NULL};
static const char *const original_choices[] = {"auto", "always", "never", NULL};
static const char *const key_choices[] = {"mailbox", "host", "none", NULL};
static const char *const bom_choices[] = {"auto", "always", "never", NULL};

const char *const config_facilities[] = {
    "kern",   "user",     "mail",   "daemon", "auth",   "syslog",  "lpr",   "news",   "uucp",
    "cron",   "authpriv", "ftp",    "ntp",    "audit",  "console", "cron2", "local0", "local1",
    "local2", "local3",   "local4", "local5", "local6", "local7",  NULL};

const struct setting config_top_settings[] = {
    {.key = "agent_id",
     .type = SETTING_STRING,
     .offset = CONFIG(agent_id),
     .help =
         "Who this agent is, over any loss of its state: letters, digits, '_', '.' and '-', at most 64, and "
         "no other agent's. Without it, a UUID that is made once and kept in the state."},
    {.key = "agent_name",
     .type = SETTING_STRING,
     .offset = CONFIG(agent_name),
     .help = "The agent's name in records; without it, the name of the host."},
    {.key = "dead_letter_file",
     .type = SETTING_PATH,
     .offset = CONFIG(dead_letter_file),
     .help =
         "Records that can never be delivered are appended here with the reason, one JSON document per line; "
         "without it, dead-letter.ndjson in the state directory."},
    {0}};

const struct setting config_state_settings[] = {
    {.key = "directory",
     .type = SETTING_PATH,
     .offset = CONFIG(state_directory),
     .required = true,
     .help = "The directory of the agent's memory: saved positions and delivered ids. One running agent per "
             "directory."},
    {.key = "sync_interval",
     .type = SETTING_DURATION,
     .offset = CONFIG(sync_interval_ms),
     .fallback = "1s",
     .min = 10,
     .max = HOUR,
     .help = "How often the state is forced to disk; a power cut repeats at most what was delivered in this "
             "time."},
    {0}};

const struct setting config_log_settings[] = {
    {.key = "level",
     .type = SETTING_CHOICE,
     .offset = CONFIG(log_level),
     .fallback = "info",
     .choices = levels,
     .help = "The least important messages that are written."},
    {.key = "file",
     .type = SETTING_PATH,
     .offset = CONFIG(log_file),
     .help =
         "The agent's own log, rotated at 10 MiB with four older files kept; without it, standard error."},
    {0}};

const struct setting config_metrics_settings[] = {
    {.key = "listen",
     .type = SETTING_STRING,
     .offset = CONFIG(metrics_listen),
     .help = "Address and port, such as 127.0.0.1:9646, on which /metrics, /healthz and /readyz are answered "
             "over "
             "HTTP; without it, nothing listens."},
    {.key = "allow_remote",
     .type = SETTING_BOOL,
     .offset = CONFIG(metrics_allow_remote),
     .fallback = "false",
     .help =
         "Whether listen may be an address that other hosts can reach: there is no encryption, and nobody "
         "proves who he is."},
    {0}};

const struct setting config_coverage_settings[] = {
    {.key = "interval",
     .type = SETTING_DURATION,
     .offset = CONFIG(coverage_interval_ms),
     .fallback = "0",
     .max = HOUR * 24 * 7,
     .help = "How often each output is told which records were read, so that a server without matches can be "
             "told "
             "from one that is not looked at; 0 for never, else at least 1s."},
    {0}};

const struct setting config_record_settings[] = {
    {.key = "labels",
     .type = SETTING_MAP,
     .offset = CONFIG(labels),
     .help = "Names and values that every record carries as labels.NAME, such as site or dag."},
    {.key = "tags",
     .type = SETTING_LIST,
     .offset = CONFIG(tags),
     .help = "Words added to the tags of every record."},
    {.key = "namespace",
     .type = SETTING_STRING,
     .offset = CONFIG(namespace_),
     .fallback = "default",
     .help = "data_stream.namespace of every record: the last part of an Elastic data stream's name."},
    {0}};

const struct setting config_select_settings[] = {
    {.key = "provider",
     .type = SETTING_STRING,
     .offset = offsetof(struct config_select, provider),
     .required = true,
     .help = "Name of the event's provider (source), or the beginning of one followed by an asterisk."},
    {.key = "id",
     .type = SETTING_STRING,
     .offset = offsetof(struct config_select, id),
     .required = true,
     .help = "Event id from 0 to 65535, or an asterisk in quotes for every id."},
    {0}};

const struct setting config_source_settings[] = {
    {.key = "name",
     .type = SETTING_STRING,
     .offset = SOURCE(name),
     .required = true,
     .help = "Names the source in messages and in the sources of an output; letters, digits, '_', '.' and "
             "'-', at "
             "most 64."},
    {.key = "paths",
     .type = SETTING_PATHS,
     .offset = SOURCE(paths),
     .help = "Files and globs to read: * and ? within a name, [a-z] for one character, ** for any depth of "
             "directories. A source has either paths or channel."},
    {.key = "channel",
     .type = SETTING_STRING,
     .offset = SOURCE(channel),
     .help =
         "On Windows, instead of paths: a live event channel of this host, such as Application, read through "
         "the system's event API."},
    {.key = "query",
     .type = SETTING_STRING,
     .offset = SOURCE(query),
     .help = "XPath of the channel's events that are asked for, of which select then takes what it wants; "
             "without it, one that is made from the ids of select."},
    {.key = "exclude",
     .type = SETTING_LIST,
     .offset = SOURCE(exclude),
     .help = "Globs of file names to leave out; of whole paths where the glob holds a separator."},
    {.key = "from",
     .type = SETTING_CHOICE,
     .offset = SOURCE(from),
     .fallback = "beginning",
     .choices = from_choices,
     .help =
         "Where an output that is new begins in the files, or the channel's events, that are there already; "
         "later files are always read from their beginning."},
    {.key = "follow_links",
     .type = SETTING_BOOL,
     .offset = SOURCE(follow_links),
     .fallback = "false",
     .help = "Whether a link may lead out of the folders that paths name. Only where nobody but "
             "administrators can write to them."},
    {.key = "poll_interval",
     .type = SETTING_DURATION,
     .offset = SOURCE(poll_interval_ms),
     .fallback = "1s",
     .min = 100,
     .max = HOUR,
     .help =
         "How often files and channels are looked at where the system does not tell that they changed, such "
         "as on network shares."},
    {.key = "timezone",
     .type = SETTING_STRING,
     .offset = SOURCE(timezone),
     .fallback = "local",
     .help = "The time zone of exports that write times without one: an IANA name such as Europe/Berlin, an "
             "offset such as +02:00, UTC, or local for the zone of this host."},
    {.key = "date_order",
     .type = SETTING_CHOICE,
     .offset = SOURCE(date_order),
     .fallback = "auto",
     .choices = date_order_names,
     .help = "The order of day, month and year in numeric dates; auto takes what the dates of a file tell, "
             "and no time from those that tell nothing."},
    {.key = "encoding",
     .type = SETTING_CHOICE,
     .offset = SOURCE(encoding),
     .fallback = "auto",
     .choices = code_page_names,
     .help = "How text exports without byte order mark are written; auto tells UTF-8 and UTF-16 apart and "
             "takes lines that are neither for windows-1252. In event logs (.evtx) a windows page is that of "
             "ANSI strings, which hardly any provider writes."},
    {0}};

const struct setting config_output_settings[] = {
    {.key = "name",
     .type = SETTING_STRING,
     .offset = OUTPUT(name),
     .required = true,
     .help = "Names the output in messages and keeps its positions: an output with a new name starts anew. "
             "Letters, "
             "digits, '_', '.' and '-', at most 64."},
    {.key = "type",
     .type = SETTING_STRING,
     .offset = offsetof(struct config_output_text, type),
     .required = true,
     .help = "What kind of destination it is; the type decides which further settings there are."},
    {.key = "format",
     .type = SETTING_STRING,
     .offset = offsetof(struct config_output_text, format),
     .help = "How a record is written; without it, the format that is usual for the type."},
    {.key = "sources",
     .type = SETTING_LIST,
     .offset = OUTPUT(sources),
     .help = "Names of the sources that are delivered here; without it, all."},
    {.key = "original",
     .type = SETTING_CHOICE,
     .offset = OUTPUT(original),
     .fallback = "auto",
     .choices = original_choices,
     .help = "Whether the event as it was exported goes along: only where it could not be read completely, "
             "always, or "
             "never."},
    {.key = "diag_context",
     .type = SETTING_BOOL,
     .offset = OUTPUT(diag_context),
     .fallback = "false",
     .help = "Whether the event's binary diagnostic context goes along, as hexadecimal digits."},
    {.key = "message_key",
     .type = SETTING_CHOICE,
     .offset = OUTPUT(key),
     .fallback = "mailbox",
     .choices = key_choices,
     .help = "What keeps records together and in order where a destination has keys (a Kafka partition): the "
             "same "
             "mailbox, the same host, or nothing."},
    {.key = "facility",
     .type = SETTING_STRING,
     .offset = offsetof(struct config_output_text, facility),
     .fallback = "user",
     .help = "Syslog facility by name (kern, user, mail, daemon, auth, ..., local0 to local7) or by number, "
             "0 to 23."},
    {.key = "enterprise_number",
     .type = SETTING_STRING,
     .offset = OUTPUT(enterprise_number),
     .fallback = "32473",
     .help =
         "IANA private enterprise number in the names of private structured data; the default is the one for "
         "documentation (RFC 5612)."},
    {.key = "bom",
     .type = SETTING_CHOICE,
     .offset = OUTPUT(bom),
     .fallback = "auto",
     .choices = bom_choices,
     .help = "Whether a syslog message text begins with the UTF-8 byte order mark (RFC 5424, 6.4): where it "
             "holds more "
             "than ASCII, always, or never."},
    {.key = "max_bytes",
     .type = SETTING_SIZE,
     .offset = OUTPUT(max_bytes),
     .fallback = "0",
     .min = 0,
     .max = 1 << 20,
     .help = "Longest message; longer ones lose their optional parts, and go to the dead-letter file if that "
             "is not "
             "enough. 0 is what the destination can take; else at least 480."},
    {.key = "coverage",
     .type = SETTING_BOOL,
     .offset = OUTPUT(coverage),
     .fallback = "true",
     .help = "Whether coverage records go here, where the configuration asks for them."},
    {.key = "deduplicate",
     .type = SETTING_BOOL,
     .offset = OUTPUT(deduplicate),
     .fallback = "true",
     .help =
         "Whether an event that was delivered here before, from whatever export, is left out. With false, "
         "what is exported again is delivered again; an output with a new name delivers everything."},
    {.key = "deduplicate_age",
     .type = SETTING_DURATION,
     .offset = OUTPUT(deduplicate_age_ms),
     .fallback = "7d",
     .min = 1000,
     .max = HOUR * 24 * 3660,
     .help = "How long the id of a delivered event is remembered; when it is met again in the second half of "
             "this time, as long again."},
    {.key = "deduplicate_count",
     .type = SETTING_INT,
     .offset = OUTPUT(deduplicate_count),
     .fallback = "1000000",
     .min = 1,
     .max = 10000000,
     .help = "How many ids are remembered at most, the latest ones; each takes 10 bytes of memory and 17 "
             "to 50 of the state."},
    {0}};

const struct config_section config_sections[] = {
    {"", config_top_settings, false, false, "Settings that stand alone."},
    {"state", config_state_settings, false, true, "What the agent remembers over restarts."},
    {"log", config_log_settings, false, false, "The agent's own messages."},
    {"metrics", config_metrics_settings, false, false,
     "Counts for Prometheus, and whether the agent lives and delivers, over HTTP."},
    {"coverage", config_coverage_settings, false, false,
     "Records that say what was read, beside those of events."},
    {"record", config_record_settings, false, false, "What every record carries along."},
    {"select", config_select_settings, true, false,
     "Which events are taken; without it, event 9646 of providers that begin with MSExchangeIS."},
    {"sources", config_source_settings, true, true, "The files and channels that are read."},
    {"outputs", config_output_settings, true, true,
     "Where records go; each output reads the sources at its own pace."},
    {0}};
