# SPDX-License-Identifier: Apache-2.0
"""Event exports as Windows writes them, with the records that must come out of them.

Written from the published layouts and independent of the program: the ids here are computed by Python's own uuid.
"""
import datetime
import random
import uuid
from xml.sax.saxutils import escape

NAMESPACE = uuid.UUID("38b20e13-d9bb-5145-bc68-a947215aa548")
XMLNS = "http://schemas.microsoft.com/win/2004/08/events/event"
START = datetime.datetime(2026, 2, 18, 10, 0, 0, tzinfo=datetime.timezone.utc)


class Event:
    """One event; strings are the insertion strings."""

    def __init__(self, record_id, strings, *, provider="MSExchangeIS", event_id=9646, qualifiers=49158,
                 computer="exch01.contoso.com", seconds=None, message=None, time=None):
        self.record_id, self.strings, self.provider, self.event_id = record_id, strings, provider, event_id
        self.qualifiers, self.computer, self.message = qualifiers, computer, message
        moment = START + datetime.timedelta(seconds=record_id if seconds is None else seconds)
        self.second = moment.strftime("%Y-%m-%dT%H:%M:%SZ")
        self.time = moment.strftime("%Y-%m-%dT%H:%M:%S.1234567Z") if time is None else time

    @property
    def id(self):
        host = self.computer.split(".")[0].lower()
        name = f"{host}|{self.provider.lower()}|{self.event_id}|{self.record_id}|{self.second}"
        return str(uuid.uuid5(NAMESPACE, name))

    @property
    def wanted(self):
        return self.provider.startswith("MSExchangeIS") and self.event_id == 9646


def seconds(event):
    """Unix seconds of the event's time."""
    return int(datetime.datetime.fromisoformat(event.second.replace("Z", "+00:00")).timestamp())


SENTENCES = {3: 'Mapi session "{0}" exceeded the maximum of {1} objects of type "{2}".',
             4: 'Mapi session "{0}" with client type "{1}" exceeded the maximum of {2} objects of type "{3}".'}


def message(event):
    """The rendered sentence, of an event that has none of its own made from its strings."""
    if event.message is not None:
        return event.message
    if event.wanted and len(event.strings) in SENTENCES:
        return SENTENCES[len(event.strings)].format(*event.strings)
    return "What happened: " + "; ".join(event.strings)


def wevtutil(event, quote="'", rendered=None):
    """One event as `wevtutil qe /f:xml` prints it; rendered: a culture, for /f:RenderedXml."""
    q = quote
    text = (f"<Event xmlns={q}{XMLNS}{q}><System><Provider Name={q}{escape(event.provider)}{q}/>"
            f"<EventID Qualifiers={q}{event.qualifiers}{q}>{event.event_id}</EventID><Level>2</Level><Task>6</Task>"
            f"<Keywords>0x80000000000000</Keywords><TimeCreated SystemTime={q}{event.time}{q}/>"
            f"<EventRecordID>{event.record_id}</EventRecordID><Channel>Application</Channel>"
            f"<Computer>{event.computer}</Computer><Security/></System><EventData>")
    text += "".join(f"<Data>{escape(s)}</Data>" for s in event.strings)
    text += "</EventData>"
    if rendered:
        text += (f"<RenderingInfo Culture={q}{rendered}{q}><Message>{escape(event.message or '')}</Message>"
                 "<Level>Error</Level><Task>General</Task><Opcode></Opcode><Channel></Channel><Provider></Provider>"
                 "<Keywords><Keyword>Classic</Keyword></Keywords></RenderingInfo>")
    return text + "</Event>"


def wevtutil_file(events, **options):
    return "".join(wevtutil(e, **options) + "\r\n" for e in events)


def viewer_file(events):
    """Event Viewer's "Save as XML"."""
    return ('<?xml version="1.0" encoding="utf-8" standalone="yes"?>\r\n<Events>'
            + "".join(wevtutil(e) for e in events) + "</Events>")


def dn(user):
    return f"/o=First Organization/ou=Exchange Administrative Group (FYDIBOHF23SPDLT)/cn=Recipients/cn={user}"


def limit_event(record_id, **options):
    return Event(record_id, [dn(f"user{record_id % 97}"), "32", "session"], **options)


def events(first, count):
    """9646 with record ids from first on."""
    return [limit_event(i) for i in range(first, first + count)]


def ids(*groups):
    return [e.id for group in groups for e in group]


def decoy(record_id):
    """An event that has 9646 in it and is none."""
    kind = record_id % 5
    if kind == 0:
        return Event(record_id, ["the number 9646 in prose", "<EventID>9646</EventID>"], event_id=1000)
    if kind == 1:
        return Event(record_id, ["x"], event_id=19646)
    if kind == 2:
        return Event(record_id, ["9646"], event_id=6464, provider="MSExchangeIS Mailbox Store")
    if kind == 3:
        return Event(record_id, ["database"], event_id=9646, provider="ESE")
    return Event(record_id, ["9646", "MSExchangeIS"], event_id=1001, provider="Windows Error Reporting")


def mixed(count, share=0.1, first=1, seed=1):
    """A sequence of 9646 events and decoys."""
    rng = random.Random(seed)
    return [limit_event(i) if rng.random() < share else decoy(i) for i in range(first, first + count)]


def wanted_ids(events):
    return [e.id for e in events if e.wanted]
