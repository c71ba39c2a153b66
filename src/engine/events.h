/* What is told of a message: its events, filled from the records when their time has come. Everything an event shows is
 * its own copy, or does not change any more. */
#ifndef PS_ENGINE_EVENTS_H
#define PS_ENGINE_EVENTS_H

#include "engine/engine.h"

/* Each hands its event to the host, if the settings want it. */
void ps_events_start(struct ps_engine *engine, struct ps_attempt *attempt);
void ps_events_finish(struct ps_engine *engine, struct ps_attempt *attempt);
void ps_events_delivered(struct ps_engine *engine, struct ps_message *message);
void ps_events_settled(struct ps_engine *engine, struct ps_message *message, ps_time now);

/* Show in the attempt's view that it started, or what became of it. */
void ps_events_show_start(struct ps_engine *engine, struct ps_attempt *attempt, ps_time when);
void ps_events_show_end(struct ps_attempt *attempt, ps_time when);

#endif
