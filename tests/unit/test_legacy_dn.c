/* SPDX-License-Identifier: Apache-2.0 */
/* legacyExchangeDN. */
#include "legacy_dn.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

static struct arena arena;

static void setup(void)
{
    arena_init(&arena, 4 << 20);
}

static void teardown(void)
{
    arena_free(&arena);
}

TestSuite(legacy_dn, .init = setup, .fini = teardown);

#define HEX32 "0123456789abcdef0123456789abcdef"

/* NULL: absent; text NULL: the input unchanged. */
struct claim {
    const char *dn, *text, *organization, *admin_group, *container, *cn, *user;
    bool unreadable;
};

static const struct claim claims[] = {
    {"/o=a/ou=b/cn=Recipients/cn=d", NULL, "a", "b", "Recipients", "d", "d", false},
    {"/O=a/OU=b/CN=Recipients/Cn=d", NULL, "a", "b", "Recipients", "d", "d", false},
    {"/o=a/ou=b/cn=d", NULL, "a", "b", NULL, "d", "d", false},
    {"/o=a/ou=b", NULL, "a", "b", NULL, NULL, NULL, false},
    {"/o=a", NULL, "a", NULL, NULL, NULL, NULL, false},
    {"/o=a/cn=c/cn=d", NULL, "a", NULL, "c", "d", "d", false},
    {"/o=a/ou=b/cn=Configuration/cn=Servers/cn=EXCH01/cn=Microsoft System Attendant", NULL, "a", "b",
     "Configuration/Servers/EXCH01", "Microsoft System Attendant", "Microsoft System Attendant", false},
    {"/o=a/ou=b/ou=c/o=d/cn=e/cn=f", NULL, "a", "b", "e", "f", "f", false},
    /* values hold nearly everything */
    {"/o={a}/ou=Exchange Administrative Group (FYDIBOHF23SPDLT)/cn=Recipients/cn=<x> \"y\" & 'z', 5%: =|",
     NULL, "{a}", "Exchange Administrative Group (FYDIBOHF23SPDLT)", "Recipients", "<x> \"y\" & 'z', 5%: =|",
     "<x> \"y\" & 'z', 5%: =|", false},
    {"/o=a/ou=b/cn=ผู้ รับ/cn=Empfänger", NULL, "a", "b", "ผู้ รับ", "Empfänger", "Empfänger", false},
    /* what Exchange 2013 puts before the name */
    {"/o=a/ou=b/cn=Recipients/cn=" HEX32 "-Ann", NULL, "a", "b", "Recipients", HEX32 "-Ann", "Ann", false},
    {"/o=a/ou=b/cn=Recipients/cn=" HEX32 "-", NULL, "a", "b", "Recipients", HEX32 "-", HEX32 "-", false},
    {"/o=a/ou=b/cn=Recipients/cn=" HEX32, NULL, "a", "b", "Recipients", HEX32, HEX32, false},
    {"/o=a/ou=b/cn=Recipients/cn=g123456789abcdef0123456789abcdef-Ann", NULL, "a", "b", "Recipients",
     "g123456789abcdef0123456789abcdef-Ann", "g123456789abcdef0123456789abcdef-Ann", false},
    {"/o=NT5/ou=" HEX32 "/cn=" HEX32, NULL, "NT5", HEX32, NULL, HEX32, HEX32, false},
    /* archive mailbox, federated attendant */
    {"/o=a/ou=b/cn=Recipients/cn=d/guid=ccce3fe1-0bdb-4c25-baf9-d3ea6bb9af99", NULL, "a", "b", "Recipients",
     "d", "d", false},
    {"*/cn=Microsoft Federated System Attendant", NULL, NULL, NULL, NULL,
     "Microsoft Federated System Attendant", "Microsoft Federated System Attendant", false},
    /* blanks and line breaks */
    {" / o = X/Ou = Y / cn=Z ", "/o=X/Ou=Y/cn=Z", "X", "Y", NULL, "Z", "Z", false},
    {"/o=a/ou=First Administrative \r\n  Group/cn=Recipients/cn=d",
     "/o=a/ou=First Administrative Group/cn=Recipients/cn=d", "a", "First Administrative Group", "Recipients",
     "d", "d", false},
    {"/o=a\n/ou=b/cn=c/\ncn=d", "/o=a/ou=b/cn=c/cn=d", "a", "b", "c", "d", "d", false},
    {"/o=a  b/ou=c", NULL, "a  b", "c", NULL, NULL, NULL, false},
    /* damage */
    {"/o=a//ou=b/cn=c/cn=d/", "/o=a/ou=b/cn=c/cn=d", "a", "b", "c", "d", "d", false},
    {"/o=a/ou=b/cn c と cn = =d", NULL, "a", "b", NULL, NULL, NULL, true},
    {"/o=a/ou=b/cn=Recipients/cn=d/Smith", NULL, "a", "b", "Recipients", NULL, NULL, true},
    {"/o=a/ou=b/dc=x/cn=c/cn=d", NULL, "a", "b", "c", NULL, NULL, true},
    {"/o=/ou=b/cn=Recipients/cn=", NULL, NULL, "b", "Recipients", NULL, NULL, false},
    {"/o=a/ou=b/cn=/cn=d", NULL, "a", "b", NULL, "d", "d", false},
    {"", NULL, NULL, NULL, NULL, NULL, NULL, false},
    {"/", "", NULL, NULL, NULL, NULL, NULL, false},
};

static void hold(const struct claim *c, const char *field, struct sv actual, const char *wanted)
{
    cr_expect(sv_eq(actual, sv_from(wanted)) && sv_absent(actual) == (wanted == NULL),
              "%s: %s is \"%.*s\", expected \"%s\"", c->dn, field, SV_ARG(actual),
              wanted ? wanted : "(absent)");
}

Test(legacy_dn, each_dn_comes_apart_as_the_table_says)
{
    for (size_t i = 0; i < sizeof claims / sizeof claims[0]; i++) {
        const struct claim *c = &claims[i];
        struct legacy_dn dn;
        legacy_dn_parse(sv_from(c->dn), &arena, &dn);
        hold(c, "text", dn.text, c->text ? c->text : c->dn);
        hold(c, "organization", dn.organization, c->organization);
        hold(c, "admin_group", dn.admin_group, c->admin_group);
        hold(c, "container", dn.container, c->container);
        hold(c, "cn", dn.cn, c->cn);
        hold(c, "user", dn.user, c->user);
        cr_expect_eq(dn.readable, !c->unreadable, "%s", c->dn);
        cr_expect_not(dn.cut, "%s", c->dn);
    }
}

Test(legacy_dn, a_tidy_dn_costs_no_memory)
{
    struct legacy_dn dn;
    struct sv text = SV("/o=a/ou=b/cn=Recipients/cn=d");
    legacy_dn_parse(text, &arena, &dn);
    cr_assert_eq(dn.text.p, text.p);
    cr_assert_eq(arena.used, 0);
}

Test(legacy_dn, what_is_over_the_limit_is_cut_and_said)
{
    char text[LEGACY_DN_MAX + 2];
    snprintf(text, sizeof text, "%-*s", LEGACY_DN_MAX + 1, "/o=");
    memset(text + 3, 'x', LEGACY_DN_MAX - 2);
    struct legacy_dn dn;
    legacy_dn_parse(sv_make(text, LEGACY_DN_MAX), &arena, &dn);
    cr_assert(dn.text.n == LEGACY_DN_MAX && !dn.cut);
    legacy_dn_parse(sv_make(text, LEGACY_DN_MAX + 1), &arena, &dn);
    cr_assert(dn.text.n == LEGACY_DN_MAX && dn.cut);
}

Test(legacy_dn, blanks_that_go_away_do_not_count)
{
    static char text[5000] = "/o=a";
    memset(text + 4, ' ', 3000);
    memcpy(text + 3004, "/ou=b", 6);
    struct legacy_dn dn;
    legacy_dn_parse(sv_from(text), &arena, &dn);
    cr_assert(sv_eq(dn.text, SV("/o=a/ou=b")));
    cr_assert_not(dn.cut);
}

Test(legacy_dn, a_beginning_needs_a_known_prefix_and_an_equals_sign)
{
    static const char *const good[] = {"/o=", "/O=x", "/ o =x", "/ou=", "/cn =", "/GUID="};
    static const char *const bad[] = {"", "o=x", "/x=", "/o", "/org=x", "/=", "//o=", "/dc=com"};
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++)
        cr_expect_eq(legacy_dn_find(sv_from(good[i]), false), 0, "%s", good[i]);
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        cr_expect_neq(legacy_dn_find(sv_from(bad[i]), false), 0, "%s", bad[i]);
}

Test(legacy_dn, it_is_found_behind_other_slashes)
{
    cr_assert_eq(legacy_dn_find(SV("N/A 4/12 /cn=x /o=y"), false), 9);
    cr_assert_eq(legacy_dn_find(SV("N/A 4/12 /cn=x /o=y"), true), 15);
    cr_assert_eq(legacy_dn_find(SV("N/A 4/12 /"), false), SV_NPOS);
    cr_assert_eq(legacy_dn_find(SV_ABSENT, false), SV_NPOS);
}

Test(legacy_dn, a_line_break_and_the_blanks_beside_it_become_one_blank)
{
    cr_assert(sv_eq(text_unwrap(SV("a \r\n\t b\nc"), &arena), SV("a b c")));
    struct sv plain = SV("a  b");
    cr_assert_eq(text_unwrap(plain, &arena).p, plain.p);
}
