/* The table of options: that each is taken by name, from the file and on the command line exactly where its row says,
 * with one meaning; what wins over what; what is said of an error, and what is not. */
#include "cli/options.h"
#include "options/config.h"
#include "options/kinds.h"

#include "failing_memory.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

#define COUNT_OF(list) (sizeof(list) / sizeof *(list))

#define FOR_EACH_OPTION(option)                                                                                        \
  for (const struct ps_option *option = ps_option_table; option < ps_option_table + ps_option_count; option++)

/* ---- A value of each kind */

/* As the command line, the library and the file write one and the same. */
struct sample {
  const char *command, *name, *file;
};

#define TEXT_SAMPLE(text)                                                                                              \
  {                                                                                                                    \
    text, text, "\"" text "\""                                                                                         \
  }

/* Two of each kind, which differ. */
static const struct sample samples[][2] = {
    [PS_KIND_FLAG] = {{"true", "true", "true"}, {"false", "false", "false"}},
    [PS_KIND_TEXT] = {TEXT_SAMPLE("one"), TEXT_SAMPLE("two")},
    [PS_KIND_LINE] = {TEXT_SAMPLE("one"), TEXT_SAMPLE("two")},
    [PS_KIND_SECRET] = {TEXT_SAMPLE("one"), TEXT_SAMPLE("two")},
    [PS_KIND_USER] = {TEXT_SAMPLE("u:one"), TEXT_SAMPLE("u:two")},
    [PS_KIND_METHOD] = {TEXT_SAMPLE("PUT"), TEXT_SAMPLE("PATCH")},
    [PS_KIND_NAME] = {TEXT_SAMPLE("one"), TEXT_SAMPLE("two")},
    [PS_KIND_URL] = {TEXT_SAMPLE("http://one/"), TEXT_SAMPLE("http://two/")},
    [PS_KIND_PROXY] = {TEXT_SAMPLE("http://one/"), TEXT_SAMPLE("http://two/")},
    [PS_KIND_FILE] = {TEXT_SAMPLE("/dev/null"), TEXT_SAMPLE("/dev/zero")},
    [PS_KIND_DIRECTORY] = {TEXT_SAMPLE("/"), TEXT_SAMPLE("/dev")},
    [PS_KIND_ID] = {TEXT_SAMPLE("one"), TEXT_SAMPLE("two")},
    [PS_KIND_COUNT] = {{"7", "7", "7"}, {"9", "9", "9"}},
    [PS_KIND_SIZE] = {TEXT_SAMPLE("64K"), TEXT_SAMPLE("3")},
    [PS_KIND_TIME] = {TEXT_SAMPLE("250ms"), {"2", "2", "2"}},
    [PS_KIND_LIMIT] = {TEXT_SAMPLE("250ms"), {"2", "2", "2"}},
    [PS_KIND_HEDGE_DELAY] = {TEXT_SAMPLE("p95"), {"0.5", "0.5", "0.5"}},
    [PS_KIND_SHARE] = {TEXT_SAMPLE("10%"), TEXT_SAMPLE("2.5%")},
    [PS_KIND_RATE] = {TEXT_SAMPLE("30/m"), {"2", "2", "2"}},
    [PS_KIND_STATUSES] = {TEXT_SAMPLE("401"), TEXT_SAMPLE("403,405-409")},
    [PS_KIND_SUCCESS] = {TEXT_SAMPLE("204"),
                         {"202,/a=1", "{\"status\": \"202\", \"json\": {\"/a\": 1}}",
                          "{\"status\": \"202\", \"json\": {\"/a\": 1}}"}},
    [PS_KIND_CHOICE] = {{"json"}, {"text"}},
    [PS_KIND_EVENTS] = {TEXT_SAMPLE("start"), TEXT_SAMPLE("finish,settled")},
    [PS_KIND_HEADERS] = {{"A: one", "{\"A\": \"one\"}", "{\"A\": \"one\"}"},
                         {"A: two", "{\"A\": \"two\"}", "{\"A\": \"two\"}"}},
    [PS_KIND_NAMES] = {{"A", "[\"A\"]", "[\"A\"]"}, {"B", "B", "[\"B\"]"}},
    [PS_KIND_RESOLVE] = {{"a:1:2", "[\"a:1:2\"]", "[\"a:1:2\"]"}, {"b:1:2", "b:1:2", "[\"b:1:2\"]"}},
    [PS_KIND_CONNECT_TO] = {{"a:1:b:2", "[\"a:1:b:2\"]", "[\"a:1:b:2\"]"}, {":::", ":::", "[\":::\"]"}},
    [PS_KIND_TEMPLATE] = {{NULL, "1", "1"}, {NULL, "{\"a\": \"{{/b}}\"}", "{\"a\": \"{{/b}}\"}"}},
    [PS_KIND_DATA] = {{"one"}, {"two"}},
};

/* Of a row: a choice has words of its own. */
static struct sample sample_of(const struct ps_option *option, int which)
{
  static char words[2][32];
  struct sample sample = samples[option->kind][which];
  if (option->kind != PS_KIND_CHOICE)
    return sample;
  const char *second = strchr(option->argument, '|') + 1;
  snprintf(words[which], sizeof words[which], "%s", second);
  if (which)
    snprintf(words[which], sizeof words[which], "%.*s", (int)(second - 1 - option->argument), option->argument);
  sample.command = words[which];
  return sample;
}

static const void *value_of(const struct ps_options *options, const struct ps_option *option)
{
  return (const char *)options + option->field;
}

static bool same_text(const char *a, const char *b)
{
  return a && b ? strcmp(a, b) == 0 : a == b;
}

static bool same_texts(const struct ps_texts *a, const struct ps_texts *b)
{
  bool same = a->count == b->count;
  for (size_t i = 0; i < a->count && same; i++)
    same = same_text(a->items[i], b->items[i]);
  return same;
}

static bool same_headers(const struct ps_header_lines *a, const struct ps_header_lines *b)
{
  return same_texts(&a->lines, &b->lines) && same_texts(&a->templates, &b->templates) &&
         same_texts(&a->secrets, &b->secrets);
}

static bool same_pieces(const struct ps_pieces *a, const struct ps_pieces *b)
{
  bool same = a->count == b->count;
  for (size_t i = 0; i < a->count && same; i++)
    same = a->items[i].option == b->items[i].option && same_text(a->items[i].text, b->items[i].text);
  return same;
}

static bool same_hedge_delay(const struct ps_hedge_delay *a, const struct ps_hedge_delay *b)
{
  return a->delay == b->delay && a->permille == b->permille;
}

static bool same_value(const struct ps_option *option, const struct ps_options *of_a, const struct ps_options *of_b)
{
  const void *a = value_of(of_a, option), *b = value_of(of_b, option);
  switch (option->kind) {
  case PS_KIND_FLAG:
    return *(const bool *)a == *(const bool *)b;
  case PS_KIND_COUNT:
  case PS_KIND_CHOICE:
  case PS_KIND_EVENTS:
    return *(const unsigned *)a == *(const unsigned *)b;
  case PS_KIND_SIZE:
    return *(const size_t *)a == *(const size_t *)b;
  case PS_KIND_TIME:
  case PS_KIND_LIMIT:
    return *(const poolsend_time *)a == *(const poolsend_time *)b;
  case PS_KIND_SHARE:
  case PS_KIND_RATE:
    return *(const double *)a == *(const double *)b;
  case PS_KIND_HEDGE_DELAY:
    return same_hedge_delay(a, b);
  case PS_KIND_HEADERS:
    return same_headers(a, b);
  case PS_KIND_NAMES:
  case PS_KIND_RESOLVE:
  case PS_KIND_CONNECT_TO:
    return same_texts(a, b);
  case PS_KIND_DATA:
    return same_pieces(a, b);
  default:
    return same_text(*(const char *const *)a, *(const char *const *)b);
  }
}

static const char *key_of(const struct ps_option *option)
{
  static char room[PS_KEY_SIZE];
  return ps_option_key(option, room);
}

static void put(struct ps_options *options, const struct ps_option *option, int which)
{
  struct ps_error error;
  struct sample sample = sample_of(option, which);
  enum ps_option_way way = sample.name ? PS_FROM_NAME : PS_FROM_COMMAND;
  if (ps_options_set(options, option, sample.name ? sample.name : sample.command, way, &error))
    fail_msg("%s: %s", option->name, error.text);
}

static void expect_only(const struct ps_options *options, const struct ps_option *given)
{
  FOR_EACH_OPTION(option)
  if (ps_options_has(options, option) != (option == given))
    fail_msg("%s %s given", option->name, option == given ? "is not" : "is");
}

/* ---- The table */

static void rows_are_told_apart_by_name_key_letter_and_field(void **state)
{
  (void)state;
  FOR_EACH_OPTION(a)
  for (const struct ps_option *b = ps_option_table; b < a; b++) {
    char key[PS_KEY_SIZE];
    assert_string_not_equal(a->name, b->name);
    assert_string_not_equal(key_of(a), ps_option_key(b, key));
    assert_true(!a->letter || a->letter != b->letter);
    assert_true(a->field != b->field || a->kind == PS_KIND_DATA);
  }
}

static void row_has_what_its_kind_wants(void **state)
{
  (void)state;
  FOR_EACH_OPTION(option)
  {
    bool is_flag = option->kind == PS_KIND_FLAG;
    if (!option->argument != is_flag || !option->help || (option->kind == PS_KIND_COUNT && !option->most))
      fail_msg("%s", option->name);
    if (!(option->traits & (PS_IN_FILE | PS_BY_NAME)) && !option->commands)
      fail_msg("%s can be set nowhere", option->name);
    if (option->scope != PS_SCOPE_ENDPOINT && option->traits & PS_OWN)
      fail_msg("%s is nobody's own", option->name);
  }
}

static void option_is_found_by_its_name_and_by_its_key(void **state)
{
  (void)state;
  FOR_EACH_OPTION(option)
  {
    assert_ptr_equal(ps_option_named(option->name, strlen(option->name)), option);
    assert_ptr_equal(ps_option_of_key(key_of(option)), option);
    assert_null(ps_option_named(option->name, strlen(option->name) - 1));
  }
  assert_null(ps_option_of_key("hedge-delay"));
}

static void new_level_has_the_defaults_and_gives_none(void **state)
{
  (void)state;
  struct ps_options level;
  ps_options_init(&level);
  expect_only(&level, NULL);
  assert_int_equal(level.hedge_delay.delay, POOLSEND_S(1));
  assert_int_equal(level.hedge_delay.permille, 0);
  assert_int_equal(level.endpoint.attempt_timeout, POOLSEND_NEVER);
  assert_int_equal(level.endpoint.connect_timeout, 0);
  assert_true(level.sender.hedge_budget < 0);
  assert_int_equal(level.sender.settle, POOLSEND_S(60));
  assert_int_equal(level.sender.answer_wait, POOLSEND_S(60));
  assert_int_equal(level.sender.max_time, POOLSEND_NEVER);
  assert_int_equal(level.sender.retries, 0);
  assert_int_equal(level.sender.retry_delay, 0);
  assert_int_equal(level.sender.retry_max_time, POOLSEND_NEVER);
  assert_int_equal(level.sender.workers, 0);
  assert_int_equal(level.sender.max_pending, 0);
  assert_true(level.sender.breaker && level.sender.requests.idempotency_key && !level.sender.in_order);
  assert_true(level.sender.rate == 0);
  assert_int_equal(level.sender.max_body, 16 << 20);
  assert_int_equal(level.sender.requests.max_response, 1 << 20);
  assert_int_equal(level.sender.events, POOLSEND_EVENT_DELIVERED | POOLSEND_EVENT_SETTLED);
  ps_options_fini(&level);
}

/* ---- Where an option can be set */

static bool has_name(const struct ps_option *option)
{
  return option->traits & (PS_IN_FILE | PS_BY_NAME);
}

static void expect_same(const struct ps_option *option, const struct ps_options *level, int which)
{
  struct ps_options expected;
  ps_options_init(&expected);
  struct ps_error error;
  struct sample sample = sample_of(option, which);
  if (!sample.command) {
    put(&expected, option, which);
  } else if (ps_options_set(&expected, option, sample.command, PS_FROM_COMMAND, &error)) {
    fail_msg("%s: %s", option->name, error.text);
  }
  if (!same_value(option, level, &expected))
    fail_msg("%s has another value", option->name);
  ps_options_fini(&expected);
}

static void by_name(const struct ps_option *option, int which, bool on_endpoint)
{
  struct poolsend_config *config = poolsend_config_new();
  struct poolsend_endpoint *endpoint = poolsend_config_add(config, NULL);
  bool wanted = has_name(option) && (on_endpoint ? option->scope == PS_SCOPE_ENDPOINT : !(option->traits & PS_OWN));
  const char *value = sample_of(option, which).name;
  value = value ? value : "1";
  int result = on_endpoint ? poolsend_endpoint_set(endpoint, key_of(option), value)
                           : poolsend_config_set(config, key_of(option), value);
  if (result != (wanted ? 0 : -EINVAL))
    fail_msg("%s: %d, %s", option->name, result, poolsend_config_error(config));
  expect_only(&config->base, wanted && !on_endpoint ? option : NULL);
  expect_only(&endpoint->own, wanted && on_endpoint ? option : NULL);
  expect_only(&config->defaults, NULL);
  expect_only(&config->command, NULL);
  if (wanted)
    expect_same(option, on_endpoint ? &endpoint->own : &config->base, which);
  poolsend_config_free(config);
}

static void option_can_be_set_by_name_exactly_where_its_row_says(void **state)
{
  (void)state;
  FOR_EACH_OPTION(option)
  for (int which = 0; which < 2; which++) {
    by_name(option, which, false);
    by_name(option, which, true);
  }
}

/* The value in the place of %s. */
static void from_file(const struct ps_option *option, int which, const char *format, bool wanted,
                      const struct ps_options *(*level)(const struct poolsend_config *config))
{
  struct poolsend_config *config = poolsend_config_new();
  const char *value = sample_of(option, which).file;
  char member[200], text[400];
  snprintf(member, sizeof member, "\"%s\": %s", key_of(option), value ? value : "1");
  char *at = stpcpy(text, format), *place = strchr(text, '%');
  memmove(place + strlen(member), place + 1, (size_t)(at - place));
  memcpy(place, member, strlen(member));
  int result = poolsend_config_load(config, text, strlen(text));
  if (result != (wanted ? 0 : -EINVAL))
    fail_msg("%s: %d, %s", text, result, poolsend_config_error(config));
  if (wanted)
    expect_same(option, level(config), which);
  if (wanted && option->kind != PS_KIND_URL && !ps_options_has(level(config), option))
    fail_msg("%s is not given", option->name);
  poolsend_config_free(config);
}

static const struct ps_options *base(const struct poolsend_config *config)
{
  return &config->base;
}

static const struct ps_options *defaults(const struct poolsend_config *config)
{
  return &config->defaults;
}

static const struct ps_options *own(const struct poolsend_config *config)
{
  return &config->endpoints[0]->own;
}

static void option_can_be_set_from_the_file_exactly_where_its_row_says(void **state)
{
  (void)state;
  FOR_EACH_OPTION(option)
  for (int which = 0; which < 2; which++) {
    bool of_file = option->traits & PS_IN_FILE, of_endpoint = option->scope == PS_SCOPE_ENDPOINT;
    bool is_own = option->traits & PS_OWN;
    from_file(option, which, "{%}", of_file && !is_own, base);
    from_file(option, which, "{\"defaults\": {%}}", of_file && of_endpoint && !is_own, defaults);
    from_file(option, which,
              option->kind == PS_KIND_URL ? "{\"endpoints\": [{%}]}" : "{\"endpoints\": [{\"url\": \"http://a/\", %}]}",
              of_file && of_endpoint, own);
  }
}

/* What the program says of a command line goes nowhere meanwhile. */
static int quiet(void)
{
  int kept = dup(STDERR_FILENO), nowhere = open("/dev/null", O_WRONLY);
  assert_true(kept >= 0 && nowhere >= 0);
  dup2(nowhere, STDERR_FILENO);
  close(nowhere);
  return kept;
}

static void loud(int kept)
{
  dup2(kept, STDERR_FILENO);
  close(kept);
}

static bool parse_command(struct ps_cli_settings *settings, enum ps_command command, const char *option,
                          const char *value)
{
  char name[] = "poolsend", words[2][100];
  char *arguments[] = {name, words[0], words[1], NULL};
  snprintf(words[0], sizeof words[0], "%s", option);
  snprintf(words[1], sizeof words[1], "%s", value ? value : "");
  assert_true(ps_cli_settings_init(settings, command));
  int kept = quiet();
  bool done = ps_cli_parse(settings, value ? 3 : 2, arguments);
  loud(kept);
  return done;
}

static char config_path[100];

static int write_config(void **state)
{
  (void)state;
  const char *directory = getenv("TMPDIR");
  snprintf(config_path, sizeof config_path, "%s/options_test.XXXXXX", directory && *directory ? directory : "/tmp");
  int fd = mkstemp(config_path);
  bool written = fd >= 0 && write(fd, "{}", 2) == 2;
  close(fd);
  return written ? 0 : -1;
}

static int remove_config(void **state)
{
  (void)state;
  return unlink(config_path);
}

/* A question is all that is wanted, and an API's URL is kept apart until all are known. */
static bool is_in_level(const struct ps_option *option)
{
  return option->kind != PS_KIND_URL && strcmp(option->name, "help") != 0 && strcmp(option->name, "version") != 0 &&
         strcmp(option->name, "config") != 0;
}

static void on_command_line(const struct ps_option *option, enum ps_command command, int which)
{
  struct ps_cli_settings settings;
  char name[64];
  bool is_flag = option->kind == PS_KIND_FLAG, wanted = option->commands & command;
  const char *value = is_flag ? NULL : sample_of(option, which).command;
  if (strcmp(option->name, "config") == 0)
    value = config_path;
  if (!is_flag && !value)
    value = "1";
  snprintf(name, sizeof name, "--%s%s", is_flag && which ? "no-" : "", option->name);
  bool done = parse_command(&settings, command, name, value);
  if (done != wanted)
    fail_msg("%s %s", name, done ? "is taken" : "is refused");
  if (wanted && is_in_level(option)) {
    assert_true(ps_options_has(&settings.config->command, option));
    expect_same(option, &settings.config->command, which);
  }
  expect_only(&settings.config->base, NULL);
  expect_only(&settings.config->defaults, NULL);
  ps_cli_settings_fini(&settings);
}

static void option_can_be_given_on_the_command_line_exactly_where_its_row_says(void **state)
{
  (void)state;
  FOR_EACH_OPTION(option)
  for (int which = 0; which < 2; which++) {
    on_command_line(option, PS_COMMAND_SEND, which);
    on_command_line(option, PS_COMMAND_STREAM, which);
  }
}

static void letter_stands_for_its_option(void **state)
{
  (void)state;
  FOR_EACH_OPTION(option)
  {
    struct ps_cli_settings settings;
    char letter[] = {'-', option->letter, '\0'};
    enum ps_command command = option->commands & PS_COMMAND_SEND ? PS_COMMAND_SEND : PS_COMMAND_STREAM;
    if (!option->letter || !is_in_level(option))
      continue;
    const char *value = option->kind == PS_KIND_FLAG ? NULL : sample_of(option, 0).command;
    if (!parse_command(&settings, command, letter, value))
      fail_msg("-%c is refused", option->letter);
    assert_true(ps_options_has(&settings.config->command, option));
    expect_same(option, &settings.config->command, 0);
    ps_cli_settings_fini(&settings);
  }
}

/* ---- Merging */

static void merge(struct ps_options *options, const struct ps_options *over)
{
  assert_int_equal(ps_options_merge(options, over), 0);
}

/* Every option but those that take others back. */
static void fill(struct ps_options *options, int which)
{
  ps_options_init(options);
  FOR_EACH_OPTION(option)
  if (!(option->traits & PS_LAST_WINS))
    put(options, option, which);
}

/* What stands in the same set goes with it; to what is a list by name something is added; pieces of the body are one
 * list. */
static void one_over_all(const struct ps_option *given)
{
  struct ps_options all, over, before;
  fill(&all, 0);
  fill(&before, 0);
  ps_options_init(&over);
  put(&over, given, 1);
  merge(&all, &over);
  FOR_EACH_OPTION(option)
  {
    bool is_replaced = option != given && given->replaces_set && option->in_set == given->replaces_set;
    bool was_given = ps_options_has(&before, option);
    if (ps_options_has(&all, option) != (option == given || (was_given && !is_replaced)))
      fail_msg("%s, given by itself, changes what is given of %s", given->name, option->name);
    if (option != given && !is_replaced && !same_value(option, &all, &before) &&
        !(given->kind == PS_KIND_NAMES && option->kind == PS_KIND_HEADERS) &&
        !(given->kind == PS_KIND_DATA && option->kind == PS_KIND_DATA))
      fail_msg("%s, given by itself, changes %s", given->name, option->name);
  }
  if (given->kind != PS_KIND_NAMES && given->kind != PS_KIND_HEADERS && !same_value(given, &all, &over))
    fail_msg("%s is not what was given last", given->name);
  ps_options_fini(&all);
  ps_options_fini(&over);
  ps_options_fini(&before);
}

static void merge_lays_what_was_given_over_the_rest_and_nothing_else(void **state)
{
  (void)state;
  FOR_EACH_OPTION(option)
  one_over_all(option);
}

static void level_of_which_nothing_was_given_changes_nothing(void **state)
{
  (void)state;
  struct ps_options all, before, over;
  fill(&all, 0);
  fill(&before, 0);
  fill(&over, 1);
  memset(over.given, 0, sizeof over.given);
  merge(&all, &over);
  FOR_EACH_OPTION(option)
  if (!same_value(option, &all, &before) || ps_options_has(&all, option) != ps_options_has(&before, option))
    fail_msg("%s", option->name);
  ps_options_fini(&all);
  ps_options_fini(&before);
  ps_options_fini(&over);
}

static void merged_texts_are_copies(void **state)
{
  (void)state;
  struct ps_options options, over;
  fill(&over, 1);
  ps_options_init(&options);
  merge(&options, &over);
  ps_options_fini(&over);
  FOR_EACH_OPTION(option)
  if (!(option->traits & PS_LAST_WINS) && option->kind != PS_KIND_HEADERS && option->kind != PS_KIND_NAMES &&
      option->kind != PS_KIND_DATA)
    expect_same(option, &options, 1);
  ps_options_fini(&options);
}

/* ---- Levels */

enum level { BASE, DEFAULTS, OWN, COMMAND, LEVELS };

/* A configuration of one endpoint, and what becomes of it. */
static struct {
  struct poolsend_config *config;
  struct poolsend_endpoint *endpoint;
  struct ps_config_merged merged;
  struct ps_sender_settings sender;
} made;

static int begin(void **state)
{
  (void)state;
  made.config = poolsend_config_new();
  made.endpoint = poolsend_config_add(made.config, "http://a/");
  return made.endpoint ? 0 : -1;
}

static int end(void **state)
{
  (void)state;
  ps_config_merged_fini(&made.merged);
  poolsend_config_free(made.config);
  memset(&made, 0, sizeof made);
  return 0;
}

static void again(void)
{
  end(NULL);
  assert_int_equal(begin(NULL), 0);
}

static void at(enum level level, const char *key, const char *value)
{
  struct ps_options *const levels[] = {&made.config->base, &made.config->defaults, &made.endpoint->own,
                                       &made.config->command};
  struct ps_error error;
  if (ps_options_set(levels[level], ps_option_of_key(key), value, PS_FROM_NAME, &error))
    fail_msg("%s: %s", key, error.text);
}

static const struct ps_endpoint_settings *settled(void)
{
  ps_config_merged_fini(&made.merged);
  assert_int_equal(ps_config_merge(made.config, &made.merged, &made.sender), 0);
  assert_int_equal(made.sender.endpoint_count, 1);
  return made.sender.endpoints;
}

/* Whichever of the levels say something, the highest of them is heard. */
static void highest_level_that_says_something_wins(void **state)
{
  (void)state;
  static const struct {
    const char *key, *values[LEVELS];
  } rows[] = {{"user_agent", {"0", "1", "2", "3"}},
              {"max_in_flight", {"1", "2", "3", "4"}},
              {"connect_timeout", {"1s", "2s", "3s", "4s"}},
              {"attempt_timeout", {"1s", "2s", "3s", "0"}},
              {"hedge_delay", {"1s", "p90", "none", "0"}},
              {"success", {"200", "201", "202", "203"}},
              {"body", {"1", "2", "3", "4"}},
              {"resolve", {"a:1:2", "b:1:2", "c:1:2", "d:1:2"}}};
  for (size_t i = 0; i < COUNT_OF(rows); i++)
    for (unsigned given = 1; given < 1U << LEVELS; given++) {
      const struct ps_option *option = ps_option_of_key(rows[i].key);
      struct ps_options expected;
      struct ps_error error;
      again();
      int highest = 0;
      for (int level = 0; level < LEVELS; level++)
        if (given >> level & 1)
          at((enum level)(highest = level), rows[i].key, rows[i].values[level]);
      settled();
      ps_options_init(&expected);
      assert_int_equal(ps_options_set(&expected, option, rows[i].values[highest], PS_FROM_NAME, &error), 0);
      if (!same_value(option, &made.merged.endpoints[0], &expected))
        fail_msg("%s at the levels %x", rows[i].key, given);
      ps_options_fini(&expected);
    }
}

static void option_of_one_endpoint_is_nobody_elses(void **state)
{
  (void)state;
  struct poolsend_endpoint *other = poolsend_config_add(made.config, "http://b/");
  assert_int_equal(poolsend_config_set(made.config, "method", "PUT"), 0);
  assert_int_equal(poolsend_endpoint_set(other, "method", "PATCH"), 0);
  assert_int_equal(poolsend_endpoint_set(other, "name", "b"), 0);
  assert_int_equal(ps_config_merge(made.config, &made.merged, &made.sender), 0);
  assert_string_equal(made.sender.endpoints[0].method, "PUT");
  assert_null(made.sender.endpoints[0].name);
  assert_string_equal(made.sender.endpoints[1].method, "PATCH");
  assert_string_equal(made.sender.endpoints[1].name, "b");
}

static void files_that_are_loaded_add_up(void **state)
{
  (void)state;
  static const char first[] =
      "{\"settle\": 1, \"defaults\": {\"method\": \"PUT\"}, \"endpoints\": [{\"url\": \"http://b/\"}]}";
  static const char second[] = "{\"settle\": 2, \"endpoints\": [{\"url\": \"http://c/\"}]}";
  assert_int_equal(poolsend_config_load(made.config, first, strlen(first)), 0);
  assert_int_equal(poolsend_config_load(made.config, second, strlen(second)), 0);
  assert_int_equal(ps_config_merge(made.config, &made.merged, &made.sender), 0);
  assert_int_equal(made.sender.settle, POOLSEND_S(2));
  assert_int_equal(made.sender.endpoint_count, 3);
  for (size_t i = 0; i < 3; i++) {
    assert_int_equal(made.sender.endpoints[i].url[strlen("http://")], 'a' + (int)i);
    assert_string_equal(made.sender.endpoints[i].method, "PUT");
  }
}

/* Not of all of them. */
static void endpoint_that_an_error_is_about_is_told_by_its_place_in_its_file(void **state)
{
  (void)state;
  static const char first[] = "{\"endpoints\": [{\"url\": \"http://b/\"}]}";
  static const char second[] = "{\"endpoints\": [{\"url\": \"http://c/\"},\n{\"url\": \"http://d/\", \"proxy\": "
                               "\"http://\\u00e9%s/\"}]}"; /* a name that is too long */
  static const char place[] = "line 2: /endpoints/1: ";
  assert_int_equal(poolsend_config_load(made.config, first, POOLSEND_TEXT), 0);
  char text[256], name[65] = "";
  memset(name, 'a', sizeof name - 1);
  snprintf(text, sizeof text, second, name);
  assert_int_equal(poolsend_config_load(made.config, text, POOLSEND_TEXT), 0);
  assert_null(poolsend_open(made.config));
  assert_memory_equal(poolsend_config_error(made.config), place, strlen(place));
}

static void list_is_added_to_at_its_level_and_replaced_by_a_higher_one(void **state)
{
  (void)state;
  at(BASE, "resolve", "a:1:2");
  at(BASE, "resolve", "b:1:2");
  at(BASE, "resolve", "[\"c:1:2\"]");
  assert_int_equal(settled()->resolve_count, 3);
  at(OWN, "resolve", "c:1:2");
  assert_int_equal(settled()->resolve_count, 1);
  assert_string_equal(made.sender.endpoints[0].resolve[0], "c:1:2");
}

static void list_that_would_take_long_is_refused(void **state)
{
  (void)state;
  static const char *const rows[][3] = {
      {"resolve", "a:1:2", "resolve: there are more than 1000"},
      {"connect_to", "a:1:b:2", "connect-to: there are more than 1000"},
      {"headers", "A: b", "header: there are more than 1000"},
      {"secret_headers", "A", "secret_headers: there are more than 1000"},
  };
  for (size_t i = 0; i < COUNT_OF(rows); i++) {
    again();
    for (unsigned count = 0; count < 1000; count++)
      assert_int_equal(poolsend_config_set(made.config, rows[i][0], rows[i][1]), 0);
    assert_int_equal(poolsend_config_set(made.config, rows[i][0], rows[i][1]), -EINVAL);
    assert_string_equal(poolsend_config_error(made.config), rows[i][2]);
  }
}

/* ---- Headers */

static void expect_lines(const char *const *lines, size_t count, const char *const *expected)
{
  for (size_t i = 0; i < count; i++) {
    assert_non_null(expected[i]);
    assert_string_equal(lines[i], expected[i]);
  }
  assert_null(expected[count]);
}

#define LINES(...)                                                                                                     \
  (const char *const[])                                                                                                \
  {                                                                                                                    \
    __VA_ARGS__ NULL                                                                                                   \
  }

static void header_takes_the_place_of_those_of_its_name_at_lower_levels(void **state)
{
  (void)state;
  at(BASE, "headers", "{\"A\": \"1\", \"B\": \"1\", \"C\": \"1\", \"D\": \"1\"}");
  at(DEFAULTS, "headers", "{\"b\": \"2\", \"D\": \"{{/d}}\"}");
  at(OWN, "headers", "{\"C\": null, \"E\": \"\"}");
  at(COMMAND, "headers", "d: 4");
  const struct ps_endpoint_settings *e = settled();
  expect_lines(e->headers, e->header_count, LINES("A: 1", "b: 2", "C:", "E;", "d: 4", ));
  assert_int_equal(e->header_template_count, 0);
  again();
  at(BASE, "headers", "{\"A\": \"1\"}");
  at(OWN, "headers", "{\"a\": \"{{/a}}\"}");
  e = settled();
  assert_int_equal(e->header_count, 0);
  expect_lines(e->header_templates, e->header_template_count, LINES("a: {{/a}}", ));
}

static void header_of_a_line_is_added_to_those_of_its_level(void **state)
{
  (void)state;
  at(OWN, "headers", "Cookie: a=1");
  at(OWN, "headers", "Cookie: b=2");
  const struct ps_endpoint_settings *e = settled();
  expect_lines(e->headers, e->header_count, LINES("Cookie: a=1", "Cookie: b=2", ));
}

static void header_that_is_secret_at_one_level_is_so_at_all(void **state)
{
  (void)state;
  at(BASE, "secret_headers", "A");
  at(OWN, "secret_headers", "[\"B\", \"a\"]");
  const struct ps_endpoint_settings *e = settled();
  expect_lines(e->secret_headers, e->secret_header_count, LINES("A", "B", ));
}

static void header_that_is_secret_stays_so_whatever_else_is(void **state)
{
  (void)state;
  setenv("POOLSEND_TEST", "word", 1);
  at(OWN, "headers", "{\"A\": {\"env\": \"POOLSEND_TEST\"}}");
  unsetenv("POOLSEND_TEST");
  at(OWN, "secret_headers", "[\"B\"]");
  at(OWN, "secret_headers", "[\"C\"]");
  const struct ps_endpoint_settings *e = settled();
  expect_lines(e->secret_headers, e->secret_header_count, LINES("A", "B", "C", ));
}

static void credentials_and_a_user_agent_take_their_header_away(void **state)
{
  (void)state;
  at(BASE, "headers", "{\"Authorization\": \"x\", \"User-Agent\": \"y\", \"A\": \"{{/a}}\"}");
  assert_int_equal(settled()->header_count, 2);
  at(DEFAULTS, "user", "a:b");
  const struct ps_endpoint_settings *e = settled();
  expect_lines(e->headers, e->header_count, LINES("User-Agent: y", ));
  at(OWN, "user_agent", "me");
  e = settled();
  assert_int_equal(e->header_count, 0);
  assert_int_equal(e->header_template_count, 1);
  at(OWN, "headers", "{\"Authorization\": \"z\"}"); /* at the same level, or a higher one, the header stands */
  at(OWN, "oauth2_bearer", "t");
  e = settled();
  expect_lines(e->headers, e->header_count, LINES("Authorization: z", ));
}

/* ---- What means something only together */

static void credential_takes_those_of_lower_levels_away(void **state)
{
  (void)state;
  at(BASE, "user", "a:b");
  at(DEFAULTS, "oauth2_bearer", "t");
  assert_null(settled()->userpwd);
  assert_string_equal(made.sender.endpoints[0].bearer, "t");
  at(OWN, "user", "c:d");
  assert_null(settled()->bearer);
  assert_string_equal(made.sender.endpoints[0].userpwd, "c:d");
  at(OWN, "oauth2_bearer", "u");
  assert_string_equal(settled()->bearer, "u");
  assert_string_equal(made.sender.endpoints[0].userpwd, "c:d");
}

static void what_is_trusted_replaces_what_lower_levels_trust(void **state)
{
  (void)state;
  at(BASE, "cacert", "/dev/null");
  at(BASE, "capath", "/");
  assert_string_equal(settled()->cacert, "/dev/null");
  assert_string_equal(made.sender.endpoints[0].capath, "/");
  at(OWN, "capath", "/dev");
  assert_null(settled()->cacert);
  assert_string_equal(made.sender.endpoints[0].capath, "/dev");
}

static void certificate_comes_with_its_own_key_and_password(void **state)
{
  (void)state;
  at(BASE, "cert", "/dev/null");
  at(BASE, "key", "/dev/zero");
  at(BASE, "key_password", "p");
  at(DEFAULTS, "key", "/dev/null"); /* another key for the same certificate */
  const struct ps_endpoint_settings *e = settled();
  assert_string_equal(e->cert, "/dev/null");
  assert_string_equal(e->key, "/dev/null");
  assert_string_equal(e->key_password, "p");
  at(OWN, "cert", "/dev/zero");
  e = settled();
  assert_string_equal(e->cert, "/dev/zero");
  assert_null(e->key);
  assert_null(e->key_password);
}

static void family_that_was_named_last_is_meant(void **state)
{
  (void)state;
  at(OWN, "ipv4", "true");
  at(OWN, "ipv6", "true");
  assert_true(!settled()->ipv4 && made.sender.endpoints[0].ipv6);
  at(OWN, "ipv4", "true");
  assert_true(settled()->ipv4 && !made.sender.endpoints[0].ipv6);
  at(COMMAND, "ipv6", "true");
  assert_true(!settled()->ipv4 && made.sender.endpoints[0].ipv6);
  again();
  at(BASE, "ipv6", "true");
  at(OWN, "ipv6", "false");
  assert_true(!settled()->ipv4 && !made.sender.endpoints[0].ipv6);
}

static void family_that_is_turned_off_says_nothing_of_the_other(void **state)
{
  (void)state;
  at(OWN, "ipv4", "true");
  at(OWN, "ipv6", "false");
  assert_true(settled()->ipv4 && !made.sender.endpoints[0].ipv6);
  at(COMMAND, "ipv6", "false");
  assert_true(settled()->ipv4 && !made.sender.endpoints[0].ipv6);
}

/* Texts in a program are often written over several lines. */
static void json_by_name_may_begin_with_white_space(void **state)
{
  (void)state;
  setenv("POOLSEND_TEST", "name:word", 1);
  at(OWN, "headers", "\n  {\"A\": \"1\"}\n");
  at(OWN, "resolve", " [\"a:1:2\"]");
  at(OWN, "success", "\t{\"status\": \"204\"}");
  at(OWN, "user", "\r\n{\"env\": \"POOLSEND_TEST\"}");
  unsetenv("POOLSEND_TEST");
  const struct ps_endpoint_settings *e = settled();
  expect_lines(e->headers, e->header_count, LINES("A: 1", ));
  assert_string_equal(e->resolve[0], "a:1:2");
  assert_string_equal(e->success, "204");
  assert_string_equal(e->userpwd, "name:word");
}

static void file_may_be_given_as_a_text(void **state)
{
  (void)state;
  assert_int_equal(poolsend_config_load(made.config, "{\"retry\": 3}", POOLSEND_TEXT), 0);
  settled();
  assert_int_equal(made.sender.retries, 3);
}

/* ---- Errors */

static void expect_clean(const struct ps_option *option, const char *words)
{
  if (!*words)
    fail_msg("%s is refused without words", option->name);
  for (const char *c = words; *c; c++)
    if ((unsigned char)*c < ' ' || *c == '\x7f')
      fail_msg("%s is refused with a control character: %s", option->name, words);
}

/* None of them is a value of any kind that can be refused. */
static const char *const nonsense[] = {
    "\x1b[31mhunter2@",       "http://user:hunter2@h:x y/", "{\"Authorization\": {\"value\": \"hunter2\"}}",
    "[\"hunter2\\n\"]",       "Authorization: hunter2\nx",  "\"\xff hunter2=",
    "{\"env\": \"hunter2 \"}"};

static void refusal_is_one_clean_line_that_shows_no_secret(void **state)
{
  (void)state;
  unsigned refused = 0;
  FOR_EACH_OPTION(option)
  {
    bool takes_secrets = (ps_kind_json(option->kind) & PS_JSON_SECRET) || option->kind == PS_KIND_HEADERS;
    bool is_shown = option->kind == PS_KIND_FILE || option->kind == PS_KIND_DIRECTORY ||
                    option->kind == PS_KIND_RESOLVE || option->kind == PS_KIND_CONNECT_TO ||
                    option->kind == PS_KIND_SUCCESS;
    for (size_t i = 0; has_name(option) && i < COUNT_OF(nonsense); i++) {
      again();
      if (!poolsend_endpoint_set(made.endpoint, key_of(option), nonsense[i]))
        continue;
      const char *words = poolsend_config_error(made.config);
      refused++;
      expect_clean(option, words);
      if (strstr(words, "hunter2") && (takes_secrets || (strchr(nonsense[i], '@') && !is_shown)))
        fail_msg("%s", words);
    }
  }
  assert_in_range(refused, 100, 1000);
}

static void secret_that_begins_with_a_brace_is_no_json_by_name(void **state)
{
  (void)state;
  at(OWN, "oauth2_bearer", "{abc}");
  assert_string_equal(settled()->bearer, "{abc}");
  at(OWN, "oauth2_bearer", "{ \"end\": 1 }");
  assert_string_equal(settled()->bearer, "{ \"end\": 1 }");
  again();
  assert_int_equal(poolsend_endpoint_set(made.endpoint, "oauth2_bearer", " { \"env\": \"NOT_SET_HERE\" }"), -EINVAL);
  assert_string_equal(poolsend_config_error(made.config),
                      "oauth2_bearer: the environment variable NOT_SET_HERE is not set");
}

static void refusal_begins_with_the_name_of_the_option_or_of_what_is_wrong(void **state)
{
  (void)state;
  static const struct {
    const char *name, *value, *words;
  } rows[] = {
      {"settle", "5 parsecs", "settle: '5 parsecs' is not a time; write 1, 0.25, 250ms, 1s, 2m or 1h"},
      {"settle", "", "settle: '' is not a time; write 1, 0.25, 250ms, 1s, 2m or 1h"},
      {"settle", "a=b", "settle: the value is not a time; write 1, 0.25, 250ms, 1s, 2m or 1h"},
      {"workers", "0", "workers: '0' is not a whole number from 1 to 100000"},
      {"in_order", "yes", "in_order: 'yes' is not true or false"},
      {"events", "start,stop", "events: 'stop' is none of start, finish, delivered, settled"},
      {"user", "alone", "user: there is no password; write name:password"},
      {"method", "", "method: it is empty"},
      {"headers", "X", "header 'X': write 'Name: value', 'Name:' to remove it, or 'Name;' to send it empty"},
      {"headers", "{\"X\": 1}",
       "headers: /X: it is neither a string nor an object; write a string, {\"env\": NAME} or {\"file\": PATH}"},
      {"headers", "{\"X\": \"{{x}}\"}", "headers: /X: {{x}} is no JSON pointer, which begins with /: write {{/x}}"},
      {"body", "{", "body: it ends before the closing }"},
      {"cacert", "/nonexistent/x", "cacert: '/nonexistent/x': No such file or directory"},
      {"capath", "/dev/null", "capath: '/dev/null': Not a directory"},
      {"url", "http://b/", "url: each endpoint has its own; poolsend_endpoint_set sets it"},
      {"hedge-delay", "1", "'hedge-delay': there is no such option; did you mean hedge_delay?"},
      {"bearer", "x", "'bearer': there is no such option; did you mean oauth2_bearer?"},
      {"qqqqqqqq", "1", "'qqqqqqqq': there is no such option"},
      {"dry_run", "true", "'dry_run': there is no such option"},
      {"settle", NULL, "settle: it is NULL"},
      {NULL, "1", "the name of an option: it is NULL"},
  };
  for (size_t i = 0; i < COUNT_OF(rows); i++) {
    again();
    assert_int_equal(poolsend_config_set(made.config, rows[i].name, rows[i].value), -EINVAL);
    assert_string_equal(poolsend_config_error(made.config), rows[i].words);
  }
  again();
  assert_int_equal(poolsend_endpoint_set(made.endpoint, "settle", "1"), -EINVAL);
  assert_string_equal(poolsend_config_error(made.config),
                      "settle: it holds for all endpoints together; poolsend_config_set sets it");
}

static void first_error_sticks(void **state)
{
  (void)state;
  static const char words[] = "workers: '0' is not a whole number from 1 to 100000";
  assert_string_equal(poolsend_config_error(made.config), "");
  assert_int_equal(poolsend_config_failed(made.config), 0);
  assert_int_equal(poolsend_config_set(made.config, "workers", "0"), -EINVAL);
  assert_int_equal(poolsend_config_set(made.config, "settle", "1s"), -EINVAL);
  assert_int_equal(poolsend_endpoint_set(made.endpoint, "qqqqqqqq", "1"), -EINVAL);
  assert_int_equal(poolsend_config_load(made.config, "{", 1), -EINVAL);
  assert_null(poolsend_config_add(made.config, "http://b/"));
  assert_null(poolsend_open(made.config));
  assert_string_equal(poolsend_config_error(made.config), words);
  assert_int_equal(poolsend_config_failed(made.config), -EINVAL);
  expect_only(&made.config->base, NULL);
  assert_int_equal(made.config->endpoint_count, 1);
}

static void error_of_opening_can_be_mended(void **state)
{
  (void)state;
  struct poolsend_endpoint *other = poolsend_config_add(made.config, NULL);
  assert_null(poolsend_open(made.config));
  assert_int_equal(poolsend_config_failed(made.config), -EINVAL);
  assert_string_equal(poolsend_config_error(made.config), "the endpoint has no URL");
  assert_int_equal(poolsend_endpoint_set(other, "url", "http://b/"), 0);
  assert_int_equal(poolsend_config_failed(made.config), 0);
  assert_string_equal(poolsend_config_error(made.config), "");
  struct poolsend_sender *sender = poolsend_open(made.config);
  assert_non_null(sender);
  poolsend_free(sender);
}

static void configuration_without_endpoints_opens_nothing(void **state)
{
  (void)state;
  struct poolsend_config *config = poolsend_config_new();
  assert_null(poolsend_open(config));
  assert_string_equal(poolsend_config_error(config), "no URL: name at least one API to send to");
  poolsend_config_free(config);
}

static void configuration_that_could_not_be_made_is_taken_by_every_function(void **state)
{
  (void)state;
  calls_left = 0;
  struct poolsend_config *config = poolsend_config_new();
  calls_left = -1;
  assert_null(config);
  assert_int_equal(poolsend_config_set(config, "settle", "1"), -ENOMEM);
  assert_int_equal(poolsend_config_load(config, "{}", 2), -ENOMEM);
  struct poolsend_endpoint *endpoint = poolsend_config_add(config, "http://a/");
  assert_null(endpoint);
  assert_int_equal(poolsend_endpoint_set(endpoint, "name", "a"), -ENOMEM);
  poolsend_config_pool(config, NULL);
  poolsend_config_on_event(config, NULL, NULL);
  poolsend_config_trace(config, NULL, NULL);
  assert_string_equal(poolsend_config_error(config), "out of memory");
  assert_int_equal(poolsend_config_failed(config), -ENOMEM);
  assert_null(poolsend_open(config));
  poolsend_config_free(config);
}

static void texts_are_copied(void **state)
{
  (void)state;
  char name[] = "user_agent", value[] = "me", url[] = "http://b/";
  assert_int_equal(poolsend_config_set(made.config, name, value), 0);
  assert_non_null(poolsend_config_add(made.config, url));
  memset(name, 'x', sizeof name - 1);
  memset(value, 'x', sizeof value - 1);
  memset(url, 'x', sizeof url - 1);
  assert_string_equal(made.config->base.endpoint.user_agent, "me");
  assert_string_equal(made.config->endpoints[1]->own.endpoint.url, "http://b/");
}

/* ---- Memory */

static int set_all(void)
{
  int result = begin(NULL) ? -ENOMEM : 0;
  FOR_EACH_OPTION(option)
  if (!result && has_name(option) && !(option->traits & PS_OWN))
    result = poolsend_config_set(made.config, key_of(option), sample_of(option, 1).name);
  if (!result)
    result = poolsend_endpoint_set(made.endpoint, "headers", "{\"B\": \"{{/b}}\"}");
  return result ? result : ps_config_merge(made.config, &made.merged, &made.sender);
}

/* Each of the allocations fails in its turn, until none is left that could. */
static void memory_that_runs_out_is_told_wherever_it_does(void **state)
{
  long failures = 0;
  for (int result = -ENOMEM; result; failures++) {
    end(state);
    calls_left = failures;
    result = set_all();
    bool ran_out = calls_left < 0;
    calls_left = -1;
    assert_int_equal(result, ran_out ? -ENOMEM : 0);
    if (made.config && poolsend_config_failed(made.config))
      assert_string_equal(poolsend_config_error(made.config), "out of memory");
  }
  assert_true(failures > 100);
  assert_string_equal(made.sender.endpoints[0].user_agent, "two");
}

static void sender_for_which_memory_runs_out_can_be_opened_later(void **state)
{
  (void)state;
  struct poolsend_sender *sender = NULL;
  long failures = 0;
  for (; !sender; failures++) {
    calls_left = failures;
    sender = poolsend_open(made.config);
    calls_left = -1;
    int failed = poolsend_config_failed(made.config); /* a thread that cannot be made is -EAGAIN */
    assert_true(sender ? failed == 0 : failed == -ENOMEM || failed == -EAGAIN);
    assert_true(!*poolsend_config_error(made.config) == !failed);
  }
  poolsend_free(sender);
  assert_true(failures > 20);
}

#define SENTENCE(name)    cmocka_unit_test(name)
#define WITH_CONFIG(name) cmocka_unit_test_setup_teardown(name, begin, end)

int main(void)
{
  const struct CMUnitTest tests[] = {
      SENTENCE(rows_are_told_apart_by_name_key_letter_and_field),
      SENTENCE(row_has_what_its_kind_wants),
      SENTENCE(option_is_found_by_its_name_and_by_its_key),
      SENTENCE(new_level_has_the_defaults_and_gives_none),
      SENTENCE(option_can_be_set_by_name_exactly_where_its_row_says),
      SENTENCE(option_can_be_set_from_the_file_exactly_where_its_row_says),
      cmocka_unit_test_setup_teardown(option_can_be_given_on_the_command_line_exactly_where_its_row_says, write_config,
                                      remove_config),
      SENTENCE(letter_stands_for_its_option),
      SENTENCE(merge_lays_what_was_given_over_the_rest_and_nothing_else),
      SENTENCE(level_of_which_nothing_was_given_changes_nothing),
      SENTENCE(merged_texts_are_copies),
      WITH_CONFIG(highest_level_that_says_something_wins),
      WITH_CONFIG(option_of_one_endpoint_is_nobody_elses),
      WITH_CONFIG(files_that_are_loaded_add_up),
      WITH_CONFIG(endpoint_that_an_error_is_about_is_told_by_its_place_in_its_file),
      WITH_CONFIG(list_is_added_to_at_its_level_and_replaced_by_a_higher_one),
      WITH_CONFIG(list_that_would_take_long_is_refused),
      WITH_CONFIG(header_takes_the_place_of_those_of_its_name_at_lower_levels),
      WITH_CONFIG(header_of_a_line_is_added_to_those_of_its_level),
      WITH_CONFIG(header_that_is_secret_at_one_level_is_so_at_all),
      WITH_CONFIG(header_that_is_secret_stays_so_whatever_else_is),
      WITH_CONFIG(credentials_and_a_user_agent_take_their_header_away),
      WITH_CONFIG(credential_takes_those_of_lower_levels_away),
      WITH_CONFIG(what_is_trusted_replaces_what_lower_levels_trust),
      WITH_CONFIG(certificate_comes_with_its_own_key_and_password),
      WITH_CONFIG(family_that_was_named_last_is_meant),
      WITH_CONFIG(secret_that_begins_with_a_brace_is_no_json_by_name),
      WITH_CONFIG(family_that_is_turned_off_says_nothing_of_the_other),
      WITH_CONFIG(json_by_name_may_begin_with_white_space),
      WITH_CONFIG(file_may_be_given_as_a_text),
      WITH_CONFIG(refusal_is_one_clean_line_that_shows_no_secret),
      WITH_CONFIG(refusal_begins_with_the_name_of_the_option_or_of_what_is_wrong),
      WITH_CONFIG(first_error_sticks),
      WITH_CONFIG(error_of_opening_can_be_mended),
      SENTENCE(configuration_without_endpoints_opens_nothing),
      SENTENCE(configuration_that_could_not_be_made_is_taken_by_every_function),
      WITH_CONFIG(texts_are_copied),
      WITH_CONFIG(memory_that_runs_out_is_told_wherever_it_does),
      WITH_CONFIG(sender_for_which_memory_runs_out_can_be_opened_later),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
