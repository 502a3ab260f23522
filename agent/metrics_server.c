/* SPDX-License-Identifier: Apache-2.0 */
/* Metrics over HTTP. */
#include "metrics_server.h"

#include "address.h"
#include "metrics_library.h"
#include "os_listen.h"

#include <stdlib.h>
#include <string.h>

enum {
    CONNECTIONS_MAX = 16,
    CONNECTION_BYTES = 16 << 10, /* of a request's head */
    TIMEOUT_S = 10,              /* of a peer that says nothing or reads nothing */
    TEXT_BYTES_MAX = 16 << 20,
};

struct metrics_server {
    struct metrics_library lib;
    struct MHD_Daemon *daemon;
    const struct agent_facts *facts;
    struct fleet *fleet;
};

bool metrics_server_is_built_in(void)
{
    return true;
}

/* ---- answers ---- */

static enum MHD_Result answer(struct metrics_server *s, struct MHD_Connection *c, unsigned code,
                              const char *type, struct sv text)
{
    struct MHD_Response *r =
        s->lib.create_response_from_buffer(text.n, (void *)(uintptr_t)text.p, MHD_RESPMEM_MUST_COPY);
    if (!r)
        return MHD_NO;
    s->lib.add_response_header(r, MHD_HTTP_HEADER_CONTENT_TYPE, type);
    s->lib.add_response_header(r, MHD_HTTP_HEADER_CACHE_CONTROL, "no-store");
    if (code == MHD_HTTP_METHOD_NOT_ALLOWED)
        s->lib.add_response_header(r, MHD_HTTP_HEADER_ALLOW, "GET, HEAD");
    enum MHD_Result queued = s->lib.queue_response(c, code, r);
    s->lib.destroy_response(r);
    return queued;
}

static enum MHD_Result answer_plainly(struct metrics_server *s, struct MHD_Connection *c, unsigned code,
                                      const char *text)
{
    return answer(s, c, code, "text/plain; charset=utf-8", sv_from(text));
}

static enum MHD_Result answer_metrics(struct metrics_server *s, struct MHD_Connection *c)
{
    struct buf text;
    buf_init(&text, TEXT_BYTES_MAX);
    enum MHD_Result queued = metrics_make(&text, s->facts, s->fleet)
                                 ? answer(s, c, MHD_HTTP_OK, METRICS_CONTENT_TYPE, buf_sv(&text))
                                 : answer_plainly(s, c, MHD_HTTP_INTERNAL_SERVER_ERROR, "out of memory\n");
    buf_free(&text);
    return queued;
}

static enum MHD_Result answer_question(struct metrics_server *s, struct MHD_Connection *c,
                                       bool (*make)(struct buf *to, struct fleet *fleet))
{
    struct buf text;
    buf_init(&text, TEXT_BYTES_MAX);
    bool yes = make(&text, s->fleet);
    enum MHD_Result queued = answer(s, c, yes ? MHD_HTTP_OK : MHD_HTTP_SERVICE_UNAVAILABLE,
                                    "text/plain; charset=utf-8", buf_sv(&text));
    buf_free(&text);
    return queued;
}

/* Called for a request's head, and for its body if it has one, which nobody reads. */
static enum MHD_Result on_request(void *ctx, struct MHD_Connection *c, const char *url, const char *method,
                                  const char *version, const char *body, size_t *body_bytes, void **request)
{
    struct metrics_server *s = ctx;
    (void)version;
    (void)body;
    (void)request;
    *body_bytes = 0;
    if (strcmp(method, "GET") != 0 && strcmp(method, "HEAD") != 0)
        return answer_plainly(s, c, MHD_HTTP_METHOD_NOT_ALLOWED, "GET and HEAD only\n");
    if (strcmp(url, "/metrics") == 0)
        return answer_metrics(s, c);
    if (strcmp(url, "/healthz") == 0)
        return answer_question(s, c, health_make);
    if (strcmp(url, "/readyz") == 0)
        return answer_question(s, c, readiness_make);
    return answer_plainly(s, c, MHD_HTTP_NOT_FOUND, "there are /metrics, /healthz and /readyz\n");
}

/* ---- beginning and ending ---- */

static bool start(struct metrics_server *s, const char *listen, struct fault *f)
{
    struct address at;
    if (!metrics_library_load(&s->lib, f) || !address_parse(listen, "9646", &at, f))
        return false;
    os_listener l = os_listen(at.host, at.port, f);
    if (l == OS_LISTEN_NONE)
        return false;
    s->daemon = s->lib.start_daemon(MHD_USE_AUTO | MHD_USE_INTERNAL_POLLING_THREAD, 0, NULL, NULL, on_request,
                                    s, MHD_OPTION_LISTEN_SOCKET, (MHD_socket)l, MHD_OPTION_CONNECTION_LIMIT,
                                    (unsigned)CONNECTIONS_MAX, MHD_OPTION_CONNECTION_MEMORY_LIMIT,
                                    (size_t)CONNECTION_BYTES, MHD_OPTION_CONNECTION_TIMEOUT,
                                    (unsigned)TIMEOUT_S, MHD_OPTION_END);
    if (s->daemon)
        return true;
    os_listen_close(l);
    return fault_set(f, FAULT_OS, 0, "cannot serve metrics on %s", at.text);
}

struct metrics_server *metrics_server_start(const char *listen, const struct agent_facts *facts,
                                            struct fleet *fleet, struct fault *f)
{
    struct metrics_server *s = calloc(1, sizeof *s);
    if (!s) {
        fault_set(f, FAULT_MEMORY, 0, "out of memory");
        return NULL;
    }
    s->facts = facts;
    s->fleet = fleet;
    if (start(s, listen, f))
        return s;
    free(s);
    return NULL;
}

void metrics_server_stop(struct metrics_server *s)
{
    if (s)
        s->lib.stop_daemon(s->daemon);
    free(s);
}
