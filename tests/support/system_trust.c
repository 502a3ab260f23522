/* SPDX-License-Identifier: Apache-2.0 */
/* A certification authority that the system trusts as long as a test runs. */
#include "system_trust.h"

#include <criterion/criterion.h>
#include <stdlib.h>

#ifdef _WIN32

#include <wincrypt.h>

static HCERTSTORE store;
static const CERT_CONTEXT *added;

/* Those of that name, also from a test that was ended before it could clear up. */
static void remove_named(CERT_NAME_BLOB *name)
{
    const CERT_CONTEXT *old;
    while (
        (old = CertFindCertificateInStore(store, X509_ASN_ENCODING, 0, CERT_FIND_SUBJECT_NAME, name, NULL)))
        if (!CertDeleteCertificateFromStore(old)) /* which frees it */
            break;
}

void system_trust_add(const void *der, size_t n, const char *pem_path)
{
    (void)pem_path;
    if (!getenv("WINEPREFIX"))
        cr_skip("Windows asks its user before it trusts one more authority");
    store = CertOpenStore(CERT_STORE_PROV_SYSTEM_W, 0, 0, CERT_SYSTEM_STORE_CURRENT_USER, L"Root");
    added = CertCreateCertificateContext(X509_ASN_ENCODING, der, (DWORD)n);
    cr_assert(store && added);
    remove_named(&added->pCertInfo->Subject);
    cr_assert(CertAddCertificateContextToStore(store, added, CERT_STORE_ADD_ALWAYS, NULL));
    CertControlStore(store, 0, CERT_STORE_CTRL_COMMIT, NULL);
}

void system_trust_remove(void)
{
    if (!added)
        return;
    remove_named(&added->pCertInfo->Subject);
    CertControlStore(store, 0, CERT_STORE_CTRL_COMMIT, NULL);
    CertFreeCertificateContext(added);
    CertCloseStore(store, 0);
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
