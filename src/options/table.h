/* The table of options: the one place that says which options there are. The command line (--hedge-delay 500ms), the
 * configuration file ("hedge_delay": "500ms") and the library (poolsend_config_set(config, "hedge_delay", "500ms")) are
 * three ways into it. The help, the manual pages, the schema of the file and the completions are made from it.
 *
 * The table is data and nothing else, so that the generator of these can be built with it alone. What a kind of value
 * is, and how it is read, is in kinds.c. */
#ifndef PS_OPTIONS_TABLE_H
#define PS_OPTIONS_TABLE_H

#include <stdbool.h>
#include <stddef.h>

/* What sort of value an option takes. kinds.c has a row for each. */
enum ps_kind {
  PS_KIND_FLAG,        /* true or false; on the command line --X and --no-X */
  PS_KIND_TEXT,        /* one line, shown when it is wrong */
  PS_KIND_LINE,        /* one line that goes into a request, a control character is refused */
  PS_KIND_SECRET,      /* likewise, never shown */
  PS_KIND_USER,        /* a secret with a colon in it */
  PS_KIND_METHOD,      /* a method (RFC 9110, 9.1) */
  PS_KIND_NAME,        /* of an endpoint */
  PS_KIND_URL,         /* http or https */
  PS_KIND_PROXY,       /* a URL or a host; may hold a password */
  PS_KIND_FILE,        /* a path that will be read or written */
  PS_KIND_DIRECTORY,   /* likewise */
  PS_KIND_ID,          /* of a message */
  PS_KIND_COUNT,       /* a whole number within the row's range */
  PS_KIND_SIZE,        /* bytes */
  PS_KIND_TIME,        /* a span */
  PS_KIND_LIMIT,       /* a span of which 0 means never */
  PS_KIND_HEDGE_DELAY, /* a span, a percentile or none */
  PS_KIND_SHARE,       /* a percentage or none */
  PS_KIND_RATE,        /* so many a second, minute ... or none */
  PS_KIND_STATUSES,    /* 401,403 or 400-499 */
  PS_KIND_SUCCESS,     /* statuses and JSON tests */
  PS_KIND_CHOICE,      /* one of the words of the row's argument; its value is the word's number */
  PS_KIND_EVENTS,      /* names of events */
  PS_KIND_HEADERS,     /* by name; repeats add up */
  PS_KIND_NAMES,       /* a list of headers' names */
  PS_KIND_RESOLVE,     /* a list of HOST:PORT:ADDRESS */
  PS_KIND_CONNECT_TO,  /* a list of HOST1:PORT1:HOST2:PORT2 */
  PS_KIND_TEMPLATE,    /* JSON with placeholders */
  PS_KIND_DATA         /* a piece of the body, on the command line alone; repeats add up */
};

/* What becomes of a piece of the body. */
enum ps_data { PS_DATA_FORM, PS_DATA_BINARY, PS_DATA_RAW, PS_DATA_URLENCODE, PS_DATA_JSON };

/* What an option is a property of. An endpoint's option set on the configuration is the default of all endpoints. */
enum ps_scope { PS_SCOPE_SENDER, PS_SCOPE_ENDPOINT, PS_SCOPE_MESSAGE, PS_SCOPE_PROGRAM };

/* The commands: bits, as an option may belong to several. 0: it is not on the command line. */
enum ps_command { PS_COMMAND_SEND = 1, PS_COMMAND_STREAM = 2 };

/* What an option is about, for helps and manual pages. */
enum ps_group { PS_GROUP_MESSAGE, PS_GROUP_REQUEST, PS_GROUP_DELIVERY, PS_GROUP_STREAM, PS_GROUP_OUTPUT, PS_GROUPS };

/* What else is true of an option: bits. */
enum ps_trait {
  PS_IN_FILE = 1,     /* the configuration file has it, and so does poolsend_config_set */
  PS_BY_NAME = 2,     /* poolsend_config_set has it, the file has not */
  PS_COMMON = 4,      /* in the short help */
  PS_SHOWN_AS_NO = 8, /* a flag that is on unless told otherwise: helps show --no-X */
  PS_NOT_EMPTY = 16,  /* "" is refused */
  PS_OWN = 32,        /* each endpoint has its own: refused where it would hold for several */
  PS_READ = 64,       /* a file or a directory that must be there and readable */
  PS_LAST_WINS = 128  /* takes back what was given of its set before, at the same level too */
};

/* Options that mean something only together: where one of a set is given, what lower levels say of the others goes. */
enum ps_set {
  PS_SET_CREDENTIALS = 1, /* user, bearer token */
  PS_SET_TRUST = 2,       /* certificates of CAs */
  PS_SET_CERTIFICATE = 4, /* the client certificate, its key and the key's password */
  PS_SET_FAMILY = 8       /* IPv4 or IPv6 */
};

struct ps_option {
  const char *name; /* on the command line */
  const char *key;  /* in the file and by name; NULL: the same with _ for - */
  char letter;      /* 0: none */
  enum ps_kind kind;
  enum ps_scope scope;
  unsigned commands; /* ps_command values */
  enum ps_group group;
  unsigned traits;       /* ps_trait values */
  size_t field;          /* where its value is: an offset in struct ps_options */
  unsigned least, most;  /* of a count */
  enum ps_data data;     /* of a piece of the body */
  unsigned in_set;       /* a ps_set value that it belongs to, or 0 */
  unsigned replaces_set; /* a ps_set value that goes when it is given, or 0 */
  const char *argument;  /* what helps call its value; NULL: a flag */
  const char *help;      /* one sentence, with the default in parentheses */
  const char *more;      /* further sentences, or NULL */
  const char *key_help;  /* what is said of its key in the file instead of both; NULL: the same */
};

#define PS_OPTIONS_MAX 96

extern const struct ps_option ps_option_table[];
extern const size_t ps_option_count; /* at most PS_OPTIONS_MAX */

#endif
