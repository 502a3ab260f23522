/* SPDX-License-Identifier: Apache-2.0 */
/* The event builder: what the elements of an <Event> mean. */
#include "event_tree.h"

#include <criterion/criterion.h>

static struct event_tree tree;
static struct arena arena;
static struct event event;

static void setup(void)
{
    arena_init(&arena, 1 << 20);
    event_tree_init(&tree);
    event_tree_begin(&tree, &event, &arena);
    event_tree_open(&tree, SV("Event"));
}

static void teardown(void)
{
    event_tree_free(&tree);
    arena_free(&arena);
}

TestSuite(event_tree, .init = setup, .fini = teardown);

static void leaf(const char *name, const char *text)
{
    event_tree_open(&tree, sv_from(name));
    event_tree_text(&tree, sv_from(text));
    event_tree_close(&tree);
}

Test(event_tree, system_elements_become_fields)
{
    event_tree_open(&tree, SV("System"));
    event_tree_open(&tree, SV("Provider"));
    event_tree_attribute(&tree, SV("Name"), SV("MSExchangeIS"));
    event_tree_close(&tree);
    event_tree_open(&tree, SV("EventID"));
    event_tree_attribute(&tree, SV("Qualifiers"), SV("49158"));
    event_tree_text(&tree, SV("96"));
    event_tree_text(&tree, SV("46"));
    event_tree_close(&tree);
    leaf("Keywords", "0x80000000000000");
    event_tree_close(&tree);
    cr_assert(sv_eq(event.provider, SV("MSExchangeIS")));
    cr_assert(event.event_id.has && event.event_id.v == 9646);
    cr_assert(event.qualifiers.has && event.qualifiers.v == 49158);
    cr_assert(event.keywords.v == UINT64_C(0x80000000000000));
    cr_assert_not(event.level.has);
}

Test(event_tree, an_empty_insertion_string_keeps_its_place)
{
    event_tree_open(&tree, SV("EventData"));
    leaf("Data", "a");
    leaf("Data", "");
    leaf("Data", "c");
    leaf("Binary", "0700");
    event_tree_close(&tree);
    cr_assert_eq(event.data_count, 3);
    cr_assert(!sv_absent(event.data[1].value) && event.data[1].value.n == 0);
    cr_assert(sv_absent(event.data[0].name));
    cr_assert(sv_eq(event.data[2].value, SV("c")));
    cr_assert(sv_eq(event.binary, SV("0700")));
}

Test(event_tree, an_event_id_inside_user_data_is_data)
{
    event_tree_open(&tree, SV("UserData"));
    event_tree_open(&tree, SV("EventProcessingFailure"));
    leaf("EventID", "9646");
    event_tree_close(&tree);
    event_tree_close(&tree);
    cr_assert_not(event.event_id.has);
    cr_assert(event.is_user_data);
    cr_assert_eq(event.data_count, 1);
    cr_assert(sv_eq(event.data[0].name, SV("EventID")));
}

Test(event_tree, a_time_that_cannot_be_read_is_absent_and_its_text_is_kept)
{
    event_tree_open(&tree, SV("System"));
    event_tree_open(&tree, SV("TimeCreated"));
    event_tree_attribute(&tree, SV("SystemTime"), SV("SystemTime"));
    event_tree_close(&tree);
    event_tree_close(&tree);
    cr_assert_not(event.time.present);
    cr_assert(sv_eq(event.time_text, SV("SystemTime")));
}

Test(event_tree, more_data_than_the_limit_is_cut_and_marked)
{
    event_tree_open(&tree, SV("EventData"));
    for (int i = 0; i < EVENT_DATA_MAX + 1; i++)
        leaf("Data", "x");
    event_tree_close(&tree);
    cr_assert_eq(event.data_count, EVENT_DATA_MAX);
    cr_assert(event.data_cut);
}
