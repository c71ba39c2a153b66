/* A message of a caller's -> one of the engine's: checked, and copied. */
#ifndef PS_ENGINE_INTAKE_H
#define PS_ENGINE_INTAKE_H

#include "engine/draft.h"
#include "engine/sender.h"

/* 0, and the caller holds `taken`; -EINVAL or -EMSGSIZE (a body is longer than the sender takes), and the message's error
 * says what is wrong; -ENOMEM. Any thread. */
int ps_intake(struct poolsend_sender *sender, struct poolsend_message *message, struct ps_message **taken);

/* What `message` sends to `endpoint`. It borrows from the message. */
struct ps_payload ps_intake_payload(const struct ps_message *message, unsigned endpoint);

#endif
