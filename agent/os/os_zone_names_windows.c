/* SPDX-License-Identifier: Apache-2.0 */
/* What IANA's time zones are called on Windows. */
#include "os_zone_names_windows.h"

#include <stdio.h>
#include <string.h>

/* The first name is the place that stands for the zone; the others are large cities that keep the same time.
 */
static const struct {
    const char *key, *names;
} zones[] = {
    {"Dateline Standard Time", "Etc/GMT+12"},
    {"UTC-11", "Etc/GMT+11 Pacific/Pago_Pago Pacific/Midway"},
    {"Aleutian Standard Time", "America/Adak"},
    {"Hawaiian Standard Time", "Pacific/Honolulu Pacific/Tahiti Etc/GMT+10"},
    {"Marquesas Standard Time", "Pacific/Marquesas"},
    {"Alaskan Standard Time", "America/Anchorage America/Juneau America/Nome"},
    {"UTC-09", "Etc/GMT+9 Pacific/Gambier"},
    {"Pacific Standard Time (Mexico)", "America/Tijuana"},
    {"UTC-08", "Etc/GMT+8 Pacific/Pitcairn"},
    {"Pacific Standard Time", "America/Los_Angeles America/Vancouver US/Pacific"},
    {"US Mountain Standard Time", "America/Phoenix Etc/GMT+7"},
    {"Mountain Standard Time (Mexico)", "America/Mazatlan"},
    {"Mountain Standard Time", "America/Denver America/Edmonton America/Boise US/Mountain"},
    {"Yukon Standard Time", "America/Whitehorse America/Dawson"},
    {"Central America Standard Time", "America/Guatemala America/Costa_Rica America/El_Salvador Etc/GMT+6"},
    {"Central Standard Time", "America/Chicago America/Winnipeg US/Central"},
    {"Easter Island Standard Time", "Pacific/Easter"},
    {"Central Standard Time (Mexico)", "America/Mexico_City America/Monterrey"},
    {"Canada Central Standard Time", "America/Regina"},
    {"SA Pacific Standard Time", "America/Bogota America/Lima America/Panama America/Jamaica Etc/GMT+5"},
    {"Eastern Standard Time (Mexico)", "America/Cancun"},
    {"Eastern Standard Time", "America/New_York America/Toronto America/Detroit America/Montreal US/Eastern"},
    {"Haiti Standard Time", "America/Port-au-Prince"},
    {"Cuba Standard Time", "America/Havana"},
    {"US Eastern Standard Time", "America/Indianapolis America/Indiana/Indianapolis"},
    {"Turks And Caicos Standard Time", "America/Grand_Turk"},
    {"Paraguay Standard Time", "America/Asuncion"},
    {"Atlantic Standard Time", "America/Halifax Atlantic/Bermuda"},
    {"Venezuela Standard Time", "America/Caracas"},
    {"Central Brazilian Standard Time", "America/Cuiaba"},
    {"SA Western Standard Time", "America/La_Paz America/Puerto_Rico America/Manaus Etc/GMT+4"},
    {"Pacific SA Standard Time", "America/Santiago"},
    {"Newfoundland Standard Time", "America/St_Johns"},
    {"Tocantins Standard Time", "America/Araguaina"},
    {"E. South America Standard Time", "America/Sao_Paulo"},
    {"SA Eastern Standard Time", "America/Cayenne America/Fortaleza America/Recife Etc/GMT+3"},
    {"Argentina Standard Time", "America/Buenos_Aires America/Argentina/Buenos_Aires"},
    {"Greenland Standard Time", "America/Godthab America/Nuuk"},
    {"Montevideo Standard Time", "America/Montevideo"},
    {"Magallanes Standard Time", "America/Punta_Arenas"},
    {"Saint Pierre Standard Time", "America/Miquelon"},
    {"Bahia Standard Time", "America/Bahia"},
    {"UTC-02", "Etc/GMT+2 America/Noronha Atlantic/South_Georgia"},
    {"Azores Standard Time", "Atlantic/Azores"},
    {"Cape Verde Standard Time", "Atlantic/Cape_Verde Etc/GMT+1"},
    {"UTC", "Etc/UTC Etc/GMT Etc/UCT Etc/Zulu"},
    {"GMT Standard Time",
     "Europe/London Europe/Dublin Europe/Lisbon Atlantic/Canary Atlantic/Madeira "
     "Atlantic/Faeroe Europe/Belfast Europe/Jersey Europe/Guernsey Europe/Isle_of_Man GB"},
    {"Greenwich Standard Time", "Atlantic/Reykjavik Africa/Abidjan Africa/Accra Africa/Dakar Iceland"},
    {"Sao Tome Standard Time", "Africa/Sao_Tome"},
    {"Morocco Standard Time", "Africa/Casablanca Africa/El_Aaiun"},
    {"W. Europe Standard Time",
     "Europe/Berlin Europe/Vienna Europe/Zurich Europe/Amsterdam Europe/Rome "
     "Europe/Stockholm Europe/Oslo Europe/Luxembourg Europe/Malta Europe/Monaco "
     "Europe/Vaduz Europe/San_Marino Europe/Vatican Europe/Gibraltar Europe/Andorra "
     "Europe/Busingen Arctic/Longyearbyen"},
    {"Central Europe Standard Time", "Europe/Budapest Europe/Prague Europe/Bratislava Europe/Ljubljana "
                                     "Europe/Belgrade Europe/Tirane Europe/Podgorica"},
    {"Romance Standard Time", "Europe/Paris Europe/Madrid Europe/Brussels Europe/Copenhagen Africa/Ceuta"},
    {"Central European Standard Time", "Europe/Warsaw Europe/Zagreb Europe/Sarajevo Europe/Skopje Poland"},
    {"W. Central Africa Standard Time", "Africa/Lagos Africa/Algiers Africa/Tunis Africa/Kinshasa Etc/GMT-1"},
    {"Jordan Standard Time", "Asia/Amman"},
    {"GTB Standard Time", "Europe/Bucharest Europe/Athens Asia/Nicosia"},
    {"Middle East Standard Time", "Asia/Beirut"},
    {"Egypt Standard Time", "Africa/Cairo"},
    {"E. Europe Standard Time", "Europe/Chisinau"},
    {"Syria Standard Time", "Asia/Damascus"},
    {"West Bank Standard Time", "Asia/Hebron Asia/Gaza"},
    {"South Africa Standard Time", "Africa/Johannesburg Africa/Harare Africa/Maputo Etc/GMT-2"},
    {"FLE Standard Time", "Europe/Kiev Europe/Kyiv Europe/Helsinki Europe/Riga Europe/Tallinn Europe/Vilnius "
                          "Europe/Sofia Europe/Mariehamn"},
    {"Israel Standard Time", "Asia/Jerusalem Asia/Tel_Aviv Israel"},
    {"South Sudan Standard Time", "Africa/Juba"},
    {"Kaliningrad Standard Time", "Europe/Kaliningrad"},
    {"Sudan Standard Time", "Africa/Khartoum"},
    {"Libya Standard Time", "Africa/Tripoli"},
    {"Namibia Standard Time", "Africa/Windhoek"},
    {"Arabic Standard Time", "Asia/Baghdad"},
    {"Turkey Standard Time", "Europe/Istanbul Asia/Istanbul Turkey"},
    {"Arab Standard Time", "Asia/Riyadh Asia/Kuwait Asia/Qatar Asia/Bahrain"},
    {"Belarus Standard Time", "Europe/Minsk"},
    {"Russian Standard Time", "Europe/Moscow Europe/Simferopol"},
    {"E. Africa Standard Time", "Africa/Nairobi Africa/Addis_Ababa Africa/Kampala Etc/GMT-3"},
    {"Iran Standard Time", "Asia/Tehran"},
    {"Arabian Standard Time", "Asia/Dubai Asia/Muscat Etc/GMT-4"},
    {"Astrakhan Standard Time", "Europe/Astrakhan Europe/Ulyanovsk"},
    {"Azerbaijan Standard Time", "Asia/Baku"},
    {"Russia Time Zone 3", "Europe/Samara"},
    {"Mauritius Standard Time", "Indian/Mauritius Indian/Reunion"},
    {"Saratov Standard Time", "Europe/Saratov"},
    {"Georgian Standard Time", "Asia/Tbilisi"},
    {"Volgograd Standard Time", "Europe/Volgograd"},
    {"Caucasus Standard Time", "Asia/Yerevan"},
    {"Afghanistan Standard Time", "Asia/Kabul"},
    {"West Asia Standard Time", "Asia/Tashkent Asia/Samarkand Asia/Ashgabat Indian/Maldives Etc/GMT-5"},
    {"Ekaterinburg Standard Time", "Asia/Yekaterinburg"},
    {"Pakistan Standard Time", "Asia/Karachi"},
    {"Qyzylorda Standard Time", "Asia/Qyzylorda"},
    {"India Standard Time", "Asia/Calcutta Asia/Kolkata"},
    {"Sri Lanka Standard Time", "Asia/Colombo"},
    {"Nepal Standard Time", "Asia/Katmandu Asia/Kathmandu"},
    {"Central Asia Standard Time", "Asia/Almaty Asia/Bishkek Etc/GMT-6"},
    {"Bangladesh Standard Time", "Asia/Dhaka"},
    {"Omsk Standard Time", "Asia/Omsk"},
    {"Myanmar Standard Time", "Asia/Rangoon Asia/Yangon"},
    {"SE Asia Standard Time", "Asia/Bangkok Asia/Jakarta Asia/Saigon Asia/Ho_Chi_Minh Etc/GMT-7"},
    {"Altai Standard Time", "Asia/Barnaul"},
    {"W. Mongolia Standard Time", "Asia/Hovd"},
    {"North Asia Standard Time", "Asia/Krasnoyarsk"},
    {"N. Central Asia Standard Time", "Asia/Novosibirsk"},
    {"Tomsk Standard Time", "Asia/Tomsk"},
    {"China Standard Time", "Asia/Shanghai Asia/Hong_Kong Asia/Macau PRC Hongkong"},
    {"North Asia East Standard Time", "Asia/Irkutsk"},
    {"Singapore Standard Time", "Asia/Singapore Asia/Kuala_Lumpur Asia/Manila Singapore Etc/GMT-8"},
    {"W. Australia Standard Time", "Australia/Perth"},
    {"Taipei Standard Time", "Asia/Taipei"},
    {"Ulaanbaatar Standard Time", "Asia/Ulaanbaatar"},
    {"Aus Central W. Standard Time", "Australia/Eucla"},
    {"Transbaikal Standard Time", "Asia/Chita"},
    {"Tokyo Standard Time", "Asia/Tokyo Japan Etc/GMT-9"},
    {"North Korea Standard Time", "Asia/Pyongyang"},
    {"Korea Standard Time", "Asia/Seoul ROK"},
    {"Yakutsk Standard Time", "Asia/Yakutsk"},
    {"Cen. Australia Standard Time", "Australia/Adelaide"},
    {"AUS Central Standard Time", "Australia/Darwin"},
    {"E. Australia Standard Time", "Australia/Brisbane"},
    {"AUS Eastern Standard Time", "Australia/Sydney Australia/Melbourne Australia/Canberra"},
    {"West Pacific Standard Time", "Pacific/Port_Moresby Pacific/Guam Etc/GMT-10"},
    {"Tasmania Standard Time", "Australia/Hobart"},
    {"Vladivostok Standard Time", "Asia/Vladivostok"},
    {"Lord Howe Standard Time", "Australia/Lord_Howe"},
    {"Bougainville Standard Time", "Pacific/Bougainville"},
    {"Russia Time Zone 10", "Asia/Srednekolymsk"},
    {"Magadan Standard Time", "Asia/Magadan"},
    {"Norfolk Standard Time", "Pacific/Norfolk"},
    {"Sakhalin Standard Time", "Asia/Sakhalin"},
    {"Central Pacific Standard Time", "Pacific/Guadalcanal Pacific/Noumea Etc/GMT-11"},
    {"Russia Time Zone 11", "Asia/Kamchatka"},
    {"New Zealand Standard Time", "Pacific/Auckland NZ"},
    {"UTC+12", "Etc/GMT-12 Pacific/Majuro Pacific/Tarawa"},
    {"Fiji Standard Time", "Pacific/Fiji"},
    {"Chatham Islands Standard Time", "Pacific/Chatham"},
    {"UTC+13", "Etc/GMT-13"},
    {"Tonga Standard Time", "Pacific/Tongatapu"},
    {"Samoa Standard Time", "Pacific/Apia"},
    {"Line Islands Standard Time", "Pacific/Kiritimati Etc/GMT-14"},
};

enum { ZONES = sizeof zones / sizeof zones[0] };

static int names_hold(const char *names, const char *name)
{
    size_t n = strlen(name);
    while (*names) {
        size_t length = strcspn(names, " ");
        if (length == n && _strnicmp(names, name, n) == 0)
            return 1;
        names += length;
        names += strspn(names, " ");
    }
    return 0;
}

const char *os_zone_key_of(const char *name)
{
    for (size_t i = 0; i < ZONES; i++)
        if (*name && names_hold(zones[i].names, name))
            return zones[i].key;
    return NULL;
}

void os_zone_name_of(const char *key, char *to, size_t n)
{
    to[0] = '\0';
    for (size_t i = 0; i < ZONES; i++)
        if (_stricmp(zones[i].key, key) == 0)
            snprintf(to, n, "%.*s", (int)strcspn(zones[i].names, " "), zones[i].names);
}
