/* SPDX-License-Identifier: Apache-2.0 */
/* The service's first configuration, and the folders that a configuration needs rights to. */
#ifndef MAPITAIL_SERVICE_CONFIG_H
#define MAPITAIL_SERVICE_CONFIG_H

#include "config.h"

struct service_first {
    const char *folder;  /* for the state and the log; absolute */
    const char *brokers; /* of Kafka, host:port, separated by commas; NULL or "": no Kafka */
    const char *topic;   /* NULL or "": the default */
    const char *syslog;  /* [udp|tcp|tls|relp://]HOST[:PORT], TLS if it does not say; NULL or "": none */
};

/*
 * Writes a configuration that reads the live channel Application, unless the file exists; *is_new tells
 * which. With neither brokers nor syslog records go to a file in the folder; a topic without brokers is
 * refused. Values stand in it quoted, so that none can add a setting; whether they are right tells
 * config_load. The file has the rights of its folder.
 */
bool service_config_write(const struct service_first *first, const char *path, bool *is_new, struct fault *f);

/* Whether anything is named that a configuration could hold. */
bool service_config_names(const struct service_first *first);

/*
 * Makes the folders that the configuration's files are written to, and lets the service's account write there
 * and read the configuration's folder and those that the sources name up to their first wildcard. What does
 * not work is told to note, a sentence each: the service may have the rights in another way.
 */
void service_config_allow(const struct config *c, void (*note)(const char *text));

/* The part of path before its last separator, which a root keeps; false where it has none or no room is. */
bool service_config_parent(const char *path, char *to, size_t room);

/* The folder that a source's path or glob lies in whatever its wildcards match; false as above. */
bool service_config_source_folder(const char *path, char *to, size_t room);

#endif
