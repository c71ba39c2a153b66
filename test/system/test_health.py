"""How a stream fares when APIs do not: one that hangs costs a second once, one that is down costs nothing, and both are
used again when they answer."""

import json
import time

import pytest

from harness import Fed, accounts, assert_accounted, path_of, paths_of, run_json, stream, winner_of

from server import Server, refused_port

PROBES = 8  # of an endpoint, besides its slots


@pytest.fixture
def server():
    with Server() as server:
        yield server


def lines(count):
    return [f'message {n}' for n in range(count)]


def tries(settled, path):
    """All attempts at an endpoint."""
    return [attempt for event in settled.values() for attempt in event['attempts'] if path_of(attempt) == path]


def assert_all_delivered(settled, count, path=None):
    assert list(settled) == list(range(1, count + 1))
    assert {event['outcome'] for event in settled.values()} == {'delivered'}
    if path:
        assert {winner_of(event) for event in settled.values()} == {path}


# ---- An endpoint that hangs

def hung_stream(server, *arguments, hung, count):
    """A stream of which the first APIs hang, so many of them, and the next two answer. The last is for those who have
    waited for a second, as some do on a machine that is busy."""
    urls = [server.url(f'/hung{n}?hang=request') for n in range(hung)] + [server.url('/good'), server.url('/spare')]
    result = stream('--settle', '0.3s', *arguments, *urls, lines=lines(count))
    assert result.code == 0, result
    settled = accounts(result.events)
    assert_all_delivered(settled, count)
    assert {winner_of(event) for event in settled.values()} <= {'/good', '/spare'}
    assert all(attempt['started'] > 0.95 for attempt in tries(settled, '/spare'))
    assert_accounted(settled, server)
    return settled, result


def slow(settled):
    """How many messages felt it."""
    return len([event for event in settled.values() if event['attempts'][event['winner'] - 1]['finished'] > 0.9])


@pytest.mark.parametrize('hung, arguments, slots, count', [
    (1, [], 22, 1000), (1, ['--workers', '6'], 2, 300), (2, [], 16, 300), (2, ['--workers', '6'], 2, 300)], ids=str)
def test_hung_API_costs_a_stream_its_second_once(server, hung, arguments, slots, count):
    settled, result = hung_stream(server, *arguments, hung=hung, count=count)
    assert result.seconds < 40  # not a second for each message
    for n in range(hung):
        attempts = tries(settled, f'/hung{n}')
        assert 1 <= len(attempts) <= slots + PROBES
        assert {(attempt['fate'], attempt['reason']) for attempt in attempts} == {('unknown', 'cancelled')}
    assert 1 <= slow(settled) <= hung * (2 * 64 + PROBES)  # those taken up before it was known


def test_hung_API_is_waited_for_by_no_message_once_it_is_known(server):
    with Fed('--format', 'json', '--settle', '0', '--workers', '4', '--hedge-delay', '0.5',
             server.url('/hung?hang=request'), server.url('/good')) as fed:
        waited = []
        for n in range(60):
            fed.feed(n)
            settled = fed.event('settled')
            waited.append('/hung' in paths_of(settled))
        fed.close()
        assert fed.finish().code == 0
    assert all(waited[:2])
    assert sum(waited) <= 5 + PROBES  # five misses in a row at most, then one probe at a time


def test_without_a_breaker_the_order_is_strict(server):
    result = stream('--no-breaker', '--hedge-delay', '0.05', '--settle', '0', '--workers', '20',
                    server.url('/hung?hang=request'), server.url('/good'), lines=lines(60))
    settled = accounts(result.events)
    assert_all_delivered(settled, 60, '/good')
    assert_accounted(settled, server)
    with refused_port() as port:
        result = stream('--no-breaker', f'http://127.0.0.1:{port}/down', server.url('/good'), lines=lines(200))
    settled = accounts(result.events)
    assert_all_delivered(settled, 200, '/good')
    assert {tuple(paths_of(event)) for event in settled.values()} == {('/down', '/good')}


# ---- An endpoint that is down

def test_API_that_refuses_connections_is_hardly_tried_and_slows_nothing(server):
    with refused_port() as port:
        result = stream(f'http://127.0.0.1:{port}/down', server.url('/good'), server.url('/spare'), lines=lines(1000))
    assert result.code == 0
    settled = accounts(result.events)
    assert_all_delivered(settled, 1000, '/good')
    attempts = tries(settled, '/down')
    assert {(attempt['fate'], attempt['reason']) for attempt in attempts} == {('unreached', 'connect')}
    assert 5 <= len(attempts) <= 22 + 64 + PROBES  # those under way when the fifth failed
    assert not tries(settled, '/spare')
    assert result.seconds < 10


@pytest.mark.parametrize('step', ['status=500', 'status=429', 'status=408', 'reset=after', 'garbage=1'])
def test_five_misses_in_a_row_open_the_breaker(server, step):
    server.script('/bad', step)
    settled = accounts(stream('--in-order', server.url('/bad'), server.url('/good'), lines=lines(40)).events)
    assert_all_delivered(settled, 40, '/good')
    assert [paths_of(event) for event in settled.values()][:5] == [['/bad', '/good']] * 5
    assert len(tries(settled, '/bad')) <= 5 + 3  # probes, of which one comes after a second


@pytest.mark.parametrize('step', ['status=400', 'status=404', 'status=302'])
def test_other_rejections_do_not_open_it(server, step):
    server.script('/picky', step)
    settled = accounts(stream('--in-order', server.url('/picky'), server.url('/good'), lines=lines(40)).events)
    assert [paths_of(event) for event in settled.values()] == [['/picky', '/good']] * 40


def test_success_between_misses_keeps_it_closed(server):
    server.script('/a', *['status=500', 'status=500', 'status=500', 'status=500', 'status=200'] * 8)
    settled = accounts(stream('--in-order', server.url('/a'), server.url('/b'), lines=lines(40)).events)
    assert len(tries(settled, '/a')) == 40


def test_API_that_was_down_for_two_seconds_is_used_again(server):
    server.script('/a', 'status=503')
    with Fed('--format', 'json', '--rate', '50/s', server.url('/a'), server.url('/b')) as fed:
        began, winners = time.monotonic(), []
        while time.monotonic() - began < 2:
            fed.feed('x')
            winners.append(winner_of(fed.event('settled')))
        assert set(winners) == {'/b'}
        assert 5 <= server.count('/a') <= 5 + PROBES
        server.script('/a', 'status=200')
        while winners[-1] != '/a' and time.monotonic() - began < 30:
            fed.feed('x')
            winners.append(winner_of(fed.event('settled')))
        for _ in range(20):
            fed.feed('x')
            winners.append(winner_of(fed.event('settled')))
        fed.close()
        result = fed.finish()
    assert result.code == 0
    assert winners[-20:] == ['/a'] * 20
    assert_accounted(accounts(result.events), server)


@pytest.mark.parametrize('status', [503, 429])
def test_API_that_asks_for_time_is_left_alone_for_so_long(server, status):
    server.script('/a', f'status={status}&header=Retry-After:2', 'status=200')
    with Fed('--format', 'json', '--rate', '50/s', server.url('/a'), server.url('/b')) as fed:
        began, winner = time.monotonic(), None
        while winner != '/a' and time.monotonic() - began < 30:
            fed.feed('x')
            winner = winner_of(fed.event('settled'))
        fed.close()
        settled = accounts(fed.finish().events)
    first, second = [request.at for request in server.requests if request.path == '/a']
    assert 1.9 < second - first < 10
    assert [paths_of(settled[line]) for line in (1, 2)] == [['/a', '/b'], ['/b']]


# ---- All of them

def test_when_all_fail_every_message_tries_all_of_them(server):
    with refused_port() as port:
        result = stream(server.url('/a?status=500'), f'http://127.0.0.1:{port}/b', server.url('/c?status=404'),
                        lines=lines(200))
    assert result.code == 1
    settled = accounts(result.events)
    assert list(settled) == list(range(1, 201))
    for event in settled.values():
        assert sorted(paths_of(event)) == ['/a', '/b', '/c']
        assert event['not_tried'] == []
    assert_accounted(settled, server)


def test_when_all_are_down_none_is_left_out_although_all_breakers_are_open():
    with refused_port() as a, refused_port() as b:
        result = stream(f'http://127.0.0.1:{a}/a', f'http://127.0.0.1:{b}/b', lines=lines(300))
    assert result.code == 1
    assert {tuple(sorted(paths_of(event))) for event in accounts(result.events).values()} == {('/a', '/b')}


def busy(server, *b, settle, answer_wait):
    """A stream to /a, /b and /c in which the slot of /b, which does `b`, is held by a first message, which /c accepts;
    what becomes of a second one, which /a and /c reject."""
    server.script('/a', 'status=404')
    server.script('/b', *b)
    server.script('/c', 'status=200', 'status=404')
    with Fed('--format', 'json', '--workers', '3', '--no-breaker', '--hedge-delay', '0.2', '--settle', settle,
             '--answer-wait', answer_wait, *map(server.url, ['/a', '/b', '/c'])) as fed:
        fed.feed('holds the slot of b')
        fed.event('delivered')
        fed.feed('passes over it')
        fed.close()
        settled = accounts(fed.finish().events)
    assert paths_of(settled[1]) == ['/a', '/b', '/c']
    assert_accounted(settled, server)
    return settled[2]


def test_API_without_a_free_slot_is_passed_over_and_named_if_it_was_never_tried(server):
    second = busy(server, 'hang=request', settle='6s', answer_wait='0.5s')
    assert second['outcome'] == 'undelivered'
    assert paths_of(second) == ['/a', '/c']
    assert len(second['not_tried']) == 1
    assert 0.6 < second['t'] < 5.9


def test_API_that_was_passed_over_is_tried_when_a_slot_comes_free(server):
    second = busy(server, 'delay=0.5', 'status=200', settle='30s', answer_wait='30s')
    assert paths_of(second) == ['/a', '/c', '/b']
    assert winner_of(second) == '/b'


def test_first_API_is_not_passed_over_for_want_of_a_slot(server):
    """The stream waits for it: that is what keeps the order of the list."""
    server.script('/a', 'delay=1', 'status=200')
    with Fed('--format', 'json', '--workers', '2', '--no-breaker', '--hedge-delay', '0.2', server.url('/a'),
             server.url('/b')) as fed:
        fed.feed('holds the slot of a')
        fed.event('delivered')
        fed.feed('waits for it')
        fed.close()
        settled = accounts(fed.finish().events)
    assert [paths_of(event) for event in settled.values()] == [['/a', '/b'], ['/a']]


@pytest.mark.parametrize('arguments', [
    ['--fatal-status', '401'], ['--max-time', '1s', '--hedge-delay', '0.1']], ids=' '.join)
def test_APIs_that_were_not_tried_are_named(server, arguments):
    paths = ['/a?status=401&delay=0.05', '/b?status=401&delay=0.05', '/c?hang=request']
    event = accounts(stream('--settle', '0', *arguments, *map(server.url, paths), lines=['x']).events)[1]
    assert event['outcome'] == 'undelivered'
    assert len(paths_of(event)) + len(event['not_tried']) == 3
    assert len(event['not_tried']) == (2 if '401' in arguments else 0)


# ---- One message

def test_one_message_has_no_breaker(server):
    """Nor a share of anybody's workers: the list is what it says."""
    result = run_json('--hedge-delay', '0.1', '--settle', '0', '-d', 'x', server.url('/a?hang=request'),
                      server.url('/b'))
    assert paths_of(result.settled) == ['/a', '/b']
    assert json.loads(result.out.splitlines()[0])['pending'] == [1]


# ---- Answers that do not end

def test_API_that_accepts_and_never_ends_its_answers_does_not_hold_the_stream_up(server):
    """Each of its slots is held for the settle time; the others go elsewhere as soon as all of them are."""
    result = stream('--workers', '8', '--settle', '3s', server.url('/a?hang=headers'), server.url('/b'),
                    lines=lines(40))
    settled = accounts(result.events)
    assert_all_delivered(settled, 40)
    assert result.seconds < 20
    assert sum(winner_of(each) == '/b' for each in settled.values()) > 20


@pytest.mark.parametrize('arguments, answers_after', [
    (['--hedge-delay', '0.5s', '--answer-wait', '15s'], 1.2), (['--hedge-delay', 'none', '--answer-wait', '15s'], 0.1)],
    ids=['after the last hedge delay', 'without hedges'])
def test_win_by_header_is_told_on_time_although_nobody_looked(server, arguments, answers_after):
    result = run_json(*arguments, '--settle', '0', '-d', 'x', server.url(f'/?delay={answers_after}&hang=headers'))
    assert result.code == 0
    assert result.events[0]['event'] == 'delivered' and result.events[0]['t'] < 8
