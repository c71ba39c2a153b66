"""Only http and https, however a URL comes in: as an argument, in a file, as a proxy, or from a server's redirect."""

import json
import socket
from urllib.parse import quote

import pytest

from harness import run, run_json
import tried

from certs import make_ca
from server import Server

OTHERS = ['file', 'ftp', 'ftps', 'gopher', 'gophers', 'dict', 'scp', 'sftp', 'ldap', 'ldaps', 'smb', 'telnet', 'tftp',
          'imap', 'pop3', 'smtp', 'rtsp', 'rtmp', 'mqtt', 'ws', 'wss', 'data', 'javascript', 'jar', 'httpx',
          'https+unix', 'xhttp']


def spellings(scheme):
    return scheme, scheme.upper(), scheme.title()


@pytest.fixture
def server():
    with Server() as server:
        yield server


@pytest.fixture
def other():
    """A port that another protocol would go to, to see that nobody comes."""
    with socket.create_server(('127.0.0.1', 0)) as listener:
        listener.setblocking(False)
        yield listener


def assert_nobody_came(listener):
    with pytest.raises(BlockingIOError):
        listener.accept()


def urls_of(scheme, listener):
    authority = f'127.0.0.1:{listener.getsockname()[1]}'
    yield from (f'{spelling}://{authority}/' for spelling in spellings(scheme))
    yield from (f'{scheme}:{authority}/', f'{scheme}:/{authority}/')


@pytest.mark.parametrize('scheme', OTHERS)
def test_argument_is_refused_with(other, scheme):
    for url in urls_of(scheme, other):
        tried.count('URLs of other schemes')
        result = run('-d', 'x', url)
        assert result.code == 2
        assert 'it must begin with http:// or https://' in result.err
    assert_nobody_came(other)


@pytest.mark.parametrize('url', ['{}', '//{}/', '/{}', '{}/http://', '://{}', ':{}', 'http:{}', 'http:/{}',
                                 'https:\\\\{}', 'http:///{}',
                                 'http:////{}/', 'h ttp://{}', 'http//{}', 'localhost', ''])
def test_argument_is_refused_without_a_scheme_and_a_host(other, url):
    result = run('-d', 'x', url.format(f'127.0.0.1:{other.getsockname()[1]}'))
    assert result.code == 2
    assert_nobody_came(other)


@pytest.mark.parametrize('scheme', OTHERS)
def test_configuration_is_refused_with(other, tmp_path, scheme):
    for place in ('endpoints', 'a template'):
        url = next(urls_of(scheme, other)) + ('{{/a}}' if place == 'a template' else '')
        (tmp_path / 'apis.json').write_text(json.dumps({'endpoints': [{'url': url}]}))
        result = run('--config', tmp_path / 'apis.json', '-d', '{"a":1}')
        assert result.code == 2
        assert 'line 1: /endpoints/0' in result.err and 'http:// or https://' in result.err
    assert_nobody_came(other)


@pytest.mark.parametrize('scheme', [*OTHERS, 'socks', 'socks6'])
def test_proxy_is_refused_with(other, scheme):
    for spelling in spellings(scheme):
        tried.count('URLs of other schemes')
        result = run('-d', 'x', '-x', f'{spelling}://127.0.0.1:{other.getsockname()[1]}', 'http://api.example/')
        assert result.code == 2
        assert 'proxy' in result.err
    assert_nobody_came(other)


@pytest.mark.parametrize('scheme', OTHERS)
def test_proxy_of_the_environment_is_not_used_with(other, scheme):
    result = run_json('-d', 'x', 'http://api.example/',
                      env={'http_proxy': f'{scheme}://127.0.0.1:{other.getsockname()[1]}'})
    assert result.fates[0][0] == 'unreached'
    assert_nobody_came(other)


@pytest.mark.parametrize('scheme', ['HTTP', 'Http', 'hTTp'])
def test_http_is_taken_in_any_case(server, scheme):
    result = run_json('-d', 'x', server.url('/').replace('http', scheme, 1))
    assert result.fates == [('delivered', 'ok')]


@pytest.mark.parametrize('scheme', ['HTTPS', 'Https', 'hTTpS'])
def test_https_is_taken_in_any_case_and_verified(tmp_path, scheme):
    with Server(tls=make_ca(tmp_path).issue()) as server:
        url = server.url('/').replace('https', scheme, 1)
        assert run_json('-d', 'x', url).fates == [('unreached', 'tls')]
        assert run_json('-k', '-d', 'x', url).fates == [('delivered', 'ok')]
        assert server.count() == 1


# ---- Redirects

@pytest.mark.parametrize('scheme', OTHERS)
def test_redirect_is_not_followed_to(server, other, scheme):
    urls = spellings(f'{scheme}://127.0.0.1:{other.getsockname()[1]}/')
    for number, status in enumerate((301, 302, 303, 307, 308)):
        before = server.count()
        server.script('/from', f'status={status}&redirect={quote(urls[number % 3])}')
        tried.count('redirects to other schemes')
        result = run_json('-L', '-d', 'x', server.url('/from'))
        assert result.fates == [('unknown' if status == 303 else 'rejected', 'redirect')]
        assert server.count() == before + 1
    assert_nobody_came(other)


@pytest.mark.parametrize('location', ['javascript:alert(1)', 'data:text/plain,a', 'file:/etc/passwd',
                                      'file:etc/passwd', 'mailto:a@b',
                                      'about:blank', 'FILE:///etc/passwd', 'file://localhost/etc/passwd',
                                      '\\\\host\\share'])
def test_redirect_leads_nowhere_but_to_the_same_server_by(server, tmp_path, location):
    """What has no // is a path for some readers."""
    server.script('/from', f'status=307&redirect={location.replace("%", "%25")}')
    result = run_json('-L', '-d', 'x', server.url('/from'))
    assert 'root:' not in result.out
    assert {request.header('Host') for request in server.requests} == {f'127.0.0.1:{server.port}'}
    assert result.fates in ([('rejected', 'redirect')], [('delivered', 'ok')])


@pytest.mark.parametrize('scheme', ['file', 'FTP', 'Gopher', 'dict', 'ldap'])
def test_chain_of_redirects_ends_before(server, other, scheme):
    server.script('/from', 'status=307&redirect=/b')
    server.script('/b', 'status=307&redirect=/c')
    server.script('/c', f'status=308&redirect={scheme}://127.0.0.1:{other.getsockname()[1]}/')
    result = run_json('-L', '-d', 'x', server.url('/from'))
    assert result.fates == [('rejected', 'redirect')]
    assert [request.path for request in server.requests] == ['/from', '/b', '/c']
    assert_nobody_came(other)


@pytest.mark.parametrize('scheme', ['HTTP', 'Http'])
def test_redirect_is_followed_to_http_in_any_case(server, scheme):
    server.script('/from', f'status=307&redirect={scheme}://127.0.0.1:{server.port}/to')
    assert run_json('-L', '-d', 'x', server.url('/from')).fates == [('delivered', 'ok')]
    assert [request.path for request in server.requests] == ['/from', '/to']


def test_redirect_without_L_is_an_answer_like_any(server, other):
    server.script('/from', f'redirect=file://127.0.0.1:{other.getsockname()[1]}/')
    assert run_json('-d', 'x', server.url('/from')).fates == [('rejected', 'status')]
    assert_nobody_came(other)
