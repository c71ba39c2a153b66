/* The request that a message becomes: which headers go out, which body, to which URL, and when there is none. */
#include "net/attempt.h"
#include "net/request.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

static struct ps_request_settings requests;
static struct ps_endpoint_settings settings;
static struct ps_error error;
static struct ps_resolver resolver = {.hosts = {&resolver.hosts, &resolver.hosts}};
static struct ps_endpoint endpoint;
static struct ps_request request;
static struct ps_payload payload;
static struct ps_buf lines; /* the request's headers, "|" between them */
static char words[PS_ERROR_SIZE];

static int fresh(void **state)
{
  (void)state;
  requests = (struct ps_request_settings){.idempotency_key = true, .max_response = 1000};
  ps_endpoint_settings_init(&settings);
  settings.url = "http://127.0.0.1:1/";
  settings.user_agent = "";
  payload = (struct ps_payload){.id = "me"};
  return 0;
}

static int fini(void **state)
{
  (void)state;
  ps_request_fini(&request);
  request = (struct ps_request){0};
  ps_endpoint_fini(&endpoint);
  ps_resolver_fini(&resolver);
  ps_buf_fini(&lines);
  return 0;
}

static void bring(const char *body, bool json)
{
  payload.body = body;
  payload.size = body ? strlen(body) : 0;
  payload.json = json;
}

static int try_request(void)
{
  fini(NULL);
  if (ps_endpoint_init(&endpoint, &settings, &requests, 1, &resolver, &error))
    fail_msg("the endpoint is refused: %s", error.text);
  words[0] = '\0';
  return ps_request_init(&request, &endpoint, &payload, words, sizeof words);
}

static void make(void)
{
  if (try_request())
    fail_msg("there is no request: %s", words);
  ps_buf_puts(&lines, "");
  for (const struct curl_slist *line = request.headers; line; line = line->next)
    ps_buf_printf(&lines, "%s%s", lines.size ? "|" : "", line->data);
}

static void expect_headers(const char *wanted)
{
  make();
  assert_string_equal(lines.data, wanted);
}

/* ---- What a message brings */

static void message_that_brings_nothing_takes_the_endpoints_headers(void **state)
{
  (void)state;
  bring("x", false);
  settings.headers = (const char *const[]){"X-One: 1"};
  settings.header_count = 1;
  expect_headers("Idempotency-Key: me|X-One: 1|Content-Type:");
  assert_ptr_equal(request.headers->next, endpoint.headers->next);
  assert_ptr_equal(request.body, payload.body);
  assert_null(request.own);
  assert_null(request.url);
}

static void large_body_is_not_held_up_by_an_expectation(void **state)
{
  (void)state;
  static char body[PS_ENDPOINT_EXPECT_SIZE + 1];
  memset(body, 'x', sizeof body - 1);
  bring(body, false);
  expect_headers("Idempotency-Key: me|Expect:|Content-Type:");
  bring(body, true);
  expect_headers("Idempotency-Key: me|Expect:|Content-Type: application/json");
  bring(body + 1, false);
  expect_headers("Idempotency-Key: me|Content-Type:");
}

static void expectation_of_the_users_own_stands(void **state)
{
  (void)state;
  static char body[PS_ENDPOINT_EXPECT_SIZE + 1];
  memset(body, 'x', sizeof body - 1);
  bring(body, false);
  settings.headers = (const char *const[]){"Expect: 100-continue"};
  settings.header_count = 1;
  expect_headers("Idempotency-Key: me|Expect: 100-continue|Content-Type:");
}

static void own_name_is_a_header_unless_a_proxy_is_to_be_told_it(void **state)
{
  (void)state;
  static const struct {
    const char *agent, *proxy, *header, *lines;
  } rows[] = {
      {NULL, NULL, NULL, "Idempotency-Key: me|User-Agent: poolsend/" POOLSEND_VERSION "|Content-Type:"},
      {"mine/1", NULL, NULL, "Idempotency-Key: me|Content-Type:"},
      {"", NULL, NULL, "Idempotency-Key: me|Content-Type:"},
      {NULL, "http://127.0.0.1:2", NULL, "Idempotency-Key: me|Content-Type:"},
      {NULL, NULL, "User-Agent: other", "Idempotency-Key: me|User-Agent: other|Content-Type:"},
      {NULL, NULL, "user-agent:", "Idempotency-Key: me|user-agent:|Content-Type:"},
  };
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
    bring("x", false);
    settings.user_agent = rows[i].agent;
    settings.proxy = rows[i].proxy;
    settings.headers = &rows[i].header;
    settings.header_count = rows[i].header != NULL;
    expect_headers(rows[i].lines);
  }
}

static void body_that_is_JSON_says_so_unless_the_endpoint_says_otherwise(void **state)
{
  (void)state;
  static const struct {
    const char *header;
    bool form;
    const char *lines;
  } rows[] = {
      {"X: 1", false, "Idempotency-Key: me|X: 1|Content-Type: application/json"},
      {"X: 1", true, "Idempotency-Key: me|X: 1|Content-Type: application/json"},
      {"Content-Type: text/plain", false, "Idempotency-Key: me|Content-Type: text/plain"},
      {"content-type:", false, "Idempotency-Key: me|content-type:"},
      {"Content-Type;", true, "Idempotency-Key: me|Content-Type;"},
  };
  bring("{}", true);
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
    settings.headers = &rows[i].header;
    settings.header_count = 1;
    settings.form_type = rows[i].form;
    expect_headers(rows[i].lines);
    assert_null(request.own);
  }
}

static void header_of_the_messages_replaces_the_endpoints_of_that_name(void **state)
{
  (void)state;
  settings.headers = (const char *const[]){"X-One: old", "x-two:", "X-One: older", "X-Three: 3", "X-On: 0"};
  settings.header_count = 5;
  payload.headers = (const char *const[]){"x-one: new", "X-Two: 2", "X-Four: 4"};
  payload.header_count = 3;
  bring("x", false);
  expect_headers("Idempotency-Key: me|X-Three: 3|X-On: 0|Content-Type:|x-one: new|X-Two: 2|X-Four: 4");
}

static void content_type_of_the_messages_wins(void **state)
{
  (void)state;
  static const char *const endpoints[] = {"Content-Type: a/b", "Content-Type:", "X: 1"};
  payload.headers = (const char *const[]){"content-type: c/d"};
  payload.header_count = 1;
  for (size_t i = 0; i < 3; i++) {
    settings.headers = &endpoints[i];
    settings.header_count = 1;
    for (int json = 0; json < 2; json++) {
      bring("{}", json);
      expect_headers(i == 2 ? "Idempotency-Key: me|X: 1|content-type: c/d" : "Idempotency-Key: me|content-type: c/d");
    }
  }
}

static void key_of_the_messages_own_wins(void **state)
{
  (void)state;
  static const char *const endpoints[] = {"Idempotency-Key: theirs", "Idempotency-Key:", "X: 1"};
  static const char *const wanted[] = {"Content-Type:|idempotency-key: mine", "Content-Type:|idempotency-key: mine",
                                       "X: 1|Content-Type:|idempotency-key: mine"};
  payload.headers = (const char *const[]){"idempotency-key: mine"};
  payload.header_count = 1;
  bring("x", false);
  for (size_t i = 0; i < 3; i++) {
    settings.headers = &endpoints[i];
    settings.header_count = 1;
    expect_headers(wanted[i]);
  }
}

static void header_without_a_value_is_sent_empty(void **state)
{
  (void)state;
  payload.headers = (const char *const[]){"X-One:", "X-Two: \t", "X-Three;"};
  payload.header_count = 3;
  expect_headers("Content-Type:|X-One;|X-Two;|X-Three;");
}

static void message_without_a_body_has_no_type(void **state)
{
  (void)state;
  bring(NULL, true);
  expect_headers("Content-Type:");
  assert_null(request.body);
}

/* ---- Templates */

static void use_templates(void)
{
  static const char *const headers[] = {"X-To: {{/to}}", "X-Plain: 1", "X-Empty: {{/none}}"};
  settings.url = "http://127.0.0.1:1/{{/to}}";
  settings.url_template = true;
  settings.header_templates = headers;
  settings.header_template_count = 3;
  settings.body_template = "{\"for\":\"{{/to}}\"}";
}

static void templates_are_filled_from_the_message(void **state)
{
  (void)state;
  use_templates();
  bring("{\"to\":\"a/b\",\"none\":\"\"}", false);
  expect_headers("Idempotency-Key: me|X-Plain: 1|Content-Type: application/json|X-To: a/b|X-Empty;");
  assert_string_equal(request.url, "http://127.0.0.1:1/a%2Fb");
  assert_string_equal(request.body, "{\"for\":\"a/b\"}");
  assert_int_equal(request.size, strlen(request.body));
  assert_string_equal(endpoint.url, "http://127.0.0.1:1/x");
  assert_string_equal(endpoint.shown_url, "http://127.0.0.1:1/{{/to}}");
}

static void header_of_the_messages_replaces_a_template(void **state)
{
  (void)state;
  use_templates();
  payload.headers = (const char *const[]){"x-to: me"};
  payload.header_count = 1;
  bring("{\"to\":\"b\",\"none\":1}", true);
  expect_headers("Idempotency-Key: me|X-Plain: 1|Content-Type: application/json|X-Empty: 1|x-to: me");
}

static void own_body_is_not_put_into_the_template_but_the_rest_is_filled_from_the_general_one(void **state)
{
  (void)state;
  use_templates();
  bring("own", false);
  payload.own = true;
  payload.source = "{\"to\":1,\"none\":true}";
  payload.source_size = strlen(payload.source);
  expect_headers("Idempotency-Key: me|X-Plain: 1|Content-Type:|X-To: 1|X-Empty: true");
  assert_string_equal(request.url, "http://127.0.0.1:1/1");
  assert_ptr_equal(request.body, payload.body);
  assert_int_equal(request.size, 3);
}

static void body_template_without_placeholders_takes_any_message(void **state)
{
  (void)state;
  settings.body_template = "{\"ping\":1}";
  bring("not JSON", false);
  make();
  assert_string_equal(request.body, "{\"ping\":1}");
  bring(NULL, false);
  make();
  assert_string_equal(request.body, "{\"ping\":1}");
  assert_string_equal(ps_endpoint_method(&endpoint, false), "POST");
}

static void own_body_needs_no_general_one_where_nothing_is_taken_from_it(void **state)
{
  (void)state;
  settings.body_template = "{\"for\":\"{{/to}}\"}";
  bring("own", false);
  payload.own = true;
  make();
  assert_string_equal(request.body, "own");
}

static void message_that_lacks_what_is_asked_for_makes_no_request(void **state)
{
  (void)state;
  static const char *const rows[][2] = {
      {NULL, "the message has no body"},
      {"", "the message is not JSON"},
      {"hello", "the message is not JSON, from which the templates take values: no JSON value begins like this"},
      {"{\"to\":\"\xff\",\"none\":1}", "the message is not JSON"},
      {"{\"none\":1}", "the message has no /to"},
      {"{\"to\":\"..\",\"none\":1}", "/to in the message makes '.' or '..'"},
      {"{\"to\":\"b\",\"none\":\"\\n\"}", "/none in the message holds a line break"},
  };
  use_templates();
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
    bring(rows[i][0], true);
    assert_int_equal(try_request(), -EINVAL);
    if (!strstr(words, rows[i][1]))
      fail_msg("'%s' does not say '%s'", words, rows[i][1]);
  }
}

static void key_from_a_template_is_relied_on_and_never_empty(void **state)
{
  (void)state;
  settings.header_templates = (const char *const[]){"Idempotency-Key: {{/key}}"};
  settings.header_template_count = 1;
  bring("{\"key\":\"k\"}", false);
  expect_headers("Content-Type:|Idempotency-Key: k");
  assert_true(ps_endpoint_may_repeat(&endpoint, true));
  bring("{\"key\":\" \"}", false);
  assert_int_equal(try_request(), -EINVAL);
  assert_non_null(strstr(words, "the Idempotency-Key from the message is empty"));
}

/* ---- The attempt */

static void answered(void *context, bool success, int status)
{
  (void)context, (void)success, (void)status;
  fail_msg("there is nobody to answer");
}

static struct ps_outcome perform(void)
{
  struct ps_outcome outcome = {0};
  struct ps_attempt_watcher watcher = {.answered = answered};
  assert_int_equal(ps_endpoint_init(&endpoint, &settings, &requests, 1, &resolver, &error), 0);
  struct ps_slot *slot = ps_endpoint_slot(&endpoint, 0);
  assert_non_null(slot);
  ps_attempt_perform(&endpoint, slot, &payload, &watcher, &outcome);
  return outcome;
}

static void attempt_without_a_request_ends_unreached_for_the_reason_template(void **state)
{
  (void)state;
  use_templates();
  bring("{}", true);
  struct ps_outcome outcome = perform();
  assert_int_equal(outcome.verdict.fate, POOLSEND_FATE_UNREACHED);
  assert_int_equal(outcome.verdict.reason, POOLSEND_REASON_TEMPLATE);
  assert_false(ps_fate_is_transient(outcome.verdict, outcome.status));
  assert_string_equal(outcome.error, "the message has no /to");
  assert_int_equal(outcome.bytes_sent, 0);
  assert_int_equal(outcome.timings.connect, -1);
  assert_false(outcome.has_response);
  ps_outcome_fini(&outcome);
}

static void attempt_with_a_request_goes_to_the_rendered_URL(void **state)
{
  (void)state;
  use_templates();
  bring("{\"to\":1,\"none\":2}", true);
  struct ps_outcome outcome = perform();
  char *url = NULL;
  assert_int_equal(curl_easy_getinfo(endpoint.slots[0]->easy, CURLINFO_EFFECTIVE_URL, &url), CURLE_OK);
  assert_string_equal(url, "http://127.0.0.1:1/1");
  assert_int_equal(outcome.verdict.reason, POOLSEND_REASON_CONNECT);
  ps_outcome_fini(&outcome);
}

#define SENTENCE(name) cmocka_unit_test_setup_teardown(name, fresh, fini)

int main(void)
{
  const struct CMUnitTest tests[] = {
      SENTENCE(message_that_brings_nothing_takes_the_endpoints_headers),
      SENTENCE(large_body_is_not_held_up_by_an_expectation),
      SENTENCE(expectation_of_the_users_own_stands),
      SENTENCE(own_name_is_a_header_unless_a_proxy_is_to_be_told_it),
      SENTENCE(body_that_is_JSON_says_so_unless_the_endpoint_says_otherwise),
      SENTENCE(header_of_the_messages_replaces_the_endpoints_of_that_name),
      SENTENCE(content_type_of_the_messages_wins),
      SENTENCE(key_of_the_messages_own_wins),
      SENTENCE(header_without_a_value_is_sent_empty),
      SENTENCE(message_without_a_body_has_no_type),
      SENTENCE(templates_are_filled_from_the_message),
      SENTENCE(header_of_the_messages_replaces_a_template),
      SENTENCE(own_body_is_not_put_into_the_template_but_the_rest_is_filled_from_the_general_one),
      SENTENCE(body_template_without_placeholders_takes_any_message),
      SENTENCE(own_body_needs_no_general_one_where_nothing_is_taken_from_it),
      SENTENCE(message_that_lacks_what_is_asked_for_makes_no_request),
      SENTENCE(key_from_a_template_is_relied_on_and_never_empty),
      SENTENCE(attempt_without_a_request_ends_unreached_for_the_reason_template),
      SENTENCE(attempt_with_a_request_goes_to_the_rendered_URL),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
