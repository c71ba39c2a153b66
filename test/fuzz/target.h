/* What the targets of the fuzzers share. A target is one function that is given one input, and ends the process where a
 * property does not hold. It is linked twice: with libFuzzer, which looks for inputs (test/fuzz/run), and with replay.c,
 * which gives it those that are kept in seeds/, under any compiler.
 *
 * An input is text as far as the matter allows, in lines where it has several parts, so that seeds can be written and
 * read by hand. */
#ifndef PS_FUZZ_TARGET_H
#define PS_FUZZ_TARGET_H

#include <json-c/json.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The target; libFuzzer's name and shape for it. Always 0. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define REQUIRE(condition, words)                                                                                      \
  do {                                                                                                                 \
    if (!(condition))                                                                                                  \
      fuzz_fail(__FILE__, __LINE__, #condition, words);                                                                \
  } while (0)

__attribute__((noreturn)) void fuzz_fail(const char *file, int line, const char *condition, const char *words);

/* What of an input has not been taken yet. */
struct fuzz_input {
  const char *at, *end;
};

struct fuzz_input fuzz_input_of(const uint8_t *data, size_t size);

/* The next line without its end, or all that is left, as texts of their own to be freed with free(). A NUL in them ends
 * them early for whoever takes them for strings. */
char *fuzz_take_line(struct fuzz_input *input);
char *fuzz_take_rest(struct fuzz_input *input);

/* Whether json-c takes the whole text for JSON, and its value, for json_object_put (NULL is null too). */
bool fuzz_json(const char *text, size_t size, struct json_object **value);

/* Whether json-c may have put U+FFFD into a text it has read: it does so for half a surrogate pair, and (0.16) for pairs
 * that stand for U+1D800 to U+1DBFF and the like. */
bool fuzz_is_replaced(const char *text, size_t size);

/* Whether there is a control character (C0, DEL) in a text; a tab may be let pass. */
bool fuzz_has_control(const char *text, size_t size, bool tab_is_one);

/* Words for a person: there are some, and they are one line. */
void fuzz_require_words(const char *words);

/* Whether libcurl's own parser takes it for a URL with a host, of http or https. */
bool fuzz_is_http_url(const char *url);

#endif
