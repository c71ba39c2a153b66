#include "cli/settings.h"

#include "base/text.h"
#include "cli/output.h"
#include "cli/status.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

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
    return ps_cli_lack_memory();
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

/* On the stack, for it may be memory that is wanting; what is longer is cut. */
#define COMPLAINT_SIZE 8192

void ps_cli_vcomplain(const char *format, va_list arguments)
{
  static const char prefix[] = "poolsend: ";
  char line[COMPLAINT_SIZE + 1]; /* with room for the newline */
  char *words = stpcpy(line, prefix);
  vsnprintf(words, sizeof line - sizeof prefix, format, arguments);
  ps_text_hide_controls(words); /* it may quote what was on the command line */
  stpcpy(strchr(words, '\0'), "\n");
  ps_cli_say(line);
}

bool ps_cli_complain(const char *format, ...)
{
  va_list arguments;
  va_start(arguments, format);
  ps_cli_vcomplain(format, arguments);
  va_end(arguments);
  return false;
}

static atomic_bool failed_here; /* something was lacking that no other command line would have got */

const char *ps_cli_why(int error)
{
  if (error == ENOMEM || error == EMFILE || error == ENFILE)
    atomic_store(&failed_here, true);
  return strerror(error);
}

bool ps_cli_lack_memory(void)
{
  ps_cli_why(ENOMEM);
  return ps_cli_complain("out of memory");
}

int ps_cli_refusal(void)
{
  return atomic_load(&failed_here) ? PS_EXIT_LOCAL : PS_EXIT_USAGE;
}

void ps_cli_vwarn(const struct ps_cli_settings *settings, const char *format, va_list arguments)
{
  if (!settings->silent || settings->show_error)
    ps_cli_vcomplain(format, arguments);
}

void ps_cli_warn(const struct ps_cli_settings *settings, const char *format, ...)
{
  va_list arguments;
  va_start(arguments, format);
  ps_cli_vwarn(settings, format, arguments);
  va_end(arguments);
}
