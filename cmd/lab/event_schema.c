#include "cmd/lab/event_schema.h"

#include "aws/common/json.h"
#include "aws/common/mem.h"

#include <string.h>

/* Members of every step event. */
#define STEP "step title task:i ms:i "

/* One row an event: its type, its state where the type has several, and its
 * members as "name", "name:TYPE" with a type of `kinds`, "name?" when it may be
 * missing. Within stream 1 an event may get more members, never fewer. */
static const struct event_row {
    const char *type, *state, *about, *members;
} events[] = {
    {"version", NULL, "the first event of every stream", "lab stream:1"},
    {"run", NULL, "a plan begins to be played, looked at or checked",
     "command lab title account region principal run"},
    {"step", "started", "work on a step begins", STEP},
    {"step", "waiting", "it waits: for what, when it looks again and how long at most",
     STEP "reason next_ms:i deadline_ms:i"},
    {"step", "note", "what it found on the way", STEP "text"},
    {"step", "done", "it did what it is for", STEP "outputs?:o effects?:i"},
    {"step", "unchanged", "it was so already", STEP "detail"},
    {"step", "skipped", "it was not its turn", STEP "reason"},
    {"step", "failed", "it failed", STEP "error:e"},
    {"step", "undone", "what it made is gone", STEP "effects?:i"},
    {"step", "absent", "there was nothing to undo", STEP "effects?:i"},
    {"step", "kept", "left alone, for it is not ours", STEP "reason"},
    {"step", "planned", "what up would do", STEP "symbol detail"},
    {"step", "checked", "a verdict", STEP "verdict:v found hint expected? why? hints?:h wait_ms?:i"},
    {"proof", NULL, "a thing that was looked for after down, or found by sweep", "what name state:p detail?"},
    {"doctor", NULL, "one look of the doctor", "check state:v found remedy?"},
    {"plan", NULL, "a plan without a mistake", "file steps:i"},
    {"mistake", NULL, "a mistake in a plan", "file message line:i column:i"},
    {"checkpoint", NULL, "a row of the store",
     "account region lab learner step state at_ms:i message open_intents:i took_ms:i"},
    {"read", NULL, "somebody read the secret, or tried to",
     "time:i who:w name arn result:r error source_ip event_id"},
    {"why", NULL, "why a request is allowed or denied, and what would allow it",
     "principal action resource decision:d side reason policy statement lacks:a changes:c "
     "cannot_tell:a"},
    {"explanation", NULL, "a step, or the plan, in another language", "step? as text"},
    {"graph", NULL, "the plan as a picture's source", "as text"},
    {"report", NULL, "the page that was written", "file bytes:i"},
    {"error", NULL, "why a command ended before it began", "code message"},
    {"summary", NULL, "the last event of every stream",
     "requests:i mutating:i statements?:i bytes_sent:i bytes_received:i chain_requests:i waits:t wall_ms:i "
     "failed?:i cannot_tell?:i exit:i"},
};

/* What a letter stands for. */
static const struct {
    char letter;
    const char *schema;
} kinds[] = {
    {'s', "{\"type\":\"string\"}"},
    {'i', "{\"type\":\"integer\"}"},
    {'o', "{\"type\":\"object\"}"},
    {'h', "{\"type\":\"array\",\"items\":{\"type\":\"string\"}}"},
    {'1', "{\"const\":1}"},
    {'e', "{\"type\":\"object\",\"required\":[\"code\",\"message\",\"remote_code\",\"request_id\"],"
          "\"properties\":{\"code\":{\"type\":\"string\"},\"message\":{\"type\":\"string\"},"
          "\"remote_code\":{\"type\":\"string\"},\"request_id\":{\"type\":\"string\"}}}"},
    {'v', "{\"enum\":[\"pass\",\"fail\",\"cannot-tell\"]}"},
    {'p', "{\"enum\":[\"absent\",\"scheduled\",\"left\",\"unknown\",\"orphan\"]}"},
    {'w', "{\"enum\":[\"instance\",\"function\",\"you\",\"other\"]}"},
    {'r', "{\"enum\":[\"allowed\",\"denied\",\"failed\"]}"},
    {'d', "{\"enum\":[\"allowed\",\"explicitly denied\",\"implicitly denied\"]}"},
    {'a', "{\"type\":\"array\",\"items\":{\"type\":\"string\"}}"},
    {'c', "{\"type\":\"array\",\"items\":{\"type\":\"object\",\"required\":[\"side\",\"what\",\"calls\"],"
          "\"properties\":{\"side\":{\"type\":\"string\"},\"what\":{\"type\":\"string\"},"
          "\"calls\":{\"type\":\"array\",\"items\":{\"type\":\"object\"}}}}}"},
    {'t', "{\"type\":\"array\",\"items\":{\"type\":\"object\",\"required\":[\"step\",\"reason\",\"ms\"],"
          "\"properties\":{\"step\":{\"type\":\"string\"},\"reason\":{\"type\":\"string\"},"
          "\"ms\":{\"type\":\"integer\"}}}}"},
};

static struct json *schema_of(char letter)
{
    struct json *out = NULL;
    struct error err;

    for (size_t i = 0; i < ARRAY_LEN(kinds); i++) {
        if (kinds[i].letter == letter && !json_parse(str_of(kinds[i].schema), NULL, &out, &err))
            return json_object();
    }
    return out ? out : json_object();
}

static void add_const(struct json *properties, struct json *required, const char *name, const char *value)
{
    json_put(properties, name, json_of("const", value, NULL));
    json_push(required, json_text_new(name));
}

/* "name", "name:i", "name?:o" */
static void add_member(struct json *properties, struct json *required, struct str word)
{
    size_t colon = str_find_char(word, ':');
    char letter = colon < word.len ? word.data[colon + 1] : 's';
    struct str name = str_slice(word, 0, colon);
    bool optional = str_ends(name, STR("?"));

    name.len -= optional;
    CLEANUP(mem_freep) char *key = mem_copy(name);
    json_put(properties, key, schema_of(letter));
    if (!optional)
        json_push(required, json_text_new(key));
}

static struct json *event_of(const struct event_row *row)
{
    struct json *event = json_of("title", row->state ? row->state : row->type, "description", row->about,
                                 "type", "object", NULL);
    struct json *properties = json_put(event, "properties", json_object());
    struct json *required = json_put(event, "required", json_array());
    struct str rest = str_of(row->members), word;

    add_const(properties, required, "type", row->type);
    if (row->state)
        add_const(properties, required, "state", row->state);
    while (str_split(&rest, ' ', &word)) {
        if (!str_empty(word))
            add_member(properties, required, word);
    }
    return event;
}

void event_json_schema(struct buf *out)
{
    CLEANUP(json_freep)
    struct json *schema = json_of("$schema", "https://json-schema.org/draft/2020-12/schema", "title",
                                  "One line of lab --json", NULL);
    struct json *branches = json_put(schema, "oneOf", json_array());

    for (size_t i = 0; i < ARRAY_LEN(events); i++)
        json_push(branches, event_of(&events[i]));
    json_write_pretty(schema, out);
}
