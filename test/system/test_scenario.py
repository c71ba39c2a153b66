"""The scenario that the project grew from, and what an issue promised to show of it."""

from harness import Running, run_json

import json
import time

import pytest

from server import Server, refused_port


@pytest.fixture
def servers():
    with Server() as a, Server() as b, Server() as c:
        yield a, b, c


def seed_urls(servers):
    a, b, c = servers
    return a.url('/?delay=3'), b.url('/?delay=4'), c.url('/')


def test_third_api_wins_after_two_seconds_and_the_late_results_are_told(servers):
    result = run_json('-d', 'x', *seed_urls(servers))
    assert result.code == 0
    delivered, settled = result.delivered, result.settled
    assert delivered['attempt'] == 3
    assert 2.0 <= delivered['t'] < 20
    assert delivered['pending'] == [1, 2]
    assert settled['winner'] == 3
    assert settled['also_delivered'] == [1, 2]
    assert 5.0 <= settled['t'] < 50
    assert [server.count() for server in servers] == [1, 1, 1]


def test_fail_on_duplicate_exits_with_3_when_late_attempts_delivered_too(servers):
    assert run_json('--fail-on-duplicate', '-d', 'x', *seed_urls(servers)).code == 3


def test_delivered_line_is_on_the_pipe_at_the_moment_of_the_win(servers):
    with Running('--format', 'json', '-d', 'x', *seed_urls(servers)) as running:
        first = json.loads(running.line())
        at = time.monotonic() - running.began
        assert first['event'] == 'delivered'
        rest = running.finish()
        assert rest.seconds - at >= 2.5


def test_dead_first_api_costs_no_hedge_delay():
    with refused_port() as port, Server() as second:
        result = run_json('-d', 'x', f'http://127.0.0.1:{port}/', second.url('/'))
    assert result.code == 0
    assert result.settled['attempts'][1]['started'] < 0.5
    assert result.fates == [('unreached', 'connect'), ('delivered', 'ok')]


def test_first_api_that_answers_500_at_once_costs_no_hedge_delay(servers):
    a, b, _ = servers
    result = run_json('-d', 'x', a.url('/?status=500'), b.url('/'))
    assert result.settled['attempts'][1]['started'] < 0.5
    assert result.fates == [('rejected', 'status'), ('delivered', 'ok')]


def test_slow_first_api_wins_over_a_hung_second_which_is_unknown_after_the_settle_time(servers):
    a, b, _ = servers
    result = run_json('--settle', '1s', '-d', 'x', a.url('/?delay=1.5'), b.url('/?hang=request'))
    assert result.code == 0
    assert result.delivered['attempt'] == 1
    assert 1.5 <= result.delivered['t'] < 15
    assert result.settled['t'] >= 2.5
    assert result.fates == [('delivered', 'ok'), ('unknown', 'cancelled')]
    assert result.settled['unknown'] == [2]


def test_all_hanging_is_undelivered_after_the_answer_wait_and_exits_with_4(servers):
    result = run_json('--hedge-delay', '200ms', '--answer-wait', '500ms', '-d', 'x',
                      *(server.url('/?hang=request') for server in servers))
    assert result.code == 4
    assert result.settled['outcome'] == 'undelivered'
    assert result.settled['t'] >= 1.1
    assert result.fates == [('unknown', 'cancelled')] * 3


def test_all_refusing_exits_with_1_at_once():
    with refused_port() as one, refused_port() as two:
        result = run_json('-d', 'x', f'http://127.0.0.1:{one}/', f'http://127.0.0.1:{two}/')
    assert result.code == 1
    assert result.settled['t'] < 0.5
    assert result.fates == [('unreached', 'connect')] * 2
