# SPDX-License-Identifier: Apache-2.0
"""Windows events as syslog senders write them, one per line, from exports.Event objects.

Snare and EventReporter write local time and no record id; zone: the offset of the sending server.
"""
import datetime

from exports import message


def utc(event):
    return datetime.datetime.strptime(event.second, "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=datetime.timezone.utc)


def flat(text):
    return " ".join(text.splitlines())


def ctime(moment):
    days, months = "Mon Tue Wed Thu Fri Sat Sun".split(), "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".split()
    return (f"{days[moment.weekday()]} {months[moment.month - 1]} {moment.day:02} {moment:%H:%M:%S} {moment.year}")


def snare(events, zone=datetime.timezone.utc, header=True, tab="\t"):
    """Snare's MSWinEventLog; header: with <PRI>date host; tab="#011": as rsyslog stores it."""
    lines = []
    for count, e in enumerate(events, 1):
        moment = utc(e).astimezone(zone)
        front = f"<11>{ctime(moment)[4:19]} {e.computer.split('.')[0]} " if header else ""
        lines.append(front + tab.join([
            "MSWinEventLog", "4", "Application", str(count), ctime(moment), str(e.event_id), e.provider, "N/A", "N/A",
            "Error", e.computer, "General", "", flat(message(e)), "0"]) + "\n")
    return "".join(lines)


def snare_rsyslog(events, zone=datetime.timezone.utc):
    return snare(events, zone, tab="#011").replace("<11>", "")


def eventreporter(events, zone=datetime.timezone.utc):
    return "".join(f"EvntSLog: [ERR] {ctime(utc(e).astimezone(zone))}: {e.computer.split('.')[0].upper()}/{e.provider} "
                   f"({e.event_id}) - \"{flat(message(e))}\"\n" for e in events)


def parameter(text):
    return text.replace("\\", "\\\\").replace('"', '\\"').replace("]", "\\]")


def nxlog(events, zone=datetime.timezone.utc):
    """im_msvistalog through to_syslog_ietf()."""
    lines = []
    for e in events:
        moment = utc(e).astimezone(zone)
        lines.append(
            f"<11>1 {moment.isoformat(timespec='microseconds')} {e.computer} {e.provider.replace(' ', '_')} 0 - "
            f"[NXLOG@14506 Keywords=\"36028797018963968\" EventType=\"ERROR\" EventID=\"{e.event_id}\" "
            f"SourceName=\"{parameter(e.provider)}\" TaskValue=\"6\" RecordNumber=\"{e.record_id}\" ThreadID=\"0\" "
            f"Channel=\"Application\" Category=\"General\" EventReceivedTime=\"{moment:%Y-%m-%d %H:%M:%S}\" "
            f"SourceModuleName=\"eventlog\" SourceModuleType=\"im_msvistalog\"] {flat(message(e))}\n")
    return "".join(lines)


def mapitail(events):
    """What `mapitail cat --all --format rfc5424` prints."""
    return "".join(
        f"<131>1 {e.second[:-1]}.123456Z {e.computer} {e.provider.replace(' ', '_')} - {e.event_id} "
        f"[origin software=\"mapitail\" swVersion=\"0.1.0\"][meta sequenceId=\"{n}\"][winlog@32473 "
        f"channel=\"Application\" provider=\"{parameter(e.provider)}\" eventId=\"{e.event_id}\" "
        f"recordId=\"{e.record_id}\" level=\"2\" task=\"6\" keywords=\"0x80000000000000\" "
        f"computer=\"{e.computer}\"][mapi@32473 id=\"{e.id}\"] {flat(message(e))}\n"
        for n, e in enumerate(events, 1))
