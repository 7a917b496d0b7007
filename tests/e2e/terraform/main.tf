terraform {
  required_version = ">= 1.5"
  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = "5.100.0"
    }
  }
}

# Everything else comes from the environment, as for any other client.
provider "aws" {}

# What a second apply changes.
variable "days" { default = 30 }
variable "description" { default = "Reads one secret" }
variable "actions" {
  type    = list(string)
  default = ["secretsmanager:GetSecretValue"]
}

data "aws_caller_identity" "me" {}

data "aws_rds_cluster" "lab" {
  cluster_identifier = "auroralab-mysql-cluster"
}

data "aws_instances" "workstation" {
  filter {
    name   = "tag:Name"
    values = ["aws-cloud9-auroralab-client-ide*"]
  }
}

data "aws_secretsmanager_secret_version" "admin" {
  secret_id = "secretClusterAdminUser"
}

data "aws_subnets" "private" {
  filter {
    name   = "tag:Name"
    values = ["auroralab-prv-sub-*"]
  }
}

data "aws_security_group" "database" {
  name = "auroralab-database-sg"
}

resource "aws_secretsmanager_secret" "demo" {
  name                    = "tf-secret"
  description             = var.description
  recovery_window_in_days = 0 # gone at once, so that nothing is left
  tags                    = { made-by = "terraform", days = var.days }
}

resource "aws_secretsmanager_secret_version" "demo" {
  secret_id = aws_secretsmanager_secret.demo.id
  secret_string = jsonencode({
    engine   = "mysql"
    host     = data.aws_rds_cluster.lab.endpoint
    username = jsondecode(data.aws_secretsmanager_secret_version.admin.secret_string).username
    password = jsondecode(data.aws_secretsmanager_secret_version.admin.secret_string).password
    port     = data.aws_rds_cluster.lab.port
  })

  lifecycle {
    ignore_changes = [secret_string] # rotation changes it
  }
}

data "aws_iam_policy_document" "read" {
  statement {
    actions   = var.actions
    resources = [aws_secretsmanager_secret.demo.arn]
  }
}

resource "aws_iam_policy" "read" {
  name        = "tf-read-secret"
  description = "Reads one secret" # a change of it would make another policy
  policy      = data.aws_iam_policy_document.read.json
  tags        = { made-by = "terraform" }
}

data "aws_iam_policy_document" "trust" {
  statement {
    actions = ["sts:AssumeRole"]
    principals {
      type        = "Service"
      identifiers = ["ec2.amazonaws.com"]
    }
  }
}

resource "aws_iam_role" "workstation" {
  name               = "tf-workstation"
  description        = var.description
  assume_role_policy = data.aws_iam_policy_document.trust.json
  tags               = { made-by = "terraform" }
}

resource "aws_iam_role_policy" "look" {
  name   = "look"
  role   = aws_iam_role.workstation.id
  policy = jsonencode({ Version = "2012-10-17", Statement = [{ Effect = "Allow", Action = "rds:Describe*", Resource = "*" }] })
}

resource "aws_iam_role_policy_attachment" "read" {
  role       = aws_iam_role.workstation.name
  policy_arn = aws_iam_policy.read.arn
}

resource "aws_iam_instance_profile" "workstation" {
  name = "tf-workstation"
  role = aws_iam_role.workstation.name
  tags = { made-by = "terraform" }
}

resource "aws_cloudformation_stack" "rotation" {
  name         = "tf-rotation"
  capabilities = ["CAPABILITY_IAM", "CAPABILITY_AUTO_EXPAND"]
  parameters   = { Secret = aws_secretsmanager_secret.demo.arn }
  template_body = jsonencode({
    AWSTemplateFormatVersion = "2010-09-09"
    Transform                = "AWS::SecretsManager-2024-09-16"
    Parameters               = { Secret = { Type = "String" } }
    Resources = {
      Schedule = {
        Type = "AWS::SecretsManager::RotationSchedule"
        Properties = {
          SecretId      = { Ref = "Secret" }
          RotationRules = { AutomaticallyAfterDays = var.days }
          HostedRotationLambda = {
            RotationType        = "MySQLSingleUser"
            RotationLambdaName  = "tf-rotation-lambda"
            VpcSubnetIds        = join(",", data.aws_subnets.private.ids)
            VpcSecurityGroupIds = data.aws_security_group.database.id
          }
        }
      }
    }
    Outputs = { Secret = { Value = { Ref = "Schedule" } } }
  })
  tags = { made-by = "terraform" }

  depends_on = [aws_secretsmanager_secret_version.demo]
}

# A secret of its own, so that the rotation made here and the stack's do not
# each undo the other's schedule.
resource "aws_secretsmanager_secret" "second" {
  name                    = "tf-second"
  recovery_window_in_days = 0
}

resource "aws_secretsmanager_secret_version" "second" {
  secret_id     = aws_secretsmanager_secret.second.id
  secret_string = "{}"
}

resource "aws_secretsmanager_secret_rotation" "second" {
  secret_id           = aws_secretsmanager_secret.second.id
  rotation_lambda_arn = "arn:aws:lambda:${split(":", aws_secretsmanager_secret.second.arn)[3]}:${data.aws_caller_identity.me.account_id}:function:tf-rotation-lambda"
  rotate_immediately  = false

  rotation_rules {
    automatically_after_days = var.days
  }

  depends_on = [aws_cloudformation_stack.rotation, aws_secretsmanager_secret_version.second]
}

output "workstation" {
  value = data.aws_instances.workstation.ids
}
