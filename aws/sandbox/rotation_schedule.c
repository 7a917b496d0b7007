/* RotationRules: AutomaticallyAfterDays, rate(…) and cron(…) (facts 8.2). A
 * rule names the start of a window; the rotation comes before its end. All in
 * UTC. */
#include "aws/sandbox/rotation.h"
#include "aws/sandbox/refuse.h"

#include <time.h>

#define HOUR_MS (3600LL * 1000)
#define DAY_MS (24 * HOUR_MS)
#define RATE_MIN_HOURS 4
#define DAYS_MAX 1000
/* A cron date that does not come within this many days never does (29 February
 * across a century that skips one). */
#define CRON_SEARCH_DAYS (9 * 366)

struct cron {
    uint32_t hours, days, months, weekdays; /* bit per value */
    bool last_day;                          /* L in day-of-month */
    int nth;                                /* D#N in day-of-week, 0 none */
    bool last_weekday;                      /* DL in day-of-week */
};

struct schedule {
    int64_t every_days, every_hours; /* 0 both: cron */
    struct cron cron;
    int64_t duration_hours; /* 0: to the end of the day, or one hour of an hourly one */
};

/* --- cron --- */

static const char *const month_names[] = {"JAN", "FEB", "MAR", "APR", "MAY", "JUN",
                                          "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"};
static const char *const day_names[] = {"SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"};

struct field {
    int64_t low, high;
    const char *const *names; /* NULL: numbers only */
    size_t name_count;
};

static const struct field hour_field = {0, 23, NULL, 0};
static const struct field day_field = {1, 31, NULL, 0};
static const struct field month_field = {1, 12, month_names, ARRAY_LEN(month_names)};
static const struct field weekday_field = {1, 7, day_names, ARRAY_LEN(day_names)};

static bool read_value(struct str s, const struct field *f, int64_t *out)
{
    for (size_t i = 0; i < f->name_count; i++) {
        if (str_equal_ignore_case(s, str_of(f->names[i]))) {
            *out = f->low + (int64_t)i;
            return true;
        }
    }
    return str_to_i64(s, out) && *out >= f->low && *out <= f->high;
}

/* "*", "A", "A-B", and with "/STEP" behind "*", "A", "A-B" or nothing, which is "*". */
static bool read_item(struct str item, const struct field *f, uint32_t *mask)
{
    size_t slash = str_find_char(item, '/'), dash;
    struct str range = str_slice(item, 0, slash);
    int64_t from = f->low, to = f->high, step = 1;

    if (slash < item.len && (!str_to_i64(str_slice(item, slash + 1, item.len), &step) || step < 1))
        return false;
    dash = str_find_char(range, '-');
    if (dash < range.len) {
        if (!read_value(str_slice(range, 0, dash), f, &from) ||
            !read_value(str_slice(range, dash + 1, range.len), f, &to))
            return false;
    } else if (!str_is(range, "*") && !(range.len == 0 && slash < item.len)) {
        if (!read_value(range, f, &from))
            return false;
        if (slash == item.len)
            to = from;
    }
    for (int64_t v = from; v >= 0 && v <= to; v += step)
        *mask |= 1U << v;
    return true;
}

static bool read_field(struct str text, const struct field *f, uint32_t *mask)
{
    struct str rest = text, item;

    *mask = 0;
    if (str_is(text, "?"))
        return read_item(STR("*"), f, mask);
    while (str_split(&rest, ',', &item)) {
        if (!read_item(item, f, mask))
            return false;
    }
    return *mask != 0;
}

static bool read_weekday(struct str text, struct cron *cron)
{
    size_t hash = str_find_char(text, '#');
    int64_t nth;

    if (hash < text.len) {
        if (!str_to_i64(str_slice(text, hash + 1, text.len), &nth) || nth < 1 || nth > 5)
            return false;
        cron->nth = (int)nth;
    } else if (text.len > 1 && str_ends(text, STR("L"))) {
        cron->last_weekday = true;
        hash = text.len - 1;
    }
    return read_field(str_slice(text, 0, hash), &weekday_field, &cron->weekdays);
}

static bool read_cron(struct str text, struct cron *cron)
{
    struct str fields[6], rest = text, part;
    size_t count = 0;

    while (str_split(&rest, ' ', &part)) {
        if (part.len == 0)
            continue;
        if (count == ARRAY_LEN(fields))
            return false;
        fields[count++] = part;
    }
    /* Windows begin on the hour, in every year. */
    if (count != ARRAY_LEN(fields) || !str_is(fields[0], "0") || !str_is(fields[5], "*"))
        return false;
    cron->last_day = str_is(fields[2], "L");
    if (!cron->last_day && !read_field(fields[2], &day_field, &cron->days))
        return false;
    return read_field(fields[1], &hour_field, &cron->hours) &&
           read_field(fields[3], &month_field, &cron->months) && read_weekday(fields[4], cron);
}

static bool cron_day_matches(const struct cron *cron, const struct tm *day, const struct tm *tomorrow,
                             const struct tm *next_week)
{
    if (!(cron->months & (1U << (day->tm_mon + 1))) || !(cron->weekdays & (1U << (day->tm_wday + 1))))
        return false;
    if (cron->nth && (day->tm_mday - 1) / 7 + 1 != cron->nth)
        return false;
    if (cron->last_weekday && next_week->tm_mon == day->tm_mon)
        return false;
    return cron->last_day ? tomorrow->tm_mday == 1 : (cron->days & (1U << day->tm_mday)) != 0;
}

static int64_t cron_next_ms(const struct cron *cron, int64_t from_ms)
{
    int64_t today_ms = from_ms / DAY_MS * DAY_MS;

    for (int i = 0; i < CRON_SEARCH_DAYS; i++) {
        int64_t day_ms = today_ms + i * DAY_MS;
        time_t t = (time_t)(day_ms / 1000), t1 = t + DAY_MS / 1000, t7 = t + 7 * DAY_MS / 1000;
        struct tm day, tomorrow, next_week;

        if (!gmtime_r(&t, &day) || !gmtime_r(&t1, &tomorrow) || !gmtime_r(&t7, &next_week))
            return 0;
        if (!cron_day_matches(cron, &day, &tomorrow, &next_week))
            continue;
        for (int h = 0; h < 24; h++) {
            if ((cron->hours & (1U << h)) && day_ms + h * HOUR_MS > from_ms)
                return day_ms + h * HOUR_MS;
        }
    }
    return 0;
}

/* --- rules --- */

static bool read_rate(struct str text, struct schedule *out)
{
    size_t space = str_find_char(text, ' ');
    struct str unit = str_trim(str_slice(text, space, text.len));
    int64_t n;

    if (!str_to_i64(str_slice(text, 0, space), &n) || n < 1)
        return false;
    if (str_is(unit, "day") || str_is(unit, "days"))
        out->every_days = n;
    else if (str_is(unit, "hour") || str_is(unit, "hours"))
        out->every_hours = n;
    return (out->every_days > 0 && n <= DAYS_MAX) ||
           (out->every_hours >= RATE_MIN_HOURS && n <= (int64_t)DAYS_MAX * 24);
}

static bool read_expression(struct str text, struct schedule *out)
{
    if (!str_ends(text, STR(")")))
        return false;
    if (str_starts(text, STR("rate(")))
        return read_rate(str_trim(str_slice(text, 5, text.len - 6)), out);
    return str_starts(text, STR("cron(")) && read_cron(str_slice(text, 5, text.len - 6), &out->cron);
}

static bool read_rules(const struct json *rules, struct schedule *out)
{
    const struct json *expression = json_get(rules, "ScheduleExpression");
    struct str duration = json_str(json_get(rules, "Duration"));

    *out = (struct schedule){0};
    if (duration.len > 0 && (!str_ends(duration, STR("h")) ||
                             !str_to_i64(str_slice(duration, 0, duration.len - 1), &out->duration_hours) ||
                             out->duration_hours < 1 || out->duration_hours > 24))
        return false;
    if (expression)
        return read_expression(str_trim(json_str(expression)), out);
    out->every_days = json_int(json_get(rules, "AutomaticallyAfterDays"), 0);
    return out->every_days >= 1 && out->every_days <= DAYS_MAX;
}

static bool hourly(const struct schedule *s)
{
    return s->every_hours > 0 || (s->every_days == 0 && (s->cron.hours & (s->cron.hours - 1)) != 0);
}

static int last_hour(uint32_t hours)
{
    int last = 0;

    for (int h = 0; h < 24; h++) {
        if (hours & (1U << h))
            last = h;
    }
    return last;
}

bool schedule_check(const struct json *rules, struct error *err)
{
    const struct json *days = json_get(rules, "AutomaticallyAfterDays");
    const struct json *expression = json_get(rules, "ScheduleExpression");
    struct schedule s;

    if (days && expression)
        return error_aws(err, "InvalidParameterException",
                         "You can't specify both AutomaticallyAfterDays and ScheduleExpression.");
    if (!days && !expression)
        return error_aws(err, "InvalidParameterException",
                         "You must specify either AutomaticallyAfterDays or ScheduleExpression.");
    if (!read_rules(rules, &s))
        return error_aws(err, "InvalidParameterException",
                         expression ? "The rotation schedule expression or duration isn't valid."
                                    : "The AutomaticallyAfterDays value must be between 1 and 1000, and "
                                      "Duration a number of hours.");
    if (s.every_days == 0 && s.every_hours == 0 && s.duration_hours + last_hour(s.cron.hours) > 24)
        return error_aws(err, "InvalidParameterException",
                         "The rotation window can't extend into the next UTC day.");
    if (s.every_hours > 0 && s.duration_hours > s.every_hours)
        return error_aws(err, "InvalidParameterException",
                         "The rotation window can't extend into the next rotation window.");
    return true;
}

int64_t schedule_next_ms(const struct json *rules, int64_t from_ms)
{
    struct schedule s;
    int64_t start_ms, end_ms;

    if (!read_rules(rules, &s))
        return 0;
    if (s.every_hours > 0)
        start_ms = from_ms / HOUR_MS * HOUR_MS + s.every_hours * HOUR_MS;
    else if (s.every_days > 0)
        start_ms = from_ms / DAY_MS * DAY_MS + s.every_days * DAY_MS;
    else
        start_ms = cron_next_ms(&s.cron, from_ms);
    if (start_ms == 0)
        return 0;
    if (s.duration_hours > 0)
        end_ms = start_ms + s.duration_hours * HOUR_MS;
    else
        end_ms = hourly(&s) ? start_ms + HOUR_MS : start_ms / DAY_MS * DAY_MS + DAY_MS;
    return end_ms - 1000;
}
