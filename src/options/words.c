#include "options/words.h"

#include <string.h>

#define TIMES      "1, 0.25, 250ms, 1s, 2m or 1h"
#define JSON_TIMES "a number of seconds, or \"250ms\", \"1s\", \"2m\", \"1h\""
#define SOURCES    "{\"env\": NAME} or {\"file\": PATH}"

const struct ps_command_words ps_command_words[] = {{"send", PS_COMMAND_SEND}, {"stream", PS_COMMAND_STREAM}};

enum ps_command ps_command_named(const char *name)
{
  for (size_t i = 0; i < PS_COMMANDS; i++)
    if (strcmp(ps_command_words[i].name, name) == 0)
      return ps_command_words[i].command;
  return 0;
}

const struct ps_kind_words ps_kind_words[] = {
    [PS_KIND_FLAG] = {NULL, "true or false", NULL, PS_OFFER_NOTHING, NULL},
    [PS_KIND_TEXT] = {"a text of one line", "a string", "text", PS_OFFER_NOTHING, NULL},
    [PS_KIND_LINE] = {"a text of one line", "a string", "text", PS_OFFER_NOTHING, NULL},
    [PS_KIND_SECRET] = {"a text of one line, which is never shown", "a string, " SOURCES, "secret", PS_OFFER_NOTHING,
                        NULL},
    [PS_KIND_USER] = {"a name, a colon and a password", "\"NAME:PASSWORD\", " SOURCES, "user", PS_OFFER_NOTHING, NULL},
    [PS_KIND_METHOD] = {"a method, such as PUT", "a string", "some_text", PS_OFFER_WORDS, "GET|POST|PUT|PATCH|DELETE"},
    [PS_KIND_NAME] = {"a text of one line", "a string", "some_text", PS_OFFER_NOTHING, NULL},
    [PS_KIND_URL] = {"a URL with http:// or https://", "a string", "some_text", PS_OFFER_NOTHING, NULL},
    [PS_KIND_PROXY] = {"[SCHEME://][USER:PASSWORD@]HOST[:PORT]", "a string, " SOURCES, "secret", PS_OFFER_NOTHING,
                       NULL},
    [PS_KIND_FILE] = {"the path of a file", "a string, the path of a file", "some_text", PS_OFFER_FILES, NULL},
    [PS_KIND_DIRECTORY] = {"the path of a directory", "a string, the path of a directory", "some_text",
                           PS_OFFER_DIRECTORIES, NULL},
    [PS_KIND_ID] = {"1 to 255 letters, digits and . _ : -", "a string", "text", PS_OFFER_NOTHING, NULL},
    [PS_KIND_COUNT] = {"a whole number", "a whole number", NULL, PS_OFFER_NOTHING, NULL},
    [PS_KIND_SIZE] = {"a size in bytes: 4096, 64K, 1M or 2G", "a number of bytes, or \"64K\", \"1M\", \"2G\"", "size",
                      PS_OFFER_NOTHING, NULL},
    [PS_KIND_TIME] = {"a time: " TIMES, JSON_TIMES, "time", PS_OFFER_NOTHING, NULL},
    [PS_KIND_LIMIT] = {"a time: " TIMES "; 0 for no limit", JSON_TIMES "; 0 for no limit", "time", PS_OFFER_NOTHING,
                       NULL},
    [PS_KIND_HEDGE_DELAY] = {"a time: " TIMES "; a percentile from p50 to p99.9; or none",
                             JSON_TIMES "; \"p50\" to \"p99.9\"; or \"none\"", "hedge_delay", PS_OFFER_WORDS,
                             "p95|p99|none"},
    [PS_KIND_SHARE] = {"a percentage: 10% or 2.5%; or none", "\"10%\", \"2.5%\" or \"none\"", "share", PS_OFFER_WORDS,
                       "none"},
    [PS_KIND_RATE] = {"a rate: 100/s, which can be written 100, 30/m, 2/h or 5/d; or none",
                      "a number, or \"100/s\", \"30/m\", \"2/h\", \"5/d\", \"none\"", "rate", PS_OFFER_WORDS, "none"},
    [PS_KIND_STATUSES] = {"statuses: 401,403 or 400-499", "a string: \"401,403\" or \"400-499\"", "statuses",
                          PS_OFFER_NOTHING, NULL},
    [PS_KIND_SUCCESS] = {"statuses and JSON tests: 200-299,409,/accepted=true",
                         "a string, or an object with \"status\" and \"json\"", "success", PS_OFFER_NOTHING, NULL},
    [PS_KIND_CHOICE] = {"one of ", "one of ", NULL, PS_OFFER_WORDS, NULL},
    [PS_KIND_EVENTS] = {"any of start, finish, delivered and settled, with commas", "a string", "text", PS_OFFER_WORDS,
                        "start|finish|delivered|settled"},
    [PS_KIND_HEADERS] = {"NAME: VALUE, NAME:, NAME; or @FILE", "an object: strings, null, " SOURCES " by name",
                         "headers", PS_OFFER_FILES_BEHIND_AT, NULL},
    [PS_KIND_NAMES] = {"names of headers", "an array of strings", "texts", PS_OFFER_NOTHING, NULL},
    [PS_KIND_RESOLVE] = {"HOST:PORT:ADDRESS", "an array of strings, \"HOST:PORT:ADDRESS\"", "texts", PS_OFFER_NOTHING,
                         NULL},
    [PS_KIND_CONNECT_TO] = {"HOST1:PORT1:HOST2:PORT2", "an array of strings, \"HOST1:PORT1:HOST2:PORT2\"", "texts",
                            PS_OFFER_NOTHING, NULL},
    [PS_KIND_TEMPLATE] = {"JSON", "any JSON, or {\"file\": PATH}", "template", PS_OFFER_NOTHING, NULL},
    [PS_KIND_DATA] = {"a body, or a part of one", "a string", "text", PS_OFFER_FILES_BEHIND_AT, NULL},
};
