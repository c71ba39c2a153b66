/* The file in which a response is kept: it has no name, takes what it is given, and says why if it cannot. */
#include "net/spool.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cmocka.h>

static int fd = -1;

static int fini(void **state)
{
  (void)state;
  if (fd >= 0)
    close(fd);
  fd = -1;
  return unsetenv("TMPDIR");
}

static void file_has_no_name_and_is_for_its_owner_and_this_program_alone(void **state)
{
  (void)state;
  struct stat file;
  fd = ps_spool_open();
  assert_true(fd >= 0);
  assert_int_equal(fstat(fd, &file), 0);
  assert_int_equal(file.st_nlink, 0);
  assert_int_equal(file.st_mode & 0777, 0600);
  assert_true(fcntl(fd, F_GETFD) & FD_CLOEXEC);
}

static void pieces_stand_one_after_the_other(void **state)
{
  (void)state;
  char text[16];
  fd = ps_spool_open();
  assert_int_equal(ps_spool_write(fd, "abc", 3), 0);
  assert_int_equal(ps_spool_write(fd, "", 0), 0);
  assert_int_equal(ps_spool_write(fd, "d\0f", 3), 0);
  assert_int_equal(pread(fd, text, sizeof text, 0), 6);
  assert_memory_equal(text, "abcd\0f", 6);
}

static void empty_directory_stands_for_the_usual_one(void **state)
{
  (void)state;
  assert_int_equal(setenv("TMPDIR", "", 1), 0);
  fd = ps_spool_open();
  assert_true(fd >= 0);
}

static void directory_that_is_not_there_is_told(void **state)
{
  (void)state;
  assert_int_equal(setenv("TMPDIR", "/dev/null/none", 1), 0);
  fd = ps_spool_open();
  assert_int_equal(fd, -1);
  assert_int_equal(errno, ENOTDIR);
}

static void file_that_takes_nothing_is_told(void **state)
{
  (void)state;
  fd = open("/dev/full", O_WRONLY | O_CLOEXEC);
  assert_true(fd >= 0);
  assert_int_equal(ps_spool_write(fd, "abc", 3), ENOSPC);
  assert_int_equal(ps_spool_write(-1, "abc", 3), EBADF);
}

#define SENTENCE(name) cmocka_unit_test_teardown(name, fini)

int main(void)
{
  const struct CMUnitTest tests[] = {
      SENTENCE(file_has_no_name_and_is_for_its_owner_and_this_program_alone),
      SENTENCE(pieces_stand_one_after_the_other),
      SENTENCE(empty_directory_stands_for_the_usual_one),
      SENTENCE(directory_that_is_not_there_is_told),
      SENTENCE(file_that_takes_nothing_is_told),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
