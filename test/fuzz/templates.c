/* Templates filled from messages of strangers: whatever a message holds, a body stays JSON of the template's shape, a
 * URL keeps its parts and their number, a header stays one header of its name. The input is a template up to the end of
 * the line, taken for a body, a header and a URL, and then the message. */
#include "target.h"

#include "base/jsontext.h"
#include "net/check.h"
#include "net/template.h"

#include <curl/curl.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

static bool is_placeholder(const char *text)
{
  return strstr(text, "{{") != NULL;
}

/* ---- Bodies */

static void require_shape(struct json_object *template, struct json_object *made);

static void require_string(const char *template, struct json_object *made)
{
  size_t size = strlen(template);
  const char *open = strstr(template, "{{"), *close = open ? strstr(open, "}}") : NULL;
  if (open == template && close == template + size - 2)
    return; /* the value itself, of whatever type */
  REQUIRE(json_object_is_type(made, json_type_string), "a value inside of a string stays there");
  const char *text = json_object_get_string(made);
  if (!open)
    REQUIRE(strcmp(text, template) == 0, "what is no placeholder stays as it is");
  else
    REQUIRE(strncmp(text, template, (size_t)(open - template)) == 0, "what stands before a placeholder stays");
}

static void require_members(struct json_object *template, struct json_object *made)
{
  struct json_object *other;
  REQUIRE(json_object_object_length(template) == json_object_object_length(made), "a body has as many members");
  json_object_object_foreach(template, name, value)
  {
    REQUIRE(json_object_object_get_ex(made, name, &other), "a body has the template's members");
    require_shape(value, other);
  }
}

static void require_shape(struct json_object *template, struct json_object *made)
{
  if (json_object_is_type(template, json_type_string)) {
    require_string(json_object_get_string(template), made);
    return;
  }
  REQUIRE(json_object_get_type(template) == json_object_get_type(made), "a body keeps its types");
  if (json_object_is_type(template, json_type_object)) {
    require_members(template, made);
  } else if (json_object_is_type(template, json_type_array)) {
    REQUIRE(json_object_array_length(template) == json_object_array_length(made), "a body has as many items");
    for (size_t i = 0; i < json_object_array_length(template); i++)
      require_shape(json_object_array_get_idx(template, i), json_object_array_get_idx(made, i));
  } else {
    REQUIRE(json_object_equal(template, made), "what is no placeholder stays as it is");
  }
}

/* A message as deep as is let in makes a body that is deeper. A NUL in a string ends it for those who compare. */
static void require_body(const char *template, const struct ps_buf *body)
{
  struct json_object *before, *after;
  int error = ps_jsontext_check(body->data, body->size, false, NULL);
  REQUIRE(!error || error == -E2BIG, "a body is JSON");
  REQUIRE(fuzz_json(template, strlen(template), &before), "a template of a body is JSON to json-c");
  REQUIRE(fuzz_json(body->data, body->size, &after), "a body is JSON to json-c");
  if (!strstr(template, "\\u"))
    require_shape(before, after);
  json_object_put(before);
  json_object_put(after);
}

/* ---- Headers */

static void require_header(const char *sketch, const struct ps_buf *line)
{
  struct ps_error error;
  size_t name = strcspn(sketch, ":;");
  if (ps_check_header(sketch, &error))
    return; /* no endpoint is made with it */
  REQUIRE(strlen(line->data) == line->size, "a header holds no NUL");
  REQUIRE(strncmp(line->data, sketch, name + 1) == 0, "a header keeps its name");
  REQUIRE(!ps_check_header(line->data, &error), "a header that is filled is a good one");
  if (!fuzz_has_control(sketch, strlen(sketch), true))
    REQUIRE(!fuzz_has_control(line->data, line->size, true), "no control character gets into a header");
}

/* ---- URLs */

static unsigned count(const char *text, char wanted)
{
  unsigned found = 0;
  for (; text && *text; text++)
    found += *text == wanted;
  return found;
}

static char *part_of(CURLU *parsed, CURLUPart part)
{
  char *text = NULL;
  curl_url_get(parsed, part, &text, 0);
  return text;
}

static void require_part(CURLU *before, CURLU *after, CURLUPart part)
{
  char *a = part_of(before, part), *b = part_of(after, part);
  REQUIRE(!a == !b, "a URL has the same parts");
  if (part == CURLUPART_PATH)
    REQUIRE(count(a, '/') == count(b, '/'), "a path has as many segments");
  else if (part == CURLUPART_QUERY)
    REQUIRE(count(a, '&') == count(b, '&') && count(a, '=') == count(b, '='), "a query has as many parameters");
  else
    REQUIRE(!a || strcmp(a, b) == 0, "a URL goes where its template goes");
  curl_free(a);
  curl_free(b);
}

/* libcurl takes "." and ".." out of paths, as servers do: what a value made of a segment would show. */
static void require_url(const char *sketch, const struct ps_buf *url)
{
  static const CURLUPart parts[] = {CURLUPART_SCHEME, CURLUPART_USER, CURLUPART_PASSWORD, CURLUPART_HOST,
                                    CURLUPART_PORT,   CURLUPART_PATH, CURLUPART_QUERY,    CURLUPART_FRAGMENT};
  struct ps_error error;
  CURLU *before = curl_url(), *after = curl_url();
  if (!ps_check_url(sketch, &error)) {
    REQUIRE(strlen(url->data) == url->size, "a URL holds no NUL");
    REQUIRE(!ps_check_url(url->data, &error), "a URL that is filled is a good one");
    REQUIRE(!curl_url_set(before, CURLUPART_URL, sketch, 0), "libcurl takes the sketch");
    REQUIRE(!curl_url_set(after, CURLUPART_URL, url->data, 0), "libcurl takes the URL");
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++)
      require_part(before, after, parts[i]);
  }
  curl_url_cleanup(before);
  curl_url_cleanup(after);
}

/* ---- All of them */

static void require_good(const struct ps_template *template, const char *text, const struct ps_buf *made)
{
  struct ps_buf sketch = {0};
  REQUIRE(!ps_template_sketch(template, &sketch), "there is memory");
  if (template->kind == PS_TEMPLATE_BODY)
    require_body(text, made);
  else if (template->kind == PS_TEMPLATE_HEADER)
    require_header(sketch.data, made);
  else
    require_url(sketch.data, made);
  ps_buf_fini(&sketch);
}

static void try_kind(enum ps_template_kind kind, const char *text, const char *message)
{
  struct ps_template template;
  struct ps_error error;
  struct ps_buf made = {0};
  char words[200] = "";
  int result = ps_template_init(&template, kind, text, &error);
  if (result)
    fuzz_require_words(error.text);
  else
    REQUIRE(ps_template_asks(&template) == is_placeholder(text), "what looks like a placeholder is one");
  bool usable = !ps_jsontext_check(message, strlen(message), false, NULL);
  if (!result && (usable || !ps_template_asks(&template))) {
    struct ps_jsontext_value root = {0};
    if (usable)
      root = ps_jsontext_root(message, strlen(message));
    result = ps_template_render(&template, root, &made, words, sizeof words);
    REQUIRE(result == 0 || (result == -EINVAL && *words), "a value that cannot stand there is told of");
    if (!result)
      require_good(&template, text, &made);
  }
  ps_buf_fini(&made);
  ps_template_fini(&template);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
  struct fuzz_input input = fuzz_input_of(data, size);
  char *text = fuzz_take_line(&input), *message = fuzz_take_rest(&input);
  try_kind(PS_TEMPLATE_BODY, text, message);
  try_kind(PS_TEMPLATE_HEADER, text, message);
  try_kind(PS_TEMPLATE_URL, text, message);
  free(text);
  free(message);
  return 0;
}
