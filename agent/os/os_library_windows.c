/* SPDX-License-Identifier: Apache-2.0 */
/* Dynamic libraries on Windows. */
#include "os_file.h"
#include "os_library.h"
#include "os_windows.h"

#include <stdlib.h>
#include <string.h>

struct os_library *os_library_open(const char *name, struct fault *f)
{
    wchar_t *wide = os_wide(name);
    /* Neither the working directory nor PATH: others may write there. */
    const DWORD where = LOAD_LIBRARY_SEARCH_APPLICATION_DIR | LOAD_LIBRARY_SEARCH_SYSTEM32;
    HMODULE library = wide ? LoadLibraryExW(wide, NULL, where) : NULL;
    if (!library)
        fault_set(f, FAULT_UNSUPPORTED, 0, "%s: %s", name, os_error_text((int)GetLastError()));
    free(wide);
    return (struct os_library *)library;
}

os_function os_library_function(struct os_library *library, const char *name)
{
    FARPROC found = GetProcAddress((HMODULE)library, name);
    os_function function = NULL;
    memcpy(&function, &found, sizeof function);
    return function;
}
