# SPDX-License-Identifier: Apache-2.0
"""Tables of events as Windows and its tools write them, from the events of exports.py. Times are those of a server in UTC."""
import datetime

from exports import message

VIEWER = {
    "en": (("Level", "Date and Time", "Source", "Event ID", "Task Category"), "Error", "General"),
    "de": (("Ebene", "Datum und Uhrzeit", "Quelle", "Ereignis-ID", "Aufgabenkategorie"), "Fehler", "Allgemein"),
    "fr": (("Niveau", "Date et heure", "Source", "ID de l’événement", "Catégorie de la tâche"), "Erreur", "Général"),
    "ja": (("レベル", "日付と時刻", "ソース", "イベント ID", "タスクのカテゴリ"), "エラー", "全般"),
}


def wall(event):
    return datetime.datetime.strptime(event.second, "%Y-%m-%dT%H:%M:%SZ")


def american(event):
    """The date and the clock of Windows in US English: 2/18/2026, 10:00:01 AM."""
    t = wall(event)
    return f"{t.month}/{t.day}/{t.year}", f"{(t.hour + 11) % 12 + 1}:{t:%M:%S} {'AM' if t.hour < 12 else 'PM'}"


def iso(event):
    return wall(event).strftime("%Y-%m-%d %H:%M:%S")


def full_id(event):
    return event.qualifiers << 16 | event.event_id


def netbios(event):
    return event.computer.split(".")[0].upper()


def quoted(text):
    return '"' + text.replace('"', '""') + '"'


def needed(text, delimiter):
    """Quotes where the content makes them necessary."""
    return quoted(text) if any(c in text for c in delimiter + '"\r\n') else text


def table(rows, delimiter=",", header=None, quote=needed):
    """quote: of one cell; None cells are left empty without quotes."""
    lines = [] if header is None else [delimiter.join(header)]
    for row in rows:
        lines.append(delimiter.join("" if cell is None else quote(str(cell), delimiter) for cell in row))
    return "".join(line + "\r\n" for line in lines)


def viewer_2003(events, delimiter=","):
    """Windows 2003, Event Viewer, "Save Log File As", CSV or (TAB) text."""
    return table(((*american(e), e.provider, "Error", "General", e.event_id, "N/A", netbios(e), message(e) + "\r\n")
                  for e in events), delimiter)


def viewer(events, delimiter=",", language="en"):
    """Windows 2008 and later, Event Viewer, "Save All Events As", CSV or (TAB) text."""
    header, level, category = VIEWER[language]

    def moment(event):
        t = wall(event)
        return {"en": " ".join(american(event)), "de": f"{t:%d.%m.%Y %H:%M:%S}", "fr": f"{t:%d/%m/%Y %H:%M:%S}",
                "ja": f"{t:%Y/%m/%d %H:%M:%S}"}[language]

    rows = ((level, moment(e), e.provider, e.event_id, category) for e in events)
    text = delimiter.join(header) + "\r\n"
    for event, row in zip(events, rows):
        text += delimiter.join(needed(str(c), delimiter) for c in row) + delimiter + quoted(message(event)) + "\r\n"
    return text


WINEVENT = ("Message", "Id", "Version", "Qualifiers", "Level", "Task", "Opcode", "Keywords", "RecordId", "ProviderName",
            "ProviderId", "LogName", "ProcessId", "ThreadId", "MachineName", "UserId", "TimeCreated", "ActivityId",
            "RelatedActivityId", "ContainerLog", "MatchedQueryIds", "Bookmark", "LevelDisplayName", "OpcodeDisplayName",
            "TaskDisplayName", "KeywordsDisplayNames", "Properties")


def winevent(events, delimiter=",", type_line=True):
    """Get-WinEvent | Export-Csv; delimiter ";" is -UseCulture in many countries, no type line -NoTypeInformation."""
    def row(e):
        return (message(e), e.event_id, None, e.qualifiers, 2, 6, None, 36028797018963968, e.record_id, e.provider, None,
                "Application", None, None, e.computer, None, " ".join(american(e)), None, None, "Application",
                "System.UInt32[]", "System.Diagnostics.Eventing.Reader.EventBookmark", "Error", None, "General",
                "System.Collections.ObjectModel.ReadOnlyCollection`1[System.String]",
                "System.Collections.Generic.List`1[System.Diagnostics.Eventing.Reader.EventProperty]")
    head = "#TYPE System.Diagnostics.Eventing.Reader.EventLogRecord\r\n" if type_line else ""
    return head + table(map(row, events), delimiter, map(quoted, WINEVENT), lambda cell, _: quoted(cell))


EVENTLOG = ("EventID", "MachineName", "Data", "Index", "Category", "CategoryNumber", "EntryType", "Message", "Source",
            "ReplacementStrings", "InstanceId", "TimeGenerated", "TimeWritten", "UserName", "Site", "Container")


def eventlog(events, delimiter=","):
    """Get-EventLog | Export-Csv."""
    def row(e):
        moment = " ".join(american(e))
        return (e.event_id, e.computer, "System.Byte[]", e.record_id, "General", 6, "Error", message(e), e.provider,
                "System.String[]", full_id(e), moment, moment, None, None, None)
    kind = f"#TYPE System.Diagnostics.EventLogEntry#Application/{events[0].provider}/{full_id(events[0])}\r\n" if events else ""
    return kind + table(map(row, events), delimiter, map(quoted, EVENTLOG), lambda cell, _: quoted(cell))


LOG_PARSER = ("EventLog", "RecordNumber", "TimeGenerated", "TimeWritten", "EventID", "EventType", "EventTypeName",
              "EventCategory", "EventCategoryName", "SourceName", "Strings", "ComputerName", "SID", "Message", "Data")


def log_parser(events, delimiter=","):
    """LogParser "SELECT * FROM Application" -i:EVT -o:CSV or (TAB) -o:TSV. Line breaks of a message become blanks; tab
    separated values are not quoted."""
    def row(e):
        return ("Application", e.record_id, iso(e), iso(e), e.event_id, 1, "Error event", 6, "General", e.provider,
                "|".join(e.strings), e.computer, None, " ".join(message(e).split()), None)
    quote = needed if delimiter == "," else lambda cell, _: cell
    return table(map(row, events), delimiter, LOG_PARSER, quote)


def psloglist(events, delimiter=","):
    """psloglist -s application."""
    text = f"Application log on \\\\{netbios(events[0]) if events else 'X'}:\r\n"
    for e in events:
        text += delimiter.join((str(e.record_id), "Application", e.provider, "ERROR", netbios(e), " ".join(american(e)),
                                str(e.event_id), "None", " ".join(message(e).split()))) + "\r\n"
    return text


WMIC = ("Node", "Category", "CategoryString", "ComputerName", "Data", "EventCode", "EventIdentifier", "EventType",
        "InsertionStrings", "Logfile", "Message", "RecordNumber", "SourceName", "TimeGenerated", "TimeWritten", "Type", "User")


def wmic(events):
    """wmic ntevent where "LogFile='Application'" get /format:csv >FILE: a CR too many at each line end."""
    text = "\r\r\n" + ",".join(WMIC) + "\r\r\n"
    for e in events:
        moment = wall(e).strftime("%Y%m%d%H%M%S.000000+000")
        strings = "{" + ";".join(f'"{s}"' for s in e.strings) + "}"
        text += ",".join((netbios(e), "6", "General", e.computer, "", str(e.event_id), str(full_id(e)), "1", strings,
                          "Application", message(e), str(e.record_id), e.provider, moment, moment, "Error", "")) + "\r\r\n"
    return text


# name: how the file's text is made, and whether record id and computer are in it, so that ids are those of other exports.
LAYOUTS = {
    "viewer-2003.csv": (viewer_2003, False),
    "viewer-2003.txt": (lambda events: viewer_2003(events, "\t"), False),
    "viewer.csv": (viewer, False),
    "viewer.txt": (lambda events: viewer(events, "\t"), False),
    "viewer-de.csv": (lambda events: viewer(events, language="de"), False),
    "viewer-fr.csv": (lambda events: viewer(events, language="fr"), False),
    "viewer-ja.csv": (lambda events: viewer(events, language="ja"), False),
    "winevent.csv": (winevent, True),
    "winevent-culture.csv": (lambda events: winevent(events, ";", False), True),
    "eventlog.csv": (eventlog, True),
    "log-parser.csv": (log_parser, True),
    "log-parser.tsv": (lambda events: log_parser(events, "\t"), True),
    "psloglist.csv": (psloglist, True),
    "wmic.csv": (wmic, True),
}
