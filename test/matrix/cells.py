"""Tries a cell of the matrix: one run of the real program against one server that has one fault.

A fresh connection is that of a single message (poolsend send). A reused one is that of a stream's second line, which is
given when the first has been accepted, and where the connection is to have died meanwhile, when it has.

What is checked, whatever the table says: a message has one attempt; it was seen once at most, but for redirects that
were answered; what is unreached was not seen, and what was answered was; the exit status fits the fate. Fates and
reasons that time brings about (a timeout, the end of the answer wait, a cancel) are only right when time ran out in the
state that is meant: on a machine that is busy it may run out before. Then, and only then, a cell is tried again, with
more time.
"""

from contextlib import contextmanager
from dataclasses import dataclass
import os
import pathlib
import threading
import time

from harness import PATIENCE, PROGRAM, Fed, Running

from certs import make_ca
import http1
import http2

SERVERS = {'http': http1.Http1, 'https': http1.Http1, 'http2': http2.Http2}
PLANS = {'http': http1.PLANS, 'https': http1.PLANS, 'http2': http2.PLANS}
CERTIFICATES = ('expired certificate', 'wrong name', 'unknown authority')
NAMES = {'slow DNS': 'sleep:0.2,127.0.0.1', 'DNS failure': 'fail:EAI_NONAME'}
HANGING_NAME = 'sleep:60'
HOST = 'cell.test'

TIMED = ('timeout', 'connect timeout', 'black hole', 'slow drip', 'early success', 'cancel')
TRIES = 4
CODES = {'delivered': 0, 'rejected': 1, 'unreached': 1, 'unknown': 4}


def slowness():
    """How much longer this build of the program takes."""
    program = pathlib.Path(PROGRAM).read_bytes()
    return 2 if b'__tsan_init' in program or b'__asan_init' in program else 1


@dataclass(frozen=True)
class Timing:
    """How long a fault that ends by time lasts, and how much is sent where sending is not to come to an end."""

    seconds: float
    large: int


class Kit:
    """What all cells share: certificates and bodies."""

    def __init__(self, directory):
        self.directory = pathlib.Path(directory)
        authority, stranger = make_ca(self.directory / 'ca'), make_ca(self.directory / 'stranger')
        names = ['127.0.0.1', HOST]
        self.trusted, self.good = authority.cert, authority.issue(names)
        self.other = dict(zip(CERTIFICATES, [authority.issue(names, expired=True), authority.issue(['other.test']),
                                             stranger.issue(names)]))
        self.slowness = slowness()
        self.lock = threading.Lock()

    def body(self, size):
        """A file of that size."""
        path = self.directory / f'body-{size}'
        with self.lock:
            if not path.exists():
                path.write_bytes(b'x' * size)
        return path


@dataclass
class Outcome:
    """What became of a cell."""

    found: tuple | None     # fate, reason, times seen
    wrong: str = ''         # what is not as it must be, besides
    prepared: bool = True   # whether the connection that was to be reused was made
    tries: int = 1
    seconds: float = 0
    account: str = ''


# ---- The run

def limits(cell, seconds):
    """The options by which the fault comes to an end, or a cell that goes wrong does."""
    if cell.fault == 'connect timeout':
        return ['--connect-timeout', seconds]
    if cell.fault == 'black hole':
        return ['--hedge-delay', min(0.1, seconds / 2), '--answer-wait', seconds, '--settle', seconds]
    if cell.fault == 'cancel':
        return ['--hedge-delay', PATIENCE, '--settle', 0.05]
    return ['--attempt-timeout', seconds if cell.fault in TIMED else PATIENCE / 2]


def options(cell, kit, seconds):
    given = limits(cell, seconds) + ['--format', 'json', '--events', 'start,settled', '--max-response', '64K']
    if cell.transport != 'http':
        given += ['--cacert', kit.trusted]
    if cell.transport == 'http2':
        given += ['--http2']
    if cell.fault.startswith('redirect'):
        given += ['-L']
    if (cell.state, cell.fault) == ('body', 'garbage'):
        given += ['--compressed']
    return given


def sanitizer(variable, option):
    """One more option for a sanitizer."""
    return {variable: ':'.join(filter(None, [os.environ.get(variable), option]))}


def preloaded(module):
    """The environment in which the program has the module that this variable names."""
    return {'LD_PRELOAD': os.environ[module], **sanitizer('ASAN_OPTIONS', 'verify_asan_link_order=0')}


def preload(names, log):
    """The environment in which the names of this table are what it says; look-ups are told in `log`."""
    return {**preloaded('NAMES_MODULE'), 'NAMES': names, 'NAMES_LOG': str(log)}


def environment(cell, log):
    """Under ThreadSanitizer every program would sleep for a second at its end."""
    names = preload(f'{HOST}={NAMES.get(cell.fault, HANGING_NAME)}', log) if cell.state == 'resolving' else {}
    return {**names, **sanitizer('TSAN_OPTIONS', 'atexit_sleep_ms=50')}


def faulty_server(cell, kit):
    tls = kit.good if cell.transport != 'http' else None
    return SERVERS[cell.transport](cell.state, cell.fault, plan=PLANS[cell.transport].get((cell.state, cell.fault)),
                                   good=0 if cell.connection == 'fresh' else 1, tls=tls,
                                   other=kit.other.get(cell.fault))


def reached(cell, server, log):
    """What tells that the state is reached, as far as can be seen from outside; the rest is a matter of waiting."""
    if cell.state == 'resolving':
        return log.exists
    if cell.state == 'connecting':
        return lambda: True
    if cell.state == 'tls':
        return lambda: server.connections > server.good
    return lambda: server.met


def interrupt_there(cell, server, running, log, pause):
    is_reached, deadline = reached(cell, server, log), time.monotonic() + PATIENCE
    assert '"event":"start"' in running.line()
    while not is_reached() and time.monotonic() < deadline:
        time.sleep(0.01)
    time.sleep(pause)
    running.interrupt()


@contextmanager
def started(cell, server, url, body, arguments, env):
    """The program, under way with the message that is to meet the fault."""
    if cell.connection == 'fresh':
        with Running('--data-binary', f'@{body}', *arguments, url, env=env) as running:
            yield running
        return
    with Fed('--workers', 1, '--in-order', *arguments, url, env=env) as running:
        running.feed('x')
        running.event('settled')
        if cell.state in ('connecting', 'tls'):
            server.wait_until(lambda: server.betrayed, PATIENCE)
            time.sleep(0.02)
        running.feed(body.read_text())
        running.close()
        yield running


def run(cell, kit, seconds, large, directory):
    """The result of the program, and its server."""
    directory.mkdir()
    log = directory / 'names'
    body = kit.body(large if cell.state == 'sending' else 1)
    with faulty_server(cell, kit) as server:
        url = server.url('/')
        if cell.state == 'resolving':
            url = url.replace('127.0.0.1', HOST)
        with started(cell, server, url, body, options(cell, kit, seconds), environment(cell, log)) as running:
            if cell.fault == 'cancel':
                interrupt_there(cell, server, running, log, pause=seconds / 4)
            result = running.finish()
    return result, server


# ---- The judgement

def judge(cell, result, server):
    *before, settled = [event for event in result.events if event['event'] == 'settled']
    attempt = settled['attempts'][-1]
    seen = sum(request.header('Idempotency-Key') == settled['message'] for request in server.seen)
    prepared = [event['attempts'][-1]['reason'] for event in before] == ['ok'] * server.good
    found = attempt['fate'], attempt['reason'], seen
    return Outcome(found, ', '.join(complaints(cell, result, server, settled, seen)), prepared, account=repr(result))


def complaints(cell, result, server, settled, seen):
    """What must not be, whatever the table says."""
    attempt = settled['attempts'][-1]
    fate = attempt['fate']
    wrong = {
        f'{len(settled["attempts"])} attempts': len(settled['attempts']) != 1,
        f'seen {seen} times': seen > 1 and cell.fault != 'redirect loop',
        f'{server.torn} torn heads': server.torn != (cell.fault == 'torn head'),
        f'{len(server.seen)} requests in all': len(server.seen) != seen + server.good,
        'unreached, and seen': fate == 'unreached' and (seen or server.torn),
        'unreached, but some of it was sent': fate == 'unreached' and attempt['bytes_sent'],
        'answered, and never seen': fate in ('delivered', 'rejected') and not seen,
        'the connection was not reused': not reused_as_meant(cell, server),
        f'exit status {result.code}': result.code != (130 if cell.fault == 'cancel' else CODES[fate]),
    }
    return [what for what, holds in wrong.items() if holds]


def reused_as_meant(cell, server):
    """Whether the request came on the connection of the one before, if that is what the cell is about."""
    if cell.connection == 'fresh' or cell.state in ('resolving', 'connecting', 'tls') or cell.fault == 'torn head':
        return True
    return len(server.seen) < 2 or server.seen[1].connection == 1


def came_too_early(cell, outcome):
    """Whether time ran out before the fault was met: the machine is busy. Never when more was seen than should be."""
    fate, reason, seen = outcome.found
    if cell.fault not in TIMED or seen > cell.expected[2]:
        return False
    short = seen < cell.expected[2] or (cell.expected[0] == 'delivered' and fate == 'unknown')
    return not outcome.prepared or (reason in ('timeout', 'cancelled') and short)


def attempt(cell, kit, timing, directory):
    seconds = timing.seconds * kit.slowness
    for tries in range(1, TRIES + 1):
        result, server = run(cell, kit, seconds, timing.large, directory / str(tries))
        outcome = judge(cell, result, server)
        outcome.tries = tries
        if not came_too_early(cell, outcome):
            break
        seconds *= 2
    return outcome


def try_cell(cell, kit, timing, directory):
    """The outcome, whatever happens."""
    directory.mkdir()
    began = time.monotonic()
    try:
        outcome = attempt(cell, kit, timing, directory)
    except Exception as problem:  # one cell's trouble must not be the others'
        outcome = Outcome(None, f'{type(problem).__name__}: {problem}')
    outcome.seconds = time.monotonic() - began
    return outcome
