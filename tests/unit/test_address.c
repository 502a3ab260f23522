/* SPDX-License-Identifier: Apache-2.0 */
/* host:port as it is written in a configuration. */
#include "address.h"

#include <criterion/criterion.h>
#include <string.h>

Test(address, names_and_addresses_come_with_or_without_a_port)
{
    static const char *const rows[][4] = {
        {"logs.example", "logs.example", "601", "logs.example:601"},
        {"logs.example:5514", "logs.example", "5514", "logs.example:5514"},
        {"192.0.2.1:1", "192.0.2.1", "1", "192.0.2.1:1"},
        {"[2001:db8::1]:6514", "2001:db8::1", "6514", "[2001:db8::1]:6514"},
        {"[2001:db8::1]", "2001:db8::1", "601", "[2001:db8::1]:601"},
        {"2001:db8::1", "2001:db8::1", "601", "[2001:db8::1]:601"},
        {"fe80::1%eth0", "fe80::1%eth0", "601", "[fe80::1%eth0]:601"},
        {"h:65535", "h", "65535", "h:65535"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct address a;
        struct fault f;
        cr_assert(address_parse(rows[i][0], "601", &a, &f), "%s: %s", rows[i][0], f.text);
        cr_assert_str_eq(a.host, rows[i][1]);
        cr_assert_str_eq(a.port, rows[i][2]);
        cr_assert_str_eq(a.text, rows[i][3]);
    }
}

Test(address, what_is_no_address_is_a_mistake_of_the_configuration)
{
    static const char *const wrong[] = {"",      ":514",    "h:",     "h:0",  "h:65536", "h:http",
                                        "h:-1",  "[::1",    "[::1]x", "[]:1", "a b:1",   "tcp://h:1",
                                        "u@h:1", "h:1:2x/", "h: 1",   "h:1 ", "h\n:1"};
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        struct address a;
        struct fault f = {.code = FAULT_NONE};
        cr_assert_not(address_parse(wrong[i], "601", &a, &f), "`%s` was taken", wrong[i]);
        cr_assert_eq(f.code, FAULT_CONFIG);
        cr_assert(strncmp(f.text, "address:", 8) == 0, "%s", f.text);
    }
}

Test(address, a_name_longer_than_dns_allows_is_refused)
{
    char name[300];
    struct address a;
    struct fault f;
    memset(name, 'n', sizeof name);
    name[253] = '\0';
    cr_assert(address_parse(name, "601", &a, &f));
    name[253] = 'n';
    name[254] = '\0';
    cr_assert_not(address_parse(name, "601", &a, &f));
}

Test(address, an_address_that_a_message_names_is_not_named_again_by_the_reason)
{
    struct fault f = {.text = "192.0.2.1:601: Connection refused"};
    cr_assert_str_eq(address_reason("192.0.2.1:601", &f), "Connection refused");
    cr_assert_str_eq(address_reason("siem.example:601", &f), "192.0.2.1:601: Connection refused");
    cr_assert_str_eq(address_reason("192.0.2.1:60", &f), "192.0.2.1:601: Connection refused");
    f = (struct fault){.text = "no answer"};
    cr_assert_str_eq(address_reason("192.0.2.1:601", &f), "no answer");
}
