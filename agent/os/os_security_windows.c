/* SPDX-License-Identifier: Apache-2.0 */
/* Who may read what mapitail creates for itself. */
#include "os_windows.h"

#include <sddl.h>
#include <stdlib.h>
#include <wchar.h>

static INIT_ONCE once = INIT_ONCE_STATIC_INIT;
static SECURITY_ATTRIBUTES private_attributes;

/* The user that this process runs as, as text; to be freed with LocalFree. */
static wchar_t *own_sid(void)
{
    HANDLE token;
    wchar_t *text = NULL;
    DWORD size;
    union {
        TOKEN_USER user;
        unsigned char bytes[sizeof(TOKEN_USER) + SECURITY_MAX_SID_SIZE];
    } owner;
    if (!OpenProcessToken(GetCurrentProcess(), TOKEN_QUERY, &token))
        return NULL;
    if (GetTokenInformation(token, TokenUser, &owner, sizeof owner, &size) &&
        !ConvertSidToStringSidW(owner.user.User.Sid, &text))
        text = NULL;
    CloseHandle(token);
    return text;
}

/* Protected against inheritance (P); SYSTEM, Administrators and the own user have all rights (FA), here and,
 * by inheritance (OICI), in what is created inside. */
static BOOL CALLBACK make_private(INIT_ONCE *unused_once, void *unused, void **unused_context)
{
    wchar_t text[256];
    PSECURITY_DESCRIPTOR descriptor = NULL;
    wchar_t *sid = own_sid();
    (void)unused_once;
    (void)unused;
    (void)unused_context;
    if (sid) {
        _snwprintf(text, sizeof text / sizeof *text - 1,
                   L"D:P(A;OICI;FA;;;SY)(A;OICI;FA;;;BA)(A;OICI;FA;;;%ls)", sid);
        text[sizeof text / sizeof *text - 1] = L'\0';
        LocalFree(sid);
        ConvertStringSecurityDescriptorToSecurityDescriptorW(text, SDDL_REVISION_1, &descriptor, NULL);
    }
    private_attributes =
        (SECURITY_ATTRIBUTES){.nLength = sizeof private_attributes, .lpSecurityDescriptor = descriptor};
    return TRUE;
}

SECURITY_ATTRIBUTES *os_security(unsigned mode)
{
    if (!mode || (mode & 077))
        return NULL;
    InitOnceExecuteOnce(&once, make_private, NULL, NULL);
    return private_attributes.lpSecurityDescriptor ? &private_attributes : NULL;
}
