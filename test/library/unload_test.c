/* The library as a plug-in has it: opened, used, closed, many times over. When all has been freed nothing of it is
 * left: no thread, no descriptor, and its code may go. */
#include "patience.h"
#include "poolsend.h"
#include "server.h"

#include <dirent.h>
#include <dlfcn.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#define ROUNDS   20
#define PATIENCE POOLSEND_S(PATIENCE_S)

static struct server *server;

/* What this test calls. The rest of poolsend.h it does not have: it is linked with no library. */
static struct {
  void *handle;
  struct poolsend_config *(*config_new)(void);
  struct poolsend_endpoint *(*config_add)(struct poolsend_config *, const char *);
  void (*config_free)(struct poolsend_config *);
  struct poolsend_sender *(*open)(struct poolsend_config *);
  struct poolsend_message *(*message_new)(const void *, size_t);
  void (*message_free)(struct poolsend_message *);
  int (*deliver)(struct poolsend_sender *, struct poolsend_message *, poolsend_time, struct poolsend_report **);
  int (*settled)(struct poolsend_report *, poolsend_time, const struct poolsend_event **);
  void (*report_free)(struct poolsend_report *);
  int (*fd)(struct poolsend_sender *);
  void (*free)(struct poolsend_sender *);
} library;

static void find(const char *name, void *function)
{
  void *symbol = dlsym(library.handle, name);
  must(symbol);
  memcpy(function, &symbol, sizeof symbol);
}

static void open_library(const char *path)
{
  library.handle = dlopen(path, RTLD_NOW | RTLD_LOCAL);
  if (!library.handle)
    fprintf(stderr, "%s\n", dlerror());
  must(library.handle);
  find("poolsend_config_new", &library.config_new);
  find("poolsend_config_add", &library.config_add);
  find("poolsend_config_free", &library.config_free);
  find("poolsend_open", &library.open);
  find("poolsend_message_new", &library.message_new);
  find("poolsend_message_free", &library.message_free);
  find("poolsend_deliver", &library.deliver);
  find("poolsend_report_settled", &library.settled);
  find("poolsend_report_free", &library.report_free);
  find("poolsend_fd", &library.fd);
  find("poolsend_free", &library.free);
}

/* Entries of a directory, without the one that this opens. */
static unsigned count_entries(const char *path)
{
  unsigned count = 0;
  DIR *directory = opendir(path);
  must(directory);
  while (readdir(directory))
    count++;
  closedir(directory);
  return count;
}

static unsigned count_descriptors(void)
{
  return count_entries("/proc/self/fd");
}

static unsigned count_threads(void)
{
  return count_entries("/proc/self/task");
}

static void send_one(void)
{
  struct poolsend_report *report;
  const struct poolsend_event *settled;
  struct poolsend_config *config = library.config_new();
  assert_non_null(library.config_add(config, server_url(server, "/ok")));
  struct poolsend_sender *sender = library.open(config);
  assert_non_null(sender);
  library.config_free(config);
  struct poolsend_message *message = library.message_new("hello", 5);
  assert_true(library.fd(sender) >= 0);
  assert_int_equal(library.deliver(sender, message, PATIENCE, &report), 0);
  assert_int_equal(library.settled(report, PATIENCE, &settled), 0);
  library.report_free(report);
  library.message_free(message);
  library.free(sender);
}

struct tally {
  unsigned threads, descriptors;
};

/* The threads that served connections may still be on their way out; so may one that has been joined. */
static bool nothing_is_left(void *argument)
{
  const struct tally *before = argument;
  return count_threads() == before->threads && count_descriptors() == before->descriptors;
}

static void library_that_was_used_can_be_unloaded_and_leaves_nothing(void **state)
{
  const char *path = *state;
  struct tally before = {count_threads(), count_descriptors()};
  for (int i = 0; i < ROUNDS; i++) {
    open_library(path);
    send_one();
    assert_int_equal(dlclose(library.handle), 0);
    assert_null(dlopen(path, RTLD_NOW | RTLD_NOLOAD));
    await_true(nothing_is_left, &before);
  }
  assert_int_equal(server_count(server, "/ok"), ROUNDS);
}

static void sender_that_was_freed_leaves_nothing(void **state)
{
  open_library(*state);
  struct tally before = {count_threads(), count_descriptors()};
  for (int i = 0; i < ROUNDS; i++)
    send_one();
  await_true(nothing_is_left, &before);
  assert_int_equal(dlclose(library.handle), 0);
}

int main(int argc, char **argv)
{
  must(argc == 2);
  const struct CMUnitTest tests[] = {
      cmocka_unit_test_prestate(library_that_was_used_can_be_unloaded_and_leaves_nothing, argv[1]),
      cmocka_unit_test_prestate(sender_that_was_freed_leaves_nothing, argv[1]),
  };
  server = server_new();
  int failed = cmocka_run_group_tests(tests, NULL, NULL);
  server_free(server);
  return failed;
}
