# SPDX-License-Identifier: Apache-2.0
"""Win32_NTLogEvent in CIM-XML, from exports.Event objects: wmic's raw XML, and PowerShell's GetText('CimDtd20')."""
from xml.sax.saxutils import escape

from exports import message
from exports_json import full_id, moment


def instance(event, between=""):
    """One instance; between: what the serializer puts between two tags."""
    def values(items):
        return between.join(f"<VALUE>{escape(str(v))}</VALUE>" for v in items)

    properties = [("Category", "uint16", 6), ("CategoryString", "string", "General"),
                  ("ComputerName", "string", event.computer), ("EventCode", "uint16", event.event_id),
                  ("EventIdentifier", "uint32", full_id(event)), ("EventType", "uint8", 1),
                  ("InsertionStrings", "string", event.strings), ("Logfile", "string", "Application"),
                  ("Message", "string", message(event)), ("RecordNumber", "uint32", event.record_id),
                  ("SourceName", "string", event.provider),
                  ("TimeGenerated", "datetime", f"{moment(event):%Y%m%d%H%M%S}.000000-000"), ("Type", "string", "Error")]
    parts = ['<INSTANCE CLASSNAME="Win32_NTLogEvent">']
    for name, kind, value in properties:
        if isinstance(value, list):
            parts += [f'<PROPERTY.ARRAY NAME="{name}" CLASSORIGIN="Win32_NTLogEvent" TYPE="{kind}">', "<VALUE.ARRAY>",
                      values(value), "</VALUE.ARRAY>", "</PROPERTY.ARRAY>"]
        else:
            parts += [f'<PROPERTY NAME="{name}" CLASSORIGIN="Win32_NTLogEvent" TYPE="{kind}">', values([value]),
                      "</PROPERTY>"]
    parts += ['<PROPERTY NAME="User" CLASSORIGIN="Win32_NTLogEvent" TYPE="string">', "</PROPERTY>", "</INSTANCE>"]
    return between.join(parts)


def rawxml(events):
    """wmic ntevent … /format:rawxml: one line."""
    return ('<COMMAND SEQUENCENUM="1" ISSUEDFROM="EXCH01" STARTTIME="02-18-2026T12:00:00" EVERYCOUNT="0"><REQUEST>'
            "<COMMANDLINE>ntevent list /format:rawxml</COMMANDLINE></REQUEST>"
            '<RESULTS NODE="EXCH01"><CIM>' + "".join(map(instance, events)) + "</CIM></RESULTS></COMMAND>\r\n")


def gettext(events):
    """Get-WmiObject Win32_NTLogEvent | ForEach-Object { $_.GetText('CimDtd20') }."""
    return "".join(instance(e, "\n") + "\n\r\n" for e in events)
