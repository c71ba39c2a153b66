/* The bounded line reader. Packets in a pipe (O_DIRECT) let each read end where the test wants it to; what is longer
 * than a pipe lies in a file. */
#include "cli/input.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cmocka.h>

#define PACKETS 12 /* fewer than a pipe has room for */
#define BLOCK   65536

static struct ps_cli_input input;
static int stops[2], fd, writer;

static int fresh_stops(void **state)
{
  (void)state;
  stops[0] = eventfd(0, 0);
  stops[1] = eventfd(0, 0);
  fd = writer = -1;
  return stops[0] < 0 || stops[1] < 0;
}

static void close_input(void)
{
  ps_cli_input_fini(&input);
  input = (struct ps_cli_input){0};
  if (fd >= 0)
    close(fd);
  if (writer >= 0)
    close(writer);
  fd = writer = -1;
}

static int no_descriptor_left(void **state)
{
  (void)state;
  close_input();
  close(stops[0]);
  close(stops[1]);
  return 0;
}

/* ---- Where lines come from */

static void open_pipe(size_t limit)
{
  int ends[2];
  assert_int_equal(pipe2(ends, O_DIRECT), 0);
  fd = ends[0];
  writer = ends[1];
  assert_int_equal(ps_cli_input_init(&input, fd, stops, limit), 0);
}

static void put(const char *data, size_t size)
{
  assert_int_equal(write(writer, data, size), size);
}

static void end_pipe(void)
{
  close(writer);
  writer = -1;
}

static void open_file(const char *data, size_t size, size_t limit)
{
  FILE *file = tmpfile();
  assert_non_null(file);
  assert_int_equal(fwrite(data, 1, size, file), size);
  rewind(file);
  fd = dup(fileno(file));
  fclose(file);
  assert_int_equal(ps_cli_input_init(&input, fd, stops, limit), 0);
}

static void raise_stop(int which)
{
  assert_int_equal(eventfd_write(stops[which], 1), 0);
}

/* ---- What comes of it */

static int next(const char **line, size_t *size)
{
  return ps_cli_input_next(&input, line, size);
}

static void expect_line(const char *wanted, size_t wanted_size)
{
  const char *line;
  size_t size;
  assert_int_equal(next(&line, &size), 0);
  assert_int_equal(size, wanted_size);
  if (size)
    assert_memory_equal(line, wanted, size);
}

static void expect(const char *wanted)
{
  expect_line(wanted, strlen(wanted));
}

static void expect_result(int wanted)
{
  const char *line;
  size_t size;
  assert_int_equal(next(&line, &size), wanted);
}

static void only_line_feeds_end_lines(void **state)
{
  (void)state;
  static const struct {
    const char *text;
    size_t size;
    const char *lines[4];
  } rows[] = {
      {"", 0, {NULL}},
      {"\n", 1, {""}},
      {"\n\n", 2, {"", ""}},
      {"a", 1, {"a"}},
      {"a\n", 2, {"a"}},
      {"a\nb", 3, {"a", "b"}},
      {"a\r\nb\r\n\r", 7, {"a\r", "b\r", "\r"}},
      {" \t\n\v\f\n", 6, {" \t", "\v\f"}},
      {"\xff\n\xc2\x85", 4, {"\xff", "\xc2\x85"}},
  };
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
    open_pipe(10);
    if (rows[i].size)
      put(rows[i].text, rows[i].size);
    end_pipe();
    uint64_t number = 0;
    for (; rows[i].lines[number]; number++)
      expect(rows[i].lines[number]);
    expect_result(PS_CLI_INPUT_END);
    assert_int_equal(input.number, number);
    close_input();
  }
}

static void NUL_is_a_character_like_others(void **state)
{
  (void)state;
  open_pipe(10);
  put("a\0b\n\0", 5);
  end_pipe();
  expect_line("a\0b", 3);
  expect_line("\0", 1);
  expect_result(PS_CLI_INPUT_END);
}

static void line_that_comes_in_pieces_is_one(void **state)
{
  (void)state;
  open_pipe(100);
  put("on", 2);
  put("e", 1);
  put("\n", 1);
  put("two\nth", 6);
  put("ree\nfour", 8);
  end_pipe();
  expect("one");
  expect("two");
  expect("three");
  expect("four");
  expect_result(PS_CLI_INPUT_END);
}

static void lines_at_hand_are_given_before_more_is_read(void **state)
{
  (void)state;
  open_pipe(100);
  put("one\ntwo\n", 8);
  expect("one");
  expect("two"); /* there is a writer, who writes nothing */
}

static void end_stays_the_end(void **state)
{
  (void)state;
  open_pipe(100);
  put("one", 3);
  end_pipe();
  expect("one");
  for (int i = 0; i < 3; i++)
    expect_result(PS_CLI_INPUT_END);
  assert_int_equal(input.number, 1);
}

/* ---- Long lines */

static void line_as_long_as_the_limit_is_given_and_a_longer_one_skipped(void **state)
{
  (void)state;
  open_pipe(3);
  put("abc\nabcd\n\nabcde\nxyz\nlong at the end", 36);
  end_pipe();
  expect("abc");
  expect_result(PS_CLI_INPUT_LONG);
  expect("");
  expect_result(PS_CLI_INPUT_LONG);
  expect("xyz");
  expect_result(PS_CLI_INPUT_LONG);
  assert_int_equal(input.number, 6);
  expect_result(PS_CLI_INPUT_END);
}

static void limit_holds_for_a_line_in_pieces(void **state)
{
  (void)state;
  open_pipe(4);
  put("ab", 2);
  put("cd", 2);
  put("\nab", 3);
  put("cd", 2);
  put("e", 1);
  put("fghijklmnop", 11);
  put("qr\nabcd", 7);
  end_pipe();
  expect("abcd");
  expect_result(PS_CLI_INPUT_LONG);
  expect("abcd");
  expect_result(PS_CLI_INPUT_END);
}

static void limit_of_nothing_leaves_empty_lines(void **state)
{
  (void)state;
  open_pipe(0);
  put("\na\n\n", 4);
  end_pipe();
  expect("");
  expect_result(PS_CLI_INPUT_LONG);
  expect("");
  expect_result(PS_CLI_INPUT_END);
}

static void line_of_many_blocks_is_one(void **state)
{
  (void)state;
  static const size_t sizes[] = {BLOCK - 1, BLOCK, BLOCK + 1, 3 * BLOCK, 5 * BLOCK + 17};
  for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
    char *text = malloc(sizes[i] + 3);
    assert_non_null(text);
    memset(text, 'x', sizes[i]);
    memcpy(text + sizes[i], "\nb", 3);
    open_file(text, sizes[i] + 2, sizes[i]);
    expect_line(text, sizes[i]);
    expect("b");
    expect_result(PS_CLI_INPUT_END);
    close_input();

    open_file(text, sizes[i] + 2, sizes[i] - 1);
    expect_result(PS_CLI_INPUT_LONG);
    expect("b");
    close_input();
    free(text);
  }
}

static void line_without_end_needs_no_more_memory_than_the_limit(void **state)
{
  (void)state;
  size_t size = 200 * (size_t)BLOCK;
  char *text = malloc(size);
  assert_non_null(text);
  memset(text, 'x', size);
  open_file(text, size, 1000);
  expect_result(PS_CLI_INPUT_LONG);
  assert_in_range(input.line.room, 0, 2 * BLOCK);
  free(text);
}

/* ---- Against a reader that has it all */

struct model {
  const char *text;
  size_t size, at;
};

/* As ps_cli_input_next. */
static int model_next(struct model *model, size_t limit, const char **line, size_t *size)
{
  if (model->at == model->size)
    return PS_CLI_INPUT_END;
  *line = model->text + model->at;
  const char *newline = memchr(*line, '\n', model->size - model->at);
  *size = newline ? (size_t)(newline - *line) : model->size - model->at;
  model->at += *size + (newline != NULL);
  return *size > limit ? PS_CLI_INPUT_LONG : 0;
}

static void check_against_model(struct model model, size_t limit)
{
  for (int wanted = 0; wanted != PS_CLI_INPUT_END;) {
    const char *line = NULL;
    size_t size = 0;
    wanted = model_next(&model, limit, &line, &size);
    if (wanted)
      expect_result(wanted);
    else
      expect_line(line, size);
  }
}

static void lines_do_not_depend_on_how_they_come(void **state)
{
  (void)state;
  srandom(1);
  for (int round = 0; round < 2000; round++) {
    char text[PACKETS * 16];
    struct model model = {.text = text};
    size_t limit = (size_t)random() % 12;
    open_pipe(limit);
    for (long packets = random() % PACKETS; packets > 0; packets--) {
      char *from = text + model.size;
      size_t size = 1 + (size_t)random() % 16;
      for (size_t i = 0; i < size; i++)
        from[i] = random() % 6 ? 'a' : '\n';
      put(from, size);
      model.size += size;
    }
    end_pipe();
    check_against_model(model, limit);
    close_input();
  }
}

/* ---- Stopping, and what cannot be read */

static void either_stop_ends_reading(void **state)
{
  (void)state;
  for (int which = 0; which < 2; which++) {
    eventfd_t value;
    open_pipe(10);
    raise_stop(which);
    expect_result(PS_CLI_INPUT_STOPPED);
    assert_int_equal(eventfd_read(stops[which], &value), 0);
    close_input();
  }
}

static void half_a_line_is_not_given_when_reading_stops(void **state)
{
  (void)state;
  open_pipe(10);
  put("one\nha", 6);
  expect("one");
  raise_stop(0);
  expect_result(PS_CLI_INPUT_STOPPED);
  assert_int_equal(input.number, 1);
}

static void nothing_more_is_read_once_it_is_stopped(void **state)
{
  (void)state;
  open_pipe(10);
  put("one\n", 4);
  raise_stop(1);
  expect_result(PS_CLI_INPUT_STOPPED);
  char left[8];
  assert_int_equal(read(fd, left, sizeof left), 4);
}

static void directory_is_refused_by_open(void **state)
{
  (void)state;
  int before = dup(STDERR_FILENO);
  close(before);
  errno = 0;
  assert_int_equal(ps_cli_input_open("/"), -1);
  assert_int_equal(errno, EISDIR);
  int after = dup(STDERR_FILENO);
  close(after);
  assert_int_equal(after, before);
}

static void what_cannot_be_read_is_an_error(void **state)
{
  (void)state;
  fd = open("/", O_RDONLY);
  assert_true(fd >= 0);
  assert_int_equal(ps_cli_input_init(&input, fd, stops, 10), 0);
  expect_result(-EISDIR);
}

static void missing_file_is_told_by_open(void **state)
{
  (void)state;
  errno = 0;
  assert_int_equal(ps_cli_input_open("/missing/file"), -1);
  assert_int_equal(errno, ENOENT);
}

static void dash_is_standard_input(void **state)
{
  (void)state;
  assert_int_equal(ps_cli_input_open("-"), STDIN_FILENO);
}

static void FIFO_is_opened_without_a_writer_and_waits_for_one(void **state)
{
  (void)state;
  char directory[] = "/tmp/input_test.XXXXXX", path[sizeof directory + 5];
  assert_non_null(mkdtemp(directory));
  snprintf(path, sizeof path, "%s/fifo", directory);
  assert_int_equal(mkfifo(path, 0600), 0);
  fd = ps_cli_input_open(path);
  assert_true(fd >= 0);
  assert_int_equal(ps_cli_input_init(&input, fd, stops, 10), 0);
  writer = open(path, O_WRONLY);
  unlink(path);
  rmdir(directory);
  put("a\n", 2);
  expect("a");
  end_pipe();
  expect_result(PS_CLI_INPUT_END);
}

static void FIFO_that_nobody_opens_can_be_stopped(void **state)
{
  (void)state;
  char directory[] = "/tmp/input_test.XXXXXX", path[sizeof directory + 5];
  assert_non_null(mkdtemp(directory));
  snprintf(path, sizeof path, "%s/fifo", directory);
  assert_int_equal(mkfifo(path, 0600), 0);
  fd = ps_cli_input_open(path);
  unlink(path);
  rmdir(directory);
  assert_int_equal(ps_cli_input_init(&input, fd, stops, 10), 0);
  raise_stop(0);
  expect_result(PS_CLI_INPUT_STOPPED);
}

#define SENTENCE(name) cmocka_unit_test_setup_teardown(name, fresh_stops, no_descriptor_left)

int main(void)
{
  const struct CMUnitTest tests[] = {
      SENTENCE(only_line_feeds_end_lines),
      SENTENCE(NUL_is_a_character_like_others),
      SENTENCE(line_that_comes_in_pieces_is_one),
      SENTENCE(lines_at_hand_are_given_before_more_is_read),
      SENTENCE(end_stays_the_end),
      SENTENCE(line_as_long_as_the_limit_is_given_and_a_longer_one_skipped),
      SENTENCE(limit_holds_for_a_line_in_pieces),
      SENTENCE(limit_of_nothing_leaves_empty_lines),
      SENTENCE(line_of_many_blocks_is_one),
      SENTENCE(line_without_end_needs_no_more_memory_than_the_limit),
      SENTENCE(lines_do_not_depend_on_how_they_come),
      SENTENCE(either_stop_ends_reading),
      SENTENCE(half_a_line_is_not_given_when_reading_stops),
      SENTENCE(nothing_more_is_read_once_it_is_stopped),
      SENTENCE(directory_is_refused_by_open),
      SENTENCE(what_cannot_be_read_is_an_error),
      SENTENCE(missing_file_is_told_by_open),
      SENTENCE(dash_is_standard_input),
      SENTENCE(FIFO_is_opened_without_a_writer_and_waits_for_one),
      SENTENCE(FIFO_that_nobody_opens_can_be_stopped),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
