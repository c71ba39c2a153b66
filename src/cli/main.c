#include "cli/options.h"
#include "cli/output.h"
#include "cli/send.h"

#include <locale.h>
#include <malloc.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* What was printed may have gone nowhere. */
static int status_after_printing(void)
{
  if (fflush(stdout) == 0 && !ferror(stdout))
    return PS_EXIT_DELIVERED;
  perror("poolsend: standard output");
  return PS_EXIT_LOCAL;
}

static int run(struct ps_cli_settings *settings, int argc, char **argv)
{
  if (!ps_cli_parse(settings, argc, argv))
    return PS_EXIT_USAGE;
  if (settings->help) {
    ps_cli_print_help();
    return status_after_printing();
  }
  if (settings->version) {
    printf("poolsend %s\n", POOLSEND_VERSION);
    return status_after_printing();
  }
  return ps_cli_send(settings);
}

int main(int argc, char **argv)
{
  ps_cli_hold_standard_descriptors();
  setlocale(LC_CTYPE, ""); /* what characters an international host name on the command line is made of */
  signal(SIGPIPE, SIG_IGN);
  signal(SIGXFSZ, SIG_IGN);  /* a file that may not grow is an error to report, not an end */
  mallopt(M_ARENA_MAX, 1);   /* a message is few allocations: an arena for every thread costs more than it saves */
  unsetenv("SSLKEYLOGFILE"); /* it would have the keys of every connection written to a file */
  if (argc > 1 && strcmp(argv[1], "send") == 0) {
    argv[1] = argv[0];
    argc--;
    argv++;
  }
  struct ps_cli_settings settings;
  ps_cli_settings_init(&settings);
  int status = run(&settings, argc, argv);
  if (status == PS_EXIT_USAGE)
    fputs("Nothing was sent. 'poolsend --help' explains the options.\n", stderr);
  ps_cli_settings_fini(&settings);
  return status;
}
