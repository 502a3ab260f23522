/* SPDX-License-Identifier: Apache-2.0 */
/* The settings that every output under TLS has, for its table: config has a struct tls_options and a server
 * name. */
#ifndef MAPITAIL_TLS_SETTINGS_H
#define MAPITAIL_TLS_SETTINGS_H

#include "stream.h"

#define TLS_SETTINGS(config, tls, server_name)                                                               \
    STREAM_SETTING(config, "ca_file", SETTING_PATH, tls.ca_file,                                             \
                   .help = "PEM file of the trusted authorities; default: the system's."),                   \
        STREAM_SETTING(config, "ca_directory", SETTING_PATH, tls.ca_directory,                               \
                       .help = "Directory of trusted authorities, named by hash as openssl rehash does."),   \
        STREAM_SETTING(config, "crl_file", SETTING_PATH, tls.crl_file,                                       \
                       .help = "PEM file of revocation lists; when set, the receiver's certificate must "    \
                               "not be on one."),                                                            \
        STREAM_SETTING(config, "certificate", SETTING_PATH, tls.certificate,                                 \
                       .help = "PEM file of our own certificate, with its chain, for receivers that ask "    \
                               "for one."),                                                                  \
        STREAM_SETTING(config, "key", SETTING_PATH, tls.key,                                                 \
                       .help = "PEM file of the private key to certificate; default: the same file."),       \
        STREAM_SETTING(config, "key_password", SETTING_SECRET, tls.key_password,                             \
                       .help = "Password of the private key."),                                              \
        STREAM_SETTING(config, "server_name", SETTING_STRING, server_name,                                   \
                       .help = "Name or address that the receiver's certificate must prove; default: the "   \
                               "address's host."),                                                           \
        STREAM_SETTING(config, "fingerprints", SETTING_LIST, tls.fingerprints,                               \
                       .help = "The only certificates to trust, as sha-256:AA:BB:… or sha-1:AA:BB:…, "   \
                               "whoever signed them."),                                                      \
        STREAM_SETTING(config, "ciphers", SETTING_STRING, tls.ciphers,                                       \
                       .help = "OpenSSL cipher list for TLS 1.2; default: forward secrecy with AES-GCM or "  \
                               "ChaCha20."),                                                                 \
        STREAM_SETTING(config, "verify", SETTING_BOOL, tls.verify, .fallback = "true",                       \
                       .help = "false trusts anybody who answers; for a laboratory only.")

#endif
