/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The TLS side of a connection as a pure transformation: bytes of the peer go in, bytes for the peer come
 * out, and no socket is in sight. RFC 5425 as updated by RFC 9662: TLS 1.2 or later, the peer verified by its
 * path and host name, or by the fingerprint of its certificate (RFC 5425 4.2.2).
 *
 * A failure is FAULT_TLS (FAULT_CONFIG for what is wrong with our own files) and says which of the known
 * reasons it is. One object belongs to one connection and one thread. The options are borrowed only by
 * tls_open.
 */
#ifndef MAPITAIL_TLS_H
#define MAPITAIL_TLS_H

#include "buf.h"
#include "fault.h"
#include "setting.h"

struct tls_options {
    const char *ca_file, *ca_directory; /* neither: the system's authorities */
    const char *crl_file;               /* PEM; set: the peer's certificate is looked up in it */
    const char *certificate, *key;      /* of the client, PEM, chain allowed; NULL: none */
    const char *key_password;
    struct setting_list
        fingerprints; /* "sha-256:AA:BB:…" or "sha-1:…"; set: only these are trusted, whatever the path */
    const char *ciphers; /* OpenSSL's list for TLS 1.2; NULL: forward secrecy and AEAD only */
    bool verify;         /* false: anybody is trusted */
};

struct tls;

enum tls_status { TLS_MORE, TLS_DONE, TLS_FAILED };

/* Checks that the options can work, the fingerprints' spelling among them; reads no file. */
bool tls_validate(const struct tls_options *o, struct fault *f);

/*
 * Reads the files, so that a renewed certificate counts from the next connection on. name is the host name or
 * address that the peer must prove.
 */
struct tls *tls_open(const struct tls_options *o, const char *name, struct fault *f);
void tls_close(struct tls *t); /* NULL is allowed */

/* Bytes that came from the peer. */
bool tls_feed(struct tls *t, const void *p, size_t n, struct fault *f);

/* Appends the bytes that are to go to the peer; call it after each of the others. False without memory. */
bool tls_take(struct tls *t, struct buf *out);

/*
 * Goes on with the handshake. DONE: the peer is verified and, as far as the protocol lets us know, has
 * accepted us: in TLS 1.3 a peer that asked for a certificate is waited for, because it judges ours only
 * after our side is finished. The wait is the caller's to end: tls_is_shaken tells that only this is missing.
 */
enum tls_status tls_handshake(struct tls *t, struct fault *f);
bool tls_is_shaken(const struct tls *t);

/* Seals n bytes; never before the handshake is done. */
bool tls_write(struct tls *t, const void *p, size_t n, struct fault *f);

/*
 * Looks at what the peer sent and appends its data to `in`; NULL drops them. DONE: it has said good-bye
 * (close_notify); what it said before is in `in` then too.
 */
enum tls_status tls_read(struct tls *t, struct buf *in, struct fault *f);

/* Says good-bye (RFC 5425 4.4): sends close_notify. */
void tls_goodbye(struct tls *t);

/* What a peer's closing of the connection means in the middle of a handshake. */
void tls_cut(struct tls *t, struct fault *f);

/* "TLSv1.3, TLS_AES_256_GCM_SHA384" */
void tls_describe(const struct tls *t, char *to, size_t n);

#endif
