#!/bin/sh
# A test under valgrind's memcheck; of a test in Python the program that it runs, not Python. For meson test --wrapper.
#
# MEMCHECK_LOGS  where reports go, a file a process, empty where nothing was found
#
# Of leaks only what is definitely lost counts: links stand inside of what they link.
set -u
case $1 in
*python*) POOLSEND_PLAIN=${POOLSEND-} POOLSEND=$0 exec "$@" ;;
esac
[ -z "${POOLSEND_PLAIN-}" ] || set -- "$POOLSEND_PLAIN" "$@"
leaks=full
# In the child of a process at work nothing knows any more what the threads held that are not there.
case $1 in
*/child_library_test) leaks=no ;;
esac
exec valgrind --quiet --error-exitcode=99 --leak-check=$leaks --show-leak-kinds=definite \
  --errors-for-leak-kinds=definite --suppressions="${0%/*}/memcheck.supp" --num-callers=30 --fair-sched=yes \
  --log-file="$MEMCHECK_LOGS/memcheck.%p" "$@"
