/* For tests with several threads, in which things take their time. A check of cmocka's may only be made on the thread
 * that runs the test; `must` may be made on any, and ends the process. */
#ifndef TEST_LIBRARY_PATIENCE_H
#define TEST_LIBRARY_PATIENCE_H

#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

/* Nothing is waited for longer. */
#define PATIENCE_S 60

#define must(condition) ((condition) ? (void)0 : give_up(__FILE__, __LINE__, #condition))
_Noreturn void give_up(const char *file, int line, const char *what);

/* With every signal blocked, so that those sent to the process come to the threads that a test is about. */
bool start_thread(pthread_t *thread, void *(*run)(void *), void *argument);

/* Until `holds(context)`, with naps. */
void await_true(bool (*holds)(void *context), void *context);

#endif
