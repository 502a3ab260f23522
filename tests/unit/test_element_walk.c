/* SPDX-License-Identifier: Apache-2.0 */
/* The two ways through one element: by hand where it is plain, by expat where it is not. */
#include "buf.h"
#include "element_plain.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

static struct buf by_hand, by_expat;
static struct element_plain *plain;
static struct element_walk *walk;

static void setup(void)
{
    buf_init(&by_hand, 8 << 20);
    buf_init(&by_expat, 8 << 20);
    plain = element_plain_new(SV("N"));
    walk = element_walk_new("N");
    cr_assert(plain && walk);
}

static void teardown(void)
{
    element_plain_free(plain);
    element_walk_free(walk);
    buf_free(&by_hand);
    buf_free(&by_expat);
}

TestSuite(element_walk, .init = setup, .fini = teardown);

/* One line for each element's end: its path with names, and its text. */
static void put_end(void *ctx, const struct element *path, unsigned depth, struct sv text)
{
    struct buf *b = ctx;
    for (unsigned i = 0; i < depth; i++) {
        buf_putc(b, '/');
        buf_put(b, path[i].tag);
        if (!sv_absent(path[i].name)) {
            buf_putc(b, '=');
            buf_put(b, path[i].name);
        }
    }
    buf_lit(b, " [");
    buf_put(b, text);
    buf_put(b, sv_absent(text) ? SV("] absent\n") : SV("]\n"));
}

/* True where the element is plain; then expat has read it too, and the same. */
static bool is_plain(struct sv text)
{
    buf_reset(&by_hand);
    buf_reset(&by_expat);
    bool taken = element_plain_run(plain, text, put_end, &by_hand);
    const char *reason = element_walk_run_expat(walk, text, put_end, &by_expat);
    cr_assert(taken || by_hand.n == 0, "nothing is told of what is not plain");
    if (taken)
        cr_assert(!reason && sv_eq(buf_sv(&by_hand), buf_sv(&by_expat)),
                  "%.*s\nby hand:\n%.*sby expat: %s\n%.*s", SV_ARG(text), SV_ARG(buf_sv(&by_hand)),
                  reason ? reason : "", SV_ARG(buf_sv(&by_expat)));
    return taken;
}

static const char *const serialized[] = {
    "<ROW>\r\n <EventLog>\r\n Application\r\n </EventLog>\r\n <EventID>\r\n 9646\r\n </EventID>\r\n "
    "<SID>\r\n "
    "\r\n </SID>\r\n <Message>\r\n Mapi session \"/o=a&amp;b/cn=\xc3\xbc&#x263A;&#38;\" &lt;32&gt;\r\n"
    " </Message>\r\n</ROW>",
    "<ROW><EventID>9646</EventID><Strings>a|b]|c] ]</Strings></ROW>",
    "<Obj RefId=\"0\">\r\n    <TN RefId=\"0\">\r\n      <T>System.Object</T>\r\n    </TN>\r\n    <Props>\r\n"
    "      <I32 N=\"Id\">9646</I32>\r\n      <Nil N=\"Version\" />\r\n      <S N='Empty'></S><S N=\"A\"\r\n "
    "B = "
    "\"x\"> a\r\rb\n </S>\r\n      <Obj N=\"Properties\" RefId=\"3\">\r\n        <LST>\r\n          <Obj>\r\n"
    "            <Props><S N=\"Value\">32</S></Props>\r\n          </Obj>\r\n        </LST>\r\n      "
    "</Obj>\r\n"
    "    </Props>\r\n    <MS>\r\n      <S N=\"Message\">a_x000D_&apos;b&quot;</S>\r\n    </MS>\r\n  </Obj>",
    "<a>&#32;<b/>&#10;</a>",
    "<a/>",
};

Test(element_walk, what_serializers_write_is_plain_and_the_same_by_expat)
{
    for (size_t i = 0; i < sizeof serialized / sizeof *serialized; i++)
        cr_assert(is_plain(sv_from(serialized[i])), "%s", serialized[i]);
}

Test(element_walk, what_is_rare_or_wrong_is_left_to_expat)
{
    static const char *const others[] = {
        "",
        "<",
        "a",
        "<a",
        "<a/",
        "<a>",
        "<a></b>",
        "<a></a",
        "<a></a></a>",
        "<a></a><b/>",
        "<a>text<b/></a>",
        "<a><b/>text</a>",
        "<a>&#65;<b/></a>",
        "<a><!-- 1 --></a>",
        "<a><![CDATA[x]]></a>",
        "<a><?x y?></a>",
        "<a>]]></a>",
        "<a>&unknown;</a>",
        "<a>&#0;</a>",
        "<a>&amp</a>",
        "<a x=1></a>",
        "<a x=\"&amp;\"></a>",
        "<a x=\"1\" x=\"2\"></a>",
        "<a x=\"1\"y=\"2\"></a>",
        "<a x=\"<\"></a>",
        "<p:a></p:a>",
        "<\xc3\xbc></\xc3\xbc>",
        "<a>\x01</a>",
        "<a>\xff</a>",
        "<a>\xef\xbf\xbf</a>",
        "< a></a>",
        "<a>< b/></a>",
        "<a></ a>",
    };
    for (size_t i = 0; i < sizeof others / sizeof *others; i++)
        cr_assert_not(is_plain(sv_from(others[i])), "%s", others[i]);
}

Test(element_walk, any_changed_byte_is_told_the_same_or_left_to_expat)
{
    static const char bytes[] = "<>/&;#\"'=] \r\n\tx1:!-\x01\x7f\xc3";
    char text[1024];
    unsigned taken = 0;
    for (size_t i = 0; i < sizeof serialized / sizeof *serialized; i++) {
        size_t n = strlen(serialized[i]);
        cr_assert_leq(n, sizeof text);
        for (size_t at = 0; at < n; at++)
            for (const char *b = bytes; *b; b++) {
                memcpy(text, serialized[i], n);
                text[at] = *b;
                taken += is_plain(sv_make(text, n));
            }
    }
    cr_assert_gt(taken, 1000, "most changes of a text leave it plain");
}

Test(element_walk, any_end_that_is_cut_off_is_left_to_expat)
{
    for (size_t i = 0; i < sizeof serialized / sizeof *serialized; i++)
        for (size_t n = 0; n < strlen(serialized[i]); n++) {
            char *p = malloc(n ? n : 1); /* a sanitizer then sees a read behind the end */
            cr_assert_not_null(p);
            memcpy(p, serialized[i], n);
            cr_assert_not(is_plain(sv_make(p, n)), "%.*s", (int)n, serialized[i]);
            free(p);
        }
}

/* count elements within each other, or beside each other. */
static struct sv elements(struct buf *b, unsigned count, bool nested)
{
    buf_reset(b);
    buf_lit(b, "<r>");
    for (unsigned i = 0; i < count; i++)
        buf_put(b, nested ? SV("<a>") : SV("<a></a>"));
    for (unsigned i = 0; nested && i < count; i++)
        buf_lit(b, "</a>");
    buf_lit(b, "</r>");
    return buf_sv(b);
}

Test(element_walk, more_elements_than_the_short_way_holds_are_left_to_expat)
{
    struct buf b;
    buf_init(&b, 1 << 20);
    cr_assert(is_plain(elements(&b, ELEMENT_DEPTH_MAX - 1, true)));
    cr_assert_not(is_plain(elements(&b, ELEMENT_DEPTH_MAX, true)));
    cr_assert(is_plain(elements(&b, 511, false)));
    cr_assert_not(is_plain(elements(&b, 512, false)));
    buf_reset(&b);
    buf_printf(&b, "<%064u></%064u>", 1, 1);
    b.p[1] = 'a';
    b.p[1 + 64 + 3] = 'a';
    cr_assert(is_plain(buf_sv(&b)));
    buf_reset(&b);
    buf_printf(&b, "<a N=\"%065u\"/>", 1);
    cr_assert_not(is_plain(buf_sv(&b)));
    buf_free(&b);
}
