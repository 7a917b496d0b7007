/* References in the texts of a plan. */

#include "tests/unit/steps/plan/mistakes.h"

static const struct mistake_row rows[] = {
    {"an unknown var",
     BASE "  x: {uses: rds.cluster, with: {identifier: '${dayz}'}}\n",
     {{6, 46, "there is no var \"dayz\"; did you mean \"days\"?"}}},
    {"a var in the wrong case",
     BASE "  x: {uses: rds.cluster, with: {identifier: '${DAYS}'}}\n",
     {{6, 46, "there is no var \"DAYS\"; did you mean \"days\"?"}}},
    {"a misspelt name that always exists",
     BASE "  x: {uses: rds.cluster, with: {identifier: '${acount}'}}\n",
     {{6, 46, "did you mean \"account\"?"}}},
    {"the place behind other text",
     BASE "  x: {uses: rds.cluster, with: {identifier: 'ab ${days} ${dayz}'}}\n",
     {{6, 57, "no var \"dayz\""}}},
    {"the place counts characters",
     BASE "  x: {uses: rds.cluster, with: {identifier: '\xc3\xa9\xe2\x82\xac ${dayz}'}}\n",
     {{6, 49, "no var \"dayz\""}}},
    {"two in one text",
     BASE "  x: {uses: rds.cluster, with: {identifier: '${a1}${b1}'}}\n",
     {{6, 46, "no var \"a1\""}, {6, 51, "no var \"b1\""}}},
    {"unquoted, at the end of the line",
     BASE "  x: \n"
          "    uses: rds.cluster\n"
          "    with:\n"
          "      identifier: a ${dayz}\n",
     {{9, 21, "no var \"dayz\""}}},
    {"a step where a var is meant",
     BASE "  x: {uses: rds.cluster, with: {identifier: '${role}'}}\n",
     {{6, 46, "there is no var \"role\"; the step of that name is ${steps.role}"}}},
    {"unfinished",
     BASE "  x: {uses: rds.cluster, with: {identifier: 'a${days'}}\n",
     {{6, 47, "\"${\" without \"}\"; a literal ${ is written $${"}}},
    {"empty",
     BASE "  x: {uses: rds.cluster, with: {identifier: '${}'}}\n",
     {{6, 46, "\"${}\" is no reference"}}},
    {"nested",
     BASE "  x: {uses: rds.cluster, with: {identifier: '${a${days}}'}}\n",
     {{6, 46, "\"${a${days}\" is no reference"}}},
    {"blanks are no part of a name",
     BASE "  x: {uses: rds.cluster, with: {identifier: '${ days }'}}\n",
     {{6, 46, "\"${ days }\" is no reference"}}},
    {"an IAM policy variable needs a second $",
     BASE "  x: {uses: rds.cluster, with: {identifier: '${aws:username}'}}\n",
     {{6, 46, "\"${aws:username}\" is no reference; a literal ${ is written $${"}}},
    {"a whole step where text belongs",
     BASE "  x: {uses: rds.cluster, with: {identifier: '${steps.db}'}}\n",
     {{6, 46, "${steps.db} is a whole step; name one of its outputs, like ${steps.db.identifier}"}}},
    {"an unknown output",
     BASE "  x: {uses: rds.cluster, with: {identifier: '${steps.role.arm}'}}\n",
     {{6, 46, "step \"role\" (iam.role) has no output \"arm\"; did you mean \"arn\"?"}}},
    {"an output near nothing",
     BASE "  x: {uses: rds.cluster, with: {identifier: '${steps.role.colour}'}}\n",
     {{6, 46, "has no output \"colour\"; there is arn, name"}}},
    {"an output of an output",
     BASE "  x: {uses: rds.cluster, with: {identifier: '${steps.role.arn.x}'}}\n",
     {{6, 46, "has no output \"arn.x\""}}},
    {"an empty output",
     BASE "  x: {uses: rds.cluster, with: {identifier: '${steps.role.}'}}\n",
     {{6, 46, "has no output \"\""}}},
    {"no step id",
     BASE "  x: {uses: rds.cluster, with: {identifier: '${steps.}'}}\n",
     {{6, 46, "\"${steps.}\" is no reference"}}},
    {"an unknown step of an output",
     BASE "  x: {uses: rds.cluster, with: {identifier: '${steps.rle.arn}'}}\n",
     {{6, 46, "there is no step \"rle\"; did you mean \"role\"?"}}},
    {"an environment variable that is not set",
     BASE "  x: {uses: rds.cluster, with: {identifier: '${env.UNSET}'}}\n",
     {{6, 46, "the environment variable UNSET is not set"}}},
    {"an environment variable that is no text",
     BASE "  x: {uses: rds.cluster, with: {identifier: '${env.BAD}'}}\n",
     {{6, 46, "the environment variable BAD is not UTF-8"}}},
    {"an escape in front: the scalar's place",
     BASE "  x: {uses: rds.cluster, with: {identifier: \"\\t${dayz}\"}}\n",
     {{6, 45, "no var \"dayz\""}}},
    {"a quote in front: the scalar's place",
     BASE "  x: {uses: rds.cluster, with: {identifier: 'it''s ${dayz}'}}\n",
     {{6, 45, "no var \"dayz\""}}},
    {"a literal block",
     BASE "  x: \n"
          "    uses: rds.cluster\n"
          "    with:\n"
          "      identifier: |\n"
          "        one\n"
          "        two ${dayz}\n",
     {{11, 13, "no var \"dayz\""}}},
    {"a folded block: the scalar's place",
     BASE "  x: \n"
          "    uses: rds.cluster\n"
          "    with:\n"
          "      identifier: >\n"
          "        one\n"
          "        two ${dayz}\n",
     {{9, 19, "no var \"dayz\""}}},
    {"a text over two lines, in its first",
     BASE "  x: \n"
          "    uses: rds.cluster\n"
          "    with:\n"
          "      identifier: a ${dayz}\n"
          "        b\n",
     {{9, 21, "no var \"dayz\""}}},
    {"a text over two lines, in its second",
     BASE "  x: \n"
          "    uses: rds.cluster\n"
          "    with:\n"
          "      identifier: a\n"
          "        b ${dayz}\n",
     {{9, 19, "no var \"dayz\""}}},
};

static void mistakes(void **state)
{
    (void)state;
    check_mistakes(rows, ARRAY_LEN(rows));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(mistakes),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
