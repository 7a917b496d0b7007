#include "aws/client/client.h"

#include "aws/model/model.h"

#define ELEMENTS_MAX 100000

/* Moves the elements of page's list behind those of all's. */
static bool join(struct json *all, struct json *page, const char *items, struct error *err)
{
    struct json *list = json_edit(all, items), *more = json_edit(page, items), *element;

    if (!more)
        return true;
    if (!list)
        list = json_put(all, items, json_array());
    if (json_count(list) + json_count(more) > ELEMENTS_MAX)
        return error_set(err, ERR_LIMIT, "more than %d elements in %s", ELEMENTS_MAX, items);
    while ((element = json_detach_at(more, 0)) != NULL)
        json_push(list, element);
    return true;
}

static bool next_pages(struct aws_client *c, const struct aws_operation *op, struct json *input,
                       struct json *all, struct error *err)
{
    CLEANUP(json_freep) struct json *token = json_detach(all, op->page_token_out);

    while (json_is_string(token) && json_text(token)[0] != '\0') {
        CLEANUP(json_freep) struct json *page = NULL;
        struct json *next;

        json_put(input, op->page_token_in, json_copy(token));
        if (!aws_call(c, op->service->id, op->name, input, &page, err))
            return false;
        next = json_detach(page, op->page_token_out);
        if (json_equal(next, token)) {
            json_free(next);
            return error_set(err, ERR_SYNTAX, "%s: the service gives the same page again", op->name);
        }
        json_free(token);
        token = next;
        if (!join(all, page, op->page_items, err))
            return error_wrap(err, "%s", op->name);
    }
    return true;
}

bool aws_call_all(struct aws_client *c, const char *service, const char *operation, const struct json *in,
                  struct json **out, struct error *err)
{
    const struct aws_service *row = model_service(service);
    const struct aws_operation *op = row ? model_operation(row, operation) : NULL;
    CLEANUP(json_freep) struct json *all = NULL;
    CLEANUP(json_freep) struct json *input = in ? json_copy(in) : json_object();

    if (!aws_call(c, service, operation, input, &all, err))
        return false;
    if (op && op->page_items && op->page_token_in && op->page_token_out &&
        !next_pages(c, op, input, all, err))
        return false;
    if (out) {
        *out = all;
        all = NULL;
    }
    return true;
}
