/* SPDX-License-Identifier: Apache-2.0 */
/* What the service's account may do: read the event log, and the folders that it is let into. */
#include "os_file.h"
#include "os_library.h"
#include "os_service.h"
#include "os_service_windows.h"

#include <aclapi.h>
#include <bcrypt.h>
#include <lm.h>
#include <sddl.h>
#include <stdlib.h>
#include <string.h>

enum { SHA1_WORDS = 5, NAME_ROOM = 256 };

static bool sha1(const void *bytes, ULONG n, DWORD *words)
{
    BCRYPT_ALG_HANDLE algorithm;
    BCRYPT_HASH_HANDLE hash = NULL;
    if (BCryptOpenAlgorithmProvider(&algorithm, BCRYPT_SHA1_ALGORITHM, NULL, 0) != 0)
        return false;
    bool good = BCryptCreateHash(algorithm, &hash, NULL, 0, NULL, 0, 0) == 0;
    good = good && BCryptHashData(hash, (PUCHAR)(uintptr_t)bytes, n, 0) == 0;
    good = good && BCryptFinishHash(hash, (PUCHAR)words, SHA1_WORDS * sizeof *words, 0) == 0;
    if (hash)
        BCryptDestroyHash(hash);
    BCryptCloseAlgorithmProvider(algorithm, 0);
    return good;
}

bool os_service_sid(const char *service_name, void *sid, struct fault *f)
{
    SID_IDENTIFIER_AUTHORITY authority = {SECURITY_NT_AUTHORITY};
    DWORD words[SHA1_WORDS];
    wchar_t *upper = os_wide(service_name);
    bool good = upper != NULL;
    if (good) {
        size_t n = wcslen(_wcsupr(upper));
        good = sha1(upper, (ULONG)(n * sizeof *upper), words);
    }
    free(upper);
    good = good && InitializeSid(sid, &authority, SHA1_WORDS + 1);
    if (!good)
        return fault_set(f, FAULT_OS, 0, "the identity of the service's account cannot be computed");
    *GetSidSubAuthority(sid, 0) = SECURITY_SERVICE_ID_BASE_RID;
    for (DWORD i = 0; i < SHA1_WORDS; i++)
        *GetSidSubAuthority(sid, i + 1) = words[i];
    return true;
}

/* ---- the event log ---- */

typedef NET_API_STATUS (*members_function)(LPCWSTR, LPCWSTR, DWORD, LPBYTE, DWORD);

/* Loaded when it is needed: the agent itself can do without. */
static members_function find_function(const char *name, struct fault *f)
{
    struct os_library *library = os_library_open("netapi32.dll", f);
    os_function found = library ? os_library_function(library, name) : NULL;
    members_function function = NULL;
    memcpy(&function, &found, sizeof function);
    if (library && !function)
        fault_set(f, FAULT_UNSUPPORTED, 0, "netapi32.dll of this system has no %s", name);
    return function;
}

/* The group's name is in the language of the system; its identifier is the same everywhere. */
static bool group_name(wchar_t *group, struct fault *f)
{
    unsigned char sid[SECURITY_MAX_SID_SIZE];
    wchar_t domain[NAME_ROOM];
    DWORD size = sizeof sid, group_room = NAME_ROOM, domain_room = NAME_ROOM;
    SID_NAME_USE use;
    return (CreateWellKnownSid(WinBuiltinEventLogReadersGroup, NULL, sid, &size) &&
            LookupAccountSidW(NULL, sid, group, &group_room, domain, &domain_room, &use)) ||
           os_last_fault(f, "find", "the group Event Log Readers");
}

/* Calls the function of netapi32.dll for the service's account and the group; returns its answer, or what
 * went wrong before as a fault. */
static bool change_members(const char *function_name, NET_API_STATUS *error, struct fault *f)
{
    unsigned char sid[SECURITY_MAX_SID_SIZE];
    wchar_t group[NAME_ROOM];
    LOCALGROUP_MEMBERS_INFO_0 member = {sid};
    members_function change;
    if (!os_service_sid(OS_SERVICE_NAME, sid, f) || !group_name(group, f) ||
        !(change = find_function(function_name, f)))
        return false;
    *error = change(NULL, group, 0, (LPBYTE)&member, 1);
    return true;
}

bool os_service_join_log_readers(struct fault *f)
{
    NET_API_STATUS error;
    if (!change_members("NetLocalGroupAddMembers", &error, f))
        return false;
    return error == NERR_Success || error == ERROR_MEMBER_IN_ALIAS ||
           os_code_fault(f, error, "let the service read", "the event log (group Event Log Readers)");
}

bool os_service_leave_log_readers(struct fault *f)
{
    NET_API_STATUS error;
    if (!change_members("NetLocalGroupDelMembers", &error, f))
        return false;
    return error == NERR_Success || error == ERROR_MEMBER_NOT_IN_ALIAS ||
           os_code_fault(f, error, "remove the service from", "the group Event Log Readers");
}

/* ---- folders ---- */

static bool add_right(wchar_t *path, PSID sid, DWORD rights, ACL *present, const char *folder,
                      struct fault *f)
{
    ACL *list = NULL;
    EXPLICIT_ACCESSW entry = {.grfAccessPermissions = rights,
                              .grfAccessMode = GRANT_ACCESS,
                              .grfInheritance = SUB_CONTAINERS_AND_OBJECTS_INHERIT,
                              .Trustee = {.TrusteeForm = TRUSTEE_IS_SID,
                                          .TrusteeType = TRUSTEE_IS_USER,
                                          .ptstrName = (wchar_t *)sid}};
    DWORD error = SetEntriesInAclW(1, &entry, present, &list);
    if (error == ERROR_SUCCESS)
        error =
            SetNamedSecurityInfoW(path, SE_FILE_OBJECT, DACL_SECURITY_INFORMATION, NULL, NULL, list, NULL);
    LocalFree(list);
    return error == ERROR_SUCCESS || os_code_fault(f, error, "give the service rights to", folder);
}

bool os_service_allow(const char *folder, bool write, struct fault *f)
{
    const DWORD read_rights = FILE_GENERIC_READ | FILE_GENERIC_EXECUTE;
    const DWORD write_rights = read_rights | FILE_GENERIC_WRITE | DELETE;
    unsigned char sid[SECURITY_MAX_SID_SIZE];
    ACL *present = NULL;
    PSECURITY_DESCRIPTOR descriptor = NULL;
    wchar_t *path = os_service_sid(OS_SERVICE_NAME, sid, f) ? os_wide_path(folder, f) : NULL;
    if (!path)
        return false;
    DWORD error = GetNamedSecurityInfoW(path, SE_FILE_OBJECT, DACL_SECURITY_INFORMATION, NULL, NULL, &present,
                                        NULL, &descriptor);
    bool good = error == ERROR_SUCCESS
                    ? add_right(path, sid, write ? write_rights : read_rights, present, folder, f)
                    : os_code_fault(f, error, "read the rights of", folder);
    LocalFree(descriptor);
    free(path);
    return good;
}

/* The owner may change the rights of what is his, so he is changed as well. */
bool os_service_claim(const char *folder, struct fault *f)
{
    static const wchar_t rights[] = L"O:BAD:P(A;OICI;FA;;;SY)(A;OICI;FA;;;BA)";
    const SECURITY_INFORMATION parts =
        OWNER_SECURITY_INFORMATION | DACL_SECURITY_INFORMATION | PROTECTED_DACL_SECURITY_INFORMATION;
    PSECURITY_DESCRIPTOR descriptor = NULL;
    PSID owner = NULL;
    ACL *list = NULL;
    BOOL defaulted, present;
    wchar_t *path = os_wide_path(folder, f);
    if (!path)
        return false;
    bool good =
        ConvertStringSecurityDescriptorToSecurityDescriptorW(rights, SDDL_REVISION_1, &descriptor, NULL) &&
        GetSecurityDescriptorOwner(descriptor, &owner, &defaulted) &&
        GetSecurityDescriptorDacl(descriptor, &present, &list, &defaulted);
    DWORD error =
        good ? SetNamedSecurityInfoW(path, SE_FILE_OBJECT, parts, owner, NULL, list, NULL) : GetLastError();
    LocalFree(descriptor);
    free(path);
    return error == ERROR_SUCCESS || os_code_fault(f, error, "take over the folder", folder);
}
