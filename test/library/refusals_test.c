/* Refusals quote what was wrong, which may come from anywhere: whatever it is, the words are one line of UTF-8, without
 * anything that a terminal obeys. Every setting, every kind of message and every place of a configuration file is given
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

static void judge(int result, const struct poolsend_error *error, const char *what)
{
  if (result != -EINVAL)
    return;
  refusals++;
  if (!is_clean_line(error->text))
    fail_msg("%s is refused with '%s', which is not one clean line", what, error->text);
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

#define AT(field)     #field, offsetof(struct ps_endpoint_settings, field)
#define NUMBER(field) .count_at = offsetof(struct ps_endpoint_settings, field)

struct field {
  const char *name;
  size_t at;
  size_t count_at; /* 0: it is no list */
  bool free;       /* any text will do */
};

static const struct field fields[] = {
    {AT(url)},
    {AT(name)},
    {AT(method)},
    {AT(user_agent)},
    {AT(userpwd)},
    {AT(bearer)},
    {AT(cacert)},
    {AT(capath)},
    {AT(cert)},
    {AT(key)},
    {AT(key_password), .free = true},
    {AT(proxy)},
    {AT(noproxy), .free = true},
    {AT(unix_socket), .free = true},
    {AT(body_template)},
    {AT(success)},
    {AT(headers), NUMBER(header_count)},
    {AT(secret_headers), NUMBER(secret_header_count), .free = true},
    {AT(resolve), NUMBER(resolve_count)},
    {AT(connect_to), NUMBER(connect_to_count)},
    {AT(header_templates), NUMBER(header_template_count)},
};

static void make(const struct setup *setup, const char *what)
{
  struct poolsend_sender *sender;
  struct poolsend_error error;
  int result = poolsend_new(&sender, &setup->config, &error);
  judge(result, &error, what);
  poolsend_free(sender);
}

static void set_field(const char *text, void *context)
{
  const struct field *field = context;
  struct setup setup;
  set_up(&setup, "http://127.0.0.1:1/", "http://127.0.0.1:2/", NULL);
  setup.config.workers = 2;
  char *api = (char *)&setup.apis[0];
  const char *const list[] = {text};
  const char *const *items = list;
  const size_t one = 1;
  if (field->count_at) {
    memcpy(api + field->at, &items, sizeof items);
    memcpy(api + field->count_at, &one, sizeof one);
  } else {
    memcpy(api + field->at, &text, sizeof text);
  }
  make(&setup, field->name);
  setup.apis[0].url_template = true;
  make(&setup, field->name);
}

static void set_fatal_status(const char *text, void *context)
{
  struct setup setup;
  (void)context;
  set_up(&setup, "http://127.0.0.1:1/", NULL);
  setup.config.workers = 1;
  setup.config.fatal_status = text;
  make(&setup, "fatal_status");
}

/* A name that is there twice is quoted too. */
static void set_same_names(const char *text, void *context)
{
  struct setup setup;
  (void)context;
  set_up(&setup, "http://127.0.0.1:1/", "http://127.0.0.1:2/", NULL);
  setup.config.workers = 2;
  setup.apis[0].name = setup.apis[1].name = text;
  make(&setup, "the same name");
}

static void settings_are_refused_in_one_clean_line(void **state)
{
  (void)state;
  for (size_t i = 0; i < COUNT_OF(fields); i++) {
    struct field field = fields[i];
    unsigned before = refusals;
    for_each(shapes, COUNT_OF(shapes), set_field, &field);
    if (refusals == before && !field.free)
      fail_msg("no text was refused for %s", field.name);
  }
  for_each(shapes, COUNT_OF(shapes), set_fatal_status, NULL);
  for_each(shapes, COUNT_OF(shapes), set_same_names, NULL);
}

/* ---- Configuration files */

static void parse_file(const char *text, void *context)
{
  struct poolsend_file *file;
  struct poolsend_error error;
  (void)context;
  judge(poolsend_file_parse(&file, text, strlen(text), &error), &error, text);
  poolsend_file_free(file);
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
  struct poolsend_error error;
  snprintf(error.text, sizeof error.text, "%s", poolsend_message_error(message));
  judge(result, &error, what);
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
static void judge_attempt(const struct setup *setup, const char *what)
{
  struct poolsend_sender *sender;
  struct poolsend_report *report;
  const struct poolsend_event *event;
  struct poolsend_message *message AUTOFREE = message_of("m");
  poolsend_message_body(message, "{\"there\":{}}", POOLSEND_TEXT);
  if (poolsend_new(&sender, &setup->config, NULL))
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

/* What is asked for of a message is our user's text too. */
static void ask_for(const char *text, void *context)
{
  struct setup setup;
  const char *const templates[] = {text};
  (void)context;
  set_up(&setup, "http://127.0.0.1:1/", NULL);
  setup.config.workers = 1;
  setup.apis[0].header_templates = templates;
  setup.apis[0].header_template_count = 1;
  judge_attempt(&setup, text);
}

static void connect_to_socket(const char *text, void *context)
{
  struct setup setup;
  (void)context;
  set_up(&setup, "http://127.0.0.1:1/", NULL);
  setup.config.workers = 1;
  setup.apis[0].unix_socket = text;
  judge_attempt(&setup, text);
}

static void attempts_that_cannot_be_made_are_told_in_one_clean_line(void **state)
{
  (void)state;
  static const char *const templates[] = {"X-A: {{/%s}}", "X-A: {{/there/%s}}"}, *const sockets[] = {"/nowhere/%s"};
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
