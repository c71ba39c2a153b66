#!/bin/sh
# elsewhere.sh SYSTEM [ARGUMENT...]: what a newcomer runs first, test/demo.sh and test/run.sh, on another system as a
# newcomer has it, with nothing but its essential packages. The arguments go to `meson test` (sh test/elsewhere.sh sid
# --suite unit). What is committed is tried, in a clone. A warning of the compiler is a failure.
#
# debian12, debian13, sid, ubuntu24.04 are the systems; bookworm, trixie, noble mean the same.
#
# FOLDER         where systems are made, each under its name, and kept to be used again, with the packages that they
#                have by then. Without it the system is made in a temporary directory (TMPDIR; 2 GB), and removed
# DEBIAN_MIRROR  where packages come from: else the place that this machine has them from, else Debian's own
# UBUNTU_MIRROR  the same for Ubuntu
#
# The last line is "SYSTEM: N passed, M failed", the demo being one of them; the status is 0 if nothing failed. A system
# that cannot be had here, for want of a network, of root or of namespaces, is told in one line, "SYSTEM: not checked
# (REASON)", with status 77.
#
# LENGTH and SEED are handed on to the tests.
#
# The system runs in process and mount namespaces of its own: when their first process ends, or is killed by the trap
# below, the kernel ends all others and takes the mounts away, and there has never been a mount outside.
set -u
cd "$(dirname "$0")/.." || exit 1
. test/support/setup.sh
. test/support/suites.sh

cannot_check() {
  echo "$system: not checked ($1)"
  exit 77
}

system=${1-}
[ "$#" -eq 0 ] || shift
case $system in
debian12 | bookworm) distribution=Debian suite=bookworm ;;
debian13 | trixie) distribution=Debian suite=trixie ;;
sid) distribution=Debian suite=sid ;;
ubuntu24.04 | noble) distribution=Ubuntu suite=noble ;;
*) echo "elsewhere.sh: the systems are debian12, debian13, sid, ubuntu24.04" >&2 && exit 2 ;;
esac

# The first process of the namespaces is gone only when all others are.
child=
clean_up() {
  if [ -n "$child" ]; then
    # Unquoted: one process, or none yet.
    kill -s KILL $(cat "/proc/$child/task/$child/children") || kill -s KILL "$child"
    wait "$child"
  fi 2>/dev/null
  remove_scratch
}
trap clean_up EXIT

# apart [OPTION...] COMMAND...: in namespaces of its own. In the background, so that the trap need not wait for it; the
# shell has such a command ignore signals from the terminal, which none of the tests expect.
apart() {
  unshare --mount --pid --fork --kill-child env --default-signal=INT,QUIT "$@" &
  child=$!
  wait "$child"
  status=$?
  child=
  return "$status"
}

# inside COMMAND...: in the system, as root who has just logged in. The machine's proxy is the way to the packages.
inside() {
  apart env --ignore-environment HOME=/root PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin \
    ${http_proxy:+"http_proxy=$http_proxy"} ${https_proxy:+"https_proxy=$https_proxy"} \
    ${SEED:+"SEED=$SEED"} ${LENGTH:+"LENGTH=$LENGTH"} BUILD_OPTIONS=-Dwerror=true \
    chroot "$root" sh -c 'mount -t proc proc /proc && mount -t tmpfs tmpfs /dev/shm &&
      mount -t devpts -o newinstance,ptmxmode=666 devpts /dev/pts && cd && cd poolsend && "$@"' sh "$@"
}

# mirror_of DISTRIBUTION DEFAULT: this machine's, by what the signed indices say of themselves.
mirror_of() {
  mirror=$(apt-get indextargets --format '$(ORIGIN)|$(LABEL)|$(REPO_URI)' 'Created-By: Packages' 2>/dev/null |
    sed -n "s/^$1|$1|//p" | head -n 1)
  echo "${mirror:-$2}"
}

debian=${DEBIAN_MIRROR:-$(mirror_of Debian http://deb.debian.org/debian)}
ubuntu=${UBUNTU_MIRROR:-$(mirror_of Ubuntu http://archive.ubuntu.com/ubuntu)}
debian_keys=/usr/share/keyrings/debian-archive-keyring.gpg
ubuntu_keys=/usr/share/keyrings/ubuntu-archive-keyring.gpg

# Debian 13 has Ubuntu's keys in a package, which is as good as Debian's keys are. This machine's own lists of packages
# stay as they are.
get_ubuntu_keys() {
  keys=$scratch/keys
  mkdir -p "$keys/lists/partial" "$keys/cache/archives/partial" &&
    echo "deb [signed-by=$debian_keys] $debian trixie main" >"$keys/sources" &&
    cd "$keys" || return
  for apt in update 'download ubuntu-keyring'; do
    # Unquoted: a command and its argument.
    apt-get -q -o APT::Sandbox::User=root -o Acquire::Languages=none \
      -o Dir::Etc::SourceList="$keys/sources" -o Dir::Etc::SourceParts=/nonexistent \
      -o Dir::State="$keys" -o Dir::State::status=/dev/null -o Dir::Cache="$keys/cache" $apt || return
  done
  cd "$top" && dpkg-deb -x "$keys"/ubuntu-keyring_*.deb "$keys" || return
  ubuntu_keys=$keys$ubuntu_keys
}

# Older tools lack the names of newer systems, which are made as their predecessors were. Many of Ubuntu's packages that
# every machine can have are in universe.
make_system() {
  case $distribution in
  Debian) set -- --keyring="$debian_keys" "$suite" "$root" "$debian" sid ;;
  Ubuntu) set -- --keyring="$ubuntu_keys" --components=main,universe "$suite" "$root" "$ubuntu" gutsy ;;
  esac
  apart debootstrap --variant=minbase "$@" >"$scratch/log" 2>&1 || return
  # Every machine that is started, and every container, has this one.
  [ -e "$root/etc/hosts" ] || printf '127.0.0.1 localhost\n::1 localhost\n' >"$root/etc/hosts"
  touch "$made"
}

last_words() { grep . "$scratch/log" | tail -n 1; }

need_system() {
  [ "$(id -u)" -eq 0 ] || cannot_check 'only root can make a system'
  unshare --mount --pid --fork true 2>/dev/null || cannot_check 'no namespaces can be made here'
  need git git --version
  need python3 python3 --version
  need debootstrap debootstrap --version
  need debian-archive-keyring test -s "$debian_keys"
  (install_missing) || cannot_check "there is no$missing here"
  [ ! -e "$made" ] || return 0
  if [ "$distribution" = Ubuntu ] && [ ! -s "$ubuntu_keys" ]; then
    get_ubuntu_keys >"$scratch/log" 2>&1 || cannot_check "$(last_words)"
  fi
  make_system || cannot_check "$(last_words)"
}

root=${FOLDER:-$scratch}/$suite
case $root in /*) ;; *) root=$PWD/$root ;; esac
made=$root/etc/made-by-elsewhere
if [ ! -e "$made" ] && [ -n "$(ls -A "$root" 2>/dev/null)" ]; then
  echo "elsewhere.sh: $root: it is no system that was made here, and is not empty" >&2
  exit 2
fi
need_system

# The clone knows no more of this place than a newcomer's would.
rm -rf --one-file-system "$root/root/poolsend"
git clone --quiet --no-local "$top" "$root/root/poolsend" || exit 1

echo "== $system: test/demo.sh"
began=$(date +%s)
if inside sh test/demo.sh; then add "$system, demo" 1 0; else add "$system, demo" 0 1; fi

echo "== $system: test/run.sh $*"
inside sh test/run.sh "$@"
count_tests "$?" "$root/root/poolsend/build"
add "$system, tests" "$good" "$bad"

echo "== $system: $(($(date +%s) - began)) s, with"
inside sh -c 'echo $(curl --version | tr " " "\n" | grep -E "^(libcurl|OpenSSL|nghttp2)/") \
  json-c/$(pkg-config --modversion json-c) cmocka/$(pkg-config --modversion cmocka) gcc/$(gcc -dumpfullversion) \
  "$(/usr/bin/python3 --version | tr " " /)" meson/$(meson --version)'
echo "$system: $passed passed, $failed failed"
[ "$failed" -eq 0 ] && [ "$passed" -gt 0 ]
