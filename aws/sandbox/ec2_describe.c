/* Instances and their network interfaces. */
#include "aws/sandbox/ec2.h"

#include "aws/sandbox/context.h"
#include "aws/sandbox/refuse.h"
#include "aws/sandbox/shown.h"

#include <stdio.h>

bool ec2_find_instance(const struct call *c, const char *id, const struct json **out, struct error *err)
{
    if (strncmp(id, "i-", 2) != 0)
        return refuse(err, "InvalidInstanceID.Malformed", "Invalid id: \"%.200s\" (expecting \"i-...\")", id);
    *out = world_get(c->world, "ec2.instance", id);
    return *out || refuse(err, "InvalidInstanceID.NotFound", "The instance ID '%s' does not exist", id);
}

void ec2_derived_id(const char *prefix, const char *id, char out[64])
{
    const char *dash = strrchr(id, '-');

    (void)snprintf(out, 64, "%.30s%.33s", prefix, dash ? dash + 1 : id);
}

void ec2_tag_context(struct call *c, const struct json *entity)
{
    if (!c->context)
        c->context = json_object();
    context_add_tags(c->context, "aws:ResourceTag", json_get(entity, "Tags"));
    context_add_tags(c->context, "ec2:ResourceTag", json_get(entity, "Tags"));
}

struct json *ec2_new_tags(const struct call *c, const char *type)
{
    struct json *tags = json_array();

    for (const struct json *s = json_first(json_get(c->in, "TagSpecifications")); s; s = json_next(s))
        if (strcmp(json_get_text(s, "ResourceType"), type) == 0)
            for (const struct json *e = json_first(json_get(s, "Tags")); e; e = json_next(e))
                json_push(tags,
                          json_of("Key", json_get_text(e, "Key"), "Value", json_get_text(e, "Value"), NULL));
    return tags;
}

/* --- the interface every instance has: made from the instance, not stored --- */

/** The address that the metadata service shows too. */
static void mac_of(const char *instance_id, char out[18])
{
    size_t len = strlen(instance_id), at = 0;

    (void)snprintf(out, 18, "02");
    if (len < 10)
        return;
    for (size_t i = len - 10; i < len; i += 2) {
        at = strlen(out);
        (void)snprintf(out + at, 18 - at, ":%.2s", instance_id + i);
    }
}

static struct json *interface_of(const struct call *c, const struct json *instance, bool inside)
{
    const char *id = json_get_text(instance, "InstanceId"), *address;
    char eni[64], attach[64], mac[18];
    struct json *out, *attachment, *list, *item;
    const struct json *tags;

    ec2_derived_id("eni-", id, eni);
    ec2_derived_id("eni-attach-", id, attach);
    mac_of(id, mac);
    address = json_get_text(instance, "PrivateIpAddress");
    out = json_of("NetworkInterfaceId", eni, "Description", "", "InterfaceType", "interface", "Status",
                  "in-use", "SubnetId", json_get_text(instance, "SubnetId"), "VpcId",
                  json_get_text(instance, "VpcId"), "OwnerId", sandbox_account(c->sandbox), "MacAddress", mac,
                  "PrivateIpAddress", address, "PrivateDnsName", json_get_text(instance, "PrivateDnsName"),
                  NULL);
    json_put_bool(out, "SourceDestCheck", true);
    json_put(out, "Groups", json_copy(json_get(instance, "SecurityGroups")));
    attachment = json_put(out, "Attachment", json_of("AttachmentId", attach, "Status", "attached", NULL));
    json_put_int(attachment, "DeviceIndex", 0);
    json_put_int(attachment, "AttachTime", json_int(json_get(instance, "LaunchTime"), 0));
    json_put_bool(attachment, "DeleteOnTermination", true);
    list = json_put(out, "PrivateIpAddresses", json_array());
    item = json_push(list, json_of("PrivateIpAddress", address, "PrivateDnsName",
                                   json_get_text(instance, "PrivateDnsName"), NULL));
    json_put_bool(item, "Primary", true);
    if (inside)
        return out;
    json_put_text(attachment, "InstanceId", id);
    json_put_text(attachment, "InstanceOwnerId", sandbox_account(c->sandbox));
    json_put_bool(out, "RequesterManaged", false);
    json_put_text(out, "AvailabilityZone", json_text(json_path(instance, "Placement.AvailabilityZone")));
    tags = json_get(instance, "interface_tags");
    json_put(out, "TagSet", tags ? json_copy(tags) : json_array());
    return out;
}

/* --- DescribeInstances --- */

/** What every instance of this world is alike in. */
static void put_common(struct json *view)
{
    static const struct {
        const char *member, *value;
    } texts[] = {
        {"Hypervisor", "xen"},         {"RootDeviceName", "/dev/xvda"},
        {"RootDeviceType", "ebs"},     {"VirtualizationType", "hvm"},
        {"ClientToken", ""},           {"PublicDnsName", ""},
        {"StateTransitionReason", ""},
    };

    for (size_t i = 0; i < ARRAY_LEN(texts); i++)
        if (!json_get(view, texts[i].member))
            json_put_text(view, texts[i].member, texts[i].value);
    json_put_bool(view, "EbsOptimized", false);
    json_put_bool(view, "EnaSupport", true);
    json_put_bool(view, "SourceDestCheck", true);
    json_put_int(view, "AmiLaunchIndex", 0);
    json_put(view, "Monitoring", json_of("State", "disabled", NULL));
}

static struct json *reservation_of(const struct call *c, const struct json *instance)
{
    CLEANUP(json_freep) struct json *view = json_copy(instance);
    const char *id = json_get_text(instance, "InstanceId");
    const struct json *association = ec2_association_of(c->world, id);
    const struct model_shape *shape = shown_element(c->op, "Reservations");
    struct json *out, *list, *interfaces = json_array();
    char reservation[64];

    put_common(view);
    json_push(interfaces, interface_of(c, instance, true));
    json_put(view, "NetworkInterfaces", interfaces);
    if (association)
        json_put(view, "IamInstanceProfile", ec2_profile_shown(c, association));
    ec2_derived_id("r-", id, reservation);
    out = json_of("ReservationId", reservation, "OwnerId", sandbox_account(c->sandbox), NULL);
    json_put(out, "Groups", json_array());
    list = json_put(out, "Instances", json_array());
    json_push(list, shown(model_member(shape, "Instances")->shape->members[0].shape, view));
    return out;
}

static const struct ec2_filter instance_filters[] = {
    {.name = "architecture", .path = "Instances.Architecture"},
    {.name = "availability-zone", .path = "Instances.Placement.AvailabilityZone"},
    {.name = "client-token", .path = "Instances.ClientToken"},
    {.name = "dns-name", .path = "Instances.PublicDnsName"},
    {.name = "group-id", .path = "Instances.SecurityGroups.GroupId"},
    {.name = "group-name", .path = "Instances.SecurityGroups.GroupName"},
    {.name = "hypervisor", .path = "Instances.Hypervisor"},
    {.name = "iam-instance-profile.arn", .path = "Instances.IamInstanceProfile.Arn"},
    {.name = "iam-instance-profile.id", .path = "Instances.IamInstanceProfile.Id"},
    {.name = "image-id", .path = "Instances.ImageId"},
    {.name = "instance-id", .path = "Instances.InstanceId"},
    {.name = "instance-lifecycle", .path = "Instances.InstanceLifecycle"},
    {.name = "instance-state-code", .path = "Instances.State.Code"},
    {.name = "instance-state-name", .path = "Instances.State.Name"},
    {.name = "instance-type", .path = "Instances.InstanceType"},
    {.name = "instance.group-id", .path = "Instances.SecurityGroups.GroupId"},
    {.name = "instance.group-name", .path = "Instances.SecurityGroups.GroupName"},
    {.name = "ip-address", .path = "Instances.PublicIpAddress"},
    {.name = "key-name", .path = "Instances.KeyName"},
    {.name = "launch-time", .path = "Instances.LaunchTime", .time = true},
    {.name = "metadata-options.http-endpoint", .path = "Instances.MetadataOptions.HttpEndpoint"},
    {.name = "metadata-options.http-put-response-hop-limit",
     .path = "Instances.MetadataOptions.HttpPutResponseHopLimit"},
    {.name = "metadata-options.http-tokens", .path = "Instances.MetadataOptions.HttpTokens"},
    {.name = "metadata-options.state", .path = "Instances.MetadataOptions.State"},
    {.name = "monitoring-state", .path = "Instances.Monitoring.State"},
    {.name = "network-interface.group-id", .path = "Instances.NetworkInterfaces.Groups.GroupId"},
    {.name = "network-interface.network-interface-id",
     .path = "Instances.NetworkInterfaces.NetworkInterfaceId"},
    {.name = "network-interface.private-ip-address", .path = "Instances.NetworkInterfaces.PrivateIpAddress"},
    {.name = "network-interface.subnet-id", .path = "Instances.NetworkInterfaces.SubnetId"},
    {.name = "network-interface.vpc-id", .path = "Instances.NetworkInterfaces.VpcId"},
    {.name = "owner-id", .path = "OwnerId"},
    {.name = "platform", .path = "Instances.Platform"},
    {.name = "private-dns-name", .path = "Instances.PrivateDnsName"},
    {.name = "private-ip-address", .path = "Instances.PrivateIpAddress"},
    {.name = "requester-id", .path = "RequesterId"},
    {.name = "reservation-id", .path = "ReservationId"},
    {.name = "root-device-name", .path = "Instances.RootDeviceName"},
    {.name = "root-device-type", .path = "Instances.RootDeviceType"},
    {.name = "source-dest-check", .path = "Instances.SourceDestCheck"},
    {.name = "subnet-id", .path = "Instances.SubnetId"},
    {.name = "virtualization-type", .path = "Instances.VirtualizationType"},
    {.name = "vpc-id", .path = "Instances.VpcId"},
};

static const struct ec2_listing instances = {
    .out = "Reservations",
    .ids = "InstanceIds",
    .id = "Instances.InstanceId",
    .tags = "Instances.Tags",
    .prefix = "i-",
    .malformed = "InvalidInstanceID.Malformed",
    .missing = "InvalidInstanceID.NotFound",
    .noun = "instance ID",
    .filters = instance_filters,
    .filter_count = ARRAY_LEN(instance_filters),
    .ids_or_pages = true,
};

bool ec2_describe_instances(struct call *c, struct error *err)
{
    struct json *items = json_array();
    const struct json *e;

    for (size_t i = 0; (e = world_at(c->world, "ec2.instance", i, NULL)); i++)
        json_push(items, reservation_of(c, e));
    return ec2_list(c, &instances, items, err);
}

/* --- DescribeNetworkInterfaces --- */

static const struct ec2_filter interface_filters[] = {
    {.name = "addresses.private-ip-address", .path = "PrivateIpAddresses.PrivateIpAddress"},
    {.name = "attachment.attachment-id", .path = "Attachment.AttachmentId"},
    {.name = "attachment.device-index", .path = "Attachment.DeviceIndex"},
    {.name = "attachment.instance-id", .path = "Attachment.InstanceId"},
    {.name = "attachment.instance-owner-id", .path = "Attachment.InstanceOwnerId"},
    {.name = "attachment.status", .path = "Attachment.Status"},
    {.name = "availability-zone", .path = "AvailabilityZone"},
    {.name = "description", .path = "Description"},
    {.name = "group-id", .path = "Groups.GroupId"},
    {.name = "group-name", .path = "Groups.GroupName"},
    {.name = "interface-type", .path = "InterfaceType"},
    {.name = "mac-address", .path = "MacAddress"},
    {.name = "network-interface-id", .path = "NetworkInterfaceId"},
    {.name = "owner-id", .path = "OwnerId"},
    {.name = "private-dns-name", .path = "PrivateDnsName"},
    {.name = "private-ip-address", .path = "PrivateIpAddress"},
    {.name = "requester-id", .path = "RequesterId"},
    {.name = "requester-managed", .path = "RequesterManaged"},
    {.name = "source-dest-check", .path = "SourceDestCheck"},
    {.name = "status", .path = "Status"},
    {.name = "subnet-id", .path = "SubnetId"},
    {.name = "vpc-id", .path = "VpcId"},
};

static const struct ec2_listing interfaces = {
    .out = "NetworkInterfaces",
    .ids = "NetworkInterfaceIds",
    .id = "NetworkInterfaceId",
    .tags = "TagSet",
    .prefix = "eni-",
    .malformed = "InvalidNetworkInterfaceId.Malformed",
    .missing = "InvalidNetworkInterfaceID.NotFound",
    .noun = "networkInterface ID",
    .filters = interface_filters,
    .filter_count = ARRAY_LEN(interface_filters),
};

struct json *ec2_interfaces(const struct call *c)
{
    struct json *items = json_array();
    const struct json *e;

    for (size_t i = 0; (e = world_at(c->world, "ec2.instance", i, NULL)); i++)
        json_push(items, interface_of(c, e, false));
    for (size_t i = 0; (e = world_at(c->world, "ec2.network_interface", i, NULL)); i++) {
        struct json *view = json_push(items, json_copy(e));

        /* Tags of an interface have a name of their own in its reply. */
        json_put(view, "TagSet", json_get(e, "Tags") ? json_copy(json_get(e, "Tags")) : json_array());
    }
    return items;
}

bool ec2_describe_interfaces(struct call *c, struct error *err)
{
    CLEANUP(json_freep) struct json *all = ec2_interfaces(c);
    struct json *items = json_array();

    for (const struct json *e = json_first(all); e; e = json_next(e))
        json_push(items, shown(shown_element(c->op, "NetworkInterfaces"), e));
    return ec2_list(c, &interfaces, items, err);
}
