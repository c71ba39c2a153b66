/* Times, sizes, counts, shares and rates, as they are written. */
#include "base/values.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#define NS(count)      ((poolsend_time)(count))
#define COUNT_OF(list) (sizeof(list) / sizeof *(list))

static void time_is_a_decimal_with_or_without_a_unit(void **state)
{
  (void)state;
  static const struct {
    const char *text;
    poolsend_time span;
  } rows[] = {
      {"1", POOLSEND_S(1)},
      {"0", 0},
      {"0.25", POOLSEND_MS(250)},
      {"250ms", POOLSEND_MS(250)},
      {"1s", POOLSEND_S(1)},
      {"2m", POOLSEND_S(120)},
      {"1h", POOLSEND_S(3600)},
      {".5", POOLSEND_MS(500)},
      {"5.", POOLSEND_S(5)},
      {"1.5m", POOLSEND_S(90)},
      {"0.000000001", NS(1)},
      {"1.1", NS(1100000000)},
      {"0.1ms", NS(100000)},
      {"007s", POOLSEND_S(7)},
      {"0.0000000004", 0},
      {"10000h", POOLSEND_S(36000000)},
      {"36000000", POOLSEND_S(36000000)},
      {"0.10000000000000000000000000000000000000000000000000s", POOLSEND_MS(100)},
  };
  for (size_t i = 0; i < COUNT_OF(rows); i++) {
    poolsend_time span = -1;
    if (!ps_parse_time(rows[i].text, &span) || span != rows[i].span)
      fail_msg("'%s' is %lld ns instead of %lld", rows[i].text, (long long)span, (long long)rows[i].span);
  }
}

static void time_of_another_shape_or_too_long_is_refused(void **state)
{
  (void)state;
  static const char *const texts[] = {"",          " 1",
                                      "1 ",        "1 s",
                                      "-1",        "+1",
                                      ".",         "s",
                                      "ms",        "1d",
                                      "1S",        "1M",
                                      "1e3",       "0x10",
                                      "1,5",       "1..5",
                                      "inf",       "nan",
                                      "none",      "1m30s",
                                      "1us",       "1.s.",
                                      "5 parsecs", "10001h",
                                      "36000001",  "99999999999999999999999999999999",
                                      "1\n"};
  for (size_t i = 0; i < COUNT_OF(texts); i++) {
    poolsend_time span = 17;
    if (ps_parse_time(texts[i], &span) || span != 17)
      fail_msg("'%s' is taken for a time", texts[i]);
  }
}

static void seconds_are_a_time_up_to_ten_thousand_hours(void **state)
{
  (void)state;
  poolsend_time span = 17;
  assert_true(ps_time_from_seconds(0.25, &span));
  assert_int_equal(span, POOLSEND_MS(250));
  assert_true(ps_time_from_seconds(-0.0, &span));
  assert_int_equal(span, 0);
  assert_true(ps_time_from_seconds(36000000, &span));
  assert_int_equal(span, POOLSEND_S(36000000));
  static const double refused[] = {-1, -1e-300, 36000000.1, 1e300, INFINITY, -INFINITY, NAN};
  for (size_t i = 0; i < COUNT_OF(refused); i++)
    assert_false(ps_time_from_seconds(refused[i], &span));
  assert_int_equal(span, POOLSEND_S(36000000));
}

static void size_counts_bytes_in_powers_of_1024(void **state)
{
  (void)state;
  static const struct {
    const char *text;
    size_t size;
  } rows[] = {{"0", 0},
              {"4096", 4096},
              {"64K", 65536},
              {"64k", 65536},
              {"1M", 1u << 20},
              {"2G", (size_t)2 << 30},
              {"00010", 10},
              {"9223372036854775807", SIZE_MAX >> 1},
              {"8589934591G", (size_t)8589934591u << 30}};
  for (size_t i = 0; i < COUNT_OF(rows); i++) {
    size_t size = 17;
    if (!ps_parse_size(rows[i].text, &size) || size != rows[i].size)
      fail_msg("'%s' is %zu instead of %zu", rows[i].text, size, rows[i].size);
  }
}

static void size_of_another_shape_or_too_large_is_refused(void **state)
{
  (void)state;
  static const char *const texts[] = {"",
                                      "-1",
                                      "+1",
                                      " 1",
                                      "1 ",
                                      "K",
                                      "1KB",
                                      "1.5M",
                                      "0x10",
                                      "1e3",
                                      "1T",
                                      "1 K",
                                      "none",
                                      "9223372036854775808",
                                      "8589934592G",
                                      "99999999999999999999"};
  for (size_t i = 0; i < COUNT_OF(texts); i++) {
    size_t size = 17;
    if (ps_parse_size(texts[i], &size) || size != 17)
      fail_msg("'%s' is taken for a size", texts[i]);
  }
}

static void count_is_a_whole_number_up_to_its_limit(void **state)
{
  (void)state;
  unsigned count = 17;
  assert_true(ps_parse_count("0", 10, &count));
  assert_int_equal(count, 0);
  assert_true(ps_parse_count("10", 10, &count));
  assert_int_equal(count, 10);
  static const char *const texts[] = {"",    "11",  "-1",  "+1",  " 1",         "1 ",
                                      "1.0", "1e1", "0x1", "ten", "4294967296", "99999999999999999999"};
  for (size_t i = 0; i < COUNT_OF(texts); i++)
    if (ps_parse_count(texts[i], 10, &count) || count != 10)
      fail_msg("'%s' is taken for a count up to 10", texts[i]);
}

static void hedge_delay_is_a_time_none_or_a_percentile(void **state)
{
  (void)state;
  static const struct {
    const char *text;
    poolsend_time span;
    unsigned permille;
  } rows[] = {
      {"1s", POOLSEND_S(1), 0},
      {"0", 0, 0},
      {"250ms", POOLSEND_MS(250), 0},
      {"none", POOLSEND_NEVER, 0},
      {"p50", 0, 500},
      {"p95", 0, 950},
      {"p97.5", 0, 975},
      {"p99.9", 0, 999},
      {"p50.0", 0, 500},
      {"p99", 0, 990},
  };
  for (size_t i = 0; i < COUNT_OF(rows); i++) {
    poolsend_time span = -1;
    unsigned permille = 17;
    if (!ps_parse_hedge_delay(rows[i].text, &span, &permille))
      fail_msg("'%s' is refused", rows[i].text);
    assert_int_equal(span, rows[i].span);
    assert_int_equal(permille, rows[i].permille);
  }
}

static void hedge_delay_of_another_shape_is_refused(void **state)
{
  (void)state;
  static const char *const texts[] = {"",       "None", "none ", "p",      "p9",  "p49.9",    "p100",
                                      "p100.0", "p095", "p99.",  "p99.99", "p.9", "P95",      "p 95",
                                      "p95%",   "95p",  "-1",    "p95s",   "p-5", "5 parsecs"};
  for (size_t i = 0; i < COUNT_OF(texts); i++) {
    poolsend_time span = 17;
    unsigned permille = 18;
    if (ps_parse_hedge_delay(texts[i], &span, &permille) || span != 17 || permille != 18)
      fail_msg("'%s' is taken for a hedge delay", texts[i]);
  }
}

static void expect(bool taken, const char *text, double number, double expected)
{
  if (!taken || fabs(number - expected) > 1e-12)
    fail_msg("'%s' is %.17g instead of %.17g", text, number, expected);
}

static void share_is_a_percentage_or_none(void **state)
{
  (void)state;
  static const struct {
    const char *text;
    double share;
  } rows[] = {{"10%", 0.1}, {"2.5%", 0.025}, {"0%", 0}, {"100%", 1}, {"100.0%", 1}, {".5%", 0.005}, {"none", -1}};
  for (size_t i = 0; i < COUNT_OF(rows); i++) {
    double share = 17;
    bool taken = ps_parse_share(rows[i].text, &share);
    expect(taken, rows[i].text, share, rows[i].share);
  }
  static const char *const texts[] = {"", "%", "10", "0.1", "101%", "100.1%", "-1%", "10 %", "10%%", "1e1%", "None"};
  for (size_t i = 0; i < COUNT_OF(texts); i++) {
    double share = 17;
    if (ps_parse_share(texts[i], &share) || share != 17)
      fail_msg("'%s' is taken for a share", texts[i]);
  }
}

static void rate_is_a_number_over_a_unit_of_time_or_none(void **state)
{
  (void)state;
  static const struct {
    const char *text;
    double rate;
  } rows[] = {{"100/s", 100}, {"100", 100}, {"30/m", 0.5},      {"2/h", 2.0 / 3600}, {"2.5/s", 2.5},
              {"86400/d", 1}, {"none", 0},  {"1000000/s", 1e6}, {"0.1", 0.1},        {"60000000/m", 1e6}};
  for (size_t i = 0; i < COUNT_OF(rows); i++) {
    double rate = 17;
    bool taken = ps_parse_rate(rows[i].text, &rate);
    expect(taken, rows[i].text, rate, rows[i].rate);
  }
  static const char *const texts[] = {"",     "0",    "0/s", "-1/s", "/s",        "1/",  "1/ms", "1/x",
                                      "1 /s", "1/s ", "s",   "1/1s", "1000001/s", "1e3", "None", "100%"};
  for (size_t i = 0; i < COUNT_OF(texts); i++) {
    double rate = 17;
    if (ps_parse_rate(texts[i], &rate) || rate != 17)
      fail_msg("'%s' is taken for a rate", texts[i]);
  }
}

static void decimal_is_written_in_up_to_six_digits(void **state)
{
  (void)state;
  static const struct {
    double number;
    const char *text;
  } rows[] = {
      {0, "0"},
      {1, "1"},
      {-0.5, "-0.5"},
      {0.25, "0.25"},
      {1.0 / 3, "0.333333"},
      {1e6, "1e+06"},
      {36e6, "3.6e+07"},
      {1e-9, "1e-09"},
      {-1.25e-300, "-1.25e-300"},
      {INFINITY, "inf"},
      {-INFINITY, "-inf"},
  };
  for (size_t i = 0; i < COUNT_OF(rows); i++)
    assert_string_equal(ps_decimal(rows[i].number).text, rows[i].text);
  assert_non_null(strstr(ps_decimal(NAN).text, "nan"));
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(time_is_a_decimal_with_or_without_a_unit),
      cmocka_unit_test(time_of_another_shape_or_too_long_is_refused),
      cmocka_unit_test(seconds_are_a_time_up_to_ten_thousand_hours),
      cmocka_unit_test(size_counts_bytes_in_powers_of_1024),
      cmocka_unit_test(size_of_another_shape_or_too_large_is_refused),
      cmocka_unit_test(count_is_a_whole_number_up_to_its_limit),
      cmocka_unit_test(hedge_delay_is_a_time_none_or_a_percentile),
      cmocka_unit_test(hedge_delay_of_another_shape_is_refused),
      cmocka_unit_test(share_is_a_percentage_or_none),
      cmocka_unit_test(rate_is_a_number_over_a_unit_of_time_or_none),
      cmocka_unit_test(decimal_is_written_in_up_to_six_digits),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
