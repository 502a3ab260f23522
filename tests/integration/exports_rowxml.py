# SPDX-License-Identifier: Apache-2.0
"""Log Parser's `-i:EVT -o:XML`, from exports.Event objects. zone: the offset of the server, which is not written."""
import datetime
from xml.sax.saxutils import escape

from exports import message
from exports_syslog import utc

HEAD = ('<?xml version="1.0" encoding="ISO-8859-1" standalone="yes" ?>\r\n'
        '<ROOT DATE_CREATED="2026-02-18 12:00:00" CREATED_BY="Microsoft Log Parser V2.2">\r\n')


def rows(events, zone=datetime.timezone.utc, compact=False):
    text = HEAD
    for e in events:
        cells = [("EventLog", "Application"), ("RecordNumber", e.record_id),
                 ("TimeGenerated", f"{utc(e).astimezone(zone):%Y-%m-%d %H:%M:%S}"), ("EventID", e.event_id),
                 ("EventType", 1), ("EventTypeName", "Error event"), ("EventCategory", 6),
                 ("EventCategoryName", "General"), ("SourceName", e.provider), ("Strings", "|".join(e.strings)),
                 ("ComputerName", e.computer), ("SID", ""), ("Message", message(e)), ("Data", "")]
        if compact:
            text += "<ROW>" + "".join(f"<{k}>{escape(str(v))}</{k}>" for k, v in cells) + "</ROW>\r\n"
        else:
            text += (" <ROW>\r\n" + "".join(f"  <{k}>\r\n  {escape(str(v))}\r\n  </{k}>\r\n" for k, v in cells)
                     + " </ROW>\r\n")
    return text + "</ROOT>\r\n"
