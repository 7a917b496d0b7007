#include "aws/sandbox/managed_policies.h"

#include "aws/common/attributes.h"

const struct managed_policy managed_policies[] = {
    {"AWSCloud9SSMInstanceProfile", "/",
     "{\"Version\":\"2012-10-17\",\"Statement\":[{\"Effect\":\"Allow\","
     "\"Action\":[\"ssmmessages:CreateControlChannel\",\"ssmmessages:CreateDataChannel\","
     "\"ssmmessages:OpenControlChannel\",\"ssmmessages:OpenDataChannel\","
     "\"ssm:UpdateInstanceInformation\"],\"Resource\":\"*\"}]}",
     "v1"},
    {"AWSCloudFormationReadOnlyAccess", "/",
     "{\"Version\":\"2012-10-17\",\"Statement\":[{\"Effect\":\"Allow\","
     "\"Action\":[\"cloudformation:Describe*\",\"cloudformation:BatchDescribe*\","
     "\"cloudformation:EstimateTemplateCost\",\"cloudformation:Get*\",\"cloudformation:List*\","
     "\"cloudformation:ValidateTemplate\",\"cloudformation:Detect*\"],\"Resource\":\"*\"}]}",
     "v7"},
    {"AWSCloudTrail_ReadOnlyAccess", "/",
     "{\"Version\":\"2012-10-17\",\"Statement\":[{\"Effect\":\"Allow\","
     "\"Action\":[\"cloudtrail:Get*\",\"cloudtrail:Describe*\",\"cloudtrail:List*\","
     "\"cloudtrail:LookupEvents\"],\"Resource\":\"*\"}]}",
     "v1"},
    {"AWSDenyAll", "/",
     "{\"Version\":\"2012-10-17\",\"Statement\":[{\"Sid\":\"DenyAll\",\"Effect\":\"Deny\","
     "\"Action\":[\"*\"],\"Resource\":\"*\"}]}",
     "v1"},
    {"AWSLambdaBasicExecutionRole", "/service-role/",
     "{\"Version\":\"2012-10-17\",\"Statement\":[{\"Effect\":\"Allow\","
     "\"Action\":[\"logs:CreateLogGroup\",\"logs:CreateLogStream\",\"logs:PutLogEvents\"],"
     "\"Resource\":\"*\"}]}",
     "v1"},
    {"AWSLambdaVPCAccessExecutionRole", "/service-role/",
     "{\"Version\":\"2012-10-17\","
     "\"Statement\":[{\"Sid\":\"AWSLambdaVPCAccessExecutionPermissions\",\"Effect\":\"Allow\","
     "\"Action\":[\"logs:CreateLogGroup\",\"logs:CreateLogStream\",\"logs:PutLogEvents\","
     "\"ec2:CreateNetworkInterface\",\"ec2:DescribeNetworkInterfaces\",\"ec2:DescribeSubnets\","
     "\"ec2:DeleteNetworkInterface\",\"ec2:AssignPrivateIpAddresses\","
     "\"ec2:UnassignPrivateIpAddresses\"],\"Resource\":\"*\"}]}",
     "v3"},
    {"AWSLambda_ReadOnlyAccess", "/",
     "{\"Version\":\"2012-10-17\",\"Statement\":[{\"Effect\":\"Allow\","
     "\"Action\":[\"cloudformation:DescribeStacks\",\"cloudformation:ListStacks\","
     "\"cloudformation:ListStackResources\",\"cloudwatch:GetMetricData\","
     "\"cloudwatch:ListMetrics\",\"ec2:DescribeSecurityGroups\",\"ec2:DescribeSubnets\","
     "\"ec2:DescribeVpcs\",\"kms:ListAliases\",\"iam:GetPolicy\",\"iam:GetPolicyVersion\","
     "\"iam:GetRole\",\"iam:GetRolePolicy\",\"iam:ListAttachedRolePolicies\","
     "\"iam:ListRolePolicies\",\"iam:ListRoles\",\"logs:DescribeLogGroups\",\"lambda:Get*\","
     "\"lambda:List*\",\"states:DescribeStateMachine\",\"states:ListStateMachines\","
     "\"tag:GetResources\",\"xray:GetTraceSummaries\",\"xray:BatchGetTraces\"],"
     "\"Resource\":\"*\"},{\"Effect\":\"Allow\",\"Action\":[\"logs:DescribeLogStreams\","
     "\"logs:GetLogEvents\",\"logs:FilterLogEvents\",\"logs:StartQuery\",\"logs:StopQuery\","
     "\"logs:DescribeQueries\",\"logs:GetLogGroupFields\",\"logs:GetLogRecord\","
     "\"logs:GetQueryResults\",\"logs:StartLiveTail\",\"logs:StopLiveTail\"],"
     "\"Resource\":\"arn:aws:logs:*:*:log-group:/aws/lambda/*\"}]}",
     "v5"},
    {"AdministratorAccess", "/",
     "{\"Version\":\"2012-10-17\",\"Statement\":[{\"Effect\":\"Allow\",\"Action\":\"*\","
     "\"Resource\":\"*\"}]}",
     "v1"},
    {"AmazonEC2ReadOnlyAccess", "/",
     "{\"Version\":\"2012-10-17\",\"Statement\":[{\"Effect\":\"Allow\","
     "\"Action\":[\"ec2:Describe*\",\"ec2:GetSecurityGroupsForVpc\"],\"Resource\":\"*\"},"
     "{\"Effect\":\"Allow\",\"Action\":\"elasticloadbalancing:Describe*\",\"Resource\":\"*\"},"
     "{\"Effect\":\"Allow\",\"Action\":[\"cloudwatch:ListMetrics\","
     "\"cloudwatch:GetMetricStatistics\",\"cloudwatch:Describe*\"],\"Resource\":\"*\"},"
     "{\"Effect\":\"Allow\",\"Action\":\"autoscaling:Describe*\",\"Resource\":\"*\"}]}",
     "v5"},
    {"AmazonRDSReadOnlyAccess", "/",
     "{\"Version\":\"2012-10-17\",\"Statement\":[{\"Effect\":\"Allow\","
     "\"Action\":[\"rds:Describe*\",\"rds:ListTagsForResource\","
     "\"ec2:DescribeAccountAttributes\",\"ec2:DescribeAvailabilityZones\","
     "\"ec2:DescribeInternetGateways\",\"ec2:DescribeSecurityGroups\",\"ec2:DescribeSubnets\","
     "\"ec2:DescribeVpcAttribute\",\"ec2:DescribeVpcs\"],\"Resource\":\"*\"},"
     "{\"Effect\":\"Allow\",\"Action\":[\"cloudwatch:GetMetricStatistics\","
     "\"cloudwatch:ListMetrics\",\"cloudwatch:GetMetricData\",\"logs:DescribeLogStreams\","
     "\"logs:GetLogEvents\",\"devops-guru:GetResourceCollection\"],\"Resource\":\"*\"},"
     "{\"Effect\":\"Allow\",\"Action\":[\"devops-guru:SearchInsights\","
     "\"devops-guru:ListAnomaliesForInsight\"],\"Resource\":\"*\","
     "\"Condition\":{\"ForAllValues:StringEquals\":{\"devops-guru:ServiceNames\":[\"RDS\"]},"
     "\"Null\":{\"devops-guru:ServiceNames\":\"false\"}}}]}",
     "v7"},
    {"AmazonSSMManagedInstanceCore", "/",
     "{\"Version\":\"2012-10-17\",\"Statement\":[{\"Effect\":\"Allow\","
     "\"Action\":[\"ssm:DescribeAssociation\",\"ssm:GetDeployablePatchSnapshotForInstance\","
     "\"ssm:GetDocument\",\"ssm:DescribeDocument\",\"ssm:GetManifest\",\"ssm:GetParameter\","
     "\"ssm:GetParameters\",\"ssm:ListAssociations\",\"ssm:ListInstanceAssociations\","
     "\"ssm:PutInventory\",\"ssm:PutComplianceItems\",\"ssm:PutConfigurePackageResult\","
     "\"ssm:UpdateAssociationStatus\",\"ssm:UpdateInstanceAssociationStatus\","
     "\"ssm:UpdateInstanceInformation\"],\"Resource\":\"*\"},{\"Effect\":\"Allow\","
     "\"Action\":[\"ssmmessages:CreateControlChannel\",\"ssmmessages:CreateDataChannel\","
     "\"ssmmessages:OpenControlChannel\",\"ssmmessages:OpenDataChannel\"],\"Resource\":\"*\"},"
     "{\"Effect\":\"Allow\",\"Action\":[\"ec2messages:AcknowledgeMessage\","
     "\"ec2messages:DeleteMessage\",\"ec2messages:FailMessage\",\"ec2messages:GetEndpoint\","
     "\"ec2messages:GetMessages\",\"ec2messages:SendReply\"],\"Resource\":\"*\"}]}",
     "v2"},
    {"IAMFullAccess", "/",
     "{\"Version\":\"2012-10-17\",\"Statement\":[{\"Effect\":\"Allow\",\"Action\":[\"iam:*\","
     "\"organizations:DescribeAccount\",\"organizations:DescribeOrganization\","
     "\"organizations:DescribeOrganizationalUnit\",\"organizations:DescribePolicy\","
     "\"organizations:ListChildren\",\"organizations:ListParents\","
     "\"organizations:ListPoliciesForTarget\",\"organizations:ListRoots\","
     "\"organizations:ListPolicies\",\"organizations:ListTargetsForPolicy\"],"
     "\"Resource\":\"*\"}]}",
     "v2"},
    {"IAMReadOnlyAccess", "/",
     "{\"Version\":\"2012-10-17\",\"Statement\":[{\"Effect\":\"Allow\","
     "\"Action\":[\"iam:GenerateCredentialReport\",\"iam:GenerateServiceLastAccessedDetails\","
     "\"iam:Get*\",\"iam:List*\",\"iam:SimulateCustomPolicy\",\"iam:SimulatePrincipalPolicy\"],"
     "\"Resource\":\"*\"}]}",
     "v4"},
    {"SecretsManagerReadWrite", "/",
     "{\"Version\":\"2012-10-17\",\"Statement\":[{\"Sid\":\"BasePermissions\","
     "\"Effect\":\"Allow\",\"Action\":[\"secretsmanager:*\",\"cloudformation:CreateChangeSet\","
     "\"cloudformation:DescribeChangeSet\",\"cloudformation:DescribeStackResource\","
     "\"cloudformation:DescribeStacks\",\"cloudformation:ExecuteChangeSet\","
     "\"docdb-elastic:GetCluster\",\"docdb-elastic:ListClusters\","
     "\"ec2:DescribeSecurityGroups\",\"ec2:DescribeSubnets\",\"ec2:DescribeVpcs\","
     "\"kms:DescribeKey\",\"kms:ListAliases\",\"kms:ListKeys\",\"lambda:ListFunctions\","
     "\"rds:DescribeDBClusters\",\"rds:DescribeDBInstances\",\"redshift:DescribeClusters\","
     "\"redshift-serverless:ListWorkgroups\",\"redshift-serverless:GetNamespace\","
     "\"tag:GetResources\"],\"Resource\":\"*\"},{\"Sid\":\"LambdaPermissions\","
     "\"Effect\":\"Allow\",\"Action\":[\"lambda:AddPermission\",\"lambda:CreateFunction\","
     "\"lambda:GetFunction\",\"lambda:InvokeFunction\",\"lambda:UpdateFunctionConfiguration\"],"
     "\"Resource\":\"arn:aws:lambda:*:*:function:SecretsManager*\"},{\"Sid\":\"SARPermissions\","
     "\"Effect\":\"Allow\",\"Action\":[\"serverlessrepo:CreateCloudFormationChangeSet\","
     "\"serverlessrepo:GetApplication\"],"
     "\"Resource\":\"arn:aws:serverlessrepo:*:*:applications/SecretsManager*\"},"
     "{\"Sid\":\"S3Permissions\",\"Effect\":\"Allow\",\"Action\":[\"s3:GetObject\"],"
     "\"Resource\":[\"arn:aws:s3:::awsserverlessrepo-changesets*\","
     "\"arn:aws:s3:::secrets-manager-rotation-apps-*/*\"]}]}",
     "v5"},
};

const size_t managed_policy_count = ARRAY_LEN(managed_policies);
