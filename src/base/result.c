/* What functions return, in words; and which version it is that returns it. */
#include "poolsend.h"

#include <errno.h>
#include <string.h>

const char *poolsend_version(void)
{
  return POOLSEND_VERSION;
}

/* Of those that mean something particular here. */
static const char *own_words(int error)
{
  switch (error) {
  case ECHILD:
    return "it belongs to the parent of this process";
  case EDEADLK:
    return "it would wait for itself";
  case EMSGSIZE:
    return "the body is too long";
  case ECANCELED:
    return "withdrawn";
  default:
    return NULL;
  }
}

const char *poolsend_strerror(int result)
{
  static const char *const names[] = {
      [0] = "no error",
      [POOLSEND_TIMEOUT] = "not within the time given",
      [POOLSEND_CLOSED] = "closed",
      [POOLSEND_UNDELIVERED] = "undelivered",
      [POOLSEND_PENDING] = "not delivered yet",
  };
  const char *words = result < 0 ? own_words(-result) : NULL;
  if (result < 0 && !words)
    words = strerrordesc_np(-result);
  if (result >= 0 && (size_t)result < sizeof names / sizeof *names)
    words = names[result];
  return words ? words : "an unknown error";
}
