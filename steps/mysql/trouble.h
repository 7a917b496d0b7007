/* Which of a database's errors pass by themselves. One table: the engine's retry and
 * the proof of `lab down` read it. */
#ifndef STEPS_MYSQL_TROUBLE_H
#define STEPS_MYSQL_TROUBLE_H

#include "aws/common/error.h"

/** Why the same look may go well a little later, for people: "it has too many
 * connections". NULL when err is no error of a database (mysql_open, mysql_run) or
 * one that stays: a wrong password, a certificate, a statement it does not take.
 * After a statement the caller has to look at the world first: it may have acted. */
const char *mysql_trouble(const struct error *err);

#endif
