/* Refusals quote what was wrong, which may come from anywhere: whatever it is, the words are one line of UTF-8, without
 * anything that a terminal obeys. Every option, every kind of message and every place of a configuration file is given
 * such bytes, in shapes that come far enough to be refused for different reasons. */
#include "helpers.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define COUNT_OF(list) (sizeof(list) / sizeof *(list))
#define SHAPE_MAX      4000

static const char *const hostile[] = {
    "x\ny",
    "\r\nX-Evil: 1",
    "\x1b[31mred",
    "\x07\x08\x7f",
    "\x01",
    "\xc2\x9b\x33\x31m",    /* the same as ESC [ in C1 */
    "\xff\xfe",             /* no UTF-8 */
    "\x9b\x33\x31m",        /* no UTF-8, and to some terminals ESC [ */
    "\xe2\x82",             /* cut */
    "\xed\xa0\x80",         /* a surrogate */
    "\xf0\x9f\x98\x80\x1b", /* good, and then not */
    "\t",
    "\\u001b\\n\\u0085\\u0000", /* the same in JSON */
    "\\ud800",
};

/* Longer than words have room, with each kind of byte where they may be cut. */
static char long_hostile[1200];

static void fill(void)
{
  static const char unit[] = "\xf0\x9f\x98\x80\x1b\n\xe2\x82\xac";
  for (size_t i = 0; i < sizeof long_hostile - 1; i++)
    long_hostile[i] = unit[i % (sizeof unit - 1)];
}

#define HOSTILE_COUNT (COUNT_OF(hostile) + 1)

static const char *hostile_text(size_t index)
{
  return index < COUNT_OF(hostile) ? hostile[index] : long_hostile;
}

/* ---- Judging words */

static unsigned refusals;

/* A byte of UTF-8 (RFC 3629), told by its neighbours: how long the sequence at `text` is; 0: it is none. */
static size_t sequence(const unsigned char *text)
{
  size_t size = *text < 0x80 ? 1 : *text < 0xc2 ? 0 : *text < 0xe0 ? 2 : *text < 0xf0 ? 3 : *text < 0xf5 ? 4 : 0;
  for (size_t i = 1; i < size; i++)
    if ((text[i] & 0xc0) != 0x80)
      return 0;
  bool overlong = (*text == 0xe0 && text[1] < 0xa0) || (*text == 0xf0 && text[1] < 0x90);
  bool beyond = (*text == 0xed && text[1] > 0x9f) || (*text == 0xf4 && text[1] > 0x8f);
  return overlong || beyond ? 0 : size;
}

static bool is_clean_line(const char *words)
{
  const unsigned char *at = (const unsigned char *)words;
  for (size_t size; *at; at += size) {
    size = sequence(at);
    if (!size || *at < ' ' || *at == 127 || (*at == 0xc2 && at[1] < 0xa0))
      return false;
  }
  return at > (const unsigned char *)words;
}

static void judge(int result, const char *words, const char *what)
{
  if (result != -EINVAL)
    return;
  refusals++;
  if (!is_clean_line(words))
    fail_msg("%s is refused with '%s', which is not one clean line", what, words);
}

/* `shape` has one %s, or none. */
static void put(char *text, const char *shape, const char *bytes)
{
  const char *place = strstr(shape, "%s");
  size_t before = place ? (size_t)(place - shape) : strlen(shape);
  snprintf(text, SHAPE_MAX, "%.*s%s%s", (int)before, shape, place ? bytes : "", place ? place + 2 : "");
}

/* Every one of `shapes` with every hostile text in it. */
static void for_each(const char *const *shapes, size_t count, void (*attempt)(const char *text, void *context),
                     void *context)
{
  char text[SHAPE_MAX];
  for (size_t shape = 0; shape < count; shape++)
    for (size_t i = 0; i < HOSTILE_COUNT; i++) {
      put(text, shapes[shape], hostile_text(i));
      attempt(text, context);
    }
}

/* ---- Settings */

/* What comes close to something good for one setting or another. */
static const char *const shapes[] = {
    "%s",
    "a%s",
    "%sa",
    "http://a.example/%s",
    "http://a.example/%s/{{/x",
    "http://a.example/{{%s}}",
    "http://a.example/{{/%s}}#{{/b}}",
    "http://a.example/?k=%s#",
    "http://u:%s@a.example:x/",
    "http://a%s.example/",
    "ftp://a%s/",
    "X-A: %s",
    "X-A%s: b",
    "X-A%s",
    "X-A;%s",
    "Content-Length%s: 1",
    "Content-Length: %s",
    "X-A: {{%s}}",
    "X-%s{{/a}}: b",
    "a:80:%s",
    "a:%s:b",
    "a%s:80:b:80",
    "/a%s",
    "/a%s=1",
    "/a~%s=1",
    "/a%s=",
    "/a=[%s,",
    "/a=\"%s\",x",
    "2%s",
    "200,%s",
    "200-%s",
    "/nowhere/%s",
    "{\"a\":\"{{%s}}\"}",
    "{\"a\":\"{{/%s\"}",
    "{\"%s\":1}",
    "{\"%s{{/a}}\":1}",
    "{\"a\":%s}",
    "user%s:password",
    "socks9://%s",
    "https:%s",
};

struct option {
  const char *name;
  bool of_sender;
  bool free; /* any text will do */
};

static const struct option options[] = {
    {"url"},
    {"name"},
    {"method"},
    {"user_agent"},
    {"user"},
    {"oauth2_bearer"},
    {"cacert"},
    {"capath"},
    {"cert"},
    {"key"},
    {"key_password"},
    {"proxy"},
    {"noproxy"},
    {"unix_socket", .free = true},
    {"body"},
    {"success"},
    {"headers"},
    {"secret_headers"},
    {"resolve"},
    {"connect_to"},
    {"hedge_delay"},
    {"connect_timeout"},
    {"attempt_timeout"},
    {"max_in_flight"},
    {"http2"},
    {"settle", .of_sender = true},
    {"max_time", .of_sender = true},
    {"retry", .of_sender = true},
    {"rate", .of_sender = true},
    {"hedge_budget", .of_sender = true},
    {"max_body", .of_sender = true},
    {"fatal_status", .of_sender = true},
    {"events", .of_sender = true},
    {"in_order", .of_sender = true},
};

/* The setup is spent. */
static void make(struct setup *setup, const char *what)
{
  struct poolsend_sender *sender = poolsend_open(setup->config);
  judge(poolsend_config_failed(setup->config), poolsend_config_error(setup->config), what);
  poolsend_free(sender);
  take_down(setup);
}

static void set_option(const char *text, void *context)
{
  const struct option *option = context;
  struct setup setup;
  set_up(&setup, "http://127.0.0.1:1/", "http://127.0.0.1:2/", NULL);
  set(&setup, "workers", "2");
  if (option->of_sender)
    set(&setup, option->name, "%s", text);
  else
    set_api(&setup, 0, option->name, "%s", text);
  make(&setup, option->name);
}

static void set_unknown_option(const char *text, void *context)
{
  struct setup setup;
  (void)context;
  set_up(&setup, "http://127.0.0.1:1/", NULL);
  set(&setup, text, "1");
  make(&setup, "an option");
}

/* A name that is there twice is quoted too. */
static void set_same_names(const char *text, void *context)
{
  struct setup setup;
  (void)context;
  set_up(&setup, "http://127.0.0.1:1/", "http://127.0.0.1:2/", NULL);
  set(&setup, "workers", "2");
  set_api(&setup, 0, "name", "%s", text);
  set_api(&setup, 1, "name", "%s", text);
  make(&setup, "the same name");
}

static void settings_are_refused_in_one_clean_line(void **state)
{
  (void)state;
  for (size_t i = 0; i < COUNT_OF(options); i++) {
    struct option option = options[i];
    unsigned before = refusals;
    for_each(shapes, COUNT_OF(shapes), set_option, &option);
    if (refusals == before && !option.free)
      fail_msg("no text was refused for %s", option.name);
  }
  for_each(shapes, COUNT_OF(shapes), set_unknown_option, NULL);
  for_each(shapes, COUNT_OF(shapes), set_same_names, NULL);
}

/* ---- Configuration files */

static void parse_file(const char *text, void *context)
{
  struct poolsend_config *config = poolsend_config_new();
  (void)context;
  judge(poolsend_config_load(config, text, strlen(text)), poolsend_config_error(config), text);
  poolsend_config_free(config);
}

static void configurations_are_refused_in_one_clean_line(void **state)
{
  (void)state;
  static const char *const keys[] = {"name",          "url",         "method",        "user_agent", "user",
                                     "oauth2_bearer", "cacert",      "cert",          "proxy",      "noproxy",
                                     "unix_socket",   "resolve",     "connect_to",    "headers",    "success",
                                     "body",          "hedge_delay", "max_in_flight", "http2"};
  static const char *const texts[] = {
      "%s",
      "{%s}",
      "{\"%s\":1}",
      "{\"%s\":1,\"%s\":2}",
      "{\"a\":1,\"a\":%s}",
      "{\"workers\":\"%s\"}",
      "{\"workers\":%s}",
      "{\"hedge_delay\":\"%s\"}",
      "{\"hedge_budget\":\"%s\"}",
      "{\"settle\":\"%s\"}",
      "{\"fatal_status\":\"%s\"}",
      "{\"max_body\":\"%s\"}",
      "{\"defaults\":{\"%s\":1}}",
      "{\"defaults\":\"%s\"}",
      "{\"endpoints\":[\"%s\"]}",
      "{\"endpoints\":[{\"%s\":1}]}",
      "{\"endpoints\":[{\"headers\":{\"%s\":\"v\"}}]}",
      "{\"endpoints\":[{\"headers\":{\"X-A\":\"%s\"}}]}",
      "{\"endpoints\":[{\"headers\":{\"X-A\":{\"env\":\"%s\"}}}]}",
      "{\"endpoints\":[{\"headers\":{\"X-A\":{\"file\":\"/nowhere/%s\"}}}]}",
      "{\"endpoints\":[{\"headers\":{\"X-A\":{\"%s\":\"v\"}}}]}",
      "{\"endpoints\":[{\"success\":{\"status\":\"%s\"}}]}",
      "{\"endpoints\":[{\"success\":{\"%s\":1}}]}",
      "{\"endpoints\":[{\"success\":{\"json\":{\"%s\":1}}}]}",
      "{\"endpoints\":[{\"success\":{\"json\":{\"/~%s\":1}}}]}",
      "{\"endpoints\":[{\"success\":\"/a%s\"}]}",
      "{\"endpoints\":[{\"success\":\"/a~%s=1\"}]}",
      "{\"endpoints\":[{\"body\":{\"file\":\"/nowhere/%s\"}}]}",
      "{\"endpoints\":[{\"body\":{\"%s\":\"{{\"}}]}",
      "{\"endpoints\":[{\"body\":{\"a\":\"{{%s}}\"}}]}",
      "{\"endpoints\":[{\"url\":\"http://a.example/{{%s}}\"}]}",
      "{\"endpoints\":[{\"url\":\"ftp://%s\"}]}",
      "{\"endpoints\":[{\"resolve\":[\"%s\"]}]}",
  };
  for_each(texts, COUNT_OF(texts), parse_file, NULL);
  for (size_t i = 0; i < COUNT_OF(keys); i++) {
    char text[100], list[100];
    const char *const both[] = {text, list};
    snprintf(text, sizeof text, "{\"endpoints\":[{\"%s\":\"%%s\"}]}", keys[i]);
    snprintf(list, sizeof list, "{\"endpoints\":[{\"%s\":[\"%%s\"]}]}", keys[i]);
    for_each(both, COUNT_OF(both), parse_file, NULL);
  }
  assert_true(refusals > 0);
}

/* ---- Messages */

/* As judge does, by the words of the message. */
static void judge_message(int result, const struct poolsend_message *message, const char *what)
{
  judge(result, poolsend_message_error(message), what);
}

static void take_message(struct poolsend_sender *sender, struct poolsend_message *message, const char *what)
{
  struct poolsend_preview *preview = NULL;
  judge_message(poolsend_preview_new(sender, 0, message, &preview), message, what);
  poolsend_preview_free(preview);
}

static void parse_message(const char *text, void *context)
{
  struct poolsend_message *message AUTOFREE = message_of(NULL);
  judge_message(poolsend_message_load(message, text, strlen(text)), message, text);
  take_message(context, message, text);
}

static void bring_message(const char *text, void *context)
{
  struct poolsend_message *message AUTOFREE = message_of(text);
  take_message(context, message, "an id");
  poolsend_message_clear(message);
  judge_message(poolsend_message_header(message, text), message, "a message's header");
  take_message(context, message, "a message's header");
  poolsend_message_clear(message);
  judge_message(poolsend_message_part(message, text, "x", 1, false), message, "a part");
  take_message(context, message, "a part");
  poolsend_message_clear(message);
  judge_message(poolsend_message_set(message, text, "x"), message, "an option");
  poolsend_message_clear(message);
  judge_message(poolsend_message_set(message, "json", text), message, "an option's value");
}

static void messages_are_refused_in_one_clean_line(void **state)
{
  (void)state;
  static const char *const texts[] = {
      "%s",
      "{%s",
      "{\"%s\":1}",
      "{\"body\":%s}",
      "{\"body\":\"%s\"}",
      "{\"body_base64\":\"%s\"}",
      "{\"body\":1,\"id\":\"%s\"}",
      "{\"body\":1,\"bodies\":{\"%s\":1}}",
      "{\"body\":1,\"bodies\":{\"%s\":1,\"%s\":2}}",
      "{\"body\":1,\"headers\":{\"%s\":\"v\"}}",
      "{\"body\":1,\"headers\":{\"X-A\":\"%s\"}}",
      "{\"body\":1,\"headers\":{\"X-A\":\"1\",\"x-a\":\"%s\"}}",
  };
  struct poolsend_sender *sender = sender_to("http://127.0.0.1:1/");
  unsigned before = refusals;
  for_each(texts, COUNT_OF(texts), parse_message, sender);
  for_each(shapes, COUNT_OF(shapes), bring_message, sender);
  assert_true(refusals > before);
  poolsend_free(sender);
}

/* ---- Words of an attempt */

/* A message that brings an object, and what became of it where the settings let a sender be made. */
static void judge_attempt(struct setup *setup, const char *what)
{
  struct poolsend_report *report;
  const struct poolsend_event *event;
  struct poolsend_message *message AUTOFREE = message_of("m");
  poolsend_message_body(message, "{\"there\":{}}", POOLSEND_TEXT);
  struct poolsend_sender *sender = poolsend_open(setup->config);
  take_down(setup);
  if (!sender)
    return;
  must(poolsend_deliver(sender, message, PATIENCE, &report) == POOLSEND_UNDELIVERED);
  must(poolsend_report_settled(report, PATIENCE, &event) == 0);
  refusals++;
  if (!is_clean_line(poolsend_attempt_error(poolsend_event_attempt_at(event, 0))))
    fail_msg("'%s' is told with '%s', which is not one clean line", what,
             poolsend_attempt_error(poolsend_event_attempt_at(event, 0)));
  poolsend_report_free(report);
  poolsend_free(sender);
}

/* As a part of a string in JSON. */
static void escape(const char *text, char *escaped)
{
  static const char escapes[] = "\\u%04x";
  for (; *text; text++)
    if ((unsigned char)*text < ' ' || *text == '"' || *text == '\\')
      escaped += sprintf(escaped, escapes, (unsigned)*text);
    else
      *escaped++ = *text;
  *escaped = '\0';
}

/* What is asked for of a message is our user's text too. */
static void ask_for(const char *text, void *context)
{
  char escaped[6 * SHAPE_MAX];
  struct setup setup;
  (void)context;
  escape(text, escaped);
  set_up(&setup, "http://127.0.0.1:1/", NULL);
  set(&setup, "workers", "1");
  set_api(&setup, 0, "headers", "{\"X-A\": \"{{/%.3000s}}\"}", escaped);
  judge_attempt(&setup, text);
}

static void connect_to_socket(const char *text, void *context)
{
  struct setup setup;
  (void)context;
  set_up(&setup, "http://127.0.0.1:1/", NULL);
  set(&setup, "workers", "1");
  set_api(&setup, 0, "unix_socket", "%s", text);
  judge_attempt(&setup, text);
}

static void attempts_that_cannot_be_made_are_told_in_one_clean_line(void **state)
{
  (void)state;
  static const char *const templates[] = {"%s", "there/%s"}, *const sockets[] = {"/nowhere/%s"};
  unsigned before = refusals;
  for_each(templates, COUNT_OF(templates), ask_for, NULL);
  for_each(sockets, COUNT_OF(sockets), connect_to_socket, NULL);
  assert_true(refusals > before);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(settings_are_refused_in_one_clean_line),
      cmocka_unit_test(configurations_are_refused_in_one_clean_line),
      cmocka_unit_test(messages_are_refused_in_one_clean_line),
      cmocka_unit_test(attempts_that_cannot_be_made_are_told_in_one_clean_line),
  };
  fill();
  return cmocka_run_group_tests(tests, NULL, NULL);
}
