/* SPDX-License-Identifier: Apache-2.0 */
/* The XML encoder: originals as they are, and events made into XML from their facts. */
#include "sample_records.h"

#include <criterion/criterion.h>

extern const struct encoder_ops encoder_xml;

static struct sample s;
static struct buf out;

static void setup(void)
{
    buf_init(&out, 1 << 20);
    sample_native(&s);
}

static void teardown(void)
{
    buf_free(&out);
}

TestSuite(enc_xml, .init = setup, .fini = teardown);

static void expect(const char *xml)
{
    buf_reset(&out);
    cr_assert_eq(encoder_xml.encode(&s.context, &s.record, 1, &out), ENCODE_OK);
    cr_assert(sv_eq(buf_sv(&out), sv_from(xml)), "%.*s", SV_ARG(buf_sv(&out)));
}

#define XMLNS " xmlns='http://schemas.microsoft.com/win/2004/08/events/event'"

Test(enc_xml, an_original_in_xml_goes_out_byte_for_byte)
{
    static const char original[] = "<Event" XMLNS ">\r\n  <System/>\n</Event>";
    s.event.original = sv_from(original);
    expect(original);
}

Test(enc_xml, an_event_of_another_format_is_made_into_xml)
{
    struct event *e = &s.event;
    event_clear(e);
    e->original = SV("Error,MSExchangeIS,9646");
    e->provider = SV("A 'quoted' & <odd> name");
    e->event_id = opt_u64(9646);
    e->qualifiers = opt_u64(49158);
    e->version = opt_u64(0);
    e->level = opt_u64(2);
    e->task = opt_u64(6);
    e->opcode = opt_u64(1);
    e->keywords = opt_u64(UINT64_C(0x80000000000000));
    sample_time(&e->time, "2026-02-18T10:30:01.123456Z");
    e->time_text = SV("18.02.2026 11:30:01");
    e->record_id = opt_u64(126268);
    e->activity_id = SV("{391f2712-f104-0001-e9ab-1f3904f1d501}");
    e->process_id = opt_u64(4711);
    e->thread_id = opt_u64(4712);
    e->channel = SV("Application");
    e->computer = SV("exch01.contoso.com");
    e->user_sid = SV("S-1-5-18");
    event_add_datum(e, SV_ABSENT, SV("a<b"));
    event_add_datum(e, SV("limit"), SV(""));
    e->binary = SV("0700");
    e->culture = SV("en-US");
    e->message = SV("Mapi session \"x\" & so on");
    e->level_text = SV("Error");
    e->keyword_texts[e->keyword_text_count++] = SV("Classic");
    expect("<Event" XMLNS "><System><Provider Name='A &apos;quoted&apos; &amp; &lt;odd&gt; name'/>"
           "<EventID Qualifiers='49158'>9646</EventID><Version>0</Version><Level>2</Level><Task>6</Task>"
           "<Opcode>1</Opcode><Keywords>0x80000000000000</Keywords>"
           "<TimeCreated SystemTime='2026-02-18T10:30:01.123456Z'/><EventRecordID>126268</EventRecordID>"
           "<Correlation ActivityID='{391f2712-f104-0001-e9ab-1f3904f1d501}'/>"
           "<Execution ProcessID='4711' ThreadID='4712'/><Channel>Application</Channel>"
           "<Computer>exch01.contoso.com</Computer><Security UserID='S-1-5-18'/></System>"
           "<EventData><Data>a&lt;b</Data><Data Name='limit'></Data><Binary>0700</Binary></EventData>"
           "<RenderingInfo Culture='en-US'><Message>Mapi session \"x\" &amp; so on</Message>"
           "<Level>Error</Level><Keywords><Keyword>Classic</Keyword></Keywords></RenderingInfo></Event>");
}

Test(enc_xml, what_is_not_known_has_no_element)
{
    event_clear(&s.event);
    expect("<Event" XMLNS "><System><Provider/><Security/></System><EventData></EventData></Event>");
    s.event.time_text = SV("no time at all");
    expect("<Event" XMLNS "><System><Provider/><TimeCreated SystemTime='no time at all'/><Security/></System>"
           "<EventData></EventData></Event>");
}

Test(enc_xml, a_message_over_the_limit_leaves_the_buffer_as_it_was)
{
    buf_reset(&out);
    buf_lit(&out, "before");
    s.event.original = SV("<Event><System/></Event>");
    s.context.max_bytes = s.event.original.n - 1;
    cr_assert_eq(encoder_xml.encode(&s.context, &s.record, 1, &out), ENCODE_TOO_LARGE);
    cr_assert(sv_eq(buf_sv(&out), SV("before")));
    s.context.max_bytes++;
    cr_assert_eq(encoder_xml.encode(&s.context, &s.record, 1, &out), ENCODE_OK);
}
