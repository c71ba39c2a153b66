/* What an attempt showed -> its fate. Pure. The evidence is what the transfer's callbacks saw; the transport's own
 * result code is not enough, since the same code stands for "never sent" and for "perhaps received". */
#ifndef PS_CORE_FATE_H
#define PS_CORE_FATE_H

#include "core/status.h"
#include "poolsend.h"

#include <stdbool.h>

/* How the transfer ended. */
enum ps_ending {
  PS_END_COMPLETE,
  PS_END_RESOLVE,
  PS_END_CONNECT,
  PS_END_PROXY,
  PS_END_TLS,
  PS_END_TIMEOUT,
  PS_END_CANCELLED,
  PS_END_RESET,
  PS_END_PROTOCOL,
  PS_END_REDIRECT, /* an answer that leads on, which was not followed */
  PS_END_LOCAL
};

enum ps_json_test {
  PS_JSON_NONE, /* no test is set */
  PS_JSON_PASSED,
  PS_JSON_FAILED,
  PS_JSON_IMPOSSIBLE, /* the body was lost or cut, or is too long */
  PS_JSON_UNREADABLE  /* it is whole, but not JSON, or nested too deep */
};

/* What redirects say of the requests before the last: an API that answered 303 may have acted on its request (RFC 9110,
 * 15.4.4); the others took nothing. */
enum ps_redirected { PS_REDIRECTED_NOT, PS_REDIRECTED_UNTAKEN, PS_REDIRECTED_ACTED };

/* All but `redirected` is about the last request of the attempt. */
struct ps_evidence {
  bool unanswered; /* some of it left, and no complete final header answered it */
  int status;      /* of its complete final header; 0: none came */
  enum ps_ending ending;
  enum ps_json_test json;
  enum ps_redirected redirected;
  bool by_proxy; /* the answer is a forward proxy's own */
};

struct ps_verdict {
  enum poolsend_fate fate;
  enum poolsend_reason reason;
};

struct ps_verdict ps_fate_judge(const struct ps_evidence *evidence, const struct ps_status_set *success);

/* Whether another attempt later may do better: connection errors, timeouts, and the statuses of curl's --retry. */
bool ps_fate_is_transient(struct ps_verdict verdict, int status);

#endif
