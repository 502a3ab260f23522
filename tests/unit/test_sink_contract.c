/* SPDX-License-Identifier: Apache-2.0 */
/* The contract suite over the sinks that need nothing but this process for a peer. */
#include "buf.h"
#include "certificates.h"
#include "sink_contract.h"
#include "sink_settings.h"

#include <fcntl.h>
#include <openssl/ssl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

extern const struct sink_ops sink_syslog_udp, sink_syslog_tcp, sink_syslog_tls, sink_relp, sink_file,
    sink_stdout;

static struct peer_log peer_log = PEER_LOG_INIT;

static void copy_log(struct peer_log *to)
{
    pthread_mutex_lock(&peer_log.lock);
    for (size_t i = 0; i < peer_log.count; i++)
        peer_log_add(to, peer_log.messages[i], strlen(peer_log.messages[i]));
    cr_assert_eq(peer_log.malformed, 0, "%zu frames were malformed", peer_log.malformed);
    pthread_mutex_unlock(&peer_log.lock);
}

/* ---- UDP, TCP, TLS and RELP: one receiver of the test's own ---- */

static const struct sink_ops *network_ops;
static bool under_tls;
static struct relp_script relp_script;
static struct peer_options peer_options;
static struct peer *peer;
static struct authority *authority;
static SSL_CTX *server;
static char address[32], ca_file[256];

static void *network_config(uint16_t port)
{
    snprintf(address, sizeof address, "127.0.0.1:%u", port);
    const char *plain[] = {"address", address, NULL};
    const char *tls[] = {"address", address, "ca_file", ca_file, NULL};
    const char *relp_tls[] = {"address", address, "tls", "true", "ca_file", ca_file, NULL};
    return sink_settings(network_ops, !under_tls ? plain : network_ops == &sink_relp ? relp_tls : tls);
}

static void make_tls(void)
{
    authority = authority_new("contract test authority");
    struct certificate certificate =
        certificate_new(authority, &(struct certificate_wish){.san = "IP:127.0.0.1"});
    test_path(ca_file, sizeof ca_file, "ca.pem");
    authority_write(authority, ca_file);
    server = SSL_CTX_new(TLS_server_method());
    SSL_CTX_use_certificate(server, certificate.x509);
    SSL_CTX_use_PrivateKey(server, certificate.key);
    peer_options.tls = server;
}

static const void *network_setup(const struct sink_ops *ops, bool tls)
{
    signal(SIGPIPE, SIG_IGN);
    network_ops = ops;
    under_tls = tls;
    peer_options = (struct peer_options){.udp = ops == &sink_syslog_udp};
    if (ops == &sink_relp)
        peer_options.relp = &relp_script;
    if (tls)
        make_tls();
    peer = peer_start(&peer_options, &peer_log);
    peer_options.port = peer_port(peer);
    return network_config(peer_options.port);
}

static const void *udp_setup(void)
{
    return network_setup(&sink_syslog_udp, false);
}

static const void *tcp_setup(void)
{
    return network_setup(&sink_syslog_tcp, false);
}

static const void *tls_setup(void)
{
    return network_setup(&sink_syslog_tls, true);
}

static const void *relp_setup(void)
{
    return network_setup(&sink_relp, false);
}

static const void *relp_tls_setup(void)
{
    return network_setup(&sink_relp, true);
}

static void network_stop(void)
{
    peer_stop(peer);
    peer = NULL;
}

static void network_start(void)
{
    peer = peer_start(&peer_options, &peer_log);
}

static void network_hang(void)
{
    peer_stop(peer);
    peer_options.hangs = true;
    peer = peer_start(&peer_options, &peer_log);
}

/* A configuration that leads to another port than that of the peer. */
static const void *elsewhere(const struct sink_ops *ops, bool tls, uint16_t port)
{
    network_ops = ops;
    under_tls = tls;
    if (tls && !authority)
        make_tls();
    return network_config(port);
}

static const void *udp_refused(void)
{
    return elsewhere(&sink_syslog_udp, false, peer_free_port(true));
}

static const void *tcp_refused(void)
{
    return elsewhere(&sink_syslog_tcp, false, peer_free_port(false));
}

static const void *tls_refused(void)
{
    return elsewhere(&sink_syslog_tls, true, peer_free_port(false));
}

static const void *relp_refused(void)
{
    return elsewhere(&sink_relp, false, peer_free_port(false));
}

static const void *relp_tls_refused(void)
{
    return elsewhere(&sink_relp, true, peer_free_port(false));
}

static const void *tcp_black_hole(void)
{
    return elsewhere(&sink_syslog_tcp, false, peer_black_hole());
}

static const void *tls_black_hole(void)
{
    return elsewhere(&sink_syslog_tls, true, peer_black_hole());
}

static const void *relp_black_hole(void)
{
    return elsewhere(&sink_relp, false, peer_black_hole());
}

static const void *relp_tls_black_hole(void)
{
    return elsewhere(&sink_relp, true, peer_black_hole());
}

static const struct contract_fixture udp = {
    .ops = &sink_syslog_udp,
    .setup = udp_setup,
    .teardown = network_stop,
    .received = copy_log,
    .is_lossy = true,
    .peer_stop = network_stop,
    .peer_start = network_start,
    .refused = udp_refused,
};

static const struct contract_fixture tcp = {
    .ops = &sink_syslog_tcp,
    .setup = tcp_setup,
    .teardown = network_stop,
    .received = copy_log,
    .peer_stop = network_stop,
    .peer_start = network_start,
    .peer_hang = network_hang,
    .refused = tcp_refused,
    .black_hole = tcp_black_hole,
};

static const struct contract_fixture tls = {
    .ops = &sink_syslog_tls,
    .setup = tls_setup,
    .teardown = network_stop,
    .received = copy_log,
    .peer_stop = network_stop,
    .peer_start = network_start,
    .peer_hang = network_hang,
    .refused = tls_refused,
    .black_hole = tls_black_hole,
};

static const struct contract_fixture relp = {
    .ops = &sink_relp,
    .setup = relp_setup,
    .teardown = network_stop,
    .received = copy_log,
    .peer_stop = network_stop,
    .peer_start = network_start,
    .peer_hang = network_hang,
    .refused = relp_refused,
    .black_hole = relp_black_hole,
};

static const struct contract_fixture relp_tls = {
    .ops = &sink_relp,
    .setup = relp_tls_setup,
    .teardown = network_stop,
    .received = copy_log,
    .peer_stop = network_stop,
    .peer_start = network_start,
    .peer_hang = network_hang,
    .refused = relp_tls_refused,
    .black_hole = relp_tls_black_hole,
};

/* ---- A file ---- */

static char file_path[256];

static const void *file_setup(void)
{
    test_path(file_path, sizeof file_path, "out.ndjson");
    return sink_settings(&sink_file, (const char *const[]){"path", file_path, NULL});
}

static void file_received(struct peer_log *log)
{
    FILE *f = fopen(file_path, "r");
    char *line = NULL;
    size_t room = 0;
    for (ssize_t n; f && (n = getline(&line, &room, f)) > 0;)
        peer_log_add(log, line, (size_t)n - 1);
    free(line);
    if (f)
        fclose(f);
}

static const struct contract_fixture file = {
    .ops = &sink_file, .setup = file_setup, .received = file_received};

/* ---- Standard output: a pipe, read by a thread that can be told to stop reading ---- */

static int pipe_ends[2];
static pthread_t pipe_reader;
static int pipe_stop[2];

static void *read_pipe(void *ctx)
{
    char bytes[4096];
    struct buf line;
    struct pollfd fds[] = {{.fd = pipe_stop[0], .events = POLLIN}, {.fd = pipe_ends[0], .events = POLLIN}};
    (void)ctx;
    buf_init(&line, 1 << 20);
    while (poll(fds, 2, -1) > 0 && !fds[0].revents) {
        ssize_t n = read(pipe_ends[0], bytes, sizeof bytes);
        for (ssize_t i = 0; i < n; i++) {
            if (bytes[i] != '\n') {
                buf_putc(&line, bytes[i]);
                continue;
            }
            peer_log_add(&peer_log, line.p, line.n);
            buf_reset(&line);
        }
    }
    buf_free(&line);
    return NULL;
}

static const void *stdout_setup(void)
{
    signal(SIGPIPE, SIG_IGN);
    cr_assert(pipe(pipe_ends) == 0 && pipe(pipe_stop) == 0);
    fflush(stdout);
    dup2(pipe_ends[1], STDOUT_FILENO);
    close(pipe_ends[1]);
    pthread_create(&pipe_reader, NULL, read_pipe, NULL);
    return sink_settings(&sink_stdout, (const char *const[]){NULL});
}

static void stdout_hang(void)
{
    if (pipe_stop[1] < 0)
        return;
    close(pipe_stop[1]);
    pipe_stop[1] = -1;
    pthread_join(pipe_reader, NULL);
}

static void stdout_stop(void)
{
    stdout_hang();
    close(pipe_ends[0]);
}

static const struct contract_fixture standard_output = {
    .ops = &sink_stdout,
    .setup = stdout_setup,
    .teardown = stdout_hang,
    .received = copy_log,
    .peer_stop = stdout_stop,
    .peer_hang = stdout_hang,
};

SINK_CONTRACT_CONNECTED_SUITE(tcp_contract, &tcp)
SINK_CONTRACT_CONNECTED_SUITE(tls_contract, &tls)
SINK_CONTRACT_CONNECTED_SUITE(relp_contract, &relp)
SINK_CONTRACT_CONNECTED_SUITE(relp_tls_contract, &relp_tls)

SINK_CONTRACT_SUITE(udp_contract, &udp)
Test(udp_contract, what_a_lost_peer_did_not_get_arrives_after_its_return)
{
    if (ON_WINDOWS)
        cr_skip("impossible under Wine: its server may take the answer that a port is unreachable");
    contract_what_a_lost_peer_did_not_get_arrives_after_its_return(&udp);
}
SINK_CONTRACT_CLAIM(udp_contract, &udp, a_peer_restarted_while_idle_costs_nothing)
SINK_CONTRACT_LOSS(udp_contract, &udp)
SINK_CONTRACT_REFUSAL(udp_contract, &udp)
SINK_CONTRACT_CHECK(udp_contract, &udp)

SINK_CONTRACT_SUITE(file_contract, &file)
SINK_CONTRACT_CHECK(file_contract, &file)

SINK_CONTRACT_SUITE(stdout_contract, &standard_output)
SINK_CONTRACT_LOSS(stdout_contract, &standard_output)
SINK_CONTRACT_HANG(stdout_contract, &standard_output)
