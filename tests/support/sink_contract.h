/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The one contract suite: what every sink promises by being a sink, proved against a peer of its own kind.
 *
 * A sink is put under it by a fixture and SINK_CONTRACT_SUITE(name, fixture) in a test file that links this,
 * with the further parts that its kind of destination makes possible; SINK_CONTRACT_CONNECTED_SUITE is all of
 * them.
 */
#ifndef MAPITAIL_TEST_SINK_CONTRACT_H
#define MAPITAIL_TEST_SINK_CONTRACT_H

#include "peer.h"
#include "sink.h"

#include <criterion/criterion.h>

struct contract_fixture {
    const struct sink_ops *ops;

    /* Makes a healthy peer and the configuration that leads to it, which lives until teardown. */
    const void *(*setup)(void);
    void (*teardown)(void);

    /* Every message that the peer has received so far, over its restarts, appended to an empty log. */
    void (*received)(struct peer_log *log);

    /* Overruns its peer when nothing slows it down: the suite waits for arrival after each batch. */
    bool is_lossy;

    /* The peer goes away at once, and comes back in the same place. NULL: there is none that could. */
    void (*peer_stop)(void);
    void (*peer_start)(void);

    /* After setup and before open: the peer takes connections and never reads; NULL: cannot be. */
    void (*peer_hang)(void);

    /* Configurations that lead nowhere: a port that refuses, an address that never answers. NULL: cannot be.
     */
    const void *(*refused)(void);
    const void *(*black_hole)(void);
};

void contract_every_accepted_batch_is_given_back_exactly_once(const struct contract_fixture *fixture);
void contract_ten_thousand_messages_arrive_exactly_once_in_order(const struct contract_fixture *fixture);
void contract_a_busy_sink_takes_nothing(const struct contract_fixture *fixture);
void contract_flush_is_true_only_when_nothing_is_lent(const struct contract_fixture *fixture);
void contract_an_idle_poll_gives_nothing_back_and_keeps_its_timeout(const struct contract_fixture *fixture);
void contract_close_gives_back_what_was_never_polled(const struct contract_fixture *fixture);
void contract_closing_nothing_is_allowed(const struct contract_fixture *fixture);
void contract_what_a_lost_peer_did_not_get_arrives_after_its_return(const struct contract_fixture *fixture);
void contract_a_peer_restarted_while_idle_costs_nothing(const struct contract_fixture *fixture);
void contract_close_is_quick_when_the_peer_is_gone(const struct contract_fixture *fixture);
void contract_close_is_quick_when_the_peer_hangs(const struct contract_fixture *fixture);
void contract_close_is_quick_when_the_port_refuses(const struct contract_fixture *fixture);
void contract_close_is_quick_when_the_address_never_answers(const struct contract_fixture *fixture);
void contract_the_check_tells_a_healthy_peer_from_none(const struct contract_fixture *fixture);

#define SINK_CONTRACT_CLAIM(suite, fixture, claim)                                                           \
    Test(suite, claim)                                                                                       \
    {                                                                                                        \
        contract_##claim(fixture);                                                                           \
    }

/* What every sink promises. */
#define SINK_CONTRACT_SUITE(suite, fixture)                                                                  \
    SINK_CONTRACT_CLAIM(suite, fixture, every_accepted_batch_is_given_back_exactly_once)                     \
    SINK_CONTRACT_CLAIM(suite, fixture, ten_thousand_messages_arrive_exactly_once_in_order)                  \
    SINK_CONTRACT_CLAIM(suite, fixture, a_busy_sink_takes_nothing)                                           \
    SINK_CONTRACT_CLAIM(suite, fixture, flush_is_true_only_when_nothing_is_lent)                             \
    SINK_CONTRACT_CLAIM(suite, fixture, an_idle_poll_gives_nothing_back_and_keeps_its_timeout)               \
    SINK_CONTRACT_CLAIM(suite, fixture, close_gives_back_what_was_never_polled)                              \
    SINK_CONTRACT_CLAIM(suite, fixture, closing_nothing_is_allowed)

/* What one promises whose destination … can come back after it was lost, */
#define SINK_CONTRACT_RETURN(suite, fixture)                                                                 \
    SINK_CONTRACT_CLAIM(suite, fixture, what_a_lost_peer_did_not_get_arrives_after_its_return)               \
    SINK_CONTRACT_CLAIM(suite, fixture, a_peer_restarted_while_idle_costs_nothing)
/* … can go away, */
#define SINK_CONTRACT_LOSS(suite, fixture)                                                                   \
    SINK_CONTRACT_CLAIM(suite, fixture, close_is_quick_when_the_peer_is_gone)
/* … can hang, */
#define SINK_CONTRACT_HANG(suite, fixture)                                                                   \
    SINK_CONTRACT_CLAIM(suite, fixture, close_is_quick_when_the_peer_hangs)
/* … has an address that can refuse, */
#define SINK_CONTRACT_REFUSAL(suite, fixture)                                                                \
    SINK_CONTRACT_CLAIM(suite, fixture, close_is_quick_when_the_port_refuses)
/* … or that can lead nowhere, */
#define SINK_CONTRACT_SILENCE(suite, fixture)                                                                \
    SINK_CONTRACT_CLAIM(suite, fixture, close_is_quick_when_the_address_never_answers)
/* … and can be reached without sending anything. */
#define SINK_CONTRACT_CHECK(suite, fixture)                                                                  \
    SINK_CONTRACT_CLAIM(suite, fixture, the_check_tells_a_healthy_peer_from_none)

/* All of them: a peer on the network that is connected to. */
#define SINK_CONTRACT_CONNECTED_SUITE(suite, fixture)                                                        \
    SINK_CONTRACT_SUITE(suite, fixture)                                                                      \
    SINK_CONTRACT_RETURN(suite, fixture)                                                                     \
    SINK_CONTRACT_LOSS(suite, fixture)                                                                       \
    SINK_CONTRACT_HANG(suite, fixture)                                                                       \
    SINK_CONTRACT_REFUSAL(suite, fixture)                                                                    \
    SINK_CONTRACT_SILENCE(suite, fixture)                                                                    \
    SINK_CONTRACT_CHECK(suite, fixture)

#endif
