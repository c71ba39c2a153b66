/* The help: a short one, which fits a screen; that of every option; and that of one. All of it is made from the table
 * of options, and no line is longer than 80 columns. */
#include "base/text.h"
#include "cli/options.h"
#include "options/curl.h"
#include "options/options.h"
#include "options/words.h"

#include <stdio.h>
#include <string.h>

#define SEND   PS_COMMAND_SEND
#define STREAM PS_COMMAND_STREAM

#define WIDTH 80

/* Where the texts beside the options begin. Longer options push them aside, or to a line of their own. */
#define HELP_COLUMN 30
#define GAP         2

/* ---- Text in lines */

/* Prints `text` from column `at` on; further lines begin at `indent`. */
static void print_wrapped(const char *text, int indent, int at)
{
  bool begun = false;
  while (*text) {
    int size = (int)strcspn(text, " ");
    if (begun && at + 1 + size > WIDTH) {
      printf("\n%*s", indent, "");
      at = indent;
      begun = false;
    }
    at += printf("%s%.*s", begun ? " " : "", size, text);
    begun = true;
    text += size;
    text += strspn(text, " ");
  }
  printf("\n");
}

static const char *prefix_of(const struct ps_option *option)
{
  return option->traits & PS_SHOWN_AS_NO ? "no-" : "";
}

/* "-m, --max-time TIME"; without a letter, `margin` blanks stand in its place. How long that is. */
static int print_spelling(const struct ps_option *option, int margin)
{
  int size = option->letter ? printf("-%c, ", option->letter) : printf("%*s", margin, "");
  size += printf("--%s%s", prefix_of(option), option->name);
  return option->argument ? size + printf(" %s", option->argument) : size;
}

static void print_option(const struct ps_option *option)
{
  int at = printf("  ") + print_spelling(option, 4);
  if (at + GAP <= HELP_COLUMN)
    at += printf("%*s", HELP_COLUMN - at, "");
  else if (at + GAP + (int)strlen(option->help) <= WIDTH)
    at += printf("%*s", GAP, "");
  else
    at = printf("\n%*s", HELP_COLUMN, "") - 1;
  print_wrapped(option->help, HELP_COLUMN, at);
}

/* ---- Of commands */

static void print_usage(unsigned commands)
{
  const char *lead = "Usage:";
  if (commands & SEND) {
    printf("%s poolsend [send] [OPTIONS] URL...   one message\n", lead);
    lead = "      ";
  }
  if (commands & STREAM) {
    printf("%s poolsend stream [OPTIONS] URL...   a message a line, from standard input\n", lead);
    lead = "      ";
  }
  printf("%s poolsend help [all|send|stream|OPTION]\n\n", lead);
}

static void print_purpose(void)
{
  print_wrapped(
      "Sends messages through an ordered list of HTTP APIs. One that has not answered within a second, or has "
      "failed, is followed by the next, and not given up. The first that accepts wins; what became of every "
      "other is told too.",
      0, 0);
}

/* Where the help has an option: what only one command has stands with what that command is about. */
static enum ps_group group_of(const struct ps_option *option)
{
  if (option->commands == SEND)
    return PS_GROUP_MESSAGE;
  return option->commands == STREAM ? PS_GROUP_STREAM : option->group;
}

/* The options in `group` of any of these commands, under a title if there are any. */
static void print_group(enum ps_group group, unsigned commands, bool all)
{
  static const char *const titles[PS_GROUPS] = {
      [PS_GROUP_MESSAGE] = "Only poolsend send: the message and its response",
      [PS_GROUP_REQUEST] = "The request (curl's options, with curl's meaning)",
      [PS_GROUP_DELIVERY] = "The delivery",
      [PS_GROUP_STREAM] = "Only poolsend stream: the messages",
      [PS_GROUP_OUTPUT] = "The output",
  };
  bool any = false;
  for (size_t i = 0; i < ps_option_count; i++) {
    const struct ps_option *option = &ps_option_table[i];
    if (group_of(option) != group || !(option->commands & commands) || !(all || option->traits & PS_COMMON))
      continue;
    if (!any)
      printf("\n%s\n", titles[group]);
    any = true;
    print_option(option);
  }
}

static void print_commands(unsigned commands, bool all)
{
  print_usage(commands);
  print_purpose();
  for (enum ps_group group = 0; group < PS_GROUPS; group++)
    print_group(group, commands, all);
  printf("\n");
  print_wrapped("Times: 1, 0.25, 250ms, 1s, 2m, 1h. Sizes: 4096, 64K, 1M. Manual: poolsend(1).", 0, 0);
  print_wrapped(commands & STREAM ? "Exit status: 0 delivered; 1 undelivered, or a line was refused; 2 bad usage; 3 "
                                    "duplicate (--fail-on-duplicate); 4 undelivered, but it may have arrived; 5 local "
                                    "failure; 128 and more: a signal."
                                  : "Exit status: 0 delivered; 1 undelivered; 2 bad usage; 3 duplicate "
                                    "(--fail-on-duplicate); 4 undelivered, but it may have arrived; 5 local failure; "
                                    "128 and more: a signal.",
                0, 0);
}

/* ---- Of one option */

static void print_fact(const char *title, const char *fact)
{
  int indent = printf("%s: ", title);
  print_wrapped(fact, indent, indent);
}

static void print_value(const struct ps_option *option)
{
  const char *value = ps_kind_words[option->kind].value;
  char text[128] = "";
  if (!value)
    return;
  if (option->kind == PS_KIND_COUNT)
    snprintf(text, sizeof text, "%s from %u to %u", value, option->least, option->most);
  else
    snprintf(text, sizeof text, "%s%s", value, option->kind == PS_KIND_CHOICE ? option->argument : "");
  print_fact("Value", text);
}

static void print_commands_of(const struct ps_option *option)
{
  const char *separator = "Commands: ";
  for (size_t i = 0; i < PS_COMMANDS; i++)
    if (option->commands & ps_command_words[i].command) {
      printf("%spoolsend %s", separator, ps_command_words[i].name);
      separator = ", ";
    }
  printf("\n");
}

static void print_home(const struct ps_option *option)
{
  static const char *const places[] = {
      [PS_SCOPE_SENDER] = "at the top",
      [PS_SCOPE_ENDPOINT] = "of an endpoint, in defaults or at the top",
  };
  char room[PS_KEY_SIZE], text[128];
  const char *key = ps_option_key(option, room);
  if (option->commands)
    print_commands_of(option);
  if (option->traits & PS_IN_FILE) {
    snprintf(text, sizeof text, "\"%s\"%s, %s", key, option->traits & PS_SHOWN_AS_NO ? ": false" : "",
             option->traits & PS_OWN ? "of an endpoint" : places[option->scope]);
    print_fact("Configuration file", text);
  } else if (option->traits & PS_BY_NAME) {
    snprintf(text, sizeof text, "poolsend_config_set(config, \"%s\", value)", key);
    print_fact("Library", text);
  }
}

static void print_about(const struct ps_option *option)
{
  char text[1024], key[PS_KEY_SIZE];
  if (option->commands)
    print_spelling(option, 0);
  else
    printf("%s", ps_option_key(option, key));
  printf("\n\n");
  snprintf(text, sizeof text, "%s %s", option->help, option->more ? option->more : "");
  print_wrapped(text, 0, 0);
  printf("\n");
  if (option->kind == PS_KIND_FLAG && option->commands && option->scope != PS_SCOPE_PROGRAM)
    printf("Opposite: --%s%s\n", option->traits & PS_SHOWN_AS_NO ? "" : "no-", option->name);
  print_value(option);
  print_home(option);
}

/* ---- Topics */

/* As its name or its key has it: - and _ are alike. */
static bool spells(const char *word, const char *name)
{
  for (; *word && *name; word++, name++)
    if (*word != *name && !(strchr("-_", *word) && strchr("-_", *name)))
      return false;
  return *word == *name;
}

static bool is_of(const struct ps_option *option, const char *word)
{
  if (option->letter && word[0] == option->letter && !word[1])
    return true;
  if (option->kind == PS_KIND_FLAG && strncmp(word, "no-", 3) == 0 && spells(word + 3, option->name))
    return true;
  return spells(word, option->name) || (option->key && spells(word, option->key));
}

/* What curl has and this program has not is said with the reason. */
static bool refuse(const char *word)
{
  bool is_letter = word[0] && !word[1];
  const char *reason = is_letter ? ps_curl_letter(*word) : ps_curl_option(word, strlen(word));
  if (reason)
    return ps_cli_complain("%s%s is an option of curl's that poolsend has not: %s", is_letter ? "-" : "--", word,
                           reason);
  const char *words[PS_OPTIONS_MAX + PS_COMMANDS + 1] = {"all"};
  size_t count = 1;
  for (size_t i = 0; i < PS_COMMANDS; i++)
    words[count++] = ps_command_words[i].name;
  for (size_t i = 0; i < ps_option_count; i++)
    words[count++] = ps_option_table[i].name;
  const char *nearest = ps_text_nearest(word, words, count);
  int shown = (int)strcspn(word, "=:@?"); /* not a value, or what a URL may hold */
  const char *more = word[shown] ? "..." : "";
  if (nearest)
    return ps_cli_complain("help: '%.*s%s' is no command and no option; did you mean %s?", shown, word, more, nearest);
  return ps_cli_complain("help: '%.*s%s' is no command and no option; 'poolsend help all' shows every option", shown,
                         word, more);
}

bool ps_cli_print_help(unsigned commands, const char *topic)
{
  if (!topic || strcmp(topic, "all") == 0) {
    print_commands(commands, topic != NULL);
    return true;
  }
  if (ps_command_named(topic)) {
    print_commands(ps_command_named(topic), false);
    return true;
  }
  const char *word = topic + (*topic == '-') + (strncmp(topic, "--", 2) == 0);
  for (size_t i = 0; i < ps_option_count; i++)
    if (is_of(&ps_option_table[i], word)) {
      print_about(&ps_option_table[i]);
      return true;
    }
  return refuse(word);
}
