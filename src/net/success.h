/* What counts as accepted: a set of statuses, and JSON tests on the body. */
#ifndef PS_NET_SUCCESS_H
#define PS_NET_SUCCESS_H

#include "core/fate.h"

struct ps_json_rule {
  char *pointer;  /* RFC 6901 */
  char *expected; /* JSON text */
  struct ps_json_rule *next;
};

struct ps_success {
  struct ps_status_set statuses;
  struct ps_json_rule *tests; /* all must hold; NULL: none is set */
};

/* The longest body that is tested. */
#define PS_SUCCESS_BODY_MAX ((size_t)16 * 1024 * 1024)

/* From "200-299,409,/accepted=true"; NULL is "200-299", and so is a list of tests alone. A value that is not JSON is
 * taken as a string; one that is may hold commas ("/tags=[1,2],202"). 0; -ENOMEM; -EINVAL and in `error` what is
 * wrong. Fini it even so. */
int ps_success_init(struct ps_success *success, const char *text, struct poolsend_error *error);
void ps_success_fini(struct ps_success *success);

/* Runs the JSON tests on a whole body; of members with the same name the last counts. On failure `words` (of `size`
 * bytes) says which and why. Any thread. */
enum ps_json_test ps_success_test(const struct ps_success *success, const char *body, size_t body_size, char *words,
                                  size_t size);

#endif
