# SPDX-License-Identifier: Apache-2.0
"""PowerShell's Export-Clixml, from exports.Event objects: text with CRLF; the file is UTF-16LE with BOM (encode())."""
import datetime
import re
from xml.sax.saxutils import escape

from exports import message
from exports_syslog import utc

HEAD = '<Objs Version="1.1.0.1" xmlns="http://schemas.microsoft.com/powershell/2004/04">'


def value(text):
    """A string as the serializer writes it: control characters and what looks like an escape become _xHHHH_."""
    text = re.sub(r"_(?=x)", "_x005F_", text)
    return escape(re.sub(r"[\x00-\x1f\x7f]", lambda m: f"_x{ord(m[0]):04X}_", text))


def strings_deep(strings):
    rows = []
    for n, s in enumerate(strings):
        rows += [f'          <Obj RefId="{n + 100}">', '            <TNRef RefId="2" />',
                 "            <ToString>System.Diagnostics.Eventing.Reader.EventProperty</ToString>",
                 "            <Props>", f'              <S N="Value">{value(s)}</S>', "            </Props>",
                 "          </Obj>"]
    return rows


def strings_shallow(strings):
    return ["          <S>System.Diagnostics.Eventing.Reader.EventProperty</S>" for _ in strings]


def winevent(events, zone=datetime.timezone.utc, strings=strings_deep):
    """Get-WinEvent … | Export-Clixml; strings_shallow: with the cmdlet's small depth."""
    rows = [HEAD]
    for n, e in enumerate(events):
        stamp = utc(e).astimezone(zone).strftime("%Y-%m-%dT%H:%M:%S.1234567%z")
        rows += [f'  <Obj RefId="{n}">', '    <TN RefId="0">',
                 "      <T>System.Diagnostics.Eventing.Reader.EventLogRecord</T>", "      <T>System.Object</T>",
                 "    </TN>", "    <ToString>System.Diagnostics.Eventing.Reader.EventLogRecord</ToString>",
                 "    <Props>", f'      <I32 N="Id">{e.event_id}</I32>', '      <Nil N="Version" />',
                 f'      <I32 N="Qualifiers">{e.qualifiers}</I32>', '      <By N="Level">2</By>',
                 '      <I32 N="Task">6</I32>', '      <Nil N="Opcode" />',
                 '      <I64 N="Keywords">36028797018963968</I64>', f'      <I64 N="RecordId">{e.record_id}</I64>',
                 f'      <S N="ProviderName">{value(e.provider)}</S>', '      <Nil N="ProviderId" />',
                 '      <S N="LogName">Application</S>', f'      <S N="MachineName">{value(e.computer)}</S>',
                 '      <Nil N="UserId" />', f'      <DT N="TimeCreated">{stamp[:-2]}:{stamp[-2:]}</DT>',
                 '      <S N="LevelDisplayName">Error</S>', '      <S N="TaskDisplayName">General</S>',
                 '      <Obj N="Properties" RefId="90">', "        <LST>", *strings(e.strings), "        </LST>",
                 "      </Obj>", "    </Props>", "    <MS>", f'      <S N="Message">{value(message(e))}</S>', "    </MS>",
                 "  </Obj>"]
    return "\r\n".join(rows + ["</Objs>"])


def eventlog(events, zone=datetime.timezone.utc):
    """Get-EventLog … | Export-Clixml."""
    rows = [HEAD]
    for n, e in enumerate(events):
        instance = e.qualifiers << 16 | e.event_id
        stamp = utc(e).astimezone(zone).strftime("%Y-%m-%dT%H:%M:%S%z")
        rows += [f'  <Obj RefId="{n}">', '    <TN RefId="0">',
                 f"      <T>System.Diagnostics.EventLogEntry#Application/{value(e.provider)}/{instance}</T>",
                 "      <T>System.Diagnostics.EventLogEntry</T>", "    </TN>",
                 "    <ToString>System.Diagnostics.EventLogEntry</ToString>", "    <Props>",
                 f'      <S N="MachineName">{value(e.computer)}</S>', '      <BA N="Data"></BA>',
                 f'      <I32 N="Index">{e.record_id}</I32>', '      <S N="Category">General</S>',
                 '      <I16 N="CategoryNumber">6</I16>', f'      <I32 N="EventID">{e.event_id}</I32>',
                 '      <Obj N="EntryType" RefId="91">', "        <ToString>Error</ToString>", "        <I32>1</I32>",
                 "      </Obj>", f'      <S N="Message">{value(message(e))}</S>',
                 f'      <S N="Source">{value(e.provider)}</S>', '      <Obj N="ReplacementStrings" RefId="92">',
                 "        <LST>", *[f"          <S>{value(s)}</S>" for s in e.strings], "        </LST>", "      </Obj>",
                 f'      <I64 N="InstanceId">{instance}</I64>',
                 f'      <DT N="TimeGenerated">{stamp[:-2]}:{stamp[-2:]}</DT>', '      <Nil N="UserName" />',
                 "    </Props>", "  </Obj>"]
    return "\r\n".join(rows + ["</Objs>"])


def encode(text):
    return b"\xff\xfe" + text.encode("utf-16-le")
