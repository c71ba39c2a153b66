# What demo.sh and run.sh share; sourced at the top of the checkout. It finds out which packages are missing, says
# so, installs those and no others, and configures the build. It promises to be quiet otherwise when all goes well, to
# show the whole output of what failed, to change nothing that is there already, and to leave no temporary files.

scratch=$(mktemp -d) || exit 1
remove_scratch() { rm -rf "$scratch"; }
trap remove_scratch EXIT
trap 'exit 129' HUP
trap 'exit 130' INT
trap 'exit 143' TERM

# Meson prefers this interpreter too: it is the one that has the distribution's modules.
python=/usr/bin/python3
[ -x "$python" ] || python=python3

# quietly COMMAND...: its output is shown only if it fails.
quietly() {
  "$@" >"$scratch/output" 2>&1 && return
  cat "$scratch/output" >&2
  return 1
}

# need PACKAGE COMMAND...: the package is missing if the command fails.
missing=
need() {
  package=$1
  shift
  "$@" >"$scratch/output" 2>&1 || missing="$missing $package"
}

has_c_headers() { echo '#include <stdio.h>' | "${CC:-cc}" -E -; }

need_to_build() {
  need gcc "${CC:-cc}" --version
  need libc6-dev has_c_headers
  need meson meson --version
  need ninja-build ninja --version
  need pkg-config pkg-config --version
  need libcurl4-openssl-dev pkg-config --exists libcurl
  need libjson-c-dev pkg-config --exists json-c
  need libidn2-dev pkg-config --exists libidn2
  need python3 "$python" --version
  # Meson asks it where libraries belong: without it they go to /usr/local/lib64, where nothing looks for them.
  ! can_install || need dpkg-dev dpkg-architecture --version
}

# Debian's place, Fedora's, SUSE's.
has_ca_store() {
  [ -s /etc/ssl/certs/ca-certificates.crt ] || [ -s /etc/ssl/certs/ca-bundle.crt ] || [ -s /etc/ssl/ca-bundle.pem ]
}

need_to_test() {
  need libcmocka-dev pkg-config --exists cmocka
  need python3-pytest "$python" -c 'import pytest'
  need python3-h2 "$python" -c 'import h2, hpack, hyperframe'
  need python3-jsonschema "$python" -c 'import jsonschema'
  need curl curl --version
  need openssl openssl version
  need ca-certificates has_ca_store
  need git git --version
  need g++ "${CXX:-c++}" --version
  need binutils readelf --version
  need doxygen doxygen --version
  need mandoc command -v mandoc
  need zsh zsh --version
  need fish fish --version
  need locales test -e /usr/share/i18n/locales/tr_TR
}

# sudo may ask for a password only where there is a terminal to ask on.
can_install() {
  command -v apt-get >/dev/null || return
  [ "$(id -u)" -ne 0 ] || return 0
  command -v sudo >/dev/null && { sudo -n true || (: </dev/tty); } 2>/dev/null
}

# A machine that has just started may be busy with updates of its own: wait for the lock. Unquoted: sudo, or nothing.
apt_get() { $by env DEBIAN_FRONTEND=noninteractive apt-get -qq -o DPkg::Lock::Timeout=300 "$@"; }

# An update may fail for some other source than ours; whether it matters, the installation says.
update_and_install() {
  apt_get update
  apt_get install --yes --no-install-recommends "$@"
}

# Says what it installs before it does.
install_missing() {
  [ -n "$missing" ] || return 0
  if ! can_install; then
    echo "Missing, by Debian's names:$missing. Please install them as root, and try again." >&2
    exit 1
  fi
  by=
  how='apt-get, as root'
  [ "$(id -u)" -eq 0 ] || by=sudo how='sudo apt-get'
  echo "Installing$missing ($how)" >&2
  # Unquoted: a list of packages.
  quietly update_and_install $missing || exit 1
}

# The mark by which meson itself knows a build directory.
is_configured() { [ -f "$1/meson-private/coredata.dat" ]; }

# set_up BUILD OPTION...: a build directory with these options, whatever others it has already. (`meson configure` would
# judge them by what the options were when it was set up.)
set_up() {
  set_up_build=$1
  shift
  ! is_configured "$set_up_build" || set -- --reconfigure "$@"
  quietly meson setup "$set_up_build" "$@"
}
