"""What the program takes from its environment, and what it does not."""

import json

import pytest

from harness import ROOT, run, run_json

from certs import hashed_dir, make_ca
from server import Server, refused_port

PROXIES = ['http_proxy', 'https_proxy', 'HTTPS_PROXY', 'all_proxy', 'ALL_PROXY']


@pytest.fixture(scope='module')
def authority(tmp_path_factory):
    return make_ca(tmp_path_factory.mktemp('ca'))


@pytest.fixture
def tls(authority):
    with Server(tls=authority.issue(['127.0.0.1'])) as server:
        yield server


@pytest.fixture
def plain():
    with Server() as server:
        yield server


@pytest.mark.parametrize('arguments', [['send'], ['stream']], ids=' '.join)
def test_no_key_of_TLS_is_written_where_SSLKEYLOGFILE_says(tls, tmp_path, arguments):
    keys = tmp_path / 'keys'
    body = ['-d', 'x'] if arguments == ['send'] else []
    result = run(*arguments, '-k', *body, tls.url(), env={'SSLKEYLOGFILE': str(keys)}, stdin='x\n')
    assert result.code == 0
    assert tls.count() == 1
    assert not keys.exists()


@pytest.mark.parametrize('variable', ['CURL_CA_BUNDLE', 'SSL_CERT_FILE', 'SSL_CERT_DIR'])
def test_certificates_of_the_environment_are_trusted(tls, authority, tmp_path, variable):
    value = hashed_dir(tmp_path / 'trusted', authority) if variable == 'SSL_CERT_DIR' else authority.cert
    assert run_json('-d', 'x', tls.url()).fates == [('unreached', 'tls')]
    assert run_json('-d', 'x', tls.url(), env={variable: str(value)}).fates == [('delivered', 'ok')]


def test_certificates_of_an_option_are_trusted_instead_of_those_of_the_environment(tls, authority, tmp_path):
    stranger = make_ca(tmp_path / 'stranger').cert
    env = {'CURL_CA_BUNDLE': str(authority.cert)}
    assert run_json('--cacert', stranger, '-d', 'x', tls.url(), env=env).fates == [('unreached', 'tls')]


@pytest.mark.parametrize('config', [{'insecure': True}, {'defaults': {'insecure': True}}, {'cacert': '/dev/null'},
                                    {'insecure': False}], ids=str)
def test_certificates_of_the_environment_are_looked_for_only_where_they_are_wanted(tls, tmp_path, config):
    url = {'endpoints': [{'url': tls.url()}]}
    (tmp_path / 'config.json').write_text(json.dumps({**config, **url}))
    result = run('--config', str(tmp_path / 'config.json'), '--dry-run', env={'CURL_CA_BUNDLE': '/missing'})
    if config == {'insecure': False}:
        assert result.code == 2
        assert "poolsend: CURL_CA_BUNDLE: '/missing': No such file" in result.err
    else:
        assert (result.code, result.err) == (0, '')


@pytest.mark.parametrize('variable', ['CURL_CA_BUNDLE', 'SSL_CERT_FILE', 'SSL_CERT_DIR'])
def test_empty_variable_is_none(tls, variable):
    assert run_json('-d', 'x', tls.url(), env={variable: ''}).fates == [('unreached', 'tls')]


def test_files_of_curl_and_netrc_are_not_read(plain, tmp_path):
    """Wherever curl would look for them."""
    (tmp_path / '.config').mkdir()
    for name in ('.curlrc', '_curlrc', 'curlrc', '.config/curlrc'):
        (tmp_path / name).write_text('header = "X-Evil: 1"\nproxy = "http://127.0.0.1:1"\nuser = "evil:evil"\n')
    for name in ('.netrc', '_netrc', 'netrc'):
        (tmp_path / name).write_text('machine 127.0.0.1 login evil password evil\ndefault login evil password evil\n')
        (tmp_path / name).chmod(0o600)
    env = {'HOME': str(tmp_path), 'CURL_HOME': str(tmp_path), 'XDG_CONFIG_HOME': str(tmp_path / '.config'),
           'NETRC': str(tmp_path / '.netrc')}
    assert run('-d', 'x', plain.url(), env=env).code == 0
    request, = plain.requests
    assert request.header('X-Evil') is None and request.header('Authorization') is None


def test_files_of_its_own_are_not_read_unless_named(plain, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name in ('.poolsendrc', 'poolsend.json', '.poolsend', '.poolsend.json', 'config.json'):
        (tmp_path / name).write_text(json.dumps({'defaults': {'headers': {'X-Evil': '1'}}}))
    env = {'HOME': str(tmp_path), 'XDG_CONFIG_HOME': str(tmp_path)}
    assert run('-d', 'x', plain.url(), env=env).code == 0
    assert plain.requests[0].header('X-Evil') is None


def test_HTTP_PROXY_in_capitals_is_ignored(plain):
    """A web server may set it from a header of a request (httpoxy)."""
    with refused_port() as dead:
        proxy = {'HTTP_PROXY': f'http://127.0.0.1:{dead}'}
        assert run_json('-d', 'x', plain.url(), env=proxy).fates == [('delivered', 'ok')]


@pytest.mark.parametrize('variable', ['http_proxy', 'all_proxy', 'ALL_PROXY'])
def test_proxy_of_the_environment_is_heeded_and_no_proxy_too(plain, variable):
    with refused_port() as dead:
        env = {variable: f'http://127.0.0.1:{dead}'}
        assert run_json('-d', 'x', plain.url(), env=env).fates[0][0] == 'unreached'
        for exempt in ('no_proxy', 'NO_PROXY'):
            assert run_json('-d', 'x', plain.url(), env={**env, exempt: '127.0.0.1'}).fates == [('delivered', 'ok')]
        assert run_json('-x', '', '-d', 'x', plain.url(), env=env).fates == [('delivered', 'ok')]


def test_nothing_of_an_id_or_a_key_comes_from_the_environment(plain):
    """Nor are there variables of its own: all that begin with its name change nothing."""
    env = {name: 'evil' for name in ('POOLSEND_TOKEN', 'POOLSEND_OPTIONS', 'POOLSEND_CONFIG', 'POOLSEND_PROXY')}
    assert run('-d', 'x', plain.url(), env=env).code == 0
    assert 'evil' not in str(plain.requests[0].headers)


# ---- What is written of it

@pytest.mark.parametrize('name', ['SSLKEYLOGFILE', *(name for name in PROXIES if name.islower()), 'no_proxy'])
def test_header_says_what_the_library_makes_of(name):
    assert name in (ROOT / 'include' / 'poolsend.h').read_text()


@pytest.mark.parametrize('name', ['http_proxy', 'https_proxy', 'all_proxy', 'no_proxy', 'CURL_CA_BUNDLE',
                                  'SSL_CERT_DIR', 'SSL_CERT_FILE', 'SSLKEYLOGFILE'])
def test_manual_says_what_the_program_makes_of(name):
    assert name in (ROOT / 'src' / 'doc' / 'poolsend.1.in').read_text()
