/* The operations of EC2 by name. */
#include "aws/sandbox/ec2.h"

static const struct handler rows[] = {
    {.operation = "AssociateIamInstanceProfile",
     .handle = ec2_associate_profile,
     .target = ec2_profile_target,
     .also = ec2_profile_pass},
    {.operation = "DescribeIamInstanceProfileAssociations", .handle = ec2_describe_associations},
    {.operation = "DescribeInstances", .handle = ec2_describe_instances},
    {.operation = "DescribeNetworkInterfaces", .handle = ec2_describe_interfaces},
    {.operation = "DescribeRouteTables", .handle = ec2_describe_route_tables},
    {.operation = "DescribeSubnets", .handle = ec2_describe_subnets},
    {.operation = "DescribeVpcAttribute", .handle = ec2_describe_vpc_attribute},
    {.operation = "DescribeVpcEndpoints", .handle = ec2_describe_endpoints},
    {.operation = "DescribeVpcs", .handle = ec2_describe_vpcs},
    {.operation = "DisassociateIamInstanceProfile",
     .handle = ec2_disassociate_profile,
     .target = ec2_profile_target},
    {.operation = "ReplaceIamInstanceProfileAssociation",
     .handle = ec2_replace_profile,
     .target = ec2_profile_target,
     .also = ec2_profile_pass},
};

const struct handler_table ec2_handlers = {"ec2", rows, ARRAY_LEN(rows)};
