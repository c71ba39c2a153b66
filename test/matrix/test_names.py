"""Host names: how often they are looked up, and who waits for a look-up that is slow.

A preloaded module (test/support/slow_names.c) says what each name stands for, and counts the look-ups: one call of
getaddrinfo is one look-up.

NAMES_MODULE the module, as it was built
LENGTH=full  longer streams
"""

import os
import socket
import statistics
import time

import pytest

from cells import preload, slowness
from harness import Fed, Running, accounts, parse_events, run_json, stream

from server import Server

SLOWNESS = slowness()
LONG = 10 if os.environ.get('LENGTH') == 'full' else 1

# What a promise of 250 ms is given, on a machine where others work too; the median of some runs counts.
WITHIN = 0.25 * SLOWNESS
RUNS = 3


class Names:
    """What names stand for, and which were looked up."""

    def __init__(self, log):
        self.log = log

    def env(self, **names):
        return preload(';'.join(f'{name.replace("_", ".")}={what}' for name, what in names.items()), self.log)

    @property
    def asked(self):
        return self.log.read_text().split() if self.log.exists() else []


@pytest.fixture
def names(tmp_path):
    return Names(tmp_path / 'names')


@pytest.fixture
def server():
    with Server() as server:
        yield server


def url(server, name, target='/'):
    return f'http://{name}:{server.port}{target}'


def lines(count):
    return [f'{number}' for number in range(count)]


# ---- Time

@pytest.mark.parametrize('option', ['--attempt-timeout', '--connect-timeout', '--max-time'])
def test_timeout_holds_while_a_name_is_resolving(names, option):
    env, late = names.env(slow_test='sleep:30'), []
    for _ in range(RUNS):
        result = run_json(option, '0.5', '-d', 'x', 'http://slow.test/', env=env)
        assert result.fates[0] in [('unreached', 'timeout'), ('unreached', 'cancelled')]
        late.append(result.settled['attempts'][0]['finished'] - 0.5)
    assert 0 <= min(late) + 0.01 and statistics.median(late) <= WITHIN, late


def test_interrupt_ends_an_attempt_whose_name_is_resolving(names):
    took = []
    for _ in range(RUNS):
        names.log.unlink(missing_ok=True)
        env = names.env(slow_test='sleep:30')
        with Running('--format', 'json', '-d', 'x', 'http://slow.test/', env=env) as running:
            while not names.asked:
                time.sleep(0.01)
            running.interrupt()
            at = time.monotonic()
            settled, = parse_events(running.line())
            took.append(time.monotonic() - at)
            assert running.finish().code == 130
        assert [(each['fate'], each['reason']) for each in settled['attempts']] == [('unreached', 'cancelled')]
    assert statistics.median(took) <= WITHIN, took


def test_look_up_that_still_hangs_does_not_hold_up_the_end_of_the_program(names):
    result = run_json('--attempt-timeout', '0.3', '-d', 'x', 'http://slow.test/', env=names.env(slow_test='sleep:30'))
    assert result.fates == [('unreached', 'timeout')]
    assert result.seconds < 5 * SLOWNESS


def test_hung_name_does_not_hold_up_the_next_endpoint(names, server):
    result = run_json('--hedge-delay', '0.3', '--settle', '0', '-d', 'x', 'http://slow.test/', server.url('/'),
                      env=names.env(slow_test='sleep:30'))
    assert result.code == 0
    assert result.fates == [('unreached', 'cancelled'), ('delivered', 'ok')]


# ---- Counts

def test_stream_to_one_name_asks_for_it_no_more_than_a_few_times_a_minute(names, server):
    count = 1000 * LONG
    result = stream('--no-breaker', url(server, 'good.test', '/?keepalive=0'), lines=lines(count),
                    env=names.env(good_test='127.0.0.1'))
    assert result.code == 0
    assert server.connections >= count
    assert len(names.asked) <= 4 * LONG


def test_attempts_that_wait_for_a_slow_name_share_a_look_up(names, server):
    result = stream('--workers', '32', '--hedge-delay', '30', url(server, 'slow.test'), lines=lines(100),
                    env=names.env(slow_test='sleep:0.7,127.0.0.1'))
    assert result.code == 0
    assert server.count() == 100
    assert names.asked == ['slow.test']


def test_name_that_fails_is_not_asked_for_again_for_each_message(names):
    result = stream('--no-breaker', 'http://gone.test/', lines=lines(200), env=names.env(gone_test='fail:EAI_NONAME'))
    fates = {(event['attempts'][0]['fate'], event['attempts'][0]['reason'])
             for event in accounts(result.events).values()}
    assert fates == {('unreached', 'resolve')}
    assert len(names.asked) <= 2 + result.seconds


def test_name_that_comes_up_again_is_found_again(names, server):
    """After a second or so: a failure is believed for a while."""
    deadline = time.monotonic() + 30
    with Fed('--format', 'json', '--no-breaker', url(server, 'back.test'),
             env=names.env(back_test='fail:EAI_AGAIN|127.0.0.1')) as fed:
        outcomes = []
        while 'delivered' not in outcomes and time.monotonic() < deadline:
            fed.feed('x')
            outcomes.append(fed.event('settled')['outcome'])
            time.sleep(0.1)
        fed.close()
        fed.finish()
    assert outcomes[0] == 'undelivered' and outcomes[-1] == 'delivered', outcomes
    assert names.asked == ['back.test'] * 2


def test_endpoints_of_one_name_with_different_ports_share_a_look_up(names, server):
    with Server() as second:
        server.script('/', 'status=500')
        result = run_json('-d', 'x', url(server, 'good.test'), url(second, 'good.test'),
                          env=names.env(good_test='127.0.0.1'))
        assert result.fates == [('rejected', 'status'), ('delivered', 'ok')]
    assert names.asked == ['good.test']


def test_names_are_the_same_in_whatever_case(names, server):
    with Server() as second:
        server.script('/', 'status=500')
        result = run_json('-d', 'x', url(server, 'good.test'), url(second, 'Good.TEST'),
                          env=names.env(good_test='127.0.0.1'))
        assert result.fates == [('rejected', 'status'), ('delivered', 'ok')]
    assert [name.lower() for name in names.asked] == ['good.test']


@pytest.mark.parametrize('host', ['127.0.0.1', 'localhost'])
def test_no_look_up_is_made_for(host, names, server):
    result = run_json('-d', 'x', url(server, host), env=names.env(good_test='127.0.0.1'))
    assert result.fates == [('delivered', 'ok')]
    assert names.asked == []


# ---- Addresses

def has_ipv6():
    try:
        with socket.socket(socket.AF_INET6) as probe:
            probe.bind(('::1', 0))
        return True
    except OSError:
        return False


@pytest.mark.skipif(not has_ipv6(), reason='no IPv6 here')
@pytest.mark.parametrize('host, addresses', [
    ('127.0.0.1', '::1,127.0.0.1'), ('127.0.0.1', '127.0.0.1,::1'),
    ('::1', '::1,127.0.0.1'), ('::1', '127.0.0.1,::1'),
])
def test_all_addresses_of_a_name_are_tried(host, addresses, names):
    with Server(host=host) as server:
        result = run_json('-d', 'x', url(server, 'both.test'), env=names.env(both_test=addresses))
        assert result.fates == [('delivered', 'ok')]
        assert server.count() == 1


def test_second_address_is_tried_when_the_first_refuses(names):
    with Server(host='127.0.0.3') as server:
        result = run_json('-d', 'x', url(server, 'two.test'), env=names.env(two_test='127.0.0.2,127.0.0.3'))
        assert result.fates == [('delivered', 'ok')]


@pytest.mark.parametrize('options, asked', [
    (['--resolve', 'good.test:{port}:127.0.0.1'], []),
    (['--resolve', '*:{port}:127.0.0.1'], []),
    (['--connect-to', 'good.test:{port}:127.0.0.1:{port}'], []),
    (['--connect-to', '::other.test:'], ['other.test']),
    (['--connect-to', 'good.test:{port}:other.test:{port}', '--resolve', 'other.test:{port}:127.0.0.1'], []),
], ids=['--resolve', '--resolve of all', '--connect-to an address', '--connect-to a name', 'both'])
def test_way_there_that_is_given_is_gone(options, asked, names, server):
    result = run_json(*(option.format(port=server.port) for option in options), '-d', 'x', url(server, 'good.test'),
                      env=names.env(good_test='fail:EAI_NONAME', other_test='127.0.0.1'))
    assert result.fates == [('delivered', 'ok')]
    assert names.asked == asked
