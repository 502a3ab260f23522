# SPDX-License-Identifier: Apache-2.0
"""Events as the tools that know JSON write them: each function takes exports.Event objects and gives the file's text.

Written from the tools' documentation and published samples. NXLog writes local times; its file here stands for a server
in UTC, or takes the zone of the source.
"""
import datetime
import json

from exports import message

EPOCH = datetime.datetime(1970, 1, 1, tzinfo=datetime.timezone.utc)


def moment(event):
    return datetime.datetime.fromisoformat(event.second.replace("Z", "+00:00"))


def fraction(event):
    """The fraction of the event's time as written, without the dot: "1234567"."""
    return event.time.split(".")[1].rstrip("Z") if "." in event.time else ""


def full_id(event):
    return event.qualifiers << 16 | event.event_id


def date_5(event):
    """\\/Date(…)\\/ of Windows PowerShell: milliseconds, slashes escaped when it is written."""
    ms = int((moment(event) - EPOCH).total_seconds()) * 1000 + int((fraction(event) + "000")[:3])
    return f"/Date({ms})/"


def string_5(value):
    text = json.dumps(value, ensure_ascii=False)
    for char in "<>&'":
        text = text.replace(char, "\\u%04x" % ord(char))
    return text.replace("/Date(", "\\/Date(").replace(")/\"", ")\\/\"")


def text_5(value, pretty=True, column=0):
    """JSON as Windows PowerShell writes it: what is inside a bracket stands four columns to its right."""
    if not isinstance(value, (dict, list)):
        return string_5(value)
    colon, join = (":  ", ",\r\n" + " " * (column + 4)) if pretty else (":", ",")
    items = []
    for key in value:
        name = string_5(key) + colon if isinstance(value, dict) else ""
        items.append(name + text_5(value[key] if name else key, pretty, column + 4 + len(name)))
    first, last = "{}" if isinstance(value, dict) else "[]"
    if not pretty:
        return first + join.join(items) + last
    inside = " " * (column + 4) + join.join(items) if items else ""
    return f"{first}\r\n{inside}\r\n{' ' * column}{last}"


def winevent(event, time):
    return {"Message": message(event), "Id": event.event_id, "Version": None, "Qualifiers": event.qualifiers,
            "Level": 2, "Task": 6, "Opcode": None, "Keywords": 36028797018963968, "RecordId": event.record_id,
            "ProviderName": event.provider, "ProviderId": None, "LogName": "Application", "ProcessId": None,
            "ThreadId": None, "MachineName": event.computer, "UserId": None, "TimeCreated": time, "ActivityId": None,
            "RelatedActivityId": None, "ContainerLog": "application", "MatchedQueryIds": [], "Bookmark": {},
            "LevelDisplayName": "Error", "OpcodeDisplayName": "Info", "TaskDisplayName": "General",
            "KeywordsDisplayNames": ["Classic"], "Properties": [{"Value": s} for s in event.strings]}


def psh5_winevent(events):
    """Get-WinEvent | ConvertTo-Json -Depth 3, Windows PowerShell 5.1."""
    return text_5([winevent(e, date_5(e)) for e in events]) + "\r\n"


def psh5_winevent_compressed(events):
    """Get-WinEvent | ConvertTo-Json -Depth 3 -Compress, Windows PowerShell 5.1."""
    return text_5([winevent(e, date_5(e)) for e in events], pretty=False) + "\r\n"


def psh7_winevent(events):
    """Get-WinEvent | ConvertTo-Json -Depth 3, PowerShell 7."""
    return json.dumps([winevent(e, e.time) for e in events], indent=2, ensure_ascii=False) + "\n"


def psh7_winevent_lines(events):
    """Get-WinEvent | ForEach-Object { $_ | ConvertTo-Json -Depth 3 -Compress }, PowerShell 7."""
    return "".join(json.dumps(winevent(e, e.time), separators=(",", ":"), ensure_ascii=False) + "\n" for e in events)


def eventlog(event):
    return {"EventID": event.event_id, "MachineName": event.computer, "Data": [], "Index": event.record_id,
            "Category": "General", "CategoryNumber": 6, "EntryType": 1, "Message": message(event),
            "Source": event.provider, "ReplacementStrings": event.strings, "InstanceId": full_id(event),
            "TimeGenerated": date_5(event), "TimeWritten": date_5(event), "UserName": None, "Site": None,
            "Container": None}


def psh5_eventlog(events):
    """Get-EventLog Application | ConvertTo-Json, Windows PowerShell 5.1 (which alone has Get-EventLog)."""
    return text_5([eventlog(e) for e in events]) + "\r\n"


def psh5_eventlog_instance(events):
    """Get-EventLog | Select-Object … | ConvertTo-Json without EventID: the id has 32 bits."""
    return text_5([{k: v for k, v in eventlog(e).items() if k != "EventID"} for e in events]) + "\r\n"


def wmi_identifier(events):
    """Get-WmiObject Win32_NTLogEvent | Select-Object … without EventCode: 32 bits, which some tools take as signed."""
    return text_5([{"ComputerName": e.computer, "EventIdentifier": full_id(e) - (1 << 32), "EventType": 1,
                    "InsertionStrings": e.strings, "Logfile": "Application", "Message": message(e),
                    "RecordNumber": e.record_id, "SourceName": e.provider,
                    "TimeGenerated": moment(e).strftime("%Y%m%d%H%M%S.000000-000")} for e in events]) + "\r\n"


def wmi(events):
    """Get-WmiObject Win32_NTLogEvent | Select-Object … | ConvertTo-Json: times as WMI has them."""
    return text_5([{"Category": 6, "CategoryString": "General", "ComputerName": e.computer, "Data": None,
                    "EventCode": e.event_id, "EventIdentifier": full_id(e), "EventType": 1,
                    "InsertionStrings": e.strings, "Logfile": "Application", "Message": message(e),
                    "RecordNumber": e.record_id, "SourceName": e.provider,
                    "TimeGenerated": moment(e).strftime("%Y%m%d%H%M%S.000000-000"),
                    "TimeWritten": moment(e).strftime("%Y%m%d%H%M%S.000000-000"), "Type": "Error", "User": None}
                   for e in events]) + "\r\n"


def beat_fields(event):
    data = {f"param{i}": s for i, s in enumerate(event.strings, 1)}
    return {"channel": "Application", "provider_name": event.provider, "record_id": event.record_id,
            "event_id": str(event.event_id), "api": "wineventlog", "keywords": ["Classic"],
            "computer_name": event.computer, "event_data": data, "task": "General"}


def beat_time(event):
    return event.second[:-1] + "." + (fraction(event) + "000")[:3] + "Z"


def winlogbeat(events):
    """Winlogbeat 7 and 8, output.file."""
    return "".join(json.dumps({
        "@timestamp": beat_time(e), "@metadata": {"beat": "winlogbeat", "type": "_doc", "version": "8.13.0"},
        "winlog": beat_fields(e), "event": {"kind": "event", "code": str(e.event_id), "provider": e.provider},
        "log": {"level": "error"}, "message": message(e), "host": {"name": e.computer}, "ecs": {"version": "8.0.0"}},
        separators=(",", ":"), ensure_ascii=False) + "\n" for e in events)


def winlogbeat_dotted(events):
    """The same events exported with flat keys."""
    def flat(value, prefix):
        for key, inner in value.items():
            if isinstance(inner, dict):
                yield from flat(inner, f"{prefix}{key}.")
            else:
                yield prefix + key, inner
    return "".join(json.dumps({"@timestamp": beat_time(e), **dict(flat(beat_fields(e), "winlog.")),
                               "log.level": "error", "message": message(e)}, ensure_ascii=False) + "\n" for e in events)


def winlogbeat_6(events):
    """Winlogbeat 5 and 6."""
    return "".join(json.dumps({
        "@timestamp": beat_time(e), "beat": {"name": e.computer, "version": "6.8.0"}, "computer_name": e.computer,
        "event_data": {f"param{i}": s for i, s in enumerate(e.strings, 1)}, "event_id": e.event_id,
        "keywords": ["Classic"], "level": "Error", "log_name": "Application", "message": message(e),
        "record_number": str(e.record_id), "source_name": e.provider, "task": "General", "type": "wineventlog"},
        separators=(",", ":"), ensure_ascii=False) + "\n" for e in events)


def nxlog_event(event):
    return {"EventTime": moment(event).strftime("%Y-%m-%d %H:%M:%S"), "Hostname": event.computer,
            "Keywords": 36028797018963968, "EventType": "ERROR", "SeverityValue": 4, "Severity": "ERROR",
            "EventID": event.event_id, "SourceName": event.provider, "Task": 6, "RecordNumber": event.record_id,
            "ProcessID": 0, "ThreadID": 0, "Channel": "Application", "Message": message(event), "Category": "General",
            "EventReceivedTime": moment(event).strftime("%Y-%m-%d %H:%M:%S"), "SourceModuleName": "eventlog",
            "SourceModuleType": "im_msvistalog"}


def nxlog(events):
    """NXLog im_msvistalog, to_json(), om_file. The message alone tells what the event is about."""
    return "".join(json.dumps(nxlog_event(e), separators=(",", ":"), ensure_ascii=False) + "\n" for e in events)


def nxlog_syslog(events):
    """NXLog, to_json() behind a BSD syslog header (RFC 3164)."""
    return "".join(f"<11>{moment(e).strftime('%b %e %H:%M:%S')} {e.computer} MSWinEventLog: "
                   + json.dumps(nxlog_event(e), separators=(",", ":"), ensure_ascii=False) + "\n" for e in events)


def fluent_bit(events):
    """Fluent Bit winevtlog, out_file with format plain."""
    return "".join(json.dumps({
        "ProviderName": e.provider, "ProviderGuid": "", "Qualifiers": e.qualifiers, "EventID": e.event_id, "Version": 0,
        "Level": 2, "Task": 6, "Opcode": 0, "Keywords": "0x80000000000000",
        "TimeCreated": (moment(e) + datetime.timedelta(hours=1)).strftime("%Y-%m-%d %H:%M:%S +0100"),
        "EventRecordID": e.record_id, "ActivityID": "", "RelatedActivityID": "", "ProcessID": 0, "ThreadID": 0,
        "Channel": "Application", "Computer": e.computer, "UserID": "", "Message": message(e),
        "StringInserts": e.strings}, separators=(",", ":"), ensure_ascii=False) + "\n" for e in events)


def otel_body(event):
    return {"channel": "Application", "computer": event.computer,
            "event_data": {"data": [{"": s} for s in event.strings]},
            "event_id": {"id": event.event_id, "qualifiers": event.qualifiers}, "keywords": ["Classic"],
            "level": "Error", "message": message(event), "opcode": "Info",
            "provider": {"event_source": "", "guid": "", "name": event.provider}, "record_id": event.record_id,
            "system_time": event.time, "task": "General"}


def otel(events):
    """OpenTelemetry Collector windowseventlog, the body as one line each."""
    return "".join(json.dumps(otel_body(e), separators=(",", ":"), ensure_ascii=False) + "\n" for e in events)


def otlp_value(value):
    if isinstance(value, dict):
        return {"kvlistValue": {"values": [{"key": k, "value": otlp_value(v)} for k, v in value.items()]}}
    if isinstance(value, list):
        return {"arrayValue": {"values": [otlp_value(v) for v in value]}}
    return {"intValue": str(value)} if isinstance(value, int) else {"stringValue": value}


def otel_otlp(events):
    """OpenTelemetry Collector windowseventlog with the file exporter: OTLP as JSON, one batch a line."""
    return json.dumps({"resourceLogs": [{"resource": {}, "scopeLogs": [{"scope": {}, "logRecords": [
        {"timeUnixNano": "0", "severityText": "Error", "body": otlp_value(otel_body(e)), "attributes": []}
        for e in events]}]}]}, separators=(",", ":"), ensure_ascii=False) + "\n"


def vector(events):
    """Vector windows_event_log, encoding.codec json."""
    return "".join(json.dumps({
        "channel": "Application", "computer": e.computer, "event_id": e.event_id, "host": e.computer,
        "keywords": "0x0080000000000000", "keyword_names": ["Classic"], "level": "Error", "level_value": 2,
        "message": message(e), "process_id": 0, "provider_name": e.provider, "qualifiers": e.qualifiers,
        "record_id": e.record_id, "source_type": "windows_event_log", "string_inserts": e.strings, "task": 6,
        "task_name": "General", "thread_id": 0, "timestamp": e.time}, separators=(",", ":"), ensure_ascii=False) + "\n"
        for e in events)


# Every layout by its name.
LAYOUTS = {
    "psh5_winevent": psh5_winevent, "psh5_winevent_compressed": psh5_winevent_compressed,
    "psh7_winevent": psh7_winevent, "psh7_winevent_lines": psh7_winevent_lines, "psh5_eventlog": psh5_eventlog,
    "psh5_eventlog_instance": psh5_eventlog_instance, "wmi": wmi, "wmi_identifier": wmi_identifier, "winlogbeat": winlogbeat, "winlogbeat_dotted": winlogbeat_dotted, "winlogbeat_6": winlogbeat_6,
    "nxlog": nxlog, "nxlog_syslog": nxlog_syslog, "fluent_bit": fluent_bit, "otel": otel, "otel_otlp": otel_otlp,
    "vector": vector,
}
