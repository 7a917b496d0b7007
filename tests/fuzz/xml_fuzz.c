/* XML replies: a tree within its limits, which reads back as itself, and a reply
 * of each protocol out of it. Input: a line with status and operation, then the
 * body. */
#include "aws/protocol/protocol.h"
#include "aws/protocol/wire.h"
#include "tests/fuzz/fuzz.h"

static const char *const operations[][2] = {
    {"iam", "GetRole"},
    {"iam", "ListRoles"},
    {"sts", "AssumeRole"},
    {"ec2", "DescribeInstances"},
    {"ec2", "DescribeSecurityGroups"},
    {"rds", "DescribeDBClusters"},
    {"cloudformation", "DescribeStackEvents"},
    {"iam", "SimulatePrincipalPolicy"},
};

static void write_tree(const struct xml_node *node, struct buf *out)
{
    buf_printf(out, "<%s>", node->name);
    xml_escape(buf_str(&node->text), out);
    for (const struct xml_node *n = node->first; n; n = n->next)
        write_tree(n, out);
    buf_printf(out, "</%s>", node->name);
}

static bool same_tree(const struct xml_node *a, const struct xml_node *b)
{
    for (; a && b; a = a->next, b = b->next)
        if (strcmp(a->name, b->name) != 0 || !str_equal(buf_str(&a->text), buf_str(&b->text)) ||
            !same_tree(a->first, b->first))
            return false;
    return !a && !b;
}

static size_t depth_of(const struct xml_node *node)
{
    size_t deepest = 0;

    for (const struct xml_node *n = node->first; n; n = n->next) {
        size_t depth = depth_of(n);

        deepest = depth > deepest ? depth : deepest;
    }
    return deepest + 1;
}

static void read_tree(struct str text)
{
    CLEANUP(xml_freep) struct xml_node *root = NULL, *again = NULL;
    CLEANUP(buf_release) struct buf written = {0};
    struct error err;

    if (!xml_parse(text, &root, &err)) {
        HOLDS(root == NULL && (err.code == ERR_SYNTAX || err.code == ERR_LIMIT));
        return;
    }
    HOLDS(depth_of(root) <= WIRE_XML_DEPTH && !root->next);
    write_tree(root, &written);
    HOLDS(xml_parse(buf_str(&written), &again, &err) && same_tree(root, again));
}

static void read_reply(const struct aws_operation *op, int status, struct str body)
{
    struct http_response response = {.status = status};
    CLEANUP(json_freep) struct json *out = NULL, *again = NULL;
    CLEANUP(buf_release) struct buf written = {0};
    char request_id[64] = "";
    struct error err;
    bool ok;

    buf_add(&response.body, body);
    ok = protocol_decode_response(op, &response, &out, request_id, &err);
    HOLDS(ok == (out != NULL) && (!ok || status < 300));
    HOLDS(ok || err.message[0]);
    HOLDS(ok || status < 300 || (err.code == ERR_AWS && err.http_status == status));
    if (ok) {
        json_write(out, &written);
        HOLDS(json_parse(buf_str(&written), &(struct json_limits){.depth = 100}, &again, &err));
    }
    http_response_release(&response);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct str text = fuzz_text(data, size), head = fuzz_line(&text), body = fuzz_rest(text);
    unsigned char which = head.len > 0 ? (unsigned char)head.data[0] : 0;
    const char *const *name = operations[which % ARRAY_LEN(operations)];

    read_tree(body);
    read_reply(model_operation(model_service(name[0]), name[1]), which & 0x20 ? 400 : 200, body);
    return 0;
}
