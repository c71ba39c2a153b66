"""Names are ASCII wherever they are compared: what is hidden, refused and replaced is the same in a Turkish locale, in
which I is no upper case of i, as in any other.

The program does not ask for the locale at all. That a library's user may have is tested in test/library/locale_test.c.
"""

import json

import pytest

from harness import refusals, run, run_json, stream
from locales import make_locale
from server import Server, values

SECRET = 's3cret'


@pytest.fixture(scope='module')
def turkish(tmp_path_factory):
    return make_locale(tmp_path_factory.mktemp('locales'), 'tr_TR')


@pytest.fixture(autouse=True)
def directory(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture(name='server')
def fixture_server():
    with Server() as started:
        yield started


def spellings(name):
    return sorted({name, name.lower(), name.upper()})


def write(directory, config):
    path = directory / 'config.json'
    path.write_text(json.dumps(config))
    return str(path)


# ---- Nothing shown

SECRET_PARAMETERS = ['sig', 'api_pin', 'signature', 'assertion', 'credential', 'session', 'pin', 'cookie', 'x-auth-pin-value',
                     'client_id_signature']


@pytest.mark.parametrize('name', [each for name in SECRET_PARAMETERS for each in spellings(name)])
def test_secret_parameter_is_hidden(server, turkish, name):
    url = server.url(f'/?{name}={SECRET}')
    for shown in (['--dry-run'], ['--format', 'json'], ['-v']):
        result = run(*shown, '-d', 'x', url, env=turkish)
        assert result.code == 0
        assert f'{name}=***' in result.out + result.err
        assert SECRET not in result.out + result.err


@pytest.mark.parametrize('name', [each for name in ('X-Signature', 'Authorization', 'X-Session-Id', 'X-Pin', 'Cookie')
                                  for each in spellings(name)])
def test_secret_header_is_hidden(server, turkish, name):
    for shown in (['--dry-run'], ['-v']):
        result = run(*shown, '-d', 'x', '-H', f'{name}: {SECRET}', server.url(), env=turkish)
        assert result.code == 0
        assert f'{name}: ***' in result.out + result.err
        assert SECRET not in result.out + result.err


@pytest.mark.parametrize('name', spellings('X-Id'))
def test_header_with_a_secret_of_the_file_is_hidden(server, turkish, directory, name):
    (directory / 'secret').write_text(SECRET)
    config = write(directory, {'endpoints': [{'url': server.url(), 'headers': {name: {'file': 'secret'}}}]})
    for shown in (['--dry-run'], ['-v']):
        result = run(*shown, '--config', config, '-d', 'x', env=turkish)
        assert result.code == 0
        assert f'{name}: ***' in result.out + result.err
        assert SECRET not in result.out + result.err
    assert values(server.requests[-1].headers, name) == [SECRET]


# ---- Nothing let in

FRAMING = [each for name in ('Transfer-Encoding', 'Content-Length') for each in spellings(name)]
OF_A_MESSAGE = [each for name in ('Host', 'Connection', 'Keep-Alive', 'Proxy-Authorization', 'Proxy-Connection', 'TE',
                                  'Trailer', 'Upgrade', 'Expect') for each in spellings(name)]


@pytest.mark.parametrize('name', FRAMING)
def test_framing_header_is_refused(server, turkish, directory, name):
    config = write(directory, {'endpoints': [{'url': server.url(), 'headers': {name: 'chunked'}}]})
    (directory / 'headers').write_text(f'{name}: chunked\n')
    for given in (['-H', f'{name}: chunked', server.url()], ['-H', '@headers', server.url()], ['--config', config]):
        result = run('-d', 'x', *given, env=turkish)
        assert result.code == 2, result
        assert 'cannot be set by hand' in result.err
    assert server.requests == []


@pytest.mark.parametrize('name', FRAMING + OF_A_MESSAGE)
def test_envelope_sets_no_header_that_frames_or_carries_it(server, turkish, name):
    envelope = json.dumps({'body': 'x', 'headers': {name: 'chunked'}})
    result = stream('--input-format', 'envelopes', server.url(), lines=[envelope], env=turkish)
    assert list(refusals(result.events)) == [1]
    assert server.requests == []


def test_header_that_is_there_twice_is_refused(server, turkish, directory):
    headers = {'X-Id': '1', 'X-ID': '2'}
    config = write(directory, {'endpoints': [{'url': server.url(), 'headers': headers}]})
    assert run('--config', config, '-d', 'x', env=turkish).code == 2
    result = stream('--input-format', 'envelopes', server.url(), lines=[json.dumps({'body': 'x', 'headers': headers})],
                    env=turkish)
    assert list(refusals(result.events)) == [1]
    assert server.requests == []


# ---- One of each

@pytest.mark.parametrize('name', spellings('Idempotency-Key'))
def test_key_of_the_user_is_the_only_one(server, turkish, directory, name):
    config = write(directory, {'endpoints': [{'url': server.url(), 'headers': {name: 'mine'}}]})
    envelope = json.dumps({'body': 'x', 'headers': {name: 'mine'}})
    assert run('-d', 'x', '-H', f'{name}: mine', server.url(), env=turkish).code == 0
    assert run('--config', config, '-d', 'x', env=turkish).code == 0
    assert stream('--input-format', 'envelopes', server.url(), lines=[envelope], env=turkish).code == 0
    assert [values(request.headers, 'Idempotency-Key') for request in server.requests] == [['mine']] * 3


@pytest.mark.parametrize('name', spellings('X-Id'))
def test_header_of_the_nearer_place_wins(server, turkish, directory, name):
    config = write(directory, {'defaults': {'headers': {'X-Id': 'default'}},
                               'endpoints': [{'url': server.url(), 'headers': {name: 'file'}}]})
    envelope = json.dumps({'body': 'x', 'headers': {name: 'message'}})
    assert run('--config', config, '-d', 'x', env=turkish).code == 0
    assert run('--config', config, '-d', 'x', '-H', f'{name}: option', env=turkish).code == 0
    assert stream('--input-format', 'envelopes', '--config', config, lines=[envelope], env=turkish).code == 0
    assert [values(request.headers, 'X-Id') for request in server.requests] == [['file'], ['option'], ['message']]


@pytest.mark.parametrize('name', ['Authorization', 'authorization', 'AUTHORIZATION'])
def test_credentials_of_an_option_replace_the_header_of_the_file(server, turkish, directory, name):
    config = write(directory, {'endpoints': [{'url': server.url(), 'headers': {name: 'Basic file'}}]})
    assert run('--config', config, '-d', 'x', '--oauth2-bearer', 'option', env=turkish).code == 0
    assert values(server.requests[0].headers, 'Authorization') == ['Bearer option']


@pytest.mark.parametrize('name', ['Content-Type', 'content-type', 'CONTENT-TYPE'])
def test_json_type_gives_way_to_the_users(server, turkish, name):
    assert run('--json', '{}', '-H', f'{name}: application/x', server.url(), env=turkish).code == 0
    assert values(server.requests[0].headers, 'Content-Type') == ['application/x']


# ---- Hosts

def test_host_is_found_in_any_case(server, turkish):
    for given in (['--resolve', f'API.INVALID:{server.port}:127.0.0.1', f'http://api.invalid:{server.port}/'],
                  ['--connect-to', f'API.INVALID:80:127.0.0.1:{server.port}', 'http://api.invalid/'],
                  ['-x', 'http://127.0.0.1:1', '--noproxy', 'API.INVALID', '--resolve',
                   f'api.invalid:{server.port}:127.0.0.1', f'http://api.invalid:{server.port}/']):
        assert run_json('-d', 'x', *given, env=turkish).code == 0
