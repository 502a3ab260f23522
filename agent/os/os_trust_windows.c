/* SPDX-License-Identifier: Apache-2.0 */
/* Trusted authorities from Windows' certificate store. */
#include "os_trust.h"
#include "os_windows.h"

#include <stdlib.h>
#include <string.h>
#include <wincrypt.h>

/* An administrator, or Windows' own list, can say what an authority is trusted for; empty means nothing. */
static bool is_for_servers(const CERT_CONTEXT *c)
{
    const DWORD flags = CERT_FIND_PROP_ONLY_ENHKEY_USAGE_FLAG;
    DWORD size = 0;
    if (!CertGetEnhancedKeyUsage(c, flags, NULL, &size))
        return (HRESULT)GetLastError() == CRYPT_E_NOT_FOUND; /* nothing said: everything */
    CERT_ENHKEY_USAGE *usage = malloc(size);
    bool found = false;
    if (usage && CertGetEnhancedKeyUsage(c, flags, usage, &size)) {
        found = usage->cUsageIdentifier == 0 && (HRESULT)GetLastError() == CRYPT_E_NOT_FOUND;
        for (DWORD i = 0; i < usage->cUsageIdentifier; i++)
            found |= strcmp(usage->rgpszUsageIdentifier[i], szOID_PKIX_KP_SERVER_AUTH) == 0;
    }
    free(usage);
    return found;
}

bool os_trusted_authorities(bool (*visit)(void *ctx, const void *der, size_t n), void *ctx)
{
    HCERTSTORE store =
        CertOpenStore(CERT_STORE_PROV_SYSTEM_W, 0, 0,
                      CERT_SYSTEM_STORE_CURRENT_USER | CERT_STORE_MAXIMUM_ALLOWED_FLAG, L"Root");
    if (!store)
        return false;
    /* Each call frees the certificate that it is given. */
    for (const CERT_CONTEXT *c = NULL; (c = CertEnumCertificatesInStore(store, c));)
        if (is_for_servers(c) && !visit(ctx, c->pbCertEncoded, c->cbCertEncoded)) {
            CertFreeCertificateContext(c);
            break;
        }
    CertCloseStore(store, 0);
    return true;
}
