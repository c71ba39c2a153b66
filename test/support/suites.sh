# What .ci/run and full.sh share; sourced at the top of the checkout: the suites in each kind of build, checks that
# count as one, and the sum of all of them in $passed and $failed; $not_checked is how many could not be made here.
#
# A test that crashed, a build that failed and a report of a sanitizer or of valgrind are failures, whatever else was
# counted. Each run_ takes further arguments of `meson test`.

export DEBIAN_FRONTEND=noninteractive PYTHONDONTWRITEBYTECODE=1
top=$PWD
passed=0
failed=0
not_checked=0

# Sanitizers of this age cannot always place their shadow memory under a kernel that randomises more than 28 bits.
without_aslr=
setarch -R true 2>/dev/null && without_aslr='setarch -R'

add() {
  echo "== $1: $2 passed, $3 failed"
  passed=$((passed + $2))
  failed=$((failed + $3))
}

# check NAME COMMAND...: counts as one, if it can be made here (a status of 77 says that it cannot).
check() {
  name=$1
  shift
  echo "== $name"
  "$@"
  case $? in
  0) add "$name" 1 0 ;;
  77) echo "== $name: not checked" && not_checked=$((not_checked + 1)) ;;
  *) add "$name" 0 1 ;;
  esac
}

# A report counts even if the test did not look at the program's exit status.
count_reports() {
  reports=0
  for report in "$1"/reports/*; do
    [ -s "$report" ] || continue
    cat "$report"
    reports=$((reports + 1))
  done
}

# count_tests STATUS BUILD: what the log of the tests there tells, in $good and $bad; the status is that of test/run.sh.
# What could not be built has no log.
count_tests() {
  counts=$(python3 test/support/testlog.py counts "$2/meson-logs/"testlog*.json 2>/dev/null)
  good=${counts% *} bad=${counts#* }
  : "${good:=0}" "${bad:=0}"
  if [ "$((good + bad))" -eq 0 ] || { [ "$1" -ne 0 ] && [ "$bad" -eq 0 ]; }; then
    bad=1
  fi
}

# run_tests NAME BUILD OPTIONS [ARGUMENT...]: the tests in this build directory, with these options of meson.
run_tests() {
  name=$1 build=$2 options=$3
  shift 3
  echo "== $name"
  # What an earlier run left behind must not be counted.
  rm -rf "$build/meson-logs/"testlog*.json "$build/reports"
  mkdir -p "$build/reports"

  # Unquoted: nothing, or a command.
  BUILD=$build BUILD_OPTIONS="-Dwerror=true $options" $without_aslr sh test/run.sh "$@"
  count_tests "$?" "$build"
  count_reports "$build"
  [ "$reports" -eq 0 ] || echo "== $name: $reports reports"
  add "$name" "$good" "$((bad + reports))"
}

run_plain() {
  run_tests plain build '' "$@"
}

# What is installed is built without a sanitizer anyway. To compile takes half the time with -O1, whose warnings of texts
# that may be cut short are not to be trusted.
run_asan() {
  ASAN_OPTIONS="log_path=$top/build-asan/reports/asan:exitcode=99:halt_on_error=1:detect_leaks=1"
  ASAN_OPTIONS="$ASAN_OPTIONS:detect_stack_use_after_return=1:strict_string_checks=1"
  UBSAN_OPTIONS="log_path=$top/build-asan/reports/ubsan:exitcode=99:halt_on_error=1:print_stacktrace=1"
  export ASAN_OPTIONS UBSAN_OPTIONS
  run_tests asan build-asan '-Db_sanitize=address,undefined -Doptimization=1 -Dc_args=-Wno-format-truncation' --timeout-multiplier 3 "$@"
  unset ASAN_OPTIONS UBSAN_OPTIONS
}

# What has threads.
run_tsan() {
  export TSAN_OPTIONS="log_path=$top/build-tsan/reports/tsan:exitcode=66:halt_on_error=0:second_deadlock_stack=1"
  run_tests tsan build-tsan -Db_sanitize=thread --timeout-multiplier 3 --suite unit --suite library --suite system \
    --suite matrix --suite property --suite soak "$@"
  unset TSAN_OPTIONS
}

# Seconds of fuzzing a target.
run_fuzzers() {
  [ ! -f test/fuzz/run ] || check 'fuzz' test/fuzz/run "$1"
}

# run_elsewhere SYSTEM [ARGUMENT...]: what test/elsewhere.sh counts there. Its last line tells as much as its status does.
run_elsewhere() {
  log=$(mktemp) || exit 1
  sh test/elsewhere.sh "$@" | tee "$log"
  last=$(tail -n 1 "$log")
  rm -f "$log"
  case $last in
  "$1: not checked"*) not_checked=$((not_checked + 1)) ;;
  "$1: "*' passed, '*' failed')
    counts=${last#*: }
    good=${counts%% *} bad=${counts#*, }
    add "$1" "$good" "${bad% *}"
    ;;
  *) add "$1" 0 1 ;;
  esac
}

run_analysis() {
  for analysis in format clang-tidy cppcheck; do
    check "$analysis" sh test/analyse.sh "$analysis"
  done
}
