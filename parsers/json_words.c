/* SPDX-License-Identifier: Apache-2.0 */
/* Levels by their names. */
#include "json_words.h"

/* ASCII letters fold; others are written as Windows writes them. */
static const struct {
    struct sv word;
    unsigned level;
} words[] = {
    {SV_INIT("critical"), 1},      {SV_INIT("kritisch"), 1},       {SV_INIT("critique"), 1},
    {SV_INIT("error"), 2},         {SV_INIT("fehler"), 2},         {SV_INIT("erreur"), 2},
    {SV_INIT("errore"), 2},        {SV_INIT("erro"), 2},           {SV_INIT("fout"), 2},
    {SV_INIT("fel"), 2},           {SV_INIT("fejl"), 2},           {SV_INIT("feil"), 2},
    {SV_INIT("virhe"), 2},         {SV_INIT("chyba"), 2},          {SV_INIT("hiba"), 2},
    {SV_INIT("hata"), 2},          {SV_INIT("ошибка"), 2},         {SV_INIT("Ошибка"), 2},
    {SV_INIT("błąd"), 2},          {SV_INIT("Błąd"), 2},           {SV_INIT("错误"), 2},
    {SV_INIT("錯誤"), 2},          {SV_INIT("エラー"), 2},         {SV_INIT("오류"), 2},
    {SV_INIT("warning"), 3},       {SV_INIT("warn"), 3},           {SV_INIT("warnung"), 3},
    {SV_INIT("avertissement"), 3}, {SV_INIT("advertencia"), 3},    {SV_INIT("avviso"), 3},
    {SV_INIT("aviso"), 3},         {SV_INIT("предупреждение"), 3}, {SV_INIT("Предупреждение"), 3},
    {SV_INIT("警告"), 3},          {SV_INIT("information"), 4},    {SV_INIT("info"), 4},
    {SV_INIT("informationen"), 4}, {SV_INIT("informational"), 4},  {SV_INIT("verbose"), 5},
    {SV_INIT("debug"), 5},         {SV_INIT("audit_success"), 0},  {SV_INIT("audit_failure"), 0},
    {SV_INIT("audit success"), 0}, {SV_INIT("audit failure"), 0},  {SV_INIT("SuccessAudit"), 0},
    {SV_INIT("FailureAudit"), 0},
};

struct opt_u64 json_level_of_word(struct sv word)
{
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++)
        if (sv_ieq(word, words[i].word))
            return opt_u64(words[i].level);
    return (struct opt_u64){0};
}

struct opt_u64 json_level_of_type(uint64_t type, bool wmi)
{
    switch (type) {
    case 1:
        return opt_u64(2);
    case 2:
        return opt_u64(3);
    case 3:
        return wmi ? opt_u64(4) : (struct opt_u64){0};
    case 4:
        return opt_u64(wmi ? 0 : 4);
    case 5:
    case 8:
    case 16:
        return opt_u64(0);
    default:
        return (struct opt_u64){0};
    }
}
