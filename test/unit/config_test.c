/* Configuration files: what each key becomes, and what is refused with which line, path and words. */
#include "options/config.h"

#include "failing_memory.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include <cmocka.h>

#define COUNT_OF(list) (sizeof(list) / sizeof *(list))

/* What a file says, laid open: every level over the ones below. */
static struct poolsend_config *config;
static struct ps_config_merged merged;
static struct ps_sender_settings sender;
static const struct ps_endpoint_settings *endpoints;

static void clear(void)
{
  poolsend_config_free(config);
  config = NULL;
  ps_config_merged_fini(&merged);
  merged = (struct ps_config_merged){.count = 0};
}

static int free_file(void **state)
{
  (void)state;
  clear();
  return 0;
}

/* A copy of its own, so that a sanitizer sees a look behind its end. */
static int parse_bytes(const char *text, size_t size)
{
  clear();
  config = poolsend_config_new();
  char *copy = malloc(size ? size : 1);
  assert_non_null(config);
  assert_non_null(copy);
  memcpy(copy, text, size);
  int result = poolsend_config_load(config, copy, size);
  free(copy);
  return result;
}

static const char *words_of_error(void)
{
  return poolsend_config_error(config);
}

static void parse(const char *text)
{
  if (parse_bytes(text, strlen(text)))
    fail_msg("%s is refused: %s", text, words_of_error());
  assert_int_equal(ps_config_merge(config, &merged, &sender), 0);
  endpoints = sender.endpoints;
}

/* A file with one endpoint, which has `members` besides its URL. */
static const struct ps_endpoint_settings *parse_endpoint(const char *members)
{
  char text[2000];
  snprintf(text, sizeof text, "{\"endpoints\": [{\"url\": \"http://a/\", %s}]}", members);
  parse(text);
  assert_int_equal(config->endpoint_count, 1);
  return endpoints;
}

static void expect_refusal_of(const char *text, size_t size, const char *words)
{
  int result = parse_bytes(text, size);
  if (result != -EINVAL)
    fail_msg("%s is not refused, with %d", text, result);
  if (strcmp(words_of_error(), words) != 0)
    fail_msg("%s is refused with \"%s\" instead of \"%s\"", text, words_of_error(), words);
}

struct refusal {
  const char *text, *words;
};

static void expect_refusals(const struct refusal *rows, size_t count)
{
  for (size_t i = 0; i < count; i++)
    expect_refusal_of(rows[i].text, strlen(rows[i].text), rows[i].words);
}

/* Of the value of an endpoint's member. */
static void expect_endpoint_refusals(const struct refusal *rows, size_t count)
{
  for (size_t i = 0; i < count; i++) {
    char text[2000], words[600];
    snprintf(text, sizeof text, "{\n\"endpoints\": [\n{\"url\": \"http://a/\",\n%s\n}]}", rows[i].text);
    snprintf(words, sizeof words, "line 4: /endpoints/0/%s", rows[i].words);
    expect_refusal_of(text, strlen(text), words);
  }
}

/* ---- The top level */

static void empty_object_says_what_no_file_says(void **state)
{
  (void)state;
  static const char *const texts[] = {"{}", " \r\n\t{\"endpoints\": []}\n", "{\"defaults\": {}}"};
  for (size_t i = 0; i < COUNT_OF(texts); i++) {
    parse(texts[i]);
    assert_int_equal(config->endpoint_count, 0);
    for (size_t k = 0; k < ps_option_count; k++)
      assert_false(ps_options_has(&merged.sender, &ps_option_table[k]));
  }
}

static void every_key_of_the_top_level_is_read(void **state)
{
  (void)state;
  parse("{\"hedge_delay\": \"500ms\", \"hedge_budget\": \"10%\", \"settle\": \"2s\", \"answer_wait\": \"3s\","
        " \"max_time\": \"1m\", \"attempt_timeout\": \"5s\", \"retry\": 6, \"retry_delay\": \"7s\","
        " \"retry_max_time\": \"8s\", \"workers\": 9, \"max_pending\": 10, \"in_order\": true, \"breaker\": false,"
        " \"rate\": \"30/m\", \"fatal_status\": \"401,403-405\", \"idempotency_key\": false, \"max_body\": \"11K\","
        " \"max_response\": 12, \"defaults\": {\"method\": \"PUT\"}, \"endpoints\": [{\"url\": \"http://a/\"}]}");
  assert_int_equal(merged.sender.hedge_delay.delay, POOLSEND_MS(500));
  assert_int_equal(merged.sender.hedge_delay.permille, 0);
  assert_true(sender.hedge_budget == 0.1);
  assert_int_equal(sender.settle, POOLSEND_S(2));
  assert_int_equal(sender.answer_wait, POOLSEND_S(3));
  assert_int_equal(sender.max_time, POOLSEND_S(60));
  assert_int_equal(merged.sender.endpoint.attempt_timeout, POOLSEND_S(5));
  assert_int_equal(sender.retries, 6);
  assert_int_equal(sender.retry_delay, POOLSEND_S(7));
  assert_int_equal(sender.retry_max_time, POOLSEND_S(8));
  assert_int_equal(sender.workers, 9);
  assert_int_equal(sender.max_pending, 10);
  assert_true(sender.in_order);
  assert_false(sender.breaker);
  assert_true(sender.rate == 0.5);
  assert_string_equal(sender.fatal_status, "401,403-405");
  assert_false(sender.requests.idempotency_key);
  assert_int_equal(sender.max_body, 11 << 10);
  assert_int_equal(sender.requests.max_response, 12);
  assert_string_equal(config->defaults.endpoint.method, "PUT");
  assert_null(config->defaults.endpoint.url);
  assert_int_equal(config->endpoint_count, 1);
  assert_string_equal(endpoints[0].url, "http://a/");
}

static void flags_may_be_set_to_what_they_are(void **state)
{
  (void)state;
  parse("{\"in_order\": false, \"breaker\": true, \"idempotency_key\": true}");
  assert_false(sender.in_order);
  assert_true(sender.breaker);
  assert_true(sender.requests.idempotency_key);
}

static void zero_lifts_a_limit(void **state)
{
  (void)state;
  parse("{\"max_time\": 0, \"attempt_timeout\": \"0s\", \"retry_max_time\": 0.0, \"settle\": 0}");
  assert_int_equal(sender.max_time, POOLSEND_NEVER);
  assert_int_equal(merged.sender.endpoint.attempt_timeout, POOLSEND_NEVER);
  assert_int_equal(sender.retry_max_time, POOLSEND_NEVER);
  assert_int_equal(sender.settle, 0);
}

static void hedge_delay_is_a_time_a_percentile_or_none(void **state)
{
  (void)state;
  static const struct {
    const char *value;
    poolsend_time span;
    unsigned permille;
  } rows[] = {{"\"2s\"", POOLSEND_S(2), 0},    {"0.25", POOLSEND_MS(250), 0},   {"0", 0, 0},
              {"\"none\"", POOLSEND_NEVER, 0}, {"\"p95\"", POOLSEND_S(1), 950}, {"\"p99.9\"", POOLSEND_S(1), 999}};
  for (size_t i = 0; i < COUNT_OF(rows); i++) {
    char text[100];
    snprintf(text, sizeof text, "{\"hedge_delay\": %s}", rows[i].value);
    parse(text);
    assert_int_equal(merged.sender.hedge_delay.delay, rows[i].span);
    assert_int_equal(merged.sender.hedge_delay.permille, rows[i].permille);
  }
}

static void numbers_are_taken_by_value(void **state)
{
  (void)state;
  parse("{\"workers\": 64.0, \"retry\": 1e3, \"max_body\": 4.096e3, \"settle\": 1.5, \"rate\": 2.5}");
  assert_int_equal(sender.workers, 64);
  assert_int_equal(sender.retries, 1000);
  assert_int_equal(sender.max_body, 4096);
  assert_int_equal(sender.settle, POOLSEND_MS(1500));
  assert_true(sender.rate == 2.5);
  parse("{\"rate\": \"none\", \"hedge_budget\": \"none\", \"max_response\": 9223372036854775807}");
  assert_true(sender.rate == 0);
  assert_true(sender.hedge_budget < 0);
  assert_true(sender.requests.max_response == SIZE_MAX >> 1);
}

/* ---- Endpoints */

static void every_key_of_an_endpoint_is_read(void **state)
{
  (void)state;
  const struct ps_endpoint_settings *e = parse_endpoint(
      "\"name\": \"eu\", \"method\": \"PUT\", \"headers\": {\"A\": \"1\"}, \"user\": \"u:p\","
      "\"oauth2_bearer\": \"t\", \"user_agent\": \"\", \"insecure\": true, \"cacert\": \"/dev/null\", \"capath\": "
      "\"/\","
      "\"cert\": \"/dev/null\", \"key\": \"/dev/zero\", \"key_password\": \"kp\", \"proxy\": \"http://u:p@x/\","
      "\"noproxy\": \"h\", \"unix_socket\": \"/s\", \"resolve\": [\"a:1:2\", \"b:1:2\"], \"connect_to\": [\":::\"],"
      "\"location\": true, \"http2\": true, \"compressed\": true, \"connect_timeout\": \"1s\","
      "\"attempt_timeout\": \"2s\", \"hedge_delay\": \"3s\", \"max_in_flight\": 4, \"success\": \"409,/a=b\","
      "\"body\": {\"b\": 1}");
  assert_string_equal(e->url, "http://a/");
  assert_false(e->url_template);
  assert_string_equal(e->name, "eu");
  assert_string_equal(e->method, "PUT");
  assert_int_equal(e->header_count, 1);
  assert_string_equal(e->headers[0], "A: 1");
  assert_string_equal(e->userpwd, "u:p");
  assert_string_equal(e->bearer, "t");
  assert_string_equal(e->user_agent, "");
  assert_true(e->insecure);
  assert_string_equal(e->cacert, "/dev/null");
  assert_string_equal(e->capath, "/");
  assert_string_equal(e->cert, "/dev/null");
  assert_string_equal(e->key, "/dev/zero");
  assert_string_equal(e->key_password, "kp");
  assert_string_equal(e->proxy, "http://u:p@x/");
  assert_string_equal(e->noproxy, "h");
  assert_string_equal(e->unix_socket, "/s");
  assert_int_equal(e->resolve_count, 2);
  assert_string_equal(e->resolve[0], "a:1:2");
  assert_string_equal(e->resolve[1], "b:1:2");
  assert_int_equal(e->connect_to_count, 1);
  assert_string_equal(e->connect_to[0], ":::");
  assert_true(e->follow);
  assert_true(e->http2);
  assert_true(e->compressed);
  assert_int_equal(e->connect_timeout, POOLSEND_S(1));
  assert_int_equal(e->attempt_timeout, POOLSEND_S(2));
  assert_int_equal(e->hedge_delay, POOLSEND_S(3));
  assert_int_equal(e->hedge_permille, 0);
  assert_int_equal(e->max_in_flight, 4);
  assert_string_equal(e->success, "409,/a=b");
  assert_string_equal(e->body_template, "{\"b\": 1}");
  assert_false(e->form_type);
  assert_false(e->environment_proxy);
}

static void endpoint_without_more_than_a_url_leaves_all_open(void **state)
{
  (void)state;
  parse("{\"endpoints\": [{\"url\": \"http://a/\"}]}");
  for (size_t i = 0; i < ps_option_count; i++)
    assert_int_equal(ps_options_has(&merged.endpoints[0], &ps_option_table[i]), ps_option_table[i].kind == PS_KIND_URL);
}

static void zero_of_an_endpoint_is_not_the_value_at_the_top(void **state)
{
  (void)state;
  parse("{\"hedge_delay\": 2, \"attempt_timeout\": 3, \"endpoints\": [{\"url\": \"http://a/\"},"
        " {\"url\": \"http://b/\", \"hedge_delay\": 0, \"attempt_timeout\": 0},"
        " {\"url\": \"http://c/\", \"hedge_delay\": \"none\"}, {\"url\": \"http://d/\", \"hedge_delay\": \"p97.5\"}]}");
  assert_int_equal(endpoints[0].hedge_delay, POOLSEND_S(2));
  assert_int_equal(endpoints[0].attempt_timeout, POOLSEND_S(3));
  assert_int_equal(endpoints[1].hedge_delay, 0);
  assert_int_equal(endpoints[1].attempt_timeout, POOLSEND_NEVER);
  assert_int_equal(endpoints[2].hedge_delay, POOLSEND_NEVER);
  assert_int_equal(endpoints[3].hedge_permille, 975);
}

static void key_of_an_endpoint_wins_over_the_default(void **state)
{
  (void)state;
  parse("{\"endpoints\": [{\"url\": \"http://a/\"},"
        "                 {\"url\": \"http://b/\", \"method\": \"PATCH\", \"insecure\": false, \"hedge_delay\": \"2s\","
        "                  \"resolve\": [\"c:1:2\"], \"success\": {\"status\": \"204\"}, \"body\": null}],"
        " \"defaults\": {\"method\": \"PUT\", \"insecure\": true, \"hedge_delay\": \"p90\", \"resolve\": [\"a:1:2\","
        "                \"b:1:2\"], \"success\": \"200\", \"body\": [1], \"http2\": true}}");
  const struct ps_endpoint_settings *a = &endpoints[0], *b = &endpoints[1];
  assert_string_equal(a->method, "PUT");
  assert_true(a->insecure && a->http2);
  assert_int_equal(a->hedge_permille, 900);
  assert_int_equal(a->resolve_count, 2);
  assert_string_equal(a->success, "200");
  assert_string_equal(a->body_template, "[1]");
  assert_string_equal(b->method, "PATCH");
  assert_true(!b->insecure && b->http2);
  assert_int_equal(b->hedge_delay, POOLSEND_S(2));
  assert_int_equal(b->hedge_permille, 0);
  assert_int_equal(b->resolve_count, 1);
  assert_string_equal(b->success, "204");
  assert_string_equal(b->body_template, "null");
  assert_string_equal(config->defaults.endpoint.method, "PUT");
  assert_int_equal(config->defaults.hedge_delay.permille, 900);
  assert_null(config->defaults.endpoint.url);
}

static void expect_lines(const char *const *lines, size_t count, const char *const *expected)
{
  for (size_t i = 0; i < count; i++) {
    assert_non_null(expected[i]);
    assert_string_equal(lines[i], expected[i]);
  }
  assert_null(expected[count]);
}

static void headers_are_merged_by_name_whatever_their_case(void **state)
{
  (void)state;
  parse("{\"defaults\": {\"headers\": {\"X-Kept\": \"1\", \"X-Changed\": \"2\", \"X-Removed\": \"3\", \"X-Was\": "
        "\"{{/a}}\","
        "                              \"X-Stays\": \"{{/b}}\"}},"
        " \"endpoints\": [{\"url\": \"http://a/\", \"headers\": {\"x-changed\": \"4\", \"X-REMOVED\": null, \"x-was\": "
        "\"5\","
        "                                                 \"X-Kep\": \"6\"}},"
        "                 {\"url\": \"http://b/\"}]}");
  static const char *const a[] = {"X-Kept: 1", "x-changed: 4", "X-REMOVED:", "x-was: 5", "X-Kep: 6", NULL};
  static const char *const b[] = {"X-Kept: 1", "X-Changed: 2", "X-Removed: 3", NULL};
  static const char *const a_templates[] = {"X-Stays: {{/b}}", NULL};
  static const char *const b_templates[] = {"X-Was: {{/a}}", "X-Stays: {{/b}}", NULL};
  expect_lines(endpoints[0].headers, endpoints[0].header_count, a);
  expect_lines(endpoints[0].header_templates, endpoints[0].header_template_count, a_templates);
  expect_lines(endpoints[1].headers, endpoints[1].header_count, b);
  expect_lines(endpoints[1].header_templates, endpoints[1].header_template_count, b_templates);
  expect_lines(config->defaults.headers.lines.items, config->defaults.headers.lines.count, b);
}

static void endpoint_may_have_more_templates_than_headers(void **state)
{
  (void)state;
  parse("{\"defaults\": {\"headers\": {\"A\": \"{{/a}}\", \"B\": \"{{/b}}\", \"C\": \"{{/c}}\"}},"
        " \"endpoints\": [{\"url\": \"http://a/\", \"headers\": {\"D\": \"d\"}}]}");
  static const char *const lines[] = {"D: d", NULL};
  static const char *const templates[] = {"A: {{/a}}", "B: {{/b}}", "C: {{/c}}", NULL};
  const struct ps_endpoint_settings *e = endpoints;
  expect_lines(e->headers, e->header_count, lines);
  expect_lines(e->header_templates, e->header_template_count, templates);
}

static void header_line_has_the_command_lines_spelling(void **state)
{
  (void)state;
  static const struct {
    const char *value, *line;
  } rows[] = {{"\"v\"", "X: v"},    {"\"\"", "X;"},        {"null", "X:"},
              {"\" \\t\"", "X;"},   {"\" v \"", "X:  v "}, {"\"a: b; c\\u00fc\"", "X: a: b; c\xc3\xbc"},
              {"\"{ {\"", "X: { {"}};
  for (size_t i = 0; i < COUNT_OF(rows); i++) {
    char members[100];
    snprintf(members, sizeof members, "\"headers\": {\"X\": %s}", rows[i].value);
    const struct ps_endpoint_settings *e = parse_endpoint(members);
    assert_int_equal(e->header_count, 1);
    assert_int_equal(e->header_template_count, 0);
    assert_string_equal(e->headers[0], rows[i].line);
  }
}

static void placeholder_makes_a_template(void **state)
{
  (void)state;
  const struct ps_endpoint_settings *e =
      parse_endpoint("\"headers\": {\"X-To\": \"to {{/phone}}\"}, \"body\": { \"n\": 1.50,\n \"to\":\"{{/phone}}\" }");
  assert_int_equal(e->header_count, 0);
  assert_int_equal(e->header_template_count, 1);
  assert_string_equal(e->header_templates[0], "X-To: to {{/phone}}");
  assert_string_equal(e->body_template, "{ \"n\": 1.50,\n \"to\":\"{{/phone}}\" }");
  parse("{\"endpoints\": [{\"url\": \"http://a/{{/id}}\"}]}");
  assert_true(endpoints[0].url_template);
  assert_string_equal(endpoints[0].url, "http://a/{{/id}}");
}

static void body_is_kept_as_it_is_written(void **state)
{
  (void)state;
  static const char *const bodies[] = {
      "{}",   "[ ]",  "\"\\u00e4{{/a}}\"", "99999999999999999999.10",     "1e999",
      "true", "null", "{\"file\": 1}",     "{\"file\": \"a\", \"b\": 1}", "{\"file\": {}}"};
  for (size_t i = 0; i < COUNT_OF(bodies); i++) {
    char members[100];
    snprintf(members, sizeof members, "\"body\":  %s ", bodies[i]);
    assert_string_equal(parse_endpoint(members)->body_template, bodies[i]);
  }
}

static void success_is_built_in_the_command_lines_spelling(void **state)
{
  (void)state;
  static const struct {
    const char *value, *spelling;
  } rows[] = {
      {"\"200,/a=b\"", "200,/a=b"},
      {"{\"status\": \"200-299,409\"}", "200-299,409"},
      {"{\"json\": {\"/accepted\": true}}", "/accepted=true"},
      {"{\"json\": {\"/a\": \"b,c\", \"/d\": [1, 2.50]}, \"status\": \"202\"}", "202,/a=\"b,c\",/d=[1,2.50]"},
      {"{\"json\": {\"/a\": {\"x\" : null, \"y\": 12345678901234567890}}}",
       "/a={\"x\":null,\"y\":12345678901234567890}"},
      {"{\"json\": {\"/a~1b/~0c/0\": \"\"}}", "/a~1b/~0c/0=\"\""},
      {"{\"status\": \"202\", \"json\": {}}", "202"},
      {"{\"json\": {\"/a b\": \"\\u00fc\"}}", "/a b=\"\\u00fc\""},
  };
  for (size_t i = 0; i < COUNT_OF(rows); i++) {
    char members[200];
    snprintf(members, sizeof members, "\"success\": %s", rows[i].value);
    assert_string_equal(parse_endpoint(members)->success, rows[i].spelling);
  }
}

/* ---- Where endpoints stand */

static void line_of_each_endpoint_is_told(void **state)
{
  (void)state;
  static const struct {
    const char *text;
    size_t count, lines[4];
  } rows[] = {
      {"{\"endpoints\": []}", 0, {0}},
      {"{\"endpoints\": [{\"url\": \"http://a/\"}]}", 1, {1}},
      {"\n{\"endpoints\":\r\n[\n{\n\"url\": \"http://a/\"},\n\n{\"url\": \"http://b/\"}, {\"url\": "
       "\"http://c/\"\n}\n]}",
       3,
       {4, 7, 7}},
      {"{\"defaults\": {\"resolve\": [\"a:1:2\",\n\"b:1:2\"]}, \"endpoints\": [{\"url\": \"http://a/\", \"resolve\":\n"
       "[\"a:1:2\",\n\"b:1:2\"], \"body\": [{},\n{}]\n},\n{\"url\": \"http://b/\"}]}",
       2,
       {2, 7}},
      {"{\"endpoints\": [{\"url\": \"http://a/\", \"name\": \"]}\\\",{\\\\\"},\n{\"url\": \"http://b/\"}]}", 2, {1, 2}},
  };
  for (size_t i = 0; i < COUNT_OF(rows); i++) {
    parse(rows[i].text);
    assert_int_equal(config->endpoint_count, rows[i].count);
    for (size_t k = 0; k < rows[i].count; k++)
      assert_int_equal(config->endpoints[k]->line, rows[i].lines[k]);
  }
}

/* What it takes to read a file of so many endpoints. */
static clock_t time_to_read(size_t count)
{
  static const char item[] = "{\"url\": \"http://a/\", \"body\": 1},";
  char *text = malloc(count * sizeof item + 100), *at = text;
  assert_non_null(text);
  at = stpcpy(at, "{\"endpoints\": [");
  for (size_t i = 0; i < count; i++)
    at = stpcpy(at, item);
  at = stpcpy(at - 1, "]}");
  clock_t begin = clock();
  assert_int_equal(parse_bytes(text, (size_t)(at - text)), 0);
  clock_t taken = clock() - begin;
  assert_int_equal(config->endpoint_count, count);
  free(text);
  return taken;
}

/* Eight times as many take eight times as long; if each were looked for from the beginning of the text, 64 times. */
static void time_to_read_a_file_grows_with_its_endpoints_and_no_faster(void **state)
{
  (void)state;
  clock_t few = 0, many = CLOCKS_PER_SEC;
  for (int tries = 0; tries < 3 && many > 24 * few; tries++) {
    few = time_to_read(800);
    free_file(NULL);
    many = time_to_read(6400);
    free_file(NULL);
  }
  if (many > 24 * few)
    fail_msg("%.3f s, and %.3f s for eight times as many", (double)few / CLOCKS_PER_SEC, (double)many / CLOCKS_PER_SEC);
}

/* What only all options together show. */
static void fault_that_a_sender_finds_says_where_its_endpoint_stands(void **state)
{
  (void)state;
  static const struct {
    const char *members, *words;
  } rows[] = {
      {"\"connect_to\": [\"\\u00ad:1:c:2\"]", "line 2: /endpoints/1: "},
      {"\"name\": \"same\"", "endpoint 'same': two endpoints have this name"},
      {"\"max_in_flight\": 2", "max_in_flight: "},
  };
  for (size_t i = 0; i < COUNT_OF(rows); i++) {
    char text[300];
    snprintf(text, sizeof text,
             "{\"workers\": 2, \"endpoints\": [{\"url\": \"http://a/\", \"name\": \"same\"},\n"
             "{\"url\": \"http://b/\", %s}]}",
             rows[i].members);
    parse(text);
    assert_null(poolsend_open(config));
    assert_int_equal(poolsend_config_failed(config), -EINVAL);
    if (strncmp(words_of_error(), rows[i].words, strlen(rows[i].words)) != 0)
      fail_msg("%s is refused with \"%s\" instead of \"%s...\"", text, words_of_error(), rows[i].words);
  }
}

/* ---- What is not JSON */

static void text_that_is_not_json_is_refused_with_its_line(void **state)
{
  (void)state;
  static const struct refusal rows[] = {
      {"", "line 1: "},
      {" \n ", "line 2: "},
      {"{\n'workers': 1}", "line 2: "},
      {"{\n\"workers\":\n'1'}", "line 3: "},
      {"{\"workers\": NaN}", "line 1: "},
      {"{\"workers\": 1,\n}", "line 2: "},
      {"{\n\n// no\n}", "line 3: "},
      {"{\"workers\": 01}", "line 1: "},
      {"{} {}", "line 1: "},
      {"{\"workers\": 1\n\"retry\": 1}", "line 2: "},
      {"{\"a\\u0000b\": 1}", "line 1: "},
      {"\xef\xbb\xbf{}", "line 1: "},
      {"{\"name\": \"\n\"}", "line 1: "},
      {"{\n\"name\": \"\xff\"}", "line 2: "},
      {"{\n\"workers\": 1,\n\"workers\": 2}", "line 3: "},
      {"{\"a\": 1,\n\"\\u0061\": 2}", "line 2: "},
      {"{\"endpoints\": [{\"url\": \"http://a/\",\n\"body\": {\"x\": 1,\n\"x\": 1}}]}", "line 3: "},
  };
  for (size_t i = 0; i < COUNT_OF(rows); i++) {
    if (parse_bytes(rows[i].text, strlen(rows[i].text)) != -EINVAL)
      fail_msg("'%s' is not refused", rows[i].text);
    if (strncmp(words_of_error(), rows[i].words, strlen(rows[i].words)) != 0 ||
        !words_of_error()[strlen(rows[i].words)])
      fail_msg("'%s' is refused with '%s', which does not begin with '%s'", rows[i].text, words_of_error(),
               rows[i].words);
  }
}

#define TEN "0123456789"

static void name_that_stands_twice_is_told(void **state)
{
  (void)state;
  static const struct refusal rows[] = {
      {"{\"workers\": 1,\n\"workers\": 2}", "line 2: \"workers\" stands twice in one object"},
      {"{\"a\": 1, \"\\u0061\": 2}", "line 1: \"\\u0061\" stands twice in one object"},
      {"{\"\": 1, \"\": 2}", "line 1: \"\" stands twice in one object"},
      {"{\"a\\\"\": 1, \"a\\\"\": 2}", "line 1: \"a\\\"\" stands twice in one object"},
      {"{\"a\x7f\": 1, \"a\x7f\": 2}", "line 1: \"a?\" stands twice in one object"},
      {"{\"" TEN TEN TEN TEN TEN TEN "\": 1, \"" TEN TEN TEN TEN TEN TEN "\": 2}",
       "line 1: \"" TEN TEN TEN TEN TEN TEN "\" stands twice in one object"},
      {"{\"" TEN TEN TEN TEN TEN "012345678\u00fc\": 1, \"" TEN TEN TEN TEN TEN "012345678\u00fc\": 2}",
       "line 1: \"" TEN TEN TEN TEN TEN "012345678?...\" stands twice in one object"},
  };
  expect_refusals(rows, COUNT_OF(rows));
}

static void nul_is_not_the_end_of_the_text(void **state)
{
  (void)state;
  assert_int_equal(parse_bytes("{}\0{", 4), -EINVAL);
  assert_int_equal(parse_bytes("\0", 1), -EINVAL);
}

static void text_may_be_nested_as_deep_as_json_is_taken_and_no_deeper(void **state)
{
  (void)state;
  static char nested[200100];
  static const struct {
    size_t depth;
    int result;
  } rows[] = {{253, 0}, {254, -EINVAL}, {100000, -EINVAL}}; /* with the file, the list and the endpoint: 256 */
  for (size_t i = 0; i < COUNT_OF(rows); i++) {
    size_t depth = rows[i].depth, size = strlen(strcpy(nested, "{\"endpoints\":[{\"url\":\"http://a/\",\"body\":"));
    memset(nested + size, '[', depth);
    nested[size + depth] = '1';
    memset(nested + size + depth + 1, ']', depth);
    strcpy(nested + size + 2 * depth + 1, "}]}");
    assert_int_equal(parse_bytes(nested, strlen(nested)), rows[i].result);
  }
  assert_string_equal(words_of_error(), "line 1: it is nested more than 256 deep");
}

static void half_of_a_surrogate_pair_is_refused(void **state)
{
  (void)state;
  static const struct refusal rows[] = {
      {"{\n\"endpoints\": [{\"name\": \"\\ud83d\"}]}", "line 2: half of a surrogate pair"},
      {"{\"endpoints\": [{\"name\": \"\\udE00\"}]}", "line 1: half of a surrogate pair"},
      {"{\"\\ud83d\\n\": 1}", "line 1: half of a surrogate pair"},
      {"{\"endpoints\": [{\"name\": \"\\ud83d\\ud83d\"}]}", "line 1: half of a surrogate pair"},
  };
  expect_refusals(rows, COUNT_OF(rows));
  assert_string_equal(parse_endpoint("\"name\": \"\\uD83D\\uDE00\\\\ud83d\\ufffd\"")->name,
                      "\xf0\x9f\x98\x80\\ud83d\xef\xbf\xbd");
}

static void whole_is_an_object(void **state)
{
  (void)state;
  static const char *const texts[] = {"\n[]", "\n1", "\n\"a\"", "\nnull", "\ntrue"};
  for (size_t i = 0; i < COUNT_OF(texts); i++)
    expect_refusal_of(texts[i], strlen(texts[i]), "line 2: it is not an object; write { \"endpoints\": [ ... ] }");
}

/* ---- What is unknown */

static void unknown_key_is_refused_with_what_was_meant(void **state)
{
  (void)state;
  static const struct refusal rows[] = {
      {"{\n\n\"hedge_dealy\": 1}", "line 3: /hedge_dealy: unknown; did you mean hedge_delay?"},
      {"{\"qqqqqqqq\": 1}", "line 1: /qqqqqqqq: unknown; poolsend-config(5) lists what there is"},
      {"{\"\": 1}", "line 1: /: unknown; poolsend-config(5) lists what there is"},
      {"{\"q/q~q\": 1}", "line 1: /q~1q~0q: unknown; poolsend-config(5) lists what there is"},
      {"{\"q\\nline 7: q\": 1}", "line 1: /q?line 7...: unknown; poolsend-config(5) lists what there is"},
      {"{\"endpoints\": [{\"url\": \"http://a/\"},\n{\"URL\": \"http://b/\"}]}",
       "line 2: /endpoints/1/URL: unknown; poolsend-config(5) lists what there is"},
      {"{\"defaults\":\n{\"metod\": 1}}", "line 2: /defaults/metod: unknown; did you mean method?"},
      {"{\"defaults\": {\"headers\":\n{\"A\": {\"evn\": \"B\"}}}}",
       "line 2: /defaults/headers/A/evn: unknown; did you mean env?"},
      {"{\"defaults\": {\"user\": {\"qqqq\": \"B\"}}}", "line 1: /defaults/user/qqqq: unknown; known here: env, file"},
      {"{\"defaults\": {\"success\": {\"qqqq\": \"B\"}}}",
       "line 1: /defaults/success/qqqq: unknown; known here: status, json"},
      {"{\"defaults\": {\n\"url\": \"http://a/\"}}",
       "line 2: /defaults/url: each endpoint has its own; write it there"},
      {"{\"defaults\": {\"name\": \"a\"}}", "line 1: /defaults/name: each endpoint has its own; write it there"},
      {"{\"endpoints\": [\n{\n}]}", "line 2: /endpoints/0: it has no url"},
      {"{\"endpoints\": [\n{\"url\": \"\"}]}", "line 2: /endpoints/0/url: it must begin with http:// or https://"},
      {"{\"endpoints\": [\n{\"url\": \"http://a/{{b}}\"}]}",
       "line 2: /endpoints/0/url: {{b}} is no JSON pointer, which begins with /: write {{/b}}"},
  };
  expect_refusals(rows, COUNT_OF(rows));
}

static void long_name_is_cut_where_it_is_told(void **state)
{
  (void)state;
  char text[2000] = "{\"";
  memset(text + 2, 'q', 1000);
  strcpy(text + 1002, "\": 1}");
  assert_int_equal(parse_bytes(text, strlen(text)), -EINVAL);
  assert_int_equal(strlen(words_of_error()),
                   strlen("line 1: ") + 200 + strlen("...: unknown; poolsend-config(5) lists what there is"));
  for (size_t i = 0; i < 499; i++) /* characters of two bytes, one of which is cut in half */
    memcpy(text + 3 + 2 * i, "\xc3\xbc", 2);
  assert_int_equal(parse_bytes(text, strlen(text)), -EINVAL);
  assert_non_null(strstr(words_of_error(), "\xc3\xbc...: unknown"));
}

/* ---- What is of a wrong type or out of range */

static void value_of_the_top_level_that_cannot_be_is_refused(void **state)
{
  (void)state;
#define TIME_WORDS  "is not a time; write 1, 0.25, 250ms, 1s, 2m or 1h"
#define SIZE_WORDS  "is not a size; write 4096, 64K or 1M"
#define RATE_WORDS  "is not a rate; write 100/s, 30/m, 2/h, 5/d or none, at most 1000000/s"
#define SHARE_WORDS "is not a share; write 10%, 2.5%, up to 100%, or none"
#define LIST_WORDS  "is not a list of statuses (100 to 599); write 401,403 or 400-499"
#define HEDGE_WORDS                                                                                                    \
  "is neither a time nor a percentile; write 1, 0.25, 250ms, 1s, 2m, 1h, none, or p95 for a percentile from p50 to "   \
  "p99.9"
  static const struct refusal rows[] = {
      {"{\"settle\":\n\"5 parsecs\"}", "line 2: /settle: '5 parsecs' " TIME_WORDS},
      {"{\"settle\": -1}", "line 1: /settle: -1 " TIME_WORDS},
      {"{\"settle\": 1e999}", "line 1: /settle: 1e999 " TIME_WORDS},
      {"{\"settle\": 36000001}", "line 1: /settle: 36000001 " TIME_WORDS},
      {"{\"settle\": true}", "line 1: /settle: true " TIME_WORDS},
      {"{\"settle\": null}", "line 1: /settle: null " TIME_WORDS},
      {"{\"settle\": [1]}", "line 1: /settle: an array " TIME_WORDS},
      {"{\"settle\": {\"s\": 1}}", "line 1: /settle: an object " TIME_WORDS},
      {"{\"settle\": \"\"}", "line 1: /settle: '' " TIME_WORDS},
      {"{\"settle\": \"1s\\u0000\"}", "line 1: /settle: it holds a NUL character"},
      {"{\"max_time\": \"-1\"}", "line 1: /max_time: '-1' " TIME_WORDS ", or 0 for no limit"},
      {"{\"hedge_delay\": \"p49\"}", "line 1: /hedge_delay: 'p49' " HEDGE_WORDS},
      {"{\"hedge_delay\": false}", "line 1: /hedge_delay: false " HEDGE_WORDS},
      {"{\"hedge_delay\": -0.5}", "line 1: /hedge_delay: -0.5 " HEDGE_WORDS},
      {"{\"workers\": 0}", "line 1: /workers: 0 is not a whole number from 1 to 100000"},
      {"{\"workers\": 100001}", "line 1: /workers: 100001 is not a whole number from 1 to 100000"},
      {"{\"workers\": 1.5}", "line 1: /workers: 1.5 is not a whole number from 1 to 100000"},
      {"{\"workers\": -1}", "line 1: /workers: -1 is not a whole number from 1 to 100000"},
      {"{\"workers\": \"64\"}", "line 1: /workers: '64' is a string; write a number, without quotes"},
      {"{\"workers\": 4294967297}", "line 1: /workers: 4294967297 is not a whole number from 1 to 100000"},
      {"{\"workers\": 99999999999999999999}",
       "line 1: /workers: 99999999999999999999 is not a whole number from 1 to 100000"},
      {"{\"workers\": 1e999}", "line 1: /workers: 1e999 is not a whole number from 1 to 100000"},
      {"{\"retry\": 1001}", "line 1: /retry: 1001 is not a whole number from 0 to 1000"},
      {"{\"max_pending\": 0}", "line 1: /max_pending: 0 is not a whole number from 1 to 1000000"},
      {"{\"max_body\": -1}", "line 1: /max_body: -1 " SIZE_WORDS},
      {"{\"max_body\": 0.5}", "line 1: /max_body: 0.5 " SIZE_WORDS},
      {"{\"max_body\": 9223372036854775808}", "line 1: /max_body: 9223372036854775808 " SIZE_WORDS},
      {"{\"max_body\": 99999999999999999999}", "line 1: /max_body: 99999999999999999999 " SIZE_WORDS},
      {"{\"max_response\": \"1X\"}", "line 1: /max_response: '1X' " SIZE_WORDS},
      {"{\"max_response\": \"1\\u0000\"}", "line 1: /max_response: it holds a NUL character"},
      {"{\"in_order\": 1}", "line 1: /in_order: 1 is not true or false"},
      {"{\"breaker\": \"false\"}", "line 1: /breaker: 'false' is a string; write true or false, without quotes"},
      {"{\"idempotency_key\": null}", "line 1: /idempotency_key: null is not true or false"},
      {"{\"rate\": 0}", "line 1: /rate: 0 " RATE_WORDS},
      {"{\"rate\": 1e999}", "line 1: /rate: 1e999 " RATE_WORDS},
      {"{\"rate\": \"5/week\"}", "line 1: /rate: '5/week' " RATE_WORDS},
      {"{\"hedge_budget\": 0.1}", "line 1: /hedge_budget: 0.1 " SHARE_WORDS},
      {"{\"hedge_budget\": \"110%\"}", "line 1: /hedge_budget: '110%' " SHARE_WORDS},
      {"{\"fatal_status\": 401}", "line 1: /fatal_status: 401 is not a string; write \"401\""},
      {"{\"fatal_status\": \"401,\"}", "line 1: /fatal_status: '401,' " LIST_WORDS},
      {"{\"fatal_status\": \"\"}", "line 1: /fatal_status: '' " LIST_WORDS},
      {"{\"defaults\": []}", "line 1: /defaults: an array is not an object; write { ... }"},
      {"{\"endpoints\": {}}", "line 1: /endpoints: an object is not an array; write [{\"url\": \"https://...\"}]"},
      {"{\"endpoints\": [\"http://a/\"]}", "line 1: /endpoints/0: 'http://a/' is not an object; write { ... }"},
  };
  expect_refusals(rows, COUNT_OF(rows));
}

static void value_of_an_endpoint_that_cannot_be_is_refused(void **state)
{
  (void)state;
  static const struct refusal rows[] = {
      {"\"name\": 5", "name: 5 is not a string; write \"...\""},
      {"\"name\": \"\"", "name: it is empty"},
      {"\"method\": \"A\\u0000B\"", "method: it holds a NUL character"},
      {"\"method\": \"A\\nB\"", "method: it holds a line break"},
      {"\"user_agent\": \"A\\rB\"", "user_agent: it holds a line break"},
      {"\"insecure\": \"yes\"", "insecure: 'yes' is a string; write true or false, without quotes"},
      {"\"cacert\": \"\"", "cacert: it is empty"},
      {"\"resolve\": \"a:1:2\"", "resolve: 'a:1:2' is not an array; write [\"...\"]"},
      {"\"resolve\": [\"a:1:2\", 7]", "resolve/1: 7 is not a string; write \"...\""},
      {"\"connect_to\": [null]", "connect_to/0: null is not a string; write \"...\""},
      {"\"connect_timeout\": \"soon\"", "connect_timeout: 'soon' is not a time; write 1, 0.25, 250ms, 1s, 2m or 1h"},
      {"\"max_in_flight\": 0", "max_in_flight: 0 is not a whole number from 1 to 100000"},
      {"\"headers\": [\"A: b\"]", "headers: it is not an object; write {\"Name\": \"value\"}"},
      {"\"headers\": {\"A B\": \"c\"}", "headers/A B: a header's name is made of letters, digits and -"},
      {"\"headers\": {\"A:b\": \"c\"}", "headers/A...: a header's name is made of letters, digits and -"},
      {"\"headers\": {\"A;\": \"c\"}", "headers/A...: a header's name is made of letters, digits and -"},
      {"\"headers\": {\"Content-Length\": \"1\"}", "headers/Content-Length: it is set from the "
                                                   "body and cannot be set by hand"},
      {"\"headers\": {\"X-A\": \"1\", \"x-a\": \"2\"}", "headers/x-a: the header is there twice"},
      {"\"headers\": {\"A\": \"b\\r\\nEvil: c\"}", "headers/A: it holds a line break"},
      {"\"headers\": {\"A\": \"b\\u0000\"}", "headers/A: it holds a NUL character"},
      {"\"headers\": {\"A\": 1}", "headers/A: it is neither a string nor an object; write a string, {\"env\": NAME} or "
                                  "{\"file\": PATH}"},
      {"\"headers\": {\"A\": \"{{a}}\"}", "headers/A: {{a}} is no JSON pointer, which begins with /: write {{/a}}"},
      {"\"headers\": {\"A\": \"{{/a\"}",
       "headers/A: a placeholder is not closed: {{ without }} after it; write {{/name}}"},
      {"\"method\": \"A B\"", "method: it must be a word such as POST or PUT, without spaces or line breaks"},
      {"\"body\": {\"{{/a}}\": 1}", "body: a placeholder cannot stand in a member's name, only in its value"},
      {"\"settle\": 1", "settle: it holds for all endpoints together; write it at the top of the file"},
      {"\"user\": null", "user: it is neither a string nor an object; write a string, {\"env\": NAME} or "
                         "{\"file\": PATH}"},
      {"\"user\": \"alone\"", "user: there is no password; write name:password"},
      {"\"user\": {}", "user: it must have either env or file; write a string, {\"env\": NAME} or {\"file\": PATH}"},
      {"\"user\": {\"env\": \"HOME\", \"file\": \"a\"}",
       "user: it must have either env or file; write a string, {\"env\": NAME} or {\"file\": PATH}"},
      {"\"user\": {\"env\": 5}", "user/env: 5 is not a string; write \"...\""},
      {"\"user\": {\"file\": \"\"}", "user/file: it is empty"},
      {"\"success\": 200", "success: 200 is not a string; write \"200\""},
      {"\"success\": \"2xx\"", "success: '2xx' is not a status (100 to 599), a range such as 200-299, or a "
                               "JSON test such as /accepted=true"},
      {"\"success\": {}", "success: it is empty; write {\"status\": \"200-299,409\", \"json\": {\"/accepted\": true}}"},
      {"\"success\": {\"json\": {}}",
       "success: it is empty; write {\"status\": \"200-299,409\", \"json\": {\"/accepted\": true}}"},
      {"\"success\": {\"status\": \"2xx\"}", "success/status: '2xx' is not a list of statuses (100 to 599); write "
                                             "401,403 or 400-499"},
      {"\"success\": {\"json\": [true]}", "success/json: an array is not an object; write {\"/accepted\": true}"},
      {"\"success\": {\"json\": {\"accepted\": true}}",
       "success/json/accepted: it is not a JSON pointer; write \"/accepted\", with ~0 for ~ and ~1 for / in names"},
      {"\"success\": {\"json\": {\"/a~2\": true}}",
       "success/json/~1a~02: it is not a JSON pointer; write \"/accepted\", with ~0 for ~ and ~1 for / in names"},
      {"\"success\": {\"json\": {\"\": true}}",
       "success/json/: it is not a JSON pointer; write \"/accepted\", with ~0 for ~ and ~1 for / in names"},
      {"\"success\": {\"json\": {\"/a=b\": true}}", "success/json/~1a=b: a name with , or = in it cannot be tested"},
  };
  expect_endpoint_refusals(rows, COUNT_OF(rows));
}

/* Each is a mistake of somebody who has a secret in his hands. */
static void refusal_does_not_show_what_may_be_a_secret(void **state)
{
  (void)state;
  static const char *const texts[] = {
      "{\"endpoints\": [\"https://user:hunter2@h/\"]}",
      "{\"endpoints\": \"https://h/?token=hunter2\"}",
      "{\"defaults\": \"token=hunter2\"}",
      "{\"https://user:hunter2@h/\": 1}",
      "{\"defaults\": {\"Authorization: Bearer hunter2\": 1}}",
      "{\"defaults\": {\"headers\": {\"Authorization: hunter2\": null}}}",
      "{\"defaults\": {\"headers\": {\"Cookie: a=hunter2\": null, \"Cookie: a=hunter2\": null}}}",
      "{\"defaults\": {\"headers\": {\"Authorization\": {\"env\": \"Bearer hunter2\"}}}}",
      "{\"defaults\": {\"headers\": {\"Authorization\": {\"value\": \"hunter2\"}}}}",
      "{\"defaults\": {\"headers\": {\"Authorization\": [\"hunter2\"]}}}",
      "{\"defaults\": {\"headers\": {\"Authorization\": \"hunter2\\n\"}}}",
      "{\"defaults\": {\"headers\": [\"Authorization: hunter2\"]}}",
      "{\"defaults\": {\"headers\": \"Authorization: hunter2\"}}",
      "{\"defaults\": {\"user\": \"hunter2\"}}",
      "{\"defaults\": {\"proxy\": \"hunter2\\n\"}}",
      "{\"defaults\": {\"user\": \"hunter2\" \"x\"}}",
  };
  for (size_t i = 0; i < COUNT_OF(texts); i++) {
    assert_int_equal(parse_bytes(texts[i], strlen(texts[i])), -EINVAL);
    if (strstr(words_of_error(), "hunter2"))
      fail_msg("%s is refused with %s", texts[i], words_of_error());
  }
}

static void long_value_is_cut_where_it_is_told(void **state)
{
  (void)state;
  char text[200] = "{\"settle\": \"";
  memset(text + strlen(text), 'x', 100);
  strcat(text, "\"}");
  expect_refusal_of(text, strlen(text),
                    "line 1: /settle: 'xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx...' is not a time; "
                    "write 1, 0.25, 250ms, 1s, 2m or 1h");
}

static void text_longer_than_any_configuration_is_refused(void **state)
{
  (void)state;
  size_t size = (1 << 20) + 1;
  char *text = malloc(size);
  assert_non_null(text);
  memset(text, ' ', size);
  memcpy(text, "{}", 2);
  int result = parse_bytes(text, size);
  free(text);
  assert_int_equal(result, -EINVAL);
  assert_string_equal(words_of_error(), "line 1: it is longer than 1 MiB");
}

static void text_that_is_null_is_refused(void **state)
{
  (void)state;
  config = poolsend_config_new();
  assert_int_equal(poolsend_config_load(config, NULL, 0), -EINVAL);
  assert_string_equal(words_of_error(), "the text of the file is NULL");
}

/* ---- Secrets */

static char path[200];

/* A file with this content; its name is in `path`. */
static void write_file(const char *content, size_t size)
{
  const char *directory = getenv("TMPDIR");
  snprintf(path, sizeof path, "%s/config_test.XXXXXX", directory && *directory ? directory : "/tmp");
  int fd = mkstemp(path);
  assert_true(fd >= 0);
  assert_int_equal(write(fd, content, size), (ssize_t)size);
  close(fd);
}

static int remove_file(void **state)
{
  unlink(path);
  unsetenv("CONFIG_TEST_SECRET");
  return free_file(state);
}

/* `members` with the file's name in place of %s. */
static const struct ps_endpoint_settings *parse_with_path(const char *before, const char *after)
{
  char members[500];
  snprintf(members, sizeof members, "%s\"%s\"%s", before, path, after);
  return parse_endpoint(members);
}

static void expect_path_refusal(const char *before, const char *after, const char *where, const char *words)
{
  char text[800], expected[600];
  snprintf(text, sizeof text, "{\"endpoints\": [{\"url\": \"http://a/\",\n%s\"%s\"%s}]}", before, path, after);
  snprintf(expected, sizeof expected, "line 2: /endpoints/0/%s: %s", where, words);
  for (char *at; (at = strstr(expected, "PATH"));) {
    char rest[600];
    snprintf(rest, sizeof rest, "%s", at + 4);
    snprintf(at, sizeof expected - (size_t)(at - expected), "%s%s", path, rest);
  }
  expect_refusal_of(text, strlen(text), expected);
}

static void secret_comes_from_the_environment(void **state)
{
  (void)state;
  setenv("CONFIG_TEST_SECRET", "alice:hunter2 {{/x}}", 1);
#define SOURCE "{\"env\": \"CONFIG_TEST_SECRET\"}"
  const struct ps_endpoint_settings *e = parse_endpoint("\"headers\": {\"A\": " SOURCE "}, \"user\": " SOURCE
                                                        ", \"oauth2_bearer\": " SOURCE ", \"key_password\": " SOURCE);
  assert_string_equal(e->headers[0], "A: alice:hunter2 {{/x}}");
  assert_int_equal(e->header_template_count, 0);
  assert_string_equal(e->userpwd, "alice:hunter2 {{/x}}");
  assert_string_equal(e->bearer, "alice:hunter2 {{/x}}");
  assert_string_equal(e->key_password, "alice:hunter2 {{/x}}");
  setenv("CONFIG_TEST_SECRET", "http://alice:hunter2@proxy/", 1);
  assert_string_equal(parse_endpoint("\"proxy\": " SOURCE)->proxy, "http://alice:hunter2@proxy/");
}

static void header_that_was_secret_stays_so_whatever_its_value(void **state)
{
  (void)state;
  setenv("CONFIG_TEST_SECRET", "hunter2", 1);
  parse("{\"defaults\": {\"headers\": {\"A\": " SOURCE ", \"B\": " SOURCE ", \"C\": " SOURCE ", \"D\": \"1\"}},"
        " \"endpoints\": [{\"url\": \"http://a/\"}, {\"url\": \"http://b/\", \"headers\":"
        "                 {\"a\": \"2\", \"b\": null, \"d\": " SOURCE ", \"E\": " SOURCE "}}]}");
  const struct ps_endpoint_settings *a = &endpoints[0], *b = &endpoints[1];
  expect_lines(a->secret_headers, a->secret_header_count, (const char *const[]){"A", "B", "C", NULL});
  expect_lines(b->secret_headers, b->secret_header_count, (const char *const[]){"A", "B", "C", "d", "E", NULL});
  assert_int_equal(config->defaults.headers.secrets.count, 3);
}

static void secret_that_the_environment_lacks_is_refused_by_name(void **state)
{
  (void)state;
  static const struct refusal unset[] = {
      {"\"user\": " SOURCE, "user: the environment variable CONFIG_TEST_SECRET is not set"}};
  expect_endpoint_refusals(unset, 1);
  setenv("CONFIG_TEST_SECRET", "", 1);
  static const struct refusal empty[] = {
      {"\"headers\": {\"A\": " SOURCE "}", "headers/A: the environment variable CONFIG_TEST_SECRET is empty"}};
  expect_endpoint_refusals(empty, 1);
}

static void secret_of_the_environment_that_cannot_be_sent_is_refused_unseen(void **state)
{
  (void)state;
  setenv("CONFIG_TEST_SECRET", "hunter2\r\nEvil: yes", 1);
  static const struct refusal rows[] = {
      {"\"headers\": {\"A\": " SOURCE "}", "headers/A: it holds a line break"},
      {"\"oauth2_bearer\": " SOURCE, "oauth2_bearer: it holds a line break"},
  };
  expect_endpoint_refusals(rows, COUNT_OF(rows));
  setenv("CONFIG_TEST_SECRET", "hunter2", 1);
  static const struct refusal alone[] = {{"\"user\": " SOURCE, "user: there is no password; write name:password"}};
  expect_endpoint_refusals(alone, 1);
  setenv("CONFIG_TEST_SECRET", " \t", 1);
  static const struct refusal blank[] = {
      {"\"headers\": {\"A\": " SOURCE "}", "headers/A: there are only spaces in it"}};
  expect_endpoint_refusals(blank, 1);
}

static void secret_comes_from_a_file_without_the_line_break_at_its_end(void **state)
{
  (void)state;
  static const struct {
    const char *content, *secret;
  } rows[] = {{"hunter2", "hunter2"},
              {"hunter2\n", "hunter2"},
              {"hunter2\r\n", "hunter2"},
              {" hunter2 ", " hunter2 "},
              {"{{/x}}\n", "{{/x}}"}};
  for (size_t i = 0; i < COUNT_OF(rows); i++) {
    write_file(rows[i].content, strlen(rows[i].content));
    assert_string_equal(parse_with_path("\"oauth2_bearer\": {\"file\": ", "}")->bearer, rows[i].secret);
    const struct ps_endpoint_settings *e = parse_with_path("\"headers\": {\"A\": {\"file\": ", "}}");
    assert_int_equal(e->header_template_count, 0);
    assert_string_equal(e->headers[0] + 3, rows[i].secret);
    unlink(path);
  }
}

static void secret_of_a_file_that_cannot_be_sent_is_refused_unseen(void **state)
{
  (void)state;
  static const struct {
    const char *content;
    size_t size;
    const char *words;
  } rows[] = {
      {"hunter2\n\n", 9, "it holds a line break"},
      {"hunter2\r", 8, "it holds a line break"},
      {"hunter2\nx\n", 10, "it holds a line break"},
      {"hunter2\0x", 9, "it holds a NUL character"},
      {"", 0, "'PATH' is empty"},
      {"\n", 1, "'PATH' is empty"},
      {"\r\n", 2, "'PATH' is empty"},
  };
  for (size_t i = 0; i < COUNT_OF(rows); i++) {
    write_file(rows[i].content, rows[i].size);
    expect_path_refusal("\"oauth2_bearer\": {\"file\": ", "}", "oauth2_bearer", rows[i].words);
    assert_null(strstr(words_of_error(), "hunter2"));
    unlink(path);
  }
}

static void file_of_a_secret_is_at_most_64_kib_long(void **state)
{
  (void)state;
  static char content[65537];
  memset(content, 'x', sizeof content);
  write_file(content, 65536);
  assert_int_equal(strlen(parse_with_path("\"oauth2_bearer\": {\"file\": ", "}")->bearer), 65536);
  unlink(path);
  write_file(content, 65537);
  expect_path_refusal("\"oauth2_bearer\": {\"file\": ", "}", "oauth2_bearer", "'PATH' is longer than 64 KiB");
}

static void file_of_a_secret_is_closed_again(void **state)
{
  (void)state;
  write_file("hunter2", 7);
  int before = dup(STDERR_FILENO);
  close(before);
  parse_with_path("\"oauth2_bearer\": {\"file\": ", "}");
  int after = dup(STDERR_FILENO);
  close(after);
  assert_true(before >= 0);
  assert_int_equal(after, before);
}

static void file_that_cannot_be_read_is_refused_with_the_reason(void **state)
{
  (void)state;
  write_file("", 0);
  unlink(path);
  expect_path_refusal("\"oauth2_bearer\": {\"file\": ", "}", "oauth2_bearer",
                      "cannot read 'PATH': No such file or directory");
  expect_path_refusal("\"body\": {\"file\": ", "}", "body/file", "cannot read 'PATH': No such file or directory");
  strcpy(path, "/");
  expect_path_refusal("\"headers\": {\"A\": {\"file\": ", "}}", "headers/A", "cannot read 'PATH': Is a directory");
  strcpy(path, "/nonexistent/config_test");
}

static void literal_secret_is_not_shown(void **state)
{
  (void)state;
  static const char *const members[] = {
      "\"user\": \"hunter2\"",
      "\"user\": [\"a:hunter2\"]",
      "\"user\": \"a:hunter2\\n\"",
      "\"oauth2_bearer\": \"hunter2\\u0000\"",
      "\"oauth2_bearer\": [\"hunter2\"]",
      "\"key_password\": {\"env\": {\"hunter2\": 1}, \"x\": 1}",
      "\"proxy\": \"http://a:hunter2\\n@b/\"",
      "\"headers\": {\"Authorization\": \"hunter2\\n\"}",
      "\"headers\": {\"Authorization\": [\"hunter2\"]}",
      "\"headers\": {\"Authorization \": \"hunter2\"}",
      "\"headers\": \"Authorization: hunter2\"",
      "\"headers\": {\"A\": \"b\", \"a\": \"hunter2\"}",
      "\"autorization\": \"hunter2\"",
  };
  for (size_t i = 0; i < COUNT_OF(members); i++) {
    char text[300];
    snprintf(text, sizeof text, "{\"endpoints\": [{\"url\": \"http://a/\", %s}]}", members[i]);
    assert_int_equal(parse_bytes(text, strlen(text)), -EINVAL);
    if (strstr(words_of_error(), "hunter2") || !strstr(words_of_error(), "line 1: /endpoints/0/"))
      fail_msg("%s is refused with '%s'", members[i], words_of_error());
  }
}

/* ---- Templates in files */

static void body_comes_from_a_file(void **state)
{
  (void)state;
  static const char content[] = " \n{ \"to\": \"{{/phone}}\" }\n";
  write_file(content, sizeof content - 1);
  assert_string_equal(parse_with_path("\"body\": {\"file\": ", "}")->body_template, "{ \"to\": \"{{/phone}}\" }");
}

static void body_of_a_file_that_is_not_json_is_refused_with_its_own_line(void **state)
{
  (void)state;
  static const struct refusal rows[] = {
      {"{\n\"a\": 1,\n\"a\": 2}", "'PATH', line 3: \"a\" stands twice in one object"},
      {"{\n}\n\nx", "'PATH', line 4: something follows after the end"},
      {"\n\"\\udc00\"", "'PATH', line 2: half of a surrogate pair"},
      {"", "'PATH', line 1: it ends where a value should stand"},
  };
  for (size_t i = 0; i < COUNT_OF(rows); i++) {
    write_file(rows[i].text, strlen(rows[i].text));
    expect_path_refusal("\"body\": {\"file\": ", "}", "body/file", rows[i].words);
    unlink(path);
  }
}

/* ---- Memory */

/* Each of the allocations fails in its turn, until none is left that could. */
static void memory_that_runs_out_is_told_wherever_it_does(void **state)
{
  (void)state;
  setenv("CONFIG_TEST_SECRET", "a:b", 1);
  write_file("[1]", 3);
  char text[2000];
  snprintf(
      text, sizeof text,
      "{\"defaults\": {\"headers\": {\"A\": \"{{/x}}\", \"B\": " SOURCE "}, \"user\": " SOURCE "},"
      " \"endpoints\": [{\"url\": \"http://a/\", \"resolve\": [\"a:1:2\"], \"body\": [], \"headers\": {\"C\": null},"
      "                  \"success\": {\"status\": \"200\", \"json\": {\"/a\": [1]}}},"
      "                 {\"url\": \"http://b/\", \"body\": {\"file\": \"%s\"}, \"oauth2_bearer\": {\"file\": \"%s\"}}],"
      " \"fatal_status\": \"401\"}",
      path, path);
  long failures = 0;
  for (int result = -ENOMEM; result; failures++) {
    clear();
    config = poolsend_config_new();
    calls_left = failures;
    result = poolsend_config_load(config, text, strlen(text));
    bool ran_out = calls_left < 0;
    calls_left = -1;
    assert_int_equal(result, ran_out ? -ENOMEM : 0);
    assert_int_equal(poolsend_config_failed(config), result);
    assert_string_equal(words_of_error(), ran_out ? "out of memory" : "");
  }
  assert_true(failures > 40);
  assert_string_equal(config->endpoints[0]->own.endpoint.success, "200,/a=[1]");
}

#define SENTENCE(name)  cmocka_unit_test_teardown(name, free_file)
#define WITH_FILE(name) cmocka_unit_test_teardown(name, remove_file)

int main(void)
{
  const struct CMUnitTest tests[] = {
      SENTENCE(empty_object_says_what_no_file_says),
      SENTENCE(every_key_of_the_top_level_is_read),
      SENTENCE(flags_may_be_set_to_what_they_are),
      SENTENCE(zero_lifts_a_limit),
      SENTENCE(hedge_delay_is_a_time_a_percentile_or_none),
      SENTENCE(numbers_are_taken_by_value),
      SENTENCE(every_key_of_an_endpoint_is_read),
      SENTENCE(endpoint_without_more_than_a_url_leaves_all_open),
      SENTENCE(zero_of_an_endpoint_is_not_the_value_at_the_top),
      SENTENCE(key_of_an_endpoint_wins_over_the_default),
      SENTENCE(headers_are_merged_by_name_whatever_their_case),
      SENTENCE(endpoint_may_have_more_templates_than_headers),
      SENTENCE(header_line_has_the_command_lines_spelling),
      SENTENCE(placeholder_makes_a_template),
      SENTENCE(body_is_kept_as_it_is_written),
      SENTENCE(success_is_built_in_the_command_lines_spelling),
      SENTENCE(line_of_each_endpoint_is_told),
      SENTENCE(time_to_read_a_file_grows_with_its_endpoints_and_no_faster),
      SENTENCE(fault_that_a_sender_finds_says_where_its_endpoint_stands),
      SENTENCE(text_that_is_not_json_is_refused_with_its_line),
      SENTENCE(name_that_stands_twice_is_told),
      SENTENCE(nul_is_not_the_end_of_the_text),
      SENTENCE(text_may_be_nested_as_deep_as_json_is_taken_and_no_deeper),
      SENTENCE(half_of_a_surrogate_pair_is_refused),
      SENTENCE(whole_is_an_object),
      SENTENCE(unknown_key_is_refused_with_what_was_meant),
      SENTENCE(long_name_is_cut_where_it_is_told),
      SENTENCE(value_of_the_top_level_that_cannot_be_is_refused),
      SENTENCE(value_of_an_endpoint_that_cannot_be_is_refused),
      SENTENCE(refusal_does_not_show_what_may_be_a_secret),
      SENTENCE(long_value_is_cut_where_it_is_told),
      SENTENCE(text_longer_than_any_configuration_is_refused),
      SENTENCE(text_that_is_null_is_refused),
      WITH_FILE(secret_comes_from_the_environment),
      WITH_FILE(header_that_was_secret_stays_so_whatever_its_value),
      WITH_FILE(secret_that_the_environment_lacks_is_refused_by_name),
      WITH_FILE(secret_of_the_environment_that_cannot_be_sent_is_refused_unseen),
      WITH_FILE(secret_comes_from_a_file_without_the_line_break_at_its_end),
      WITH_FILE(secret_of_a_file_that_cannot_be_sent_is_refused_unseen),
      WITH_FILE(file_of_a_secret_is_at_most_64_kib_long),
      WITH_FILE(file_of_a_secret_is_closed_again),
      WITH_FILE(file_that_cannot_be_read_is_refused_with_the_reason),
      SENTENCE(literal_secret_is_not_shown),
      WITH_FILE(body_comes_from_a_file),
      WITH_FILE(body_of_a_file_that_is_not_json_is_refused_with_its_own_line),
      WITH_FILE(memory_that_runs_out_is_told_wherever_it_does),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
