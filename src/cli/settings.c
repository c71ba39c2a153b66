#include "cli/settings.h"

#include "base/text.h"
#include "cli/output.h"
#include "cli/status.h"
#include "options/kinds.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

bool ps_cli_settings_init(struct ps_cli_settings *settings, enum ps_command command)
{
  *settings = (struct ps_cli_settings){.command = command, .config = poolsend_config_new()};
  ps_options_init(&settings->options);
  return settings->config || ps_cli_lack_memory();
}

void ps_cli_settings_fini(struct ps_cli_settings *settings)
{
  poolsend_config_free(settings->config);
  ps_options_fini(&settings->options);
  ps_texts_fini(&settings->urls);
  ps_buf_fini(&settings->body);
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
  const struct ps_program_options *program = &settings->options.program;
  if (!program->silent || program->show_error)
    ps_cli_vcomplain(format, arguments);
}

void ps_cli_warn(const struct ps_cli_settings *settings, const char *format, ...)
{
  va_list arguments;
  va_start(arguments, format);
  ps_cli_vwarn(settings, format, arguments);
  va_end(arguments);
}
