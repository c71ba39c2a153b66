/* Hosts in URLs and in the settings of a route, in ASCII. Built twice: with libidn2 where there is one, and without. */
#include "net/idn.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#define COUNT_OF(list) (sizeof(list) / sizeof *(list))

#define BUECHER                                                                                                        \
  "b\xc3\xbc"                                                                                                          \
  "cher"
#define SLASH "\xef\xbc\x8f" /* U+FF0F, which is mapped to "/" */
#define AT    "\xef\xbc\xa0" /* U+FF20, to "@" */

static void expect_url(const char *url, const char *expected)
{
  struct ps_error error = {.text = ""};
  char *ascii = NULL;
  int result = ps_idn_url(url, &ascii, &error);
  if (result || strcmp(ascii, expected) != 0)
    fail_msg("'%s' is '%s' instead of '%s': %s", url, result ? "refused" : ascii, expected, error.text);
  free(ascii);
}

static void expect_refused(const char *url, const char *words)
{
  struct ps_error error = {.text = ""};
  char *ascii = NULL;
  int result = ps_idn_url(url, &ascii, &error);
  if (result != -EINVAL || ascii || !strstr(error.text, words))
    fail_msg("'%s': %d, '%s' instead of '%s'", url, result, error.text, words);
}

static void url_whose_host_is_ascii_stays_as_it_is(void **state)
{
  (void)state;
  static const char *const urls[] = {
      "http://a.example/",
      "HTTPS://A.Example:8080/%C3%BC?q=\xc3\xbc#\xc3\xbc",
      "http://h",
      "http://h?\xc3\xbc",
      "http://h#\xc3\xbc",
      "http://u\xc3\xbc:p\xc3\xbc@h/",
      "http://%31%32%37.0.0.1/",
      "http://a%2fb/",
      "http://%/",
      "http://%c/",
      "http://[fe80::1%25\xc3\xbc]:80/",
      "http://xn--bcher-kva.test/",
      "http://a..b/",
      "http:///\xc3\xbc",
      "h:80",
      "h/\xc3\xbc",
      "h",
      "",
      "://",
      "@",
      "http://h/://\xc3\xbc/",
  };
  for (size_t i = 0; i < COUNT_OF(urls); i++)
    expect_url(urls[i], urls[i]);
}

#ifdef PS_HAVE_LIBIDN2

static void only_the_host_of_a_url_changes(void **state)
{
  (void)state;
  static const struct {
    const char *url, *ascii;
  } rows[] = {
      {"http://" BUECHER ".test/", "http://xn--bcher-kva.test/"},
      {"http://" BUECHER ".test.", "http://xn--bcher-kva.test."},
      {"http://" BUECHER, "http://xn--bcher-kva"},
      {"HTTPS://u\xc3\xbc:p@" BUECHER ":8080/\xc3\xbc?a=" BUECHER "#\xc3\xbc",
       "HTTPS://u\xc3\xbc:p@xn--bcher-kva:8080/\xc3\xbc?a=" BUECHER "#\xc3\xbc"},
      {"http://a@b@" BUECHER "?x", "http://a@b@xn--bcher-kva?x"},
      {"http://a." BUECHER ".B_c/%7e", "http://a.xn--bcher-kva.b_c/%7e"},
      {"http://B\xc3\x9c"
       "CHER/",
       "http://xn--bcher-kva/"},
      {"http://bu\xcc\x88"
       "cher/",
       "http://xn--bcher-kva/"},
      {"http://b%C3%BCcher/", "http://xn--bcher-kva/"},
      {"http://b%c3%bcch%65r/%C3%BC", "http://xn--bcher-kva/%C3%BC"},
      {"http://a\xe3\x80\x82" BUECHER "/", "http://a.xn--bcher-kva/"},
      {"http://fa\xc3\x9f.de/", "http://xn--fa-hia.de/"}, /* not "fass.de", as in IDNA2003 */
      {"http://\xe4\xbe\x8b\xe3\x81\x88.\xe3\x83\x86\xe3\x82\xb9\xe3\x83\x88/", "http://xn--r8jz45g.xn--zckzah/"},
      {BUECHER ":3128", "xn--bcher-kva:3128"},
      {"u:p@" BUECHER, "u:p@xn--bcher-kva"},
      {"socks5h://" BUECHER "/", "socks5h://xn--bcher-kva/"},
      {"http://" BUECHER "/{{/a}}?b={{/" BUECHER "}}", "http://xn--bcher-kva/{{/a}}?b={{/" BUECHER "}}"},
  };
  for (size_t i = 0; i < COUNT_OF(rows); i++)
    expect_url(rows[i].url, rows[i].ascii);
}

static void name_that_is_none_is_refused(void **state)
{
  (void)state;
  static const char invalid[] = "not a valid international name";
  expect_refused("http://a" SLASH "b/", invalid);
  expect_refused("http://u" AT "b/", invalid);
  expect_refused("http://a%EF%BC%8Fb/", invalid);
  expect_refused("http://a%20\xc3\xbc/", invalid);
  expect_refused("http://a%2f\xc3\xbc/", invalid);
  expect_refused("http://\xc2\xad/", invalid); /* nothing is left of it */
  expect_refused("http://xn--zzz-\xc3\xbc/", invalid);
  expect_refused("http://-\xc3\xbc/", invalid);
}

static void label_of_more_than_63_is_refused(void **state)
{
  (void)state;
  char url[200] = "http://";
  for (size_t i = 0; i < 64; i++)
    strcat(url, "\xc3\xbc");
  expect_refused(url, "not a valid international name");
}

static void names_of_the_way_are_ascii(void **state)
{
  (void)state;
  static const char *const resolve[] = {BUECHER ":80:127.0.0.1,[::1]", "+" BUECHER "-a.x:80:127.0.0.1",
                                        "-" BUECHER ":80", "*:80:[::1]"};
  static const char *const connect_to[] = {BUECHER ":80:a-b." BUECHER ":81", "::[::1]:", ":::", "a::" BUECHER ":"};
  const struct ps_endpoint_settings given = {
      .url = "http://h/",
      .proxy = "http://u\xc3\xbc:p@" BUECHER ":3128",
      .noproxy = " a, ." BUECHER ".x," BUECHER " 10.0.0.0/8,",
      .resolve = resolve,
      .resolve_count = COUNT_OF(resolve),
      .connect_to = connect_to,
      .connect_to_count = COUNT_OF(connect_to),
  };
  struct ps_error error;
  struct ps_idn_settings settings;
  assert_int_equal(ps_idn_settings_init(&settings, &given, &error), 0);
  const struct ps_endpoint_settings *ascii = &settings.ascii;
  assert_ptr_equal(ascii->url, given.url);
  assert_string_equal(ascii->proxy, "http://u\xc3\xbc:p@xn--bcher-kva:3128");
  assert_string_equal(ascii->noproxy, " a, .xn--bcher-kva.x,xn--bcher-kva 10.0.0.0/8,");
  assert_string_equal(ascii->resolve[0], "xn--bcher-kva:80:127.0.0.1,[::1]");
  assert_string_equal(ascii->resolve[1], "+xn--bcher-a-n2a.x:80:127.0.0.1");
  assert_string_equal(ascii->resolve[2], "-xn--bcher-kva:80");
  assert_string_equal(ascii->resolve[3], "*:80:[::1]");
  assert_string_equal(ascii->connect_to[0], "xn--bcher-kva:80:a-b.xn--bcher-kva:81");
  assert_string_equal(ascii->connect_to[1], "::[::1]:");
  assert_string_equal(ascii->connect_to[2], ":::");
  assert_string_equal(ascii->connect_to[3], "a::xn--bcher-kva:");
  ps_idn_settings_fini(&settings);
}

#else

static void every_international_name_is_refused_and_what_is_missing_is_said(void **state)
{
  (void)state;
  static const char *const urls[] = {"http://" BUECHER "/", "http://b%C3%BCcher/", "http://u:p@" BUECHER ":80",
                                     "http://a" SLASH "b/", BUECHER};
  for (size_t i = 0; i < COUNT_OF(urls); i++) {
    expect_refused(urls[i], "built without libidn2");
    expect_refused(urls[i], "xn--");
  }
}

#endif

static void name_that_is_not_utf_8_is_refused(void **state)
{
  (void)state;
  static const char words[] = "not UTF-8";
  expect_refused("http://b\xfc"
                 "cher/",
                 words);
  expect_refused("http://b%FCcher/", words);
  expect_refused("http://\xc3/", words);
  expect_refused("http://\xed\xa0\x80/", words);
  expect_refused("\xff:80", words);
  expect_refused("http://\xc3\xbc%00/", "NUL");
}

/* Each of the settings, and no password. */
static void setting_that_cannot_be_spelt_is_named(void **state)
{
  (void)state;
  static const char *const bad[] = {"::b\xfc:80"}, *const good[] = {"a:80:127.0.0.1"};
  const struct {
    const char *what;
    struct ps_endpoint_settings settings;
  } rows[] = {
      {"proxy: ", {.proxy = "http://u:s3cret@b\xfc:80"}},
      {"noproxy '", {.noproxy = "a,b\xfc"}},
      {"resolve '", {.resolve = bad, .resolve_count = 1}},
      {"connect-to '", {.resolve = good, .resolve_count = 1, .connect_to = bad, .connect_to_count = 1}},
  };
  for (size_t i = 0; i < COUNT_OF(rows); i++) {
    struct ps_error error = {.text = ""};
    struct ps_idn_settings settings;
    assert_int_equal(ps_idn_settings_init(&settings, &rows[i].settings, &error), -EINVAL);
    ps_idn_settings_fini(&settings);
    if (strncmp(error.text, rows[i].what, strlen(rows[i].what)) != 0 || strstr(error.text, "s3cret"))
      fail_msg("%s", error.text);
  }
}

/* What is told of a URL in which a password may stand is told without it. */
static void refused_url_shows_no_secret(void **state)
{
  (void)state;
  struct ps_error error;
  char *ascii;
  assert_int_equal(ps_idn_url("http://u:s3cret@b\xfc/?key=s3cret", &ascii, &error), -EINVAL);
  assert_null(strstr(error.text, "s3cret"));
  assert_int_equal(ps_idn_url("http://b\xfc/?key=s3cret", &ascii, &error), -EINVAL);
  assert_null(strstr(error.text, "s3cret"));
}

static void settings_without_a_way_of_their_own_need_nothing(void **state)
{
  (void)state;
  const struct ps_endpoint_settings given = {.url = "http://h/", .proxy = "", .noproxy = ""};
  struct ps_error error;
  struct ps_idn_settings settings;
  assert_int_equal(ps_idn_settings_init(&settings, &given, &error), 0);
  assert_string_equal(settings.ascii.proxy, "");
  assert_string_equal(settings.ascii.noproxy, "");
  assert_null(settings.ascii.resolve);
  ps_idn_settings_fini(&settings);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(url_whose_host_is_ascii_stays_as_it_is),
#ifdef PS_HAVE_LIBIDN2
      cmocka_unit_test(only_the_host_of_a_url_changes),
      cmocka_unit_test(name_that_is_none_is_refused),
      cmocka_unit_test(label_of_more_than_63_is_refused),
      cmocka_unit_test(names_of_the_way_are_ascii),
#else
      cmocka_unit_test(every_international_name_is_refused_and_what_is_missing_is_said),
#endif
      cmocka_unit_test(name_that_is_not_utf_8_is_refused),
      cmocka_unit_test(setting_that_cannot_be_spelt_is_named),
      cmocka_unit_test(refused_url_shows_no_secret),
      cmocka_unit_test(settings_without_a_way_of_their_own_need_nothing),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
