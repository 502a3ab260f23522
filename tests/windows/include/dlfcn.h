/* SPDX-License-Identifier: Apache-2.0 */
/* A test that puts a getaddrinfo of its own in the place of the system's: the calls of everything that is
 * linked in go through the pointer that the system's import library would define. */
#ifndef MAPITAIL_TEST_DLFCN_H
#define MAPITAIL_TEST_DLFCN_H

#pragma GCC system_header

#include "posix.h"

#define RTLD_NEXT NULL
#define getaddrinfo posix_getaddrinfo

int posix_getaddrinfo(const char *name, const char *service, const struct addrinfo *hints,
                      struct addrinfo **result);
extern void *const __imp_getaddrinfo;
void *const __imp_getaddrinfo = (void *)posix_getaddrinfo;

static inline void *dlsym(void *library, const char *name)
{
    (void)library;
    return (void *)GetProcAddress(GetModuleHandleA("ws2_32.dll"), name);
}

#endif
