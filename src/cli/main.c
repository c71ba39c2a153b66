#include "cli/options.h"
#include "cli/output.h"
#include "cli/send.h"
#include "cli/status.h"
#include "cli/stream.h"

#include <malloc.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* One message is few allocations: an arena for every thread would cost more than it saves. */
#define SEND_ARENAS   1
#define STREAM_ARENAS 16

/* What was printed may have gone nowhere. */
static int status_after_printing(void)
{
  if (fflush(stdout) == 0 && !ferror(stdout))
    return PS_EXIT_DELIVERED;
  perror("poolsend: standard output");
  return PS_EXIT_LOCAL;
}

/* The command with that name, or 0. */
static enum ps_cli_command command_named(const char *word)
{
  if (word && strcmp(word, "send") == 0)
    return PS_CLI_SEND;
  return word && strcmp(word, "stream") == 0 ? PS_CLI_STREAM : 0;
}

/* `named`: the command of the command line, or 0. Also "--help stream". */
static int help(const struct ps_cli_settings *settings, enum ps_cli_command named)
{
  unsigned wanted = named;
  if (!wanted && settings->urls.count)
    wanted = command_named(settings->urls.items[0]);
  ps_cli_print_help(wanted ? wanted : PS_CLI_SEND | PS_CLI_STREAM);
  return status_after_printing();
}

static int run(struct ps_cli_settings *settings, enum ps_cli_command named, int argc, char **argv)
{
  if (!ps_cli_parse(settings, argc, argv))
    return ps_cli_refusal();
  if (settings->help)
    return help(settings, named);
  if (settings->version) {
    printf("poolsend %s\n", POOLSEND_VERSION);
    return status_after_printing();
  }
  return settings->command == PS_CLI_STREAM ? ps_cli_stream(settings) : ps_cli_send(settings);
}

int main(int argc, char **argv)
{
  ps_cli_hold_standard_descriptors();
  signal(SIGPIPE, SIG_IGN);
  signal(SIGXFSZ, SIG_IGN);  /* a file that may not grow is an error to report, not an end */
  unsetenv("SSLKEYLOGFILE"); /* it would have the keys of every connection written to a file */
  enum ps_cli_command named = command_named(argc > 1 ? argv[1] : NULL);
  if (named) {
    argv[1] = argv[0];
    argc--;
    argv++;
  }
  struct ps_cli_settings settings;
  ps_cli_settings_init(&settings, named ? named : PS_CLI_SEND);
  mallopt(M_ARENA_MAX, named == PS_CLI_STREAM ? STREAM_ARENAS : SEND_ARENAS);
  int status = run(&settings, named, argc, argv);
  if (status == PS_EXIT_USAGE)
    fprintf(stderr, "Nothing was sent. 'poolsend%s --help' explains the options.\n",
            named == PS_CLI_STREAM ? " stream" : "");
  ps_cli_settings_fini(&settings);
  return status;
}
