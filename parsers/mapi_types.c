/* SPDX-License-Identifier: Apache-2.0 */
/* The vocabulary of event 9646. */
#include "mapi_types.h"

#include <string.h>

struct spelling {
    struct sv word; /* folded: lower case, without blanks, '-', '_' and objt */
    struct sv canonical;
};

static const struct spelling object_types[] = {
    {SV_INIT("session"), SV_INIT("session")},
    {SV_INIT("folder"), SV_INIT("objtFolder")},
    {SV_INIT("message"), SV_INIT("objtMessage")},
    {SV_INIT("attachment"), SV_INIT("objtAttachment")},
    {SV_INIT("folderview"), SV_INIT("objtFolderView")},
    {SV_INIT("messageview"), SV_INIT("objtMessageView")},
    {SV_INIT("attachview"), SV_INIT("objtAttachView")},
    {SV_INIT("attachmentview"), SV_INIT("objtAttachView")},
    {SV_INIT("stream"), SV_INIT("objtStream")},
    {SV_INIT("aclview"), SV_INIT("objtACLView")},
    {SV_INIT("permissionview"), SV_INIT("objtACLView")},
    {SV_INIT("rulesview"), SV_INIT("objtRulesView")},
    {SV_INIT("fxsrcstrm"), SV_INIT("objtFXSrcStrm")},
    {SV_INIT("fasttransfersource"), SV_INIT("objtFXSrcStrm")},
    {SV_INIT("fxdststrm"), SV_INIT("objtFXDstStrm")},
    {SV_INIT("fasttransferdestination"), SV_INIT("objtFXDstStrm")},
    {SV_INIT("cstream"), SV_INIT("objtCStream")},
    {SV_INIT("notify"), SV_INIT("objtNotify")},
    {SV_INIT("logon"), SV_INIT("Logon")},
    /* Translated pages translate the word that genuine localized logs keep in English. */
    {SV_INIT("sitzung"), SV_INIT("session")},
    {SV_INIT("sessione"), SV_INIT("session")},
    {SV_INIT("sesión"), SV_INIT("session")},
    {SV_INIT("sesiÓn"), SV_INIT("session")},
    {SV_INIT("sessão"), SV_INIT("session")},
    {SV_INIT("sessÃo"), SV_INIT("session")},
    {SV_INIT("sessie"), SV_INIT("session")},
    {SV_INIT("сеанс"), SV_INIT("session")},
    {SV_INIT("Сеанс"), SV_INIT("session")},
    {SV_INIT("セッション"), SV_INIT("session")},
    {SV_INIT("เซสชัน"), SV_INIT("session")},
    {SV_INIT("会话"), SV_INIT("session")},
};

static const struct sv client_types[] = {
    SV_INIT("MoMT"),
    SV_INIT("OWA"),
    SV_INIT("AirSync"),
    SV_INIT("WebServices"),
    SV_INIT("Imap"),
    SV_INIT("Pop"),
    SV_INIT("User"),
    SV_INIT("System"),
    SV_INIT("Administrator"),
    SV_INIT("Transport"),
    SV_INIT("EventBasedAssistants"),
    SV_INIT("RpcHttp"),
    SV_INIT("ContentIndexing"),
    SV_INIT("AvailabilityService"),
    SV_INIT("ELC"),
    SV_INIT("Management"),
    SV_INIT("Monitoring"),
    SV_INIT("UnifiedMessaging"),
    SV_INIT("ApprovalAPI"),
    SV_INIT("TimeBasedAssistants"),
    SV_INIT("Migration"),
    SV_INIT("TransportSync"),
    SV_INIT("HA"),
    SV_INIT("Maintenance"),
    SV_INIT("Inference"),
    SV_INIT("SMS"),
    SV_INIT("TeamMailbox"),
    SV_INIT("StoreActiveMonitoring"),
    SV_INIT("LoadGen"),
    SV_INIT("SimpleMigration"),
    SV_INIT("PublicFolderSystem"),
    SV_INIT("EDiscoverySearch"),
    SV_INIT("ContentIndexingMoveDestination"),
    SV_INIT("AnchorService"),
    SV_INIT("MailboxLoadBalance"),
    SV_INIT("OutlookService"),
    SV_INIT("UnifiedPolicy"),
    SV_INIT("NotificationBroker"),
    SV_INIT("LiveIdBasicAuth"),
    SV_INIT("ADDriver"),
    SV_INIT("SnackyService"),
};

enum { OBJECT_TYPES = sizeof object_types / sizeof object_types[0] };
enum { CLIENT_TYPES = sizeof client_types / sizeof client_types[0] };

/* Folds word into key; absent when it is longer than any spelling. */
static struct sv fold(struct sv word, char key[MAPI_TYPE_WORD_MAX])
{
    size_t n = 0;
    for (size_t i = 0; i < word.n; i++) {
        char c = word.p[i];
        if (ascii_is_space(c) || c == '-' || c == '_')
            continue;
        if (n == MAPI_TYPE_WORD_MAX)
            return SV_ABSENT;
        key[n++] = ascii_lower(c);
    }
    struct sv folded = sv_make(key, n);
    if (n < 3 || memcmp(key, "obj", 3) != 0)
        return folded;
    size_t prefix = n > 3 && key[3] == 't' ? 4 : 3;
    return sv_make(key + prefix, n - prefix);
}

struct sv mapi_object_type(struct sv word)
{
    char key[MAPI_TYPE_WORD_MAX];
    if (sv_eq(word, SV("session"))) /* what nearly all of these events are about */
        return SV("session");
    struct sv folded = fold(word, key);
    if (sv_empty(folded))
        return SV_ABSENT;
    for (size_t i = 0; i < OBJECT_TYPES; i++)
        if (object_types[i].word.n == folded.n && memcmp(object_types[i].word.p, folded.p, folded.n) == 0)
            return object_types[i].canonical;
    return SV_ABSENT;
}

struct sv mapi_client_type(struct sv word)
{
    for (size_t i = 0; i < CLIENT_TYPES; i++)
        if (client_types[i].n == word.n && sv_ieq(client_types[i], word))
            return client_types[i];
    return SV_ABSENT;
}

/*
 * Sessions are counted per user: 32 for Outlook, 16 for every service that acts for a user (Microsoft KB
 * 842022, KB 980049), so that without a client type only the number tells them apart.
 */
enum limit_class mapi_limit_class(struct sv type, struct sv client, struct opt_u64 limit)
{
    if (!sv_eq(type, SV("session")))
        return sv_empty(type) || sv_ieq(type, SV("other")) ? LIMIT_OTHER : LIMIT_OBJECT;
    if (sv_empty(client))
        return limit.has && limit.v == 16 ? LIMIT_SERVICE_SESSION : LIMIT_SESSION;
    if (sv_ieq(client, SV("MoMT")) || sv_ieq(client, SV("User")))
        return LIMIT_SESSION;
    if (sv_ieq(client, SV("System")) || sv_ieq(client, SV("Administrator")))
        return LIMIT_OTHER;
    return LIMIT_SERVICE_SESSION;
}
