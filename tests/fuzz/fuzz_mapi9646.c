/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Event 9646 from arbitrary text: once through the text grammar, once as insertion strings (the input's
 * lines) with the input as message. What holds for every input is checked, beyond what the sanitizers see.
 */
#include "mapi9646.h"
#include "utf.h"

#include <stdlib.h>

static void require(bool holds)
{
    if (!holds)
        abort();
}

static void check(const struct mapi_limit *m)
{
    require(m->legacy_dn.n <= 1024);
    require(sv_absent(m->mailbox_guid) || m->mailbox_guid.n == 36);
    require(sv_absent(m->object_type) == sv_absent(m->object_type_raw));
    require(sv_absent(m->client_type) == sv_absent(m->client_type_canonical));
    require(m->user.n <= m->cn.n && m->cn.n <= m->legacy_dn.n);
    if (m->status == PARSE_COMPLETE)
        require(m->limit.has && m->object_type.n && (m->mailbox_guid.n || (m->organization.n && m->user.n)));
    if (m->status == PARSE_FAILED)
        require(!m->limit.has && sv_empty(m->object_type) && sv_empty(m->legacy_dn) &&
                sv_empty(m->mailbox_guid));
}

static void add_lines(struct event *e, struct sv text)
{
    while (e->data_count < 8) {
        size_t end = sv_find_char(text, '\n');
        event_add_datum(e, SV_ABSENT, sv_slice(text, 0, end));
        if (end == SV_NPOS)
            break;
        text = sv_slice(text, end + 1, text.n);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct event event;
    struct arena arena;
    struct mapi_limit read;
    struct record record;
    arena_init(&arena, 1 << 20);
    struct sv text = utf8_clean(&arena, sv_make(data, size), NULL);
    mapi9646_parse_text(text, &arena, &read);
    check(&read);
    event_clear(&event);
    event.provider = SV("MSExchangeIS");
    event.event_id = opt_u64(9646);
    event.message = text;
    add_lines(&event, text);
    record_normalize(&event, &arena, &record);
    check(&record.mapi);
    require(record.kind == RECORD_MAPI_LIMIT && record.key.n <= 1024);
    require(utf8_valid_length(record.key) == record.key.n);
    arena_free(&arena);
    return 0;
}
