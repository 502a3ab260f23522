/* SPDX-License-Identifier: Apache-2.0 */
/* The words before the colons in event texts. */
#include "text_labels.h"

#include <string.h>

/*
 * In the order of their last two bytes, the very last first and each with bit 5 set, because a label is
 * looked for from the colon back: a colon then costs a look at a few of them. The bit makes ASCII letters
 * small. None ends with a blank or an apostrophe in these two bytes, for which a text may have others.
 */
/* clang-format off */
static const struct text_label labels[] = {
    {SV_INIT("Categoría de la tarea"), FIELD_CATEGORY, PLACE_ANY, DATE_ORDER_DMY},
    {SV_INIT("Categoria da Tarefa"), FIELD_CATEGORY, PLACE_ANY, DATE_ORDER_DMY},
    {SV_INIT("Fecha"), FIELD_DATE, PLACE_LINE, DATE_ORDER_DMY},
    {SV_INIT("Ora"), FIELD_TIME, PLACE_LINE, DATE_ORDER_DMY},
    {SV_INIT("Hora"), FIELD_TIME, PLACE_LINE, DATE_ORDER_DMY},
    {SV_INIT("Data"), FIELD_DATE, PLACE_LINE, DATE_ORDER_DMY},
    {SV_INIT("Event ID"), FIELD_ID, PLACE_ANY, DATE_ORDER_MDY},
    {SV_INIT("ID"), FIELD_ID, PLACE_LINE, DATE_ORDER_AUTO},
    {SV_INIT("Ereignis-ID"), FIELD_ID, PLACE_ANY, DATE_ORDER_DMY},
    {SV_INIT("イベントID"), FIELD_ID, PLACE_ANY, DATE_ORDER_YMD},
    {SV_INIT("イベント ID"), FIELD_ID, PLACE_ANY, DATE_ORDER_YMD},
    {SV_INIT("Gebeurtenis-ID"), FIELD_ID, PLACE_ANY, DATE_ORDER_DMY},
    {SV_INIT("事件 ID"), FIELD_ID, PLACE_ANY, DATE_ORDER_YMD},
    {SV_INIT("Tijd"), FIELD_TIME, PLACE_LINE, DATE_ORDER_DMY},
    {SV_INIT("Keyword"), FIELD_KEYWORDS, PLACE_LINE, DATE_ORDER_MDY},
    {SV_INIT("Event Source"), FIELD_SOURCE, PLACE_ANY, DATE_ORDER_MDY},
    {SV_INIT("Source"), FIELD_SOURCE, PLACE_LINE, DATE_ORDER_AUTO},
    {SV_INIT("OpCode"), FIELD_OPCODE, PLACE_LINE, DATE_ORDER_AUTO},
    {SV_INIT("Message"), FIELD_MESSAGE, PLACE_LINE, DATE_ORDER_AUTO},
    {SV_INIT("Error Message"), FIELD_MESSAGE, PLACE_LINE, DATE_ORDER_AUTO},
    {SV_INIT("Catégorie de la tâche"), FIELD_CATEGORY, PLACE_ANY, DATE_ORDER_DMY},
    {SV_INIT("Ereigniskategorie"), FIELD_CATEGORY, PLACE_ANY, DATE_ORDER_DMY},
    {SV_INIT("Aufgabenkategorie"), FIELD_CATEGORY, PLACE_ANY, DATE_ORDER_DMY},
    {SV_INIT("Taakcategorie"), FIELD_CATEGORY, PLACE_ANY, DATE_ORDER_DMY},
    {SV_INIT("Ereignisquelle"), FIELD_SOURCE, PLACE_ANY, DATE_ORDER_DMY},
    {SV_INIT("Quelle"), FIELD_SOURCE, PLACE_LINE, DATE_ORDER_DMY},
    {SV_INIT("Log Name"), FIELD_LOG, PLACE_FIRST, DATE_ORDER_MDY},
    {SV_INIT("Time"), FIELD_TIME, PLACE_LINE, DATE_ORDER_MDY},
    {SV_INIT("User Name"), FIELD_USER, PLACE_LINE, DATE_ORDER_MDY},
    {SV_INIT("Protokollname"), FIELD_LOG, PLACE_FIRST, DATE_ORDER_DMY},
    {SV_INIT("Ebene"), FIELD_LEVEL, PLACE_LINE, DATE_ORDER_DMY},
    {SV_INIT("Origine"), FIELD_SOURCE, PLACE_LINE, DATE_ORDER_DMY},
    {SV_INIT("Descrizione"), FIELD_MESSAGE, PLACE_LINE, DATE_ORDER_DMY},
    {SV_INIT("Event Type"), FIELD_LEVEL, PLACE_FIRST, DATE_ORDER_MDY},
    {SV_INIT("Type"), FIELD_LEVEL, PLACE_LINE, DATE_ORDER_MDY},
    {SV_INIT("Heure"), FIELD_TIME, PLACE_LINE, DATE_ORDER_DMY},
    {SV_INIT("Date"), FIELD_DATE, PLACE_LINE, DATE_ORDER_AUTO},
    {SV_INIT("Utente"), FIELD_USER, PLACE_LINE, DATE_ORDER_DMY},
    {SV_INIT("Fonte"), FIELD_SOURCE, PLACE_LINE, DATE_ORDER_DMY},
    {SV_INIT("Parole chiave"), FIELD_KEYWORDS, PLACE_LINE, DATE_ORDER_DMY},
    {SV_INIT("Palabras clave"), FIELD_KEYWORDS, PLACE_LINE, DATE_ORDER_DMY},
    {SV_INIT("Palavras-chave"), FIELD_KEYWORDS, PLACE_LINE, DATE_ORDER_DMY},
    {SV_INIT("Palavras Chave"), FIELD_KEYWORDS, PLACE_LINE, DATE_ORDER_DMY},
    {SV_INIT("Ereigniskennung"), FIELD_ID, PLACE_ANY, DATE_ORDER_DMY},
    {SV_INIT("Beschreibung"), FIELD_MESSAGE, PLACE_LINE, DATE_ORDER_DMY},
    {SV_INIT("Fehlermeldung"), FIELD_MESSAGE, PLACE_LINE, DATE_ORDER_DMY},
    {SV_INIT("Beschrijving"), FIELD_MESSAGE, PLACE_LINE, DATE_ORDER_DMY},
    {SV_INIT("Nome do Log"), FIELD_LOG, PLACE_FIRST, DATE_ORDER_DMY},
    {SV_INIT("Task"), FIELD_CATEGORY, PLACE_LINE, DATE_ORDER_AUTO},
    {SV_INIT("Nom du journal"), FIELD_LOG, PLACE_FIRST, DATE_ORDER_DMY},
    {SV_INIT("Level"), FIELD_LEVEL, PLACE_LINE, DATE_ORDER_MDY},
    {SV_INIT("Nivel"), FIELD_LEVEL, PLACE_LINE, DATE_ORDER_DMY},
    {SV_INIT("Nível"), FIELD_LEVEL, PLACE_LINE, DATE_ORDER_DMY},
    {SV_INIT("Event Xml"), FIELD_XML, PLACE_ANY, DATE_ORDER_MDY},
    {SV_INIT("Ereignis-XML"), FIELD_XML, PLACE_ANY, DATE_ORDER_DMY},
    {SV_INIT("イベント XML"), FIELD_XML, PLACE_ANY, DATE_ORDER_YMD},
    {SV_INIT("Gebeurtenis-XML"), FIELD_XML, PLACE_ANY, DATE_ORDER_DMY},
    {SV_INIT("事件 Xml"), FIELD_XML, PLACE_ANY, DATE_ORDER_YMD},
    {SV_INIT("Logboeknaam"), FIELD_LOG, PLACE_FIRST, DATE_ORDER_DMY},
    {SV_INIT("Origem"), FIELD_SOURCE, PLACE_LINE, DATE_ORDER_DMY},
    {SV_INIT("Datum"), FIELD_DATE, PLACE_LINE, DATE_ORDER_DMY},
    {SV_INIT("Origen"), FIELD_SOURCE, PLACE_LINE, DATE_ORDER_DMY},
    {SV_INIT("Trefwoorden"), FIELD_KEYWORDS, PLACE_LINE, DATE_ORDER_DMY},
    {SV_INIT("Description"), FIELD_MESSAGE, PLACE_LINE, DATE_ORDER_AUTO},
    {SV_INIT("Bron"), FIELD_SOURCE, PLACE_LINE, DATE_ORDER_DMY},
    {SV_INIT("Descripción"), FIELD_MESSAGE, PLACE_LINE, DATE_ORDER_DMY},
    {SV_INIT("Usuario"), FIELD_USER, PLACE_LINE, DATE_ORDER_DMY},
    {SV_INIT("Usuário"), FIELD_USER, PLACE_LINE, DATE_ORDER_DMY},
    {SV_INIT("Livello"), FIELD_LEVEL, PLACE_LINE, DATE_ORDER_DMY},
    {SV_INIT("Equipo"), FIELD_COMPUTER, PLACE_LINE, DATE_ORDER_DMY},
    {SV_INIT("Nome registro"), FIELD_LOG, PLACE_FIRST, DATE_ORDER_DMY},
    {SV_INIT("Nombre de registro"), FIELD_LOG, PLACE_FIRST, DATE_ORDER_DMY},
    {SV_INIT("Tipo de suceso"), FIELD_LEVEL, PLACE_FIRST, DATE_ORDER_DMY},
    {SV_INIT("Origen del suceso"), FIELD_SOURCE, PLACE_ANY, DATE_ORDER_DMY},
    {SV_INIT("Origen de suceso"), FIELD_SOURCE, PLACE_ANY, DATE_ORDER_DMY},
    {SV_INIT("Categoría del suceso"), FIELD_CATEGORY, PLACE_ANY, DATE_ORDER_DMY},
    {SV_INIT("Categoría de suceso"), FIELD_CATEGORY, PLACE_ANY, DATE_ORDER_DMY},
    {SV_INIT("Id. suceso"), FIELD_ID, PLACE_ANY, DATE_ORDER_DMY},
    {SV_INIT("Id. del suceso"), FIELD_ID, PLACE_ANY, DATE_ORDER_DMY},
    {SV_INIT("Tipo evento"), FIELD_LEVEL, PLACE_FIRST, DATE_ORDER_DMY},
    {SV_INIT("Origine evento"), FIELD_SOURCE, PLACE_ANY, DATE_ORDER_DMY},
    {SV_INIT("Categoria evento"), FIELD_CATEGORY, PLACE_ANY, DATE_ORDER_DMY},
    {SV_INIT("ID evento"), FIELD_ID, PLACE_ANY, DATE_ORDER_DMY},
    {SV_INIT("XML evento"), FIELD_XML, PLACE_ANY, DATE_ORDER_DMY},
    {SV_INIT("Id. del evento"), FIELD_ID, PLACE_ANY, DATE_ORDER_DMY},
    {SV_INIT("Id. de evento"), FIELD_ID, PLACE_ANY, DATE_ORDER_DMY},
    {SV_INIT("XML de evento"), FIELD_XML, PLACE_ANY, DATE_ORDER_DMY},
    {SV_INIT("Tipo de evento"), FIELD_LEVEL, PLACE_FIRST, DATE_ORDER_DMY},
    {SV_INIT("Nome do Registo"), FIELD_LOG, PLACE_FIRST, DATE_ORDER_DMY},
    {SV_INIT("Origem do evento"), FIELD_SOURCE, PLACE_ANY, DATE_ORDER_DMY},
    {SV_INIT("Fonte do evento"), FIELD_SOURCE, PLACE_ANY, DATE_ORDER_DMY},
    {SV_INIT("Categoria do evento"), FIELD_CATEGORY, PLACE_ANY, DATE_ORDER_DMY},
    {SV_INIT("ID do evento"), FIELD_ID, PLACE_ANY, DATE_ORDER_DMY},
    {SV_INIT("Identificação do Evento"), FIELD_ID, PLACE_ANY, DATE_ORDER_DMY},
    {SV_INIT("Identificação de evento"), FIELD_ID, PLACE_ANY, DATE_ORDER_DMY},
    {SV_INIT("Descrição"), FIELD_MESSAGE, PLACE_LINE, DATE_ORDER_DMY},
    {SV_INIT("Ereignistyp"), FIELD_LEVEL, PLACE_FIRST, DATE_ORDER_DMY},
    {SV_INIT("Typ"), FIELD_LEVEL, PLACE_LINE, DATE_ORDER_DMY},
    {SV_INIT("User"), FIELD_USER, PLACE_LINE, DATE_ORDER_MDY},
    {SV_INIT("Computer"), FIELD_COMPUTER, PLACE_LINE, DATE_ORDER_AUTO},
    {SV_INIT("Benutzer"), FIELD_USER, PLACE_LINE, DATE_ORDER_DMY},
    {SV_INIT("Schlüsselwörter"), FIELD_KEYWORDS, PLACE_LINE, DATE_ORDER_DMY},
    {SV_INIT("Gebruiker"), FIELD_USER, PLACE_LINE, DATE_ORDER_DMY},
    {SV_INIT("Utilizador"), FIELD_USER, PLACE_LINE, DATE_ORDER_DMY},
    {SV_INIT("Computador"), FIELD_COMPUTER, PLACE_LINE, DATE_ORDER_DMY},
    {SV_INIT("Utilisateur"), FIELD_USER, PLACE_LINE, DATE_ORDER_DMY},
    {SV_INIT("Ordinateur"), FIELD_COMPUTER, PLACE_LINE, DATE_ORDER_DMY},
    {SV_INIT("Keywords"), FIELD_KEYWORDS, PLACE_LINE, DATE_ORDER_MDY},
    {SV_INIT("Type gebeurtenis"), FIELD_LEVEL, PLACE_FIRST, DATE_ORDER_DMY},
    {SV_INIT("Bron van gebeurtenis"), FIELD_SOURCE, PLACE_ANY, DATE_ORDER_DMY},
    {SV_INIT("Categorie van gebeurtenis"), FIELD_CATEGORY, PLACE_ANY, DATE_ORDER_DMY},
    {SV_INIT("Mots clés"), FIELD_KEYWORDS, PLACE_LINE, DATE_ORDER_DMY},
    {SV_INIT("Zeit"), FIELD_TIME, PLACE_LINE, DATE_ORDER_DMY},
    {SV_INIT("Uhrzeit"), FIELD_TIME, PLACE_LINE, DATE_ORDER_DMY},
    {SV_INIT("Type de l'événement"), FIELD_LEVEL, PLACE_FIRST, DATE_ORDER_DMY},
    {SV_INIT("Type d'événement"), FIELD_LEVEL, PLACE_FIRST, DATE_ORDER_DMY},
    {SV_INIT("Source de l'événement"), FIELD_SOURCE, PLACE_ANY, DATE_ORDER_DMY},
    {SV_INIT("Catégorie de l'événement"), FIELD_CATEGORY, PLACE_ANY, DATE_ORDER_DMY},
    {SV_INIT("ID de l'événement"), FIELD_ID, PLACE_ANY, DATE_ORDER_DMY},
    {SV_INIT("ID événement"), FIELD_ID, PLACE_ANY, DATE_ORDER_DMY},
    {SV_INIT("XML de l'événement"), FIELD_XML, PLACE_ANY, DATE_ORDER_DMY},
    {SV_INIT("Niveau"), FIELD_LEVEL, PLACE_LINE, DATE_ORDER_DMY},
    {SV_INIT("Event Category"), FIELD_CATEGORY, PLACE_ANY, DATE_ORDER_MDY},
    {SV_INIT("Task Category"), FIELD_CATEGORY, PLACE_ANY, DATE_ORDER_MDY},
    {SV_INIT("Category"), FIELD_CATEGORY, PLACE_LINE, DATE_ORDER_AUTO},
    {SV_INIT("Categoria attività"), FIELD_CATEGORY, PLACE_ANY, DATE_ORDER_DMY},
    {SV_INIT("Компьютер"), FIELD_COMPUTER, PLACE_LINE, DATE_ORDER_DMY},
    {SV_INIT("キーワード"), FIELD_KEYWORDS, PLACE_LINE, DATE_ORDER_YMD},
    {SV_INIT("イベント カテゴリ"), FIELD_CATEGORY, PLACE_ANY, DATE_ORDER_YMD},
    {SV_INIT("タスクのカテゴリ"), FIELD_CATEGORY, PLACE_ANY, DATE_ORDER_YMD},
    {SV_INIT("レベル"), FIELD_LEVEL, PLACE_LINE, DATE_ORDER_YMD},
    {SV_INIT("任务类别"), FIELD_CATEGORY, PLACE_ANY, DATE_ORDER_YMD},
    {SV_INIT("级别"), FIELD_LEVEL, PLACE_LINE, DATE_ORDER_YMD},
    {SV_INIT("事件类型"), FIELD_LEVEL, PLACE_FIRST, DATE_ORDER_YMD},
    {SV_INIT("Уровень"), FIELD_LEVEL, PLACE_LINE, DATE_ORDER_DMY},
    {SV_INIT("Пользователь"), FIELD_USER, PLACE_LINE, DATE_ORDER_DMY},
    {SV_INIT("ログの名前"), FIELD_LOG, PLACE_FIRST, DATE_ORDER_YMD},
    {SV_INIT("ユーザー名"), FIELD_USER, PLACE_LINE, DATE_ORDER_YMD},
    {SV_INIT("説明"), FIELD_MESSAGE, PLACE_LINE, DATE_ORDER_YMD},
    {SV_INIT("Тип события"), FIELD_LEVEL, PLACE_FIRST, DATE_ORDER_DMY},
    {SV_INIT("Источник события"), FIELD_SOURCE, PLACE_ANY, DATE_ORDER_DMY},
    {SV_INIT("Категория события"), FIELD_CATEGORY, PLACE_ANY, DATE_ORDER_DMY},
    {SV_INIT("Код события"), FIELD_ID, PLACE_ANY, DATE_ORDER_DMY},
    {SV_INIT("Время"), FIELD_TIME, PLACE_LINE, DATE_ORDER_DMY},
    {SV_INIT("Xml события"), FIELD_XML, PLACE_ANY, DATE_ORDER_DMY},
    {SV_INIT("日志名称"), FIELD_LOG, PLACE_FIRST, DATE_ORDER_YMD},
    {SV_INIT("事件来源"), FIELD_SOURCE, PLACE_ANY, DATE_ORDER_YMD},
    {SV_INIT("来源"), FIELD_SOURCE, PLACE_LINE, DATE_ORDER_YMD},
    {SV_INIT("描述"), FIELD_MESSAGE, PLACE_LINE, DATE_ORDER_YMD},
    {SV_INIT("Имя журнала"), FIELD_LOG, PLACE_FIRST, DATE_ORDER_DMY},
    {SV_INIT("Дата"), FIELD_DATE, PLACE_LINE, DATE_ORDER_DMY},
    {SV_INIT("Ключевые слова"), FIELD_KEYWORDS, PLACE_LINE, DATE_ORDER_DMY},
    {SV_INIT("时间"), FIELD_TIME, PLACE_LINE, DATE_ORDER_YMD},
    {SV_INIT("Описание"), FIELD_MESSAGE, PLACE_LINE, DATE_ORDER_DMY},
    {SV_INIT("用户"), FIELD_USER, PLACE_LINE, DATE_ORDER_YMD},
    {SV_INIT("关键字"), FIELD_KEYWORDS, PLACE_LINE, DATE_ORDER_YMD},
    {SV_INIT("日付"), FIELD_DATE, PLACE_LINE, DATE_ORDER_YMD},
    {SV_INIT("Категория задачи"), FIELD_CATEGORY, PLACE_ANY, DATE_ORDER_DMY},
    {SV_INIT("イベント ソース"), FIELD_SOURCE, PLACE_ANY, DATE_ORDER_YMD},
    {SV_INIT("ソース"), FIELD_SOURCE, PLACE_LINE, DATE_ORDER_YMD},
    {SV_INIT("计算机"), FIELD_COMPUTER, PLACE_LINE, DATE_ORDER_YMD},
    {SV_INIT("Источник"), FIELD_SOURCE, PLACE_LINE, DATE_ORDER_DMY},
    {SV_INIT("時刻"), FIELD_TIME, PLACE_LINE, DATE_ORDER_YMD},
    {SV_INIT("事件种类"), FIELD_CATEGORY, PLACE_ANY, DATE_ORDER_YMD},
    {SV_INIT("ユーザー"), FIELD_USER, PLACE_LINE, DATE_ORDER_YMD},
    {SV_INIT("コンピューター"), FIELD_COMPUTER, PLACE_LINE, DATE_ORDER_YMD},
    {SV_INIT("イベントの種類"), FIELD_LEVEL, PLACE_FIRST, DATE_ORDER_YMD},
    {SV_INIT("コンピュータ"), FIELD_COMPUTER, PLACE_LINE, DATE_ORDER_YMD},
    {SV_INIT("日期"), FIELD_DATE, PLACE_LINE, DATE_ORDER_YMD},
};
/* clang-format on */

enum {
    LABELS = sizeof labels / sizeof labels[0],
    COLON_GAP_MAX = 8, /* bytes of blanks before a colon */
};

/* Bytes of the blank that ends at t[at], line breaks and no-break blanks included, or 0. */
static size_t blank_before(struct sv t, size_t at)
{
    static const struct sv wide[] = {SV_INIT("\xc2\xa0"), SV_INIT("\xe2\x80\xaf"), SV_INIT("\xe3\x80\x80")};
    if (at && ascii_is_space(t.p[at - 1]))
        return 1;
    if (at == 0 || (unsigned char)t.p[at - 1] < 0x80)
        return 0;
    struct sv v = sv_slice(t, 0, at);
    for (size_t i = 0; i < sizeof wide / sizeof wide[0]; i++)
        if (sv_ends(v, wide[i]))
            return wide[i].n;
    return 0;
}

static size_t skip_blanks_before(struct sv t, size_t floor, size_t at)
{
    size_t n;
    while (at > floor && (n = blank_before(t, at)) != 0 && n <= at - floor)
        at -= n;
    return at;
}

/* Does the label end at t[end]? Its offset in *start. */
static bool ends_with_label(struct sv t, size_t floor, size_t end, struct sv label, size_t *start)
{
    static const struct sv curly = SV_INIT("\xe2\x80\x99");
    size_t exact = label.n <= end - floor ? end - label.n : end;
    if (exact < end && t.p[exact] == label.p[0] && memcmp(t.p + exact, label.p, label.n) == 0) {
        *start = exact;
        return true;
    }
    while (label.n) {
        char want = label.p[--label.n];
        if (want == ' ') {
            size_t before = skip_blanks_before(t, floor, end);
            if (before == end)
                return false;
            end = before;
        } else if (want == '\'' && end > floor && t.p[end - 1] != want &&
                   sv_ends(sv_slice(t, floor, end), curly)) {
            end -= curly.n;
        } else if (end == floor || ascii_lower(t.p[end - 1]) != ascii_lower(want)) {
            return false;
        } else {
            end--;
        }
    }
    *start = end;
    return true;
}

/* The last two of at least two bytes, as the labels are ordered. */
static inline unsigned last_bytes(struct sv v)
{
    const unsigned char *end = (const unsigned char *)v.p + v.n;
    return (end[-1] << 8 | end[-2]) | 0x2020U;
}

/* labels[] that end with the n-th letter begin at [n] and end before [n + 1], where others begin. */
static const uint8_t labels_of_letter[27] = {0,  6,  6,  6,  15,  43,  43,  48,  48,  48,  48,  49,  58, 61,
                                             66, 96, 98, 98, 107, 112, 121, 122, 122, 122, 122, 125, 125};

/* The first label whose last bytes are not below these. */
static size_t first_with(unsigned bytes)
{
    unsigned letter = (bytes >> 8) - 'a';
    size_t low = letter < 26 ? labels_of_letter[letter] : 0;
    size_t high = letter < 26 ? labels_of_letter[letter + 1] : LABELS;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (last_bytes(labels[middle].text) < bytes)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

/* Most labels with the same last two bytes differ in the one before. */
static inline bool may_end_with_label(struct sv t, size_t floor, size_t end, struct sv label)
{
    if (label.n < 3 || end - floor < 3)
        return true;
    char want = label.p[label.n - 3], there = t.p[end - 3];
    if (want == ' ')
        return there <= ' ' || (unsigned char)there >= 0x80;
    return want == '\'' || (want | 0x20) == (there | 0x20);
}

const struct text_label *text_label_before(struct sv t, size_t floor, size_t colon, size_t *start)
{
    const struct text_label *best = NULL;
    size_t end = colon;
    /* Only what is no visible ASCII character can be a blank. */
    if (end > floor && (t.p[end - 1] <= ' ' || (unsigned char)t.p[end - 1] >= 0x80))
        end = skip_blanks_before(t, end > floor + COLON_GAP_MAX ? end - COLON_GAP_MAX : floor, end);
    /* The digits of times have colons behind them too. */
    if (end < floor + 2 || ascii_is_digit(t.p[end - 1]))
        return NULL;
    unsigned last = last_bytes(sv_make(t.p + floor, end - floor));
    for (size_t i = first_with(last); i < LABELS && last_bytes(labels[i].text) == last; i++) {
        size_t at;
        if (may_end_with_label(t, floor, end, labels[i].text) &&
            ends_with_label(t, floor, end, labels[i].text, &at) && (!best || at < *start)) {
            best = &labels[i];
            *start = at;
        }
    }
    return best;
}

/* The index of the first full-width colon, or t.n. */
static size_t wide_colon(struct sv t)
{
    const char *hit;
    for (size_t at = 0; at < t.n && (hit = memchr(t.p + at, 0xef, t.n - at)) != NULL; at++) {
        at = (size_t)(hit - t.p);
        if (sv_starts(sv_slice(t, at, t.n), SV("\xef\xbc\x9a")))
            return at;
    }
    return t.n;
}

size_t text_colon_next(struct sv t, size_t at, size_t *bytes)
{
    const char *hit = at < t.n ? memchr(t.p + at, ':', t.n - at) : NULL;
    size_t colon = hit ? (size_t)(hit - t.p) : t.n, wide;
    *bytes = 1;
    /* Only what stands before the colon is looked at again, so that every byte costs the same. */
    if (at < colon && memchr(t.p + at, 0xef, colon - at) &&
        (wide = wide_colon(sv_make(t.p + at, colon - at))) < colon - at) {
        *bytes = 3;
        return at + wide;
    }
    return colon;
}

/* May a first label end with these two bytes? One whose last character is not ASCII may always. */
static bool may_end_first_label(unsigned bytes)
{
#define ENDING(second, last) ((last) << 8 | (second))
    switch (bytes) {
    case ENDING('m', 'e'): /* Log Name, Protokollname */
    case ENDING('p', 'e'): /* Event Type */
    case ENDING('o', 'g'): /* Nome do Log */
    case ENDING('a', 'l'): /* Nom du journal */
    case ENDING('a', 'm'): /* Logboeknaam */
    case ENDING('r', 'o'): /* Nome registro, Nombre de registro */
    case ENDING('s', 'o'): /* Tipo de suceso */
    case ENDING('t', 'o'): /* Tipo de evento, Nome do Registo */
    case ENDING('y', 'p'): /* Ereignistyp */
    case ENDING('i', 's'): /* Type gebeurtenis */
    case ENDING('n', 't'): /* Type d'événement */
        return true;
    default:
        return false;
    }
#undef ENDING
}

/* May a first label end before the colon? */
static bool is_mark(struct sv t, size_t colon)
{
    if (colon < 2)
        return true;
    unsigned char c = (unsigned char)t.p[colon - 1];
    /* "Time" stands in every block and ends as "Log Name" does. */
    if (c == 'e' && colon > 2 && t.p[colon - 2] == 'm' && t.p[colon - 3] == 'i')
        return false;
    return c <= ' ' || c >= 0x80 || may_end_first_label(last_bytes(sv_make(t.p + colon - 2, 2)));
}

size_t text_first_label_mark(struct sv t)
{
    enum { STRIDE = 512, WIDE_BYTES = 3 };
    /* Piece by piece, because what is searched for may be near, and t long. */
    for (size_t from = 0; from < t.n; from += STRIDE) {
        struct sv piece = sv_slice(t, from, from + STRIDE + WIDE_BYTES - 1);
        size_t wide = wide_colon(piece);
        const char *hit, *end = piece.p + wide;
        for (const char *p = piece.p; p < end && (hit = memchr(p, ':', (size_t)(end - p))) != NULL;
             p = hit + 1)
            if (is_mark(t, (size_t)(hit - t.p)))
                return (size_t)(hit - t.p);
        if (wide < piece.n)
            return from + wide;
    }
    return t.n;
}
