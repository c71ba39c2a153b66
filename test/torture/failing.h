/* Calls for memory, threads and descriptors that fail when a test wants them to. They are counted as they are made; the
 * one with a given number fails, and if asked all that follow. Blocks of memory that are not given back are counted.
 *
 * There are two ways to be asked for these things before the system is. As a module that is loaded before a program
 * (preloaded.c) we stand in front of the C library, for whoever calls; the callers are told apart by the object that
 * they lie in. Where a sanitizer stands there already we are linked into the program, or a test, with the linker's
 * --wrap (wrapped.c): then we see what our own code asks for, and libcurl's allocations, which it lets a program take
 * over.
 *
 * A program is told by its environment: FAILING=KIND:CALLERS:NUMBER, with KIND one of memory, threads, descriptors;
 * CALLERS some of own, curl, libc, tls, json, other, with commas between; NUMBER the call that fails, from 1 (0: none),
 * followed by + if all later ones fail too. When it ends, a line on standard error tells what there was:
 *
 *     failing: 214 calls, 1 failed, the first at 0x1b2a4 in poolsend; 0 blocks of own and 12 of curl are left */
#ifndef TEST_TORTURE_FAILING_H
#define TEST_TORTURE_FAILING_H

#include <stdbool.h>
#include <stddef.h>

enum failing_kind { FAILING_MEMORY = 1, FAILING_THREADS = 2, FAILING_DESCRIPTORS = 4 };

/* Who calls: our own code, or one of the libraries. */
enum failing_caller {
  FAILING_OWN = 1,
  FAILING_CURL = 2,
  FAILING_LIBC = 4,
  FAILING_TLS = 8,
  FAILING_JSON = 16,
  FAILING_OTHER = 32
};

struct failing_tally {
  unsigned calls, failed;
  const void *first; /* where the first that failed was made, or NULL */
  unsigned own_left, curl_left;
};

/* From now on calls of these kinds by these callers count, the first being number 1. `at` 0: none fails. */
void failing_begin(unsigned kinds, unsigned callers, unsigned at, bool later);

/* No more of that, and what there was. */
struct failing_tally failing_end(void);

/* For those who stand in the way. Whether this call is to fail; errno says why then. */
bool failing_now(enum failing_kind kind, enum failing_caller caller, const void *where);

/* A block was given out to this caller, and given back. The first returns it. NULL is fine. */
void *failing_took(void *block, enum failing_caller caller);
void failing_gave(const void *block);

#endif
