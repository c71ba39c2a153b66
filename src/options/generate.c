/* Makes what is made of the table of options: manual pages, the schema of the configuration file, completions. It is run
 * when the program is built, on the machine that builds it, and knows nothing but the table and the words for its kinds.
 *
 *     generate TEMPLATE OUTPUT
 *
 * A line of the template that is "@WORD argument@", with blanks before it and a comma or nothing behind it, stands for
 * text, to which both are given; all other lines are copied. */
#include "options/table.h"
#include "options/words.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SEND   PS_COMMAND_SEND
#define STREAM PS_COMMAND_STREAM
#define BOTH   (SEND | STREAM)

/* A line of a manual page, and of a list in a completion. */
#define LINE_MAX_SIZE 78

static const struct ps_kind_words *words_of(const struct ps_option *option)
{
  return &ps_kind_words[option->kind];
}

static const char *prefix_of(const struct ps_option *option)
{
  return option->traits & PS_SHOWN_AS_NO ? "no-" : "";
}

static void put_key(FILE *out, const struct ps_option *option)
{
  for (const char *at = option->key ? option->key : option->name; *at; at++)
    fputc(*at == '-' ? '_' : *at, out);
}

/* What is said of an option, or of its key in the file, which may be said in other words. */
struct saying {
  char text[1024];
};

static struct saying say_option(const struct ps_option *option)
{
  struct saying said;
  snprintf(said.text, sizeof said.text, "%s%s%s", option->help, option->more ? " " : "",
           option->more ? option->more : "");
  return said;
}

static struct saying say_key(const struct ps_option *option)
{
  struct saying said = say_option(option);
  if (option->key_help)
    snprintf(said.text, sizeof said.text, "%s", option->key_help);
  if (!(option->traits & PS_SHOWN_AS_NO))
    return said;
  struct saying of_false; /* the help is that of --no-X */
  snprintf(of_false.text, sizeof of_false.text, "false: %c%.1000s", said.text[0] | 0x20, said.text + 1);
  return of_false;
}

/* What its value is, in these words, with the range of a number. */
static struct saying say_value(const struct ps_option *option, const char *value)
{
  struct saying said;
  if (option->kind == PS_KIND_COUNT)
    snprintf(said.text, sizeof said.text, "The value is %s from %u to %u.", value, option->least, option->most);
  else if (option->kind == PS_KIND_CHOICE)
    snprintf(said.text, sizeof said.text, "The value is %s%s.", value, option->argument);
  else
    snprintf(said.text, sizeof said.text, "The value is %s.", value);
  return said;
}

/* Times and sizes are explained once for all, and what a path or a text is need not be told. */
static bool explains_value(const struct ps_option *option)
{
  switch (option->kind) {
  case PS_KIND_ID:
  case PS_KIND_PROXY:
  case PS_KIND_COUNT:
  case PS_KIND_SHARE:
  case PS_KIND_RATE:
  case PS_KIND_STATUSES:
  case PS_KIND_EVENTS:
    return true;
  default:
    return false;
  }
}

/* ---- Manual pages, in mdoc(7) */

/* The end of a sentence: a blank stands for the end of its line. */
static bool ends_sentence(const char *text, const char *at)
{
  return at > text + 1 && at[-1] == '.' && at[-2] != ' ' && at[-2] != '.';
}

/* Writes a word so that nothing in it is markup. A hyphen that is no hyphen but part of an option is a minus. */
static int put_word(FILE *out, const char *word, size_t size, bool first)
{
  int written = first && strchr(".'", *word) ? fprintf(out, "\\&") : 0;
  for (size_t i = 0; i < size; i++) {
    static const char escaped[] = "\\'`~^";
    static const char *const escapes[] = {"\\e", "\\(aq", "\\(ga", "\\(ti", "\\(ha"};
    const char *found = strchr(escaped, word[i]);
    bool is_minus = word[i] == '-' && (i == 0 || word[i - 1] == '-' || word[i + 1] == '-');
    if (found)
      written += fprintf(out, "%s", escapes[found - escaped]);
    else
      written += fprintf(out, "%s%c", is_minus ? "\\" : "", word[i]);
  }
  return written;
}

/* Each sentence begins a line, as mdoc wants it. */
static void put_text(FILE *out, const char *text)
{
  int at = 0;
  for (const char *word = text; *word;) {
    size_t size = strcspn(word, " ");
    if (at && (ends_sentence(text, word - 1) || at + 1 + (int)size > LINE_MAX_SIZE)) {
      fputc('\n', out);
      at = 0;
    }
    if (at)
      at += fprintf(out, " ");
    at += put_word(out, word, size, at == 0);
    word += size + (word[size] == ' ');
  }
  fputc('\n', out);
}

static bool in_group(const struct ps_option *option, enum ps_group group)
{
  return option->commands && option->group == group;
}

/* The one command that has all options of a group; 0: there is none. */
static unsigned command_of(enum ps_group group)
{
  unsigned command = BOTH;
  for (size_t i = 0; i < ps_option_count; i++)
    if (in_group(&ps_option_table[i], group))
      command &= ps_option_table[i].commands == BOTH ? 0 : ps_option_table[i].commands;
  return command == BOTH ? 0 : command;
}

static void put_command(FILE *out, const char *begin, unsigned command)
{
  fprintf(out, "%s\n.Nm Cm %s\nalone.\n", begin, command == SEND ? "send" : "stream");
}

static bool make_options(FILE *out, const char *argument)
{
  static const char *const groups[PS_GROUPS] = {
      [PS_GROUP_MESSAGE] = "message", [PS_GROUP_REQUEST] = "request", [PS_GROUP_DELIVERY] = "delivery",
      [PS_GROUP_STREAM] = "stream",   [PS_GROUP_OUTPUT] = "output",
  };
  enum ps_group group = 0;
  while (group < PS_GROUPS && strcmp(groups[group], argument) != 0)
    group++;
  unsigned command = group < PS_GROUPS ? command_of(group) : 0;
  if (command)
    put_command(out, "These options are for", command);
  fprintf(out, ".Bl -tag -width Ds\n");
  for (size_t i = 0; i < ps_option_count; i++) {
    const struct ps_option *option = &ps_option_table[i];
    if (!in_group(option, group))
      continue;
    fprintf(out, ".It ");
    if (option->letter)
      fprintf(out, "Fl %c , ", option->letter);
    fprintf(out, "Fl Fl %s%s", prefix_of(option), option->name);
    fprintf(out, option->argument ? " Ar %s\n" : "\n", option->argument);
    put_text(out, say_option(option).text);
    if (explains_value(option))
      put_text(out, say_value(option, words_of(option)->value).text);
    if (!command && option->commands != BOTH)
      put_command(out, "For", option->commands);
  }
  fprintf(out, ".El\n");
  return group < PS_GROUPS;
}

static bool is_key_of(const struct ps_option *option, enum ps_scope scope)
{
  return option->traits & PS_IN_FILE && option->scope == scope;
}

static bool make_keys(FILE *out, const char *argument)
{
  enum ps_scope scope = strcmp(argument, "sender") == 0 ? PS_SCOPE_SENDER : PS_SCOPE_ENDPOINT;
  fprintf(out, ".Bl -tag -width Ds\n");
  for (size_t i = 0; i < ps_option_count; i++) {
    const struct ps_option *option = &ps_option_table[i];
    if (!is_key_of(option, scope))
      continue;
    fprintf(out, ".It Ic ");
    put_key(out, option);
    fprintf(out, "\n");
    put_text(out, say_key(option).text);
    put_text(out, say_value(option, words_of(option)->in_file).text);
  }
  fprintf(out, ".El\n");
  return scope == PS_SCOPE_SENDER || strcmp(argument, "endpoint") == 0;
}

/* ---- The schema */

static void put_json(FILE *out, const char *text)
{
  fputc('"', out);
  for (; *text; text++)
    fprintf(out, strchr("\"\\", *text) ? "\\%c" : "%c", *text);
  fputc('"', out);
}

/* "one|other" as an enumeration. */
static void put_choices(FILE *out, const char *choices)
{
  fprintf(out, "\"enum\": [\"");
  for (; *choices; choices++)
    fprintf(out, *choices == '|' ? "\", \"" : "%c", *choices);
  fprintf(out, "\"]");
}

/* What a value has to be. A text that may be empty has a definition of its own. */
static void put_type(FILE *out, const struct ps_option *option)
{
  const char *definition = words_of(option)->definition;
  if (definition && strcmp(definition, "text") == 0 && option->traits & PS_NOT_EMPTY)
    definition = "some_text";
  if (definition)
    fprintf(out, "\"$ref\": \"#/definitions/%s\"", definition);
  else if (option->kind == PS_KIND_COUNT)
    fprintf(out, "\"type\": \"integer\", \"minimum\": %u, \"maximum\": %u", option->least, option->most);
  else if (option->kind == PS_KIND_CHOICE)
    put_choices(out, option->argument);
  else
    fprintf(out, "\"type\": \"boolean\"");
}

/* `defaults`: what every endpoint may have and more than one can share. */
static bool make_properties(FILE *out, const char *argument)
{
  bool defaults = strcmp(argument, "defaults") == 0;
  enum ps_scope scope = strcmp(argument, "sender") == 0 ? PS_SCOPE_SENDER : PS_SCOPE_ENDPOINT;
  const char *separator = "";
  for (size_t i = 0; i < ps_option_count; i++) {
    const struct ps_option *option = &ps_option_table[i];
    if (!is_key_of(option, scope) || (defaults && option->traits & PS_OWN))
      continue;
    fprintf(out, "%s\"", separator);
    put_key(out, option);
    if (defaults) {
      fprintf(out, "\": { \"$ref\": \"#/definitions/endpoint/properties/");
      put_key(out, option);
      fprintf(out, "\" }");
    } else {
      fprintf(out, "\": { \"description\": ");
      put_json(out, say_key(option).text);
      fprintf(out, ", ");
      put_type(out, option);
      fprintf(out, " }");
    }
    separator = ",\n";
  }
  fprintf(out, "\n");
  return defaults || scope == PS_SCOPE_SENDER || strcmp(argument, "endpoint") == 0;
}

/* ---- Completions */

/* A flag has two spellings, but for those that ask for something once. */
static bool has_opposite(const struct ps_option *option)
{
  return option->kind == PS_KIND_FLAG && option->scope != PS_SCOPE_PROGRAM;
}

static enum ps_offer offer_of(const struct ps_option *option)
{
  enum ps_offer offer = words_of(option)->offer;
  bool has_file = option->argument && strstr(option->argument, "@FILE");
  return offer == PS_OFFER_FILES_BEHIND_AT && !has_file ? PS_OFFER_NOTHING : offer;
}

/* The words that may be its value, with blanks between them. */
static struct saying choices_of(const struct ps_option *option)
{
  struct saying said;
  const char *offered = words_of(option)->offered;
  snprintf(said.text, sizeof said.text, "%s", offered ? offered : option->argument);
  for (char *at = said.text; (at = strchr(at, '|'));)
    *at = ' ';
  return said;
}

/* One of a list of words, in lines. */
static void put_listed(FILE *out, int *at, const char *prefix, const char *word)
{
  int size = (int)(strlen(prefix) + strlen(word));
  if (*at && *at + 1 + size > LINE_MAX_SIZE) {
    fprintf(out, "\n");
    *at = 0;
  }
  *at += fprintf(out, "%s%s%s", *at ? " " : "", prefix, word);
}

/* All options of a command. */
static bool make_longs(FILE *out, const char *argument)
{
  int at = 0;
  unsigned command = ps_command_named(argument);
  for (size_t i = 0; i < ps_option_count; i++) {
    const struct ps_option *option = &ps_option_table[i];
    if (!(option->commands & command))
      continue;
    put_listed(out, &at, "--", option->name);
    if (has_opposite(option))
      put_listed(out, &at, "--no-", option->name);
  }
  fprintf(out, "\n");
  return command != 0;
}

/* What help can be had about. */
static bool make_topics(FILE *out, const char *argument)
{
  int at = 0;
  put_listed(out, &at, "", "all");
  for (size_t i = 0; i < PS_COMMANDS; i++)
    put_listed(out, &at, "", ps_command_words[i].name);
  for (size_t i = 0; i < ps_option_count; i++)
    put_listed(out, &at, "", ps_option_table[i].name);
  fprintf(out, "\n");
  return strcmp(argument, "all") == 0;
}

/* bash: for each option with a value, a branch that offers what the value may be. */
static bool make_bash(FILE *out, const char *argument)
{
  static const char *const functions[] = {
      [PS_OFFER_NOTHING] = "",
      [PS_OFFER_FILES] = "_poolsend_files \"$current\"",
      [PS_OFFER_DIRECTORIES] = "_poolsend_directories \"$current\"",
      [PS_OFFER_FILES_BEHIND_AT] = "_poolsend_files_behind_at \"$current\"",
  };
  for (size_t i = 0; i < ps_option_count; i++) {
    const struct ps_option *option = &ps_option_table[i];
    if (!option->commands || !option->argument)
      continue;
    enum ps_offer offer = offer_of(option);
    if (option->letter)
      fprintf(out, "-%c | ", option->letter);
    fprintf(out, "--%s) ", option->name);
    if (offer == PS_OFFER_WORDS)
      fprintf(out, "%s \"$current\" %s ;;\n", option->kind == PS_KIND_EVENTS ? "_poolsend_list" : "_poolsend_words",
              choices_of(option).text);
    else
      fprintf(out, "%s%s;;\n", functions[offer], *functions[offer] ? " " : "");
  }
  return strcmp(argument, "values") == 0;
}

/* Within single quotes of a shell, where `escaped` get a backslash before them. */
static void put_quoted(FILE *out, const char *text, const char *escaped, const char *quote)
{
  for (; *text; text++) {
    if (*text == '\'')
      fprintf(out, "%s", quote);
    else
      fprintf(out, strchr(escaped, *text) ? "\\%c" : "%c", *text);
  }
}

static void put_zsh_value(FILE *out, const struct ps_option *option)
{
  static const char *const actions[] = {
      [PS_OFFER_NOTHING] = " ",
      [PS_OFFER_FILES] = "_files",
      [PS_OFFER_DIRECTORIES] = "_files -/",
      [PS_OFFER_FILES_BEHIND_AT] = "_poolsend_files_behind_at",
  };
  if (!option->argument)
    return;
  enum ps_offer offer = offer_of(option);
  fprintf(out, ":");
  put_quoted(out, option->argument, ":\\", "'\\''");
  if (offer != PS_OFFER_WORDS)
    fprintf(out, ":%s", actions[offer]);
  else if (option->kind == PS_KIND_EVENTS)
    fprintf(out, ":_sequence compadd - %s", choices_of(option).text);
  else
    fprintf(out, ":(%s)", choices_of(option).text);
}

/* What may be given several times. */
static bool is_repeatable(const struct ps_option *option)
{
  switch (option->kind) {
  case PS_KIND_DATA:
  case PS_KIND_HEADERS:
  case PS_KIND_RESOLVE:
  case PS_KIND_CONNECT_TO:
  case PS_KIND_URL:
    return true;
  default:
    return false;
  }
}

/* One spelling of an option as _arguments of zsh has it: those that it excludes; itself; its help; its value. */
static void put_zsh(FILE *out, const struct ps_option *option, const char *dashes, const char *name, bool negated)
{
  bool is_letter = dashes[1] == '\0';
  fprintf(out, "'");
  if (is_repeatable(option)) {
    fprintf(out, "*");
  } else {
    fprintf(out, "(--%s", option->name);
    if (option->letter)
      fprintf(out, " -%c", option->letter);
    fprintf(out, has_opposite(option) ? " --no-%s)" : ")", option->name);
  }
  fprintf(out, "%s%s%s[", dashes, name, !option->argument ? "" : is_letter ? "+" : "=");
  if (negated != (prefix_of(option)[0] != '\0'))
    fprintf(out, "The opposite of --%s%s.", prefix_of(option), option->name);
  else
    put_quoted(out, option->help, "[]\\", "'\\''");
  fprintf(out, "]");
  put_zsh_value(out, option);
  fprintf(out, "'\n");
}

static bool make_zsh(FILE *out, const char *argument)
{
  unsigned command = ps_command_named(argument);
  for (size_t i = 0; i < ps_option_count; i++) {
    const struct ps_option *option = &ps_option_table[i];
    char letter[2] = {option->letter, '\0'};
    if (!(option->commands & command))
      continue;
    if (option->letter)
      put_zsh(out, option, "-", letter, false);
    put_zsh(out, option, "--", option->name, false);
    if (has_opposite(option))
      put_zsh(out, option, "--no-", option->name, true);
  }
  return command != 0;
}

static void put_fish(FILE *out, const struct ps_option *option, const char *prefix)
{
  static const char *const conditions[] = {
      [SEND] = "__poolsend_is send", [STREAM] = "__poolsend_is stream", [BOTH] = "__poolsend_is send stream"};
  static const char *const offers[] = {
      [PS_OFFER_NOTHING] = " -x",
      [PS_OFFER_FILES] = " -r -F",
      [PS_OFFER_DIRECTORIES] = " -x -a '(__fish_complete_directories)'",
      [PS_OFFER_FILES_BEHIND_AT] = " -x -a '(__poolsend_files_behind_at)'",
  };
  fprintf(out, "complete -c poolsend -n '%s'", conditions[option->commands]);
  if (option->letter && !*prefix)
    fprintf(out, " -s %c", option->letter);
  fprintf(out, " -l %s%s", prefix, option->name);
  if (option->argument && offer_of(option) != PS_OFFER_WORDS)
    fprintf(out, "%s", offers[offer_of(option)]);
  else if (option->kind == PS_KIND_EVENTS)
    fprintf(out, " -x -a '(__fish_complete_list , \"string split \\\" \\\" %s\")'", choices_of(option).text);
  else if (option->argument)
    fprintf(out, " -x -a '%s'", choices_of(option).text);
  fprintf(out, " -d '");
  if ((*prefix != '\0') != (prefix_of(option)[0] != '\0'))
    fprintf(out, "The opposite of --%s%s.", prefix_of(option), option->name);
  else
    put_quoted(out, option->help, "\\", "\\'");
  fprintf(out, "'\n");
}

static bool make_fish(FILE *out, const char *argument)
{
  for (size_t i = 0; i < ps_option_count; i++) {
    const struct ps_option *option = &ps_option_table[i];
    if (option->commands)
      put_fish(out, option, "");
    if (option->commands && has_opposite(option))
      put_fish(out, option, "no-");
  }
  return strcmp(argument, "all") == 0;
}

/* ---- The template */

/* Writes what a placeholder stands for. False: it has no such argument. */
typedef bool make_fn(FILE *out, const char *argument);

static const struct {
  const char *word;
  make_fn *make;
} makers[] = {
    {"OPTIONS", make_options}, {"KEYS", make_keys},     {"PROPERTIES", make_properties},
    {"LONGS", make_longs},     {"TOPICS", make_topics}, {"BASH", make_bash},
    {"ZSH", make_zsh},         {"FISH", make_fish},
};

/* The text of a placeholder, to be freed; NULL: there is none such. */
static char *text_of(const char *word, const char *argument)
{
  char *text = NULL;
  size_t size;
  FILE *out = open_memstream(&text, &size);
  bool known = false;
  for (size_t i = 0; out && i < sizeof makers / sizeof *makers; i++)
    if (strcmp(makers[i].word, word) == 0)
      known = makers[i].make(out, argument);
  if (out && fclose(out) == 0 && known)
    return text;
  free(text);
  return NULL;
}

static void put_lines(FILE *out, const char *text, int indent, const char *after)
{
  while (*text) {
    size_t size = strcspn(text, "\n");
    bool last = !text[size] || !text[size + 1];
    fprintf(out, "%*s%.*s%s\n", indent, "", (int)size, text, last ? after : "");
    text += size + (text[size] == '\n');
  }
}

/* Takes a word of these letters, up to `end`, off a line. NULL: there is none. */
static char *take_word(char **line, const char *letters, char end)
{
  char *word = *line;
  size_t size = strspn(word, letters);
  if (!size || word[size] != end)
    return NULL;
  word[size] = '\0';
  *line += size + 1;
  return word;
}

/* False: the line is a placeholder that nothing is known of. */
static bool take_line(FILE *out, const char *line)
{
  char room[128] = "", *rest = room;
  size_t indent = strspn(line, " ");
  if (line[indent] == '@')
    snprintf(room, sizeof room, "%s", line + indent + 1);
  const char *word = take_word(&rest, "ABCDEFGHIJKLMNOPQRSTUVWXYZ", ' ');
  const char *argument = word ? take_word(&rest, "abcdefghijklmnopqrstuvwxyz", '@') : NULL;
  if (!argument) {
    fputs(line, out);
    return true;
  }
  char *text = text_of(word, argument);
  if (text)
    put_lines(out, text, (int)indent, *rest == ',' ? "," : "");
  else
    fprintf(stderr, "generate: nothing is known of @%s %s@\n", word, argument);
  free(text);
  return text != NULL;
}

int main(int argc, char **argv)
{
  FILE *in = argc == 3 ? fopen(argv[1], "r") : NULL;
  FILE *out = in ? fopen(argv[2], "w") : NULL;
  if (!out) {
    fprintf(stderr, "generate TEMPLATE OUTPUT: %s\n", argc == 3 ? strerror(errno) : "two files are wanted");
    return 1;
  }
  char *line = NULL;
  size_t size = 0;
  bool done = true;
  while (done && getline(&line, &size, in) > 0)
    done = take_line(out, line);
  done &= !ferror(in);
  free(line);
  fclose(in);
  return fclose(out) == 0 && done ? 0 : 1;
}
