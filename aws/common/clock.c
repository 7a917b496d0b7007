#include "aws/common/clock.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

enum { DAY_S = 86400 };

static int64_t read_clock(clockid_t id)
{
    struct timespec now;

    /* Cannot fail: both clocks exist on every Linux. */
    clock_gettime(id, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static int64_t system_wall_ms(void *self)
{
    (void)self;
    return read_clock(CLOCK_REALTIME);
}

static int64_t system_monotonic_ms(void *self)
{
    (void)self;
    return read_clock(CLOCK_MONOTONIC);
}

const struct clock clock_system = {system_wall_ms, system_monotonic_ms, NULL};

bool clock_wait(int64_t ms, int stop_fd)
{
    struct pollfd stop = {.fd = stop_fd, .events = POLLIN};
    int64_t now = read_clock(CLOCK_MONOTONIC);
    int64_t deadline = ms > INT64_MAX - now ? INT64_MAX : now + (ms > 0 ? ms : 0);

    /* A signal ends a poll early: what is left is then worked out afresh. */
    for (;; now = read_clock(CLOCK_MONOTONIC)) {
        int64_t left = deadline > now ? deadline - now : 0;
        int ready = poll(&stop, stop_fd >= 0 ? 1 : 0, left > INT_MAX ? INT_MAX : (int)left);

        if (ready > 0)
            return true;
        if (ready == 0 && left <= INT_MAX)
            return false;
    }
}

/* A full counter wakes as well. Nothing else goes wrong on a sound system; what goes
 * wrong once and is then lost would leave somebody waiting for good. */
void clock_wake(int event_fd)
{
    enum { TRIES = 3 };
    const uint64_t one = 1;
    int saved = errno;

    for (int i = 0; i < TRIES; i++) {
        if (write(event_fd, &one, sizeof(one)) == sizeof(one) || errno == EAGAIN)
            break;
    }
    errno = saved;
}

struct civil {
    int64_t year;
    int month, day, hour, minute, second; /* month and day from 1 */
    int weekday;                          /* 0: Sunday */
};

/* Days since 1970-01-01 in the Gregorian calendar, years counted from March so
 * that the leap day is the last of its year. */
static int64_t days_of(int64_t year, int month, int day)
{
    int64_t y = month <= 2 ? year - 1 : year;
    int64_t era = (y >= 0 ? y : y - 399) / 400;
    int64_t year_of_era = y - era * 400;
    int64_t day_of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
    int64_t day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;

    return era * 146097 + day_of_era - 719468;
}

static struct civil civil_of(int64_t epoch_s)
{
    int64_t days = epoch_s / DAY_S - (epoch_s % DAY_S < 0 ? 1 : 0);
    int second = (int)(epoch_s - days * DAY_S);
    int64_t shifted = days + 719468;
    int64_t era = (shifted >= 0 ? shifted : shifted - 146096) / 146097;
    int64_t doe = shifted - era * 146097;
    int64_t yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365;
    int64_t doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
    int month_index = (int)((5 * doy + 2) / 153);
    struct civil c = {.hour = second / 3600, .minute = second / 60 % 60, .second = second % 60};

    c.day = (int)(doy - (153 * month_index + 2) / 5 + 1);
    c.month = month_index < 10 ? month_index + 3 : month_index - 9;
    c.year = yoe + era * 400 + (c.month <= 2 ? 1 : 0);
    c.weekday = (int)(((days + 4) % 7 + 7) % 7);
    return c;
}

/* The text forms hold four digits of year: 0000 to 9999. */
static int64_t clamp_s(int64_t epoch_s)
{
    const int64_t lowest = -62167219200, highest = 253402300799;

    return epoch_s < lowest ? lowest : epoch_s > highest ? highest : epoch_s;
}

static void put_digits(char *out, int64_t value, int digits)
{
    while (digits-- > 0) {
        out[digits] = (char)('0' + value % 10);
        value /= 10;
    }
}

/* Fills the Y, M, D, h, m, s runs of a pattern; everything else stays. */
static void fill(const struct civil *c, const char *pattern, char *out)
{
    const struct {
        char letter;
        int64_t value;
    } fields[] = {{'Y', c->year}, {'M', c->month},  {'D', c->day},
                  {'h', c->hour}, {'m', c->minute}, {'s', c->second}};

    for (const char *p = pattern; *p;) {
        int run = 0;

        for (size_t i = 0; i < ARRAY_LEN(fields); i++) {
            while (p[run] == fields[i].letter)
                run++;
            if (run > 0) {
                put_digits(out, fields[i].value, run);
                break;
            }
        }
        if (run == 0) {
            *out = *p;
            run = 1;
        }
        p += run;
        out += run;
    }
    *out = '\0';
}

void clock_format_basic(int64_t epoch_s, char out[17])
{
    struct civil c = civil_of(clamp_s(epoch_s));

    fill(&c, "YYYYMMDDThhmmssZ", out);
}

void clock_format_iso(int64_t epoch_s, char out[21])
{
    struct civil c = civil_of(clamp_s(epoch_s));

    fill(&c, "YYYY-MM-DDThh:mm:ssZ", out);
}

void clock_format_iso_ms(int64_t epoch_ms, char out[25])
{
    int64_t epoch_s = epoch_ms / 1000 - (epoch_ms % 1000 < 0 ? 1 : 0);

    clock_format_iso(epoch_s, out);
    out[19] = '.';
    put_digits(out + 20, epoch_ms - epoch_s * 1000, 3);
    out[23] = 'Z';
    out[24] = '\0';
}

static const char days[7][4] = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
static const char months[12][4] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                   "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};

static char *put_text(char *out, const char *text)
{
    while (*text)
        *out++ = *text++;
    *out = '\0';
    return out;
}

void clock_format_http(int64_t epoch_s, char out[30])
{
    struct civil c = civil_of(clamp_s(epoch_s));

    out = put_text(out, days[c.weekday]);
    fill(&c, ", DD ", out);
    out = put_text(out + 5, months[c.month - 1]);
    fill(&c, " YYYY hh:mm:ss ", out);
    put_text(out + 15, "GMT");
}

/* Exactly `digits` digits off the front. */
static bool take_number(struct str *s, size_t digits, int *out)
{
    int value = 0;

    if (s->len < digits)
        return false;
    for (size_t i = 0; i < digits; i++) {
        if (s->data[i] < '0' || s->data[i] > '9')
            return false;
        value = value * 10 + (s->data[i] - '0');
    }
    *s = str_slice(*s, digits, s->len);
    *out = value;
    return true;
}

static bool take_char(struct str *s, char c)
{
    if (s->len == 0 || s->data[0] != c)
        return false;
    *s = str_slice(*s, 1, s->len);
    return true;
}

static int month_days(int64_t year, int month)
{
    static const int lengths[12] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;

    return lengths[month - 1] + (month == 2 && leap ? 1 : 0);
}

/* A leap second (60) is taken as the second after. */
static bool civil_to_s(const struct civil *c, int64_t *epoch_s)
{
    if (c->month < 1 || c->month > 12 || c->day < 1 || c->day > month_days(c->year, c->month) ||
        c->hour > 23 || c->minute > 59 || c->second > 60)
        return false;
    *epoch_s =
        days_of(c->year, c->month, c->day) * DAY_S + ((int64_t)c->hour * 60 + c->minute) * 60 + c->second;
    return true;
}

static bool take_fraction(struct str *s, int *ms)
{
    size_t digits = 0;
    int scale = 100;

    *ms = 0;
    if (!take_char(s, '.') && !take_char(s, ','))
        return true;
    for (; digits < s->len && s->data[digits] >= '0' && s->data[digits] <= '9'; digits++, scale /= 10)
        *ms += (s->data[digits] - '0') * scale;
    *s = str_slice(*s, digits, s->len);
    return digits > 0;
}

/* "Z", "+hh:mm", "+hhmm" or nothing, which is UTC in all that AWS sends. */
static bool take_zone(struct str *s, int *offset_s)
{
    int hours, minutes, sign = 1;

    *offset_s = 0;
    if (s->len == 0 || take_char(s, 'Z'))
        return true;
    if (take_char(s, '-'))
        sign = -1;
    else if (!take_char(s, '+'))
        return false;
    if (!take_number(s, 2, &hours))
        return false;
    take_char(s, ':');
    if (!take_number(s, 2, &minutes) || hours > 23 || minutes > 59)
        return false;
    *offset_s = sign * (hours * 3600 + minutes * 60);
    return true;
}

bool clock_parse_iso(struct str text, int64_t *epoch_ms)
{
    struct civil c = {0};
    int year, ms, offset_s;
    int64_t epoch_s;
    bool dashes, colons;

    if (!take_number(&text, 4, &year))
        return false;
    c.year = year;
    dashes = take_char(&text, '-');
    if (!take_number(&text, 2, &c.month) || take_char(&text, '-') != dashes || !take_number(&text, 2, &c.day))
        return false;
    if (!take_char(&text, 'T') && !take_char(&text, ' '))
        return false;
    if (!take_number(&text, 2, &c.hour))
        return false;
    colons = take_char(&text, ':');
    if (!take_number(&text, 2, &c.minute) || take_char(&text, ':') != colons ||
        !take_number(&text, 2, &c.second))
        return false;
    if (!take_fraction(&text, &ms) || !take_zone(&text, &offset_s) || text.len > 0 ||
        !civil_to_s(&c, &epoch_s))
        return false;
    *epoch_ms = (epoch_s - offset_s) * 1000 + ms;
    return true;
}

bool clock_parse_basic(struct str text, int64_t *epoch_s)
{
    int64_t ms;

    if (text.len != 16 || text.data[8] != 'T' || text.data[15] != 'Z' || !clock_parse_iso(text, &ms))
        return false;
    *epoch_s = ms / 1000;
    return true;
}

static bool take_name(struct str *s, const char (*names)[4], int count, int *index)
{
    for (*index = 0; *index < count; (*index)++) {
        if (str_starts(*s, str_of(names[*index]))) {
            *s = str_slice(*s, 3, s->len);
            return true;
        }
    }
    return false;
}

static bool take_text(struct str *s, struct str expected)
{
    if (!str_starts(*s, expected))
        return false;
    *s = str_slice(*s, expected.len, s->len);
    return true;
}

bool clock_parse_http(struct str text, int64_t *epoch_s)
{
    struct civil c = {0};
    int year;

    /* The weekday says nothing the date does not: it is read, not compared. */
    if (!take_name(&text, days, 7, &c.weekday) || !take_text(&text, STR(", ")) ||
        !take_number(&text, 2, &c.day) || !take_char(&text, ' ') || !take_name(&text, months, 12, &c.month) ||
        !take_char(&text, ' ') || !take_number(&text, 4, &year) || !take_char(&text, ' ') ||
        !take_number(&text, 2, &c.hour) || !take_char(&text, ':') || !take_number(&text, 2, &c.minute) ||
        !take_char(&text, ':') || !take_number(&text, 2, &c.second) || !take_text(&text, STR(" GMT")) ||
        text.len > 0)
        return false;
    c.year = year;
    c.month++;
    return civil_to_s(&c, epoch_s);
}
