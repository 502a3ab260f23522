/* SPDX-License-Identifier: Apache-2.0 */
/* What only Windows has: its paths, its time zones and its words. */
#include "os_file.h"
#include "os_process.h"
#include "os_windows.h"
#include "os_zone.h"
#include "os_zone_names_windows.h"

#include <criterion/criterion.h>
#include <wchar.h>

static const struct {
    const char *path, *root;
    bool is_absolute;
} roots[] = {
    {"C:\\Logs\\a.evtx", "C:\\", true},
    {"c:/Logs/a.evtx", "c:/", true},
    {"C:a.evtx", "C:", true},
    {"\\Logs\\a", "\\", true},
    {"Logs\\a", "", false},
    {"\\\\server\\share\\Logs\\a", "\\\\server\\share\\", true},
    {"//server/share/Logs", "//server/share/", true},
    {"\\\\server\\share", "\\\\server\\share", true},
    {"\\\\?\\C:\\Logs\\*", "\\\\?\\C:\\", true},
    {"\\\\?\\UNC\\server\\share\\Logs", "\\\\?\\UNC\\server\\share\\", true},
};

Test(os_windows, every_form_of_a_path_has_its_root)
{
    for (size_t i = 0; i < sizeof roots / sizeof *roots; i++) {
        cr_expect_eq(os_path_root(roots[i].path), strlen(roots[i].root), "%s: %zu", roots[i].path,
                     os_path_root(roots[i].path));
        cr_expect_eq(os_path_is_absolute(roots[i].path), roots[i].is_absolute, "%s", roots[i].path);
    }
}

static const struct {
    const char *path;
    const wchar_t *wide;
} wides[] = {
    {"C:\\Logs\\a.evtx", L"\\\\?\\C:\\Logs\\a.evtx"},
    {"C:/Logs/../Gr\xc3\xbc\xc3\x9f"
     "e/./a",
     L"\\\\?\\C:\\Gr\u00fc\u00dfe\\a"},
    {"\\\\server\\share\\a", L"\\\\?\\UNC\\server\\share\\a"},
    {"//server/share/a", L"\\\\?\\UNC\\server\\share\\a"},
    {"\\\\?\\C:\\as it is.", L"\\\\?\\C:\\as it is."},
    {"\\\\.\\pipe\\x", L"\\\\.\\pipe\\x"},
};

Test(os_windows, paths_are_handed_over_in_the_form_without_a_limit)
{
    for (size_t i = 0; i < sizeof wides / sizeof *wides; i++) {
        struct fault f;
        wchar_t *wide = os_wide_path(wides[i].path, &f);
        cr_expect(wide && wcscmp(wide, wides[i].wide) == 0, "%s", wides[i].path);
        free(wide);
    }
}

Test(os_windows, a_path_that_is_not_utf_8_or_empty_is_refused)
{
    struct fault f = {0};
    cr_assert_null(os_wide_path("C:\\M\xfcller", &f));
    cr_assert(strstr(f.text, "UTF-8"), "%s", f.text);
    cr_assert_null(os_wide_path("", &f));
    cr_assert(strstr(f.text, "empty"), "%s", f.text);
}

Test(os_windows, errors_have_english_words_and_none_is_without)
{
    cr_assert_str_eq(os_error_text(ERROR_SHARING_VIOLATION),
                     "In use by another program, which does not share it");
    cr_assert_str_eq(os_error_text(WSAECONNREFUSED), "Connection refused");
    cr_assert(*os_error_text(ERROR_CRC));
    cr_assert(strstr(os_error_text(123456), "123456"));
}

Test(os_windows, a_device_is_no_file)
{
    struct fault f = {0};
    cr_assert_null(os_file_open("NUL", &f));
    cr_assert(strstr(f.text, "not a file"), "%s", f.text);
}

/* As exports are often held by their writer: shared for reading only. */
Test(os_windows, a_file_that_its_writer_does_not_share_says_so_and_one_that_is_shared_for_reading_is_read)
{
    char path[] = "/tmp/mapitail-share-XXXXXX", file[64];
    struct fault f = {0};
    cr_assert(mkdtemp(path));
    snprintf(file, sizeof file, "%s/a", path);
    for (int shared = 0; shared < 2; shared++) {
        HANDLE h =
            CreateFileA(file, GENERIC_WRITE, shared ? FILE_SHARE_READ : 0, NULL, CREATE_ALWAYS, 0, NULL);
        struct os_file *reader = os_file_open(file, &f);
        cr_assert_eq(reader != NULL, shared);
        if (!shared)
            cr_assert(strstr(f.text, "does not share"), "%s", f.text);
        os_file_close(reader);
        CloseHandle(h);
    }
    DeleteFileA(file);
    RemoveDirectoryA(path);
}

Test(os_windows, a_zone_goes_by_windows_name_too_in_any_case)
{
    struct fault f = {0};
    struct zone *z = os_zone_load("w. europe standard TIME", &f);
    cr_assert_not_null(z, "%s", f.text);
    cr_assert_eq(zone_offset_at(z, 1720000000), 7200);
    cr_assert_eq(zone_offset_at(z, 1705000000), 3600);
    os_zone_free(z);
    cr_assert_null(os_zone_load("Europe\\Berlin", &f));
    cr_assert_null(os_zone_load("", &f));
    cr_assert_null(os_zone_load("Atlantis Standard Time", &f));
    cr_assert(strstr(f.text, "tzutil"), "%s", f.text);
}

Test(os_windows, a_zone_whose_offset_was_changed_has_the_old_one_before)
{
    struct fault f = {0};
    struct zone *z = os_zone_load("Europe/Moscow", &f);
    cr_assert_not_null(z, "%s", f.text);
    cr_assert_eq(zone_offset_at(z, 1388534400 - 86400 * 180), 14400, "2013: summer time all the year");
    cr_assert_eq(zone_offset_at(z, 1420070400 + 86400 * 180), 10800, "2015: winter time all the year");
    os_zone_free(z);
}

Test(os_windows, names_of_zones_lead_there_and_back)
{
    char name[ZONE_NAME_MAX];
    cr_assert_str_eq(os_zone_key_of("Europe/Vienna"), "W. Europe Standard Time");
    os_zone_name_of("W. Europe Standard Time", name, sizeof name);
    cr_assert_str_eq(name, "Europe/Berlin");
    os_zone_name_of("no such zone", name, sizeof name);
    cr_assert_str_eq(name, "");
    cr_assert_null(os_zone_key_of("Europe"));
    cr_assert_null(os_zone_key_of(""));
}

Test(os_windows, a_variable_may_be_empty_and_may_change)
{
    SetEnvironmentVariableW(L"MAPITAIL_TEST", L"Gr\u00fc\u00dfe");
    cr_assert_str_eq(os_environment("MAPITAIL_TEST"), "Gr\xc3\xbc\xc3\x9f"
                                                      "e");
    SetEnvironmentVariableW(L"MAPITAIL_TEST", L"");
    cr_assert_str_eq(os_environment("mapitail_test"), "");
    SetEnvironmentVariableW(L"MAPITAIL_TEST", NULL);
    cr_assert_null(os_environment("MAPITAIL_TEST"));
}
