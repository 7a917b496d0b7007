/* The scanner behind json_check, shared by the files of the JSON module. */
#ifndef AWS_COMMON_JSON_SCAN_H
#define AWS_COMMON_JSON_SCAN_H

#include "aws/common/json.h"

/** Everything json_check promises except unique keys. for_parse also refuses
 * what cJSON cannot hold: \u0000, numbers out of the range of a double (all
 * ERR_SYNTAX) and numbers of more than 63 characters (ERR_LIMIT). */
MUST_USE bool json_scan(struct str text, const struct json_limits *limits, bool for_parse, struct error *err);

#endif
