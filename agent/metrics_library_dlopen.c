/* SPDX-License-Identifier: Apache-2.0 */
/* libmicrohttpd, loaded when metrics are first served. */
#include "metrics_library.h"
#include "os_library.h"

/* The version of the binary interface since libmicrohttpd 0.9.45. */
static const char library_name[] = "libmicrohttpd.so.12";

bool metrics_library_load(struct metrics_library *lib, struct fault *f)
{
    struct fault why;
    struct os_library *library = os_library_open(library_name, &why);
    if (!library)
        return fault_set(
            f, FAULT_UNSUPPORTED, 0,
            "metrics need libmicrohttpd (Debian package libmicrohttpd12, RPM package libmicrohttpd): "
            "%.120s",
            why.text);
#define X(name)                                                                                              \
    lib->name = (__typeof__(lib->name))os_library_function(library, "MHD_" #name);                           \
    if (!lib->name)                                                                                          \
        return fault_set(f, FAULT_UNSUPPORTED, 0, "%s has no MHD_%s", library_name, #name);
    METRICS_FUNCTIONS(X)
#undef X
    return true;
}
