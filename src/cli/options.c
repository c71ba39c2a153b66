/* Options are first collected and then applied, so that the configuration file can be taken before them, wherever it
 * was named: they override it. */
#include "cli/options.h"

#include "base/field.h"
#include "base/values.h"
#include "cli/body.h"
#include "cli/table.h"

#include <errno.h>
#include <getopt.h>
#include <stdlib.h>
#include <string.h>

/* ---- Collecting */

/* Long options are numbered behind the letters. */
#define FIRST_LONG 256

/* An option as it was given; `value` is NULL if it takes none. */
struct given {
  const struct ps_cli_option *option;
  const char *value;
};

struct collected {
  struct given *items;
  size_t count;
};

static const struct ps_cli_option *option_of(int code)
{
  if (code >= FIRST_LONG)
    return &ps_cli_options[code - FIRST_LONG];
  for (size_t i = 0; i < ps_cli_option_count; i++)
    if (ps_cli_options[i].letter == code)
      return &ps_cli_options[i];
  return NULL;
}

/* Names may be cut short as long as one option of the command begins like that, so those of others are left out. */
static void make_tables(enum ps_cli_command command, char *letters, struct option *longs)
{
  *letters++ = ':'; /* getopt stays quiet and tells a missing argument apart */
  for (size_t i = 0; i < ps_cli_option_count; i++) {
    const struct ps_cli_option *option = &ps_cli_options[i];
    bool argument = option->argument != NULL;
    if (option->commands & command)
      *longs++ = (struct option){
          .name = option->name, .has_arg = argument ? required_argument : no_argument, .val = (int)(FIRST_LONG + i)};
    if (!option->letter)
      continue;
    *letters++ = option->letter;
    if (argument)
      *letters++ = ':';
  }
  *letters = '\0';
  *longs = (struct option){0};
}

static bool complain_of_command(const struct ps_cli_option *option)
{
  if (option->commands == PS_CLI_STREAM)
    return ps_cli_complain("--%s is for poolsend stream", option->name);
  if (strcmp(option->name, "json") == 0)
    return ps_cli_complain("--json is for poolsend send; in a stream the lines are the bodies: "
                           "say -H 'Content-Type: application/json'");
  return ps_cli_complain("--%s is for poolsend send", option->name);
}

/* The value, which may be a secret, is not repeated. */
static bool complain_of_long(enum ps_cli_command command, const char *word)
{
  size_t size = strcspn(word, "="), matches = 0;
  for (size_t i = 0; i < ps_cli_option_count; i++) {
    const struct ps_cli_option *option = &ps_cli_options[i];
    bool like = size > 2 && strncmp(option->name, word + 2, size - 2) == 0;
    if (like && strlen(option->name) == size - 2)
      return complain_of_command(option);
    matches += like && option->commands & command;
  }
  return ps_cli_complain("%s option '%.*s'; --help lists them all", matches > 1 ? "ambiguous" : "unknown", (int)size,
                         word);
}

static bool keep(struct collected *collected, const struct ps_cli_option *option, const char *value)
{
  struct given *items = realloc(collected->items, (collected->count + 1) * sizeof *items);
  if (!items)
    return ps_cli_lack_memory();
  collected->items = items;
  items[collected->count++] = (struct given){.option = option, .value = value};
  return true;
}

static bool collect(struct ps_cli_settings *settings, int argc, char **argv, struct collected *collected)
{
  char letters[2 * PS_CLI_OPTIONS_MAX + 2];
  struct option longs[PS_CLI_OPTIONS_MAX + 1];
  make_tables(settings->command, letters, longs);
  optind = 1;
  for (int code; (code = getopt_long(argc, argv, letters, longs, NULL)) != -1;) {
    const char *word = argv[optind - 1];
    if (code == ':')
      return ps_cli_complain("option '%s' wants a value", word);
    const struct ps_cli_option *option = code == '?' ? NULL : option_of(code);
    if (!option && optopt >= FIRST_LONG)
      return ps_cli_complain("option '--%s' takes no value", option_of(optopt)->name);
    if (!option && optopt)
      return ps_cli_complain("unknown option -%c; --help lists them all", optopt);
    if (!option)
      return complain_of_long(settings->command, word);
    if (!(option->commands & settings->command))
      return complain_of_command(option);
    if (!keep(collected, option, optarg))
      return false;
  }
  for (int i = optind; i < argc; i++)
    if (!ps_cli_add_text(&settings->urls, argv[i]))
      return false;
  return true;
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
  return strcmp(settings->config_path, "-") == 0 ? "standard input" : settings->config_path;
}

static bool parse_file(struct ps_cli_settings *settings, const struct ps_buf *text)
{
  struct poolsend_error error;
  int result = poolsend_file_parse(&settings->file, text->data ? text->data : "", text->size, &error);
  if (result == -ENOMEM)
    return ps_cli_lack_memory();
  if (result)
    return ps_cli_complain("%s: %s", ps_cli_config_name(settings), error.text);
  settings->config = *settings->file->config;
  settings->shown_events = settings->config.events;
  return true;
}

static bool load_file(struct ps_cli_settings *settings)
{
  struct ps_buf text = {0};
  bool done =
      ps_cli_load_file(settings, settings->config_path, PS_CONFIG_SIZE_MAX, &text) && parse_file(settings, &text);
  if (text.data)
    explicit_bzero(text.data, text.size); /* secrets are in the settings, and need not be here too */
  ps_buf_fini(&text);
  return done;
}

static bool take_file(struct ps_cli_settings *settings, const struct collected *collected)
{
  const struct given *config = last_named(collected, "config"), *input = last_named(collected, "input");
  if (!config)
    return true;
  for (const struct given *other = collected->items; other < config; other++)
    if (other->option == config->option)
      return ps_cli_complain("--config: there can be only one");
  if (settings->command == PS_CLI_STREAM && strcmp(config->value, "-") == 0 &&
      (!input || strcmp(input->value, "-") == 0))
    return ps_cli_complain("--config -: standard input is for the messages; name a file, or one for --input");
  settings->config_path = config->value;
  return load_file(settings);
}

/* ---- What follows from several options together */

static bool has_header(const struct ps_cli_settings *settings, const char *name)
{
  for (size_t i = 0; i < settings->headers.count; i++)
    if (ps_field_is(settings->headers.items[i], name))
      return true;
  return false;
}

/* --json anywhere makes the whole body JSON, any other body is a form. What comes in a stream is neither. */
static bool set_body_type(struct ps_cli_settings *settings)
{
  bool json = settings->command == PS_CLI_STREAM;
  for (size_t i = 0; i < settings->piece_count; i++)
    json |= settings->pieces[i].kind == PS_CLI_JSON;
  settings->request.form_type = !json;
  if (!json || settings->command == PS_CLI_STREAM)
    return true;
  return (has_header(settings, "Content-Type") ||
          ps_cli_add_text(&settings->headers, "Content-Type: application/json")) &&
         (has_header(settings, "Accept") || ps_cli_add_text(&settings->headers, "Accept: application/json"));
}

static void hand_over_lists(struct ps_cli_settings *settings)
{
  struct ps_endpoint_settings *request = &settings->request;
  request->headers = settings->headers.items;
  request->header_count = settings->headers.count;
  request->resolve = settings->resolve.items;
  request->resolve_count = settings->resolve.count;
  request->connect_to = settings->connect_to.items;
  request->connect_to_count = settings->connect_to.count;
}

/* What can only be said of all of them. */
static bool complete(struct ps_cli_settings *settings)
{
  const struct poolsend_file *file = settings->file;
  const char *url = settings->urls.count ? settings->urls.items[0] : "";
  if (file && file->config->endpoint_count && settings->urls.count)
    return ps_cli_complain("'%.*s': URLs are given in %s already, as endpoints: either there or here",
                           strpbrk(url, "@%") ? 0 : (int)strcspn(url, "?#;"), url, ps_cli_config_name(settings));
  if (!set_body_type(settings) || !ps_cli_load_body(settings))
    return false;
  if (settings->command == PS_CLI_STREAM && settings->stdin_used && strcmp(settings->input, "-") == 0)
    return ps_cli_complain("standard input is for the messages, and an option has read it; name a file for --input");
  hand_over_lists(settings);
  return true;
}

static bool apply(struct ps_cli_settings *settings, const struct collected *collected)
{
  for (size_t i = 0; i < collected->count; i++) {
    const struct given *given = &collected->items[i];
    if (given->option->apply && !given->option->apply(settings, given->option, given->value))
      return false;
  }
  return true;
}

/* Whether the help or the version is all that is wanted. */
static bool asks_only(struct ps_cli_settings *settings, const struct collected *collected)
{
  settings->help = last_named(collected, "help");
  settings->version = last_named(collected, "version");
  return settings->help || settings->version;
}

bool ps_cli_parse(struct ps_cli_settings *settings, int argc, char **argv)
{
  struct collected collected = {0};
  bool done = collect(settings, argc, argv, &collected);
  if (done && !asks_only(settings, &collected))
    done = take_file(settings, &collected) && apply(settings, &collected) && complete(settings);
  free(collected.items);
  return done;
}
