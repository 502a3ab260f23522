/* SPDX-License-Identifier: Apache-2.0 */
/* Shared libraries on POSIX systems. */
#include "os_library.h"

#include <dlfcn.h>
#include <string.h>

struct os_library *os_library_open(const char *name, struct fault *f)
{
    void *library = dlopen(name, RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE);
    if (!library) {
        const char *reason = dlerror();
        fault_set(f, FAULT_UNSUPPORTED, 0, "%s", reason ? reason : name);
    }
    return library;
}

os_function os_library_function(struct os_library *library, const char *name)
{
    /* POSIX lets a data pointer hold a function's address, ISO C does not let it be cast: hence the copy. */
    void *symbol = dlsym((void *)library, name);
    os_function function = NULL;
    memcpy(&function, &symbol, sizeof function);
    return function;
}
