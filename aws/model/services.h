/* The services' rows, each in its generated file. Others reach them through
 * model_service() and aws_services[]. */
#ifndef AWS_MODEL_SERVICES_H
#define AWS_MODEL_SERVICES_H

#include "aws/model/model.h"

extern const struct aws_service service_sts;
extern const struct aws_service service_iam;
extern const struct aws_service service_secretsmanager;
extern const struct aws_service service_ec2;
extern const struct aws_service service_rds;
extern const struct aws_service service_cloudformation;
extern const struct aws_service service_lambda;
extern const struct aws_service service_cloudtrail;
extern const struct aws_service service_ssm;
extern const struct aws_service service_logs;
extern const struct aws_service service_kms;

#endif
