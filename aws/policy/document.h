/* A parsed policy document, for the files of this folder only. Everything in
 * it lives in the policy's arena and never changes after policy_parse. */
#ifndef AWS_POLICY_DOCUMENT_H
#define AWS_POLICY_DOCUMENT_H

#include "aws/policy/pattern.h"
#include "aws/policy/policy.h"

/* A question about the request that may have no answer: a value that is not of
 * the operator's type. SECURITY rule 22 says what each Effect makes of it. */
enum truth { TRUTH_NO, TRUTH_YES, TRUTH_UNKNOWN };

enum condition_family {
    CONDITION_STRING,
    CONDITION_STRING_FOLDED, /* …IgnoreCase */
    CONDITION_STRING_LIKE,
    CONDITION_NUMERIC,
    CONDITION_DATE,
    CONDITION_BOOL,
    CONDITION_BINARY,
    CONDITION_IP,
    CONDITION_ARN,
    CONDITION_NULL
};

enum condition_relation { RELATION_EQ, RELATION_LT, RELATION_LE, RELATION_GT, RELATION_GE };

struct condition_operator {
    const char *name;
    enum condition_family family;
    enum condition_relation relation;
    bool negated;
};

enum condition_quantifier { QUANTIFIER_NONE, QUANTIFIER_ALL, QUANTIFIER_ANY };

struct ip_block {
    int family; /* AF_INET, AF_INET6 */
    unsigned bits;
    unsigned char bytes[16];
};

/* One value of a condition, already read as the operator's type. */
struct condition_value {
    struct pattern text; /* String*, Arn*; the decoded bytes of Binary */
    double number;
    int64_t date_ms;
    bool flag; /* Bool, Null */
    struct ip_block ip;
};

struct condition {
    const struct condition_operator *op;
    enum condition_quantifier quantifier;
    bool if_exists;
    struct str key;
    struct condition_value *values;
    size_t count;
};

enum principal_type {
    PRINCIPAL_ANYONE,
    PRINCIPAL_AWS,
    PRINCIPAL_SERVICE,
    PRINCIPAL_FEDERATED,
    PRINCIPAL_CANONICAL
};

struct principal {
    enum principal_type type;
    struct str value; /* ARN, 12-digit account id, service name, …; "" for anyone */
};

struct statement {
    struct str sid;
    bool deny;
    bool not_action;
    bool not_resource;
    bool not_principal;
    struct pattern *actions; /* lower case */
    size_t action_count;
    struct pattern *resources; /* none in a trust policy */
    size_t resource_count;
    struct principal *principals; /* none in an identity policy */
    size_t principal_count;
    struct condition *conditions;
    size_t condition_count;
    struct variable_table variables;
};

struct policy {
    struct arena arena;
    enum policy_type type;
    bool variables; /* Version 2012-10-17 */
    struct statement *statements;
    size_t count;
};

/** ERR_AWS MalformedPolicyDocument. */
bool policy_malformed(struct error *err, const char *format, ...) PRINTF_LIKE(2, 3);

#define SENTENCE_SYNTAX "Syntax errors in policy."
/* AWS's words for a value that has the right JSON type but does not parse. */
#define SENTENCE_LEGACY "The policy failed legacy parsing"

/* --- conditions --- */
MUST_USE bool condition_parse(struct policy *p, struct statement *s, const struct json *block,
                              struct error *err);
bool condition_parse_number(struct str text, double *out);
bool condition_parse_date(struct str text, int64_t *out_ms);
bool condition_parse_bool(struct str text, bool *out);
bool condition_parse_ip(struct str text, bool block, struct ip_block *out);

/* The context of a request, indexed once for all statements. */
struct context_entry {
    struct str key;
    const struct json *value;
};

struct context {
    struct context_entry *entries;
    size_t count;
    struct context_entry fixed[48];
};

void context_init(struct context *c, const struct json *object);
void context_release(struct context *c);
/** NULL when absent; null and an empty list are absent too. */
const struct json *context_find(const struct context *c, struct str key);

#define SCALAR_BYTES 32
/** Text of a text, number or boolean; numbers need the scratch space. */
bool context_scalar(const struct json *value, char scratch[SCALAR_BYTES], struct str *out);

/** values are those of the statement's variables. */
enum truth condition_holds(const struct condition *c, const struct context *context,
                           const struct str *values);

/* --- principals --- */
MUST_USE bool principal_parse(struct policy *p, struct statement *s, const struct json *element,
                              struct error *err);

enum caller_kind {
    CALLER_ANONYMOUS,
    CALLER_SERVICE, /* or a web identity provider's domain */
    CALLER_ROOT,
    CALLER_USER,
    CALLER_ROLE,
    CALLER_SESSION,
    CALLER_OTHER /* a federated user, a provider: matched by its whole ARN */
};

struct caller {
    enum caller_kind kind;
    struct str principal;
    struct str role; /* of a role or session, else "" */
    struct str partition, account;
    char role_text[256];
};

void caller_init(struct caller *c, const struct policy_request *request);

/* How a statement's principal fits the caller, weakest first. Facts 7.1.3. */
enum principal_fit {
    FIT_NONE,
    FIT_ACCOUNT,  /* the caller's account: delegates only */
    FIT_ROLE,     /* the role of the session: boundary and session policies still limit */
    FIT_WILDCARD, /* everyone */
    FIT_EXACT     /* the caller itself */
};

enum principal_fit principal_match(const struct statement *s, const struct caller *c);

#endif
