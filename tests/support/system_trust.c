/* SPDX-License-Identifier: Apache-2.0 */
/* A certification authority that the system trusts as long as a test runs. */
#include "system_trust.h"

#include <criterion/criterion.h>
#include <stdlib.h>

#ifdef _WIN32

#include <wincrypt.h>

static const CERT_CONTEXT *added;

void system_trust_add(const void *der, size_t n, const char *pem_path)
{
    (void)pem_path;
    if (!getenv("WINEPREFIX"))
        cr_skip("Windows asks its user before it trusts one more authority");
    HCERTSTORE store = CertOpenStore(CERT_STORE_PROV_SYSTEM_W, 0, 0, CERT_SYSTEM_STORE_CURRENT_USER, L"Root");
    cr_assert(store && CertAddEncodedCertificateToStore(store, X509_ASN_ENCODING, der, (DWORD)n,
                                                        CERT_STORE_ADD_ALWAYS, &added));
    /* The certificate holds the store open, which would be written when it is closed. */
    CertControlStore(store, 0, CERT_STORE_CTRL_COMMIT, NULL);
    CertCloseStore(store, 0);
}

void system_trust_remove(void)
{
    if (added)
        CertDeleteCertificateFromStore(added);
}

#else

void system_trust_add(const void *der, size_t n, const char *pem_path)
{
    (void)der;
    (void)n;
    setenv("SSL_CERT_FILE", pem_path, 1); /* OpenSSL reads it in place of the system's file */
}

void system_trust_remove(void) {}

#endif
