/* SPDX-License-Identifier: Apache-2.0 */
/* The names of columns and of levels, in the languages of Windows that are known. */
#include "csv_layout.h"
#include "utf.h"

struct name {
    struct sv text;
    uint8_t column;
    uint8_t order; /* enum date_order that the language suggests; AUTO: the name is of no language */
};

#define ANY DATE_ORDER_AUTO
#define MDY DATE_ORDER_MDY
#define DMY DATE_ORDER_DMY
#define YMD DATE_ORDER_YMD
#define NAME(text, column, order)                                                                            \
    {                                                                                                        \
        SV_INIT(text), column, order                                                                         \
    }

static const struct name names[] = {
    /* Event viewer, English; what other tools call the same. */
    NAME("Level", CSV_LEVEL, ANY),
    NAME("Keywords", CSV_KEYWORDS, ANY),
    NAME("Date and Time", CSV_TIME, MDY),
    NAME("Date", CSV_DATE, ANY),
    NAME("Time", CSV_CLOCK, ANY),
    NAME("Source", CSV_SOURCE, ANY),
    NAME("Event ID", CSV_ID, MDY),
    NAME("Event", CSV_ID, ANY),
    NAME("Task Category", CSV_TASK, MDY),
    NAME("Category", CSV_TASK, ANY),
    NAME("Log", CSV_CHANNEL, ANY),
    NAME("Log Name", CSV_CHANNEL, ANY),
    NAME("Computer", CSV_COMPUTER, ANY),
    NAME("User", CSV_USER, ANY),
    NAME("Type", CSV_LEVEL, ANY),
    NAME("Operational Code", CSV_OPCODE, MDY),
    NAME("Process ID", CSV_PROCESS, MDY),
    NAME("Thread ID", CSV_THREAD, MDY),
    NAME("Description", CSV_MESSAGE, ANY),
    /* Get-WinEvent */
    NAME("Message", CSV_MESSAGE, ANY),
    NAME("Id", CSV_ID, ANY),
    NAME("Version", CSV_VERSION, ANY),
    NAME("Qualifiers", CSV_QUALIFIERS, ANY),
    NAME("Task", CSV_TASK, ANY),
    NAME("Opcode", CSV_OPCODE, ANY),
    NAME("RecordId", CSV_RECORD, ANY),
    NAME("ProviderName", CSV_SOURCE, ANY),
    NAME("ProviderId", CSV_GUID, ANY),
    NAME("LogName", CSV_CHANNEL, ANY),
    NAME("ProcessId", CSV_PROCESS, ANY),
    NAME("ThreadId", CSV_THREAD, ANY),
    NAME("MachineName", CSV_COMPUTER, ANY),
    NAME("UserId", CSV_USER, ANY),
    NAME("TimeCreated", CSV_TIME, ANY),
    NAME("ActivityId", CSV_ACTIVITY, ANY),
    NAME("RelatedActivityId", CSV_RELATED, ANY),
    NAME("ContainerLog", CSV_OTHER, ANY),
    NAME("LevelDisplayName", CSV_LEVEL, ANY),
    NAME("OpcodeDisplayName", CSV_OPCODE, ANY),
    NAME("TaskDisplayName", CSV_TASK, ANY),
    NAME("KeywordsDisplayNames", CSV_OTHER, ANY), /* a list's type, not its content */
    NAME("Properties", CSV_OTHER, ANY),
    /* Get-EventLog */
    NAME("EventID", CSV_ID, ANY),
    NAME("Index", CSV_RECORD, ANY),
    NAME("CategoryNumber", CSV_TASK, ANY),
    NAME("EntryType", CSV_LEVEL, ANY),
    NAME("InstanceId", CSV_ID32, ANY),
    NAME("TimeGenerated", CSV_TIME, ANY),
    NAME("TimeWritten", CSV_OTHER, ANY),
    NAME("UserName", CSV_USER, ANY),
    NAME("ReplacementStrings", CSV_STRINGS, ANY),
    /* Log Parser */
    NAME("EventLog", CSV_CHANNEL, ANY),
    NAME("RecordNumber", CSV_RECORD, ANY),
    NAME("EventType", CSV_EVENT_TYPE, ANY),
    NAME("EventTypeName", CSV_LEVEL, ANY),
    NAME("EventCategory", CSV_TASK, ANY),
    NAME("EventCategoryName", CSV_TASK, ANY),
    NAME("SourceName", CSV_SOURCE, ANY),
    NAME("Strings", CSV_STRINGS, ANY),
    NAME("ComputerName", CSV_COMPUTER, ANY),
    NAME("SID", CSV_USER, ANY),
    NAME("Data", CSV_BINARY, ANY),
    /* Win32_NTLogEvent */
    NAME("Node", CSV_NODE, ANY),
    NAME("CategoryString", CSV_TASK, ANY),
    NAME("EventCode", CSV_ID, ANY),
    NAME("EventIdentifier", CSV_ID32, ANY),
    NAME("InsertionStrings", CSV_STRINGS, ANY),
    NAME("Logfile", CSV_CHANNEL, ANY),
    /* German */
    NAME("Ebene", CSV_LEVEL, DMY),
    NAME("Schlüsselwörter", CSV_KEYWORDS, DMY),
    NAME("Datum und Uhrzeit", CSV_TIME, DMY),
    NAME("Datum", CSV_DATE, DMY),
    NAME("Uhrzeit", CSV_CLOCK, DMY),
    NAME("Zeit", CSV_CLOCK, DMY),
    NAME("Quelle", CSV_SOURCE, DMY),
    NAME("Ereignis-ID", CSV_ID, DMY),
    NAME("Ereigniskennung", CSV_ID, DMY),
    NAME("Aufgabenkategorie", CSV_TASK, DMY),
    NAME("Kategorie", CSV_TASK, DMY),
    NAME("Protokoll", CSV_CHANNEL, DMY),
    NAME("Benutzer", CSV_USER, DMY),
    NAME("Typ", CSV_LEVEL, DMY),
    NAME("Beschreibung", CSV_MESSAGE, DMY),
    /* French */
    NAME("Niveau", CSV_LEVEL, DMY), /* Dutch, too */
    NAME("Mots clés", CSV_KEYWORDS, DMY),
    NAME("Mots-clés", CSV_KEYWORDS, DMY),
    NAME("Date et heure", CSV_TIME, DMY),
    NAME("Heure", CSV_CLOCK, DMY),
    NAME("ID de l'événement", CSV_ID, DMY),
    NAME("ID de l’événement", CSV_ID, DMY),
    NAME("ID d'événement", CSV_ID, DMY),
    NAME("ID événement", CSV_ID, DMY),
    NAME("Catégorie de la tâche", CSV_TASK, DMY),
    NAME("Catégorie de tâche", CSV_TASK, DMY),
    NAME("Catégorie", CSV_TASK, DMY),
    NAME("Ordinateur", CSV_COMPUTER, DMY),
    NAME("Utilisateur", CSV_USER, DMY),
    NAME("Journal", CSV_CHANNEL, DMY),
    /* Spanish */
    NAME("Nivel", CSV_LEVEL, DMY),
    NAME("Palabras clave", CSV_KEYWORDS, DMY),
    NAME("Fecha y hora", CSV_TIME, DMY),
    NAME("Fecha", CSV_DATE, DMY),
    NAME("Hora", CSV_CLOCK, DMY), /* Portuguese, too */
    NAME("Origen", CSV_SOURCE, DMY),
    NAME("Id. del evento", CSV_ID, DMY),
    NAME("Id. de evento", CSV_ID, DMY),
    NAME("Id. evento", CSV_ID, DMY),
    NAME("Identificador del evento", CSV_ID, DMY),
    NAME("Identificador de evento", CSV_ID, DMY),
    NAME("Categoría de la tarea", CSV_TASK, DMY),
    NAME("Categoría de tarea", CSV_TASK, DMY),
    NAME("Categoría", CSV_TASK, DMY),
    NAME("Equipo", CSV_COMPUTER, DMY),
    NAME("Usuario", CSV_USER, DMY),
    NAME("Registro", CSV_CHANNEL, DMY),
    /* Italian */
    NAME("Livello", CSV_LEVEL, DMY),
    NAME("Parole chiave", CSV_KEYWORDS, DMY),
    NAME("Data e ora", CSV_TIME, DMY),
    NAME("Ora", CSV_CLOCK, DMY),
    NAME("Origine", CSV_SOURCE, DMY),
    NAME("ID evento", CSV_ID, DMY),
    NAME("Categoria attività", CSV_TASK, DMY),
    NAME("Categoria", CSV_TASK, DMY),
    NAME("Registro eventi", CSV_CHANNEL, DMY),
    NAME("Utente", CSV_USER, DMY),
    /* Portuguese */
    NAME("Nível", CSV_LEVEL, DMY),
    NAME("Palavras-chave", CSV_KEYWORDS, DMY),
    NAME("Data e Hora", CSV_TIME, DMY),
    NAME("Fonte", CSV_SOURCE, DMY),
    NAME("Origem", CSV_SOURCE, DMY),
    NAME("ID do Evento", CSV_ID, DMY),
    NAME("Identificação do Evento", CSV_ID, DMY),
    NAME("Categoria da Tarefa", CSV_TASK, DMY),
    NAME("Categoria de Tarefa", CSV_TASK, DMY),
    NAME("Computador", CSV_COMPUTER, DMY),
    NAME("Usuário", CSV_USER, DMY),
    NAME("Utilizador", CSV_USER, DMY),
    /* Dutch */
    NAME("Trefwoorden", CSV_KEYWORDS, DMY),
    NAME("Datum en tijd", CSV_TIME, DMY),
    NAME("Tijd", CSV_CLOCK, DMY),
    NAME("Bron", CSV_SOURCE, DMY),
    NAME("Gebeurtenis-id", CSV_ID, DMY),
    NAME("Taakcategorie", CSV_TASK, DMY),
    NAME("Gebruiker", CSV_USER, DMY),
    NAME("Logboek", CSV_CHANNEL, DMY),
    /* Japanese */
    NAME("レベル", CSV_LEVEL, YMD),
    NAME("キーワード", CSV_KEYWORDS, YMD),
    NAME("日付と時刻", CSV_TIME, YMD),
    NAME("日付", CSV_DATE, YMD),
    NAME("時刻", CSV_CLOCK, YMD),
    NAME("ソース", CSV_SOURCE, YMD),
    NAME("イベント ID", CSV_ID, YMD),
    NAME("イベントID", CSV_ID, YMD),
    NAME("タスクのカテゴリ", CSV_TASK, YMD),
    NAME("コンピューター", CSV_COMPUTER, YMD),
    NAME("コンピュータ", CSV_COMPUTER, YMD),
    NAME("ユーザー", CSV_USER, YMD),
    NAME("ログ", CSV_CHANNEL, YMD),
    /* Chinese */
    NAME("级别", CSV_LEVEL, YMD),
    NAME("关键字", CSV_KEYWORDS, YMD),
    NAME("日期和时间", CSV_TIME, YMD),
    NAME("日期", CSV_DATE, YMD),
    NAME("时间", CSV_CLOCK, YMD),
    NAME("来源", CSV_SOURCE, YMD),
    NAME("事件 ID", CSV_ID, YMD),
    NAME("任务类别", CSV_TASK, YMD),
    NAME("计算机", CSV_COMPUTER, YMD),
    NAME("用户", CSV_USER, YMD),
    NAME("日志", CSV_CHANNEL, YMD),
    NAME("層級", CSV_LEVEL, YMD),
    NAME("等級", CSV_LEVEL, YMD),
    NAME("關鍵字", CSV_KEYWORDS, YMD),
    NAME("日期和時間", CSV_TIME, YMD),
    NAME("來源", CSV_SOURCE, YMD),
    NAME("事件識別碼", CSV_ID, YMD),
    NAME("工作類別", CSV_TASK, YMD),
    NAME("電腦", CSV_COMPUTER, YMD),
    NAME("使用者", CSV_USER, YMD),
};
enum { NAMES = sizeof names / sizeof names[0] };

/* Equal without regard to ASCII case, where '?' and U+FFFD stand for a character above ASCII that an export
 * has destroyed. */
static bool is_name(struct sv name, struct sv cell)
{
    if (name.n == 0 || (unsigned char)name.p[0] >= 0x80)
        return sv_eq(name, cell);
    if (cell.n == 0 || ascii_lower(name.p[0]) != ascii_lower(cell.p[0]))
        return false;
    if (sv_eq(name, cell))
        return true;
    while (name.n && cell.n) {
        uint32_t a, b;
        size_t na = utf8_decode(name, &a), nb = utf8_decode(cell, &b);
        bool lost = (b == '?' || b == 0xfffd) && a >= 0x80;
        if (!lost && (a < 0x80 && b < 0x80 ? ascii_lower((char)a) != ascii_lower((char)b) : a != b))
            return false;
        name = sv_slice(name, na, name.n);
        cell = sv_slice(cell, nb, cell.n);
    }
    return name.n == 0 && cell.n == 0;
}

enum csv_column csv_column_of(struct sv name, enum date_order *order)
{
    size_t i = 0;
    while (i < NAMES && !is_name(names[i].text, name))
        i++;
    if (order)
        *order = i < NAMES ? (enum date_order)names[i].order : DATE_ORDER_AUTO;
    return i < NAMES ? (enum csv_column)names[i].column : CSV_OTHER;
}

/* --- beginnings --- */

static bool is_letter(unsigned c)
{
    return c < 0x80 && ascii_is_alpha((char)c);
}

static void set_bit(struct csv_beginnings *b, unsigned bit)
{
    b->bits[bit / 8] |= (uint8_t)(1u << bit % 8);
}

/* Whatever has this in the second or the third place; '?' is told by its five bits too. */
static void admit_marks(struct csv_beginnings *b)
{
    for (unsigned first = 0; first < 32; first++)
        for (unsigned other = 0; other < 32; other++) {
            set_bit(b, csv_beginning(first, '?', other));
            set_bit(b, csv_beginning(first, other, '?'));
        }
}

/* A name of two letters may be followed by anything, and so may be what is no letter. */
void csv_beginnings_init(struct csv_beginnings *b)
{
    *b = (struct csv_beginnings){0};
    admit_marks(b);
    for (size_t i = 0; i < NAMES; i++) {
        struct sv name = names[i].text;
        unsigned first = (unsigned char)name.p[0], second = (unsigned char)name.p[1];
        unsigned third = name.n > 2 ? (unsigned char)name.p[2] : 0;
        if (!is_letter(first) || !is_letter(second))
            continue;
        for (unsigned c = 0; c < 32; c++)
            if (!is_letter(third) || c == (third & 31))
                set_bit(b, csv_beginning(first, second, c));
    }
}

/* What is above ASCII, or was before an export has destroyed it, may be anything. */
bool csv_may_begin_strangely(const struct csv_beginnings *b, unsigned first, unsigned second, unsigned third)
{
    unsigned bit = csv_beginning(first, second, third);
    bool strange = (first | second | third) >= 0x80 || second == '?' || third == '?';
    if (!is_letter(first))
        return first >= 0x80;
    return strange || (is_letter(second) && (b->bits[bit / 8] >> bit % 8 & 1));
}
