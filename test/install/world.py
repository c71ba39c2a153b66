"""A world for commands of the documentation, in which they are run as they stand: byte for byte, by a shell.

What such a command takes from its reader's world is put around it, never into it:

    hosts      https://NAME.test/ (a name that exists nowhere) is a scripted server of this machine. The variable
               https_proxy names a proxy that connects to it, CURL_CA_BUNDLE the authority that vouches for it
    programs   poolsend and its manual are those of the installed prefix; sudo runs what it is given as it is, and
               apt-get fails: nothing may be missing, and nothing is installed on the machine
    files      those that are named lie in the directory in which the command runs
"""

from contextlib import ExitStack, suppress
import os
import pathlib
import select
import shutil
import socket
import subprocess
import sys
import threading

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / 'test' / 'support'))

from certs import make_ca
from server import Server

PATIENCE = 600
STUBS = {'sudo': 'exec "$@"'}
if shutil.which('apt-get'):  # where there is none the scripts know it
    STUBS['apt-get'] = 'echo "a package is missing" >&2; exit 1'


class Proxy:
    """A proxy that opens tunnels (CONNECT) to the servers that stand for hosts, and to nothing else."""

    def __init__(self, servers):
        self.servers = servers
        self.listener = socket.create_server(('127.0.0.1', 0))
        self.url = f'http://127.0.0.1:{self.listener.getsockname()[1]}'
        self.thread = threading.Thread(target=self._accept, daemon=True)

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *exception):
        self.listener.shutdown(socket.SHUT_RDWR)
        self.thread.join()
        self.listener.close()

    def _accept(self):
        with suppress(OSError):
            while True:
                client, _ = self.listener.accept()
                threading.Thread(target=self._serve, args=(client,), daemon=True).start()

    def _serve(self, client):
        with client, suppress(OSError):
            head = b''
            while not head.endswith(b'\r\n\r\n'):
                data = client.recv(1)
                if not data:
                    return
                head += data
            method, target, _ = head.split(None, 2)
            server = self.servers.get(target.decode()) if method == b'CONNECT' else None
            if not server:
                client.sendall(b'HTTP/1.1 502 No Such Host\r\nContent-Length: 0\r\n\r\n')
                return
            with socket.create_connection(('127.0.0.1', server.port)) as peer:
                client.sendall(b'HTTP/1.1 200 OK\r\n\r\n')
                relay(client, peer)


def relay(one, other):
    """Hands on what either says, until one of them says no more."""
    while True:
        for source in select.select([one, other], [], [])[0]:
            data = source.recv(1 << 16)
            if not data:
                return
            (other if source is one else one).sendall(data)


class World:
    """Hosts, each with the steps that its server takes for a path, and files, each with its content."""

    def __init__(self, directory, hosts, files=None, environment=None, prefix=None):
        self.directory, self.hosts, self.stack = directory, hosts, ExitStack()
        self.extra, self.prefix = environment or {}, prefix
        self.servers = {}
        for name, content in (files or {}).items():
            (directory / name).write_text(content)

    def __enter__(self):
        tools = self.directory / 'tools'
        tools.mkdir()
        for name, script in STUBS.items():
            (tools / name).write_text(f'#!/bin/sh\n{script}\n')
            (tools / name).chmod(0o755)
        path = [str(tools), *([f'{self.prefix}/bin'] if self.prefix else []), os.environ['PATH']]
        ca = make_ca(tools)
        for host, steps in self.hosts.items():
            server = self.stack.enter_context(Server(tls=ca.issue([host])))
            for target, step in steps.items():
                server.script(target, step)
            self.servers[host] = server
        proxy = self.stack.enter_context(Proxy({f'{host}:443': each for host, each in self.servers.items()}))
        inherited = {name: value for name, value in os.environ.items()
                     if not name.lower().endswith('_proxy') and name != 'DESTDIR'}
        self.environment = {**inherited, 'PATH': ':'.join(path), 'https_proxy': proxy.url,
                            'CURL_CA_BUNDLE': str(ca.cert), **self.extra}
        return self

    def __exit__(self, *exception):
        self.stack.close()

    def run(self, command, where=None):
        """Has a shell run the command; it is ended with all its children if it takes for ever."""
        with subprocess.Popen(['sh', '-euc', command], cwd=where or self.directory, env=self.environment, text=True,
                              stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                              start_new_session=True) as process:
            try:
                out, err = process.communicate(timeout=PATIENCE)
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, 9)
                raise
        return subprocess.CompletedProcess(command, process.returncode, out, err)

    def requests(self, host, path=None):
        return [each for each in self.servers[host].requests if path in (None, each.path)]
