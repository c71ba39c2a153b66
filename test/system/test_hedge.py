"""When the next API is started: after the hedge delay, which may follow a percentile of recent answers, within the hedge
budget, and at once after a failure."""

import json

import pytest

from harness import accounts, paths_of, stream, winner_of

from server import Server


@pytest.fixture
def server():
    with Server() as server:
        yield server


def lines(count):
    return [f'message {n}' for n in range(count)]


def second_start(settled):
    """How long after the first attempt the second started."""
    first, second = settled['attempts'][:2]
    return second['started'] - first['started']


def test_percentile_hedges_soon_after_what_is_usual(server):
    server.script('/a', *['delay=0.02'] * 120, 'hang=request')
    result = stream('--in-order', '--hedge-delay', 'p95', '--settle', '0', '--no-breaker', server.url('/a'),
                    server.url('/b'), lines=lines(122))
    settled = accounts(result.events)
    assert len(settled) == 122
    hung = [event for event in settled.values() if winner_of(event) == '/b' and event['line'] > 120]
    assert [event['line'] for event in hung] == [121, 122]
    usual = max(event['attempts'][0]['finished'] - event['attempts'][0]['started']
                for event in settled.values() if event['line'] <= 120)
    for event in hung:
        assert 0.02 < second_start(event) < max(0.9, 2 * usual)


def stream_one_by_one(server, tmp_path, last, *arguments, paths):
    """125 messages through one slot, for which 32 may wait: the last was taken up before 100 answers had come, when the
    hedge delay was a second, and started after that. The first path does `last` to it. Its account, and how long the
    others took at most."""
    server.script('/a', *['status=200'] * 124, last)
    config = tmp_path / 'config.json'
    config.write_text(json.dumps({'workers': 32, 'hedge_delay': 'p95', 'breaker': False, 'endpoints': [
        {'url': server.url(path), 'max_in_flight': 1} for path in paths]}))
    result = stream('--config', config, '--max-pending', '200', '--events', 'delivered,settled', *arguments,
                    lines=lines(125))
    settled = accounts(result.events)
    usual = max(event['attempts'][0]['finished'] - event['attempts'][0]['started']
                for line, event in settled.items() if line < 125)
    return result, settled[125], usual


def test_percentile_that_shrinks_counts_for_what_waited_meanwhile(server, tmp_path):
    _, settled, usual = stream_one_by_one(server, tmp_path, 'hang=request', '--settle', '0', paths=['/a', '/b'])
    assert winner_of(settled) == '/b'
    assert second_start(settled) < max(0.7, 4 * usual)


def test_win_of_what_waited_meanwhile_is_told_the_shorter_delay_after_its_header(server, tmp_path):
    """Its body does not end before its time is up."""
    result, settled, usual = stream_one_by_one(server, tmp_path, 'hang=body', '--attempt-timeout', '3', paths=['/a'])
    [won] = [event for event in result.events if event['event'] == 'delivered' and event['line'] == 125]
    assert settled['attempts'][0]['reason'] == 'truncated'
    assert won['t'] - settled['attempts'][0]['started'] < max(0.7, 4 * usual)


def test_percentile_is_a_second_until_there_are_a_hundred_answers(server):
    server.script('/a', *['status=200'] * 50, 'hang=request')
    settled = accounts(stream('--in-order', '--hedge-delay', 'p95', '--settle', '0', server.url('/a'), server.url('/b'),
                              lines=lines(51)).events)
    assert 0.9 < second_start(settled[51]) < 5


def test_hedge_beyond_the_budget_waits_for_ten_hedge_delays(server):
    settled = accounts(stream('--hedge-budget', '0%', '--hedge-delay', '100ms', '--settle', '0',
                              server.url('/a?hang=request'), server.url('/b'), lines=['x']).events)
    assert paths_of(settled[1]) == ['/a', '/b']
    assert 0.95 < second_start(settled[1]) < 5


def test_budget_holds_up_nobody_after_a_failure(server):
    settled = accounts(stream('--hedge-budget', '0%', '--hedge-delay', '10s', server.url('/a?status=500'),
                              server.url('/b'), lines=['x']).events)
    assert paths_of(settled[1]) == ['/a', '/b']
    assert second_start(settled[1]) < 9


def test_budget_is_a_share_of_the_messages(server):
    """Of 100 slow ones, 10 % may be hedged on time, and what was saved up before: 10 more. On a machine that is busy
    some of these are not started before the answer comes."""
    result = stream('--hedge-budget', '10%', '--no-breaker', '--hedge-delay', '0.5', '--workers', '400',
                    server.url('/a?delay=1'), server.url('/b'), lines=lines(100))
    settled = accounts(result.events)
    hedges = [event for event in settled.values() if '/b' in paths_of(event)]
    assert len(settled) == 100
    assert 1 <= len(hedges) <= 21


def test_without_a_hedge_delay_only_a_failure_starts_the_next(server):
    settled = accounts(stream('--hedge-delay', 'none', server.url('/a?delay=1.5'), server.url('/b'),
                              lines=['x']).events)
    assert paths_of(settled[1]) == ['/a']
    settled = accounts(stream('--hedge-delay', 'none', server.url('/a?delay=0.3&status=500'), server.url('/b'),
                              lines=['x']).events)
    assert paths_of(settled[1]) == ['/a', '/b']
    assert 0.3 < second_start(settled[1]) < 5
