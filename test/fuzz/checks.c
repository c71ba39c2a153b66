/* What of a request is checked before anything is sent: what passes has no control character where it would end a line,
 * and is to libcurl and to the grammar what it says it is. A list of what counts as a success, once taken, can be met.
 * The input is one text, which every check is given. */
#include "target.h"

#include "base/jsontext.h"
#include "net/check.h"
#include "net/success.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* A token (RFC 9110, 5.6.2), said the other way round: visible, and no delimiter. */
static bool is_token(const char *text, size_t size)
{
  for (size_t i = 0; i < size; i++)
    if (text[i] <= ' ' || text[i] >= 127 || strchr("\"(),/:;<=>?@[\\]{}", text[i]))
      return false;
  return size > 0;
}

static void judge(int result, const struct ps_error *error)
{
  if (result)
    fuzz_require_words(error->text);
}

static void try_url(const char *text)
{
  struct ps_error error;
  int result = ps_check_url(text, &error);
  judge(result, &error);
  if (result)
    return;
  REQUIRE(fuzz_is_http_url(text), "a URL that passes is one of http or https to libcurl");
  REQUIRE(!fuzz_has_control(text, strlen(text), true) && !strchr(text, ' '), "a URL ends no request line");
}

static void try_method(const char *text)
{
  struct ps_error error;
  int result = ps_check_method(text, &error);
  judge(result, &error);
  REQUIRE((result == 0) == is_token(text, strlen(text)), "a method is a token");
}

static void require_header(const char *line)
{
  size_t name = strcspn(line, ":;");
  REQUIRE(!strpbrk(line, "\r\n"), "a header that passes is one line");
  REQUIRE(line[name] && is_token(line, name), "a header that passes has a name, which is a token");
  REQUIRE(strncasecmp(line, "Content-Length:", 15) != 0 && strncasecmp(line, "Transfer-Encoding:", 18) != 0,
          "a header that passes does not frame the message");
}

static void try_header(const char *text)
{
  struct ps_error error;
  int result = ps_check_header(text, &error), strangers;
  judge(result, &error);
  if (!result)
    require_header(text);
  strangers = ps_check_message_header(text, &error);
  judge(strangers, &error);
  if (strangers)
    return;
  REQUIRE(!result, "a stranger's header passes only where one's own does");
  REQUIRE(!fuzz_has_control(text, strlen(text), false), "a stranger's header has no control characters");
  REQUIRE(strncasecmp(text, "Host:", 5) != 0 && strncasecmp(text, "Connection:", 11) != 0,
          "a stranger's header has no say in where it goes or how");
}

static void try_route(const char *text)
{
  struct ps_error error;
  judge(ps_check_resolve(text, &error), &error);
  judge(ps_check_connect_to(text, &error), &error);
  judge(ps_check_text("text", text, &error), &error);
  int result = ps_check_proxy(text, &error);
  judge(result, &error);
  REQUIRE(result || !fuzz_has_control(text, strlen(text), true), "a proxy has no control characters");
}

/* ---- What counts as a success */

static enum ps_json_test test(const struct ps_success *success, const char *body, size_t size)
{
  char words[200] = "";
  enum ps_json_test result = ps_success_test(success, body, size, words, sizeof words);
  REQUIRE((result == PS_JSON_NONE || result == PS_JSON_PASSED) == !*words, "a test that fails says why");
  if (*words)
    fuzz_require_words(words);
  return result;
}

/* A message in which `pointer` leads to `value`: an object for each step. */
static void build(struct ps_buf *body, const char *pointer, const char *value)
{
  size_t depth = 0;
  for (; *pointer; depth++) {
    struct ps_buf name = {0};
    ps_buf_puts(&name, "");
    for (pointer++; *pointer && *pointer != '/'; pointer++)
      if (*pointer == '~')
        ps_buf_puts(&name, *++pointer == '1' ? "/" : "~");
      else
        ps_buf_append(&name, pointer, 1);
    ps_buf_puts(body, "{");
    ps_jsontext_quote(body, name.data, name.size, true);
    ps_buf_puts(body, ":");
    ps_buf_fini(&name);
  }
  ps_buf_puts(body, value);
  while (depth--)
    ps_buf_puts(body, "}");
}

static void require_meetable(const struct ps_success *success)
{
  const struct ps_json_rule *rule = success->tests;
  struct ps_buf body = {0};
  REQUIRE(*rule->pointer == '/' && ps_jsontext_is_pointer(rule->pointer, strlen(rule->pointer)),
          "a test has a pointer");
  REQUIRE(test(success, "{}", 2) == PS_JSON_FAILED, "an answer without anything passes no test");
  build(&body, rule->pointer, rule->expected);
  if (!rule->next && !ps_jsontext_check(body.data, body.size, false, NULL))
    REQUIRE(test(success, body.data, body.size) == PS_JSON_PASSED, "an answer that has what is asked for passes");
  ps_buf_fini(&body);
}

static void try_success(const char *text)
{
  struct ps_success success;
  struct ps_error error;
  int result = ps_success_init(&success, text, &error);
  REQUIRE(result == 0 || result == -EINVAL, "there is memory");
  if (result)
    fuzz_require_words(error.text);
  else if (success.tests)
    require_meetable(&success);
  else
    REQUIRE(test(&success, text, strlen(text)) == PS_JSON_NONE, "where nothing is tested nothing is");
  ps_success_fini(&success);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
  struct fuzz_input input = fuzz_input_of(data, size);
  char *text = fuzz_take_rest(&input);
  try_url(text);
  try_method(text);
  try_header(text);
  try_route(text);
  try_success(text);
  free(text);
  return 0;
}
