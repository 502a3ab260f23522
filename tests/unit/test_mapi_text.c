/* SPDX-License-Identifier: Apache-2.0 */
/* The text grammar: every class of variation that texts of 9646 are known or expected to have. */
#include "mapi9646.h"
#include "mapi_lex.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct arena arena;

static void setup(void)
{
    arena_init(&arena, 64 << 20);
}

static void teardown(void)
{
    arena_free(&arena);
}

TestSuite(mapi_text, .init = setup, .fini = teardown);

enum { NO_LIMIT = -1 };

/* NULL: the field is absent. */
struct claim {
    const char *what;
    const char *text;
    const char *guid, *dn, *user, *client;
    int limit;
    const char *type;
    enum parse_status status;
};

#define DN "/o=Org/ou=Site/cn=Recipients/cn=Ann"
#define GUID "ccce3fe1-0bdb-4c25-baf9-d3ea6bb9af99"
#define OPEN "Mapi session \"" DN "\" exceeded the maximum of "
#define FULL OPEN "32 objects of type \"session\"."
#define ANN NULL, DN, "Ann"

static const struct claim claims[] = {
    /* wordings */
    {"the sentence", FULL, ANN, NULL, 32, "session", PARSE_COMPLETE},
    {"because it",
     "Closing Mapi session \"" DN "\" because it exceeded the maximum of 250 objects of type \"objMessage\".",
     ANN, NULL, 250, "objtMessage", PARSE_COMPLETE},
    {"closing hybrid",
     "Closing Mapi session \"" DN "\" exceeded the maximum of 500 objects of type objtFolder.", ANN, NULL,
     500, "objtFolder", PARSE_COMPLETE},
    {"client type without quotes",
     "Mapi session " DN " with client type MOMT exceeded the maximum of 500 objects of type "
     "Folder.",
     ANN, "MOMT", 500, "objtFolder", PARSE_COMPLETE},
    {"client type in quotes",
     "Mapi session \"" DN "\" with client type \"AirSync\" exceeded the maximum of 250 objects of "
     "type \"Message\".",
     ANN, "AirSync", 250, "objtMessage", PARSE_COMPLETE},
    {"unknown client type",
     "Mapi session \"" DN "\" with client type \"NewThing\" exceeded the maximum of 16 objects of "
     "type \"Session\".",
     ANN, "NewThing", 16, "session", PARSE_COMPLETE},
    {"client type and because it",
     "Closing Mapi session \"" DN "\" with client type \"OWA\" because it exceeded the maximum "
     "of 16 objects of type \"Session\".",
     ANN, "OWA", 16, "session", PARSE_COMPLETE},
    {"two sentences",
     "Closing Mapi session \"" DN "\". It exceeded the maximum of 32 objects of type \"session\".", ANN, NULL,
     32, "session", PARSE_COMPLETE},
    {"headline with client type",
     "Event ID 9646 - AirSync exceeded the maximum of 250 objects of type Message.", NULL, NULL, NULL,
     "AirSync", 250, "objtMessage", PARSE_PARTIAL},
    {"headline per session", "Client Type OWA Exceeded the maximum objects of 16 per session", NULL, NULL,
     NULL, "OWA", 16, "session", PARSE_PARTIAL},
    {"headline before the message",
     "Mapi session exceeded: Mapi session \"" DN "\" exceeded the maximum of 32 objects of "
     "type \"session\".",
     ANN, NULL, 32, "session", PARSE_COMPLETE},
    {"the message twice", FULL "\r\n" FULL, ANN, NULL, 32, "session", PARSE_COMPLETE},

    /* quotes */
    {"curly quotes", "Mapi session “" DN "” exceeded the maximum of 32 objects of type “session”.", ANN, NULL,
     32, "session", PARSE_COMPLETE},
    {"an opening quote that closes",
     "Mapi session “" DN "“ exceeded the maximum of 32 objects of type “session“.", ANN, NULL, 32, "session",
     PARSE_COMPLETE},
    {"low and high quotes", "Mapi session „" DN "“ exceeded the maximum of 32 objects of type „session“.",
     ANN, NULL, 32, "session", PARSE_COMPLETE},
    {"guillemets with hard blanks",
     "Mapi session «\u00a0" DN "\u00a0» exceeded the maximum of 32 objects of type "
     "«\u00a0session\u00a0».",
     ANN, NULL, 32, "session", PARSE_COMPLETE},
    {"doubled quotes",
     "Mapi session \"\"" DN "\"\" exceeded the maximum of 32 objects of type \"\"session\"\".", ANN, NULL, 32,
     "session", PARSE_COMPLETE},
    {"no quotes", "Mapi session " DN " exceeded the maximum of 32 objects of type session.", ANN, NULL, 32,
     "session", PARSE_COMPLETE},
    {"no quotes on the type", OPEN "32 objects of type session.", ANN, NULL, 32, "session", PARSE_COMPLETE},
    {"no quotes on the principal",
     "Mapi session " DN " exceeded the maximum of 32 objects of type \"session\".", ANN, NULL, 32, "session",
     PARSE_COMPLETE},
    {"a closing quote alone", "Mapi session " DN "\" exceeded the maximum of 32 objects of type session\".",
     ANN, NULL, 32, "session", PARSE_COMPLETE},
    {"full stop before the quote", OPEN "32 objects of type \"session.\"", ANN, NULL, 32, "session",
     PARSE_COMPLETE},
    {"a stray quote behind", OPEN "32 objects of type “session”\".", ANN, NULL, 32, "session",
     PARSE_COMPLETE},
    {"quotes inside the DN",
     "Mapi session \"/o=Org/ou=Site/cn=Recipients/cn=Ann \"Jo\"\" exceeded the maximum of 32 objects "
     "of type \"session\".",
     NULL, "/o=Org/ou=Site/cn=Recipients/cn=Ann \"Jo\"", "Ann \"Jo\"", NULL, 32, "session", PARSE_COMPLETE},
    {"quotes inside an unquoted DN",
     "Mapi session /o=Org/ou=Site/cn=Recipients/cn=\"Jo\" exceeded the maximum of 32 objects "
     "of type session.",
     NULL, "/o=Org/ou=Site/cn=Recipients/cn=\"Jo\"", "\"Jo\"", NULL, 32, "session", PARSE_COMPLETE},

    /* blanks, line breaks, markup */
    {"lost blanks", "Mapisession\"" DN "\"exceeded the maximum of32objects of type\"session\".", ANN, NULL,
     32, "session", PARSE_COMPLETE},
    {"wrapped in the verb",
     "Mapi\r\nsession \"" DN "\"\r\n  exceeded the maximum\r\nof 32\nobjects of\ntype \"session\".", ANN,
     NULL, 32, "session", PARSE_COMPLETE},
    {"wrapped in the DN",
     "Mapi session \"/o=Org/ou=First Administrative \r\n\tGroup/cn=Recipients/cn=Ann\" exceeded the "
     "maximum of 32 objects of type \"session\".",
     NULL, "/o=Org/ou=First Administrative Group/cn=Recipients/cn=Ann", "Ann", NULL, 32, "session",
     PARSE_COMPLETE},
    {"runs of blanks inside a line stay",
     "Mapi session \"/o=Org/ou=A  B/cn=Recipients/cn=Ann\" exceeded the maximum of 32 "
     "objects of type \"session\".",
     NULL, "/o=Org/ou=A  B/cn=Recipients/cn=Ann", "Ann", NULL, 32, "session", PARSE_COMPLETE},
    {"BR and entities",
     "Mapi session &quot;/o=&lt;org&gt;/ou=First<BR/>Group/cn=Recipients/cn=R&amp;D&quot; exceeded the "
     "maximum of 32 objects of type &#34;session&#x22;.<br></P>",
     NULL, "/o=<org>/ou=First Group/cn=Recipients/cn=R&D", "R&D", NULL, 32, "session", PARSE_COMPLETE},
    {"entities twice",
     "Mapi session &amp;quot;/o=&amp;lt;org&amp;gt;/ou=Site/cn=Recipients/cn=Ann&amp;quot; exceeded the "
     "maximum of 32 objects of type session.",
     NULL, "/o=<org>/ou=Site/cn=Recipients/cn=Ann", "Ann", NULL, 32, "session", PARSE_COMPLETE},
    {"entities three times are data",
     "Mapi session \"/o=&amp;amp;lt;/ou=Site/cn=Recipients/cn=Ann\" exceeded the maximum of "
     "32 objects of type session.",
     NULL, "/o=&lt;/ou=Site/cn=Recipients/cn=Ann", "Ann", NULL, 32, "session", PARSE_COMPLETE},
    {"an ampersand is data",
     "Mapi session \"/o=AT&T/ou=Site/cn=Recipients/cn=a&ltb;c\" exceeded the maximum of 32 objects of "
     "type \"session\".",
     NULL, "/o=AT&T/ou=Site/cn=Recipients/cn=a&ltb;c", "a&ltb;c", NULL, 32, "session", PARSE_COMPLETE},
    {"inline tags",
     "Mapi session \"<b>" DN "</b>\" exceeded the maximum of <span class=\"n\">32</span> objects of type "
     "\"session\".",
     ANN, NULL, 32, "session", PARSE_COMPLETE},
    {"escaped breaks of Clixml",
     "Mapi session \"" DN "\"_x000D__x000A_exceeded the maximum of 32 objects of type "
     "\"session\"._x000D__x000A_",
     ANN, NULL, 32, "session", PARSE_COMPLETE},
    {"hard blanks",
     "Mapi\u00a0session\u00a0\"" DN "\" exceeded the maximum of\u00a0"
     "32\u00a0objects of type \"session\".",
     ANN, NULL, 32, "session", PARSE_COMPLETE},

    /* limits */
    {"one object", OPEN "1 object of type \"session\".", ANN, NULL, 1, "session", PARSE_COMPLETE},
    {"comma between thousands", OPEN "500,000 objects of type \"objtNotify\".", ANN, NULL, 500000,
     "objtNotify", PARSE_COMPLETE},
    {"point between thousands", OPEN "1.500.000 objects of type \"objtNotify\".", ANN, NULL, 1500000,
     "objtNotify", PARSE_COMPLETE},
    {"blank between thousands",
     OPEN "500\u202f"
          "000 objects of type \"objtNotify\".",
     ANN, NULL, 500000, "objtNotify", PARSE_COMPLETE},
    {"a limit in quotes", OPEN "\"64\" objects of type \"session\".", ANN, NULL, 64, "session",
     PARSE_COMPLETE},
    {"a limit over 64 bits", OPEN "99999999999999999999 objects of type \"session\".", ANN, NULL, NO_LIMIT,
     "session", PARSE_PARTIAL},
    {"a placeholder limit", OPEN "<number> objects of type \"session\".", ANN, NULL, NO_LIMIT, "session",
     PARSE_PARTIAL},

    /* types */
    {"two words", OPEN "500 objects of type \"Message View\".", ANN, NULL, 500, "objtMessageView",
     PARSE_COMPLETE},
    {"two words without quotes", OPEN "500 objects of type Message View.", ANN, NULL, 500, "objtMessageView",
     PARSE_COMPLETE},
    {"three words without quotes", OPEN "500 objects of type Fast Transfer Source.", ANN, NULL, 500,
     "objtFXSrcStrm", PARSE_COMPLETE},
    {"a known word before others", OPEN "500 objects of type Folder and so on.", ANN, NULL, 500, "objtFolder",
     PARSE_COMPLETE},
    {"a type in capitals", OPEN "500 objects of type \"OBJTFOLDERVIEW\".", ANN, NULL, 500, "objtFolderView",
     PARSE_COMPLETE},
    {"an unknown type", OPEN "500 objects of type \"objtNovel\".", ANN, NULL, 500, "objtNovel",
     PARSE_COMPLETE},
    {"an unknown type without quotes", OPEN "500 objects of type objtNovel.", ANN, NULL, 500, "objtNovel",
     PARSE_COMPLETE},
    {"a placeholder type", OPEN "500 objects of type \"<type>\".", ANN, NULL, 500, NULL, PARSE_PARTIAL},
    {"an insertion placeholder", "Mapi session \"%1\" exceeded the maximum of %2 objects of type \"%3\".",
     NULL, NULL, NULL, NULL, NO_LIMIT, NULL, PARSE_FAILED},

    /* cut texts */
    {"cut before the closing quote", OPEN "250 objects of type \"objtMessage", ANN, NULL, 250, "objtMessage",
     PARSE_PARTIAL},
    {"cut inside a quoted type", OPEN "250 objects of type \"objtMess", ANN, NULL, 250, "objtMess",
     PARSE_PARTIAL},
    {"cut inside a bare type", OPEN "250 objects of type objtMess", ANN, NULL, 250, "objtMess",
     PARSE_PARTIAL},
    {"cut behind the opening quote", OPEN "250 objects of type \"", ANN, NULL, 250, NULL, PARSE_PARTIAL},
    {"cut behind the closing quote", OPEN "250 objects of type \"objtMessage\"", ANN, NULL, 250,
     "objtMessage", PARSE_COMPLETE},
    {"a missing full stop", OPEN "32 objects of type session", ANN, NULL, 32, "session", PARSE_COMPLETE},
    {"cut before the type", OPEN "32 objects", ANN, NULL, 32, NULL, PARSE_PARTIAL},
    {"cut behind the verb", "Mapi session \"" DN "\" exceeded the maximum of", ANN, NULL, NO_LIMIT, NULL,
     PARSE_PARTIAL},
    {"cut inside the verb", "Mapi session \"" DN "\" exceeded the max", ANN, NULL, NO_LIMIT, NULL,
     PARSE_PARTIAL},
    {"cut and followed by another line", OPEN "250 objects of type \"objtMessage\nUser: \"N/A\"", ANN, NULL,
     250, "objtMessage", PARSE_PARTIAL},

    /* around the message */
    {"source before",
     "MSExchangeIS Event ID 9646: mapi session \"" DN "\" exceeded the maximum of 32 objects of type "
     "\"session\".",
     ANN, NULL, 32, "session", PARSE_COMPLETE},
    {"labels around",
     "Event ID: 9646\r\nTime: 10:30:51\r\nDescription:\r\n" FULL "\r\n\r\nSource: \"MSExchangeIS\"\r\n", ANN,
     NULL, 32, "session", PARSE_COMPLETE},
    {"help trailer and hex dump",
     FULL " For more information, see Help and Support Center at "
          "http://go.microsoft.com/fwlink/events.asp.Data:0000: 5b 44 49 \"session\" 99",
     ANN, NULL, 32, "session", PARSE_COMPLETE},
    {"a dump alone",
     FULL "\nData:\n0000: 5b 44 Mapi session \"x\" exceeded the maximum of 1 objects of type \"y\".", ANN,
     NULL, 32, "session", PARSE_COMPLETE},
    {"event XML behind",
     FULL "\nEvent Xml:\n<Event xmlns=\"x\"><EventData><Data>/o=a/ou=b/cn=c/cn=d</Data></EventData>", ANN,
     NULL, 32, "session", PARSE_COMPLETE},
    {"event XML alone",
     "Event Xml:\n<Event xmlns=\"x\"><EventID>9646</EventID><EventData><Data>" DN "</Data><Data>OWA</Data>"
     "<Data>16</Data><Data>Session</Data><Binary>0700</Binary></EventData></Event>",
     ANN, "OWA", 16, "session", PARSE_COMPLETE},
    {"a link before", "See http://go.microsoft.com/fwlink?id=1 for 9646: " FULL, ANN, NULL, 32, "session",
     PARSE_COMPLETE},

    /* principals */
    {"a GUID", "Mapi session \"" GUID "\" exceeded the maximum of 500 objects of type \"objtFolder\".", GUID,
     NULL, NULL, NULL, 500, "objtFolder", PARSE_COMPLETE},
    {"a GUID in capitals and braces",
     "Mapi session \"{CCCE3FE1-0BDB-4C25-BAF9-D3EA6BB9AF99}\" exceeded the maximum of 500 "
     "objects of type \"objtFolder\".",
     GUID, NULL, NULL, NULL, 500, "objtFolder", PARSE_COMPLETE},
    {"GUID and DN",
     "Mapi session \"" GUID ": " DN "\" exceeded the maximum of 32 objects of type \"session\".", GUID, DN,
     "Ann", NULL, 32, "session", PARSE_COMPLETE},
    {"a GUID in braces and a DN",
     "Mapi session \"{" GUID "}: " DN "\" exceeded the maximum of 32 objects of type "
     "\"session\".",
     GUID, DN, "Ann", NULL, 32, "session", PARSE_COMPLETE},
    {"a masked GUID and a DN",
     "Mapi session \"xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxx: " DN "\" exceeded the maximum of 32 objects "
     "of type \"session\".",
     ANN, NULL, 32, "session", PARSE_COMPLETE},
    {"a GUID that is too short",
     "Mapi session \"ccce3fe1-0bdb-4c25-baf9-d3ea6bb9af9\" exceeded the maximum of 32 objects of "
     "type \"session\".",
     NULL, NULL, NULL, NULL, 32, "session", PARSE_PARTIAL},
    {"a GUID that is too long",
     "Mapi session \"" GUID "9\" exceeded the maximum of 32 objects of type \"session\".", NULL, NULL, NULL,
     NULL, 32, "session", PARSE_PARTIAL},
    {"a placeholder", "Mapi session \"<GUID>\" exceeded the maximum of 32 objects of type \"session\".", NULL,
     NULL, NULL, NULL, 32, "session", PARSE_PARTIAL},
    {"a word", "Mapi session \"sessionid\" exceeded the maximum of 32 objects of type \"session\".", NULL,
     NULL, NULL, NULL, 32, "session", PARSE_PARTIAL},
    {"an address", "Mapi session \"ann@contoso.com\" exceeded the maximum of 32 objects of type \"session\".",
     NULL, NULL, NULL, NULL, 32, "session", PARSE_PARTIAL},
    {"nobody", "Mapi session \"\" exceeded the maximum of 32 objects of type \"session\".", NULL, NULL, NULL,
     NULL, 32, "session", PARSE_PARTIAL},
    {"capitals and braces in the DN",
     "Mapi session \"/O={Org}/OU=R_VA/CN=Recipients/CN={user}\" exceeded the maximum of 32 "
     "objects of type \"session\".",
     NULL, "/O={Org}/OU=R_VA/CN=Recipients/CN={user}", "{user}", NULL, 32, "session", PARSE_COMPLETE},
    {"the whole sentence inside the DN",
     "Mapi session \"/o=Org/ou=Site/cn=Recipients/cn=x exceeded the maximum of 5 objects "
     "of type y\" exceeded the maximum of 32 objects of type \"session\".",
     NULL, "/o=Org/ou=Site/cn=Recipients/cn=x exceeded the maximum of 5 objects of type y",
     "x exceeded the maximum of 5 objects of type y", NULL, 32, "session", PARSE_COMPLETE},
    {"the words client type inside the DN",
     "Mapi session \"/o=Org/ou=Site/cn=Recipients/cn=new client type test\" exceeded the "
     "maximum of 32 objects of type \"session\".",
     NULL, "/o=Org/ou=Site/cn=Recipients/cn=new client type test", "new client type test", NULL, 32,
     "session", PARSE_COMPLETE},
    {"the words client type inside the DN and behind it",
     "Mapi session \"/o=Org/ou=Site/cn=Recipients/cn=a client type b\" "
     "with client type \"OWA\" exceeded the maximum of 16 objects of type \"Session\".",
     NULL, "/o=Org/ou=Site/cn=Recipients/cn=a client type b", "a client type b", "OWA", 16, "session",
     PARSE_COMPLETE},
    {"a quote that never closes",
     "Mapi session \"" DN " exceeded the maximum of 32 objects of type \"session\".", ANN, NULL, 32,
     "session", PARSE_COMPLETE},
    {"an address type before the DN",
     "Mapi session \"X500:" DN "\" exceeded the maximum of 32 objects of type \"session\".", ANN, NULL, 32,
     "session", PARSE_COMPLETE},
    {"the federated attendant",
     "Mapi session \"*/cn=Microsoft Federated System Attendant\" exceeded the maximum of 32 objects "
     "of type \"session\".",
     NULL, "*/cn=Microsoft Federated System Attendant", "Microsoft Federated System Attendant", NULL, 32,
     "session", PARSE_PARTIAL},

    /* other languages */
    {"German",
     "Die MAPI-Sitzung \"" DN "\" hat die maximal zulässige Anzahl von 32 Objekten vom Typ \"session\" "
     "überschritten.",
     ANN, NULL, 32, "session", PARSE_COMPLETE},
    {"German, type without quotes",
     "Die MAPI-Sitzung \"" DN "\" hat die maximale Anzahl von 500 Objekten vom Typ objtFolder "
     "überschritten.",
     ANN, NULL, 500, "objtFolder", PARSE_COMPLETE},
    {"German in two sentences",
     "Schließen der MAPI-Sitzung \"" DN "\". Die maximale Anzahl von 32 Objekten vom Typ "
     "\"session\" wurde überschritten.",
     ANN, NULL, 32, "session", PARSE_COMPLETE},
    {"German with client type",
     "Die MAPI-Sitzung \"" DN "\" mit Clienttyp \"MoMT\" hat die maximale Anzahl von 500 Objekten "
     "vom Typ \"Folder\" überschritten.",
     ANN, "MoMT", 500, "objtFolder", PARSE_COMPLETE},
    {"German with an unknown type",
     "Die MAPI-Sitzung \"" DN "\" hat die maximale Anzahl von 500 Objekten vom Typ \"Novel\" "
     "überschritten.",
     ANN, NULL, 500, "Novel", PARSE_COMPLETE},
    {"German thousands",
     "Die MAPI-Sitzung \"" DN "\" hat die maximale Anzahl von 500.000 Objekten vom Typ \"objtNotify\" "
     "überschritten.",
     ANN, NULL, 500000, "objtNotify", PARSE_COMPLETE},
    {"German with a GUID",
     "Die MAPI-Sitzung \"" GUID "\" hat die maximale Anzahl von 500 Objekten vom Typ \"objtFolder\" "
     "überschritten.",
     GUID, NULL, NULL, NULL, 500, "objtFolder", PARSE_COMPLETE},
    {"German without a principal",
     "Die MAPI-Sitzung \"id\" hat die maximale Anzahl von 500 Objekten vom Typ \"objtFolder\" "
     "überschritten.",
     NULL, NULL, NULL, NULL, 500, "objtFolder", PARSE_PARTIAL},
    {"German, cut inside the type",
     "Die MAPI-Sitzung \"" DN "\" hat die maximale Anzahl von 500 Objekten vom Typ "
     "\"objtFolder",
     ANN, NULL, 500, "objtFolder", PARSE_PARTIAL},
    {"German, cut inside the DN", "Die MAPI-Sitzung \"/o=Org/ou=Site/cn=Team 32 Folder", NULL,
     "/o=Org/ou=Site/cn=Team 32 Folder", "Team 32 Folder", NULL, NO_LIMIT, NULL, PARSE_PARTIAL},
    {"German, cut behind the DN",
     "Die MAPI-Sitzung \"/o=Org/ou=Site/cn=Team 32 Folder\" hat die maximale Anz", NULL,
     "/o=Org/ou=Site/cn=Team 32 Folder", "Team 32 Folder", NULL, NO_LIMIT, NULL, PARSE_PARTIAL},
    {"German, cut behind the limit",
     "Die MAPI-Sitzung \"" DN "\" hat die maximale Anzahl von 32 Objekten vom Typ \"sess", ANN, NULL, 32,
     NULL, PARSE_PARTIAL},
    {"digits in the DN are no limit",
     "Die MAPI-Sitzung \"/o=Org2/ou=Site 7/cn=Recipients/cn=User1 12\" hat die Anzahl von 32 "
     "Objekten vom Typ \"session\" überschritten.",
     NULL, "/o=Org2/ou=Site 7/cn=Recipients/cn=User1 12", "User1 12", NULL, 32, "session", PARSE_COMPLETE},
    {"Italian", "La sessione MAPI \"" DN "\" supera il limite massimo di 500 oggetti di tipo objtFolder.",
     ANN, NULL, 500, "objtFolder", PARSE_COMPLETE},
    {"translated type",
     "Schließen der MAPI-Sitzung \"/ o = Org / Ou = Site / Cn = Recipients/Cn = Ann\"da das Maximum von 32 "
     "Objekte des Typs überschritten \"Sitzung\".",
     NULL, "/o=Org/Ou=Site/Cn=Recipients/Cn=Ann", "Ann", NULL, 32, "session", PARSE_COMPLETE},
    {"corner brackets", "「" DN "」最大 32 のオブジェクトの種類が「セッション」を超えた。", ANN, NULL, 32,
     "session", PARSE_COMPLETE},
    {"the type before the limit",
     "Mapi 세션 \"" DN "\"이(가) \"objtFolder\" 유형의 개체 최대 수 500을(를) 초과했습니다.", ANN, NULL, 500,
     "objtFolder", PARSE_COMPLETE},
    {"the type before the limit, a number in the DN",
     "Mapi 세션 \"/o=Org/ou=Site/cn=Recipients/cn=Team 5 x\"이(가) "
     "\"session\" 유형의 개체 최대 수 32을(를) 초과했습니다.",
     NULL, "/o=Org/ou=Site/cn=Recipients/cn=Team 5 x", "Team 5 x", NULL, 32, "session", PARSE_COMPLETE},
    {"another English",
     "Mapi session \"" DN "\" has exceeded the maximum number of 32 objects of type \"session\".", ANN, NULL,
     32, "session", PARSE_COMPLETE},

    /* the message DLL is missing */
    {"strings on lines",
     "The description for Event ID 9646 from source MSExchangeIS cannot be found. Either …\r\n\r\nThe "
     "following information was included with the event: \r\n\r\n" DN
     "\r\n32\r\nsession\r\n\r\nThe message resource is "
     "present but the message was not found in the message table\r\n",
     ANN, NULL, 32, "session", PARSE_COMPLETE},
    {"four strings on lines",
     "The following information was included with the event: \n\n" DN "\nMoMT\n500\nFolder\n", ANN, "MoMT",
     500, "objtFolder", PARSE_COMPLETE},
    {"strings in single quotes",
     "The description for Event ID '9646' in Source 'MSExchangeIS' cannot be found.  The following "
     "information is part of the event:'" DN "', '32', 'session'",
     ANN, NULL, 32, "session", PARSE_COMPLETE},
    {"four strings in single quotes", "??? ID '9646' ????:'" DN "', 'AirSync', '250', 'Message'", ANN,
     "AirSync", 250, "objtMessage", PARSE_COMPLETE},
    {"strings joined by commas",
     "The description for Event ID ( 9646 ) in Source ( MSExchangeIS ) could not be found. It "
     "contains the following insertion string(s): /o=Org/ou=Site/cn=Recipients/cn=Lee, Ann, 32, session.",
     NULL, "/o=Org/ou=Site/cn=Recipients/cn=Lee, Ann", "Lee, Ann", NULL, 32, "session", PARSE_COMPLETE},
    {"strings joined by semicolons",
     "The following information is part of the event: " GUID "; 500; objtFolder.", GUID, NULL, NULL, NULL,
     500, "objtFolder", PARSE_COMPLETE},
    {"an empty principal in a list", "The following information is part of the event: '', '32', 'session'",
     NULL, NULL, NULL, NULL, 32, "session", PARSE_PARTIAL},
    {"strings joined by bars", DN "|32|session", ANN, NULL, 32, "session", PARSE_COMPLETE},
    {"a list that is cut inside its type",
     "The following information is part of the event:'" DN "', '250', 'objtMessage", ANN, NULL, 250,
     "objtMessage", PARSE_PARTIAL},

    /* no event */
    {"a registry instruction", "Add a DWORD objtFolder with 500 under MaxObjsPerMapiSession.", NULL, NULL,
     NULL, NULL, NO_LIMIT, NULL, PARSE_FAILED},
    {"a title", "MAPISession(EventID9646-MS-ExchangeIS)", NULL, NULL, NULL, NULL, NO_LIMIT, NULL,
     PARSE_FAILED},
    {"a bounce",
     "554 4.3.2 mailbox busy; "
     "STOREDRV.Deliver.Exception:StoragePermanentException.MapiExceptionMaxObjsExceeded",
     NULL, NULL, NULL, NULL, NO_LIMIT, NULL, PARSE_FAILED},
    {"nothing", "", NULL, NULL, NULL, NULL, NO_LIMIT, NULL, PARSE_FAILED},
    {"quotes alone", "\"\"\"\"\"\"", NULL, NULL, NULL, NULL, NO_LIMIT, NULL, PARSE_FAILED},
    {"verbs alone", "exceeded the maximum of exceeded the maximum of", NULL, NULL, NULL, NULL, NO_LIMIT, NULL,
     PARSE_FAILED},
};

static void hold(const struct claim *c, const char *field, struct sv actual, const char *wanted)
{
    cr_expect(sv_eq(actual, sv_from(wanted)) && sv_absent(actual) == (wanted == NULL),
              "%s: %s is \"%.*s\", expected \"%s\"", c->what, field, SV_ARG(actual),
              wanted ? wanted : "(absent)");
}

Test(mapi_text, each_variation_is_read_as_the_table_says)
{
    for (size_t i = 0; i < sizeof claims / sizeof claims[0]; i++) {
        const struct claim *c = &claims[i];
        struct mapi_limit m;
        mapi9646_parse_text(sv_from(c->text), &arena, &m);
        hold(c, "guid", m.mailbox_guid, c->guid);
        hold(c, "dn", m.legacy_dn, c->dn);
        hold(c, "user", m.user, c->user);
        hold(c, "client", m.client_type, c->client);
        hold(c, "type", m.object_type, c->type);
        cr_expect_eq(m.limit.has ? (long long)m.limit.v : NO_LIMIT, c->limit, "%s: limit %llu", c->what,
                     (unsigned long long)m.limit.v);
        cr_expect_eq(m.status, c->status, "%s: status %d", c->what, (int)m.status);
        arena_reset(&arena);
    }
}

Test(mapi_text, the_english_and_the_translated_form_are_told_apart_from_names)
{
    static const struct {
        const char *text;
        enum message_form form;
    } forms[] = {
        {FULL, FORM_EXCEEDED},
        {"Closing\r\nMapi session \"" DN
         "\" because it exceeded the maximum of 32 objects of type \"session\".",
         FORM_CLOSING},
        {"closing mapi session " DN " exceeded the maximum of 32 objects of type session.", FORM_CLOSING},
        {"Mapi session \"/o=Closing/ou=Schließen/cn=a/cn=b\" exceeded the maximum of 32 objects of type "
         "\"session\".",
         FORM_EXCEEDED},
        {"Das Schließen der MAPI-Sitzung \"" DN
         "\" hat die maximale Anzahl von 500 Objekten vom Typ objtFolder "
         "überschritten.",
         FORM_CLOSING},
        {"Die MAPI-Sitzung \"/o=Closing/ou=b/cn=c/cn=d\" hat die maximale Anzahl von 500 Objekten vom Typ "
         "objtFolder "
         "überschritten.",
         FORM_EXCEEDED},
    };
    for (size_t i = 0; i < sizeof forms / sizeof forms[0]; i++) {
        struct mapi_limit m;
        mapi9646_parse_text(sv_from(forms[i].text), &arena, &m);
        cr_expect_eq(m.form, forms[i].form, "%s", forms[i].text);
    }
}

/* ---- generated texts: what went in comes out ---- */

static uint64_t seed = 9646;

static size_t pick(size_t below)
{
    seed = seed * UINT64_C(6364136223846793005) + 1442695040888963407;
    return (size_t)(seed >> 33) % below;
}

struct facts {
    char guid[40], dn[400], client[40], type[40];
    const char *canonical;
    unsigned limit;
};

/* A value of a DN: any legal character, but no "<b>", which is taken for markup. */
static void generate_value(char *to, size_t n, bool quotes)
{
    static const char alphabet[] = "abcXYZ0189 !%&'()*+,-.:?@[]_{|}<>ABCdefghij \"";
    for (size_t i = 0; i < n; i++) {
        do
            to[i] = alphabet[pick(sizeof alphabet - (quotes ? 1 : 2))];
        while ((to[i] == ' ' && (i == 0 || i + 1 == n || to[i - 1] == ' ')) ||
               (i && to[i - 1] == '<' && ascii_is_alpha(to[i])));
    }
    to[n] = '\0';
}

static void generate(struct facts *f, bool quotes)
{
    static const char *const types[][2] = {
        {"session", "session"},
        {"objtFolder", "objtFolder"},
        {"FolderView", "objtFolderView"},
        {"Message", "objtMessage"},
        {"Message View", "objtMessageView"},
        {"FastTransferSource", "objtFXSrcStrm"},
        {"objtNotify", "objtNotify"},
        {"Logon", "Logon"},
    };
    static const char *const clients[] = {"MoMT", "OWA", "AirSync", "WebServices", "Imap"};
    char value[4][40];
    for (int i = 0; i < 4; i++)
        generate_value(value[i], 1 + pick(30), quotes);
    size_t kind = pick(3), type = pick(sizeof types / sizeof types[0]);
    snprintf(f->guid, sizeof f->guid, "%s", kind == 0 ? "" : "0a1b2c3d-0a1b-2c3d-4e5f-0123456789ab");
    snprintf(f->dn, sizeof f->dn, "/o=%s/ou=%s/%s=%s/cn=%s", value[0], value[1], pick(2) ? "cn" : "CN",
             value[2], value[3]);
    if (kind == 1)
        f->dn[0] = '\0';
    snprintf(f->client, sizeof f->client, "%s", clients[pick(sizeof clients / sizeof clients[0])]);
    snprintf(f->type, sizeof f->type, "%s", types[type][0]);
    f->canonical = types[type][1];
    f->limit = (unsigned)(1 + pick(70000));
}

struct wording {
    const char *text;  /* @: who, #: client type, $: limit, %: type; ": opening quote, ': closing quote */
    bool needs_quotes; /* without them nothing tells where the principal ends */
};

static const struct wording wordings[] = {
    {"Mapi session \"@' exceeded the maximum of $ objects of type \"%'.", false},
    {"Closing Mapi session \"@' because it exceeded the maximum of $ objects of type \"%'.", false},
    {"Closing Mapi session \"@' exceeded the maximum of $ objects of type %.", false},
    {"Mapi session \"@' with client type \"#' exceeded the maximum of $ objects of type \"%'.", false},
    {"Closing Mapi session \"@'. It exceeded the maximum of $ objects of type \"%'.", true},
    {"Die MAPI-Sitzung \"@' hat die maximal zulässige Anzahl von $ Objekten vom Typ \"%' überschritten.",
     true},
    {"Das Schließen der MAPI-Sitzung \"@' hat die maximale Anzahl von $ Objekten vom Typ % überschritten.",
     true},
    {"Die MAPI-Sitzung \"@' mit Clienttyp \"#' hat die maximale Anzahl von $ Objekten vom Typ \"%' "
     "überschritten.",
     true},
    {"La sessione MAPI \"@' supera il limite massimo di $ oggetti di tipo %.", true},
};

static size_t append(char *to, size_t at, const char *text)
{
    size_t n = strlen(text);
    memcpy(to + at, text, n + 1);
    return at + n;
}

static size_t append_wrapped(char *to, size_t at, const char *text)
{
    static const char *const breaks[] = {"\n", "\r\n", " \r\n\t ", "<BR>", "_x000D__x000A_"};
    for (; *text; text++) {
        bool wraps = *text == ' ' && pick(6) == 0;
        char one[2] = {*text, '\0'};
        at = append(to, at, wraps ? breaks[pick(sizeof breaks / sizeof breaks[0])] : one);
    }
    return at;
}

static void compose(const struct wording *w, const struct facts *f, const char *open, const char *close,
                    char *to)
{
    static const char *const heads[] = {
        "", "MSExchangeIS 9646: ", "Event ID: 9646\nTime: 10:30:51\nDescription:\n", "... "};
    static const char *const tails[] = {
        "",
        "\n\nUser: N/A\nRecord 17\n",
        " For more information, see Help and Support Center at http://go.microsoft.com/fwlink/events.asp.",
        "\nEvent Xml:\n<Event xmlns='x'><System><EventID>9646</EventID></System></Event>",
        "\nData:\n0000: 5b 44 49 41 \"Folder\"",
    };
    static const char marks[] = "@#$%\"'";
    char number[16], who[500];
    snprintf(number, sizeof number, "%u", f->limit);
    snprintf(who, sizeof who, "%s%s%s", f->guid, f->guid[0] && f->dn[0] ? ": " : "", f->dn);
    size_t at = append(to, 0, heads[pick(sizeof heads / sizeof heads[0])]);
    for (const char *p = w->text; *p; p++) {
        const char *const parts[] = {who, f->client, number, f->type, open, close};
        const char *mark = strchr(marks, *p);
        char one[2] = {*p, '\0'};
        at = append_wrapped(to, at, mark ? parts[mark - marks] : one);
    }
    append(to, at, tails[pick(sizeof tails / sizeof tails[0])]);
}

Test(mapi_text, generated_facts_come_back_from_every_wording)
{
    static const char *const quotes[][2] = {{"\"", "\""}, {"“", "”"}, {"„", "“"}, {"“", "“"}, {"", ""}};
    char text[4096];
    for (int round = 0; round < 20000; round++) {
        const struct wording *w = &wordings[pick(sizeof wordings / sizeof wordings[0])];
        size_t q = pick(sizeof quotes / sizeof quotes[0] - w->needs_quotes);
        struct facts f;
        generate(&f, *quotes[q][0] != '\0');
        compose(w, &f, quotes[q][0], quotes[q][1], text);
        struct mapi_limit m;
        mapi9646_parse_text(sv_from(text), &arena, &m);
        cr_assert(sv_eq(m.legacy_dn, sv_from(f.dn)), "got %.*s\nfrom %s", SV_ARG(m.legacy_dn), text);
        cr_assert(sv_eq(m.mailbox_guid, sv_from(f.guid)), "got %.*s\nfrom %s", SV_ARG(m.mailbox_guid), text);
        cr_assert(m.limit.has && m.limit.v == f.limit, "got %llu\nfrom %s", (unsigned long long)m.limit.v,
                  text);
        cr_assert(sv_eq(m.object_type, sv_from(f.canonical)), "got %.*s\nfrom %s", SV_ARG(m.object_type),
                  text);
        cr_assert(sv_eq(m.client_type, strchr(w->text, '#') ? sv_from(f.client) : SV_ABSENT),
                  "got %.*s\nfrom %s", SV_ARG(m.client_type), text);
        cr_assert_eq(m.status, PARSE_COMPLETE, "%s", text);
        arena_reset(&arena);
    }
}

/* ---- damage ---- */

static bool has_same_facts(const struct mapi_limit *a, const struct mapi_limit *b)
{
    return sv_eq(a->legacy_dn, b->legacy_dn) && sv_eq(a->mailbox_guid, b->mailbox_guid) &&
           sv_eq(a->user, b->user) && a->limit.v == b->limit.v && sv_eq(a->object_type, b->object_type);
}

/* A copy of exactly n bytes, so that a sanitizer sees a read behind them. */
static struct sv exact_copy(const char *text, size_t n)
{
    char *p = malloc(n ? n : 1);
    cr_assert_not_null(p);
    memcpy(p, text, n);
    return sv_make(p, n);
}

static void free_copy(struct sv v)
{
    free((void *)(uintptr_t)v.p);
}

/*
 * Without quotes nothing tells "Message" from the beginning of "Message View", and a missing full stop alone
 * is no cut: the table's texts of that kind are left out.
 */
static bool is_bare_beginning(const struct claim *c)
{
    return strstr(c->what, "words without quotes") != NULL;
}

Test(mapi_text, a_text_cut_anywhere_is_complete_only_with_all_its_facts)
{
    for (size_t i = 0; i < sizeof claims / sizeof claims[0]; i++) {
        const char *text = claims[i].text;
        struct mapi_limit whole, cut;
        mapi9646_parse_text(sv_from(text), &arena, &whole);
        for (size_t n = 0; n < strlen(text); n++) {
            struct sv copy = exact_copy(text, n);
            mapi9646_parse_text(copy, &arena, &cut);
            bool good =
                cut.status != PARSE_COMPLETE || has_same_facts(&whole, &cut) || is_bare_beginning(&claims[i]);
            cr_expect(good, "%s, cut to: %.*s", claims[i].what, (int)n, text);
            free_copy(copy);
        }
        arena_reset(&arena);
    }
}

Test(mapi_text, flipped_bytes_do_no_harm)
{
    static const char bytes[] = {'"', '/', '&', '<', ';', '\n', ' ', '=', '0', '\xe2', '\xff', '\0'};
    for (size_t i = 0; i < sizeof claims / sizeof claims[0]; i++) {
        size_t n = strlen(claims[i].text);
        for (size_t at = 0; at < n; at++) {
            struct sv copy = exact_copy(claims[i].text, n);
            struct mapi_limit m;
            char *p = (char *)(uintptr_t)copy.p;
            p[at] = bytes[pick(sizeof bytes)];
            p[pick(n)] = (char)pick(256);
            mapi9646_parse_text(copy, &arena, &m);
            cr_assert_leq(m.legacy_dn.n, 1024);
            cr_assert(m.status != PARSE_COMPLETE || (m.limit.has && !sv_empty(m.object_type)));
            free_copy(copy);
        }
        arena_reset(&arena);
    }
}

Test(mapi_text, without_memory_the_text_is_read_as_it_is)
{
    struct arena none;
    struct mapi_limit m;
    arena_init(&none, 0);
    for (size_t i = 0; i < sizeof claims / sizeof claims[0]; i++)
        mapi9646_parse_text(sv_from(claims[i].text), &none, &m);
    mapi9646_parse_text(SV(FULL), &none, &m);
    cr_assert(sv_eq(m.legacy_dn, SV(DN)));
    cr_assert_eq(m.status, PARSE_COMPLETE);
    arena_free(&none);
}

/* Text of which every piece starts something that the grammar must follow. */
Test(mapi_text, a_mebibyte_of_hostile_text_is_read_in_one_go)
{
    static const char *const pieces[] = {
        "exceeded the maximum of 1 ",
        "exceeded   ",
        "mapi ",
        "\"",
        "/o=",
        "/o=a/ou=b/cn=c",
        "1 ",
        "1,",
        "Message ",
        "&amp;",
        "<p ",
        "\n",
        " ",
        "go.microsoft.com ",
        "data: ",
        "0000: 00 00",
        GUID,
        GUID ": ",
        "\"session\" ",
        "client type ",
        "'a', '1', ",
        "_x000D_",
        "“",
        "/ o = a",
    };
    enum { SIZE = 1 << 20 };
    char *text = malloc(SIZE);
    cr_assert_not_null(text);
    for (size_t i = 0; i < sizeof pieces / sizeof pieces[0]; i++) {
        size_t n = strlen(pieces[i]);
        for (size_t at = 0; at < SIZE; at++)
            text[at] = pieces[i][at % n];
        struct mapi_limit m;
        mapi9646_parse_text(sv_make(text, SIZE), &arena, &m);
        cr_expect_neq(m.status, PARSE_COMPLETE, "%s", pieces[i]);
        cr_expect_leq(m.legacy_dn.n, 1024);
        arena_reset(&arena);
    }
    free(text);
}

/* --- the short way --- */

static const char *const plain_sentences[] = {
    FULL,
    "Mapi session \"" GUID ": " DN "\" exceeded the maximum of 500 objects of type \"objtFolder\".",
    "Mapi session \"" GUID "\" exceeded the maximum of 500 objects of type \"objtFolder\".",
    ("Mapi session \"/O=A B/OU=Exchange Administrative Group (FYDIBOHF23SPDLT)/cn=Recipients/cn=x.y-z\" with "
     "client type \"MoMT\" exceeded the maximum of 032 objects of type \"FastTransferSource\"."),
};

static bool is_same(const struct mapi_words *a, const struct mapi_words *b)
{
    return sv_eq(a->who, b->who) && sv_absent(a->who) == sv_absent(b->who) && sv_eq(a->client, b->client) &&
           sv_absent(a->client) == sv_absent(b->client) && sv_eq(a->type, b->type) &&
           a->limit.has == b->limit.has && a->limit.v == b->limit.v && a->form == b->form && a->cut == b->cut;
}

/* True where the text is plain; the shapes then tell the same. */
static bool is_plain(struct sv text)
{
    struct mapi_words plain, shapes;
    if (!mapi_plain_read(text, &plain))
        return false;
    arena_reset(&arena);
    mapi_text_read_shapes(text, &arena, &shapes);
    cr_assert(is_same(&plain, &shapes), "%.*s", SV_ARG(text));
    return true;
}

Test(mapi_text, what_exchange_writes_is_read_the_short_way)
{
    for (size_t i = 0; i < sizeof plain_sentences / sizeof *plain_sentences; i++)
        cr_assert(is_plain(sv_from(plain_sentences[i])), "%s", plain_sentences[i]);
}

Test(mapi_text, the_short_way_tells_what_the_shapes_tell_or_leaves_it_to_them)
{
    static const char *const inserted[] = {
        "\"",
        "\"\"",
        " ",
        "  ",
        "\n",
        "<",
        "&amp;",
        "_x000D_",
        "\xe2\x80\x9c",
        ".",
        "'",
        ":",
        ": /",
        "1",
        ",",
        "exceeded the maximum of 5 objects",
        "exceeded the maximum of",
        "exceeded the maximum objects of",
        "0000: 5b 44",
        "Data: 0000: 5b 44 ",
        "event xml:",
        "http://go.microsoft.com",
        "go.microsoft.com",
        "for more information, see help",
        " client type ",
        " with client type A ",
        "because it ",
        "closing ",
        "Mapi session ",
        "Mapi session \"",
        "of type ",
        " per ",
        " objects of type \"x\"",
        "/o=a/cn=b",
    };
    char text[1024];
    unsigned taken = 0;
    for (size_t i = 0; i < sizeof plain_sentences / sizeof *plain_sentences; i++) {
        struct sv s = sv_from(plain_sentences[i]);
        for (size_t k = 0; k < sizeof inserted / sizeof *inserted; k++)
            for (size_t at = 0; at <= s.n; at++)
                for (size_t drop = 0; drop < 4; drop++) {
                    int n = snprintf(text, sizeof text, "%.*s%s%.*s", (int)at, s.p, inserted[k],
                                     SV_ARG(sv_slice(s, at + drop, s.n)));
                    taken += is_plain(sv_make(text, (size_t)n));
                }
    }
    cr_assert_gt(taken, 500, "many changes of a sentence leave it plain");
}

Test(mapi_text, any_changed_byte_tells_the_same_both_ways)
{
    char text[1024];
    for (size_t i = 0; i < sizeof plain_sentences / sizeof *plain_sentences; i++) {
        size_t n = strlen(plain_sentences[i]);
        for (size_t at = 0; at < n; at++)
            for (int byte = 1; byte < 256; byte++) {
                memcpy(text, plain_sentences[i], n);
                text[at] = (char)byte;
                (void)is_plain(sv_make(text, n));
            }
    }
}
