/* SPDX-License-Identifier: Apache-2.0 */
/* DPAPI. */
#include "os_secret.h"
#include "os_windows.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <wincrypt.h>

static const DWORD base64 = CRYPT_STRING_BASE64 | CRYPT_STRING_NOCRLF;

static char *to_text(const DATA_BLOB *blob, struct fault *f)
{
    DWORD n = 0;
    char *text = NULL;
    if (CryptBinaryToStringA(blob->pbData, blob->cbData, base64, NULL, &n) && (text = malloc(n)) &&
        CryptBinaryToStringA(blob->pbData, blob->cbData, base64, text, &n))
        return text;
    free(text);
    fault_set(f, FAULT_MEMORY, 0, "out of memory");
    return NULL;
}

char *os_secret_protect(const char *secret, size_t n, struct fault *f)
{
    DATA_BLOB in = {(DWORD)n, (BYTE *)(uintptr_t)secret}, out;
    if (!CryptProtectData(&in, L"mapitail", NULL, NULL, NULL,
                          CRYPTPROTECT_LOCAL_MACHINE | CRYPTPROTECT_UI_FORBIDDEN, &out)) {
        os_last_fault(f, "protect", "the secret");
        return NULL;
    }
    char *text = to_text(&out, f);
    LocalFree(out.pbData);
    return text;
}

/* To be freed. What is no base64, or nothing, is a fault. */
static BYTE *from_text(const char *text, size_t length, DWORD *n, struct fault *f)
{
    BYTE *bytes = length > 0 && length < 1 << 20 ? malloc(length) : NULL;
    *n = (DWORD)length;
    if (bytes && CryptStringToBinaryA(text, (DWORD)length, CRYPT_STRING_BASE64, bytes, n, NULL, NULL) && *n)
        return bytes;
    free(bytes);
    fault_set(f, FAULT_FORMAT, 0, "this is not what `mapitail secret protect` prints");
    return NULL;
}

char *os_secret_unprotect(const char *text, size_t length, size_t *n, struct fault *f)
{
    DATA_BLOB in = {0}, out = {0};
    char *secret = NULL;
    if (!(in.pbData = from_text(text, length, &in.cbData, f)))
        return NULL;
    if (!CryptUnprotectData(&in, NULL, NULL, NULL, NULL, CRYPTPROTECT_UI_FORBIDDEN, &out)) {
        fault_set(f, FAULT_OS, (int)GetLastError(),
                  "it was protected on another machine, or is damaged; on this one, run `mapitail secret "
                  "protect` again");
    } else if ((secret = malloc((size_t)out.cbData + 1))) {
        memcpy(secret, out.pbData, out.cbData);
        secret[out.cbData] = '\0';
        *n = out.cbData;
    } else {
        fault_set(f, FAULT_MEMORY, 0, "out of memory");
    }
    if (out.pbData) {
        SecureZeroMemory(out.pbData, out.cbData);
        LocalFree(out.pbData);
    }
    free(in.pbData);
    return secret;
}

void os_secret_free(char *secret, size_t n)
{
    if (secret)
        SecureZeroMemory(secret, n);
    free(secret);
}

static bool read_line(char *to, size_t room, struct fault *f)
{
    if (!fgets(to, (int)room, stdin))
        return fault_set(f, FAULT_FORMAT, 0, "there is no secret on standard input");
    size_t n = strcspn(to, "\r\n");
    if (to[n] == '\0' && !feof(stdin))
        return fault_set(f, FAULT_LIMIT, 0, "a secret has at most %zu bytes", room - 3);
    to[n] = '\0';
    return n > 0 || fault_set(f, FAULT_FORMAT, 0, "the secret is empty");
}

/* A console hands over what was typed in its own code page; a pipe's bytes are taken as they are. */
static bool to_utf8(char *to, size_t room, struct fault *f)
{
    wchar_t wide[4096];
    int n = MultiByteToWideChar(GetConsoleCP(), 0, to, -1, wide, (int)(sizeof wide / sizeof *wide));
    bool good = n > 0 && WideCharToMultiByte(CP_UTF8, 0, wide, -1, to, (int)room, NULL, NULL) > 0;
    SecureZeroMemory(wide, sizeof wide);
    return good || fault_set(f, FAULT_LIMIT, 0, "the secret is too long");
}

bool os_secret_ask(const char *prompt, char *to, size_t room, struct fault *f)
{
    HANDLE input = GetStdHandle(STD_INPUT_HANDLE);
    DWORD mode;
    if (!GetConsoleMode(input, &mode))
        return read_line(to, room, f);
    fputs(prompt, stderr);
    SetConsoleMode(input, mode & ~(DWORD)ENABLE_ECHO_INPUT);
    bool got = read_line(to, room, f);
    SetConsoleMode(input, mode);
    fputs("\n", stderr);
    return got && to_utf8(to, room, f);
}
