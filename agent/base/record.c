/* SPDX-License-Identifier: Apache-2.0 */
/* Names that appear in records. */
#include "record.h"

const char *limit_class_name(enum limit_class c)
{
    static const char *const names[] = {"session", "service_session", "object", "other"};
    return names[c];
}

const char *message_form_name(enum message_form f)
{
    return f == FORM_CLOSING ? "closing" : "exceeded";
}
