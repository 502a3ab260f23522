/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Imitates the event log service on a log of its own, step by step, for tests that follow it.
 *
 * What it does on disk: new records first stand in memory only; a commit writes the pages that changed in
 * place, one after another in any order, so that a reader between two steps meets a chunk half written. The
 * file header is dirty and stale while the log is open. Chunks are allocated ahead as zeros. A full log wraps
 * onto its oldest chunk, or, with auto_backup, is closed and renamed, and a new file goes on with the next
 * id. It may be cleared (one empty chunk with stale bytes, ids go on), closed and opened again, and, without
 * auto_backup and keeps_files, deleted and created anew with ids from 1. The time of modification never
 * changes: a file that is written through a mapping does not show it either while it is open.
 *
 * Deterministic: the same options give the same steps. Records are events 9646, numbered from 1 over the
 * whole life of the service: the number ends their first insertion string, "…cn=user<number>". Aborts where
 * the file system fails it.
 */
#ifndef MAPITAIL_EVTX_SERVICE_H
#define MAPITAIL_EVTX_SERVICE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct evtx_service_options {
    const char *directory;    /* where Application.evtx and its archives lie */
    uint32_t seed;            /* of the choice of steps */
    size_t records_per_chunk; /* 0: as many as fit */
    size_t max_chunks;        /* when the log is full; 0: it grows for ever */
    bool auto_backup;         /* a full log is archived; else it wraps */
    bool keeps_files;         /* none is ever deleted */
};

/* What became of a record. */
struct evtx_service_record {
    bool committed; /* it stood whole on disk once */
    bool gone;      /* it was overwritten, cleared or never committed before its log was cleared */
};

struct evtx_service;

struct evtx_service *evtx_service_new(const struct evtx_service_options *options);
void evtx_service_free(struct evtx_service *s); /* leaves the files */

/* Does the next thing; returns what, for messages. */
const char *evtx_service_step(struct evtx_service *s);

/* Brings everything that is in memory to disk; afterwards the log is whole and its newest record is on it. */
void evtx_service_settle(struct evtx_service *s);

/* Records logged so far: the highest number. */
size_t evtx_service_count(const struct evtx_service *s);

/* The record with this number, from 1. */
struct evtx_service_record evtx_service_record(const struct evtx_service *s, size_t number);

/* How often the log wrapped onto its oldest chunk, was cleared, was archived and was created anew. */
struct evtx_service_deeds {
    unsigned commits, wraps, clears, archives, recreations, reopenings;
};
struct evtx_service_deeds evtx_service_deeds(const struct evtx_service *s);

#endif
