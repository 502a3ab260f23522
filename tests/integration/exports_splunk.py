# SPDX-License-Identifier: Apache-2.0
"""Splunk's WinEventLog text, from exports.Event objects. zone: the offset of the server, which is not written."""
import datetime

from exports import message
from exports_syslog import utc


def pairs(event):
    return [("LogName", "Application"), ("SourceName", event.provider), ("EventCode", event.event_id), ("EventType", 2),
            ("Type", "Error"), ("ComputerName", event.computer), ("TaskCategory", "General"), ("OpCode", "None"),
            ("RecordNumber", event.record_id), ("Keywords", "Classic"), ("Message", message(event))]


def lines(events, zone=datetime.timezone.utc):
    """One pair per line, as the forwarder writes them; a 12-hour clock."""
    return "".join(utc(e).astimezone(zone).strftime("%m/%d/%Y %I:%M:%S %p\n")
                   + "".join(f"{k}={v}\n" for k, v in pairs(e)) for e in events)


def blanks(events, zone=datetime.timezone.utc):
    """All pairs behind the time, whose 24-hour clock carries AM or PM."""
    return "".join(utc(e).astimezone(zone).strftime("%m/%d/%Y %H:%M:%S %p ")
                   + " ".join(f"{k}={v}" for k, v in pairs(e)) + "\n" for e in events)
