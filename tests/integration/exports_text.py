# SPDX-License-Identifier: Apache-2.0
"""Event texts as Windows and its tools write them, from the events of exports.py. Times are those of a server in UTC."""
import datetime

import exports
from exports import message

def wall(event):
    return datetime.datetime.strptime(event.second, "%Y-%m-%dT%H:%M:%SZ")


def american(moment):
    """2/18/2026 10:00:01 AM"""
    clock = f"{(moment.hour + 11) % 12 + 1}:{moment:%M:%S} {'AM' if moment.hour < 12 else 'PM'}"
    return f"{moment.month}/{moment.day}/{moment.year}", clock


def crlf(text):
    return text.replace("\n", "\r\n")


def clipboard(events):
    """Windows 2003, Event Viewer, the copy button of an event."""
    parts = []
    for e in events:
        date, clock = american(wall(e))
        parts.append(f"Event Type:\tError\nEvent Source:\t{e.provider}\nEvent Category:\tGeneral \nEvent ID:\t{e.event_id}\n"
                     f"Date:\t\t{date}\nTime:\t\t{clock}\nUser:\t\tN/A\nComputer:\t{e.computer.split('.')[0].upper()}\n"
                     f"Description:\n{message(e)}\n\nFor more information, see Help and Support Center at "
                     "http://go.microsoft.com/fwlink/events.asp.\nData:\n0000: 5b 44 49 41 47 5f 43 54   [DIAG_CT\n"
                     "0008: 58 5d 00 00               X]..    \n\n")
    return crlf("".join(parts))


def copy_details(events, xml=True):
    """Windows 2008 and later, Event Viewer, "Copy details as text"; the XML view adds the event's XML."""
    parts = []
    for e in events:
        text = (f"Log Name:      Application\nSource:        {e.provider}\nDate:          {' '.join(american(wall(e)))}\n"
                f"Event ID:      {e.event_id}\nTask Category: General\nLevel:         Error\nKeywords:      Classic\n"
                f"User:          N/A\nComputer:      {e.computer}\nDescription:\n{message(e)}\n")
        if xml:
            body = exports.wevtutil(e, quote='"').replace("><", ">\n  <")
            text += f"Event Xml:\n{body}\n"
        parts.append(text)
    return crlf("".join(parts))


def wevtutil(events):
    """wevtutil qe Application /f:text"""
    parts = []
    for n, e in enumerate(events):
        parts.append(f"Event[{n}]:\n  Log Name: Application\n  Source: {e.provider}\n  Date: {wall(e):%Y-%m-%dT%H:%M:%S}.123\n"
                     f"  Event ID: {e.event_id}\n  Task: General\n  Level: Error\n  Opcode: N/A\n  Keyword: Classic\n"
                     f"  User: N/A\n  User Name: N/A\n  Computer: {e.computer}\n  Description: \n{message(e)}\n\n")
    return crlf("".join(parts))


def psloglist(events):
    """psloglist Application"""
    host = events[0].computer.split(".")[0].upper() if events else "SERVER"
    parts = [f"Application log on \\\\{host}:\n"]
    for e in events:
        parts.append(f"[{e.record_id}] {e.provider}\n   Type:     ERROR\n   Computer: {e.computer.split('.')[0].upper()}\n"
                     f"   Time:     {' '.join(american(wall(e)))}   ID:       {e.event_id}\n{message(e)}\n\n")
    return crlf("".join(parts))


def wrapped(text, width):
    """Words in lines of width, as PowerShell breaks the values of a list."""
    lines = []
    for paragraph in text.split("\n"):
        line = ""
        for word in paragraph.split(" "):
            if line and len(line) + 1 + len(word) > width:
                lines.append(line)
                line = word
            else:
                line = f"{line} {word}" if line else word
        lines.append(line)
    return lines


def format_list(pairs, width=119):
    column = max(len(name) for name, _ in pairs) + 1
    lines = []
    for name, value in pairs:
        first, *rest = wrapped(str(value), width - column - 2)
        lines.append(f"{name:<{column}}: {first}")
        lines += [" " * (column + 2) + line for line in rest]
    return "\n".join(lines) + "\n\n"


def winevent_list(events, everything=True):
    """Get-WinEvent … | Format-List *; without everything: | Format-List, which has neither record nor computer."""
    parts = ["\n\n"]
    for e in events:
        date = " ".join(american(wall(e)))
        few = [("TimeCreated", date), ("ProviderName", e.provider), ("Id", e.event_id), ("Message", message(e))]
        many = [("Message", message(e)), ("Id", e.event_id), ("Version", ""), ("Qualifiers", e.qualifiers), ("Level", 2),
                ("Task", 6), ("Opcode", ""), ("Keywords", 36028797018963968), ("RecordId", e.record_id),
                ("ProviderName", e.provider), ("ProviderId", ""), ("LogName", "Application"), ("ProcessId", ""),
                ("ThreadId", ""), ("MachineName", e.computer), ("UserId", ""), ("TimeCreated", date), ("ActivityId", ""),
                ("RelatedActivityId", ""), ("ContainerLog", "application"), ("MatchedQueryIds", "{}"),
                ("Bookmark", "System.Diagnostics.Eventing.Reader.EventBookmark"), ("LevelDisplayName", "Error"),
                ("OpcodeDisplayName", ""), ("TaskDisplayName", "General"), ("KeywordsDisplayNames", "{Classic}"),
                ("Properties", "{" + ", ".join(["System.Diagnostics.Eventing.Reader.EventProperty"] * 3) + "}")]
        parts.append(format_list(many if everything else few))
    return crlf("".join(parts))


def eventlog_list(events, everything=True):
    """Get-EventLog Application | Format-List *; without everything: | Format-List, which names no computer."""
    parts = ["\n\n"]
    for e in events:
        date = " ".join(american(wall(e)))
        strings = "{" + ", ".join(e.strings) + "}"
        instance = e.qualifiers << 16 | e.event_id
        few = [("Index", e.record_id), ("EntryType", "Error"), ("InstanceId", instance), ("Message", message(e)),
               ("Category", "General"), ("CategoryNumber", 6), ("ReplacementStrings", strings), ("Source", e.provider),
               ("TimeGenerated", date), ("TimeWritten", date), ("UserName", "")]
        many = [("EventID", e.event_id), ("MachineName", e.computer), ("Data", "{}"), ("Index", e.record_id),
                ("Category", "General"), ("CategoryNumber", 6), ("EntryType", "Error"), ("Message", message(e)),
                ("Source", e.provider), ("ReplacementStrings", strings), ("InstanceId", instance), ("TimeGenerated", date),
                ("TimeWritten", date), ("UserName", ""), ("Site", ""), ("Container", "")]
        parts.append(format_list(many if everything else few))
    return crlf("".join(parts))
