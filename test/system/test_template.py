"""Templates: one message, and for each API the payload that it wants. What a message holds stays a value, whatever it
is, and an API for which it has not what is needed is left out at once."""

import json
from urllib.parse import unquote

import pytest

from harness import accounts, assert_accounted, paths_of, run, run_json, stream, winner_of

from server import Server


@pytest.fixture
def server(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with Server() as server:
        yield server


def config(tmp_path, *endpoints, **top):
    path = tmp_path / 'config.json'
    path.write_text(json.dumps({**top, 'endpoints': list(endpoints)}))
    return path


def send(tmp_path, message, *endpoints, **top):
    text = message if isinstance(message, str) else json.dumps(message)
    return run_json('--config', config(tmp_path, *endpoints, **top), '--data-raw', text)


def rendered(server, tmp_path, template, message):
    """The body that becomes of it, as it was sent."""
    result = send(tmp_path, message, {'url': server.url('/'), 'body': template})
    assert result.code == 0, result
    return server.requests[-1].body.decode()


# ---- Payloads

def test_each_API_gets_its_own_payload_of_one_message(server, tmp_path):
    template = tmp_path / 'template.json'
    template.write_text('{"order": "{{/order}}",\n "all": "{{}}"}')
    result = send(
        tmp_path, {'order': 7, 'to': {'phone': '+49 1'}, 'list': [1, 'x']},
        {'url': server.url('/sms/{{/order}}?to={{/to/phone}}&status=400'),
         'headers': {'X-Order': 'no. {{/order}}'}, 'body': {'to': '{{/to/phone}}', 'text': 'Order {{/order}} is late'}},
        {'url': server.url('/pager?status=400'), 'body': {'file': 'template.json'}},
        {'url': server.url('/log'), 'method': 'PUT'})
    assert result.code == 0, result
    sms, pager, log = server.requests
    assert (sms.target, sms.header('X-Order')) == ('/sms/7?to=%2B49%201&status=400', 'no. 7')
    assert json.loads(sms.body) == {'to': '+49 1', 'text': 'Order 7 is late'}
    assert json.loads(pager.body) == {'order': 7, 'all': {'order': 7, 'to': {'phone': '+49 1'}, 'list': [1, 'x']}}
    assert json.loads(log.body) == {'order': 7, 'to': {'phone': '+49 1'}, 'list': [1, 'x']}
    assert sms.header('Content-Type') == pager.header('Content-Type') == 'application/json'


@pytest.mark.parametrize('value', [
    '12345678901234567890.1230', '1e400', '-0', '-0.0', '1E5', 'true', 'false', 'null', '"text"', '""',
    '[1,2,{"a":null}]', '{"a":{"b":[]}}', r'"\u0000\ud83d\ude42\\\""'])
def test_placeholder_alone_takes_the_value_with_its_type_and_all_its_digits(server, tmp_path, value):
    assert rendered(server, tmp_path, {'v': '{{/n}}'}, '{"n":%s}' % value) == '{"v": %s}' % value


@pytest.mark.parametrize('value, text', [
    ('12345678901234567890', '12345678901234567890'), ('1.50', '1.50'), ('true', 'true'), ('null', 'null'),
    ('"a"', 'a')])
def test_placeholder_within_a_string_stays_text(server, tmp_path, value, text):
    assert json.loads(rendered(server, tmp_path, {'v': '<{{/n}}>'}, '{"n":%s}' % value)) == {'v': f'<{text}>'}


def test_pointers_reach_odd_names_and_items(server, tmp_path):
    message = {'a/b': 1, 'm~n': 2, '': 3, 'ü': {'0': 4}, 'list': [[5]]}
    template = ['{{/a~1b}}', '{{/m~0n}}', '{{/}}', '{{/ü/0}}', '{{/list/0/0}}']
    assert json.loads(rendered(server, tmp_path, template, message)) == [1, 2, 3, 4, 5]


def test_content_type_of_the_file_stays(server, tmp_path):
    send(tmp_path, {}, {'url': server.url('/'), 'body': {}, 'headers': {'Content-Type': 'application/vnd.x+json'}})
    assert server.requests[0].header('Content-Type') == 'application/vnd.x+json'


# ---- Hostile values

HOSTILE = ['"', '\\', '\\"', '","admin":true,"x":"', 'a\r\nX-Injected: 1', '\x00', '\x1f', '../..', '..', '%2e%2e',
           '/', '?a=b', '&a=b', '#', '{{/secret}}', '{{', '}}', 'ünï🙂', '\u2028', '%00', '%0d%0a', '\x7f', ' ',
           '\t', ';', '<!--', "'", '\\u0022', 'a' * 5000]


@pytest.mark.parametrize('value', HOSTILE, ids=ascii)
def test_body_keeps_its_structure_whatever_the_value(server, tmp_path, value):
    template = {'alone': '{{/v}}', 'within': '<{{/v}}>', 'nested': ['{{}}'], 'fixed': 1}
    body = json.loads(rendered(server, tmp_path, template, {'v': value, 'secret': 's'}))
    assert body == {'alone': value, 'within': f'<{value}>', 'nested': [{'v': value, 'secret': 's'}], 'fixed': 1}


@pytest.mark.parametrize('value', HOSTILE, ids=ascii)
def test_header_holds_the_value_or_the_API_is_left_out(server, tmp_path, value):
    send(tmp_path, {'v': value, 'secret': 's'}, {'url': server.url('/a'), 'headers': {'X-V': '<{{/v}}>'}},
         {'url': server.url('/b')})
    request = server.requests[0]
    if any(ord(character) < 32 or ord(character) == 127 for character in value):
        assert request.path == '/b'
    else:
        assert request.path == '/a'
        assert request.header('X-V').encode('latin-1').decode() == f'<{value}>'
    assert request.header('X-Injected') is None


@pytest.mark.parametrize('value', HOSTILE, ids=ascii)
def test_URL_keeps_its_structure_whatever_the_value(server, tmp_path, value):
    result = send(tmp_path, {'v': value, 'secret': 's'}, {'url': server.url('/a/{{/v}}/b?q={{/v}}&last=1')},
                  {'url': server.url('/instead')})
    assert result.code == 0
    request = server.requests[0]
    if value == '..':
        assert request.path == '/instead'  # it would be taken out on the way
        return
    first, a, segment, b = request.path.split('/')
    assert (first, a, unquote(segment), b) == ('', 'a', value, 'b')
    assert [unquote(part) for part in request.query.split('&')] == [f'q={value}', 'last=1']
    assert all(character.isalnum() or character in '-._~%' for character in segment)


@pytest.mark.parametrize('value', [{}, [], {'a': 1}, None])
def test_header_and_URL_take_no_objects_lists_and_nulls(server, tmp_path, value):
    result = send(tmp_path, {'v': value}, {'url': server.url('/{{/v}}')},
                  {'url': server.url('/b'), 'headers': {'X': '{{/v}}'}}, {'url': server.url('/c')})
    assert [(attempt['fate'], attempt['reason']) for attempt in result.settled['attempts']] == [
        ('unreached', 'template'), ('unreached', 'template'), ('delivered', 'ok')]
    assert [request.path for request in server.requests] == ['/c']


# ---- Messages that do not fit

@pytest.mark.parametrize('message, words', [
    ('{"other": 1}', '/id'), ('not JSON', 'JSON'), ('', 'JSON'), ('{"id": 1', 'JSON'), ('[]', '/id'), ('"id"', '/id')],
    ids=ascii)
def test_API_for_which_something_is_missing_is_left_out_and_the_next_tried_at_once(server, tmp_path, message, words):
    result = send(tmp_path, message, {'url': server.url('/a'), 'body': {'id': '{{/id}}'}}, {'url': server.url('/b')},
                  hedge_delay='20s')
    assert result.code == 0, result
    first, second = result.settled['attempts']
    assert (first['fate'], first['reason'], first['status'], first['bytes_sent']) == ('unreached', 'template', None, 0)
    assert words in first['error']
    assert second['started'] < 5
    assert winner_of(result.settled) == '/b'
    assert [request.path for request in server.requests] == ['/b']


def test_value_of_a_message_is_not_shown_in_the_error(server, tmp_path):
    result = send(tmp_path, {'v': 'private\r\n'}, {'url': server.url('/a'), 'headers': {'X': '{{/v}}'}},
                  {'url': server.url('/b')})
    assert 'private' not in result.settled['attempts'][0]['error']


def test_message_that_fits_nobody_is_undelivered_and_nothing_is_sent(server, tmp_path):
    result = send(tmp_path, {'a': 1}, {'url': server.url('/a'), 'body': '{{/b}}'}, {'url': server.url('/{{/c}}')})
    assert result.code == 1
    assert result.settled['outcome'] == 'undelivered'
    assert result.fates == [('unreached', 'template')] * 2
    assert result.settled['not_tried'] == []
    assert server.connections == 0


def test_template_that_does_not_fit_is_not_tried_again(server, tmp_path):
    result = send(tmp_path, {'a': 1}, {'url': server.url('/a'), 'body': '{{/b}}'}, {'url': server.url('/b?status=503')},
                  retry=2, retry_delay='10ms')
    assert paths_of(result.settled) == ['/a', '/b', '/b', '/b']


# ---- In a stream

def test_each_line_of_a_stream_is_rendered(server, tmp_path):
    path = config(tmp_path, {'url': server.url('/a/{{/n}}'), 'body': {'text': 'number {{/n}}'}},
                  {'url': server.url('/b')})
    result = stream('--config', path, lines=[json.dumps({'n': n}) for n in range(100)] + ['plain'])
    assert result.code == 0
    settled = accounts(result.events)
    assert {event['line'] for event in settled.values() if winner_of(event) == '/b'} == {101}
    texts = {request.path: json.loads(request.body)['text'] for request in server.requests if request.path != '/b'}
    assert texts == {f'/a/{n}': f'number {n}' for n in range(100)}


def test_misfits_do_not_open_the_breaker(server, tmp_path):
    path = config(tmp_path, {'url': server.url('/a'), 'body': {'n': '{{/n}}'}}, {'url': server.url('/b')})
    result = stream('--config', path, '--in-order', lines=['{}'] * 20 + ['{"n":1}'])
    settled = accounts(result.events)
    assert winner_of(settled[21]) == '/a'
    assert len(settled[20]['attempts']) == 2
    assert_accounted(settled, server)


def test_bodies_of_an_envelope_beat_the_template_but_its_headers_and_URL_hold(server, tmp_path):
    path = config(tmp_path, {'name': 'a', 'url': server.url('/a/{{/n}}?status=400'), 'body': {'n': '{{/n}}'}},
                  {'name': 'b', 'url': server.url('/b/{{/n}}?status=400'), 'body': {'n': '{{/n}}'}})
    stream('--config', path, '--input-format', 'envelopes',
           lines=[json.dumps({'body': {'n': 5}, 'bodies': {'b': 'as it stands'}})])
    assert [(request.path, request.body) for request in server.requests] == [
        ('/a/5', b'{"n": 5}'), ('/b/5', b'as it stands')]


def test_dry_run_shows_what_would_be_sent(server, tmp_path):
    path = config(tmp_path, {'url': server.url('/{{/id}}'), 'headers': {'X-Id': '{{/id}}'}, 'body': {'n': '{{/id}}'}})
    result = run('--config', path, '-d', '{"id":"order 7"}', '--dry-run')
    assert result.code == 0
    assert '/order%207' in result.out and '"order 7"' in result.out and 'X-Id: order 7' in result.out, result
    assert server.connections == 0


def test_API_for_which_an_envelope_has_no_body_is_left_out(server, tmp_path):
    result = stream('--config', config(tmp_path, {'name': 'eu', 'url': server.url('/eu')},
                                       {'name': 'sms', 'url': server.url('/sms')}),
                    '--input-format', 'envelopes', lines=['{"bodies": {"sms": "late"}}'])
    settled = accounts(result.events)
    assert winner_of(settled[1]) == '/sms'
    assert [attempt['reason'] for attempt in settled[1]['attempts']] == ['template', 'ok']
    assert [request.path for request in server.requests] == ['/sms']
