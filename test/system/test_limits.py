"""A server can neither fill the memory nor hold a worker for ever, whatever it answers.

Each hostile server is met by a stream of one message after the other, of which the memory is looked at while the
program still lives: the most that it ever had, above what the same number of messages to a decent server took. A
sanitizer has memory of its own: there only time and the accounts are looked at.
"""

from contextlib import contextmanager
import gzip
import subprocess
import time
import zlib

import pytest

from harness import PROGRAM, Fed, run_json
import tried

from server import Server

MESSAGES = 4
MIB = 1 << 20
MORE = 24 * MIB  # of which none can be needed: a response of a mebibyte is kept once, and shown as text
BOUND_SECONDS = 50


def has_sanitizer():
    symbols = subprocess.run(['nm', '-D', PROGRAM], capture_output=True, text=True, check=False).stdout
    return '__asan_init' in symbols or '__tsan_init' in symbols


SANITIZED = has_sanitizer()


@contextmanager
def following(*arguments):
    """A stream that tells only how each message ends."""
    with Fed('--format', 'json', '--events', 'settled', '--no-breaker', *arguments) as fed:
        yield fed
        fed.close()
        fed.finish()


def peak(fed):
    """The most memory that it ever had, in bytes."""
    with open(f'/proc/{fed.process.pid}/status', encoding='ascii') as status:
        return next(int(line.split()[1]) * 1024 for line in status if line.startswith('VmHWM'))


def met(target, *arguments, messages=MESSAGES):
    """The fates of so many messages to that target, the peak of memory, and the seconds it took."""
    began = time.monotonic()
    with Server() as server:
        if isinstance(target, tuple):
            path, steps = target
            server.script(path, *steps)
            target = path
        with following(*arguments, server.url(target)) as fed:
            fates = []
            for _ in range(messages):
                fed.feed('x')
                attempt, = fed.event('settled')['attempts']
                fates.append((attempt['fate'], attempt['reason']))
            return fates, peak(fed), time.monotonic() - began


@pytest.fixture(scope='module')
def decent():
    _, memory, _ = met('/?size=1048576')
    return memory


def latin(data):
    return ''.join(f'%{byte:02x}' for byte in data)


def bomb(layers, size=64 * MIB):
    """Zeros without end, that is 64 MiB of them, or as many times that as there are layers above the first."""
    data = gzip.compress(bytes(size), 9)
    for _ in range(layers - 1):
        data = gzip.compress(data * 16, 9)
    return ('/bomb', [f'body={latin(data)}&header=Content-Encoding:{", ".join(["gzip"] * layers)}'])


HOSTILE = {
    'a body without end': ('/?body_endless=1', [], {('delivered', 'ok'), ('delivered', 'truncated')}),
    'a rejection without end': ('/?body_endless=1&status=500', [], {('rejected', 'status')}),
    'a header without end': ('/?headers=endless', [], {('unknown', 'protocol')}),
    'a header line of a megabyte': ('/?headers=big:1000000', [], {('unknown', 'protocol')}),
    'a header of many lines': (('/', ['&'.join(f'header=X-{i}:{"x" * 90}' for i in range(4000))]), [],
                               {('unknown', 'protocol')}),
    'interim answers in plenty': ('/?continue=100000', [], {('unknown', 'protocol'), ('delivered', 'ok')}),
    'a body of which the length is a lie': ('/?length=9999999999999999', ['--attempt-timeout', '0.5'],
                                            {('delivered', 'truncated'), ('delivered', 'ok'), ('unknown', 'timeout')}),
    'a bomb': (bomb(1), ['--compressed'], {('delivered', 'ok'), ('delivered', 'truncated')}),
    'a bomb that was not asked for': (bomb(1), [], {('delivered', 'ok')}),
    'a bomb within a bomb': (bomb(2), ['--compressed'], {('delivered', 'ok'), ('delivered', 'truncated')}),
    'a bomb that is no success': ((bomb(1)[0], [bomb(1)[1][0] + '&status=500']), ['--compressed'],
                                  {('rejected', 'status')}),
    'redirects without end': (('/again', ['status=307&redirect=/again&size=100000']), ['-L'], {('rejected', 'redirect')}),
    'redirects without end, each with a body without end': (('/again', ['status=307&redirect=/again&body_endless=1']), ['-L'],
                                                            {('rejected', 'redirect'), ('rejected', 'status'),
                                                             ('unknown', 'reset'), ('rejected', 'truncated')}),
}


@pytest.mark.parametrize('server', HOSTILE)
def test_memory_and_time_are_bounded_with(decent, server):
    target, arguments, expected = HOSTILE[server]
    fates, memory, seconds = met(target, '--hedge-delay', '100ms', '--settle', '1s', '--attempt-timeout', '1s',
                                 *arguments)
    tried.count('messages to servers that do not end', len(fates))
    assert set(fates) <= expected
    assert seconds < BOUND_SECONDS
    if not SANITIZED:
        assert memory < decent + MORE, f'{memory >> 20} MiB, {decent >> 20} with a decent server'


@pytest.mark.skipif(SANITIZED, reason='a sanitizer has memory of its own')
def test_what_is_kept_of_a_response_is_what_was_asked_for(decent):
    _, small, _ = met('/?body_endless=1', '--max-response', '1K', '--hedge-delay', '100ms', '--settle', '0', messages=2)
    _, large, _ = met('/?size=33554432', '--max-response', '64M', messages=2)
    assert small < decent + MORE
    assert large > small + 16 * MIB, 'the measure measures nothing'


@pytest.mark.parametrize('step', ['size=1048577', 'body_endless=1'])
def test_response_is_cut_at_its_limit(step):
    with Server() as server:
        result = run_json('-d', 'x', '--hedge-delay', '100ms', '--settle', '1s', server.url(f'/?{step}'))
    response = result.settled['attempts'][0]['response']
    assert response == 'x' * MIB or len(result.out) < 3 * MIB
    assert result.settled['attempts'][0]['response_truncated']


def test_decoded_bytes_are_what_counts():
    path, steps = bomb(1)
    with Server() as server:
        server.script(path, *steps)
        began = time.monotonic()
        result = run_json('--compressed', '-d', 'x', '--max-response', '4K', server.url(path))
    assert result.settled['outcome'] == 'delivered'
    assert len(result.out) < 64 * 1024
    assert time.monotonic() - began < BOUND_SECONDS


def test_stream_that_is_broken_on_purpose_ends_the_attempt_and_not_the_program():
    """A deflate stream with a window that is not there, one that is cut, one that is noise."""
    whole = gzip.compress(b'x' * 1000)
    for data in (whole[:-9], whole[:5], b'\x1f\x8b' + b'\xff' * 100, zlib.compress(b'x' * 1000)[3:], b''):
        with Server() as server:
            server.script('/', f'body={latin(data)}&header=Content-Encoding:gzip')
            result = run_json('--compressed', '-d', 'x', server.url())
        assert result.code in (0, 1, 4)
        assert result.settled['attempts'][0]['fate'] in ('delivered', 'unknown')


def test_redirects_are_counted_together():
    with Server() as server:
        server.script('/again', 'status=307&redirect=/again')
        result = run_json('-L', '-d', 'x', server.url('/again'))
        assert result.fates == [('rejected', 'redirect')]
        assert server.count() == 31
