/* `lab init`: a plan to begin with, which is the built-in one with its comments. */
#include "aws/common/buf.h"
#include "aws/common/file.h"
#include "cmd/lab/commands.h"
#include "cmd/lab/labs.h"

#include <stdio.h>
#include <sys/stat.h>

static const char head[] =
    "# yaml-language-server: $schema=plan.schema.json\n"
    "# A plan for `lab`. The line above gives completion and errors in an editor once\n"
    "# `lab help plan-schema >plan.schema.json` has made that file.\n"
    "#\n"
    "#   lab validate          all mistakes at once, with line and column\n"
    "#   lab sandbox -- lab up play it without AWS\n"
    "#   lab help plans        the language; lab help kinds: what a step can be\n"
    "#\n"
    "# Change what you like: the vars first, then the steps. A step is made after those\n"
    "# it refers to, as ${steps.ID.output}, and after those under `needs`.\n"
    "\n";

COMMAND(init)
{
    const char *path = count > 0 ? words[0] : "lab.yaml";
    CLEANUP(buf_release) struct buf text = {0};
    struct stat st;

    (void)o;
    *status = 0;
    if (lstat(path, &st) == 0)
        return error_set(err, ERR_USAGE, "%s is there already; name another file: lab init FILE", path);
    buf_adds(&text, head);
    buf_add(&text, builtin_lab_find(STR(BUILTIN_LAB))->plan);
    if (!file_replace(path, buf_str(&text), err))
        return false;
    if (!o->quiet)
        printf("%s written: edit it, then `lab validate`\n", path);
    return true;
}
