#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Event texts through `mapitail cat`: every published sample, pages as people paste them, every tool's layout."""
import codecs
import html
import json

import exports
import exports_text
from harness import Agent, config, contains, equal, holds, main, mapitail, shared

LAYOUTS = {
    "clipboard": exports_text.clipboard,
    "copy_details": exports_text.copy_details,
    "copy_details_without_xml": lambda e: exports_text.copy_details(e, xml=False),
    "wevtutil": exports_text.wevtutil,
    "psloglist": exports_text.psloglist,
    "winevent_list": exports_text.winevent_list,
    "winevent_short_list": lambda e: exports_text.winevent_list(e, everything=False),
    "eventlog_list": exports_text.eventlog_list,
    "eventlog_short_list": lambda e: exports_text.eventlog_list(e, everything=False),
}
# These carry record id and computer.
WITH_IDENTITY = ("copy_details", "psloglist", "winevent_list", "eventlog_list")


def expected_fields(record):
    """The fields of the sample table, read from a shipped record."""
    mapi = record["microsoft"]["exchange"]["mapi"]
    session, limit = mapi.get("session", {}), mapi.get("limit", {})
    client = mapi.get("client", {}).get("type")
    return {
        "mailbox_guid": mapi.get("mailbox", {}).get("guid"), "legacy_dn": session.get("dn"),
        "organization": mapi.get("organization"), "admin_group": mapi.get("admin_group"),
        "recipients_container": session.get("container"), "user": record.get("user", {}).get("name"),
        "client_type": client and client.lower(), "limit": limit.get("value"), "object_type": limit.get("object_type"),
        "complete": mapi["complete"],
    }


def samples(prefix):
    table = shared("facts/event-9646-samples.jsonl").read_text().splitlines()
    return [s for s in map(json.loads, table) if s["id"].startswith(prefix)]


def cat(text, *arguments):
    if isinstance(text, str):
        text = text.encode()
    got = mapitail("cat", *arguments, "-", stdin=text)
    return got, got.records()


def check_samples(prefix, change=lambda text: text):
    wrong = []
    for sample in samples(prefix):
        got, records = cat(change(sample["text"]))
        want = {**sample["expect"], "client_type": sample["expect"]["client_type"] and sample["expect"]["client_type"].lower()}
        if [expected_fields(r) for r in records] != [want] or "damaged" in got.err:
            wrong.append((sample["id"], [expected_fields(r) for r in records], want, got.err))
    equal(wrong, [], prefix)


def test_every_published_block_gives_its_expected_fields(_):
    check_samples("block-")


def test_every_published_message_is_recognized_without_a_block_around_it(_):
    check_samples("msg-")


def test_blocks_between_prose_give_the_same_fields(_):
    prose = "We see this on three servers.\nWho can help?\n\n"
    check_samples("block-", lambda text: prose + text + "\n\n" + prose)


def test_blocks_as_escaped_html_give_the_same_fields(_):
    def escaped(text):
        if "&lt;" in text:
            return text
        return html.escape("<p>" + html.escape(text, quote=False).replace("\n", "<BR>\n") + "</p>\n", quote=False)
    check_samples("block-", escaped)


def test_blocks_with_windows_line_ends_in_utf_16_give_the_same_fields(_):
    check_samples("block-", lambda text: codecs.BOM_UTF16_LE + text.replace("\n", "\r\n").encode("utf-16-le"))


def test_each_founding_document_holds_one_event(_):
    for page in sorted(shared("founding").glob("0*.txt")):
        got = mapitail("cat", page)
        equal([expected_fields(r)["limit"] for r in got.records()], [32], page.name)
        equal([expected_fields(r)["complete"] for r in got.records()], [True], page.name)
        equal((got.code, "damaged" in got.err), (0, False), page.name)


def test_look_alikes_are_no_events(_):
    for text in ("Event ID: 9646 is described below.\nSource: the manual\n",
                 "mapi night “/ o = First Organization / cn = x exceeded the maximum of things\n",
                 "Exchange 2007: Mapi session exceeded the maximum of 32 objects of type “session”\n",
                 "Event ID: 9646\nSource: ESE\nDescription:\nThe database is full.\n",
                 "Event Type:\tError\nEvent Source:\tMSExchangeIS\nEvent ID:\t19646\nDescription:\nNumber 9646 of MSExchangeIS\n",
                 "Event ID: 96460\nSource: MSExchangeIS\nDescription:\nEvent 9646 came before.\n"):
        equal([r["message"] for r in cat(text)[1]], [], text)


def test_every_layout_gives_exactly_the_wanted_events(_):
    events = exports.mixed(300, share=0.2)
    wanted = [e for e in events if e.wanted]
    for name, write in LAYOUTS.items():
        got, records = cat(write(events))
        equal([r["user"]["name"] for r in records], [e.strings[0].rsplit("=", 1)[1] for e in wanted], name)
        equal([r["@timestamp"][:19] + "Z" for r in records], [e.second for e in wanted], name)
        holds(all(expected_fields(r)["complete"] for r in records), name)
        level = None if name == "winevent_short_list" else "error"
        holds(all(r["log"].get("level") == level for r in records), name)
        holds("damaged" not in got.err, got.err)


def test_event_ids_are_those_of_the_xml_export(_):
    events = exports.mixed(100, share=0.3)
    for name in WITH_IDENTITY:
        _, records = cat(LAYOUTS[name](events))
        equal([r["event"]["id"] for r in records], exports.wanted_ids(events), name)


def test_strings_survive_a_comma_in_a_name(_):
    event = exports.Event(7, [exports.dn("Smith, John"), "MoMT", "500", "Folder"], qualifiers=49156)
    for write in (exports_text.eventlog_list, exports_text.copy_details):
        fields = [expected_fields(r) for r in cat(write([event]))[1]]
        equal([(f["user"], f["client_type"], f["limit"]) for f in fields], [("Smith, John", "momt", 500)], write.__name__)


def test_the_strings_behind_a_missing_description_are_read(_):
    missing = ("The description for Event ID 9646 from source MSExchangeIS cannot be found. Either the component that raises this "
               "event is not installed on your local computer or the installation is corrupted. You can install or repair the "
               "component on the local computer.\n\nIf the event originated on another computer, the display information had to "
               f"be saved with the event.\n\nThe following information was included with the event: \n\n{exports.dn('jdoe')}\n"
               "32\nsession\n\nThe message resource is present but the message was not found in the message table\n")
    events = [exports.Event(n, ["x"], message=missing) for n in (1, 2)]
    for name, write in LAYOUTS.items():
        fields = [expected_fields(r) for r in cat(write(events))[1]]
        equal([(f["user"], f["limit"], f["object_type"]) for f in fields][:1], [("jdoe", 32, "session")], name)


def test_blocks_without_any_line_break_are_all_found(_):
    events = [exports.limit_event(n) for n in range(1, 6)]
    text = exports_text.clipboard(events).replace("\r\n", "").replace("\t", "")
    equal([r["user"]["name"] for r in cat(text)[1]], [f"user{n}" for n in range(1, 6)], "run together")



TURNED = 'Level,Date and Time,Source,Event ID,Task Category\n' + "".join(
    f'Error,{date} 10:00:00,MSExchangeIS,9646,General,"Mapi session ""/o=O/ou=G/cn=Recipients/cn=u"" exceeded the maximum of '
    '32 objects of type ""session""."\n' for date in ("05/02/2026", "18/02/2026"))


def test_the_order_of_dates_that_a_file_tells_is_said(directory):
    path = directory / "turned.csv"
    path.write_text(TURNED)
    result = mapitail("cat", "--timezone", "UTC", path)
    equal([r["@timestamp"][:10] for r in result.records()], ["2026-02-05", "2026-02-18"])
    contains(result.err, "its own dates tell that their order is dmy")
    said = mapitail("cat", "--timezone", "UTC", "--date-order", "dmy", path)
    equal("dates tell" in said.err, False, "nothing is said where the order is set")
    output = {"name": "out", "type": "file", "path": str(directory / "out.ndjson")}
    with Agent(config(directory, [path], [output]), "--once") as agent:
        equal(agent.wait(), 0, agent.log())
        equal(agent.log().count("its own dates tell that their order is dmy"), 1, "said once")


if __name__ == "__main__":
    main()
