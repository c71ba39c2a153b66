/* A table with an option of each kind, which stands everywhere that options can: for the generator, in the place of the
 * program's own. */
#include "options/table.h"

#define OPTION(kind_, name_, argument_)                                                                                \
  {                                                                                                                    \
    .name = name_, .kind = kind_, .scope = PS_SCOPE_ENDPOINT, .commands = PS_COMMAND_SEND | PS_COMMAND_STREAM,         \
    .group = PS_GROUP_REQUEST, .traits = PS_IN_FILE, .least = 2, .most = 3, .argument = argument_,                     \
    .help = "Set 'it' [to \\ this]: a \"value\"."                                                                      \
  }

const struct ps_option ps_option_table[] = {
    OPTION(PS_KIND_FLAG, "flag", NULL),
    OPTION(PS_KIND_TEXT, "text", "TEXT"),
    OPTION(PS_KIND_LINE, "line", "LINE"),
    OPTION(PS_KIND_SECRET, "secret", "SECRET"),
    OPTION(PS_KIND_USER, "user", "USER[:PASSWORD]"),
    OPTION(PS_KIND_METHOD, "method", "METHOD"),
    OPTION(PS_KIND_NAME, "name", "NAME"),
    OPTION(PS_KIND_URL, "url", "URL"),
    OPTION(PS_KIND_PROXY, "proxy", "URL"),
    OPTION(PS_KIND_FILE, "file", "FILE"),
    OPTION(PS_KIND_DIRECTORY, "directory", "DIR"),
    OPTION(PS_KIND_ID, "id", "ID"),
    OPTION(PS_KIND_COUNT, "count", "N"),
    OPTION(PS_KIND_SIZE, "size", "SIZE"),
    OPTION(PS_KIND_TIME, "time", "TIME"),
    OPTION(PS_KIND_LIMIT, "limit", "TIME"),
    OPTION(PS_KIND_HEDGE_DELAY, "hedge-delay", "TIME|pNN|none"),
    OPTION(PS_KIND_SHARE, "share", "N%|none"),
    OPTION(PS_KIND_RATE, "rate", "N/s"),
    OPTION(PS_KIND_STATUSES, "statuses", "LIST"),
    OPTION(PS_KIND_SUCCESS, "success", "LIST"),
    OPTION(PS_KIND_CHOICE, "choice", "one|other"),
    OPTION(PS_KIND_EVENTS, "events", "LIST"),
    OPTION(PS_KIND_HEADERS, "headers", "HEADER|@FILE"),
    OPTION(PS_KIND_NAMES, "names", "NAMES"),
    OPTION(PS_KIND_RESOLVE, "resolve", "HOST:PORT:ADDR"),
    OPTION(PS_KIND_CONNECT_TO, "connect-to", "H1:P1:H2:P2"),
    OPTION(PS_KIND_TEMPLATE, "template", "JSON"),
    OPTION(PS_KIND_DATA, "data", "DATA|@FILE"),
};

const size_t ps_option_count = sizeof ps_option_table / sizeof *ps_option_table;

_Static_assert(sizeof ps_option_table / sizeof *ps_option_table == PS_KIND_DATA + 1, "a kind is missing");
