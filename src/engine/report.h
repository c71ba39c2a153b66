/* The account of one message, for whoever submitted it. It is the coordinator's to fill, and shares its mutex. */
#ifndef PS_ENGINE_REPORT_H
#define PS_ENGINE_REPORT_H

#include "engine/coordinator.h"

struct poolsend_report {
  struct ps_coordinator *coordinator;
  struct ps_message *message; /* it holds it */

  /* Any thread, holding the coordinator's mutex. */
  pthread_cond_t told; /* the next two changed */
  struct ps_event *delivered, *settled;
  bool delivered_shown, settled_shown; /* given out: the caller knows of it */
  unsigned waiters;
};

/* Of `message`, which nobody else has yet. NULL: no memory. */
struct poolsend_report *ps_report_new(struct ps_coordinator *coordinator, struct ps_message *message);

/* As poolsend_report_delivered; `shown`: what it returns has told of the win, or of the end without one. */
int ps_report_await_win(struct poolsend_report *report, poolsend_time timeout, const struct poolsend_event **event,
                        bool shown);

/* Whether the report keeps the event. */
bool ps_report_keep_locked(struct poolsend_report *report, struct ps_event *event);

#endif
