#include "core/fate.h"

const char *poolsend_fate_name(enum poolsend_fate fate)
{
  static const char *const names[] = {
      [POOLSEND_DELIVERED] = "delivered",
      [POOLSEND_REJECTED] = "rejected",
      [POOLSEND_UNREACHED] = "unreached",
      [POOLSEND_UNKNOWN] = "unknown",
  };
  return names[fate];
}

const char *poolsend_reason_name(enum poolsend_reason reason)
{
  static const char *const names[] = {
      [POOLSEND_OK] = "ok",
      [POOLSEND_STATUS] = "status",
      [POOLSEND_JSON] = "json",
      [POOLSEND_REDIRECT] = "redirect",
      [POOLSEND_RESOLVE] = "resolve",
      [POOLSEND_CONNECT] = "connect",
      [POOLSEND_PROXY] = "proxy",
      [POOLSEND_TLS] = "tls",
      [POOLSEND_TIMEOUT] = "timeout",
      [POOLSEND_CANCELLED] = "cancelled",
      [POOLSEND_RESET] = "reset",
      [POOLSEND_PROTOCOL] = "protocol",
      [POOLSEND_TRUNCATED] = "truncated",
      [POOLSEND_GATEWAY] = "gateway",
      [POOLSEND_TEMPLATE] = "template",
      [POOLSEND_LOCAL] = "local",
  };
  return names[reason];
}

static enum poolsend_reason reason_of(enum ps_ending ending)
{
  static const enum poolsend_reason reasons[] = {
      [PS_END_COMPLETE] = POOLSEND_RESET, /* "complete", with a header that broke off */
      [PS_END_RESOLVE] = POOLSEND_RESOLVE,   [PS_END_CONNECT] = POOLSEND_CONNECT,
      [PS_END_PROXY] = POOLSEND_PROXY,       [PS_END_TLS] = POOLSEND_TLS,
      [PS_END_TIMEOUT] = POOLSEND_TIMEOUT,   [PS_END_CANCELLED] = POOLSEND_CANCELLED,
      [PS_END_RESET] = POOLSEND_RESET,       [PS_END_PROTOCOL] = POOLSEND_PROTOCOL,
      [PS_END_REDIRECT] = POOLSEND_REDIRECT, [PS_END_LOCAL] = POOLSEND_LOCAL,
  };
  return reasons[ending];
}

static struct ps_verdict verdict(enum poolsend_fate fate, enum poolsend_reason reason)
{
  return (struct ps_verdict){fate, reason};
}

/* A complete header with a success status came. Without a JSON test that settles it, whatever became of the body. */
static struct ps_verdict judge_success(const struct ps_evidence *evidence)
{
  switch (evidence->json) {
  case PS_JSON_FAILED:
    return verdict(POOLSEND_REJECTED, POOLSEND_JSON);
  case PS_JSON_IMPOSSIBLE:
    return verdict(POOLSEND_UNKNOWN, POOLSEND_TRUNCATED);
  case PS_JSON_PASSED:
    return verdict(POOLSEND_DELIVERED, POOLSEND_OK);
  default:
    return verdict(POOLSEND_DELIVERED, evidence->ending == PS_END_COMPLETE ? POOLSEND_OK : POOLSEND_TRUNCATED);
  }
}

struct ps_verdict ps_fate_judge(const struct ps_evidence *evidence, const struct ps_status_set *success)
{
  if (evidence->unanswered)
    return verdict(POOLSEND_UNKNOWN, reason_of(evidence->ending));
  if (!evidence->status)
    return verdict(POOLSEND_UNREACHED, reason_of(evidence->ending));
  if (ps_status_has(success, evidence->status))
    return judge_success(evidence);
  /* RFC 9110, 15.6.3 and 15.6.5: the gateway tells that no good answer came from the API, not that nothing arrived. */
  if (evidence->status == 502 || evidence->status == 504)
    return verdict(POOLSEND_UNKNOWN, POOLSEND_GATEWAY);
  bool redirected = evidence->status / 100 == 3 && evidence->ending != PS_END_COMPLETE;
  return verdict(POOLSEND_REJECTED, redirected ? POOLSEND_REDIRECT : POOLSEND_STATUS);
}

bool ps_fate_is_transient(struct ps_verdict verdict, int status)
{
  switch (verdict.reason) {
  case POOLSEND_RESOLVE:
  case POOLSEND_CONNECT:
  case POOLSEND_TIMEOUT:
  case POOLSEND_CANCELLED:
  case POOLSEND_RESET:
  case POOLSEND_GATEWAY:
    return true;
  case POOLSEND_TRUNCATED:
    return verdict.fate == POOLSEND_UNKNOWN;
  case POOLSEND_STATUS:
    return ps_status_is_transient(status);
  default:
    return false;
  }
}
