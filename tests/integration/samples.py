# SPDX-License-Identifier: Apache-2.0
"""The published samples of event 9646 and the fields that must be read from them."""
import json

from harness import shared


def published(*prefixes):
    """The samples whose id begins with one of the prefixes, or all; skips where the development data are missing."""
    lines = shared("facts/event-9646-samples.jsonl").read_text().splitlines()
    return [s for s in map(json.loads, lines) if not prefixes or s["id"].startswith(prefixes)]


def fields(record):
    """The fields of the sample table, read from a shipped record."""
    mapi = record["microsoft"]["exchange"]["mapi"]
    session, limit = mapi.get("session", {}), mapi.get("limit", {})
    return {
        "mailbox_guid": mapi.get("mailbox", {}).get("guid"),
        "legacy_dn": session.get("dn"),
        "organization": mapi.get("organization"),
        "admin_group": mapi.get("admin_group"),
        "recipients_container": session.get("container"),
        "user": record.get("user", {}).get("name"),
        "client_type": mapi.get("client", {}).get("type"),
        "limit": limit.get("value"),
        "object_type": limit.get("object_type"),
        "complete": mapi["complete"],
    }


def fold_client(got):
    """Records carry the canonical spelling of a client type, the sample table the logged one."""
    return {**got, "client_type": got["client_type"] and got["client_type"].lower()}
