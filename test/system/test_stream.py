"""poolsend stream: what becomes of lines, in which order, and how many at once.

Runs are checked for the promise: one settled event for each line that was taken up, the win told before it, and in the
accounts the very requests that the server saw.
"""

import base64
import json
import random
import re
import resource
import signal
import time

import pytest

from harness import Fed, accounts, assert_accounted, most_at_once, paths_of, refusals, run, stream

from server import Server


@pytest.fixture
def server():
    with Server() as server:
        yield server


def bodies(server, path=None):
    return [request.body for request in server.requests if path in (None, request.path)]


def sent_lines(server, *arguments, lines, code=0):
    """Streams to the server's root; the settled events by line."""
    result = stream(*arguments, server.url('/'), lines=lines)
    assert result.code == code, result
    return accounts(result.events)


# ---- Lines

LINES = [b'plain', b'{"json": [1, 2.50]}', b'ends with CR\r', b'\r', b' \t ', b'"quoted"', b'a\0b',
         bytes(range(11, 256)), 'ünï – 🙂'.encode(), b'x' * 200_000, b'@file', b'a&b=c%20', b'the last one has no end']


def test_lines_are_bodies_byte_for_byte(server):
    settled = sent_lines(server, lines=LINES)
    assert sorted(bodies(server)) == sorted(LINES)
    assert list(settled) == list(range(1, len(LINES) + 1))
    by_id = {request.header('Idempotency-Key'): request.body for request in server.requests}
    assert [by_id[event['message']] for event in settled.values()] == LINES


def test_line_is_posted_without_a_content_type(server):
    sent_lines(server, lines=['{"a": 1}'])
    request, = server.requests
    assert request.method == 'POST'
    assert request.header('Content-Type') is None


def test_line_has_the_content_type_of_a_header_that_is_given(server):
    sent_lines(server, '-H', 'Content-Type: text/csv', '-X', 'PUT', lines=['1,2'])
    request, = server.requests
    assert (request.method, request.header('Content-Type'), request.body) == ('PUT', 'text/csv', b'1,2')


@pytest.mark.parametrize('lines, count', [([], 0), ([b'a', b''], 1), ([b'a', b'b'], 2)],
                         ids=['no input', 'a line break at the end', 'none at the end'])
def test_only_what_stands_on_lines_is_sent(server, lines, count):
    result = stream(server.url('/'), lines=lines)
    assert result.code == 0
    assert len(accounts(result.events)) == server.count() == count
    assert f'{count} message{"" if count == 1 else "s"}: {count} delivered, 0 undelivered' in result.err


def test_ids_are_random_and_never_the_same(server):
    first = sent_lines(server, lines=['same'] * 50)
    second = sent_lines(server, lines=['same'] * 50)
    ids = [event['message'] for event in [*first.values(), *second.values()]]
    assert len(set(ids)) == 100
    assert all(re.fullmatch('[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}', each) for each in ids)


def test_every_attempt_of_a_message_has_its_id_as_Idempotency_Key(server):
    server.script('/a', 'status=500')
    server.script('/b', 'hang=request')
    result = stream('--no-breaker', '--hedge-delay', '0.1', '--settle', '0', *map(server.url, ['/a', '/b', '/c']),
                    lines=[f'body {n}' for n in range(20)])
    settled = accounts(result.events)
    assert [paths_of(event) for event in settled.values()] == [['/a', '/b', '/c']] * 20
    assert_accounted(settled, server)
    assert {(request.header('Idempotency-Key'), request.body) for request in server.requests} == {
        (event['message'], f'body {line - 1}'.encode()) for line, event in settled.items()}


def test_no_idempotency_key_is_sent_if_none_is_wanted(server):
    sent_lines(server, '--no-idempotency-key', lines=['a'])
    assert server.requests[0].header('Idempotency-Key') is None


# ---- Envelopes

def envelope(server, value, *arguments):
    """Sends one envelope to the root; its request."""
    result = stream('--input-format', 'envelopes', *arguments, server.url('/'), lines=[json.dumps(value)])
    assert result.code == 0, result
    request, = server.requests
    return request


@pytest.mark.parametrize('value, body, content_type', [
    ({'body': 'as it stands\n\r\t"ü'}, 'as it stands\n\r\t"ü'.encode(), None),
    ({'body': ''}, b'', None),
    ({'body': 'a\0b'}, b'a\0b', None),
    ({'body': {'a': [1, None]}}, b'{"a":[1,null]}', 'application/json'),
    ({'body': 12345678901234567890123}, b'12345678901234567890123', 'application/json'),
    ({'body': None}, b'null', 'application/json'),
    ({'body': False}, b'false', 'application/json'),
    ({'body_base64': base64.b64encode(bytes(range(256))).decode()}, bytes(range(256)), None),
    ({'body': {}, 'headers': {'content-type': 'application/vnd.a+json'}}, b'{}', 'application/vnd.a+json'),
], ids=lambda value: json.dumps(value)[:40] if isinstance(value, dict) else '')
def test_envelope_has_a_body(server, value, body, content_type):
    request = envelope(server, value)
    assert (request.body, request.header('Content-Type')) == (body, content_type)


def test_envelope_has_the_id(server):
    assert envelope(server, {'id': 'Order:1_2.3-x', 'body': ''}).header('Idempotency-Key') == 'Order:1_2.3-x'


def test_envelope_without_an_id_gets_a_random_one(server):
    assert len(envelope(server, {'body': ''}).header('Idempotency-Key')) == 36


def test_envelope_headers_override_those_of_the_command(server):
    request = envelope(server, {'body': {}, 'headers': {'x-a': 'mine', 'X-B': '', 'Content-Type': 'text/plain'}},
                       '-H', 'X-A: theirs', '-H', 'X-C: theirs', '-H', 'Content-Type: text/html')
    values = [(name.lower(), value) for name, value in request.headers]
    for pair in [('x-a', 'mine'), ('x-b', ''), ('x-c', 'theirs'), ('content-type', 'text/plain')]:
        assert [each for each in values if each[0] == pair[0]] == [pair]


def test_envelope_has_a_body_for_each_endpoint_by_its_name(tmp_path):
    config = tmp_path / 'config.json'
    with Server() as server:
        config.write_text(json.dumps({'endpoints': [
            {'name': name, 'url': server.url(f'/{name}?status=400')} for name in ('eu', 'us', 'asia')]}))
        result = stream('--input-format', 'envelopes', '--config', config, lines=[
            json.dumps({'body': 'for all others', 'bodies': {'us': {'number': 1}, 'asia': 'text'}})])
        assert result.code == 1
        assert [(request.path, request.body, request.header('Content-Type')) for request in server.requests] == [
            ('/eu', b'for all others', None), ('/us', b'{"number":1}', 'application/json'), ('/asia', b'text', None)]


# ---- Refused lines

@pytest.mark.parametrize('line, words', [
    ('{', ['JSON']),
    ('plain', ['JSON']),
    ('', ['empty']),
    ('[]', ['object']),
    ('{"body": "a"} x', ['JSON']),
    ('{"body": "a", "body": "b"}', ['body', 'twice']),
    ("{'body': 'a'}", ['JSON']),
    ('{"body": NaN}', ['JSON']),
    ('{}', ['body']),
    ('{"bdy": "a"}', ['bdy', "did you mean 'body'"]),
    ('{"body": "a", "priority": 1}', ['priority']),
    ('{"body": "a", "body_base64": "YQ=="}', ['body_base64', 'one of them']),
    ('{"body_base64": "YQ"}', ['base64']),
    ('{"body_base64": 1}', ['body_base64', 'string']),
    ('{"body": "a", "id": ""}', ['id']),
    ('{"body": "a", "id": "a b"}', ['id']),
    ('{"body": "a", "id": 5}', ['id', 'string']),
    ('{"body": "a", "id": "%s"}' % ('x' * 256), ['id', '255']),
    ('{"body": "a", "bodies": {"nobody": ""}}', ['nobody']),
    ('{"body": "a", "bodies": []}', ['bodies', 'object']),
    ('{"body": "a", "headers": {"A": 5}}', ['headers', 'string']),
    (r'{"body": "a", "headers": {"A": "b\r\nX-Injected: 1"}}', ['header', 'A']),
    (r'{"body": "a", "headers": {"A": "b\u0000c"}}', ['header']),
    (r'{"body": "a", "headers": {"A\r\nX-Injected": "1"}}', ['header']),
    ('{"body": "a", "headers": {"A:": "1"}}', ['header']),
    ('{"body": "a", "headers": {"A b": "1"}}', ['header']),
    ('{"body": "a", "headers": {"": "1"}}', ['header']),
    ('{"body": "a", "headers": {"Host": "elsewhere"}}', ['Host']),
    ('{"body": "a", "headers": {"content-length": "1"}}', ['content-length']),
    ('{"body": "a", "headers": {"Transfer-Encoding": "chunked"}}', ['Transfer-Encoding']),
    ('{"body": "a", "headers": {"A": "1", "a": "2"}}', ['a', 'twice']),
    ('{"body": "%s"}' % ('x' * 5000), ['4096', '--max-body']),
    ('{"body": "%s"}' % ('x' * 500_000), ['--max-body']),
    ('\ufeff{"body": "a"}', ['JSON', 'a byte order mark']),
    ('{"body": "\xff"}'.encode('latin-1'), ['UTF-8']),
], ids=lambda value: value[:50].decode('latin-1') if isinstance(value, bytes) else value[:50])
def test_envelope_is_refused_and_the_stream_goes_on(server, line, words):
    result = stream('--input-format', 'envelopes', '--max-body', '4K', server.url('/'),
                    lines=['{"body":"before"}', line, '{"body":"after"}'])
    assert result.code == 1, result
    assert sorted(accounts(result.events)) == [1, 3]
    assert sorted(bodies(server)) == [b'after', b'before']
    refused, = refusals(result.events).items()
    assert refused[0] == 2
    assert all(word in refused[1] for word in words), refused
    assert '2 messages: 2 delivered, 0 undelivered; 1 line refused' in result.err


def nested(depth):
    return '{"id":"deep","body":%s}' % ('[' * (depth - 1) + ']' * (depth - 1))


def test_envelope_may_be_nested_256_deep_and_one_that_is_deeper_is_not_told_to_be_no_json(server):
    result = stream('--input-format', 'envelopes', server.url('/'), lines=[nested(40), nested(256), nested(257)])
    assert sorted(accounts(result.events)) == [1, 2]
    assert sorted(bodies(server), key=len) == [b'[' * n + b']' * n for n in (39, 255)]
    assert refusals(result.events) == {3: 'it is nested more than 256 deep (at byte 276)'}


def test_refused_event_has_the_id_if_it_can_be_read(server):
    result = stream('--input-format', 'envelopes', server.url('/'),
                    lines=['{"id": "known", "body": 1, "x": 1}', '{"id": "known-too", "bodies": {"no": 1}}', '{"id":'])
    assert [event.get('message') for event in result.events] == ['known', 'known-too', None]
    assert server.connections == 0


def test_line_of_the_longest_length_goes_and_a_longer_one_is_refused(server):
    lines = [b'a' * 1000, b'b' * 1001, b'c' * 300_000, b'd', b'', b'e' * 70_000, b'f' * 1000, b'g' * 1001]
    result = stream('--max-body', '1000', server.url('/'), lines=lines)
    assert result.code == 1
    assert sorted(accounts(result.events)) == [1, 4, 7]
    assert sorted(bodies(server)) == [lines[0], lines[3], lines[6]]
    reasons = refusals(result.events)
    assert sorted(reasons) == [2, 3, 5, 6, 8]
    assert all('1000' in reason or line == 5 for line, reason in reasons.items())
    assert '3 messages: 3 delivered, 0 undelivered; 5 lines refused' in result.err


# ---- The input

def test_messages_come_from_a_file(server, tmp_path):
    path = tmp_path / 'messages'
    path.write_bytes(b'one\ntwo')
    result = run('stream', '--format', 'json', '--input', path, server.url('/'), stdin='three\n')
    assert result.code == 0
    assert len(accounts(result.events)) == 2
    assert sorted(bodies(server)) == [b'one', b'two']


@pytest.mark.parametrize('name, words', [('missing', 'No such file'), ('.', 'directory')], ids=['missing', 'directory'])
def test_input_that_cannot_be_read_is_refused_before_anything_is_sent(server, tmp_path, name, words):
    result = stream('--input', tmp_path / name, server.url('/'), lines=['a'])
    assert (result.code, result.out) == (2, ''), result
    assert str(tmp_path) in result.err and words in result.err
    assert server.connections == 0


def test_results_come_while_the_producer_pauses(server):
    with Fed('--format', 'json', server.url('/')) as fed:
        for n in range(1, 6):
            fed.feed(f'line {n}')
            assert fed.event('delivered')['line'] == n
            assert fed.event('settled')['line'] == n
        assert fed.process.poll() is None
        fed.close()
        assert fed.finish().code == 0


def test_half_a_line_is_no_message_until_it_ends(server):
    with Fed('--format', 'json', server.url('/')) as fed:
        fed.process.stdin.write('first\nsecond be')
        fed.process.stdin.flush()
        assert fed.event('settled')['line'] == 1
        fed.feed('gins')
        assert fed.event('settled')['line'] == 2
        fed.close()
        assert fed.finish().code == 0
    assert bodies(server) == [b'first', b'second begins']


# ---- Accounts

STEPS = ['status=200', 'status=500', 'status=404', 'close=after', 'reset=after', 'keepalive=lie', 'delay=0.15',
         'delay=0.3', 'status=502', 'headers=cut', 'garbage=1', 'body_cut=3', 'keepalive=0', 'close=before']


@pytest.mark.parametrize('arguments', [
    [], ['--no-breaker'], ['--workers', '5'], ['--retry', '1', '--retry-delay', '0.1']], ids=' '.join)
def test_accounts_are_the_requests_that_the_server_saw(server, arguments):
    chance = random.Random(7)
    for path in ('/a', '/b', '/c'):
        server.script(path, *chance.choices(STEPS, k=200))
    result = stream('--events', 'start,finish,delivered,settled', '--hedge-delay', '0.1', *arguments,
                    *map(server.url, ['/a', '/b', '/c']), lines=[f'message {n}' for n in range(120)])
    settled = accounts(result.events)
    assert list(settled) == list(range(1, 121))
    assert_accounted(settled, server)
    for kind in ('start', 'finish'):
        told = [(event['line'], event['attempt']) for event in result.events if event['event'] == kind]
        assert sorted(told) == [(line, attempt['attempt']) for line, event in settled.items()
                                for attempt in event['attempts']]


@pytest.mark.parametrize('events, kinds', [
    ('settled', {'settled'}), ('start,delivered', {'start', 'delivered'}), ('finish', {'finish'})])
def test_only_the_events_that_are_wanted_are_told_and_refusals_besides(server, events, kinds):
    result = stream('--events', events, server.url('/'), lines=['a', '', 'b'])
    assert {event['event'] for event in result.events} == kinds | {'refused'}
    assert {event['line'] for event in result.events} == {1, 2, 3}


# ---- How many at once

def test_no_more_than_max_pending_are_taken_up(server):
    with Fed('--format', 'json', '--max-pending', '5', '--hedge-delay', 'none', '--settle', '0',
             server.url('/?hang=request')) as fed:
        fed.feed(*range(100))
        server.wait_for(5)
        time.sleep(0.5)
        fed.interrupt(signal.SIGTERM)
        result = fed.finish()
    assert result.code == 143
    assert list(accounts(result.events)) == [1, 2, 3, 4, 5]
    assert server.count() == 5


def test_in_order_a_message_is_taken_up_when_the_one_before_has_settled(server):
    chance = random.Random(3)
    for path in ('/a', '/b', '/c'):
        server.script(path, *chance.choices(['status=200', 'status=500', 'delay=0.1', 'status=404'], k=40))
    result = stream('--in-order', '--hedge-delay', '0.05', *map(server.url, ['/a', '/b', '/c']),
                    lines=[f'{n}' for n in range(40)])
    settled = accounts(result.events)
    assert len(settled) == 40
    assert_accounted(settled, server)
    seen = [int(body) for body in bodies(server)]
    assert seen == sorted(seen)
    assert [event['line'] for event in result.events if event['event'] == 'settled'] == list(range(1, 41))


def test_rate_bounds_new_messages(server):
    result = stream('--rate', '40/s', server.url('/'), lines=['x'] * 61)
    assert result.code == 0
    times = [request.at for request in server.requests]
    assert times[-1] - times[0] > 1.4  # 60 spans of 25 ms, but for what their timers and the machine add or take
    assert result.seconds < 15


def test_rate_may_be_slow(server):
    with Fed('--format', 'json', '--rate', '30/m', server.url('/')) as fed:
        fed.feed('1', '2')
        fed.close()
        assert fed.finish().code == 0
    first, second = server.requests
    assert second.at - first.at > 1.8


def test_workers_are_shared_out_and_never_exceeded(server):
    """Without a breaker, whose probes come on top."""
    result = stream('--workers', '7', '--no-breaker', '--hedge-delay', '0.05',
                    *[server.url(f'/{name}?delay=0.12') for name in 'abc'], lines=['x'] * 40)
    settled = accounts(result.events)
    assert_accounted(settled, server)
    for name, slots in [('a', 3), ('b', 2), ('c', 2)]:
        assert 1 < most_at_once([each for each in server.requests if each.path == f'/{name}'], 0.12) <= slots
    assert most_at_once(server.requests, 0.12) <= 7


def test_max_in_flight_is_never_exceeded(server, tmp_path):
    config = tmp_path / 'config.json'
    config.write_text(json.dumps({'workers': 20, 'breaker': False, 'hedge_delay': '50ms', 'endpoints': [
        {'url': server.url('/a?delay=0.1'), 'max_in_flight': 3},
        {'url': server.url('/b?delay=0.1'), 'max_in_flight': 1},
        {'url': server.url('/c?delay=0.1')}]}))
    settled = accounts(stream('--config', config, lines=['x'] * 60).events)
    assert len(settled) == 60
    for path, slots in [('/a', 3), ('/b', 1), ('/c', 16)]:
        assert 1 <= most_at_once([each for each in server.requests if each.path == path], 0.1) <= slots
    assert most_at_once([each for each in server.requests if each.path == '/a'], 0.1) > 1


def test_workers_fewer_than_endpoints_are_refused(server):
    result = stream('--workers', '2', *[server.url(f'/{n}') for n in range(3)], lines=['a'])
    assert result.code == 2
    assert 'workers' in result.err and '3 endpoints' in result.err
    assert server.connections == 0


def limit_descriptors():
    resource.setrlimit(resource.RLIMIT_NOFILE, (300, 300))


def test_workers_beyond_the_limit_of_descriptors_are_refused_and_it_is_said_how_many_would_do(server):
    with Fed('--workers', '10000', server.url('/'), preexec_fn=limit_descriptors) as fed:
        result = fed.finish()
    assert result.code == 2
    assert '300' in result.err
    would_do = re.search(r'enough for (\d+)', result.err)[1]
    assert 50 <= int(would_do) <= 100
    with Fed('--workers', would_do, server.url('/?delay=0.1'), preexec_fn=limit_descriptors) as fed:
        fed.feed(*range(200))
        fed.close()
        result = fed.finish()
    assert result.code == 0, result
    assert '200 delivered' in result.err


# ---- Options

@pytest.mark.parametrize('arguments, words', [
    (['-d', 'x'], '--data'), (['--json', '{}'], '--json'), (['--id', 'x'], '--id'), (['-o', 'f'], '--output'),
    (['--dry-run'], '--dry-run'), (['--rate', '0/s'], '--rate'), (['--rate', 'fast'], '--rate'),
    (['--max-pending', '0'], '--max-pending'), (['--input-format', 'csv'], '--input-format'),
    (['--workers', '0'], '--workers'), (['--events', 'accepted'], '--events'),
    (['--hedge-budget', '10'], '--hedge-budget'), (['--hedge-delay', 'p20'], '--hedge-delay')], ids=str)
def test_option_that_makes_no_sense_for_a_stream_is_refused(server, arguments, words):
    result = run('stream', *arguments, server.url('/'), stdin='a\n')
    assert result.code == 2
    assert words in result.err
    assert server.connections == 0
