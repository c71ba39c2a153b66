#include "core/fate.h"

#include <stddef.h>

const char *poolsend_fate_name(enum poolsend_fate fate)
{
  static const char *const names[] = {
      [POOLSEND_FATE_NONE] = "none",         [POOLSEND_FATE_DELIVERED] = "delivered",
      [POOLSEND_FATE_REJECTED] = "rejected", [POOLSEND_FATE_UNREACHED] = "unreached",
      [POOLSEND_FATE_UNKNOWN] = "unknown",
  };
  return fate < sizeof names / sizeof *names ? names[fate] : "?";
}

const char *poolsend_reason_name(enum poolsend_reason reason)
{
  static const char *const names[] = {
      [POOLSEND_REASON_NONE] = "none",
      [POOLSEND_REASON_OK] = "ok",
      [POOLSEND_REASON_STATUS] = "status",
      [POOLSEND_REASON_JSON] = "json",
      [POOLSEND_REASON_REDIRECT] = "redirect",
      [POOLSEND_REASON_RESOLVE] = "resolve",
      [POOLSEND_REASON_CONNECT] = "connect",
      [POOLSEND_REASON_PROXY] = "proxy",
      [POOLSEND_REASON_TLS] = "tls",
      [POOLSEND_REASON_TIMEOUT] = "timeout",
      [POOLSEND_REASON_CANCELLED] = "cancelled",
      [POOLSEND_REASON_RESET] = "reset",
      [POOLSEND_REASON_PROTOCOL] = "protocol",
      [POOLSEND_REASON_TRUNCATED] = "truncated",
      [POOLSEND_REASON_GATEWAY] = "gateway",
      [POOLSEND_REASON_TEMPLATE] = "template",
      [POOLSEND_REASON_LOCAL] = "local",
  };
  return reason < sizeof names / sizeof *names ? names[reason] : "?";
}

static enum poolsend_reason reason_of(enum ps_ending ending)
{
  static const enum poolsend_reason reasons[] = {
      [PS_END_COMPLETE] = POOLSEND_REASON_RESET, /* "complete", with a header that broke off */
      [PS_END_RESOLVE] = POOLSEND_REASON_RESOLVE,   [PS_END_CONNECT] = POOLSEND_REASON_CONNECT,
      [PS_END_PROXY] = POOLSEND_REASON_PROXY,       [PS_END_TLS] = POOLSEND_REASON_TLS,
      [PS_END_TIMEOUT] = POOLSEND_REASON_TIMEOUT,   [PS_END_CANCELLED] = POOLSEND_REASON_CANCELLED,
      [PS_END_RESET] = POOLSEND_REASON_RESET,       [PS_END_PROTOCOL] = POOLSEND_REASON_PROTOCOL,
      [PS_END_REDIRECT] = POOLSEND_REASON_REDIRECT, [PS_END_LOCAL] = POOLSEND_REASON_LOCAL,
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
    return verdict(POOLSEND_FATE_REJECTED, POOLSEND_REASON_JSON);
  case PS_JSON_IMPOSSIBLE:
    return verdict(POOLSEND_FATE_UNKNOWN, POOLSEND_REASON_TRUNCATED);
  case PS_JSON_UNREADABLE: /* the test has not failed: nobody can tell what the API said */
    return verdict(POOLSEND_FATE_UNKNOWN, POOLSEND_REASON_JSON);
  case PS_JSON_PASSED:
    return verdict(POOLSEND_FATE_DELIVERED, POOLSEND_REASON_OK);
  default:
    return verdict(POOLSEND_FATE_DELIVERED,
                   evidence->ending == PS_END_COMPLETE ? POOLSEND_REASON_OK : POOLSEND_REASON_TRUNCATED);
  }
}

/* Statuses with which a gateway tells that it has seen no good answer of the API's, not that nothing arrived: RFC 9110,
 * 15.6.3 and 15.6.5; and those that a large network of proxies has added. */
static bool is_of_gateway(int status)
{
  static const int statuses[] = {502, 504, 520, 522, 524};
  for (size_t i = 0; i < sizeof statuses / sizeof *statuses; i++)
    if (statuses[i] == status)
      return true;
  return false;
}

static struct ps_verdict judge_last(const struct ps_evidence *evidence, const struct ps_status_set *success)
{
  if (evidence->unanswered)
    return verdict(POOLSEND_FATE_UNKNOWN, reason_of(evidence->ending));
  if (evidence->by_proxy)
    return verdict(POOLSEND_FATE_UNREACHED, POOLSEND_REASON_PROXY);
  if (!evidence->status)
    return verdict(POOLSEND_FATE_UNREACHED, reason_of(evidence->ending));
  if (evidence->ending == PS_END_REDIRECT)
    return verdict(POOLSEND_FATE_REJECTED, POOLSEND_REASON_REDIRECT);
  if (ps_status_has(success, evidence->status))
    return judge_success(evidence);
  if (is_of_gateway(evidence->status))
    return verdict(POOLSEND_FATE_UNKNOWN, POOLSEND_REASON_GATEWAY);
  return verdict(POOLSEND_FATE_REJECTED, POOLSEND_REASON_STATUS);
}

struct ps_verdict ps_fate_judge(const struct ps_evidence *evidence, const struct ps_status_set *success)
{
  struct ps_verdict last = judge_last(evidence, success);
  if (evidence->redirected == PS_REDIRECTED_ACTED && last.fate != POOLSEND_FATE_DELIVERED)
    return verdict(POOLSEND_FATE_UNKNOWN, POOLSEND_REASON_REDIRECT);
  if (evidence->redirected == PS_REDIRECTED_UNTAKEN && last.fate == POOLSEND_FATE_UNREACHED)
    return verdict(POOLSEND_FATE_REJECTED, POOLSEND_REASON_REDIRECT);
  return last;
}

bool ps_fate_is_transient(struct ps_verdict verdict, int status)
{
  switch (verdict.reason) {
  case POOLSEND_REASON_RESOLVE:
  case POOLSEND_REASON_CONNECT:
  case POOLSEND_REASON_TIMEOUT:
  case POOLSEND_REASON_CANCELLED:
  case POOLSEND_REASON_RESET:
  case POOLSEND_REASON_GATEWAY:
    return true;
  case POOLSEND_REASON_TRUNCATED:
    return verdict.fate == POOLSEND_FATE_UNKNOWN;
  case POOLSEND_REASON_STATUS:
    return ps_status_is_transient(status);
  default:
    return false;
  }
}
