#include "cli/settings.h"

#include "base/text.h"
#include "cli/output.h"

#include <stdio.h>
#include <stdlib.h>

void ps_cli_settings_init(struct ps_cli_settings *settings, enum ps_cli_command command)
{
  *settings = (struct ps_cli_settings){.command = command, .input = "-"};
  poolsend_config_init(&settings->config);
  settings->request.environment_proxy = true;
  settings->request.connect_timeout = PS_CLI_NOT_GIVEN;
  settings->shown_events = settings->config.events;
}

void ps_cli_settings_fini(struct ps_cli_settings *settings)
{
  for (size_t i = 0; i < settings->owned_count; i++)
    free(settings->owned[i]);
  free(settings->owned);
  free(settings->urls.items);
  free(settings->headers.items);
  free(settings->resolve.items);
  free(settings->connect_to.items);
  free(settings->pieces);
  ps_buf_fini(&settings->body);
  poolsend_file_free(settings->file);
  *settings = (struct ps_cli_settings){0};
}

bool ps_cli_add_text(struct ps_cli_texts *texts, const char *text)
{
  const char **items = realloc(texts->items, (texts->count + 1) * sizeof *items);
  if (!items)
    return ps_cli_complain("out of memory");
  texts->items = items;
  items[texts->count++] = text;
  return true;
}

char *ps_cli_own(struct ps_cli_settings *settings, char *text)
{
  char **owned = text ? realloc(settings->owned, (settings->owned_count + 1) * sizeof *owned) : NULL;
  if (!owned) {
    free(text);
    return NULL;
  }
  settings->owned = owned;
  owned[settings->owned_count++] = text;
  return text;
}

static bool vcomplain(const char *format, va_list arguments) __attribute__((format(printf, 1, 0)));

static bool vcomplain(const char *format, va_list arguments)
{
  char *words = NULL;
  if (vasprintf(&words, format, arguments) < 0)
    words = NULL;
  if (words) /* it may quote what was on the command line */
    ps_text_hide_controls(words);
  char *line = NULL;
  if (words && asprintf(&line, "poolsend: %s\n", words) < 0)
    line = NULL;
  ps_cli_say(line ? line : "poolsend: out of memory\n");
  free(line);
  free(words);
  return false;
}

bool ps_cli_complain(const char *format, ...)
{
  va_list arguments;
  va_start(arguments, format);
  vcomplain(format, arguments);
  va_end(arguments);
  return false;
}

void ps_cli_warn(const struct ps_cli_settings *settings, const char *format, ...)
{
  if (settings->silent && !settings->show_error)
    return;
  va_list arguments;
  va_start(arguments, format);
  vcomplain(format, arguments);
  va_end(arguments);
}
