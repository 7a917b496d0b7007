/* The account's contents: entities of named kinds, each a JSON object under a
 * key. One place to look at, to dump and to keep on disk (keep.h). Owned by the
 * loop thread; no locks.
 *
 * Kinds, their keys and members. Members are named as in the service's replies
 * where they are part of one; lower-case names are ours. Times in "Date"
 * members are epoch seconds, `_ms` members are epoch milliseconds of the
 * sandbox's service clock.
 *
 * iam.user               UserName: UserName Path UserId Arn CreateDate Tags Inline{name:document}
 *                        attachments[] PermissionsBoundary(arn) Groups[names]
 * iam.group              GroupName: GroupName Path GroupId Arn CreateDate Inline attachments[]
 * iam.access_key         AccessKeyId: AccessKeyId UserName Status CreateDate secret
 * iam.role               RoleName: RoleName Path RoleId Arn CreateDate AssumeRolePolicyDocument(text)
 *                        Description MaxSessionDuration PermissionsBoundary(arn) Tags[{Key,Value}]
 *                        Inline{name:document} attachments[] created_ms
 * iam.policy             Arn: PolicyName Path PolicyId Arn CreateDate UpdateDate DefaultVersionId
 *                        Description Tags versions{id:{VersionId,Document,CreateDate}} next_version
 *                        aws_managed(bool: not dumped, not changeable)
 * iam.instance_profile   InstanceProfileName: InstanceProfileName Path InstanceProfileId Arn CreateDate
 *                        Tags role(name, absent when none) created_ms
 *   attachments[] = {"PolicyArn", "from_ms", "to_ms"(absent while attached)}: what AWS sees of it
 *                   lags by the propagation delay, see authorize.h
 * sts.session            AccessKeyId: AccessKeyId secret token role(name) RoleId session_name
 *                        created_s expires_s Policy(text) PolicyArns[] source("ec2"|"lambda"|"sts")
 *                        instance_id Tags
 * secretsmanager.secret  Arn: ARN Name Description KmsKeyId Tags CreatedDate LastChangedDate
 *                        LastAccessedDate LastRotatedDate DeletedDate delete_at_ms RotationEnabled
 *                        RotationLambdaARN RotationRules NextRotationDate ResourcePolicy
 *                        versions{id:{VersionId,VersionStages[],CreatedDate,secret_string|secret_binary,
 *                        KmsKeyId(ARN, absent for the managed key)}}
 *                        rotation{...}(a rotation in progress)
 * ec2.instance           InstanceId: InstanceId ImageId State VpcId SubnetId PrivateIpAddress
 *                        LaunchTime SecurityGroups Tags MetadataOptions
 * ec2.association        AssociationId: AssociationId InstanceId profile(name) State since_ms Timestamp
 *                        IamInstanceProfile{Arn,Id}(as it was when associated) leaving(bool: being
 *                        replaced, shown as disassociating)
 * ec2.vpc, ec2.subnet, ec2.security_group, ec2.network_interface, ec2.route_table, ec2.vpc_endpoint
 *                        id: the members of their Describe reply, Tags
 * rds.cluster            DBClusterIdentifier: members of DescribeDBClusters
 * rds.instance           DBInstanceIdentifier; rds.subnet_group DBSubnetGroupName
 * cloudformation.stack   StackId: StackId StackName StackStatus … Parameters Tags Capabilities
 *                        ClientRequestToken template(text) events[] resources[] ParentId
 * lambda.function        FunctionName: the Configuration of GetFunction, Tags, policy{sid:statement},
 *                        hosted("MySQLSingleUser") or command[argv]
 * logs.group             logGroupName: logGroupName arn creationTime storedBytes streams{}
 * kms.key                KeyId: the KeyMetadata of DescribeKey, Policy(text) Tags
 * ssm.command, ssm.instance  see ssm.h
 * cloudtrail.event       kept in trail.h, not here
 */
#ifndef AWS_SANDBOX_WORLD_H
#define AWS_SANDBOX_WORLD_H

#include "aws/common/buf.h"
#include "aws/common/json.h"

struct world;

struct world *world_new(void);
void world_free(struct world *w);

/** NULL when absent. Borrowed until the entity is put again or removed. */
const struct json *world_get(const struct world *w, const char *kind, const char *key);
/** The same, to be changed in place; counts as a change. */
struct json *world_edit(struct world *w, const char *kind, const char *key);
/** Takes entity over; replaces. Returns it, still editable. */
struct json *world_put(struct world *w, const char *kind, const char *key, struct json *entity);
void world_remove(struct world *w, const char *kind, const char *key);
size_t world_count(const struct world *w, const char *kind);

/** In key order: for (size_t i = 0; (e = world_at(w, kind, i, &key)); i++). */
const struct json *world_at(const struct world *w, const char *kind, size_t index, const char **key);

/* --- for keeping it on disk (keep.h) --- */

typedef void world_visit(void *arg, const char *kind, const char *key, const struct json *entity);

/** Every entity, in order of kind and key. */
void world_each(const struct world *w, world_visit *visit, void *arg);
/** From now on changes are noted: what was put, removed or given out for
 * editing. */
void world_track(struct world *w);
bool world_changed(const struct world *w);
/** What has changed, as it is now; entity NULL when it is gone. An entity may
 * come twice. Nothing is forgotten: that is world_settle, once it is kept. */
void world_each_change(const struct world *w, world_visit *visit, void *arg);
void world_settle(struct world *w);

/** Sorted JSON. Members named secret, token, secret_string, secret_binary,
 * password, parameters, standard_output and standard_error become "sha256:…";
 * aws_managed entities are left out. */
void world_dump(const struct world *w, struct buf *out);

#endif
