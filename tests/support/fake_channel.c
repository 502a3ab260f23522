/* SPDX-License-Identifier: Apache-2.0 */
/* Event channels of a test's own. */
#include "fake_channel.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct fake_channel fake_channel;

struct os_channel {
    uint64_t behind;
    char bookmark[OS_CHANNEL_BOOKMARK_MAX];
};

static char texts[FAKE_EVENTS_MAX][900];

void fake_channel_reset(void)
{
    memset(&fake_channel, 0, sizeof fake_channel);
}

void fake_channel_add(uint64_t record, unsigned event_id)
{
    size_t n = fake_channel.count++;
    snprintf(texts[n], sizeof texts[n],
             "<Event xmlns='http://schemas.microsoft.com/win/2004/08/events/event'><System>"
             "<Provider Name='MSExchangeIS'/><EventID Qualifiers='49158'>%u</EventID><Level>2</Level>"
             "<TimeCreated SystemTime='2026-02-18T10:00:00.000000000Z'/><EventRecordID>%llu</EventRecordID>"
             "<Channel>Application</Channel><Computer>EXCH01.example</Computer></System><EventData>"
             "<Data>/o=Org/ou=Site/cn=Recipients/cn=user%llu</Data><Data>500</Data><Data>objtFolder</Data>"
             "</EventData></Event>",
             event_id, (unsigned long long)record, (unsigned long long)record);
    fake_channel.events[n] = (struct fake_event){record, texts[n]};
    if (!fake_channel.log.oldest)
        fake_channel.log.oldest = record;
    fake_channel.log.newest = record;
}

bool os_channel_is_supported(struct fault *f)
{
    (void)f;
    return true;
}

static enum os_channel_state answer(enum os_channel_state state, struct fault *f)
{
    if (state != OS_CHANNEL_READING)
        fault_set(f, FAULT_OS, 0, "the fake answers %d", state);
    return state;
}

enum os_channel_state os_channel_look(const char *channel, struct os_channel_log *out, struct fault *f)
{
    (void)channel;
    *out = fake_channel.log;
    return answer(fake_channel.look, f);
}

enum os_channel_state os_channel_open(const struct os_channel_setup *setup, struct os_channel **out,
                                      struct fault *f)
{
    const char *record = setup->bookmark ? strstr(setup->bookmark, "RecordId='") : NULL;
    fake_channel.opened++;
    fake_channel.strict = setup->strict;
    snprintf(fake_channel.bookmark, sizeof fake_channel.bookmark, "%s",
             setup->bookmark ? setup->bookmark : "");
    snprintf(fake_channel.query, sizeof fake_channel.query, "%s", setup->query);
    if (fake_channel.open != OS_CHANNEL_READING)
        return answer(fake_channel.open, f);
    if (setup->bookmark && setup->strict && fake_channel.hides_bookmarks)
        return answer(OS_CHANNEL_LOST, f);
    *out = calloc(1, sizeof **out);
    (*out)->behind = record ? strtoull(record + strlen("RecordId='"), NULL, 10) : 0;
    return OS_CHANNEL_READING;
}

enum os_channel_state os_channel_next(struct os_channel *c, struct os_channel_event *event, struct fault *f)
{
    *event = (struct os_channel_event){0};
    if (fake_channel.next != OS_CHANNEL_READING)
        return answer(fake_channel.next, f);
    for (size_t i = 0; i < fake_channel.count; i++) {
        const struct fake_event *e = &fake_channel.events[i];
        if (e->record <= c->behind)
            continue;
        snprintf(c->bookmark, sizeof c->bookmark, "<BookmarkList><Bookmark RecordId='%llu'/></BookmarkList>",
                 (unsigned long long)e->record);
        *event = (struct os_channel_event){e->record, sv_from(e->xml), c->bookmark};
        c->behind = e->record;
        break;
    }
    return OS_CHANNEL_READING;
}

void os_channel_close(struct os_channel *c)
{
    fake_channel.closed += c != NULL;
    free(c);
}
