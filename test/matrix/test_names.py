"""Host names: how often they are looked up, who waits for a look-up that is slow, and what becomes of addresses that
do not connect.

A preloaded module (test/support/slow_names.c) says what each name stands for, and counts the look-ups: one call of
getaddrinfo is one look-up.

NAMES_MODULE the module, as it was built
LENGTH=full  longer streams
"""

from contextlib import suppress
import json
import os
import select
import socket
import statistics
import threading
import time

import pytest

from cells import preload, slowness
from against_curl import run_curl
from harness import Fed, Running, accounts, parse_events, run_json, stream

from certs import make_ca
from server import Server, has_ipv6, port_everywhere, refused_port

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


# ---- Addresses that do not connect

@pytest.fixture
def hole():
    """A port at 127.0.0.2 where connections are neither taken nor refused."""
    with port_everywhere() as port, Server(host='127.0.0.2', mode='blackhole', port=port) as hole:
        yield hole


@pytest.fixture
def behind(hole):
    """A server on the same port at 127.0.0.3."""
    with Server(host='127.0.0.3', port=hole.port) as server:
        yield server


TWO = '127.0.0.2,127.0.0.3'


@pytest.mark.parametrize('options', [
    [],
    ['--resolve', 'two.test:{port}:' + TWO],
    ['--resolve', '*:{port}:' + TWO],
    ['--resolve', '+two.test:{port}:' + TWO],
    ['--connect-to', '::other.test:'],
    ['--connect-to', '::other.test:', '--resolve', 'other.test:{port}:' + TWO],
    ['-x', 'http://other.test:{port}'],
    ['-x', 'http://other.test:{port}', '--resolve', 'other.test:{port}:' + TWO],
], ids=' '.join)
def test_address_that_is_dead_is_passed_over_after_two_seconds(options, names, hole, behind):
    result = run_json(*(option.format(port=hole.port) for option in options), '-m', '30', '-d', 'x',
                      url(hole, 'two.test'), env=names.env(two_test=TWO, other_test=TWO))
    assert result.fates == [('delivered', 'ok')]
    assert (behind.connections, behind.count()) == (1, 1)
    assert result.settled['attempts'][0]['finished'] >= 2


def test_address_that_is_dead_costs_the_messages_after_the_first_nothing(names, hole, behind):
    count = 20
    result = stream('--no-breaker', '--workers', '1', url(hole, 'two.test', '/?keepalive=0'), lines=lines(count),
                    env=names.env(two_test=TWO))
    assert result.code == 0
    assert (behind.connections, behind.count()) == (count, count)
    assert result.seconds < count
    assert names.asked == ['two.test']


def test_messages_that_begin_together_each_pass_over_the_dead_address(names, hole, behind):
    result = stream('--no-breaker', '--workers', '8', url(hole, 'two.test'), lines=lines(40),
                    env=names.env(two_test=TWO))
    assert result.code == 0
    assert behind.count() == 40


def test_connect_timeout_bounds_what_is_tried_and_the_words_name_it(names, hole):
    with Server(host='127.0.0.3', port=hole.port, mode='blackhole'):
        result = run_json('--connect-timeout', '1', '-d', 'x', url(hole, 'two.test'), env=names.env(two_test=TWO))
    attempt, = result.settled['attempts']
    assert result.fates == [('unreached', 'timeout')]
    assert 'tried: 127.0.0.2, 127.0.0.3' in attempt['error']
    assert 0.99 <= attempt['finished'] <= 10 * SLOWNESS


def test_attempt_timeout_leaves_time_for_the_second_address(names, hole, behind):
    result = run_json('--attempt-timeout', '1.5', '-d', 'x', url(hole, 'two.test'), env=names.env(two_test=TWO))
    assert result.fates == [('delivered', 'ok')]
    assert behind.count() == 1


def test_addresses_that_all_refuse_end_the_attempt_at_once_and_the_words_name_them(names):
    with refused_port() as port:
        result = run_json('-d', 'x', f'http://two.test:{port}/', env=names.env(two_test='127.0.0.1,127.0.0.4'))
    assert result.fates == [('unreached', 'connect')]
    assert 'refused; tried: 127.0.0.1, 127.0.0.4' in result.settled['attempts'][0]['error']


def test_address_that_works_again_is_the_first_at_once(names, hole):
    """Both fail the first message; the second finds one of them at work, after the other."""
    count = 10
    with Fed('--format', 'json', '--no-breaker', '--workers', '1', url(hole, 'two.test', '/?keepalive=0'),
             env=names.env(two_test=TWO)) as fed:
        fed.feed('first')
        assert fed.event('settled')['attempts'][0]['reason'] == 'connect'
        with Server(host='127.0.0.3', port=hole.port) as server:
            began = time.monotonic()
            for number in range(count):
                fed.feed(number)
                assert fed.event('settled')['outcome'] == 'delivered'
            took = time.monotonic() - began
            assert server.count() == count
        fed.close()
        fed.finish()
    assert took < count


def test_name_whose_only_address_refuses_is_looked_up_again_at_once(names):
    """No message is lost when an API moves."""
    with port_everywhere() as port, Server(host='127.0.0.2', port=port) as old, \
            Fed('--format', 'json', '--no-breaker', url(old, 'moves.test'),
                env=names.env(moves_test='127.0.0.2|127.0.0.3')) as fed:
        fed.feed('first')
        assert fed.event('settled')['outcome'] == 'delivered'
        time.sleep(0.6)  # a name that was looked up just now is not looked up again
        old.stop()
        with Server(host='127.0.0.3', port=port) as new:
            for number in range(10):
                fed.feed(number)
                assert fed.event('settled')['outcome'] == 'delivered'
            assert new.count() == 10
        fed.close()
        fed.finish()
    assert names.asked == ['moves.test'] * 2


def test_name_whose_only_address_is_silent_is_looked_up_again_by_the_same_attempt(names, hole, behind):
    result = run_json('-d', 'x', url(hole, 'moves.test'), env=names.env(moves_test='127.0.0.2|127.0.0.3'))
    assert result.fates == [('delivered', 'ok')]
    assert behind.count() == 1
    assert names.asked == ['moves.test'] * 2


def test_name_that_nobody_answers_for_is_not_looked_up_for_each_message(names):
    with refused_port() as port:
        result = stream('--no-breaker', f'http://dead.test:{port}/', lines=lines(200),
                        env=names.env(dead_test='127.0.0.1'))
    assert {event['attempts'][0]['reason'] for event in accounts(result.events).values()} == {'connect'}
    assert len(names.asked) <= 2 + 2 * result.seconds


class Relay:
    """Passes connections on to that port of 127.0.0.1, after a pause in which it is silent."""

    def __init__(self, host, port, pause):
        self.target, self.pause, self.connections, self.threads = port, pause, 0, []
        self.listener = socket.create_server((host, 0))
        self.port = self.listener.getsockname()[1]

    def __enter__(self):
        self._run(self._accept)
        return self

    def __exit__(self, *_):
        self.listener.shutdown(socket.SHUT_RDWR)
        for thread in self.threads:
            thread.join()
        self.listener.close()

    def _run(self, target, *arguments):
        self.threads.append(threading.Thread(target=target, args=arguments))
        self.threads[-1].start()

    def _accept(self):
        with suppress(OSError):
            while True:
                near, _ = self.listener.accept()
                self.connections += 1
                self._run(self._pass_on, near)

    def _pass_on(self, near):
        time.sleep(self.pause)
        with near, socket.create_connection(('127.0.0.1', self.target)) as far, suppress(OSError):
            while True:
                for ready in select.select([near, far], [], [])[0]:
                    data = ready.recv(65536)
                    if not data:
                        return
                    (far if ready is near else near).sendall(data)


def test_slow_handshake_with_an_address_that_connects_is_waited_for(names, tmp_path):
    """Two seconds are for the connection alone."""
    authority = make_ca(tmp_path / 'ca')
    with Server(tls=authority.issue(['two.test'])) as server, Relay('127.0.0.2', server.port, pause=3) as slow:
        result = run_json('--cacert', authority.cert, '-d', 'x', f'https://two.test:{slow.port}/',
                          env=names.env(two_test=TWO))
        assert result.fates == [('delivered', 'ok')]
        assert (slow.connections, server.count()) == (1, 1)


def test_slow_tunnel_of_a_proxy_that_connects_is_waited_for(names):
    with Server() as proxy, Relay('127.0.0.2', proxy.port, pause=3) as slow:
        proxy.script('api.test:443', 'status=403')
        result = run_json('-x', f'http://two.test:{slow.port}', '-d', 'x', 'https://api.test/',
                          env=names.env(two_test=TWO))
        assert result.fates == [('unreached', 'proxy')]
        assert (slow.connections, proxy.count()) == (1, 1)


@pytest.mark.skipif(not has_ipv6(), reason='no IPv6 here')
@pytest.mark.parametrize('dead, alive', [('::1', '127.0.0.1'), ('127.0.0.1', '::1')])
def test_address_of_the_other_family_is_tried_side_by_side(dead, alive, names):
    took = []
    with port_everywhere() as port, Server(host=dead, mode='blackhole', port=port) as hole, \
            Server(host=alive, port=port) as server:
        for _ in range(RUNS):
            result = run_json('-d', 'x', url(hole, 'both.test'), env=names.env(both_test=f'{dead},{alive}'))
            assert result.fates == [('delivered', 'ok')]
            took.append(result.settled['attempts'][0]['finished'])
        assert server.count() == RUNS
    assert min(took) < 2, took


# ---- One family alone

@pytest.fixture
def families():
    """A server for each family, at one port: with -4 and with -6."""
    with port_everywhere() as port, Server(host='127.0.0.1', port=port) as four, Server(host='::1', port=port) as six:
        yield {'-4': four, '-6': six}


BOTH = '127.0.0.1,::1'
OTHER = {'-4': '-6', '-6': '-4'}
OF = {'-4': '127.0.0.1', '-6': '::1'}


@pytest.mark.skipif(not has_ipv6(), reason='no IPv6 here')
@pytest.mark.parametrize('option', ['-4', '-6'])
@pytest.mark.parametrize('options', [
    [],
    ['--connect-to', '::other.test:'],
    ['-x', 'http://other.test:{port}'],
    ['-x', 'http://127.0.0.9:1', '--noproxy', 'both.test'],
    ['--resolve', 'both.test:{port}:{another}'],
    ['--resolve', '*:{port}:{another}'],
    ['-x', 'http://other.test:{port}', '--resolve', '+other.test:{port}:{another}'],
], ids=' '.join)
def test_name_is_looked_up_in_the_family_alone_as_by_curl(option, options, names, families):
    """In another order, too: it is not for the first address that is found."""
    server = families[option]
    options = [each.format(port=server.port, another=OF[OTHER[option]]) for each in options]
    for addresses in (BOTH, '::1,127.0.0.1'):
        before, env = server.count(), names.env(both_test=addresses, other_test=addresses)
        run_curl(option, *options, '-d', 'x', url(server, 'both.test'), env=env)
        assert server.count() == before + 1
        names.log.unlink(missing_ok=True)
        result = run_json(option, *options, '-d', 'x', url(server, 'both.test'), env=env)
        assert result.fates == [('delivered', 'ok')]
        assert server.count() == before + 2
        assert len(names.asked) == 1
    assert families[OTHER[option]].count() == 0


@pytest.mark.skipif(not has_ipv6(), reason='no IPv6 here')
@pytest.mark.parametrize('option', ['-4', '-6'])
@pytest.mark.parametrize('options, whose', [
    ([], ''),
    (['--resolve', 'one.test:{port}:{another}'], ''),
    (['-x', 'http://one.test:{port}'], 'proxy: '),
    (['-x', 'http://127.0.0.9:1', '--noproxy', 'one.test'], ''),
], ids=' '.join)
def test_name_without_an_address_of_the_family_is_not_reached_as_by_curl(option, options, whose, names, families):
    """What libcurl looks up by itself, too, whatever it calls it."""
    port, another = families[option].port, OF[OTHER[option]]
    arguments = [option, *(each.format(port=port, another=another) for each in options), '-d', 'x',
                 f'http://one.test:{port}/']
    env = names.env(one_test=another)
    assert run_curl(*arguments, env=env).returncode in (5, 6, 7)
    result = run_json(*arguments, env=env)
    assert result.fates == [('unreached', 'resolve')]
    family = option[-1]
    error = result.settled['attempts'][0]['error']
    assert error.startswith(f'{whose}no IPv{family} address, and {option} (ipv{family}) allows no other'), error
    assert [server.count() for server in families.values()] == [0, 0]


@pytest.mark.skipif(not has_ipv6(), reason='no IPv6 here')
@pytest.mark.parametrize('first', ['-4', '-6'])
def test_endpoints_of_one_name_have_each_the_family_of_their_own(first, names, families, tmp_path):
    """The file says so; what the command line says is for all of them."""
    server, other = families[first], families[OTHER[first]]
    target = url(server, 'both.test')
    config = tmp_path / 'config.json'
    config.write_text(json.dumps({'endpoints': [{'url': target, f'ipv{option[-1]}': True}
                                                for option in (first, OTHER[first])]}))
    server.script('/', 'status=500')
    result = run_json('--config', config, '-d', 'x', env=names.env(both_test=BOTH))
    assert result.fates == [('rejected', 'status'), ('delivered', 'ok')]
    assert (server.count(), other.count()) == (1, 1)
    assert names.asked == ['both.test'] * 2
    names.log.unlink()
    result = run_json(OTHER[first], '--config', config, '-d', 'x', env=names.env(both_test=BOTH))
    assert result.fates == [('delivered', 'ok')]
    assert (server.count(), other.count()) == (1, 2)
    assert names.asked == ['both.test']


@pytest.mark.skipif(not has_ipv6(), reason='no IPv6 here')
@pytest.mark.parametrize('family', ['-4', '-6'])
def test_name_that_has_no_address_of_one_family_is_found_by_an_endpoint_of_the_other(family, names, families, tmp_path):
    """A failure serves for half a second, but for its own family alone."""
    target = url(families[family], 'one.test')
    config = tmp_path / 'config.json'
    config.write_text(json.dumps({'endpoints': [{'url': target, f'ipv{option[-1]}': True}
                                                for option in (OTHER[family], family)]}))
    result = run_json('--config', config, '-d', 'x', env=names.env(one_test=OF[family]))
    assert result.fates == [('unreached', 'resolve'), ('delivered', 'ok')]
    assert families[family].count() == 1


@pytest.mark.skipif(not has_ipv6(), reason='no IPv6 here')
def test_addresses_of_the_other_family_are_not_tried(names):
    with refused_port() as port:
        result = run_json('-4', '-d', 'x', f'http://many.test:{port}/',
                          env=names.env(many_test='::1,127.0.0.1,::1,127.0.0.4'))
    assert result.fates == [('unreached', 'connect')]
    assert result.settled['attempts'][0]['error'].endswith('refused; tried: 127.0.0.1, 127.0.0.4')


@pytest.mark.skipif(not has_ipv6(), reason='no IPv6 here')
@pytest.mark.parametrize('option', ['-4', '-6'])
def test_name_that_a_redirect_leads_to_is_looked_up_in_the_family_alone(option, names, families):
    server = families[option]
    server.script('/', f'status=302&redirect=http://both.test:{server.port}/end')
    result = run_json(option, '-L', url(server, 'first.test'),
                      env=names.env(first_test=BOTH, both_test=BOTH))
    assert result.fates == [('delivered', 'ok')]
    assert (server.count(), families[OTHER[option]].count()) == (2, 0)


@pytest.mark.skipif(not has_ipv6(), reason='no IPv6 here')
@pytest.mark.parametrize('option', ['-4', '-6'])
def test_name_that_a_redirect_leads_to_without_an_address_of_the_family_is_not_reached(option, names, families):
    server = families[option]
    server.script('/', f'status=302&redirect=http://one.test:{server.port}/end')
    result = run_json(option, '-L', url(server, 'first.test'),
                      env=names.env(first_test=BOTH, one_test=OF[OTHER[option]]))
    assert result.fates == [('rejected', 'redirect')]
    assert f'{option} (ipv{option[-1]}) allows no other' in result.settled['attempts'][0]['error']
    assert (server.count(), families[OTHER[option]].count()) == (1, 0)


# ---- Ways that are given

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
