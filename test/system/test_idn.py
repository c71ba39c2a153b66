"""International host names are UTF-8 on the command line and in the file, whatever the locale: on the wire they are
ASCII, in what is shown they stand as they were written. What cannot be spelt so is refused before anything is sent.

A build without libidn2 refuses them all. Such a program is built for these tests too.
"""

import json
import os
import socket
import subprocess

import pytest

import harness
from certs import make_ca
from harness import environment, run, run_json, stream
from locales import make_locale
from server import Server

HOST, ASCII = 'b\u00fccher.test', 'xn--bcher-kva.test'
HAS_IDN = os.environ.get('IDN', '1') == '1'
WITHOUT = os.environ.get('POOLSEND_WITHOUT_IDN')
NEEDS_IDN = pytest.mark.skipif(not HAS_IDN, reason='built without libidn2')
LOCALES = {'unset': {}, 'C': {'LC_ALL': 'C'}, 'C.UTF-8': {'LC_ALL': 'C.UTF-8'}}
MADE = {'tr_TR': 'UTF-8', 'de_DE': 'ISO-8859-1'}


@pytest.fixture(name='server')
def fixture_server():
    with Server() as started:
        yield started


@pytest.fixture(scope='module', params=[*LOCALES, *MADE])
def chosen(request, tmp_path_factory):
    if request.param in LOCALES:
        return LOCALES[request.param]
    return make_locale(tmp_path_factory.mktemp('locales'), request.param, MADE[request.param])


@pytest.fixture
def locale(chosen, monkeypatch):
    """The environment with this locale. The one that there is must not show through."""
    for name in [name for name in os.environ if name.startswith('LC_') or name in ('LANG', 'LANGUAGE')]:
        monkeypatch.delenv(name)
    return chosen


def finds(server, host=HOST):
    """That the host is here."""
    return ['--resolve', f'{host}:{server.port}:127.0.0.1']


def write(directory, config):
    path = directory / 'config.json'
    path.write_text(json.dumps(config, ensure_ascii=False), encoding='utf-8')
    return str(path)


def settled(*arguments, env=None):
    """Its end, of which the output is UTF-8 in any locale."""
    result = run('--format', 'json', *arguments, env=env, text=False)
    events = harness.parse_events(result.out.decode('utf-8'))
    assert result.code == 0, (events, result.err)
    return events[-1]


# ---- On the wire, and as shown

@NEEDS_IDN
@pytest.mark.parametrize('written', [HOST, 'B\u00dcCHER.Test', 'bu\u0308cher.test', 'b\u00fccher\u3002test',
                                     'b%C3%BCcher.test'])
def test_name_is_ascii_on_the_wire_and_as_written_where_it_is_shown(server, locale, written):
    url = f'http://{written}:{server.port}/?x=1'
    event = settled(*finds(server), '-d', 'x', url, env=locale)
    assert [request.header('Host') for request in server.requests] == [f'{ASCII}:{server.port}']
    assert [attempt['url'] for attempt in event['attempts']] == [url]


@NEEDS_IDN
def test_name_in_the_file_is_utf_8(server, locale, tmp_path):
    for members in ({}, {'resolve': [f'{HOST}:{server.port}:127.0.0.1']}):
        config = write(tmp_path, {'endpoints': [{'url': f'http://{HOST}:{server.port}/', **members}]})
        event = settled('--config', config, *([] if members else finds(server)), '-d', 'x', env=locale)
        assert [(each['endpoint'], each['url']) for each in event['attempts']] == [(HOST, f'http://{HOST}:{server.port}/')]
    assert [request.header('Host') for request in server.requests] == [f'{ASCII}:{server.port}'] * 2


@NEEDS_IDN
def test_name_stands_before_a_template_too(server, locale, tmp_path):
    config = write(tmp_path, {'endpoints': [{'url': f'http://{HOST}:{server.port}/{{{{/a}}}}?b={{{{/a}}}}'}]})
    given = ['--config', config, *finds(server), '--json', '{"a":"\u00fc x"}']
    shown = run('--dry-run', *given, env=locale, text=False).out.decode()
    assert f'POST http://{HOST}:{server.port}/%C3%BC%20x?b=%C3%BC%20x\n' in shown
    settled(*given, env=locale)
    [request] = server.requests
    assert (request.header('Host'), request.target) == (f'{ASCII}:{server.port}', '/%C3%BC%20x?b=%C3%BC%20x')


@NEEDS_IDN
def test_each_message_of_a_stream_goes_there(server, locale):
    result = stream(*finds(server), f'http://{HOST}:{server.port}/', lines=['1', '2', '3'], env=locale)
    assert result.code == 0
    assert [request.header('Host') for request in server.requests] == [f'{ASCII}:{server.port}'] * 3


@pytest.fixture(scope='module')
def ca(tmp_path_factory):
    return make_ca(tmp_path_factory.mktemp('ca'))


@pytest.fixture(scope='module')
def certificate(ca):
    return ca.issue([ASCII])


@NEEDS_IDN
def test_tls_is_told_the_ascii_and_the_certificate_is_for_that(locale, ca, certificate):
    with Server(tls=certificate) as server:
        settled('--cacert', ca.cert, *finds(server), '-d', 'x', f'https://{HOST}:{server.port}/', env=locale)
    with socket.create_server(('127.0.0.1', 0)) as listener:
        port = listener.getsockname()[1]
        with harness.Running('--resolve', f'{HOST}:{port}:127.0.0.1', '-d', 'x', f'https://{HOST}:{port}/', env=locale):
            connection, _ = listener.accept()
            with connection:
                assert ASCII.encode() in connection.recv(65536)


@NEEDS_IDN
def test_what_is_no_host_stays_as_it_is(server, locale):
    here = f'{HOST}:{server.port}'
    event = settled(*finds(server), '-d', 'x', f'http://us%C3%A9r:p%C3%A4ss@{here}/%C3%BC?{HOST}=http://{HOST}/', env=locale)
    [request] = server.requests
    assert request.target.encode('latin-1').decode() in (f'/%C3%BC?{HOST}=http://{HOST}/',
                                                          '/%C3%BC?b%C3%BCcher.test=http://b%C3%BCcher.test/')
    assert request.header('Authorization') == 'Basic dXPDqXI6cMOkc3M='
    assert event['attempts'][0]['url'] == f'http://{here}/%C3%BC?{HOST}=http://{HOST}/'


@NEEDS_IDN
def test_redirect_to_such_a_name_is_followed(server, locale):
    """Whichever way the Location has it."""
    for number, written in enumerate([HOST, 'b%C3%BCcher.test', ASCII]):
        path = f'/{number}'
        server.script(path, f'status=307&header=Location:http://{written}:{server.port}/there'.replace('%', '%25'))
        event = settled('-L', *finds(server), '-d', 'x', server.url(path), env=locale)
        assert event['attempts'][0]['status'] == 200
        assert [request.header('Host') for request in server.requests[-2:]] == [f'127.0.0.1:{server.port}',
                                                                                f'{ASCII}:{server.port}']
    assert server.count('/there') == 3


@pytest.mark.parametrize('written', ['b%FCcher.test', 'a%EF%BC%8Fb'])
def test_redirect_to_what_is_no_name_ends_the_attempt(server, written):
    server.script('/p', f'status=307&header=Location:http://{written}/there'.replace('%', '%25'))
    result = run('--format', 'json', '-L', '-d', 'x', server.url('/p'), text=False)
    assert result.code == 1
    [attempt] = harness.parse_events(result.out.decode())[-1]['attempts']
    assert (attempt['fate'], attempt['reason'], attempt['status']) == ('rejected', 'redirect', 307)
    assert server.count() == 1


# ---- On the way there

@NEEDS_IDN
@pytest.mark.parametrize('given', [
    ['--connect-to', '{host}:80:127.0.0.1:{port}', 'http://{host}/'],
    ['--connect-to', '{ascii}:80:127.0.0.1:{port}', 'http://{host}/'],
    ['--connect-to', '{host}:80:127.0.0.1:{port}', 'http://{ascii}/'],
    ['--connect-to', '::{host}:{port}', '--resolve', '{ascii}:{port}:127.0.0.1', 'http://{ascii}/'],
    ['--resolve', '+{host}:{port}:127.0.0.1', 'http://{ascii}:{port}/'],
    ['--resolve', '{ascii}:{port}:127.0.0.1', 'http://{host}:{port}/'],
    ['-x', 'http://{host}:{port}', '--resolve', '{ascii}:{port}:127.0.0.1', 'http://{ascii}/'],
    ['-x', 'u:p@{host}:{port}', '--resolve', '{ascii}:{port}:127.0.0.1', 'http://{host}/'],
    ['-x', 'http://127.0.0.1:1', '--noproxy', 'a.example,{host}', '--resolve', '{ascii}:{port}:127.0.0.1',
     'http://{ascii}:{port}/'],
    ['-x', 'http://127.0.0.1:1', '--noproxy', '.{host}', '--resolve', 'a.{ascii}:{port}:127.0.0.1',
     'http://a.{host}:{port}/'],
], ids=' '.join)
def test_name_is_the_same_in_every_setting(server, locale, given):
    arguments = [each.format(host=HOST, ascii=ASCII, port=server.port) for each in given]
    settled(*arguments, '-d', 'x', env=locale)
    [request] = server.requests
    assert request.header('Host').removesuffix(f':{server.port}').removeprefix('a.') == ASCII
    assert not request.target.startswith('http:') or request.target == f'http://{ASCII}/'


# ---- Refused

@pytest.mark.parametrize('given, words', [
    ([b'http://b\xfccher.test/'], 'not UTF-8'),
    ([b'http://b%FCcher.test/'], 'not UTF-8'),
    (['http://a\uff0fb/'], 'not a valid international name'),
    (['http://a\uff20b/'], 'not a valid international name'),
    (['http://xn--zzz-\u00fc.test/'], 'not a valid international name'),
    (['http://' + '\u00fc' * 64 + '.test/'], 'not a valid international name'),
    (['-x', 'http://u:s3cret@a\uff0fb:1/', 'http://127.0.0.1:1/'], 'not a valid international name'),
    (['--resolve', 'a\uff0fb:80:127.0.0.1', 'http://127.0.0.1:1/'], 'not a valid international name'),
    (['--connect-to', '::a\uff0fb:80', 'http://127.0.0.1:1/'], 'not a valid international name'),
    (['--noproxy', 'a\uff0fb', 'http://127.0.0.1:1/'], 'not a valid international name'),
], ids=str)
def test_what_is_no_name_is_refused_before_anything_is_sent(given, words):
    if not HAS_IDN and 'UTF-8' not in words:
        pytest.skip('built without libidn2')
    done = subprocess.run([harness.PROGRAM, '-d', 'x', *given], capture_output=True, env=environment(), check=False)
    assert done.returncode == 2
    assert words in done.stderr.decode(errors='replace')
    assert b's3cret' not in done.stderr


@NEEDS_IDN
def test_file_that_names_no_host_is_refused_with_its_line(tmp_path):
    config = write(tmp_path, {'endpoints': [{'url': 'http://127.0.0.1:1/'}, {'url': 'http://a\uff0fb/'}]})
    result = run('--config', config, '-d', 'x')
    assert result.code == 2
    assert '/endpoints/1' in result.err and 'not a valid international name' in result.err


def test_proxy_of_the_environment_is_named_in_ascii(server):
    """libcurl reads that by itself, and goes by the locale: it cannot work in every one."""
    proxy = {'http_proxy': f'http://u:s3cret@{HOST}:1'}
    result = run('-d', 'x', server.url(), env=proxy)
    assert result.code == 2
    assert 'xn--' in result.err and 's3cret' not in result.err
    assert server.requests == []
    assert run('-d', 'x', server.url(), env={**proxy, 'no_proxy': '127.0.0.1'}).code == 0


# ---- Without libidn2

@pytest.fixture(name='without')
def fixture_without(monkeypatch):
    if not WITHOUT:
        pytest.skip('there is no program without libidn2')
    monkeypatch.setattr(harness, 'PROGRAM', WITHOUT)


@pytest.mark.parametrize('given', [
    ['http://{host}:{port}/'],
    ['http://b%C3%BCcher.test:{port}/'],
    ['-x', 'http://{host}:{port}', 'http://a.invalid/'],
    ['--noproxy', '{host}', 'http://127.0.0.1:{port}/'],
    ['--resolve', '{host}:80:127.0.0.1', 'http://127.0.0.1:{port}/'],
    ['--connect-to', '{host}:80::', 'http://127.0.0.1:{port}/'],
    ['--connect-to', '::{host}:80', 'http://127.0.0.1:{port}/'],
], ids=' '.join)
def test_without_libidn2_the_name_is_refused_and_the_words_say_what_is_missing(server, without, given):
    arguments = [each.format(host=HOST, port=server.port) for each in given]
    result = run('-d', 'x', *arguments, text=False)
    assert result.code == 2
    assert b'built without libidn2' in result.err and b'xn--' in result.err
    assert server.requests == []


def test_without_libidn2_the_file_is_refused(server, without, tmp_path):
    config = write(tmp_path, {'endpoints': [{'url': server.url()}, {'url': f'http://{HOST}/{{{{/a}}}}'}]})
    for arguments in (['--dry-run'], []):
        result = run(*arguments, '--config', config, '--json', '{"a":1}', text=False)
        assert result.code == 2
        assert b'/endpoints/1' in result.err and b'built without libidn2' in result.err
    assert server.requests == []


def test_without_libidn2_the_ascii_name_is_taken(server, without):
    assert run_json(*finds(server, ASCII), '-d', 'x', f'http://{ASCII}:{server.port}/').code == 0
    assert server.requests[0].header('Host') == f'{ASCII}:{server.port}'
