/* Templates: a body, a header or a URL of an endpoint into which values of a message are put that is JSON. Where
 * `{{/pointer}}` stands (RFC 6901), the value goes, escaped for where it stands; nothing that a message holds can
 * change the structure of what it is put into. Taken apart once, when the endpoint is made; rendering may go on in
 * several threads at once.
 *
 * A pointer ends at the first "}}". What begins with "{{" and is no placeholder is refused, for it would be sent as it
 * stands; where two braces are meant, a body has \u007b for one of them and a URL %7B. */
#ifndef PS_NET_TEMPLATE_H
#define PS_NET_TEMPLATE_H

#include "base/error.h"
#include "base/jsontext.h"

/* Begins a placeholder. */
#define PS_TEMPLATE_OPEN "{{"

enum ps_template_kind {
  /* JSON. A string that is a placeholder and nothing else becomes the value itself, as it was written; inside a longer
   * string stand a string's characters, a number's, true, false or null, or compact JSON. {{}} is the whole message.
   * Not in a member's name. */
  PS_TEMPLATE_BODY,
  /* "Name: value". A string, a number, true or false, without control characters. Not in the name. */
  PS_TEMPLATE_HEADER,
  /* Likewise, every byte of it but the unreserved (RFC 3986, 2.3) percent-encoded, so that it stays one segment of the
   * path or one value of the query; in the path it is neither empty nor makes "." or ".." of its segment, which are
   * taken out on the way. Only in the path and in the query. */
  PS_TEMPLATE_URL
};

struct ps_template_piece;

struct ps_template {
  enum ps_template_kind kind;
  struct ps_template_piece *pieces;
  size_t count, room;
};

/* From `text`. 0; -ENOMEM; -EINVAL and in `error` what is wrong and what would be right. Fini it even so. */
int ps_template_init(struct ps_template *template, enum ps_template_kind kind, const char *text,
                     struct ps_error *error);
void ps_template_fini(struct ps_template *template);

/* Whether there is any placeholder in it. */
bool ps_template_asks(const struct ps_template *template);

/* Appends the text with "x" for each value: what can be checked beforehand. 0 or -ENOMEM. */
int ps_template_sketch(const struct ps_template *template, struct ps_buf *out);

/* Appends the text with the values of `message`. 0; -ENOMEM; -EINVAL: the message has not what is asked for, `words`
 * (of `size` bytes) say which value and why, without showing it. `message` is only looked at if the template asks. */
int ps_template_render(const struct ps_template *template, struct ps_jsontext_value message, struct ps_buf *out,
                       char *words, size_t size);

#endif
