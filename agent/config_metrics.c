/* SPDX-License-Identifier: Apache-2.0 */
/* What may be wrong with how the agent tells of itself: the address of its metrics, and its coverage records.
 */
#include "config_check.h"

#include "address.h"
#include "metrics_server.h"
#include "os_listen.h"

#include <string.h>

static bool is_numeric(const char *host)
{
    struct sv rest = sv_from(host);
    for (size_t i = 0; i < rest.n; i++)
        if (!strchr("0123456789abcdefABCDEF.:%", host[i]))
            return false;
    return rest.n > 0;
}

/* Who can reach the port can read names of outputs and sources and how they are doing. */
void config_check_metrics(struct document *d)
{
    const struct config *c = d->config;
    struct config_messages *m = d->reading.messages;
    struct address at;
    struct fault f;
    if (!c->metrics_listen)
        return;
    struct place place = node_get(node_get(d->root, "metrics"), "listen")->at;
    if (!metrics_server_is_built_in())
        report_error(m, place, "`listen` cannot be had: this program was built without metrics over HTTP");
    else if (!address_parse(c->metrics_listen, "9646", &at, &f))
        report_error(m, place, "`listen` must be an address and a port, such as 127.0.0.1:9646");
    else if (!os_is_loopback(at.host) && !is_numeric(at.host))
        report_error(m, place, "`listen` must be a numeric address, or localhost");
    else if (!os_is_loopback(at.host) && !c->metrics_allow_remote)
        report_error(
            m, place,
            "`listen` is an address that other hosts can reach; say `allow_remote: true` if that is meant");
    else if (!os_is_loopback(at.host))
        report_warning(m, place,
                       "metrics are open to every host that can reach %s: no encryption, no passwords",
                       at.text);
}

void config_check_coverage(struct document *d)
{
    const struct config *c = d->config;
    if (c->coverage_interval_ms > 0 && c->coverage_interval_ms < 1000)
        report_error(d->reading.messages, node_get(node_get(d->root, "coverage"), "interval")->at,
                     "`interval` must be 0 or at least 1s");
}
