/* Rows of policy questions. In their JSON ' stands for " and ` for '. */
#ifndef TESTS_UNIT_AWS_POLICY_TABLE_H
#define TESTS_UNIT_AWS_POLICY_TABLE_H

#include "aws/common/mem.h"
#include "aws/policy/policy.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

#define ALLOW POLICY_ALLOWED
#define DENY POLICY_EXPLICITLY_DENIED
#define NONE POLICY_IMPLICITLY_DENIED

#define ALICE "arn:aws:iam::111122223333:user/alice"
#define ROLE "arn:aws:iam::111122223333:role/app"
#define SESSION "arn:aws:sts::111122223333:assumed-role/app/i-0abc"
#define ROOT "arn:aws:iam::111122223333:root"
#define SECRET "arn:aws:secretsmanager:eu-west-1:111122223333:secret:db-AbCdEf"
#define ALLOW_ALL "{'Effect':'Allow','Action':'*','Resource':'*'}"
#define DENY_ALL "{'Effect':'Deny','Action':'*','Resource':'*'}"

/* A document is its statements, comma between; NULL means there is none. */
struct row {
    const char *rule;    /* of the IAM User Guide, and what it guards */
    const char *version; /* 2012-10-17 unless given */
    const char *identity, *boundary, *session, *resource_policy;
    const char *principal; /* ALICE */
    const char *role;      /* "" */
    const char *action;    /* secretsmanager:GetSecretValue */
    const char *resource;  /* SECRET */
    const char *account;   /* "" */
    const char *context;   /* {} */
    bool trust;            /* the resource policy is a trust policy */
    enum policy_decision want;
    enum policy_side side; /* SIDE_NONE is not compared */
};

static inline char *unquote(const char *text)
{
    char *copy = mem_dup(text);

    for (char *c = copy; *c != '\0'; c++)
        *c = (char)(*c == '\'' ? '"' : *c == '`' ? '\'' : *c);
    return copy;
}

static inline struct policy *load(const char *rule, const char *version, const char *statements,
                                  enum policy_type type)
{
    CLEANUP(mem_freep) char *text = NULL;
    CLEANUP(mem_freep) char *body = NULL;
    struct policy *p = NULL;
    struct error err = {0};

    if (statements == NULL)
        return NULL;
    body = unquote(statements);
    text = mem_printf("{\"Version\":\"%s\",\"Statement\":[%s]}", version ? version : "2012-10-17", body);
    if (!policy_parse(str_of(text), type, &p, &err))
        fail_msg("%s: %s\n%s", rule, err.message, text);
    return p;
}

static inline void run_row(const struct row *row)
{
    enum policy_type type = row->trust ? POLICY_TRUST : POLICY_RESOURCE;
    CLEANUP(mem_freep) char *text = unquote(row->context ? row->context : "{}");
    CLEANUP(json_freep) struct json *context = NULL;
    CLEANUP(policy_freep)
    struct policy *identity = load(row->rule, row->version, row->identity, POLICY_IDENTITY);
    CLEANUP(policy_freep)
    struct policy *boundary = load(row->rule, row->version, row->boundary, POLICY_IDENTITY);
    CLEANUP(policy_freep)
    struct policy *session = load(row->rule, row->version, row->session, POLICY_IDENTITY);
    CLEANUP(policy_freep) struct policy *resource = load(row->rule, row->version, row->resource_policy, type);
    const struct policy *identities[] = {identity};
    const struct policy *sessions[] = {session};
    struct policy_set set = {.identity = identities,
                             .identity_count = identity != NULL,
                             .boundary = boundary,
                             .session = sessions,
                             .session_count = session != NULL,
                             .has_session = session != NULL,
                             .resource = resource};
    struct policy_request request = {
        .principal = str_of(row->principal ? row->principal : ALICE),
        .principal_role = str_of(row->role),
        .action = str_of(row->action ? row->action : "secretsmanager:GetSecretValue"),
        .resource = str_of(row->resource ? row->resource : SECRET),
        .resource_account = str_of(row->account),
    };
    struct policy_result result;
    struct error err = {0};

    if (!json_parse(str_of(text), NULL, &context, &err))
        fail_msg("%s: context: %s", row->rule, err.message);
    request.context = context;
    set.resource_policy_mandatory = policy_resource_mandatory(request.action, request.resource);
    policy_decide(&request, &set, &result);
    if (result.decision != row->want || (row->side != SIDE_NONE && result.side != row->side))
        fail_msg("%s: decision %d side %d, want %d side %d", row->rule, (int)result.decision,
                 (int)result.side, (int)row->want, (int)row->side);
}

static inline void run_rows(const struct row *rows, size_t count)
{
    for (size_t i = 0; i < count; i++)
        run_row(&rows[i]);
}

#endif
