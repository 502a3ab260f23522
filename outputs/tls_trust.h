/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Whom to trust: the judgement of a peer's certificate, and its reason in words. Used by tls.c only.
 */
#ifndef MAPITAIL_TLS_TRUST_H
#define MAPITAIL_TLS_TRUST_H

#include "fault.h"
#include "setting.h"

#include <openssl/x509_vfy.h>

struct tls_trust {
    const struct setting_list *fingerprints; /* borrowed; used while tls_trust_verify runs */
    bool verify;
    char name[256];   /* that must be proved */
    struct fault why; /* code FAULT_NONE: not refused */
};

/* False with FAULT_CONFIG if one is not "sha-1:" or "sha-256:" and the digest in hex with colons. */
bool tls_trust_validate(const struct setting_list *fingerprints, struct fault *f);

void tls_trust_init(struct tls_trust *t, const struct setting_list *fingerprints, bool verify,
                    const char *name);

/* For SSL_CTX_set_cert_verify_callback; ctx is the struct tls_trust. */
int tls_trust_verify(X509_STORE_CTX *store, void *ctx);

/* True, filling the fault, if the peer's certificate was the reason of a failure. */
bool tls_trust_explain(const struct tls_trust *t, struct fault *f);

#endif
