/* What the files of EC2 share: how Describe filters and pages, how resources
 * are found and refused, and each subject's handlers. Facts 2.5, 4 and 10. */
#ifndef AWS_SANDBOX_EC2_H
#define AWS_SANDBOX_EC2_H

#include "aws/sandbox/call.h"

struct ec2_filter {
    const char *name; /* "instance-state-name" */
    const char *path; /* members of an item, through its arrays: "Instances.State.Name" */
    bool time;        /* epoch seconds, compared as AWS prints them */
};

/* A kind of thing that a Describe operation lists. */
struct ec2_listing {
    const char *out;       /* member of the reply: "Reservations" */
    const char *ids;       /* parameter that names some: "InstanceIds"; NULL none */
    const char *id;        /* path of an item's id */
    const char *tags;      /* path of an item's tags; NULL none */
    const char *prefix;    /* of a well-formed id; NULL: whatever is no id is not found */
    const char *malformed; /* code for an id without the prefix */
    const char *missing;   /* code for an id that is not there */
    const char *noun;      /* "instance ID" of "The instance ID 'i-…' does not exist"; NULL: association */
    const struct ec2_filter *filters;
    size_t filter_count;
    bool ids_or_pages; /* MaxResults does not go with ids */
};

/** Answers with those of items (taken over) that ids and filters choose, a
 * page of them. */
MUST_USE bool ec2_list(struct call *c, const struct ec2_listing *listing, struct json *items,
                       struct error *err);

/** Whether text matches a filter's value: * any run, ? one byte, \ takes the
 * next byte as it is; case counts. */
bool ec2_wildcard(struct str pattern, struct str text);

/** Whether anything at the path of item, through arrays, is this text. */
bool ec2_has(const struct json *item, const char *path, const char *text);

/** Answers {"Return": true}. */
void ec2_done(struct call *c);

/** The instance of InstanceId, or AWS's refusal. */
MUST_USE bool ec2_find_instance(const struct call *c, const char *id, const struct json **out,
                                struct error *err);
/** PREFIX and the hexadecimal part of another resource's id. out: 64 bytes. */
void ec2_derived_id(const char *prefix, const char *id, char out[64]);
/** The tags that TagSpecifications gives a new thing of this type, as an array. */
struct json *ec2_new_tags(const struct call *c, const char *type);
/** Puts ec2:ResourceTag/… and aws:ResourceTag/… of an entity into the context. */
void ec2_tag_context(struct call *c, const struct json *entity);

/* --- ec2_profile.c --- */

/** The association that gives an instance its role now, else the one on its
 * way; NULL when there is none. */
const struct json *ec2_association_of(const struct world *w, const char *instance_id);
/** Its profile as {"Arn", "Id"}. */
struct json *ec2_profile_shown(const struct call *c, const struct json *association);
bool ec2_associate_profile(struct call *c, struct error *err);
bool ec2_replace_profile(struct call *c, struct error *err);
bool ec2_disassociate_profile(struct call *c, struct error *err);
bool ec2_describe_associations(struct call *c, struct error *err);
void ec2_profile_target(struct call *c);
bool ec2_profile_pass(struct call *c, const char **action, char resource[2100]);

/* --- ec2_describe.c, ec2_network.c --- */

bool ec2_describe_instances(struct call *c, struct error *err);
/** Every network interface with all its members, owned by the caller. */
struct json *ec2_interfaces(const struct call *c);
bool ec2_describe_interfaces(struct call *c, struct error *err);
bool ec2_describe_route_tables(struct call *c, struct error *err);
bool ec2_describe_subnets(struct call *c, struct error *err);
bool ec2_describe_vpcs(struct call *c, struct error *err);
bool ec2_describe_vpc_attribute(struct call *c, struct error *err);
bool ec2_describe_endpoints(struct call *c, struct error *err);

/* --- ec2_change.c --- */

bool ec2_modify_metadata(struct call *c, struct error *err);
bool ec2_create_endpoint(struct call *c, struct error *err);
void ec2_instance_target(struct call *c);
void ec2_vpc_target(struct call *c);

/* --- ec2_group.c, ec2_rule.c --- */

/** The group of GroupId, to be changed, or AWS's refusal. */
MUST_USE bool ec2_find_group(struct call *c, struct json **out, struct error *err);
bool ec2_describe_groups(struct call *c, struct error *err);
bool ec2_create_group(struct call *c, struct error *err);
bool ec2_delete_group(struct call *c, struct error *err);
void ec2_group_target(struct call *c);
bool ec2_group_tagged(struct call *c, const char **action, char resource[2100]);

/** Every rule of every group, owned by the caller. */
struct json *ec2_rules(const struct call *c);
/** Forgets a rule's tags: all of them, or an empty place for them. */
void ec2_drop_rule_tags(struct json *group, const char *id, bool all);
bool ec2_describe_rules(struct call *c, struct error *err);
bool ec2_authorize_ingress(struct call *c, struct error *err);
bool ec2_revoke_ingress(struct call *c, struct error *err);

/* --- ec2_tag.c --- */

/** Refuses tags of TagSpecifications that EC2 would not take. */
MUST_USE bool ec2_check_new_tags(const struct call *c, struct error *err);
bool ec2_create_tags(struct call *c, struct error *err);
bool ec2_delete_tags(struct call *c, struct error *err);
bool ec2_describe_tags(struct call *c, struct error *err);
void ec2_tags_target(struct call *c);

/** After a restart: transitions of associations go on. */
void ec2_associations_resume(struct sandbox *s);

#endif
