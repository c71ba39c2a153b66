#include "cli/options.h"
#include "cli/table.h"

#include <stdio.h>

/* Beside a help text, longer names push it aside. */
#define HELP_COLUMN 36

static void print_option(const struct ps_cli_option *option)
{
  char left[64];
  snprintf(left, sizeof left, "%c%c%s --%s %s", option->letter ? '-' : ' ', option->letter ? option->letter : ' ',
           option->letter ? "," : " ", option->name, option->argument ? option->argument : "");
  printf("  %-*s %s\n", HELP_COLUMN, left, option->help);
}

static void print_usage(unsigned commands)
{
  printf("Usage:");
  if (commands & PS_CLI_SEND)
    printf(" poolsend [send] [OPTIONS] URL...%s", commands & PS_CLI_STREAM ? "\n      " : "");
  if (commands & PS_CLI_STREAM)
    printf(" poolsend stream [OPTIONS] URL...");
  printf("\n\n");
}

static void print_purpose(unsigned commands)
{
  static const char *const rule =
      "through an ordered list of HTTP APIs. The first is tried first; one that has not answered\n"
      "within a second, or has failed, is followed by the next, and not given up. The first that accepts wins, and\n"
      "what became of every other attempt is told as well.\n";
  printf("Send %s %s", commands & PS_CLI_SEND ? "one message" : "messages", rule);
  if (commands & PS_CLI_STREAM)
    printf(
        "\n%s takes a message a line, with many under way at once. An API that hangs costs a second once, not every\n"
        "time: it is passed over until it answers again.\n",
        commands & PS_CLI_SEND ? "poolsend stream" : "It");
}

/* The options in `group` of exactly these commands, under a title if there are any. */
static void print_group(const char *title, int group, unsigned commands)
{
  bool any = false;
  for (size_t i = 0; i < ps_cli_option_count; i++) {
    const struct ps_cli_option *option = &ps_cli_options[i];
    if ((group >= 0 && (int)option->group != group) || option->commands != commands)
      continue;
    if (!any)
      printf("\n%s\n", title);
    any = true;
    print_option(option);
  }
}

/* First what both commands have, by what it is about, then what only one of them has. */
static void print_options(unsigned commands)
{
  static const char *const titles[PS_CLI_GROUPS] = {
      [PS_CLI_REQUEST] = "The request (curl's options, with curl's meaning)",
      [PS_CLI_DELIVERY] = "The delivery",
      [PS_CLI_OUTPUT] = "The output",
  };
  for (int group = 0; group < PS_CLI_GROUPS; group++)
    print_group(titles[group], group, PS_CLI_SEND | PS_CLI_STREAM);
  if (commands & PS_CLI_SEND)
    print_group("Only poolsend send: the message and its response", -1, PS_CLI_SEND);
  if (commands & PS_CLI_STREAM)
    print_group("Only poolsend stream: the messages", -1, PS_CLI_STREAM);
}

void ps_cli_print_help(unsigned commands)
{
  print_usage(commands);
  print_purpose(commands);
  print_options(commands);
  printf("\nTimes: 1, 0.25, 250ms, 1s, 2m, 1h. Sizes: 4096, 64K, 1M.\n\n"
         "Exit status: 0 delivered; 1 undelivered, and accepted by nobody%s; 2 bad usage, nothing was sent;\n"
         "3 --fail-on-duplicate, and there is or may be one; 4 undelivered, but it may have arrived; 5 local failure;\n"
         "130, 143 or 129 interrupted (SIGINT, SIGTERM, SIGHUP).\n",
         commands & PS_CLI_STREAM ? ", or a line was refused" : "");
}
