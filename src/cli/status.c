#include "cli/status.h"

#include <stdio.h>
#include <stdlib.h>

void ps_cli_tally_add(struct ps_cli_tally *tally, const struct poolsend_event *settled)
{
  bool unknown = poolsend_event_fate_count(settled, POOLSEND_FATE_UNKNOWN) > 0;
  bool also = poolsend_event_fate_count(settled, POOLSEND_FATE_DELIVERED) > 1;
  if (!poolsend_event_winner(settled)) {
    tally->undelivered++;
    tally->maybe_arrived += unknown;
    return;
  }
  tally->delivered++;
  tally->duplicated += also;
  tally->maybe_duplicated += unknown && !also;
}

/* Where several hold, the first one here. */
int ps_cli_tally_status(const struct ps_cli_tally *tally, bool fail_on_duplicate)
{
  if (tally->failed_locally)
    return PS_EXIT_LOCAL;
  if (tally->signal)
    return PS_EXIT_SIGNAL + tally->signal;
  if (tally->maybe_arrived)
    return PS_EXIT_MAYBE_ARRIVED;
  if (tally->undelivered || tally->refused)
    return PS_EXIT_UNDELIVERED;
  if (fail_on_duplicate && (tally->duplicated || tally->maybe_duplicated))
    return PS_EXIT_DUPLICATE;
  return PS_EXIT_DELIVERED;
}

static unsigned long long as_printed(uint64_t count)
{
  return count;
}

static void print_duplicates(FILE *out, const struct ps_cli_tally *tally)
{
  if (!tally->duplicated && !tally->maybe_duplicated)
    return;
  fputs(" (", out);
  if (tally->duplicated)
    fprintf(out, "%llu more than once", as_printed(tally->duplicated));
  if (tally->maybe_duplicated)
    fprintf(out, "%s%llu perhaps more than once", tally->duplicated ? ", " : "", as_printed(tally->maybe_duplicated));
  fputc(')', out);
}

char *ps_cli_tally_text(const struct ps_cli_tally *tally)
{
  uint64_t messages = tally->delivered + tally->undelivered;
  char *text = NULL;
  size_t size;
  FILE *out = open_memstream(&text, &size);
  if (!out)
    return NULL;
  fprintf(out, "%llu message%s: %llu delivered", as_printed(messages), messages == 1 ? "" : "s",
          as_printed(tally->delivered));
  print_duplicates(out, tally);
  fprintf(out, ", %llu undelivered", as_printed(tally->undelivered));
  if (tally->maybe_arrived)
    fprintf(out, " (%llu may have arrived)", as_printed(tally->maybe_arrived));
  if (tally->refused)
    fprintf(out, "; %llu line%s refused", as_printed(tally->refused), tally->refused == 1 ? "" : "s");
  if (fclose(out) == 0)
    return text;
  free(text);
  return NULL;
}
