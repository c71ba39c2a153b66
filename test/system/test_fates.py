"""What became of an attempt, told from evidence: what the server saw is the judge."""

import contextlib
import socket
import threading

import pytest

from harness import run_json

from certs import make_ca
from server import Server, refused_port

# What the server does with the only request -> fate, reason, how often it saw the request, exit status.
MISBEHAVIOUR = {
    'answers 200': ('', 'delivered', 'ok', 1, 0),
    'answers 404': ('status=404', 'rejected', 'status', 1, 1),
    'answers 302 and redirects are not followed': ('redirect=/x', 'rejected', 'status', 1, 1),
    'answers 502': ('status=502', 'unknown', 'gateway', 1, 4),
    'answers 504': ('status=504', 'unknown', 'gateway', 1, 4),
    'closes before reading the body': ('close=before', 'unknown', 'reset', 1, 4),
    'closes without an answer': ('close=after', 'unknown', 'reset', 1, 4),
    'resets before reading the body': ('reset=before', 'unknown', 'reset', 1, 4),
    'resets without an answer': ('reset=after', 'unknown', 'reset', 1, 4),
    'cuts the header': ('headers=cut', 'unknown', 'reset', 1, 4),
    'cuts the body of a success': ('body_cut=3&body=0123456789', 'delivered', 'truncated', 1, 0),
    'cuts the body of a failure': ('status=400&body_cut=3&body=0123456789', 'rejected', 'status', 1, 1),
    'breaks the chunking of a success': ('chunk=bad&keepalive=0', 'delivered', 'truncated', 1, 0),
    'answers garbage': ('garbage=1&keepalive=0', 'unknown', 'protocol', 1, 4),
    'sends a header that is too big': ('headers=big:1000000', 'unknown', 'protocol', 1, 4),
    'sends headers without end': ('headers=endless', 'unknown', 'protocol', 1, 4),
    'floods with interim answers': ('continue=100000', 'unknown', 'protocol', 1, 4),
    'sends some interim answers first': ('continue=3', 'delivered', 'ok', 1, 0),
    'hangs': ('hang=request', 'unknown', 'timeout', 1, 4),
    'hangs in the body of a success': ('hang=body', 'delivered', 'truncated', 1, 0),
    'drips the header': ('headers=drip', 'unknown', 'timeout', 1, 4),
    'drips the body of a success': ('drip=0.2&size=100', 'delivered', 'truncated', 1, 0),
    'sends a body without end': ('body_endless=1', 'delivered', 'ok', 1, 0),
}


@pytest.mark.parametrize('case', MISBEHAVIOUR)
def test_server_that(case):
    query, fate, reason, seen, code = MISBEHAVIOUR[case]
    with Server() as server:
        result = run_json('--attempt-timeout', '0.7', '-d', 'x', server.url(f'/?{query}'))
        assert result.fates == [(fate, reason)]
        assert result.code == code
        assert server.count() == seen


@pytest.mark.parametrize('mode, fate, reason', [
    ('hang', 'unknown', 'timeout'),
    ('blackhole', 'unreached', 'timeout'),
    ('close', None, 'reset'),
    ('reset', None, 'reset'),
])
def test_listener_that_does_not_serve(mode, fate, reason):
    with Server(mode=mode) as server:
        result = run_json('--attempt-timeout', '0.7', '-d', 'x', server.url('/'))
    assert result.code != 0
    (found,) = result.fates
    assert found[1] in (reason, 'connect')
    if fate:
        assert found[0] == fate
    if found[0] == 'unreached':
        assert result.settled['attempts'][0]['bytes_sent'] == 0


def test_refused_connection_is_unreached():
    with refused_port() as port:
        result = run_json('-d', 'x', f'http://127.0.0.1:{port}/')
    assert result.fates == [('unreached', 'connect')]
    assert result.settled['attempts'][0]['error']


def test_name_that_does_not_resolve_is_unreached():
    result = run_json('-d', 'x', '--attempt-timeout', '5', 'http://no-such-host.invalid/')
    assert result.fates[0][0] == 'unreached'
    assert result.fates[0][1] in ('resolve', 'timeout')


@contextlib.contextmanager
def raw_server(answer):
    """Reads one request and sends these bytes."""
    with socket.create_server(('127.0.0.1', 0)) as listener:
        def serve():
            connection, _ = listener.accept()
            with connection:
                connection.recv(65536)
                connection.sendall(answer)
        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield f'http://127.0.0.1:{listener.getsockname()[1]}/'
        thread.join(10)


@pytest.mark.parametrize('answer, fate, status', [
    (b'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nHTTP/1.1 500 No: x\r\n\r\n', 'delivered', 200),
    (b'HTTP/1.1 500 No\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nHTTP/1.1 200 OK: x\r\n\r\n', 'rejected', 500),
    (b'HTTP/1.1 500 No\r\nHTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n', 'unknown', None),
], ids=['trailer after a success', 'trailer after a failure', 'header'])
def test_status_line_is_no_answer_when_it_is_a(answer, fate, status):
    with raw_server(answer) as url:
        result = run_json('-d', 'x', url)
    attempt = result.settled['attempts'][0]
    assert (attempt['fate'], attempt['status']) == (fate, status)


# ---- Sent once, never twice


def test_request_on_a_kept_connection_that_is_closed_without_an_answer_is_seen_once():
    with Server() as server:
        server.script('/', 'status=503', 'close=after', 'status=200')
        result = run_json('--retry', '1', '--retry-delay', '0.05', '-d', 'x', server.url('/'))
        first, second = server.requests
        assert first.connection == second.connection
        assert result.fates == [('rejected', 'status'), ('unknown', 'reset')]
        assert result.code == 4


def test_kept_connection_that_has_died_meanwhile_is_replaced_before_anything_is_sent():
    with Server() as server:
        server.script('/', 'status=503&keepalive=lie', 'status=200')
        result = run_json('--retry', '1', '--retry-delay', '0.2', '-d', 'x', server.url('/'))
        assert server.count() == 2
        assert server.connections == 2
        assert result.fates == [('rejected', 'status'), ('delivered', 'ok')]


def test_request_on_a_kept_tls_connection_that_is_closed_without_an_answer_is_seen_once(tmp_path):
    authority = make_ca(tmp_path)
    with Server(tls=authority.issue(names=['127.0.0.1'])) as server:
        server.script('/', 'status=503', 'close=after', 'status=200')
        result = run_json('--cacert', authority.cert, '--retry', '1', '--retry-delay', '0.05', '-d', 'x',
                          server.url('/'))
        first, second = server.requests
        assert first.connection == second.connection
        assert result.fates == [('rejected', 'status'), ('unknown', 'reset')]


def test_kept_tls_connection_that_has_died_meanwhile_is_replaced(tmp_path):
    authority = make_ca(tmp_path)
    with Server(tls=authority.issue(names=['127.0.0.1'])) as server:
        server.script('/', 'status=503&keepalive=lie', 'status=200')
        result = run_json('--cacert', authority.cert, '--retry', '1', '--retry-delay', '0.2', '-d', 'x',
                          server.url('/'))
        assert server.count() == 2
        assert result.fates == [('rejected', 'status'), ('delivered', 'ok')]


# ---- TLS


@pytest.fixture
def authority(tmp_path):
    return make_ca(tmp_path)


def test_certificate_of_a_known_authority_is_accepted(authority):
    with Server(tls=authority.issue(names=['127.0.0.1'])) as server:
        result = run_json('--cacert', authority.cert, '-d', 'x', server.url('/'))
    assert result.fates == [('delivered', 'ok')]
    assert result.settled['attempts'][0]['timings']['tls'] > 0


@pytest.mark.parametrize('names, expired, trusted', [
    (['127.0.0.1'], False, False),
    (['127.0.0.1'], True, True),
    (['other.example'], False, True),
], ids=['of an unknown authority', 'expired', 'for another name'])
def test_certificate_is_refused(authority, names, expired, trusted):
    with Server(tls=authority.issue(names=names, expired=expired)) as server:
        trust = ['--cacert', authority.cert] if trusted else []
        result = run_json(*trust, '-d', 'x', server.url('/'))
        assert result.fates == [('unreached', 'tls')]
        assert result.settled['attempts'][0]['bytes_sent'] == 0
        assert server.count() == 0


def test_insecure_accepts_any_certificate(authority):
    with Server(tls=authority.issue(names=['other.example'], expired=True)) as server:
        assert run_json('-k', '-d', 'x', server.url('/')).code == 0


def test_tls_handshake_that_hangs_is_unreached():
    with Server(mode='hang') as server:
        result = run_json('-k', '--attempt-timeout', '0.5', '-d', 'x', f'https://127.0.0.1:{server.port}/')
    assert result.fates == [('unreached', 'timeout')]


# ---- Proxies


def test_proxy_that_refuses_the_tunnel_leaves_the_api_unreached():
    with Server() as proxy:
        result = run_json('-x', proxy.url('/'), '-d', 'x', 'https://127.0.0.1:1/')
    assert result.fates[0][0] == 'unreached'


# ---- The account


def test_account_names_sizes_and_times():
    with Server() as server:
        result = run_json('-d', 'x' * 1000, server.url('/?delay=0.2'))
        attempt = result.settled['attempts'][0]
        request = server.requests[0]
        head = sum(len(f'{name}: {value}\r\n') for name, value in request.headers) + len('POST /?delay=0.2 HTTP/1.1\r\n\r\n')
        assert attempt['bytes_sent'] == head + 1000
        timings = attempt['timings']
        assert 0 <= timings['connect'] <= timings['sent'] <= timings['first_byte'] <= timings['total']
        assert timings['first_byte'] >= 0.2
        assert timings['tls'] is None


@pytest.mark.parametrize('query', ['hang=request', 'close=after'])
def test_account_has_no_first_byte_when_none_came(query):
    with Server() as server:
        result = run_json('--answer-wait', '0.2', '--hedge-delay', '0.1', '-d', 'x', server.url(f'/?{query}'))
    assert result.settled['attempts'][0]['timings']['first_byte'] is None


def test_account_counts_the_bytes_of_a_large_body():
    with Server() as server:
        result = run_json('--data-binary', '@-', server.url('/'), stdin='x' * 3000000)
        sent = result.settled['attempts'][0]['bytes_sent']
        assert 3000000 < sent < 3000500


def test_nothing_is_listed_that_was_never_tried():
    with Server() as first, Server() as second:
        result = run_json('-d', 'x', first.url('/'), second.url('/'))
        assert len(result.settled['attempts']) == 1
        assert second.connections == 0
