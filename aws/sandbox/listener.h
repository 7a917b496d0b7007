/* The sandbox's socket: on loopback, nowhere else. */
#ifndef AWS_SANDBOX_LISTENER_H
#define AWS_SANDBOX_LISTENER_H

#include "aws/sandbox/sandbox.h"

/** Binds the address and port of the options and sets the sandbox's URL.
 * *listener is the caller's to close, on failure too, -1 when there is none.
 * ERR_USAGE: not a loopback address and port; ERR_IO: taken. */
MUST_USE bool listen_on_loopback(struct sandbox *s, int *listener, struct error *err);

#endif
