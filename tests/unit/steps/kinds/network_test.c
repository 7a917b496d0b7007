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

#define TABLES(own, main)                                                                                    \
    "[{\"Associations\":[{\"Main\":true}],\"Routes\":[" LOCAL main                                           \
    "]},{\"Associations\":[{\"Main\":false,\"SubnetId\":\"subnet-9\"}],\"Routes\":[" LOCAL own "]}]"
#define LOCAL "{\"DestinationCidrBlock\":\"10.0.0.0/16\",\"GatewayId\":\"local\",\"State\":\"active\"}"
#define ROUTE(to, through) ",{\"DestinationCidrBlock\":\"" to "\"," through ",\"State\":\"active\"}"

static void test_routes(void **state)
{
    static const struct {
        const char *why, *subnet, *tables;
        enum network_route route;
        const char *through;
    } rows[] = {
        {"no table of its own: the main one", "subnet-1",
         TABLES("", ROUTE("0.0.0.0/0", "\"NatGatewayId\":\"nat-1\"")), ROUTE_OUT, "nat-1"},
        {"its own table, not the main one", "subnet-9",
         TABLES("", ROUTE("0.0.0.0/0", "\"NatGatewayId\":\"nat-1\"")), ROUTE_NONE, ""},
        {"its own table helps", "subnet-9", TABLES(ROUTE("0.0.0.0/0", "\"TransitGatewayId\":\"tgw-1\""), ""),
         ROUTE_OUT, "tgw-1"},
        {"and nobody else", "subnet-1", TABLES(ROUTE("0.0.0.0/0", "\"TransitGatewayId\":\"tgw-1\""), ""),
         ROUTE_NONE, ""},
        {"a function has no public address", "subnet-1",
         TABLES("", ROUTE("0.0.0.0/0", "\"GatewayId\":\"igw-1\"")), ROUTE_INTERNET_GATEWAY, "igw-1"},
        {"what was deleted", "subnet-1",
         TABLES("", ",{\"DestinationCidrBlock\":\"0.0.0.0/0\",\"NatGatewayId\":\"nat-1\",\"State\":"
                    "\"blackhole\"}"),
         ROUTE_BLACKHOLE, "nat-1"},
        {"a VPN", "subnet-1", TABLES("", ROUTE("0.0.0.0/0", "\"GatewayId\":\"vgw-1\"")), ROUTE_OUT, "vgw-1"},
        {"a few addresses only", "subnet-1",
         TABLES("", ROUTE("10.9.0.0/16", "\"TransitGatewayId\":\"tgw-1\"")), ROUTE_NONE, ""},
        {"a peering leads no further", "subnet-1",
         TABLES("", ROUTE("0.0.0.0/0", "\"VpcPeeringConnectionId\":\"pcx-1\"")), ROUTE_NONE, ""},
        {"a prefix list through NAT", "subnet-1",
         TABLES("", ",{\"DestinationPrefixListId\":\"pl-1\",\"NatGatewayId\":\"nat-1\",\"State\":"
                    "\"active\"}"),
         ROUTE_OUT, "nat-1"},
        {"the gateway endpoint of S3", "subnet-1",
         TABLES("", ",{\"DestinationPrefixListId\":\"pl-1\",\"GatewayId\":\"vpce-1\",\"State\":"
                    "\"active\"}"),
         ROUTE_NONE, ""},
        {"no table seen", "subnet-1", "[]", ROUTE_NONE, ""},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        CLEANUP(json_freep) struct json *tables = NULL;
        const char *through;
        struct error err;

        assert_true(json_parse(str_of(rows[i].tables), NULL, &tables, &err));
        enum network_route route = network_route_of(tables, rows[i].subnet, &through);
        if (route != rows[i].route || strcmp(through, rows[i].through) != 0)
            fail_msg("%s: %d through %s", rows[i].why, (int)route, through);
    }
}

static void test_lets_in(void **state)
{
    static const struct {
        const char *why, *groups;
        bool in;
    } rows[] = {
        {"the function's group", GROUP("{" PORT(443, 443) TO_OTHER "}", ""), true},
        {"addresses", GROUP("{" PORT(443, 443) ANYWHERE "}", ""), true},
        {"itself, which the function is not in", GROUP("{" PORT(443, 443) TO_SELF "}", ""), false},
        {"another port", GROUP("{" PORT(80, 80) TO_OTHER "}", ""), false},
        {"only out", GROUP("", "{" ALL ANYWHERE "}"), false},
    };
    CLEANUP(json_freep) struct json *peers = NULL;
    struct error err;

    (void)state;
    assert_true(json_parse(STR("[{\"GroupId\":\"sg-9\"}]"), NULL, &peers, &err));
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        CLEANUP(json_freep) struct json *groups = NULL;

        assert_true(json_parse(str_of(rows[i].groups), NULL, &groups, &err));
        if (network_lets_in(groups, peers) != rows[i].in)
            fail_msg("%s", rows[i].why);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_faults), cmocka_unit_test(test_routes),
                                       cmocka_unit_test(test_lets_in)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
