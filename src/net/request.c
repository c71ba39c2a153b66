#include "net/request.h"

#include "base/field.h"
#include "net/idn.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct making {
  struct ps_request *request;
  const struct ps_endpoint *endpoint;
  const struct ps_payload *payload;
  bool json;
  struct ps_jsontext_value message; /* what templates read from */
  char *words;
  size_t size;
};

/* ---- What templates read from */

static bool renders_body(const struct ps_endpoint *endpoint, const struct ps_payload *payload)
{
  return endpoint->has_body_template && !payload->own;
}

static bool asks(const struct ps_endpoint *endpoint, const struct ps_payload *payload)
{
  return endpoint->header_template_count || ps_template_asks(&endpoint->url_template) ||
         (renders_body(endpoint, payload) && ps_template_asks(&endpoint->body_template));
}

/* The message is looked at once, however many values are taken from it. */
static int take_message(struct making *m)
{
  const struct ps_payload *payload = m->payload;
  const char *text = payload->own ? payload->source : payload->body;
  size_t size = payload->own ? payload->source_size : payload->size;
  struct ps_jsontext_fault fault;
  if (payload->lacks && !m->endpoint->has_body_template) {
    snprintf(m->words, m->size, "the message has no body for this endpoint");
    return -EINVAL;
  }
  if (!asks(m->endpoint, payload))
    return 0;
  if (!text) {
    snprintf(m->words, m->size, "the message has no body for the templates to take values from");
    return -EINVAL;
  }
  int error = ps_jsontext_check(text, size, false, &fault);
  if (error) {
    const char *words = error == -EINVAL ? "the message is not JSON, from which the templates take values"
                                         : "the templates cannot take values from the message";
    snprintf(m->words, m->size, "%s: %s", words, fault.words);
    return -EINVAL;
  }
  m->message = ps_jsontext_root(text, size);
  return 0;
}

/* ---- URL and body */

static int render_url(struct making *m)
{
  struct ps_request *request = m->request;
  if (!m->endpoint->has_url_template)
    return 0;
  int error = ps_template_render(&m->endpoint->url_template, m->message, &request->url_text, m->words, m->size);
  request->url = request->written_url = request->url_text.data;
  if (error || strcmp(m->endpoint->url, m->endpoint->written_url) == 0)
    return error;
  struct ps_error unspelt;
  error = ps_idn_url(request->written_url, &request->ascii_url, &unspelt);
  if (error == -EINVAL)
    snprintf(m->words, m->size, "%s", unspelt.text);
  request->url = request->ascii_url;
  return error;
}

static int render_body(struct making *m)
{
  struct ps_request *request = m->request;
  request->body = m->payload->body;
  request->size = m->payload->size;
  m->json = m->payload->json && request->body;
  if (!renders_body(m->endpoint, m->payload))
    return 0;
  int error = ps_template_render(&m->endpoint->body_template, m->message, &request->body_text, m->words, m->size);
  request->body = request->body_text.data;
  request->size = request->body_text.size;
  m->json = true;
  return error;
}

/* ---- Headers */

/* Whether a header of the message's takes the place of this one. */
static bool is_replaced(const struct ps_payload *payload, const char *line)
{
  for (size_t i = 0; i < payload->header_count; i++)
    if (ps_field_is(payload->headers[i], line))
      return true;
  return false;
}

static int add(struct making *m, const char *line)
{
  struct curl_slist *longer = curl_slist_append(m->request->own, line);
  if (!longer)
    return -ENOMEM;
  m->request->own = longer;
  return 0;
}

/* libcurl takes "Name:" for a header to be left out, and "Name;" for one that is empty. */
static int add_given(struct making *m, const char *line)
{
  char *empty = NULL;
  if (!ps_header_has_value(line)) {
    empty = strdup(line);
    if (!empty)
      return -ENOMEM;
    memcpy(empty + strcspn(empty, ":"), ";", 2);
  }
  int error = add(m, empty ? empty : line);
  free(empty);
  return error;
}

static int add_rendered(struct making *m, const struct ps_template *template)
{
  struct ps_buf line = {0};
  int error = ps_template_render(template, m->message, &line, m->words, m->size);
  if (!error && !is_replaced(m->payload, line.data)) {
    error = add_given(m, line.data);
    /* That one is sent stands behind the leave to make a request again. */
    if (!error && ps_field_is(line.data, "Idempotency-Key") && !ps_header_has_value(line.data)) {
      snprintf(m->words, m->size, "the Idempotency-Key from the message is empty");
      error = -EINVAL;
    }
  }
  ps_buf_fini(&line);
  return error;
}

static int build_headers(struct making *m, const struct curl_slist *base)
{
  int error = 0;
  for (; base && !error; base = base->next)
    if (!is_replaced(m->payload, base->data))
      error = add(m, base->data);
  for (size_t i = 0; i < m->endpoint->header_template_count && !error; i++)
    error = add_rendered(m, &m->endpoint->header_templates[i]);
  for (size_t i = 0; i < m->payload->header_count && !error; i++)
    error = add_given(m, m->payload->headers[i]);
  return error;
}

static int make_headers(struct making *m)
{
  struct ps_request *request = m->request;
  struct curl_slist *base = m->json ? m->endpoint->json_headers : m->endpoint->headers;
  if (m->endpoint->own_expect || request->size < PS_ENDPOINT_EXPECT_SIZE)
    base = base->next;
  int error = m->payload->header_count || m->endpoint->header_template_count ? build_headers(m, base) : 0;
  request->headers = request->own ? request->own : base;
  if (error || !ps_endpoint_adds_key(m->endpoint, request->body != NULL) || is_replaced(m->payload, "Idempotency-Key"))
    return error;
  static const char name[] = "Idempotency-Key: ";
  memcpy(request->key_line, name, sizeof name - 1);
  memcpy(request->key_line + sizeof name - 1, m->payload->id, strlen(m->payload->id) + 1);
  request->key = (struct curl_slist){.data = request->key_line, .next = request->headers};
  request->headers = &request->key;
  return 0;
}

int ps_request_init(struct ps_request *request, const struct ps_endpoint *endpoint, const struct ps_payload *payload,
                    char *words, size_t size)
{
  struct making m = {.request = request, .endpoint = endpoint, .payload = payload, .words = words, .size = size};
  request->url = request->written_url = request->ascii_url = NULL;
  request->headers = request->own = NULL;
  request->body_text = request->url_text = (struct ps_buf){0};
  int error = take_message(&m);
  if (!error)
    error = render_url(&m);
  if (!error)
    error = render_body(&m);
  return error ? error : make_headers(&m);
}

void ps_request_fini(struct ps_request *request)
{
  curl_slist_free_all(request->own);
  ps_buf_fini(&request->body_text);
  ps_buf_fini(&request->url_text);
  free(request->ascii_url);
}

bool ps_request_settles(const struct ps_request *request, const char *name)
{
  for (const struct curl_slist *line = request->headers; line; line = line->next)
    if (ps_field_is(line->data, name))
      return true;
  return false;
}
