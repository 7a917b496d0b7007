/* lab down --prove: shows that nothing of the lab is left. */
#ifndef CMD_LAB_PROVE_H
#define CMD_LAB_PROVE_H

#include "cmd/lab/render.h"
#include "cmd/lab/session.h"

/** Looks for every thing the plan can leave and tells each as an event
 * {"type":"proof","what","name","state","detail"}. ERR_FAILED naming what is
 * left; ERR_TRY_AGAIN when something could not be looked at. */
MUST_USE bool prove_nothing_left(struct session *s, struct render *render, struct error *err);

#endif
