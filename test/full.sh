#!/bin/sh
# Everything at length: the parts that its arguments choose (sh test/full.sh valgrind coverage), else all of them, one
# after the other. A failure does not end it. At the end stand the figures of what was tried, a table of the parts, and
# "N parts passed, N failed".
#
# plain     every suite, those that have one in their long form, with ten minutes of soak
# asan      all but what is installed, under AddressSanitizer and UndefinedBehaviorSanitizer
# tsan      what has threads, under ThreadSanitizer
# valgrind  unit, library and the part of system that does not depend on speed, under memcheck
# fuzz      every target for five minutes
# coverage  the lines that the tests run
# analysis  format, clang-tidy, cppcheck
# systems   the demo and every suite on Debian 12, 13 and sid, and on Ubuntu 24.04, each from nothing
set -u
cd "$(dirname "$0")/.." || exit 1
. test/support/setup.sh
. test/support/suites.sh

parts='plain asan tsan valgrind fuzz coverage analysis systems'
table="part       passed  failed  seconds
"
good_parts=0
bad_parts=0
figures=

part_plain() {
  export LENGTH=full
  run_plain --timeout-multiplier 10
  unset LENGTH
  figures=$(python3 test/support/testlog.py reports build/meson-logs/testlog-all.json \
    sim matrix property torture soak fuzz)
}

part_asan() {
  run_asan
}

part_tsan() {
  run_tsan
}

part_valgrind() {
  missing=
  need valgrind valgrind --version
  (install_missing) || return
  export MEMCHECK_LOGS="$top/build/reports"
  run_tests 'valgrind, C' build '' --wrapper "$top/test/support/memcheck.sh" --timeout-multiplier 20 \
    --suite unit --suite library
  run_tests 'valgrind, system' build '' --wrapper "$top/test/support/memcheck.sh" --timeout-multiplier 20 \
    --suite system delivery redirect route template
}

part_fuzz() {
  run_fuzzers 300
}

part_coverage() {
  check coverage sh test/coverage.sh
  figures="$figures
$(cat build-coverage/coverage.txt)"
}

part_analysis() {
  export LENGTH=full
  run_analysis
  unset LENGTH
}

part_systems() {
  for each in debian12 debian13 sid ubuntu24.04; do
    run_elsewhere "$each"
  done
}

# What does not even count something has failed, unless it said that it cannot be checked here.
part() {
  passed=0
  failed=0
  not_checked=0
  began=$(date +%s)
  "part_$1"
  if [ "$failed" -eq 0 ] && [ "$((passed + not_checked))" -gt 0 ]; then
    good_parts=$((good_parts + 1))
  else
    bad_parts=$((bad_parts + 1))
  fi
  table="$table$(printf '%-9s %7d %7d %8d' "$1" "$passed" "$failed" "$(($(date +%s) - began))")
"
}

# Unquoted: a list.
[ "$#" -gt 0 ] || set -- $parts
for name; do
  case " $parts " in
  *" $name "*) ;;
  *) echo "full.sh: $name: the parts are $parts" >&2 && exit 2 ;;
  esac
done
for part; do
  part "$part"
done
printf '%s\n\n%s' "$figures" "$table"
echo "$good_parts parts passed, $bad_parts failed"
[ "$bad_parts" -eq 0 ]
