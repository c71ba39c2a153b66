"""How a request gets to its server: proxies, sockets, names and TLS, each with curl's meaning."""

from harness import run_json
from against_curl import assert_same, run_curl, sent_by_poolsend

import os
import ssl

import pytest

from certs import hashed_dir, make_ca, openssl
from server import Server, refused_port


@pytest.fixture
def server():
    with Server() as server:
        yield server


@pytest.fixture
def refused():
    with refused_port() as port:
        yield f'http://127.0.0.1:{port}'


# ---- Proxies

@pytest.mark.parametrize('arguments', [[], ['-d', 'a=1'], ['-X', 'PUT', '-d', 'a'], ['-u', 'user:password'],
                                       ['-H', 'X-One: 1'], ['-H', 'Host: other.example'],
                                       ['-H', 'Proxy-Connection:']],
                         ids=['GET', 'POST', 'PUT', 'with credentials', 'with a header', 'with another Host',
                              'with a header of the proxy removed'])
def test_request_to_a_proxy_is_that_of_curl(server, arguments):
    [request] = assert_same(server, '-x', server.url(), *arguments, 'http://api.example/path?q=1#f')
    assert request.target == 'http://api.example/path?q=1'


@pytest.mark.parametrize('proxy', ['http://127.0.0.1:{}', '127.0.0.1:{}', 'http://127.0.0.1:{}/',
                                   'http://user:pass%3Aword@127.0.0.1:{}', 'http://user@127.0.0.1:{}'])
def test_proxy_is_written_as_for_curl(server, proxy):
    assert_same(server, '-x', proxy.format(server.port), 'http://api.example/')


def test_tunnel_is_asked_for_as_by_curl_and_secrets_stay_out_of_it(server):
    server.script('api.example:443', 'status=403')
    [request] = assert_same(server, '-x', server.url(), '-H', 'X-One: 1', '-H', 'Authorization: Bearer abc',
                            '-u', 'user:password', '-d', 'x', 'https://api.example/')
    assert (request.method, request.target) == ('CONNECT', 'api.example:443')
    assert request.header('Authorization') is None


@pytest.mark.parametrize('exempt', ['127.0.0.1', 'other.example,127.0.0.1', '*', '127.0.0.0/8'])
def test_noproxy_exempts_a_host_as_with_curl(server, refused, exempt):
    assert_same(server, '-x', refused, '--noproxy', exempt, server.url())


@pytest.mark.parametrize('exempt', ['', 'other.example', '127.0.0.2'])
def test_noproxy_of_others_leaves_the_proxy_as_with_curl(server, refused, exempt):
    assert_same(server, '-x', server.url(), '--noproxy', exempt, f'{refused}/')


@pytest.mark.parametrize('name', ['http_proxy', 'all_proxy', 'ALL_PROXY'])
def test_proxy_of_the_environment_is_used_as_by_curl(server, name):
    [request] = assert_same(server, 'http://api.example/', env={name: server.url()})
    assert request.target == 'http://api.example/'


@pytest.mark.parametrize('environment', [{'HTTP_PROXY': 'refused'}, {'https_proxy': 'refused'},
                                         {'http_proxy': 'refused', 'no_proxy': '127.0.0.1'},
                                         {'http_proxy': 'refused', 'NO_PROXY': '*'}],
                         ids=['HTTP_PROXY, which a web server may set', 'one for https', 'an exemption',
                              'an exemption of all'])
def test_proxy_of_the_environment_is_passed_by_as_by_curl(server, refused, environment):
    proxies = {name: value.replace('refused', refused) for name, value in environment.items()}
    assert_same(server, server.url(), env=proxies)


def test_empty_x_overrides_the_environment_as_with_curl(server, refused):
    assert_same(server, '-x', '', server.url(), env={'http_proxy': refused})


def test_empty_noproxy_overrides_the_environment_as_with_curl(server, refused):
    assert_same(server, '--noproxy', '', f'{refused}/', env={'http_proxy': server.url(), 'no_proxy': '*'})


# ---- Sockets and names

@pytest.mark.parametrize('arguments', [[], ['-d', 'x']], ids=['GET', 'POST'])
def test_unix_socket_is_used_as_by_curl(tmp_path, arguments):
    path = tmp_path / 'socket'
    with Server(unix=path) as server:
        assert_same(server, '--unix-socket', path, *arguments, 'http://api.example/path')


def test_resolve_gives_the_address_as_with_curl(server):
    [request] = assert_same(server, '--resolve', f'api.example:{server.port}:127.0.0.1',
                            f'http://api.example:{server.port}/')
    assert request.header('Host') == f'api.example:{server.port}'


def test_resolve_is_repeated_as_with_curl(server):
    assert_same(server, '--resolve', 'other.example:80:127.0.0.9', '--resolve', f'*:{server.port}:127.0.0.1',
                f'http://api.example:{server.port}/')


@pytest.mark.parametrize('rule', ['api.example:80:127.0.0.1:{}', '::127.0.0.1:{}', 'api.example::127.0.0.1:{}',
                                  ':80:127.0.0.1:{}'])
def test_connect_to_diverts_as_with_curl(server, rule):
    [request] = assert_same(server, '--connect-to', rule.format(server.port), 'http://api.example/')
    assert request.header('Host') == 'api.example'


def test_connect_to_of_another_host_diverts_nothing_as_with_curl(server, refused):
    assert_same(server, '--connect-to', 'other.example:80:127.0.0.1:1', server.url())


@pytest.mark.skipif(os.environ.get('IDN') == '0', reason='built without libidn2')
def test_international_name_is_encoded_as_by_curl(server):
    [request] = assert_same(server, '--connect-to', f'::127.0.0.1:{server.port}', 'http://b\u00fccher.example/',
                            env={'LC_ALL': 'C.UTF-8'})
    assert request.header('Host') == 'xn--bcher-kva.example'


# ---- TLS

@pytest.fixture(scope='module')
def ca(tmp_path_factory):
    return make_ca(tmp_path_factory.mktemp('ca'))


@pytest.fixture(scope='module')
def clients(tmp_path_factory):
    """A directory of client certificates and keys, in several forms."""
    directory = tmp_path_factory.mktemp('clients')
    new_client(directory, 'client.pem', 'client.key', '-nodes')
    new_client(directory, 'locked.pem', 'locked.key', '-passout', 'pass:sec:ret')
    for name in ('client', 'locked'):
        both = (directory / f'{name}.pem').read_text() + (directory / f'{name}.key').read_text()
        (directory / f'{name}-both.pem').write_text(both)
    (directory / 'with:colon.pem').write_text((directory / 'client-both.pem').read_text())
    (directory / 'with\\slash.pem').write_text((directory / 'client-both.pem').read_text())
    return directory


def new_client(directory, certificate, key, *protection):
    openssl('req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', *protection, '-days', '2',
            '-subj', '/CN=client', '-keyout', directory / key, '-out', directory / certificate)


@pytest.fixture
def secure(ca):
    with Server(tls=ca.issue()) as server:
        yield server


@pytest.fixture
def demanding(ca, clients, monkeypatch):
    """A server that wants a certificate of its client, with those files in the working directory."""
    server = Server(tls=ca.issue())
    server.context.verify_mode = ssl.CERT_REQUIRED
    for name in ('client.pem', 'locked.pem'):
        server.context.load_verify_locations(clients / name)
    monkeypatch.chdir(clients)
    with server:
        yield server


def test_cacert_makes_a_server_trusted_as_with_curl(secure, ca):
    assert_same(secure, '--cacert', ca.cert, '-d', 'x', secure.url())


def test_capath_makes_a_server_trusted_as_with_curl(secure, ca, tmp_path):
    assert_same(secure, '--capath', hashed_dir(tmp_path / 'trusted', ca), secure.url())


def test_k_trusts_anybody_as_with_curl(secure):
    assert_same(secure, '-k', '-d', 'x', secure.url())


@pytest.mark.parametrize('name', ['CURL_CA_BUNDLE', 'SSL_CERT_FILE'])
def test_environment_makes_a_server_trusted_as_with_curl(secure, ca, name):
    assert_same(secure, secure.url(), env={name: str(ca.cert)})


def test_SSL_CERT_DIR_makes_a_server_trusted_as_with_curl(secure, ca, tmp_path):
    assert_same(secure, secure.url(), env={'SSL_CERT_DIR': str(hashed_dir(tmp_path / 'trusted', ca))})


@pytest.mark.parametrize('issued', ['by a stranger', 'in the past', 'for another host'])
def test_server_that_cannot_be_trusted_gets_nothing(ca, tmp_path, issued):
    certificate = {
        'by a stranger': lambda: make_ca(tmp_path / 'stranger').issue(),
        'in the past': lambda: ca.issue(expired=True),
        'for another host': lambda: ca.issue(['other.example']),
    }[issued]()
    with Server(tls=certificate) as server:
        result = run_json('--cacert', ca.cert, '-d', 'x', server.url())
        assert result.fates == [('unreached', 'tls')]
        assert result.code == 1
        assert server.count() == 0


def test_a_CA_of_the_users_replaces_those_of_the_system(secure, tmp_path):
    other = make_ca(tmp_path / 'other')
    assert run_json('--cacert', other.cert, secure.url()).fates == [('unreached', 'tls')]


@pytest.mark.parametrize('arguments', [
    ['-E', 'client-both.pem'],
    ['-E', 'client.pem', '--key', 'client.key'],
    ['-E', 'locked-both.pem:sec:ret'],
    ['-E', 'locked.pem:sec:ret', '--key', 'locked.key'],
    ['-E', r'with\:colon.pem'],
    ['-E', r'with\\slash.pem'],
    ['-E', r'with\slash.pem'],
    ['-E', 'client-both.pem:'],
    ['--cert', './client-both.pem:unneeded'],
], ids=' '.join)
def test_client_certificate_is_shown_as_by_curl(demanding, ca, arguments):
    assert_same(demanding, '--cacert', ca.cert, *arguments, '-d', 'x', demanding.url())


@pytest.mark.parametrize('arguments', [[], ['-E', 'locked-both.pem:wrong'],
                                       ['-E', 'client.pem', '--key', 'locked.key']],
                         ids=['no certificate', 'a wrong password', 'a key that does not fit'])
def test_client_that_cannot_prove_itself_sends_nothing_as_with_curl(demanding, ca, arguments):
    everything = ['--cacert', ca.cert, *arguments, '-d', 'x', demanding.url()]
    assert run_curl(*everything).returncode != 0
    assert sent_by_poolsend(demanding, *everything) == []
