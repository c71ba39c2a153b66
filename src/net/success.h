/* What counts as accepted: a set of statuses, and JSON tests on the body, which are made on its text: an answer is never
 * taken apart into a tree, which a server could make large and deep. */
#ifndef PS_NET_SUCCESS_H
#define PS_NET_SUCCESS_H

#include "base/error.h"
#include "core/fate.h"

/* Of a body that is to be tested, so much is kept; a longer one cannot be. It has nothing to do with how much of an
 * answer is shown. */
#define PS_SUCCESS_BODY_MAX ((size_t)16 * 1024 * 1024)

struct ps_json_rule {
  char *pointer;  /* RFC 6901, valid */
  char *expected; /* JSON text, valid */
  struct ps_json_rule *next;
};

struct ps_success {
  struct ps_status_set statuses;
  struct ps_json_rule *tests; /* all must hold; NULL: none is set */
};

/* From "200-299,409,/accepted=true"; NULL is "200-299", and so is a list of tests alone. A value that is not JSON is
 * taken as a string; one that is may hold commas ("/tags=[1,2],202"). 0; -ENOMEM; -EINVAL and in `error` what is
 * wrong. Fini it even so. */
int ps_success_init(struct ps_success *success, const char *text, struct ps_error *error);
void ps_success_fini(struct ps_success *success);

/* Runs the JSON tests on a whole body, of which a byte order mark at its beginning is skipped; of members with the same
 * name the last counts; one without a byte may be NULL. Where they have not passed, `words` (of `size` bytes) says why. Any thread. */
enum ps_json_test ps_success_test(const struct ps_success *success, const char *body, size_t body_size, char *words,
                                  size_t size);

#endif
