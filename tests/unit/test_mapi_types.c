/* SPDX-License-Identifier: Apache-2.0 */
/* The vocabulary of event 9646. */
#include "mapi_types.h"

#include <criterion/criterion.h>

Test(mapi_types, each_spelling_has_its_canonical_name)
{
    static const char *const spellings[][2] = {
        {"session", "session"},
        {"Session", "session"},
        {"objtSession", "session"},
        {"Sitzung", "session"},
        {"セッション", "session"},
        {"เซสชัน", "session"},
        {"sessione", "session"},
        {"Sesión", "session"},
        {"SESSÃO", "session"},
        {"sessie", "session"},
        {"сеанс", "session"},
        {"会话", "session"},
        {"objtMessage", "objtMessage"},
        {"objMessage", "objtMessage"},
        {"OBJTMESSAGE", "objtMessage"},
        {"Message", "objtMessage"},
        {"objtFolder", "objtFolder"},
        {"Folder", "objtFolder"},
        {"objtAttachment", "objtAttachment"},
        {"Attachment", "objtAttachment"},
        {"objtFolderView", "objtFolderView"},
        {"FolderView", "objtFolderView"},
        {"Folder View", "objtFolderView"},
        {"folder-view", "objtFolderView"},
        {"objt_Folder_View", "objtFolderView"},
        {"objtMessageView", "objtMessageView"},
        {"MessageView", "objtMessageView"},
        {"objtAttachView", "objtAttachView"},
        {"objtAttachmentView", "objtAttachView"},
        {"AttachmentView", "objtAttachView"},
        {"objtStream", "objtStream"},
        {"Stream", "objtStream"},
        {"objtACLView", "objtACLView"},
        {"PermissionView", "objtACLView"},
        {"objtRulesView", "objtRulesView"},
        {"objtFXSrcStrm", "objtFXSrcStrm"},
        {"FastTransferSource", "objtFXSrcStrm"},
        {"objtFXDstStrm", "objtFXDstStrm"},
        {"FastTransferDestination", "objtFXDstStrm"},
        {"objtCStream", "objtCStream"},
        {"objtNotify", "objtNotify"},
        {"Notify", "objtNotify"},
        {"Logon", "Logon"},
        {"logon", "Logon"},
    };
    for (size_t i = 0; i < sizeof spellings / sizeof spellings[0]; i++) {
        struct sv name = mapi_object_type(sv_from(spellings[i][0]));
        cr_expect(sv_eq(name, sv_from(spellings[i][1])), "%s is %.*s", spellings[i][0], SV_ARG(name));
    }
}

Test(mapi_types, no_other_word_is_a_type)
{
    static const char *const words[] = {
        "",         " ",
        "-",        "objt",
        "obj",      "objtMess",
        "messages", "object",
        "sessions", "a word that is longer than every spelling of every type there is"};
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++)
        cr_expect(sv_absent(mapi_object_type(sv_from(words[i]))), "%s", words[i]);
    cr_expect(sv_absent(mapi_object_type(SV_ABSENT)));
}

Test(mapi_types, client_types_have_one_spelling_whatever_their_case)
{
    cr_assert(sv_eq(mapi_client_type(SV("MOMT")), SV("MoMT")));
    cr_assert(sv_eq(mapi_client_type(SV("airsync")), SV("AirSync")));
    cr_assert(
        sv_eq(mapi_client_type(SV("contentindexingmovedestination")), SV("ContentIndexingMoveDestination")));
    cr_assert(sv_eq(mapi_client_type(SV("POP")), SV("Pop")));
    cr_assert(sv_absent(mapi_client_type(SV("MoM"))));
    cr_assert(sv_absent(mapi_client_type(SV("12"))));
    cr_assert(sv_absent(mapi_client_type(SV_ABSENT)));
}

Test(mapi_types, the_class_follows_type_client_and_number)
{
    static const struct {
        const char *type, *client;
        uint64_t limit;
        enum limit_class class_;
    } rows[] = {
        {"session", NULL, 32, LIMIT_SESSION},
        {"session", NULL, 16, LIMIT_SERVICE_SESSION},
        {"session", NULL, 64, LIMIT_SESSION},
        {"session", "MoMT", 16, LIMIT_SESSION},
        {"session", "User", 32, LIMIT_SESSION},
        {"session", "OWA", 32, LIMIT_SERVICE_SESSION},
        {"session", "NewThing", 16, LIMIT_SERVICE_SESSION},
        {"session", "System", 65536, LIMIT_OTHER},
        {"session", "Administrator", 16, LIMIT_OTHER},
        {"objtFolder", NULL, 16, LIMIT_OBJECT},
        {"objtFolder", "System", 500, LIMIT_OBJECT},
        {"Novel", NULL, 5, LIMIT_OBJECT},
        {"Logon", NULL, 16, LIMIT_OBJECT},
        {"other", NULL, 16, LIMIT_OTHER},
        {NULL, "MoMT", 16, LIMIT_OTHER},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        enum limit_class class_ =
            mapi_limit_class(sv_from(rows[i].type), sv_from(rows[i].client), opt_u64(rows[i].limit));
        cr_expect_eq(class_, rows[i].class_, "row %zu: %d", i, (int)class_);
    }
    cr_expect_eq(mapi_limit_class(SV("session"), SV_ABSENT, (struct opt_u64){0}), LIMIT_SESSION);
}
