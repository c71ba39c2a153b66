#!/bin/sh
# Which lines of src the tests run, by gcovr: a table for each layer, with the lines that none of them runs. Fails if it
# is fewer than 95 % of the lines of core, engine or net, or if a test fails. Installs what is missing (Debian, Ubuntu).
#
# A process that is killed or leaves by _exit takes with it what it knew: what only such ones run is shown as not run.
# The suites torture and fuzz are left out: the calls that they make fail are also those by which a process writes down
# what it knew.
#
# Arguments go to `meson test`, to run other suites than those chosen here.
#
# BUILD  the build directory (build-coverage)
set -u
cd "$(dirname "$0")/.." || exit 1
. test/support/setup.sh

least=95
export BUILD="${BUILD:-build-coverage}"

need gcovr gcovr --version
install_missing

[ "$#" -gt 0 ] || set -- --suite unit --suite sim --suite library --suite system --suite matrix --suite property
# What earlier runs counted may be of lines that are no more.
[ ! -d "$BUILD" ] || find "$BUILD" -name '*.gcda' -delete
# Threads count too.
BUILD_OPTIONS='-Db_coverage=true -Dc_args=-fprofile-update=atomic' sh test/run.sh --timeout-multiplier 3 "$@"
status=$?

# The table of a layer, with the failure of too small a share; its sum is kept for the end.
layer() {
  gcovr --root . --object-directory "$BUILD" --filter "src/$1/" --fail-under-line "$2" "$BUILD" >"$scratch/$1"
  result=$?
  sed "s/^Directory: .*/src\/$1/; /GCC Code Coverage Report/d" "$scratch/$1"
  [ "$result" -eq 0 ] || status=1
  sums="$sums$(awk -v layer="$1" '$1 == "TOTAL" { print "; " layer, $4, "of", $2, "lines" }' "$scratch/$1")"
}

sums=
for name in core engine net; do
  layer "$name" "$least"
done
for name in base json cli; do
  layer "$name" 0
done
echo "coverage: ${sums#; }" | tee "$BUILD/coverage.txt"
exit "$status"
