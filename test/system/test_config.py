"""--config: what the file says reaches the requests, options override it, secrets stay secret, and what is wrong with
it is said with its place before anything is sent."""

import base64
import json
import os
import pathlib
import re

import pytest

from harness import ROOT, accounts, paths_of, run, run_json, stream

from server import Server

SECRET = 'sesame-0p3n'


@pytest.fixture
def server(tmp_path, monkeypatch):
    """A server, and an empty working directory."""
    monkeypatch.chdir(tmp_path)
    with Server() as server:
        yield server


def write(config, name='config.json'):
    """A configuration file, relative to the working directory."""
    pathlib.Path(name).write_text(config if isinstance(config, str) else json.dumps(config))
    return name


def endpoint(server, path='/', **members):
    return {'url': server.url(path), **members}


def sent(server, config, *arguments, code=0, **options):
    """Sends one message with it; the one request that the server saw."""
    result = run_json('--config', write(config), '-d', 'x', *arguments, **options)
    assert result.code == code, result
    return server.requests[-1]


def values(request, name):
    return [value for each, value in request.headers if each.lower() == name.lower()]


# ---- What reaches the request

def basic(text):
    return 'Basic ' + base64.b64encode(text.encode()).decode()


@pytest.mark.parametrize('members, header, wanted', [
    ({'headers': {'X-A': 'ünï; with: colon'}}, 'X-A', ['Ã¼nÃ¯; with: colon']),
    ({'headers': {'X-A': ''}}, 'X-A', ['']),
    ({'headers': {'User-Agent': None}}, 'User-Agent', []),
    ({'headers': {'Content-Type': 'text/csv'}}, 'Content-Type', ['text/csv']),
    ({'headers': {'Idempotency-Key': 'my own'}}, 'Idempotency-Key', ['my own']),
    ({'user': 'name:p:w'}, 'Authorization', [basic('name:p:w')]),
    ({'user': {'env': 'SECRET'}}, 'Authorization', [basic('name:' + SECRET)]),
    ({'oauth2_bearer': 'token'}, 'Authorization', ['Bearer token']),
    ({'oauth2_bearer': {'file': 'secret'}}, 'Authorization', ['Bearer ' + SECRET]),
    ({'headers': {'Authorization': {'env': 'SECRET'}}}, 'Authorization', ['name:' + SECRET]),
    ({'headers': {'X-Key': {'file': 'secret'}}}, 'X-Key', [SECRET]),
    ({'user_agent': 'mine/1'}, 'User-Agent', ['mine/1']),
    ({'user_agent': ''}, 'User-Agent', []),
    ({'compressed': False}, 'Accept-Encoding', []),
], ids=str)
def test_header_of_the_request_comes_from_the_file(server, members, header, wanted):
    pathlib.Path('secret').write_text(SECRET + '\n')
    request = sent(server, {'endpoints': [endpoint(server, **members)]}, env={'SECRET': 'name:' + SECRET})
    assert values(request, header) == wanted


def test_compressed_asks_for_it(server):
    assert 'gzip' in sent(server, {'endpoints': [endpoint(server, compressed=True)]}).header('Accept-Encoding')


def test_method_comes_from_the_file(server):
    assert sent(server, {'endpoints': [endpoint(server, method='PATCH')]}).method == 'PATCH'


def test_location_follows_redirects(server):
    path = f'/?redirect={server.url("/there")}&status=307'
    assert sent(server, {'endpoints': [endpoint(server, path, location=True)]}).path == '/there'


def test_connections_go_where_the_file_says(server, tmp_path):
    here = f'127.0.0.1:{server.port}'
    for members in ({'connect_to': [f'api.invalid:80:{here}']}, {'proxy': f'http://{here}'},
                    {'proxy': {'env': 'PROXY'}}):
        config = {'endpoints': [{'url': 'http://api.invalid/way', **members}]}
        request = sent(server, config, env={'PROXY': f'http://{here}'})
        assert request.path == '/way'
        assert request.header('Host') == 'api.invalid'
    resolved = {'url': f'http://api.invalid:{server.port}/way', 'resolve': [f'api.invalid:{server.port}:127.0.0.1']}
    assert sent(server, {'endpoints': [resolved]}).header('Host') == f'api.invalid:{server.port}'
    with Server(unix=tmp_path / 'socket') as local:
        assert sent(local, {'endpoints': [{'url': 'http://api.invalid/', 'unix_socket': 'socket'}]}).method == 'POST'


@pytest.mark.parametrize('success, code', [
    ('200-299,409', 0), ({'status': '409'}, 0), ({'status': '409', 'json': {'/accepted': True}}, 0),
    ({'status': '409', 'json': {'/accepted': False}}, 1), ('409,/accepted=true', 0), ('200-299', 1)], ids=str)
def test_success_is_what_the_file_says(server, success, code):
    path = '/?status=409&body={"accepted":true}'
    sent(server, {'endpoints': [endpoint(server, path.replace('{', '%7B').replace('}', '%7D').replace('"', '%22'),
                                         success=success)]}, code=code)


def test_settings_of_the_delivery_come_from_the_file(server):
    server.script('/a', 'status=503', 'status=200')
    config = {'retry': 1, 'retry_delay': '10ms', 'idempotency_key': False, 'max_response': 4,
              'endpoints': [endpoint(server, '/a')]}
    result = run_json('--config', write(config), '-d', 'x')
    assert result.code == 0
    assert [attempt['status'] for attempt in result.settled['attempts']] == [503, 200]
    assert result.settled['attempts'][1]['response_truncated'] is True
    assert server.requests[0].header('Idempotency-Key') is None
    config = {'fatal_status': '401', 'endpoints': [endpoint(server, '/b?status=401'), endpoint(server, '/c')]}
    assert run_json('--config', write(config), '-d', 'x').code == 1
    assert server.count('/c') == 0
    assert run('--config', write({'max_body': 3, 'endpoints': [endpoint(server)]}), '-d', 'four').code == 2


@pytest.mark.parametrize('config', [
    {'hedge_delay': '1500ms', 'settle': 0},
    {'hedge_delay': 1.5, 'settle': '0s'},
    {'defaults': {'hedge_delay': '1500ms'}, 'settle': 0}], ids=str)
def test_hedge_delay_and_settle_come_from_the_file(server, config):
    result = run_json('--config', write({**config, 'endpoints': [
        endpoint(server, '/a?hang=request'), endpoint(server, '/b')]}), '-d', 'x')
    first, second = result.settled['attempts']
    assert (first['fate'], first['reason'], second['fate']) == ('unknown', 'cancelled', 'delivered')
    assert 1.4 < second['started'] < 10
    assert result.seconds < 20


def test_each_endpoint_has_its_own_hedge_delay_timeout_and_success(server):
    result = run_json('--config', write({'hedge_delay': '30s', 'endpoints': [
        endpoint(server, '/a?hang=request', hedge_delay='100ms', attempt_timeout='600ms'),
        endpoint(server, '/b?hang=request', attempt_timeout='200ms'),
        endpoint(server, '/c?status=409'),
        endpoint(server, '/d?status=409&delay=0.5', success='409')]}), '-d', 'x')
    attempts = result.settled['attempts']
    assert paths_of(result.settled) == ['/a', '/b', '/c', '/d']
    assert [(attempt['fate'], attempt['reason']) for attempt in attempts] == [
        ('unknown', 'timeout'), ('unknown', 'timeout'), ('rejected', 'status'), ('delivered', 'ok')]
    assert result.code == 0 and result.seconds < 20


def test_endpoint_is_told_by_its_name(server):
    result = run_json('--config', write({'endpoints': [endpoint(server, '/a?status=400', name='eu west'),
                                                       endpoint(server, '/b', name='us')]}), '-d', 'x')
    assert [attempt['endpoint'] for attempt in result.settled['attempts']] == ['eu west', 'us']


# ---- Defaults

def test_defaults_are_merged_into_every_endpoint(server):
    result = run('--config', write({
        'defaults': {'method': 'PUT', 'headers': {'X-Kept': '1', 'X-Changed': '2', 'X-Removed': '3'}, 'user': 'a:b'},
        'endpoints': [endpoint(server, '/a?status=400', headers={'x-changed': '4', 'X-REMOVED': None}),
                      endpoint(server, '/b', method='POST', oauth2_bearer='t', headers={'X-More': '5'})]}), '-d', 'x')
    assert result.code == 0, result
    a, b = server.requests
    assert (a.method, b.method) == ('PUT', 'POST')
    assert [values(a, name) for name in ('X-Kept', 'X-Changed', 'X-Removed')] == [['1'], ['4'], []]
    assert [values(b, name) for name in ('X-Kept', 'X-Changed', 'X-Removed', 'X-More')] == [['1'], ['2'], ['3'], ['5']]
    assert values(a, 'Authorization') == [basic('a:b')]
    assert values(b, 'Authorization') == ['Bearer t']


def test_defaults_apply_to_URLs_of_the_command_line(server):
    config = {'hedge_delay': '100ms', 'settle': 0, 'defaults': {'method': 'PUT', 'headers': {'X-A': '1'}}}
    result = run_json('--config', write(config), '-d', 'x', server.url('/a?hang=request'), server.url('/b'))
    assert result.code == 0
    assert [(request.method, request.path, request.header('X-A')) for request in server.requests] == [
        ('PUT', '/a', '1'), ('PUT', '/b', '1')]


# ---- Options

@pytest.mark.parametrize('where', [['--config', 'config.json'], []], ids=['after it', 'before it'])
def test_options_override_the_file_wherever_they_stand(server, where):
    write({'endpoints': [endpoint(server, method='PUT', headers={'X-A': 'file', 'x-b': 'file', 'Authorization': 'file'},
                                  user_agent='file', success='500', attempt_timeout='1ms')]})
    options = ['-X', 'PATCH', '-H', 'x-a: flag', '-H', 'X-B:', '--oauth2-bearer', 'flag', '-A', 'flag', '--success',
               '200', '--attempt-timeout', '30s', '-d', 'x']
    before = [] if where else ['--config', 'config.json']
    assert run(*where, *options, *before).code == 0
    request, = server.requests
    assert request.method == 'PATCH'
    assert [values(request, name) for name in ('X-A', 'X-B', 'Authorization', 'User-Agent')] == [
        ['flag'], [], ['Bearer flag'], ['flag']]


def test_hedge_delay_of_an_option_overrides_that_of_every_endpoint(server):
    config = {'hedge_delay': '30s', 'endpoints': [endpoint(server, '/a?hang=request', hedge_delay='20s'),
                                                  endpoint(server, '/b')]}
    result = run_json('--config', write(config), '--hedge-delay', '0.1', '--settle', '0', '-d', 'x')
    assert result.settled['attempts'][1]['started'] < 5


def test_settings_of_a_stream_come_from_the_file_and_options_override_them(server):
    config = {'in_order': True, 'workers': 3, 'max_pending': 2, 'rate': '1000/s', 'breaker': False,
              'endpoints': [endpoint(server, '/a?status=500', max_in_flight=2), endpoint(server, '/b')]}
    result = stream('--config', write(config), lines=['1', '2', '3', '4', '5', '6', '7', '8'])
    settled = accounts(result.events)
    assert [paths_of(event) for event in settled.values()] == [['/a', '/b']] * 8
    bodies = [int(request.body) for request in server.requests]
    assert bodies == sorted(bodies)
    result = stream('--config', 'config.json', '--workers', '2', lines=['1'])
    assert result.code == 2
    assert 'workers' in result.err


def test_file_comes_from_standard_input(server):
    result = run('--config', '-', '-d', 'x', stdin=json.dumps({'endpoints': [endpoint(server, headers={'X-A': '1'})]}))
    assert result.code == 0, result
    assert server.requests[0].header('X-A') == '1'


def test_standard_input_cannot_be_both_file_and_messages(server):
    result = stream('--config', '-', server.url(), lines=['{}'])
    assert result.code == 2
    assert '--config' in result.err and 'standard input' in result.err
    pathlib.Path('messages').write_text('a\n')
    config = json.dumps({'endpoints': [endpoint(server)]})
    assert run('stream', '--config', '-', '--input', 'messages', stdin=config).code == 0
    assert server.requests[0].body == b'a'


# ---- Secrets

SECRETS = [
    {'user': {'env': 'SECRET'}}, {'oauth2_bearer': {'file': 'secret'}},
    {'headers': {'Authorization': {'env': 'SECRET'}}}, {'headers': {'X-Custom': {'file': 'secret'}}},
    {'headers': {'Cookie': {'env': 'SECRET'}}}, {'oauth2_bearer': SECRET}, {'user': 'name:' + SECRET},
    {'headers': {'X-Api-Key': SECRET}},
]


@pytest.mark.parametrize('arguments', [['-v', '--format', 'json', '--events', 'start,finish,delivered,settled'],
                                       ['-v'], ['--dry-run'], ['--dry-run', '--format', 'json']], ids=' '.join)
@pytest.mark.parametrize('members', SECRETS, ids=str)
def test_secret_is_never_shown(server, members, arguments):
    pathlib.Path('secret').write_text(SECRET)
    result = run('--config', write({'endpoints': [endpoint(server, **members), endpoint(server, '/2', **members)]}),
                 '-d', 'x', *arguments, env={'SECRET': 'name:' + SECRET})
    assert result.code == 0, result
    hidden = [SECRET, base64.b64encode(f'name:{SECRET}'.encode()).decode()]
    assert not [each for each in hidden if each in result.out + result.err], result
    if '--dry-run' not in arguments:
        assert any(SECRET in str(request.headers) or hidden[1] in str(request.headers) for request in server.requests)


@pytest.mark.parametrize('members, words', [
    ({'oauth2_bearer': {'env': 'NOT_SET'}}, ['NOT_SET', '/endpoints/0/oauth2_bearer']),
    ({'user': {'file': 'missing'}}, ['missing', 'No such file', '/endpoints/0/user']),
    ({'headers': {'A': {'env': 'BROKEN'}}}, ['/endpoints/0/headers/A']),
    ({'user': {'env': 'NO_COLON'}}, ['/endpoints/0/user']),
    ({'oauth2_bearer': {'env': 'SECRET', 'file': 'x'}}, ['/endpoints/0/oauth2_bearer']),
    ({'oauth2_bearer': 5}, ['/endpoints/0/oauth2_bearer']),
], ids=str)
def test_secret_that_cannot_be_had_is_refused_without_showing_it(server, members, words):
    env = {'BROKEN': SECRET + '\nX-Injected: 1', 'NO_COLON': SECRET, 'SECRET': SECRET}
    result = run('--config', write({'endpoints': [endpoint(server, **members)]}), '-d', 'x', env=env)
    assert result.code == 2, result
    assert all(word in result.err for word in words), result
    assert SECRET not in result.err
    assert server.connections == 0


# ---- What is refused

@pytest.mark.parametrize('command', [[], ['stream']], ids=['send', 'stream'])
@pytest.mark.parametrize('text, words', [
    ('{\n"hedge_dealy": "1s",\n"endpoints": []}', ['line 2', '/hedge_dealy', 'did you mean hedge_delay']),
    ('{"endpoints": [{"url": "URL"},\n\n {"url": "URL", "heders": {}}]}', ['line 3', '/endpoints/1/heders', 'headers']),
    ('{"workers": "many",\n"endpoints": []}', ['line 1', '/workers']),
    ('{\n\n"workers": 0}', ['line 3', '/workers', '1']),
    ('{"workers": 100001}', ['line 1', '/workers', '100000']),
    ('{\n"settle": "5 parsecs"}', ['line 2', '/settle', '5 parsecs']),
    ('{"hedge_delay": "p20"}', ['line 1', '/hedge_delay', 'p20']),
    ('{"rate": "fast"}', ['line 1', '/rate', 'fast']),
    ('{"fatal_status": "99"}', ['line 1', '/fatal_status', '99']),
    ('{"max_body": -1}', ['line 1', '/max_body']),
    ('{"in_order": "yes"}', ['line 1', '/in_order', 'true']),
    ('{"workers": 1', ['line 1']),
    ('{"workers": 1,}', ['line 1']),
    ('[]', ['line 1', 'object']),
    ('', ['line 1']),
    ('{"endpoints": [{}]}', ['line 1', '/endpoints/0', 'url']),
    ('{"endpoints": [{"url": "URL", "headers": {"A": "b\\r\\nX: y"}}]}', ['line 1', '/endpoints/0/headers/A']),
    ('{"endpoints": [{"url": "URL", "headers": {"A B": "c"}}]}', ['line 1', '/endpoints/0/headers/A B']),
    ('{"endpoints": [{"url": "URL", "headers": {"Content-Length": "1"}}]}', ['/endpoints/0/headers/Content-Length']),
    ('{"endpoints": [{"url": "URL", "success": "2xx"}]}', ['line 1', '/endpoints/0/success', '2xx']),
    ('{"endpoints": [{"url": "URL", "body": {"file": "missing"}}]}', ['/endpoints/0/body/file', "'missing'"]),
], ids=lambda value: value if isinstance(value, str) else '')
def test_file_is_refused_with_its_place_before_anything_is_sent(server, command, text, words):
    assert_refused(server, command, text, ['config.json', *words])


def assert_refused(server, command, text, words):
    path = write(text.replace('URL', server.url('/')))
    result = run(*command, '--config', path, *([] if command else ['-d', 'x']), stdin='x\n')
    assert (result.code, result.out) == (2, ''), result
    assert all(word in result.err for word in words), result
    assert server.connections == 0


def test_key_that_stands_twice_is_refused_by_its_name(server):
    assert_refused(server, [], '{"workers": 1,\n"workers": 2}', ['config.json', 'line 2', 'workers', 'twice'])


@pytest.mark.parametrize('member', [
    '"method": "GET /"', '"cacert": "missing.pem"', '"body": "{{/a"', '"body": "{{a}}"', '"headers": {"A": "{{a}}"}',
    '"proxy": "gopher://a/"', '"resolve": ["a"]', '"connect_to": ["a"]', '"url": "ftp://a/"', '"url": "URL{{a}}"'])
def test_fault_of_one_of_several_endpoints_says_which_it_is(server, member):
    url = '' if '"url"' in member else '"url": "URL", '
    assert_refused(server, [], '{"endpoints": [{"url": "URL", "name": "good"},\n{%s%s}]}' % (url, member),
                   ['config.json', 'line 2', '/endpoints/1'])


@pytest.mark.parametrize('command, text, words', [
    ([], '{"endpoints": [{"url": "URL", "name": "same"}, {"url": "URL", "name": "same"}]}', ['same', 'two endpoints']),
    (['stream'], '{"endpoints": [{"url": "URL", "max_in_flight": 9}], "workers": 5}', ['max_in_flight', '9', '5']),
    (['stream'], '{"workers": 1, "endpoints": [{"url": "URL"}, {"url": "URL/b"}]}', ['workers']),
    ([], '{"endpoints": []}', ['no URL']),
    ([], '{}', ['no URL']),
    ([], '{"max_time": "1s", "endpoints": [{"url": "URL"}, {"url": "URL"}]}', ['max-time'])], ids=str)
def test_settings_that_do_not_go_together_are_refused(server, command, text, words):
    assert_refused(server, command, text, words)


@pytest.mark.parametrize('name, words', [('missing', 'No such file'), ('.', 'directory')], ids=['missing', 'directory'])
def test_file_that_cannot_be_read_is_refused(server, name, words):
    result = run('--config', name, '-d', 'x', server.url('/'))
    assert result.code == 2
    assert words in result.err and name in result.err
    assert server.connections == 0


def test_file_that_may_not_be_read_is_refused(server):
    path = write({})
    os.chmod(path, 0)
    if os.access(path, os.R_OK):
        pytest.skip('nothing is forbidden to this user')
    result = run('--config', path, '-d', 'x', server.url('/'))
    assert result.code == 2 and path in result.err


def test_URLs_and_endpoints_exclude_each_other(server):
    result = run('--config', write({'endpoints': [endpoint(server)]}), '-d', 'x', server.url('/'))
    assert result.code == 2
    assert server.url('/') in result.err and 'config.json' in result.err
    assert server.connections == 0


def test_there_is_one_file_only(server):
    write({'endpoints': [endpoint(server)]})
    result = run('--config', 'config.json', '--config', 'config.json', '-d', 'x')
    assert result.code == 2
    assert '--config' in result.err


# ---- The manual

MANUAL = (ROOT / 'src' / 'doc' / 'poolsend-config.5.in').read_text()
EXAMPLES = [text.replace('\\e', '\\')
            for text in re.findall(r'^\.Bd -literal[^\n]*\n(.*?)^\.Ed$', MANUAL, re.MULTILINE | re.DOTALL)]


def test_manual_has_examples():
    assert len(EXAMPLES) > 3 and '{"env"' in str(EXAMPLES) and '{{/' in str(EXAMPLES)


@pytest.mark.parametrize('text', EXAMPLES, ids=range(len(EXAMPLES)))
def test_example_of_the_manual_is_a_configuration(server, text):
    env = {name: 'x:y' for name in re.findall(r'"env": "([^"]+)"', text)}
    for name in re.findall(r'"file": "([^"]+)"', text):
        pathlib.Path(name).parent.mkdir(parents=True, exist_ok=True)
        pathlib.Path(name).write_text('x:y\n')
    result = run('--config', write(text), '-d', '{"n": 7, "id": "a", "phone": "1"}', '--dry-run', env=env)
    assert (result.code, result.err) == (0, '')
    assert [name for name in re.findall(r'"url": "(https://[^/"]+)', text) if name not in result.out] == []
    assert 'x:y' not in result.out and 'template' not in result.out


def test_words_for_a_mistyped_key_are_those_of_the_manual(server):
    words, = re.findall(r'^\.Dl (apis\.json: .*)$', MANUAL, re.MULTILINE)
    write('{\n"hedge_dealy": "1s", "endpoints": [{"url": "http://127.0.0.1/"}]}', 'apis.json')
    assert words in run('--config', 'apis.json', '-d', 'x').err


# ---- Words that name the way out

@pytest.mark.parametrize('config, words', [
    ({'retry': '3'}, "/retry: '3' is a string; write a number, without quotes"),
    ({'in_order': 'true'}, "/in_order: 'true' is a string; write true or false, without quotes"),
    ({'success': 200}, '/success: 200 is not a string; write "200"'),
    ({'success': {'status': 200}}, '/success/status: 200 is not a string; write "200"'),
    ({'hedge_budget': 3}, '/hedge_budget: 3 is not a share; write 10%'),
    ({'no_breaker': True}, '/no_breaker: unknown; did you mean breaker?'),
    ({'timeout': '1s'}, '/timeout: unknown; did you mean connect_timeout or attempt_timeout?'),
    ({'$schema': 1}, '/$schema: 1 is not a string'),
], ids=str)
def test_way_out_is_named_for(config, words, server):
    result = run('--config', write(config), '-d', 'x', server.url())
    assert result.code == 2
    assert words in result.err
    assert server.connections == 0


def test_schema_that_a_file_names_is_for_editors(server):
    sent(server, {'$schema': 'https://json-schema.test/', 'endpoints': [endpoint(server)]})
