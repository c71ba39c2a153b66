#!/bin/sh
# What can be told of the C code without running it, by the checks that its arguments choose, else by all:
#
# format      clang-format 14, by .clang-format
# clang-tidy  clang-tidy 14, by .clang-tidy and test/.clang-tidy, over what the build compiles
# cppcheck    warnings, performance and portability
#
# Installs what is missing (Debian, Ubuntu); the versions are pinned because others find and format otherwise. The
# status is 0 if nothing was found, 1 if something was, and 77 if nothing was but a check could not be made.
#
# BUILD   the build directory whose compilations clang-tidy reads (build); set up if there is none
# LENGTH  full: clang-tidy follows as many paths through a function as it does by itself; else a tenth of them, which
#         takes a quarter of the time
set -u
cd "$(dirname "$0")/.." || exit 1
. test/support/setup.sh

build=${BUILD:-build}

# The package that is named like its command, installed if it can be.
get() {
  missing=
  need "$1" command -v "$1"
  (install_missing) && return
  echo "not checked: there is no $1 here"
  return 77
}

check_format() {
  get clang-format-14 || return
  find src include test -name '*.[ch]' -exec clang-format-14 --dry-run -Werror {} +
}

# The slow ones first, or else one processor waits for the other at the end.
compiled() {
  "$python" - "$build" <<'END'
import json
import os
import sys

build = sys.argv[1]
with open(os.path.join(build, 'compile_commands.json'), encoding='utf-8') as commands:
    files = {os.path.relpath(os.path.join(entry['directory'], entry['file'])) for entry in json.load(commands)}
print(*sorted(files, key=os.path.getsize, reverse=True), sep='\n')
END
}

configure() {
  missing=
  need_to_build
  need_to_test
  (install_missing) || return 77
  is_configured "$build" || quietly meson setup "$build" -Dtests=enabled
}

check_clang_tidy() {
  get clang-tidy-14 || return
  configure || return
  compiled >"$scratch/files"
  [ -s "$scratch/files" ] || return 1
  set -- --extra-arg=-Xclang --extra-arg=-analyzer-config --extra-arg=-Xclang --extra-arg=max-nodes=20000
  [ "${LENGTH-}" != full ] || set --
  set -- "$@" --extra-arg=-Wno-gnu-statement-expression # in macros of json-c; a build by clang leaves it out too
  # What it says on standard error is how much it did not say.
  xargs -P "$(nproc)" -n 1 clang-tidy-14 -p "$build" --quiet "$@" <"$scratch/files" 2>"$scratch/errors" && return
  grep -v ' generated\.$' "$scratch/errors"
  return 1
}

# readdir is safe where each has a directory of its own. What is opened without keeping the result is opened for good:
# standard descriptors that were closed, and libcurl, which must stay. Of tests, NULL is known to be a pointer, and the
# posix library is left out, which knows nothing of accept4's NULL.
check_cppcheck() {
  get cppcheck || return
  set -- cppcheck --quiet -j "$(nproc)" --std=c11 -D_GNU_SOURCE -I include -I src --error-exitcode=1 --inline-suppr \
    --enable=warning,performance,portability
  "$@" --library=posix,gnu --suppress=readdirCalled --suppress=leakReturnValNotUsed src || return 1
  "$@" --suppress=varFuncNullUB test || return 1
}

status=0
[ "$#" -gt 0 ] || set -- format clang-tidy cppcheck
for name; do
  case $name in
  format | clang-tidy | cppcheck) ;;
  *) echo "analyse.sh: $name: format, clang-tidy and cppcheck are known" >&2 && exit 2 ;;
  esac
  echo "-- $name"
  "check_$(echo "$name" | tr - _)"
  result=$?
  case $result in
  0) ;;
  77) [ "$status" -ne 0 ] || status=77 ;;
  *) status=1 ;;
  esac
done
exit "$status"
