/* The command line as a level of options. Options are first collected and then applied, so that the configuration file
 * can be taken before them, wherever it was named: they override it. */
#include "cli/options.h"

#include "base/ascii.h"
#include "base/field.h"
#include "base/text.h"
#include "base/values.h"
#include "cli/body.h"
#include "cli/password.h"
#include "options/curl.h"
#include "options/file.h"
#include "options/kinds.h"
#include "options/words.h"

#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- Collecting */

/* Long options are numbered behind the letters: the rows of the table, then the same as --no-X. */
#define FIRST_LONG 256
#define FIRST_NO   (FIRST_LONG + PS_OPTIONS_MAX)

/* What getopt gives for an argument that is no option. */
#define PLAIN_ARGUMENT 1

#define NO_SIZE (sizeof "no-" - 1)

/* An option as it was given. */
struct given {
  const struct ps_option *option;
  const char *value; /* NULL: --no-X */
};

struct collected {
  struct given *items;
  size_t count;
};

/* What getopt is told. Names may be cut short as long as one option of the command begins like that, so those of others
 * are left out. */
struct tables {
  char letters[2 * PS_OPTIONS_MAX + 3];
  struct option longs[2 * PS_OPTIONS_MAX + 1];
  char names[PS_OPTIONS_MAX][PS_KEY_SIZE + NO_SIZE]; /* no-X */
};

static const struct ps_option *option_of(int code)
{
  if (code >= FIRST_NO)
    return &ps_option_table[code - FIRST_NO];
  if (code >= FIRST_LONG)
    return &ps_option_table[code - FIRST_LONG];
  for (size_t i = 0; i < ps_option_count; i++)
    if (ps_option_table[i].letter == code)
      return &ps_option_table[i];
  return NULL;
}

/* The name of an option of another command would else be taken for a name of this command's that was cut short. */
static bool is_beginning(const struct ps_option *option, enum ps_command command)
{
  for (size_t i = 0; option->commands && i < ps_option_count; i++)
    if (ps_option_table[i].commands & command &&
        strncmp(ps_option_table[i].name, option->name, strlen(option->name)) == 0)
      return true;
  return false;
}

/* Arguments come in their order, told apart from a missing value, and getopt says nothing itself. */
static void make_tables(struct tables *tables, enum ps_command command)
{
  char *letters = stpcpy(tables->letters, "-:");
  struct option *longs = tables->longs;
  for (size_t i = 0; i < ps_option_count; i++) {
    const struct ps_option *option = &ps_option_table[i];
    int has_value = option->argument ? required_argument : no_argument;
    if (option->commands & command || is_beginning(option, command))
      *longs++ = (struct option){.name = option->name, .has_arg = has_value, .val = (int)(FIRST_LONG + i)};
    if (option->commands & command && option->kind == PS_KIND_FLAG) {
      stpcpy(stpcpy(tables->names[i], "no-"), option->name);
      *longs++ = (struct option){.name = tables->names[i], .val = (int)(FIRST_NO + i)};
    }
    if (option->commands && option->letter) {
      *letters++ = option->letter;
      letters = stpcpy(letters, option->argument ? ":" : "");
    }
  }
  *letters = '\0';
  *longs = (struct option){0};
}

/* A command that was mistyped, or does not come first, is taken for a URL. True: it was one, and that is said. */
static bool complain_of_mistyped(const char *url, bool is_first)
{
  const char *commands[PS_COMMANDS + 1] = {"help"};
  for (size_t i = 0; i < PS_COMMANDS; i++)
    commands[i + 1] = ps_command_words[i].name;
  const char *nearest = strpbrk(url, ":/.") ? NULL : ps_text_nearest(url, commands, PS_COMMANDS + 1);
  bool is_command = nearest && strcmp(nearest, url) == 0;
  if (is_command)
    ps_cli_complain("'%s' is a command, and comes before everything else: poolsend %s ...", url, url);
  else if (nearest && is_first)
    ps_cli_complain("'%s' is neither a command nor a URL; did you mean %s?", url, nearest);
  return is_command || (nearest && is_first);
}

static bool complain_of_command(const struct ps_option *option, const char *prefix)
{
  if (option->commands == PS_COMMAND_STREAM)
    return ps_cli_complain("--%s%s is for poolsend stream", prefix, option->name);
  if (option->data == PS_DATA_JSON)
    return ps_cli_complain("--json is for poolsend send; in a stream the lines are the bodies: "
                           "say -H 'Content-Type: application/json'");
  return ps_cli_complain("--%s%s is for poolsend send", prefix, option->name);
}

/* "--hedge-budget, --hedge-delay": which options of the command a name that was cut short may stand for. */
static size_t list_beginning_with(const struct tables *tables, const char *name, size_t size, char *list, size_t room)
{
  size_t count = 0, used = 0;
  list[0] = '\0';
  for (const struct option *each = tables->longs; each->name; each++) {
    if (strncmp(each->name, name, size) != 0)
      continue;
    size_t written = (size_t)snprintf(list + used, room - used, "%s--%s", count ? ", " : "", each->name);
    used = written < room - used ? used + written : used;
    list[used] = '\0';
    count++;
  }
  return count;
}

/* The option of the command whose key in the file is this: --method is --request. NULL: there is none. */
static const char *name_of_key(const char *key, enum ps_command command)
{
  const struct ps_option *option = ps_option_of_key(key);
  return option && option->commands & command ? option->name : NULL;
}

/* The value, which may be a secret, is not repeated. */
static bool complain_of_long(enum ps_command command, const struct tables *tables, const char *word)
{
  char name[PS_KEY_SIZE + NO_SIZE] = "", list[400], room[PS_NEAREST_SIZE], key[PS_KEY_SIZE];
  size_t size = strcspn(word + 2, "=");
  bool negated = strncmp(word + 2, "no-", NO_SIZE) == 0 && size > NO_SIZE;
  const struct ps_option *option = ps_option_named(word + 2, size);
  const struct ps_option *flag = negated ? ps_option_named(word + 2 + NO_SIZE, size - NO_SIZE) : NULL;
  if (option && option->commands)
    return complain_of_command(option, "");
  if (flag && flag->commands && flag->kind == PS_KIND_FLAG)
    return complain_of_command(flag, "no-");
  const char *why = ps_curl_option(word + 2, size);
  if (why)
    return ps_cli_complain("--%.*s is an option of curl's that poolsend has not: %s", (int)size, word + 2, why);
  if (list_beginning_with(tables, word + 2, size, list, sizeof list) > 1 && size)
    return ps_cli_complain("ambiguous option '--%.*s': %s", (int)size, word + 2, list);
  if (size < sizeof name)
    memcpy(name, word + 2, size);
  const char *bare = strncmp(name, "no-", NO_SIZE) == 0 ? name + NO_SIZE : name;
  if (option && option->traits & PS_IN_FILE)
    return ps_cli_complain("--%s is not for the command line, but for --config FILE: \"%s\" of an endpoint",
                           option->name, ps_option_key(option, key));
  const char *nearest = name_of_key(bare, command);
  if (!nearest && *bare)
    nearest = ps_option_nearest(bare, command, 0, room);
  const struct ps_option *meant = nearest ? ps_option_named(nearest, strlen(nearest)) : NULL;
  if (nearest)
    return ps_cli_complain("unknown option '--%.*s'; did you mean --%s%s?", (int)size, word + 2,
                           bare != name && meant && meant->kind == PS_KIND_FLAG ? "no-" : "", nearest);
  return ps_cli_complain("unknown option '--%.*s'; --help all lists them", (int)size, word + 2);
}

/* --form is no --format cut short: users of curl mean what curl means by it. */
static bool is_of_curl(const char *word)
{
  return ps_curl_option(word + 2, strcspn(word + 2, "="));
}

static bool complain_of_letter(char letter)
{
  const char *why = ps_curl_letter(letter);
  if (why)
    return ps_cli_complain("-%c is an option of curl's that poolsend has not: %s", letter, why);
  /* One byte of several is no text. */
  return ps_cli_complain("unknown option -%c; --help all lists them", letter < 0 ? '?' : letter);
}

static bool complain_of_code(enum ps_command command, const struct tables *tables, int code, const char *word)
{
  if (code == ':')
    return ps_cli_complain("option '%s' wants a value", word);
  if (optopt >= FIRST_LONG)
    return ps_cli_complain("option '--%s%s' takes no value", optopt >= FIRST_NO ? "no-" : "", option_of(optopt)->name);
  return optopt ? complain_of_letter((char)optopt) : complain_of_long(command, tables, word);
}

static bool keep(struct collected *collected, const struct ps_option *option, const char *value)
{
  struct given *items = realloc(collected->items, (collected->count + 1) * sizeof *items);
  if (!items)
    return ps_cli_lack_memory();
  collected->items = items;
  items[collected->count++] = (struct given){.option = option, .value = value};
  return true;
}

/* The options of a command that was mistyped are those of another. */
static bool begins_with_mistyped(const struct collected *collected)
{
  const struct given *first = collected->items;
  return collected->count && first->option->kind == PS_KIND_URL && complain_of_mistyped(first->value, true);
}

static bool collect(enum ps_command command, int argc, char **argv, struct collected *collected)
{
  struct tables tables;
  const struct ps_option *url = ps_option_of_key("url");
  bool kept = true;
  make_tables(&tables, command);
  optind = 1;
  for (int code, at = optind; kept && (code = getopt_long(argc, argv, tables.letters, tables.longs, NULL)) != -1;
       at = optind) {
    const struct ps_option *option = code == PLAIN_ARGUMENT ? url : option_of(code);
    bool is_known = code != ':' && code != '?' && option;
    if ((!is_known || !(option->commands & command)) && begins_with_mistyped(collected))
      return false;
    if ((code >= FIRST_LONG || (!option && optopt >= FIRST_LONG)) && is_of_curl(argv[at]))
      return complain_of_long(command, &tables, argv[at]);
    if (!is_known)
      return complain_of_code(command, &tables, code, argv[optind - 1]);
    if (!(option->commands & command))
      return complain_of_command(option, "");
    kept = keep(collected, option, code >= FIRST_NO ? NULL : optarg ? optarg : "true");
  }
  for (int i = optind; kept && i < argc; i++)
    kept = keep(collected, url, argv[i]);
  return kept;
}

/* ---- Setting */

static struct ps_options *command_level(struct ps_cli_settings *settings)
{
  return &settings->config->command;
}

static bool set(struct ps_cli_settings *settings, const struct ps_option *option, const char *value)
{
  struct ps_error error;
  int result = ps_options_set(command_level(settings), option, value, PS_FROM_COMMAND, &error);
  if (result == -ENOMEM)
    return ps_cli_lack_memory();
  if (result && ps_kind_names_itself(option->kind))
    return ps_cli_complain("%s", error.text);
  return result ? ps_cli_complain("--%s: %s", option->name, error.text) : true;
}

static bool set_key(struct ps_cli_settings *settings, const char *key, const char *value)
{
  return set(settings, ps_option_of_key(key), value);
}

static bool add_header(struct ps_cli_settings *settings, const char *line)
{
  return set_key(settings, "headers", line);
}

static bool set_user(struct ps_cli_settings *settings, const struct ps_option *option, const char *value)
{
  if (strchr(value, ':'))
    return set(settings, option, value);
  char *asked = ps_cli_ask_password(value);
  bool done = asked && set(settings, option, asked);
  if (asked)
    explicit_bzero(asked, strlen(asked));
  free(asked);
  return done;
}

/* CERTIFICATE[:PASSWORD]; "\:" and "\\" in the name stand for ":" and "\". */
static bool set_certificate(struct ps_cli_settings *settings, const struct ps_option *option, const char *value)
{
  if (ps_ascii_begins(value, "pkcs11:") || !strpbrk(value, ":\\"))
    return set(settings, option, value);
  char *name = strdup(value);
  if (!name)
    return ps_cli_lack_memory();
  char *to = name;
  const char *from = value;
  for (; *from && *from != ':'; from++) {
    if (*from == '\\' && (from[1] == ':' || from[1] == '\\'))
      from++;
    *to++ = *from;
  }
  *to = '\0';
  bool done = set(settings, option, name);
  free(name);
  return done && *from == ':' && from[1] ? set_key(settings, "key_password", from + 1) : done;
}

static bool apply(struct ps_cli_settings *settings, const struct given *given)
{
  const struct ps_option *option = given->option;
  const char *value = given->value;
  if (!value)
    return set(settings, option, "false");
  if (option->kind == PS_KIND_URL)
    return ps_texts_add(&settings->urls, value) == 0 || ps_cli_lack_memory();
  if (option->kind == PS_KIND_HEADERS && value[0] == '@')
    return ps_cli_load_headers(settings, value + 1, add_header);
  if (option->kind == PS_KIND_USER)
    return set_user(settings, option, value);
  if (option->field == offsetof(struct ps_options, endpoint.cert))
    return set_certificate(settings, option, value);
  return set(settings, option, value);
}

/* ---- The configuration file */

static const struct given *last_named(const struct collected *collected, const char *name)
{
  for (size_t i = collected->count; i-- > 0;)
    if (strcmp(collected->items[i].option->name, name) == 0)
      return &collected->items[i];
  return NULL;
}

const char *ps_cli_config_name(const struct ps_cli_settings *settings)
{
  const char *path = settings->config->command.program.config;
  return path && strcmp(path, "-") != 0 ? path : "standard input";
}

static bool parse_file(struct ps_cli_settings *settings, const struct ps_buf *text, const char *name)
{
  struct ps_error error = {.endpoint = -1};
  int result = ps_file_read(settings->config, text->data ? text->data : "", text->size, &error);
  if (result == -ENOMEM)
    return ps_cli_lack_memory();
  return result ? ps_cli_complain("%s: %s", name, error.text) : true;
}

static bool load_file(struct ps_cli_settings *settings, const char *path)
{
  struct ps_buf text = {0};
  bool done = ps_cli_load_file(settings, path, PS_CONFIG_SIZE_MAX, &text) &&
              parse_file(settings, &text, strcmp(path, "-") == 0 ? "standard input" : path);
  if (text.data)
    explicit_bzero(text.data, text.size); /* secrets are in the settings, and need not be here too */
  ps_buf_fini(&text);
  return done;
}

/* The last value of an option that takes one; NULL: it was not given. */
static const char *last_value(const struct collected *collected, const char *name)
{
  const struct given *given = last_named(collected, name);
  return given ? given->value : NULL;
}

static bool take_file(struct ps_cli_settings *settings, const struct collected *collected)
{
  const char *path = last_value(collected, "config"), *input = last_value(collected, "input");
  if (!path)
    return true;
  if (!*path)
    return ps_cli_complain("--config: it is empty");
  for (size_t i = 0; i < collected->count; i++)
    if (strcmp(collected->items[i].option->name, "config") == 0 && collected->items[i].value != path)
      return ps_cli_complain("--config: there can be only one");
  if (settings->command == PS_COMMAND_STREAM && strcmp(path, "-") == 0 && (!input || strcmp(input, "-") == 0))
    return ps_cli_complain("--config -: standard input is for the messages; name a file, or one for --input");
  return load_file(settings, path);
}

/* ---- What follows from several options together */

static bool has_header(const struct ps_options *options, const char *name)
{
  for (size_t i = 0; i < options->headers.lines.count; i++)
    if (ps_field_is(options->headers.lines.items[i], name))
      return true;
  return false;
}

/* --json anywhere makes the whole body JSON, any other body is a form. What comes in a stream is neither. */
static bool set_body_type(struct ps_cli_settings *settings)
{
  const struct ps_options *command = command_level(settings);
  const struct ps_pieces *pieces = &command->program.data;
  bool json = false;
  for (size_t i = 0; i < pieces->count; i++)
    json |= pieces->items[i].option->data == PS_DATA_JSON;
  if (!json)
    return settings->command == PS_COMMAND_STREAM || set_key(settings, "form", "true");
  return (has_header(command, "Content-Type") || add_header(settings, "Content-Type: application/json")) &&
         (has_header(command, "Accept") || add_header(settings, "Accept: application/json"));
}

static bool complain_of_url(const char *url, size_t index, const struct ps_error *error)
{
  if (complain_of_mistyped(url, index == 0))
    return false;
  return ps_cli_complain("%s", error->text);
}

static bool add_urls(struct ps_cli_settings *settings)
{
  const struct ps_option *url = ps_option_of_key("url");
  const char *first = settings->urls.count ? settings->urls.items[0] : "";
  if (settings->config->endpoint_count && settings->urls.count)
    return ps_cli_complain("'%.*s': URLs are given in %s already, as endpoints: either there or here",
                           strpbrk(first, "@%") ? 0 : (int)strcspn(first, "?#;"), first, ps_cli_config_name(settings));
  for (size_t i = 0; i < settings->urls.count; i++) {
    struct ps_error error;
    struct poolsend_endpoint *endpoint = ps_config_add(settings->config);
    int result =
        endpoint ? ps_options_set(&endpoint->own, url, settings->urls.items[i], PS_FROM_COMMAND, &error) : -ENOMEM;
    if (result)
      return result == -EINVAL ? complain_of_url(settings->urls.items[i], i, &error) : ps_cli_lack_memory();
  }
  return true;
}

static bool merge(struct ps_cli_settings *settings)
{
  ps_options_fini(&settings->options);
  return ps_config_options(settings->config, &settings->options) == 0 || ps_cli_lack_memory();
}

/* What can only be said of all of them. */
static bool complete(struct ps_cli_settings *settings)
{
  if (!add_urls(settings) || !set_body_type(settings) || !merge(settings) || !ps_cli_load_body(settings))
    return false;
  if (settings->command == PS_COMMAND_STREAM && settings->stdin_used && strcmp(ps_cli_input_path(settings), "-") == 0)
    return ps_cli_complain("standard input is for the messages, and an option has read it; name a file for --input");
  return true;
}

static bool asks_for(const struct collected *collected, const char *name)
{
  const struct given *given = last_named(collected, name);
  return given && given->value;
}

static bool apply_all(struct ps_cli_settings *settings, const struct collected *collected)
{
  for (size_t i = 0; i < collected->count; i++)
    if (!apply(settings, &collected->items[i]))
      return false;
  return true;
}

bool ps_cli_parse(struct ps_cli_settings *settings, int argc, char **argv)
{
  struct collected collected = {0};
  bool done = collect(settings->command, argc, argv, &collected);
  settings->options.program.help = done && asks_for(&collected, "help");
  settings->options.program.version = done && asks_for(&collected, "version");
  if (done && !settings->options.program.help && !settings->options.program.version)
    done = take_file(settings, &collected) && apply_all(settings, &collected) && complete(settings);
  free(collected.items);
  return done;
}
