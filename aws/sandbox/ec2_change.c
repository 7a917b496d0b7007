/* The few changes that are no group, rule, tag or profile. */
#include "aws/sandbox/ec2.h"

#include "aws/sandbox/refuse.h"

enum { HOP_LIMIT = 64 };

void ec2_instance_target(struct call *c)
{
    ec2_tag_context(c, world_get(c->world, "ec2.instance", json_get_text(c->in, "InstanceId")));
}

void ec2_vpc_target(struct call *c)
{
    ec2_tag_context(c, world_get(c->world, "ec2.vpc", json_get_text(c->in, "VpcId")));
}

/* The metadata service asks for tokens whatever HttpTokens says. */
bool ec2_modify_metadata(struct call *c, struct error *err)
{
    static const char *const members[] = {"HttpTokens", "HttpPutResponseHopLimit", "HttpEndpoint",
                                          "HttpProtocolIpv6", "InstanceMetadataTags"};
    const char *id = json_get_text(c->in, "InstanceId");
    int64_t hops = json_int(json_get(c->in, "HttpPutResponseHopLimit"), 1);
    const struct json *instance;
    struct json *entity, *options, *answer;

    if (!ec2_find_instance(c, id, &instance, err))
        return false;
    if (hops < 1 || hops > HOP_LIMIT)
        return refuse(err, "InvalidParameterValue",
                      "Value (%lld) for parameter HttpPutResponseHopLimit is invalid. Expecting a value "
                      "between 1 and %d.",
                      (long long)hops, HOP_LIMIT);
    entity = world_edit(c->world, "ec2.instance", id);
    options = json_edit(entity, "MetadataOptions");
    if (!options)
        options = json_put(entity, "MetadataOptions", json_of("State", "applied", NULL));
    for (size_t i = 0; i < ARRAY_LEN(members); i++)
        if (json_get(c->in, members[i]))
            json_put(options, members[i], json_copy(json_get(c->in, members[i])));
    c->out = json_of("InstanceId", id, NULL);
    answer = json_put(c->out, "InstanceMetadataOptions", json_copy(options));
    json_put_text(answer, "State", "pending");
    return true;
}
