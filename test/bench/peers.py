"""The peers and the servers: what is installed, how each is built and started, and how each is called.

Everything stands in one temporary directory and is gone with it. nginx runs under a configuration of its own, ends
with the process that started it, and the system's service is never started, neither here nor by the installation.
"""

import os
import pathlib
import shutil
import signal
import socket
import subprocess
import sys
import time

from process import CannotMeasure, build, environment

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parents[1]
PYTHON = '/usr/bin/python3'
POLICY = pathlib.Path('/usr/sbin/policy-rc.d')

PACKAGES = {
    'nginx': ['nginx', '-v'],
    'curl': ['curl', '--version'],
    'wrk': ['sh', '-c', 'command -v wrk'],
    'golang-go': ['go', 'version'],
    'python3-aiohttp': [PYTHON, '-c', 'import aiohttp'],
    'gcc': ['gcc', '--version'],
    'libcurl4-openssl-dev': ['pkg-config', '--exists', 'libcurl'],
    'libjson-c-dev': ['pkg-config', '--exists', 'json-c'],
    'pkg-config': ['pkg-config', '--version'],
    'meson': ['meson', '--version'],
    'openssl': ['openssl', 'version'],
}

NGINX = """
daemon off;
worker_processes 2;
worker_rlimit_nofile 16384;
pid {directory}/nginx.pid;
error_log {directory}/error.log;
events {{ worker_connections 8192; }}
http {{
  access_log off;
  client_body_temp_path {directory}/t1;
  proxy_temp_path {directory}/t2;
  fastcgi_temp_path {directory}/t3;
  uwsgi_temp_path {directory}/t4;
  scgi_temp_path {directory}/t5;
  default_type application/json;
  keepalive_timeout 600;
  keepalive_requests 1000000000;
  server {{
    {listen}
    location / {{ return 200 '{{"ok":true}}\\n'; }}
  }}
}}
"""

WRK = """
wrk.method = "POST"
wrk.body = {body}
wrk.headers["Content-Type"] = "application/x-www-form-urlencoded"
"""


# ---- Installing

def is_there(command):
    try:
        return subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, timeout=60,
                              check=False).returncode == 0
    except FileNotFoundError:
        return False


def as_root(*command):
    build([*([] if os.geteuid() == 0 else ['sudo']), *command], stdin=subprocess.DEVNULL)


def install_missing():
    missing = [package for package, command in PACKAGES.items() if not is_there(command)]
    if not missing:
        return
    if subprocess.run(['sh', '-c', '. test/support/setup.sh; can_install'], cwd=ROOT, check=False).returncode:
        sys.exit(f"Missing, by Debian's names: {' '.join(missing)}. Please install them as root, and try again.")
    print('Installing', *missing, '(apt-get, as root)' if os.geteuid() == 0 else '(sudo apt-get)', file=sys.stderr)
    apt = ['env', 'DEBIAN_FRONTEND=noninteractive', 'apt-get', '-qq', '-o', 'DPkg::Lock::Timeout=300']
    # Without this word of the administrator's, Debian would start nginx as it installs it.
    guard = not POLICY.exists()
    if guard:
        as_root('sh', '-c', f'printf "#!/bin/sh\\nexit 101\\n" >{POLICY}; chmod 755 {POLICY}')
    try:
        as_root(*apt, 'update')
        as_root(*apt, 'install', '--yes', '--no-install-recommends', *missing)
    finally:
        if guard:
            as_root('rm', '-f', str(POLICY))


# ---- Servers

def free_ports(count):
    """Chosen by the kernel, all different, and free again when this returns."""
    sockets = [socket.create_server(('127.0.0.1', 0)) for _ in range(count)]
    ports = [one.getsockname()[1] for one in sockets]
    for one in sockets:
        one.close()
    return ports


class Nginx:
    """Three endpoints that answer at once, with one line of JSON."""

    def __init__(self, directory):
        self.directory = directory / 'nginx'
        self.directory.mkdir()
        self.ports = free_ports(3)
        self.urls = [f'http://127.0.0.1:{port}/' for port in self.ports]

    def __enter__(self):
        config = self.directory / 'nginx.conf'
        listen = ' '.join(f'listen 127.0.0.1:{port} backlog=4096;' for port in self.ports)
        config.write_text(NGINX.format(directory=self.directory, listen=listen))
        nginx = shutil.which('nginx') or '/usr/sbin/nginx'
        with open(self.directory / 'output', 'wb') as output:
            self.process = subprocess.Popen(
                ['setpriv', '--pdeathsig', 'TERM', nginx, '-p', str(self.directory), '-c', str(config)],
                stdin=subprocess.DEVNULL, stdout=output, stderr=output)
        try:
            self._wait_until_up()
        except BaseException:
            self.__exit__()
            raise
        return self

    def _wait_until_up(self):
        for _ in range(200):
            if self.process.poll() is not None:
                raise CannotMeasure('nginx: ' + (self.directory / 'output').read_text()[-300:])
            try:
                socket.create_connection(('127.0.0.1', self.ports[-1]), 1).close()
                return
            except OSError:
                time.sleep(0.05)
        raise CannotMeasure('nginx does not listen')

    def __exit__(self, *_):
        self.process.terminate()
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.send_signal(signal.SIGKILL)
            self.process.wait()


class Hole:
    """A server that never answers, or answers and stamps; it ends when its standard input does. See hole.c."""

    def __init__(self, program, answers=False):
        self.command = [str(program), *(['answer'] if answers else [])]

    def __enter__(self):
        self.process = subprocess.Popen(self.command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        self.url = f'http://127.0.0.1:{int(self.process.stdout.readline())}/'
        return self

    def __exit__(self, *_):
        self.process.stdin.close()
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.process.stdout.close()

    def _order(self, letter):
        self.process.stdin.write(letter)
        self.process.stdin.flush()

    def counts(self):
        """Connections that are open, requests that have come."""
        self._order(b'c')
        connections, requests = map(int, self.process.stdout.readline().split())
        return connections, requests

    def until_requests(self, count, program, timeout=60):
        """Waits for that many requests from a `Fed` program, which is to run on."""
        deadline = time.monotonic() + timeout
        while (come := self.counts()[1]) < count:
            if program.has_ended() or time.monotonic() > deadline:
                program.fail(f'made {come} of {count} requests')
            time.sleep(0.02)

    def stamps(self):
        """When the first request with each number began to arrive, in seconds."""
        self._order(b's')
        found = {}
        while line := self.process.stdout.readline().split():
            found.setdefault(int(line[0]), int(line[1]) * 1e-9)
        return found


# ---- Programs

def build_poolsend(directory):
    """$POOLSEND, or a release build of this tree. The program, and in words what it is."""
    if os.environ.get('POOLSEND'):
        program = shutil.which(os.environ['POOLSEND'])
        if not program:
            raise CannotMeasure(f'$POOLSEND: no such program: {os.environ["POOLSEND"]}')
        return str(pathlib.Path(program).resolve()), 'the program that $POOLSEND names'
    where = directory / 'poolsend'
    build(['meson', 'setup', str(where), str(ROOT), '-Dbuildtype=release', '-Dtests=disabled',
           '-Dstatic_json_c=true'], env=environment())
    build(['meson', 'compile', '-C', str(where)], env=environment())
    return str(where / 'src' / 'poolsend'), 'a release build (-Dbuildtype=release -Dstatic_json_c=true)'


class Peers:
    """Commands that POST every line of a file; those that read it from standard input are given it there."""

    def __init__(self, directory, program):
        self.directory = directory
        self.bare_program = directory / 'bare'
        self.hole_program = directory / 'hole'
        self.go_program = directory / 'hedge'
        flags = ['-std=gnu11', '-D_GNU_SOURCE', '-O2']
        lines = str(HERE / 'lines.c')
        build(['gcc', *flags, str(HERE / 'bare.c'), lines, '-o', str(self.bare_program), '-lcurl', '-pthread'])
        self.embedded_program = self._build_embedded(flags, lines, pathlib.Path(program).parent / 'libpoolsend.a')
        build(['gcc', *flags, str(HERE / 'hole.c'), '-o', str(self.hole_program)])
        build(['go', 'build', '-o', str(self.go_program), str(HERE / 'hedge.go')], cwd=directory,
              env={**environment(), 'GO111MODULE': 'off', 'GOCACHE': str(directory / 'go')})

    def _build_embedded(self, flags, lines, library):
        """None if there is no library beside the program."""
        if not library.exists():
            return None
        program = self.directory / 'embedded'
        symbols = subprocess.run(['nm', '-u', library], capture_output=True, text=True, check=True).stdout
        idn = ['-lidn2'] if 'idn2_' in symbols else []
        build(['gcc', *flags, '-I', str(ROOT / 'include'), str(HERE / 'embedded.c'), lines, str(library),
               '-o', str(program), '-lcurl', '-ljson-c', *idn, '-pthread'])
        return program

    def embedded(self, slots, source, url):
        return [str(self.embedded_program), str(slots), str(source), url]

    def bare(self, slots, source, url, *key):
        return [str(self.bare_program), str(slots), str(source), url, *key]

    def go(self, slots, *urls):
        return [str(self.go_program), '-c', str(slots), '-hedge', '1s', *urls]

    def aiohttp(self, slots, *urls):
        return [PYTHON, str(HERE / 'hedge.py'), str(slots), '1', *urls]

    def curl(self, slots, source, url):
        """The bodies that the server returns are what it prints, a line for each message."""
        config = self.directory / f'{pathlib.Path(source).name}.{url.split(":")[2].strip("/")}.curl'
        if not config.exists():
            with open(source, encoding='ascii') as lines, open(config, 'w', encoding='ascii') as out:
                for number, line in enumerate(lines):
                    body = line.rstrip('\n').replace('\\', '\\\\').replace('"', '\\"')
                    out.write(('next\n' if number else '') + f'url = "{url}"\ndata-binary = "{body}"\n')
        return ['curl', '-s', '-Z', '--parallel-max', str(slots), '-K', str(config)]

    def wrk(self, slots, source, url, seconds):
        script = self.directory / 'post.lua'
        with open(source, encoding='ascii') as lines:
            script.write_text(WRK.format(body='[==[' + lines.readline().rstrip('\n') + ']==]'))
        return ['wrk', '-t2', f'-c{slots}', f'-d{seconds}s', '-s', str(script), url]
