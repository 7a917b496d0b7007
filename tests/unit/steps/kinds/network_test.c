#include "steps/kinds/network.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#define TO_SELF "\"UserIdGroupPairs\":[{\"GroupId\":\"sg-1\"}]"
#define TO_OTHER "\"UserIdGroupPairs\":[{\"GroupId\":\"sg-9\"}]"
#define ANYWHERE "\"IpRanges\":[{\"CidrIp\":\"0.0.0.0/0\"}]"
#define PORT(from, to) "\"IpProtocol\":\"tcp\",\"FromPort\":" #from ",\"ToPort\":" #to ","
#define ALL "\"IpProtocol\":\"-1\","
#define GROUP(in, out) "[{\"GroupId\":\"sg-1\",\"IpPermissions\":[" in "],\"IpPermissionsEgress\":[" out "]}]"

static void test_faults(void **state)
{
    static const struct {
        const char *why, *groups;
        const char *found; /* part of it; NULL: no fault */
    } rows[] = {
        {"as the workshop has it", GROUP("{" PORT(3306, 3306) TO_SELF "}", "{" ALL ANYWHERE "}"), NULL},
        {"a range of ports", GROUP("{" PORT(3000, 4000) TO_SELF "}", "{" ALL ANYWHERE "}"), NULL},
        {"addresses let in too", GROUP("{" ALL ANYWHERE "}", "{" ALL ANYWHERE "}"), NULL},
        {"only another group comes in", GROUP("{" PORT(3306, 3306) TO_OTHER "}", "{" ALL ANYWHERE "}"),
         "in at the database's port"},
        {"another port", GROUP("{" PORT(22, 22) TO_SELF "}", "{" ALL ANYWHERE "}"),
         "in at the database's port"},
        {"another protocol",
         GROUP("{\"IpProtocol\":\"udp\",\"FromPort\":3306,\"ToPort\":3306," TO_SELF "}",
               "{" ALL ANYWHERE "}"),
         "in at the database's port"},
        {"a rule without another side", GROUP("{" PORT(3306, 3306) "\"IpRanges\":[]}", "{" ALL ANYWHERE "}"),
         "in at the database's port"},
        {"nothing goes out", GROUP("{" PORT(3306, 3306) TO_SELF "}", ""), "out to the database's port"},
        {"only the database is reached",
         GROUP("{" PORT(3306, 3306) TO_SELF "}", "{" PORT(3306, 3306) TO_SELF "}"), "Secrets Manager"},
        {"an endpoint's group is enough for HTTPS",
         GROUP("{" PORT(3306, 3306) TO_SELF "}",
               "{" PORT(3306, 3306) TO_SELF "},{" PORT(443, 443) TO_OTHER "}"),
         NULL},
        {"no group at all", "[]", "in at the database's port"},
        {"one lets the other in",
         "[{\"GroupId\":\"sg-1\",\"IpPermissions\":[],\"IpPermissionsEgress\":[{" ALL ANYWHERE "}]},"
         "{\"GroupId\":\"sg-2\",\"IpPermissions\":[{" PORT(3306, 3306) TO_SELF
         "}],\"IpPermissionsEgress\":[]}]",
         NULL},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        CLEANUP(json_freep) struct json *groups = NULL;
        struct error err;

        assert_true(json_parse(str_of(rows[i].groups), NULL, &groups, &err));
        const struct network_fault *fault = network_find_fault(groups, 3306);
        if (!fault != !rows[i].found || (fault && !strstr(fault->found, rows[i].found)))
            fail_msg("%s: %s", rows[i].why, fault ? fault->found : "no fault");
        assert_true(!fault || *fault->remedy);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_faults)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
