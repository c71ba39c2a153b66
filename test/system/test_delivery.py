"""The delivery rule through the real program, where it shows beyond the unit tests and the simulation."""

import time
from urllib.parse import quote

import pytest

from harness import Running, run_json

from server import Server, refused_port


@pytest.fixture
def a():
    with Server() as server:
        yield server


@pytest.fixture
def b():
    with Server() as server:
        yield server


def nested(depth):
    return '[' * depth + ']' * depth


# ---- Win and settle


def test_settle_0_cancels_the_late_attempts_at_the_win(a, b):
    result = run_json('--hedge-delay', '0.2', '--settle', '0', '-d', 'x', a.url('/?hang=request'), b.url('/'))
    assert result.code == 0
    assert result.fates == [('unknown', 'cancelled'), ('delivered', 'ok')]
    assert result.settled['t'] - result.delivered['t'] < 0.5


def test_complete_header_stops_the_hedge_clock(a, b):
    result = run_json('--hedge-delay', '0.4', '--settle', '0', '-d', 'x', a.url('/?hang=body'), b.url('/'))
    assert result.delivered['attempt'] == 1
    assert 'response' not in result.delivered
    assert result.delivered['t'] >= 0.4
    assert result.fates == [('delivered', 'truncated')]
    assert b.connections == 0


def test_body_that_ends_in_time_comes_with_the_win(a):
    result = run_json('-d', 'x', a.url('/?drip=0.05&body=hello'))
    assert result.delivered['response'] == 'hello'
    assert result.settled['attempts'][0]['reason'] == 'ok'


def test_hedge_delay_none_waits_for_the_failure(a, b):
    result = run_json('--hedge-delay', 'none', '-d', 'x', a.url('/?delay=1.2&status=500'), b.url('/'))
    assert result.fates == [('rejected', 'status'), ('delivered', 'ok')]
    assert result.settled['attempts'][1]['started'] >= 1.2


def test_hedge_delay_none_bounds_a_silent_attempt_by_the_answer_wait(a, b):
    result = run_json('--hedge-delay', 'none', '--answer-wait', '0.5', '-d', 'x', a.url('/?hang=request'), b.url('/'))
    assert result.fates == [('unknown', 'timeout'), ('delivered', 'ok')]


def test_rejection_whose_body_stalls_passes_on_at_once(a, b):
    result = run_json('--hedge-delay', '3', '-d', 'x', a.url('/?status=500&hang=body&size=50'), b.url('/'))
    assert result.code == 0
    assert result.settled['attempts'][1]['started'] < 1
    assert result.fates == [('rejected', 'status'), ('delivered', 'ok')]


def test_rejection_whose_body_stalls_is_settled_after_a_second(a):
    result = run_json('--hedge-delay', '0.3', '-d', 'x', a.url('/?status=500&hang=body&size=50'))
    assert result.code == 1
    assert 1 <= result.settled['t'] < 10
    assert result.fates == [('rejected', 'status')]


# ---- What counts as success


def test_statuses_that_count_as_success_can_be_chosen(a):
    assert run_json('--success', '200-299,409', '-d', 'x', a.url('/?status=409')).code == 0
    assert run_json('--success', '409', '-d', 'x', a.url('/?status=200')).code == 1


@pytest.mark.parametrize('test, body, fate, reason', [
    ('/accepted=true', '{"accepted":true}', 'delivered', 'ok'),
    ('/accepted=true', '{"accepted":false}', 'rejected', 'json'),
    ('/status=ok', '{"status":"ok"}', 'delivered', 'ok'),
    ('/items/0/code=7', '{"items":[{"code":7}]}', 'delivered', 'ok'),
    ('/accepted=true', '{}', 'rejected', 'json'),
    ('/accepted=true', '\ufeff{"accepted":true}', 'delivered', 'ok'),
    ('/accepted=true', '\ufeff{"accepted":false}', 'rejected', 'json'),
    ('/accepted=true', '{"accepted":true,"trace":%s}' % nested(100), 'delivered', 'ok'),
    ('/accepted=true', '{"accepted":true,"trace":%s}' % nested(255), 'delivered', 'ok'),
    ('/n=0.1', '{"n":0.10}', 'delivered', 'ok'),
    ('/n=18446744073709551617', '{"n":18446744073709551616}', 'rejected', 'json'),
], ids=lambda value: value[:40])
def test_json_in_the_answer_decides(a, test, body, fate, reason):
    a.script('/', 'body=' + quote(body))
    assert run_json('--success', f'200-299,{test}', '-d', 'x', a.url('/')).fates == [(fate, reason)]


# An answer that cannot be read says neither that the message was accepted nor that it was not.
@pytest.mark.parametrize('body, words', [
    ('not json', 'the answer is not JSON'),
    ('', 'the answer is not JSON'),
    ('\ufeff', 'the answer is not JSON'),
    ('{"accepted":true', 'the answer is not JSON'),
    ('{"accepted":true,"trace":%s}' % nested(256), 'the answer is nested more than 256 deep'),
    ('{"accepted":true,"trace":%s}' % nested(300), 'the answer is nested more than 256 deep'),
    ('[' * 100000, 'the answer is nested more than 256 deep'),
], ids=lambda value: value[:40])
def test_answer_that_cannot_be_read_leaves_it_unknown_and_is_not_asked_for_again(a, body, words):
    a.script('/', 'body=' + quote(body))
    result = run_json('--success', '200-299,/accepted=true', '--retry', '1', '--retry-delay', '0.01', '-d', 'x',
                      a.url('/'))
    assert result.fates == [('unknown', 'json')]
    assert result.settled['attempts'][0]['error'] == words
    assert result.code == 4
    assert a.count('/') == 1


def test_next_is_asked_at_once_after_an_answer_that_cannot_be_read_and_it_may_be_a_duplicate(a, b):
    b.script('/', 'body=' + quote('{"accepted":true}'))
    result = run_json('--hedge-delay', '30s', '--success', '200-299,/accepted=true', '--fail-on-duplicate', '-d', 'x',
                      a.url('/?body=yes'), b.url('/'))
    assert result.fates == [('unknown', 'json'), ('delivered', 'ok')]
    assert result.settled['attempts'][1]['started'] < 30
    assert result.code == 3


def test_byte_order_mark_is_no_part_of_the_json_that_is_shown(a):
    a.script('/', 'body=' + quote('\ufeff{"n": 1}'), 'body=' + quote('\ufefftext'))
    assert run_json('-d', 'x', a.url('/')).settled['attempts'][0]['response'] == {'n': 1}
    assert run_json('-d', 'x', a.url('/')).settled['attempts'][0]['response'] == '\ufefftext'


def test_json_test_runs_the_hedge_clock_to_the_end_of_the_body(a, b):
    result = run_json('--hedge-delay', '0.3', '--settle', '0', '--success', '/ok=true', '-d', 'x',
                      a.url('/?hang=body'), b.url('/'))
    assert result.delivered['attempt'] == 2
    assert result.fates == [('unknown', 'truncated'), ('delivered', 'ok')]


def test_json_test_on_a_body_that_was_lost_is_unknown(a):
    result = run_json('--success', '/ok=true', '-d', 'x', a.url('/?body_cut=3'))
    assert result.fates == [('unknown', 'truncated')]
    assert result.code == 4


def test_fatal_status_ends_the_matter(a, b):
    result = run_json('--fatal-status', '401,403', '--retry', '3', '-d', 'x', a.url('/?status=403'), b.url('/'))
    assert result.code == 1
    assert result.fates == [('rejected', 'status')]
    assert b.connections == 0


# ---- Limits


def test_max_time_ends_a_delivery(a, b):
    result = run_json('--hedge-delay', '0.2', '-m', '0.6', '-d', 'x', a.url('/?hang=request'), b.url('/?hang=request'))
    assert result.code == 4
    assert result.settled['t'] >= 0.6
    assert result.fates == [('unknown', 'cancelled')] * 2


def test_max_time_leaves_late_attempts_alone_after_a_win(a, b):
    result = run_json('--hedge-delay', '0.2', '-m', '0.5', '-d', 'x', a.url('/?delay=1'), b.url('/'))
    assert result.fates == [('delivered', 'ok'), ('delivered', 'ok')]


# ---- Retry


def test_retry_goes_to_those_that_failed_transiently(a, b):
    a.script('/', 'status=503', 'status=200')
    result = run_json('--retry', '2', '--retry-delay', '0.1', '-d', 'x', a.url('/'), b.url('/?status=400'))
    assert result.code == 0
    assert [attempt['attempt'] for attempt in result.settled['attempts']] == [1, 2, 3]
    assert result.settled['winner'] == 3
    assert b.count() == 1
    keys = {request.header('Idempotency-Key') for request in a.requests + b.requests}
    assert keys == {result.settled['message']}


def test_retry_gives_up_after_its_rounds():
    with refused_port() as port:
        result = run_json('--retry', '2', '--retry-delay', '0.05', '-d', 'x', f'http://127.0.0.1:{port}/')
    assert result.code == 1
    assert result.fates == [('unreached', 'connect')] * 3


def test_retry_obeys_retry_after(a):
    a.script('/', 'status=503&header=Retry-After:1', 'status=200')
    result = run_json('--retry', '1', '--retry-delay', '0.05', '-d', 'x', a.url('/'))
    assert result.code == 0
    assert result.settled['attempts'][1]['started'] >= 1


@pytest.mark.parametrize('wait', ['99999999999', '9' * 19, '9' * 20, '9' * 400, ' \t' + '9' * 30 + ' '])
def test_retry_after_of_years_is_not_taken_for_none(a, wait):
    a.script('/', f'status=503&header=Retry-After:{quote(wait)}', 'status=200')
    result = run_json('--retry', '1', '--retry-delay', '0.05', '-m', '2', '-d', 'x', a.url('/'))
    assert result.code == 1
    assert a.count() == 1


def test_retry_is_not_made_after_unknown_without_a_key(a):
    result = run_json('--no-idempotency-key', '--retry', '2', '--retry-delay', '0.05', '-d', 'x', a.url('/?close=after'))
    assert result.code == 4
    assert a.count() == 1


def test_retry_is_made_after_unknown_with_a_key(a):
    a.script('/', 'close=after', 'status=200')
    result = run_json('--retry', '1', '--retry-delay', '0.05', '-d', 'x', a.url('/'))
    assert result.fates == [('unknown', 'reset'), ('delivered', 'ok')]
    assert result.settled['unknown'] == [1]
    assert a.count() == 2


def test_retry_delay_counts_toward_max_time(a):
    result = run_json('--retry', '5', '--retry-delay', '10', '-m', '1', '-d', 'x', a.url('/?status=503'))
    assert result.code == 1
    assert result.seconds < 10
    assert a.count() == 1


# ---- Events


def test_start_and_finish_are_told_when_asked_for(a, b):
    result = run_json('--events', 'start,finish,delivered,settled', '-d', 'x', a.url('/?status=500'), b.url('/'))
    told = [(event['event'], event.get('attempt')) for event in result.events]
    assert told[0] == ('start', 1)
    assert told[-1] == ('settled', None)
    # A rejection passes on with its header: it may finish after the next has started.
    assert sorted(told[1:-1]) == [('delivered', 2), ('finish', 1), ('finish', 2), ('start', 2)]
    assert told.index(('start', 2)) < told.index(('finish', 2)) < told.index(('delivered', 2))


def test_start_is_told_while_the_attempt_runs(a):
    with Running('--format', 'json', '--events', 'start', '-d', 'x', a.url('/?delay=60')) as running:
        assert '"event":"start"' in running.line()
        assert time.monotonic() - running.began < 50


def test_endpoints_on_one_host_are_told_apart(a, b):
    result = run_json('-d', 'x', a.url('/1?status=500'), a.url('/2?status=500'), b.url('/'))
    names = [attempt['endpoint'] for attempt in result.settled['attempts']]
    assert names == [f'127.0.0.1:{a.port}', f'127.0.0.1:{a.port}-2', f'127.0.0.1:{b.port}']


@pytest.mark.parametrize('body, shown, encoding', [
    ('{"a": [1, 2.50, "\\u00e9"]}', {'a': [1, 2.5, 'é']}, None),
    ('plain text', 'plain text', None),
    ('', '', None),
    ("{'a': 1}", "{'a': 1}", None),
    ('[NaN]', '[NaN]', None),
])
def test_response_is_embedded_as_what_it_is(a, body, shown, encoding):
    from urllib.parse import quote
    a.script('/', 'body=' + quote(body))
    delivered = run_json('-d', 'x', a.url('/')).delivered
    assert delivered['response'] == shown
    assert delivered.get('response_encoding') == encoding


def test_response_past_the_limit_is_cut_and_marked(a):
    result = run_json('--max-response', '10', '-d', 'x', a.url('/?size=1000'))
    assert result.delivered['response'] == 'x' * 10
    assert result.delivered['response_truncated'] is True
    assert result.fates == [('delivered', 'ok')]
