/* The program poolsend: which command is asked for, and what goes before any of them; the rest is in options.c, send.c
 * and stream.c. */
#include "cli/options.h"
#include "cli/output.h"
#include "cli/send.h"
#include "cli/status.h"
#include "cli/stream.h"
#include "options/words.h"

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

/* `word` may be NULL. */
static enum ps_command command_named(const char *word)
{
  return word ? ps_command_named(word) : 0;
}

/* `named`: the command of the command line, or 0. */
static int help(enum ps_command named, const char *topic)
{
  bool known = ps_cli_print_help(named ? named : PS_COMMAND_SEND | PS_COMMAND_STREAM, topic);
  int status = status_after_printing();
  return status || known ? status : PS_EXIT_USAGE;
}

/* "poolsend help all", "poolsend stream help", "poolsend help stream max-pending", "poolsend --help --rate": what stands
 * behind is a topic, though it may look like an option. `words` are those behind the program's name. */
static bool asks_for_help(char **words, int *status)
{
  enum ps_command named = command_named(*words);
  if (named)
    words++;
  bool by_name = *words && strcmp(*words, "help") == 0;
  if (!by_name && !(*words && (strcmp(*words, "--help") == 0 || strcmp(*words, "-h") == 0)))
    return false;
  words++;
  if (!named && *words && words[1] && command_named(*words))
    named = command_named(*words++);
  *status = help(named, *words);
  return true;
}

static int run(struct ps_cli_settings *settings, enum ps_command named, int argc, char **argv)
{
  if (!ps_cli_parse(settings, argc, argv))
    return ps_cli_refusal();
  if (settings->options.program.help)
    return help(named, NULL);
  if (settings->options.program.version) {
    printf("poolsend %s\n", POOLSEND_VERSION);
    return status_after_printing();
  }
  return settings->command == PS_COMMAND_STREAM ? ps_cli_stream(settings) : ps_cli_send(settings);
}

int main(int argc, char **argv)
{
  ps_cli_hold_standard_descriptors();
  signal(SIGPIPE, SIG_IGN);
  signal(SIGXFSZ, SIG_IGN);  /* a file that may not grow is an error to report, not an end */
  unsetenv("SSLKEYLOGFILE"); /* it would have the keys of every connection written to a file */
  int status = 0;
  if (argc > 1 && asks_for_help(argv + 1, &status))
    return status;
  enum ps_command named = command_named(argc > 1 ? argv[1] : NULL);
  if (named) {
    argv[1] = argv[0];
    argc--;
    argv++;
  }
  struct ps_cli_settings settings;
  bool ready = ps_cli_settings_init(&settings, named ? named : PS_COMMAND_SEND);
  mallopt(M_ARENA_MAX, named == PS_COMMAND_STREAM ? STREAM_ARENAS : SEND_ARENAS);
  status = ready ? run(&settings, named, argc, argv) : PS_EXIT_LOCAL;
  if (status == PS_EXIT_USAGE)
    fprintf(stderr, "Nothing was sent. 'poolsend%s --help' explains the options.\n",
            named == PS_COMMAND_STREAM ? " stream" : "");
  ps_cli_settings_fini(&settings);
  return status;
}
