/* The growing buffer: what was written is there, and a NUL follows it. */
#include "base/buf.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

static struct ps_buf buf;

static int fresh_buf(void **state)
{
  (void)state;
  buf = (struct ps_buf){0};
  return 0;
}

static int free_buf(void **state)
{
  (void)state;
  ps_buf_fini(&buf);
  return 0;
}

static void expect(const void *bytes, size_t size)
{
  assert_int_equal(buf.size, size);
  assert_memory_equal(buf.data, bytes, size);
  assert_int_equal(buf.data[size], '\0');
  assert_true(buf.room > buf.size);
}

static void what_is_appended_follows_what_was_there(void **state)
{
  (void)state;
  assert_int_equal(ps_buf_append(&buf, "one\0two", 7), 0);
  expect("one\0two", 7);
  assert_int_equal(ps_buf_puts(&buf, "-three"), 0);
  expect("one\0two-three", 13);
  assert_int_equal(ps_buf_printf(&buf, "/%d%s", 4, "!"), 0);
  expect("one\0two-three/4!", 16);
}

static void content_survives_every_growth(void **state)
{
  (void)state;
  static char all[3000];
  for (size_t i = 0; i < sizeof all; i++) {
    all[i] = (char)(i * 7);
    assert_int_equal(ps_buf_append(&buf, &all[i], 1), 0);
    assert_int_equal(buf.size, i + 1);
    assert_int_equal(buf.data[i + 1], '\0');
  }
  expect(all, sizeof all);
}

static void printf_fits_at_every_edge_of_the_room(void **state)
{
  (void)state;
  static const char text[] = "0123456789012345678901234567890123456789012345678901234567890123456789";
  for (size_t before = 0; before <= 70; before++)
    for (size_t size = 0; size <= 70; size++) {
      ps_buf_fini(&buf);
      assert_int_equal(ps_buf_append(&buf, text, before), 0);
      assert_int_equal(ps_buf_printf(&buf, "%.*s", (int)size, text), 0);
      assert_int_equal(buf.size, before + size);
      assert_int_equal(strlen(buf.data), before + size);
      assert_memory_equal(buf.data + before, text, size);
    }
}

static void one_append_may_be_many_times_the_room(void **state)
{
  (void)state;
  static char much[100000];
  memset(much, 'x', sizeof much);
  assert_int_equal(ps_buf_append(&buf, much, sizeof much), 0);
  expect(much, sizeof much);
}

static void appending_nothing_makes_an_empty_text(void **state)
{
  (void)state;
  assert_int_equal(ps_buf_append(&buf, "", 0), 0);
  expect("", 0);
  ps_buf_fini(&buf);
  assert_int_equal(ps_buf_printf(&buf, "%s", ""), 0);
  expect("", 0);
}

static void clear_empties_it_and_keeps_the_memory(void **state)
{
  (void)state;
  ps_buf_clear(&buf);
  assert_null(buf.data);
  assert_int_equal(ps_buf_puts(&buf, "something"), 0);
  const char *memory = buf.data;
  ps_buf_clear(&buf);
  expect("", 0);
  assert_int_equal(ps_buf_puts(&buf, "else"), 0);
  expect("else", 4);
  assert_ptr_equal(buf.data, memory);
}

static void fini_leaves_an_empty_buffer_that_can_be_used_again(void **state)
{
  (void)state;
  assert_int_equal(ps_buf_puts(&buf, "gone"), 0);
  ps_buf_fini(&buf);
  assert_null(buf.data);
  assert_int_equal(buf.size, 0);
  assert_int_equal(buf.room, 0);
  assert_int_equal(ps_buf_puts(&buf, "new"), 0);
  expect("new", 3);
}

static void size_that_cannot_be_is_no_memory_and_leaves_the_content(void **state)
{
  (void)state;
  static const size_t sizes[] = {SIZE_MAX, SIZE_MAX - 1, SIZE_MAX - 7, SIZE_MAX / 2};
  assert_int_equal(ps_buf_puts(&buf, "content"), 0);
  for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
    volatile size_t size = sizes[i];
    assert_int_equal(ps_buf_append(&buf, "x", size), -ENOMEM);
    expect("content", 7);
  }
}

#define SENTENCE(name) cmocka_unit_test_setup_teardown(name, fresh_buf, free_buf)

int main(void)
{
  const struct CMUnitTest tests[] = {
      SENTENCE(what_is_appended_follows_what_was_there),
      SENTENCE(content_survives_every_growth),
      SENTENCE(printf_fits_at_every_edge_of_the_room),
      SENTENCE(one_append_may_be_many_times_the_room),
      SENTENCE(appending_nothing_makes_an_empty_text),
      SENTENCE(clear_empties_it_and_keeps_the_memory),
      SENTENCE(fini_leaves_an_empty_buffer_that_can_be_used_again),
      SENTENCE(size_that_cannot_be_is_no_memory_and_leaves_the_content),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
