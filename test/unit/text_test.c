/* Texts of others: what is UTF-8, base64 both ways, and which word was meant. */
#include "base/text.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

static struct ps_buf out;

static int free_out(void **state)
{
  (void)state;
  ps_buf_fini(&out);
  return 0;
}

/* ---- UTF-8 */

static void utf8_is_told_from_other_bytes(void **state)
{
  (void)state;
  /* clang-format off */
  static const struct {
    const char *text;
    bool valid;
  } rows[] = {
      {"", true}, {"plain", true}, {"\x7f", true}, {"\xc2\x80", true}, {"\xdf\xbf", true}, {"\xe0\xa0\x80", true},
      {"\xed\x9f\xbf", true}, {"\xee\x80\x80", true}, {"\xef\xbf\xbf", true}, {"\xf0\x90\x80\x80", true},
      {"\xf4\x8f\xbf\xbf", true}, {"a\xc3\xa9z", true}, {"\x80", false}, {"\xbf", false}, {"\xc0\x80", false},
      {"\xc1\xbf", false}, {"\xc2", false}, {"\xc2z", false}, {"\xc2\xc2", false}, {"\xe0\x9f\xbf", false},
      {"\xe2\x82", false}, {"\xe2\x82z", false}, {"\xed\xa0\x80", false}, {"\xed\xbf\xbf", false},
      {"\xf0\x8f\xbf\xbf", false}, {"\xf0\x9f\x98", false}, {"\xf0\x9f\x98z", false}, {"\xf4\x90\x80\x80", false},
      {"\xf5\x80\x80\x80", false}, {"\xfe", false}, {"\xff", false}, {"a\xffz", false},
  };
  /* clang-format on */
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
    if (ps_text_is_utf8(rows[i].text, strlen(rows[i].text)) != rows[i].valid)
      fail_msg("row %zu is judged wrongly", i);
  assert_true(ps_text_is_utf8("a\0b", 3));
}

static void cut_through_a_character_is_moved_before_it(void **state)
{
  (void)state;
  static const char text[] = "a\xc3\xa9"
                             "b\xe2\x82\xac"
                             "c\xf0\x9f\x98\x80"
                             "d";
  static const size_t whole[] = {0, 1, 1, 3, 4, 4, 4, 7, 8, 8, 8, 8, 12, 13};
  for (size_t size = 0; size < sizeof text; size++) {
    assert_int_equal(ps_text_whole_utf8(text, size), whole[size]);
    assert_true(ps_text_is_utf8(text, whole[size]));
  }
}

static void bytes_that_are_no_text_are_not_cut_short(void **state)
{
  (void)state;
  static const char *const rows[] = {"a\xff", "a\xf8\x9f\xb3\x98", "a\xf5\x80",
                                     "\xc1",  "\x80\x80",          "a\x80\x80\x80\x80"};
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
    assert_int_equal(ps_text_whole_utf8(rows[i], strlen(rows[i])), strlen(rows[i]));
}

/* ---- Base64 */

static void base64_is_that_of_rfc_4648(void **state)
{
  (void)state;
  static const struct {
    const char *text, *base64;
  } vectors[] = {
      {"", ""},
      {"f", "Zg=="},
      {"fo", "Zm8="},
      {"foo", "Zm9v"},
      {"foob", "Zm9vYg=="},
      {"fooba", "Zm9vYmE="},
      {"foobar", "Zm9vYmFy"},
      {"\xff\xff\xfe", "///+"},
      {"\xfb\xef\xbe", "++++"},
  };
  for (size_t i = 0; i < sizeof vectors / sizeof *vectors; i++) {
    ps_buf_clear(&out);
    assert_int_equal(ps_buf_append(&out, "", 0), 0);
    assert_int_equal(ps_text_base64(&out, vectors[i].text, strlen(vectors[i].text)), 0);
    assert_string_equal(out.data, vectors[i].base64);
  }
  ps_buf_clear(&out);
  assert_int_equal(ps_text_base64(&out, "\0\0", 2), 0);
  assert_string_equal(out.data, "AAA=");
}

static void decode(const char *base64)
{
  ps_buf_clear(&out);
  assert_int_equal(ps_text_from_base64(&out, base64, strlen(base64)), 0);
}

static void base64_comes_back_as_what_went_in(void **state)
{
  (void)state;
  struct ps_buf base64 = {0};
  char bytes[2000];
  for (size_t size = 0; size < sizeof bytes; size += size < 20 ? 1 : 97) {
    for (size_t i = 0; i < size; i++)
      bytes[i] = (char)(i * 37 + size);
    ps_buf_clear(&base64);
    assert_int_equal(ps_buf_append(&base64, "", 0), 0);
    assert_int_equal(ps_text_base64(&base64, bytes, size), 0);
    decode(base64.data);
    assert_int_equal(out.size, size);
    assert_memory_equal(out.data, bytes, size);
  }
  ps_buf_fini(&base64);
}

static void base64_that_is_not_exact_is_refused(void **state)
{
  (void)state;
  static const char *const texts[] = {"Z",        "Zg",   "Zg=",      "Zh==",  "Zm9=",     "====",         "=",
                                      "Zg==Zg==", "Z===", "Zm9v\n",   "Zm 9",  "Zm9v    ", "Zm9vYg=a",     "-_-_",
                                      "Zm9\xff",  "Zg=a", "Zm9vYmF=", "\"Zm9", "Zm9v=",    "Zm9vZm9v Zg=="};
  for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
    if (ps_text_from_base64(&out, texts[i], strlen(texts[i])) != -EINVAL)
      fail_msg("'%s' is taken", texts[i]);
  assert_int_equal(ps_text_from_base64(&out, "Zm9\0", 4), -EINVAL);
}

/* ---- Words */

static void word_that_was_meant_is_found(void **state)
{
  (void)state;
  static const char *const words[] = {"hedge_delay", "headers", "method", "url", "body", "bodies", "id", "settle"};
  static const struct {
    const char *word, *meant;
  } rows[] = {
      {"hedge_dealy", "hedge_delay"},
      {"hedgedelay", "hedge_delay"},
      {"hedge", "hedge_delay"},
      {"hedge_delay_ms", "hedge_delay"},
      {"header", "headers"},
      {"Headers", "headers"},
      {"methd", "method"},
      {"metod", "method"},
      {"ulr", "url"},
      {"uri", "url"},
      {"bdoy", "body"},
      {"bodys", "body"},
      {"bodie", "bodies"},
      {"ids", "id"},
      {"id", "id"},
      {"x", NULL},
      {"", NULL},
      {"ab", NULL},
      {"retry", NULL},
      {"cat", NULL},
      {"settings", NULL},
  };
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
    const char *nearest = ps_text_nearest(rows[i].word, words, sizeof words / sizeof *words);
    if (!nearest != !rows[i].meant || (nearest && strcmp(nearest, rows[i].meant) != 0))
      fail_msg("'%s' is taken for '%s'", rows[i].word, nearest ? nearest : "nothing");
  }
}

static void nearest_of_no_words_or_to_an_endless_one_is_none(void **state)
{
  (void)state;
  static const char *const words[] = {"body"};
  static char endless[100000];
  memset(endless, 'b', sizeof endless - 1);
  assert_null(ps_text_nearest("body", words, 0));
  assert_null(ps_text_nearest(endless, words, 1));
}

static void controls_of_others_texts_are_hidden(void **state)
{
  (void)state;
  char text[] = "a\r\n\x01\x1b[2J\x7f b\tc\xc3\xa9";
  ps_text_hide_controls(text);
  assert_string_equal(text, "a????[2J? b?c\xc3\xa9");
}

static void controls_of_c1_are_hidden_too(void **state)
{
  (void)state;
  char text[] = "a\xc2\x9b"
                "31m\xc2\x80\xc2\x9f\xc2\xa0\xc3\x9b\xc2";
  ps_text_hide_controls(text);
  assert_string_equal(text, "a??31m????\xc2\xa0\xc3\x9b\xc2");
}

static void words_are_one_clean_line_however_little_of_them_fits(void **state)
{
  (void)state;
  static const char quoted[] = "\xc3\xa9\n\x1b[1m\xff\x9b\xc2\x85\xe2\x82\xac\x80 \xf0\x9f\x98\x80";
  char words[64];
  ps_text_say(words, sizeof words, "'%s'", quoted);
  assert_string_equal(words, "'\xc3\xa9??[1m????\xe2\x82\xac? \xf0\x9f\x98\x80'");
  for (size_t size = 1; size <= sizeof words; size++) {
    ps_text_say(words, size, "'%s'", quoted);
    assert_true(strlen(words) < size);
    assert_true(ps_text_is_utf8(words, strlen(words)));
    for (const char *c = words; *c; c++)
      assert_false(ps_text_is_control(*c));
  }
}

#define SENTENCE(name) cmocka_unit_test_teardown(name, free_out)

int main(void)
{
  const struct CMUnitTest tests[] = {
      SENTENCE(utf8_is_told_from_other_bytes),
      SENTENCE(controls_of_others_texts_are_hidden),
      SENTENCE(controls_of_c1_are_hidden_too),
      SENTENCE(words_are_one_clean_line_however_little_of_them_fits),
      SENTENCE(cut_through_a_character_is_moved_before_it),
      SENTENCE(bytes_that_are_no_text_are_not_cut_short),
      SENTENCE(base64_is_that_of_rfc_4648),
      SENTENCE(base64_comes_back_as_what_went_in),
      SENTENCE(base64_that_is_not_exact_is_refused),
      SENTENCE(word_that_was_meant_is_found),
      SENTENCE(nearest_of_no_words_or_to_an_endless_one_is_none),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
