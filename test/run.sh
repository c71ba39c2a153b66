#!/bin/sh
# Runs every test, or those that its arguments choose: they go to `meson test` (sh test/run.sh --suite unit). Installs
# what is missing (Debian, Ubuntu), builds, and exits with the status of the tests.
#
# BUILD          the build directory (build)
# BUILD_OPTIONS  more options for meson, to stay in that directory (-Dwerror=true -Db_sanitize=thread)
set -u
cd "$(dirname "$0")/.." || exit 1
. test/support/setup.sh

build=${BUILD:-build}

need_to_build
need_to_test
install_missing
# Unquoted: a list of options.
set_up "$build" -Dtests=enabled ${BUILD_OPTIONS:-} || exit 1
quietly meson compile -C "$build" || exit 1

# Most tests wait rather than compute, hence more of them at a time than there may be processors.
meson test -C "$build" --no-rebuild --print-errorlogs --num-processes 4 --setup all "$@"
