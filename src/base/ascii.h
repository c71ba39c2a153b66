/* Letters of either case taken for the same, as the protocols mean it: in names of fields (RFC 9110, 5.1), schemes (RFC
 * 3986, 3.1) and hosts (RFC 4343) that is A to Z, whatever the locale. strncasecmp() asks the locale: in a Turkish one
 * "SIG" is not "sig", nor "TRANSFER-ENCODING" "Transfer-Encoding", so that a secret is shown and a header let through.
 * Other bytes are the same only as themselves. */
#ifndef PS_BASE_ASCII_H
#define PS_BASE_ASCII_H

#include <stdbool.h>
#include <stddef.h>

static inline bool ps_ascii_is_digit(char c)
{
  return c >= '0' && c <= '9';
}

static inline bool ps_ascii_is_letter(char c)
{
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static inline char ps_ascii_lower(char c)
{
  if (c >= 'A' && c <= 'Z')
    return (char)(c - 'A' + 'a');
  return c;
}

/* Whether two pieces of `size` bytes each are the same. */
bool ps_ascii_equal(const char *a, const char *b, size_t size);

/* Whether two strings are. */
bool ps_ascii_same(const char *a, const char *b);

/* Whether `text`, of `size` bytes and maybe without a NUL behind them, is this word. */
bool ps_ascii_is(const char *text, size_t size, const char *word);

/* Whether the string `text` begins with this word. */
bool ps_ascii_begins(const char *text, const char *word);

#endif
