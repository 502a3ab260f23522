/* SPDX-License-Identifier: Apache-2.0 */
/*
 * mapitail as a service of Windows: installing and steering it, and being it.
 *
 * The service runs as the virtual account NT SERVICE\mapitail, which Windows makes with it: no password,
 * no rights but those that are given here. Elsewhere every function refuses with FAULT_UNSUPPORTED and names
 * what does the same there. All but os_service_run are for an administrator's command line, from one thread;
 * they talk to the service control manager and wait for it only where that is said.
 */
#ifndef MAPITAIL_OS_SERVICE_H
#define MAPITAIL_OS_SERVICE_H

#include "fault.h"

#include <stdbool.h>
#include <stddef.h>

/* Of the service, of its account and of its source in the event log. */
#define OS_SERVICE_NAME "mapitail"

enum os_service_state {
    OS_SERVICE_ABSENT,
    OS_SERVICE_STOPPED,
    OS_SERVICE_STARTING,
    OS_SERVICE_RUNNING,
    OS_SERVICE_STOPPING,
    OS_SERVICE_OTHER, /* paused and the like, which mapitail never is */
};

struct os_service_status {
    enum os_service_state state;
    unsigned long process_id; /* 0: none */
    int exit_code;            /* of the last run, as exit_code.h has it; 0 while it runs */
    bool starts_by_itself;
    char account[128];
    char command[512]; /* what the service control manager starts */
};

/*
 * Installs this program as the service, or brings an installed one up to date: delayed automatic start,
 * restart 5 s, 30 s and 60 s after a crash, 10 s for the last words before a shutdown, no privilege but the
 * one that every program has, membership of the group Event Log Readers, a source in the event log.
 * config_path is absolute. What the system does not take, but the service runs without, is told to note, a
 * sentence each; the service is not started.
 */
bool os_service_install(const char *config_path, void (*note)(const char *text), struct fault *f);

/* Stops the service, removes it, its source in the event log and its membership. Fine if there is none. Waits
 * as os_service_stop does. */
bool os_service_uninstall(unsigned timeout_ms, struct fault *f);

/* Each waits until the service is there, at most timeout_ms; fine if it is there already. A service that ends
 * instead of starting is a fault with its exit code in the text. */
bool os_service_start(unsigned timeout_ms, struct fault *f);
bool os_service_stop(unsigned timeout_ms, struct fault *f);

/* Has the running service take its configuration anew; does not wait for that. */
bool os_service_reload(struct fault *f);

/* False where nothing can be asked; a service that is absent is an answer. */
bool os_service_query(struct os_service_status *out, struct fault *f);

/*
 * Lets the service's account read a folder and all in it, now and later; with write, also make, change and
 * delete files there. The folder must exist, and the caller must own it or be an administrator. Whatever else
 * its list of rights holds stays.
 */
bool os_service_allow(const char *folder, bool write, struct fault *f);

/*
 * Makes the folder, which must exist, belong to administrators: they and the system have all rights there,
 * and nobody else any until os_service_allow. For a folder that somebody else may have made first.
 */
bool os_service_claim(const char *folder, struct fault *f);

/* Where the service's files are by default: C:\ProgramData\mapitail. False where that cannot be told or has
 * no room. */
bool os_service_folder(char *to, size_t room);

/*
 * Is the service: hands the calling thread to the service control manager, which calls body in another thread
 * and has its stop, pre-shutdown and parameter change call what os_on_stop and os_on_reload name. Returns
 * true when body has returned and the service has ended; the process is to end then. False when the process
 * was not started by the service control manager. os_service_tell says that the service runs; while it starts
 * and stops, checkpoints grow so long as the agent's own limits have not passed.
 */
bool os_service_run(int (*body)(void *ctx), void *ctx, struct fault *f);

/*
 * Tells the service control manager that the service has ended, with an exit code unless somebody asked it to
 * end. os_service_run does it when body returns; to be called before a process is ended in another way, which
 * would count as a crash. Does nothing in a process that is no service.
 */
void os_service_ended(int exit_code);

/*
 * Ends the process with this exit code and without a word to the service control manager, which takes that as
 * a crash and starts the service again after a while (os_service_install): for an end whose reason may pass.
 * Returns where that is not to be: somebody asked the service to end, or this process is no service.
 */
void os_service_crash(int exit_code);

#endif
