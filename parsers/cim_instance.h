/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An instance of WMI's Win32_NTLogEvent in CIM-XML to a struct event: what `wmic ntevent … /format:rawxml`
 * writes, and PowerShell's GetText('CimDtd20').
 *
 *   <INSTANCE CLASSNAME="Win32_NTLogEvent">
 *     <PROPERTY NAME="EventCode" TYPE="uint16"><VALUE>9646</VALUE></PROPERTY>
 *     <PROPERTY NAME="EventIdentifier" TYPE="uint32"><VALUE>3221628334</VALUE></PROPERTY>
 *     <PROPERTY NAME="TimeGenerated" TYPE="datetime"><VALUE>20260218103508.000000+060</VALUE></PROPERTY>
 *     <PROPERTY.ARRAY NAME="InsertionStrings" TYPE="string"><VALUE.ARRAY><VALUE>/o=…</VALUE>…
 *
 * Sources: DMTF DSP0201, Representation of CIM in XML; the class Win32_NTLogEvent. One decoder belongs to one
 * thread.
 */
#ifndef MAPITAIL_CIM_INSTANCE_H
#define MAPITAIL_CIM_INSTANCE_H

#include "parser.h"

struct cim_decoder;

struct cim_decoder *cim_decoder_new(void);    /* NULL without memory */
void cim_decoder_free(struct cim_decoder *d); /* NULL is allowed */

/*
 * Decodes text, which is one whole <INSTANCE …>…</INSTANCE> in valid UTF-8, into *e, which is cleared first.
 * Views borrow the decoder's memory and live until the next call. Returns NULL; cim_is_other for an instance
 * of another class or without id; or why the record cannot be read: static text, a phrase.
 */
const char *cim_decode(struct cim_decoder *d, struct sv text, struct event *e);
extern const char cim_is_other[];

#endif
