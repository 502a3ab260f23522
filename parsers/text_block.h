/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Event texts whose records are known by their first line: `wevtutil qe /f:text`, Sysinternals psloglist and
 * PowerShell's Format-List over Get-WinEvent or Get-EventLog. The message runs to the record's end. Pure.
 *
 *   Event[0]:                          [126268] MSExchangeIS             TimeCreated  : 2/18/2026 10:00:01 AM
 *     Log Name: Application               Type:     ERROR                ProviderName : MSExchangeIS
 *     Event ID: 9646                      Computer: EXCH01               Id           : 9646
 *     Description:                        Time:     2/18/2026 …   ID: …  Message      : Mapi session …
 *   Mapi session …                     Mapi session …                                   objects of type …
 */
#ifndef MAPITAIL_TEXT_BLOCK_H
#define MAPITAIL_TEXT_BLOCK_H

#include "buf.h"
#include "text_facts.h"

/* "Event[0]:" or "Event[0]" alone on its line. */
bool text_block_is_wevtutil(struct sv line);
/* "[126268] MSExchangeIS" alone on its line. */
bool text_block_is_psloglist(struct sv line);

void text_block_read_wevtutil(struct sv record, struct text_facts *f);
void text_block_read_psloglist(struct sv record, struct text_facts *f);

/* The name of the property that stands in this line ("Id" of "Id           : 9646"), or absent. */
struct sv text_block_property(struct sv line);

/* Values that are indented and broken at the console's width are put together in message and strings. */
void text_block_read_list(struct sv record, struct text_facts *f, struct buf *message, struct buf *strings);

/* The date that the line tells, in any of these layouts or behind a label, or absent. */
struct sv text_block_date(struct sv line);

#endif
