"""The scripted server does what its docstring says, key by key."""

import base64
from contextlib import ExitStack, closing, contextmanager, suppress
from http.client import HTTPConnection, HTTPSConnection
import json
import os
from pathlib import Path
import queue
import select
import signal
import socket
import ssl
import subprocess
import sys
import threading
import time

import pytest

from certs import hashed_dir, make_ca
from server import KEYS, MODES, Server, has_ipv6, parse_step, port_everywhere, refused_port

GET = b'GET %s HTTP/1.1\r\nHost: test\r\n\r\n'
PATIENCE = 5    # seconds for what must happen
SILENCE = 0.15  # seconds in which something must not happen


@pytest.fixture
def server():
    with Server() as running:
        yield running


@pytest.fixture(scope='module')
def ca(tmp_path_factory):
    return make_ca(tmp_path_factory.mktemp('ca'))


@pytest.fixture(scope='module')
def certificate(ca):
    return ca.issue()


@pytest.fixture
def tls_server(certificate):
    with Server(tls=certificate) as running:
        yield running


class Reply:
    """An answer as http.client read it."""

    def __init__(self, response):
        self.status = response.status
        self.headers = response.getheaders()
        self.header = response.getheader
        self.body = response.read()

    def json(self):
        return json.loads(self.body)


def ask(connection, target='/', method='GET', body=None, headers=None, **options):
    connection.request(method, target, body, headers or {}, **options)
    return Reply(connection.getresponse())


@contextmanager
def client(server):
    with closing(HTTPConnection(server.host, server.port, timeout=PATIENCE)) as connection:
        yield connection


def fetch(server, target, *arguments, **options):
    with client(server) as connection:
        return ask(connection, target, *arguments, **options)


@contextmanager
def dial(server):
    with socket.create_connection((server.host, server.port), PATIENCE) as sock:
        yield sock


def get(sock, target):
    sock.sendall(GET % target.encode())


def read_to_end(sock):
    """All that comes before FIN.  RST raises ConnectionResetError."""
    return b''.join(iter(lambda: sock.recv(65536), b''))


def read_until(sock, mark):
    received = b''
    while mark not in received:
        piece = sock.recv(65536)
        assert piece, f'the end came before {mark!r}, after {received!r}'
        received += piece
    return received


def is_silent(sock):
    """Whether neither bytes nor the end of the connection come."""
    return not select.select([sock], [], [], SILENCE)[0]


def conversation(server, target):
    """All bytes that come before FIN in answer to one GET."""
    with dial(server) as sock:
        get(sock, target)
        return read_to_end(sock)


def body_after_head(answer):
    return answer.partition(b'\r\n\r\n')[2]


@contextmanager
def elapsed():
    """A list that in the end holds how many seconds the block took."""
    times = []
    start = time.monotonic()
    yield times
    times.append(time.monotonic() - start)


# The answer

def test_an_answer_without_keys_is_200_with_a_small_json_object(server):
    reply = fetch(server, '/some/path')
    assert reply.status == 200
    assert reply.header('Content-Type') == 'application/json'
    assert reply.body == b'{"ok":true,"path":"/some/path"}'


def test_status_chooses_the_status(server):
    assert fetch(server, '/?status=503').status == 503
    assert conversation(server, '/?status=599&keepalive=0').startswith(b'HTTP/1.1 599 \r\n')


def test_header_adds_headers_and_replaces_only_the_content_type(server):
    reply = fetch(server, '/?header=X-A:1&header=X-A:two%20words&header=Content-Type:text/css')
    assert reply.headers.count(('X-A', '1')) == 1
    assert reply.headers.count(('X-A', 'two words')) == 1
    assert [value for name, value in reply.headers if name == 'Content-Type'] == ['text/css']


def test_body_is_sent_byte_for_byte(server):
    assert fetch(server, '/?body=a+b%26c%00%ff').body == b'a b&c\x00\xff'
    assert fetch(server, '/?body=').body == b''


def test_size_makes_a_body_of_so_many_bytes(server):
    assert fetch(server, '/?size=100000').body == b'x' * 100000
    assert fetch(server, '/?size=0').body == b''


def test_echo_describes_the_request_as_it_was_received(server):
    body = b'caf\xe9\x00'
    reply = fetch(server, '/p?echo=1&mine', 'PATCH', body, {'X-Two': 'b', 'X-One': 'a'})
    assert reply.json() == {
        'method': 'PATCH',
        'target': '/p?echo=1&mine',
        'version': 'HTTP/1.1',
        'headers': [['Host', f'127.0.0.1:{server.port}'], ['Accept-Encoding', 'identity'],
                    ['Content-Length', '5'], ['X-Two', 'b'], ['X-One', 'a']],
        'body': body.decode('latin-1'),
        'body_base64': base64.b64encode(body).decode(),
    }


def test_redirect_names_a_location_with_302_or_another_status(server):
    reply = fetch(server, '/?redirect=http%3A%2F%2Fother%2F%3Fa%3D1%26b%3D2')
    assert (reply.status, reply.header('Location')) == (302, 'http://other/?a=1&b=2')
    assert fetch(server, '/?redirect=/x&status=308').status == 308


def test_chunked_sends_the_body_in_chunks(server):
    assert fetch(server, '/?chunked=1&size=70000').body == b'x' * 70000
    answer = conversation(server, '/?chunked=1&body=abcdef&keepalive=0')
    assert b'Content-Length' not in answer
    assert body_after_head(answer) == b'4\r\nabcd\r\n2\r\nef\r\n0\r\n\r\n'
    assert body_after_head(conversation(server, '/?chunked=1&body=&keepalive=0')) == b'0\r\n\r\n'


@pytest.mark.parametrize('method, query', [('HEAD', ''), ('HEAD', 'chunked=1'),
                                           ('GET', 'status=204'), ('GET', 'status=304')])
def test_an_answer_that_can_have_no_body_has_none(server, method, query):
    with dial(server) as sock:
        sock.sendall(f'{method} /?keepalive=0&{query} HTTP/1.1\r\n\r\n'.encode())
        assert body_after_head(read_to_end(sock)) == b''


# The request

def test_a_chunked_request_is_decoded(server):
    reply = fetch(server, '/?echo=1', 'POST', iter([b'one', b'two']), encode_chunked=True,
                  headers={'Transfer-Encoding': 'chunked'})
    assert reply.json()['body'] == 'onetwo'


def test_chunk_extensions_and_trailers_are_skipped(server):
    with dial(server) as sock:
        sock.sendall(b'POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n'
                     b'3;x=y\r\nabc\r\n0\r\nTrailer: z\r\n\r\n')
        assert read_to_end(sock).startswith(b'HTTP/1.1 200')
    assert server.requests[0].body == b'abc'


def test_pipelined_requests_are_answered_in_order(server):
    with dial(server) as sock:
        sock.sendall(GET % b'/?body=first' + GET % b'/?body=second&keepalive=0')
        answers = read_to_end(sock)
    assert answers.index(b'first') < answers.index(b'second')


def test_a_request_that_expects_100_continue_gets_it_before_its_body_is_read(server):
    with dial(server) as sock:
        sock.sendall(b'PUT / HTTP/1.1\r\nContent-Length: 3\r\nExpect: 100-continue\r\n\r\n')
        assert read_until(sock, b'\r\n\r\n') == b'HTTP/1.1 100 Continue\r\n\r\n'
        sock.sendall(b'abc')
        assert read_until(sock, b'}').startswith(b'HTTP/1.1 200')


@pytest.mark.parametrize('request_bytes', [
    b'GET /two words HTTP/1.1\r\n\r\n',
    b'GET / HTTP/2.0\r\n\r\n',
    b'GET / HTTP/1.1\r\nNo colon\r\n\r\n',
    b'GET / HTTP/1.1\r\nSpace : before colon\r\n\r\n',
    b'GET / HTTP/1.1\r\nA: b\nBare: newline\r\n\r\n',
    b'POST / HTTP/1.1\r\nContent-Length: +1\r\n\r\n',
    b'POST / HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 1\r\n\r\n',
    b'POST / HTTP/1.1\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n',
    b'POST / HTTP/1.1\r\nTransfer-Encoding: gzip\r\n\r\n',
    b'POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n0x3\r\nabc\r\n0\r\n\r\n',
    b'POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabcd\r\n0\r\n\r\n',
    b'GET / HTTP/1.1\r\nLong: ' + b'x' * (1 << 20),
])
def test_a_malformed_request_is_answered_400_and_fin(server, request_bytes):
    with dial(server) as sock:
        sock.sendall(request_bytes)
        assert read_to_end(sock).startswith(b'HTTP/1.1 400')


@pytest.mark.parametrize('query', ['delay=soon', 'delay=-1', 'delay=inf', 'status=x', 'header=x',
                                   'echo=yes', 'close=never', 'headers=big:', 'hang='])
def test_a_bad_value_is_answered_400_in_a_url_and_refused_in_a_script(server, query):
    reply = fetch(server, '/?' + query)
    assert reply.status == 400
    assert reply.body.decode().startswith(query + ': ')
    with pytest.raises(ValueError):
        server.script('/p', query)


def test_an_unknown_key_is_ignored_in_a_url_and_refused_in_a_script(server):
    assert fetch(server, '/?status=201&colour=red').status == 201
    with pytest.raises(ValueError, match='colour=red: no such key'):
        server.script('/p', 'status=201&colour=red')


# Scripts

def test_a_script_is_followed_step_by_step_and_its_last_step_repeats(server):
    server.script('/p', 'status=500', 'status=429&header=Retry-After:1', '')
    assert [fetch(server, '/p').status for _ in range(5)] == [500, 429, 200, 200, 200]


def test_a_script_is_for_its_path_alone_whatever_the_query(server):
    server.script('/p', 'status=500')
    assert fetch(server, '/p?status=201').status == 500
    assert fetch(server, '/q?status=201').status == 201


def test_a_script_is_written_in_utf_8(server):
    server.script('/p', 'body=é€')
    assert fetch(server, '/p').body.decode() == 'é€'


def test_a_new_script_replaces_the_old_one(server):
    server.script('/p', 'status=500')
    server.script('/p', 'status=501')
    assert fetch(server, '/p').status == 501


def test_a_script_without_a_step_is_refused(server):
    with pytest.raises(ValueError):
        server.script('/p')


# Time

def test_delay_holds_the_answer_back(server):
    with elapsed() as times:
        assert fetch(server, '/?delay=0.3&status=202').status == 202
    assert times[0] >= 0.3


def test_a_delayed_request_does_not_hold_others_back(server):
    with dial(server) as sock, elapsed() as times:
        get(sock, '/?delay=60')
        fetch(server, '/')
    assert times[0] < 60


def test_drip_sends_the_body_byte_by_byte(server):
    with elapsed() as times:
        assert fetch(server, '/?drip=0.05&body=abcdef').body == b'abcdef'
    assert times[0] >= 0.3


def test_a_dripped_chunked_body_has_a_chunk_for_each_byte(server):
    answer = conversation(server, '/?drip=0.01&chunked=1&body=ab&keepalive=0')
    assert body_after_head(answer) == b'1\r\na\r\n1\r\nb\r\n0\r\n\r\n'


def test_headers_drip_sends_the_head_byte_by_byte(server):
    with dial(server) as sock:
        get(sock, '/?headers=drip')
        with elapsed() as times:
            received = b''.join(sock.recv(100) for _ in range(8))
    assert received == b'HTTP/1.1'
    assert times[0] >= 0.3


# Closing and resetting

def test_close_before_sends_fin_with_the_body_unread(server):
    with dial(server) as sock:
        sock.sendall(b'POST /?close=before HTTP/1.1\r\nContent-Length: 1000000\r\n\r\nabc')
        assert read_to_end(sock) == b''
        sock.sendall(b'x' * 100000)
        assert read_to_end(sock) == b''
    assert not server.requests[0].complete
    assert server.requests[0].body == b''


def test_close_after_sends_fin_when_the_body_was_read(server):
    with dial(server) as sock:
        sock.sendall(b'POST /?close=after HTTP/1.1\r\nContent-Length: 3\r\n\r\n')
        assert is_silent(sock)
        sock.sendall(b'abc')
        assert read_to_end(sock) == b''
    assert server.requests[0].complete
    assert server.requests[0].body == b'abc'


def test_reset_before_sends_rst_with_the_body_unread(server):
    with dial(server) as sock:
        sock.sendall(b'POST /?reset=before HTTP/1.1\r\nContent-Length: 3\r\n\r\n')
        with pytest.raises(ConnectionResetError):
            sock.recv(1)
    assert not server.requests[0].complete


def test_reset_after_sends_rst_when_the_body_was_read(server):
    with dial(server) as sock:
        sock.sendall(b'POST /?reset=after HTTP/1.1\r\nContent-Length: 3\r\n\r\n')
        assert is_silent(sock)
        sock.sendall(b'abc')
        with pytest.raises(ConnectionResetError):
            sock.recv(1)
    assert server.requests[0].complete


def test_a_reset_does_not_wait_for_others_who_have_the_socket(server):
    with dial(server) as sock:
        get(sock, '/')
        assert sock.recv(1)
        (connection,) = server._open
        other = os.dup(connection._sock.fileno())
        try:
            sock.sendall(b'GET /?reset=after HTTP/1.1\r\n\r\n')
            with pytest.raises(ConnectionResetError):
                while sock.recv(1):
                    pass
        finally:
            os.close(other)


def test_an_end_without_an_answer_can_be_delayed(server):
    with elapsed() as times:
        assert conversation(server, '/?close=after&delay=0.2') == b''
    assert times[0] >= 0.2


def test_headers_cut_ends_after_one_header(server):
    answer = conversation(server, '/?headers=cut')
    assert answer == b'HTTP/1.1 200 OK\r\nServer: scripted\r\n'


def test_body_cut_ends_within_the_announced_body(server):
    answer = conversation(server, '/?body=abcdef&body_cut=2')
    assert b'Content-Length: 6\r\n' in answer
    assert body_after_head(answer) == b'ab'
    answer = conversation(server, '/?body=abcdef&body_cut=2&chunked=1')
    assert body_after_head(answer) == b'2\r\nab\r\n'


# Hanging

def hangs(server, target, expected):
    """Whether the server falls silent after `expected`, until the peer closes."""
    with dial(server) as sock:
        get(sock, target)
        received = read_until(sock, expected) if expected else b''
        assert received.endswith(expected)
        return is_silent(sock)


def test_hang_request_never_answers(server):
    assert hangs(server, '/?hang=request', b'')


def test_hang_headers_stops_after_a_head_that_announces_a_body(server):
    assert hangs(server, '/?hang=headers&size=5', b'Content-Length: 5\r\n\r\n')


def test_hang_body_stops_after_half_the_body(server):
    assert hangs(server, '/?hang=body&body=abcdef', b'Content-Length: 6\r\n\r\nabc')


def test_hang_read_never_reads_the_body(server):
    with dial(server) as sock:
        sock.sendall(b'POST /?hang=read HTTP/1.1\r\nContent-Length: 1000000000\r\n\r\n')
        sock.settimeout(SILENCE)
        with pytest.raises(TimeoutError):
            for _ in range(1000):
                sock.sendall(b'x' * 1000000)
    assert not server.requests[0].complete


def test_a_hung_connection_ends_when_the_peer_closes():
    with Server() as server:
        for hang in 'request', 'headers', 'body', 'read':
            hangs(server, f'/?hang={hang}', b'')
        assert threads_end()


def threads_end():
    """Whether the threads of all connections end soon (the accepting one stays)."""
    deadline = time.monotonic() + PATIENCE
    while threading.active_count() > 2 and time.monotonic() < deadline:
        time.sleep(0.01)
    return threading.active_count() <= 2


# Bad HTTP

def test_headers_big_sends_one_big_header(server):
    answer = conversation(server, '/?headers=big:100000&keepalive=0')
    assert b'\r\nX-Big: ' + b'x' * 100000 + b'\r\n' in answer


def test_headers_endless_sends_header_lines_as_long_as_they_are_read(server):
    with dial(server) as sock:
        get(sock, '/?headers=endless')
        received = sum(len(sock.recv(65536)) for _ in range(1000))
    assert received > 1000000
    assert threads_end()


def test_body_endless_sends_chunks_as_long_as_they_are_read(server):
    with client(server) as connection:
        connection.request('GET', '/?body_endless=1')
        response = connection.getresponse()
        assert response.getheader('Transfer-Encoding') == 'chunked'
        assert len(response.read(5000000)) == 5000000
        response.close()
    assert threads_end()


def test_length_announces_a_wrong_length(server):
    answer = conversation(server, '/?body=abc&length=7&keepalive=0')
    assert b'Content-Length: 7\r\n' in answer
    assert body_after_head(answer) == b'abc'
    assert b'Content-Length: 0\r\n' in conversation(server, '/?body=abc&length=0&keepalive=0')


def test_chunk_bad_sends_a_size_that_is_none_and_keeps_the_connection(server):
    with dial(server) as sock:
        get(sock, '/?chunk=bad&body=abc')
        body = body_after_head(read_until(sock, b'rubbish\r\n'))
        assert body == b'2\r\nab\r\n1\r\nc\r\nno-size\r\nrubbish\r\n'
        assert is_silent(sock)


def test_garbage_is_no_http_and_keeps_the_connection(server):
    with dial(server) as sock:
        get(sock, '/?garbage=1')
        assert b'HTTP/1' not in read_until(sock, b'\r\n\r\n')
        get(sock, '/')
        assert read_until(sock, b'}').startswith(b'HTTP/1.1 200')
    assert b'HTTP/1' not in conversation(server, '/?garbage=1&keepalive=0')


def test_continue_sends_100_continue_before_the_answer(server):
    answer = conversation(server, '/?continue=2500&keepalive=0')
    assert answer.count(b'HTTP/1.1 100 Continue\r\n\r\n') == 2500
    assert answer[2500 * len(b'HTTP/1.1 100 Continue\r\n\r\n'):].startswith(b'HTTP/1.1 200')


def test_a_huge_number_of_continues_stops_when_the_peer_closes(server):
    with dial(server) as sock:
        get(sock, '/?continue=1000000000000')
        read_until(sock, b'Continue')
    assert threads_end()


# Keep-alive

def test_a_connection_stays_open(server):
    with client(server) as connection:
        for _ in range(3):
            assert ask(connection, '/').header('Connection') is None
    assert server.connections == 1
    assert [request.connection for request in server.requests] == [1, 1, 1]


def test_keepalive_0_announces_the_end_and_closes(server):
    assert b'Connection: close\r\n' in conversation(server, '/?keepalive=0')


def test_keepalive_lie_closes_without_announcement(server):
    assert b'Connection' not in conversation(server, '/?keepalive=lie')


@pytest.mark.parametrize('version, header, answered, stays', [
    ('1.1', 'keep-alive', None, True),
    ('1.1', 'TE, Close', 'close', False),
    ('1.0', 'TE', 'close', False),
    ('1.0', 'Keep-Alive', 'keep-alive', True),
])
def test_the_connection_stays_open_as_the_request_says(server, version, header, answered, stays):
    with dial(server) as sock:
        sock.sendall(f'GET / HTTP/{version}\r\nConnection: {header}\r\n\r\n'.encode())
        answer = read_until(sock, b'}').decode()
        assert (f'Connection: {answered}' in answer) if answered else ('Connection' not in answer)
        assert is_silent(sock) == stays


# What the test sees

def test_requests_are_listed_in_order_of_arrival(server):
    before = time.monotonic()
    fetch(server, '/a?x=1', 'POST', b'abc', {'X-A': 'first', 'x-a': 'second'})
    fetch(server, '/b')
    first, second = server.requests
    assert (first.number, second.number) == (1, 2)
    assert (first.connection, second.connection) == (1, 2)
    assert (first.path, first.query, first.target) == ('/a', 'x=1', '/a?x=1')
    assert (first.method, first.body, first.complete) == ('POST', b'abc', True)
    assert first.header('X-A') == 'first'
    assert first.header('X-B') is None
    assert first.headers[-2:] == [('X-A', 'first'), ('x-a', 'second')]
    assert before <= first.at <= second.at <= time.monotonic()


def test_the_path_of_an_absolute_target_is_found(server):
    conversation(server, 'http://other:80/a/b?keepalive=0')
    assert server.requests[0].path == '/a/b'


def test_requests_are_counted_by_path_without_the_query(server):
    for target in '/a', '/a?x', '/b':
        fetch(server, target)
    assert (server.count(), server.count('/a'), server.count('/c')) == (3, 2, 0)


def test_a_request_is_seen_as_soon_as_its_head_is_there(server):
    with dial(server) as sock:
        sock.sendall(b'POST / HTTP/1.1\r\nContent-Length: 10\r\n\r\nabc')
        server.wait_for(1)
        assert not server.requests[0].complete


def test_what_came_of_an_incomplete_body_is_kept(server):
    with dial(server) as sock:
        sock.sendall(b'POST / HTTP/1.1\r\nContent-Length: 10\r\n\r\nabc')
        server.wait_for(1)
    assert threads_end()
    assert (server.requests[0].body, server.requests[0].complete) == (b'abc', False)


def test_wait_for_returns_when_the_requests_are_there(server):
    timer = threading.Timer(0.1, fetch, (server, '/late'))
    timer.start()
    server.wait_for(1, '/late')
    assert server.count('/late') == 1
    timer.join()


def test_wait_for_raises_when_they_do_not_come(server):
    with pytest.raises(TimeoutError, match='0 requests to /never, not 1'):
        server.wait_for(1, '/never', timeout=0.05)


def test_many_clients_are_served_at_once(server):
    def work():
        with client(server) as connection:
            for _ in range(50):
                assert ask(connection, '/?size=10').body == b'x' * 10

    workers = [threading.Thread(target=work) for _ in range(20)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert server.count('/') == 1000
    assert server.connections == 20
    assert [request.number for request in server.requests] == list(range(1, 1001))


# Modes and addresses

def test_an_unknown_mode_is_refused():
    with pytest.raises(ValueError):
        Server(mode='dance')


def test_mode_refuse_refuses_connections():
    with Server(mode='refuse') as server, pytest.raises(ConnectionRefusedError):
        fetch(server, '/')


def test_a_refused_port_cannot_be_taken_by_another():
    with refused_port() as port:
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection(('127.0.0.1', port), PATIENCE)
        with pytest.raises(OSError), Server(port=port):
            pass
    with Server(port=port) as server:
        assert server.port == port


def test_a_port_everywhere_is_for_servers_at_each_address_and_for_nobody_else():
    hosts = ['127.0.0.1', '127.0.0.2'] + ['::1'] * has_ipv6()
    with port_everywhere() as port:
        for host in hosts:
            with pytest.raises(OSError), socket.socket(socket.AF_INET6 if ':' in host else socket.AF_INET) as other:
                other.bind((host, port))
        with ExitStack() as stack:
            servers = [stack.enter_context(Server(host=host, port=port)) for host in hosts]
            for server in servers:
                assert fetch(server, '/').status == 200
            assert [server.count() for server in servers] == [1] * len(hosts)


@pytest.mark.parametrize('mode', ['hang', 'tls-hang'])
def test_mode_hang_lets_connections_in_and_is_silent(mode):
    with Server(mode=mode) as server, dial(server) as sock:
        get(sock, '/')
        assert is_silent(sock)
        assert server.connections == 0


def test_mode_blackhole_lets_nobody_in():
    with Server(mode='blackhole') as server:
        for _ in range(3):
            with pytest.raises(TimeoutError):
                socket.create_connection(('127.0.0.1', server.port), SILENCE)


def test_mode_close_sends_fin_at_once_whatever_is_sent():
    with Server(mode='close') as server:
        assert conversation(server, '/') == b''
        assert server.connections == 1


def test_mode_reset_sends_rst_at_once():
    with Server(mode='reset') as server, pytest.raises(ConnectionResetError):
        with dial(server) as sock:
            sock.recv(1)


def test_ipv6_is_served():
    with Server(host='::1') as server:
        assert server.url('/x') == f'http://[::1]:{server.port}/x'
        assert fetch(server, '/').status == 200


def test_a_unix_domain_socket_is_served(tmp_path):
    path = tmp_path / 'socket'
    with Server(unix=path), socket.socket(socket.AF_UNIX) as sock:
        sock.connect(str(path))
        get(sock, '/?body=hello&keepalive=0')
        assert body_after_head(read_to_end(sock)) == b'hello'
    assert not path.exists()


# TLS

def trust(ca):
    return ssl.create_default_context(cafile=ca.cert)


@contextmanager
def tls_client(server, context):
    with closing(HTTPSConnection(server.host, server.port, timeout=PATIENCE,
                                 context=context)) as connection:
        yield connection


def test_https_is_served_on_a_connection_that_stays_open(tls_server, ca):
    with tls_client(tls_server, trust(ca)) as connection:
        for n in range(3):
            assert ask(connection, '/?echo=1', 'POST', b'%d' % n).json()['body'] == str(n)
    assert tls_server.connections == 1
    assert tls_server.url().startswith('https://')


def test_a_reset_under_tls_is_a_reset(tls_server, ca):
    with tls_client(tls_server, trust(ca)) as connection, pytest.raises(ConnectionResetError):
        ask(connection, '/?reset=after')


@pytest.mark.parametrize('query, orderly', [
    ('keepalive=0', True), ('keepalive=lie', True), ('status=x', True),
    ('close=before', False), ('close=after', False), ('headers=cut', False),
    ('body_cut=1', False),
])
def test_tls_ends_with_close_notify_only_if_the_answer_is_whole(tls_server, ca, query, orderly):
    context = trust(ca)
    context.options &= ~ssl.OP_IGNORE_UNEXPECTED_EOF
    with dial(tls_server) as plain, context.wrap_socket(
            plain, server_hostname='localhost', suppress_ragged_eofs=False) as sock:
        get(sock, '/?' + query)
        if orderly:
            assert read_to_end(sock).startswith(b'HTTP/1.1')
        else:
            with pytest.raises(ssl.SSLError, match='(?i)eof'):
                read_to_end(sock)


def test_a_certificate_of_another_ca_is_not_trusted(tls_server, tmp_path):
    stranger = make_ca(tmp_path)
    with tls_client(tls_server, trust(stranger)) as connection:
        with pytest.raises(ssl.SSLCertVerificationError):
            ask(connection)


def test_a_certificate_for_another_name_is_not_trusted(ca):
    with Server(tls=ca.issue(['other.test'])) as server:
        with tls_client(server, trust(ca)) as connection:
            with pytest.raises(ssl.SSLCertVerificationError, match='mismatch'):
                ask(connection)


def test_an_expired_certificate_is_expired(ca):
    with Server(tls=ca.issue(expired=True)) as server:
        with tls_client(server, trust(ca)) as connection:
            with pytest.raises(ssl.SSLCertVerificationError, match='expired'):
                ask(connection)


def test_a_hashed_directory_is_trusted(tls_server, ca, tmp_path):
    context = ssl.create_default_context(capath=hashed_dir(tmp_path / 'hashed', ca))
    with tls_client(tls_server, context) as connection:
        assert ask(connection).status == 200


# Stopping

PROMPT = 5  # nothing here ends before a minute has passed


def stop_time(server):
    with elapsed() as times:
        server.stop()
    return times[0]


@pytest.mark.parametrize('query', [
    'delay=60', 'drip=60', 'headers=drip', 'headers=endless', 'body_endless=1',
    'continue=1000000000000', 'hang=read', 'hang=request', 'hang=headers', 'hang=body',
    'keepalive=1', 'status=x',
])
@pytest.mark.parametrize('tls', [False, True])
def test_stopping_is_prompt_whatever_goes_on(query, tls, certificate, ca):
    server = Server(tls=certificate if tls else None).start()
    with dial(server) as sock:
        if tls:
            sock = trust(ca).wrap_socket(sock, server_hostname='localhost')
        with sock:
            get(sock, '/?' + query)
            server.wait_for(1)
            time.sleep(0.03)
            assert stop_time(server) < PROMPT
    assert threading.active_count() == 1


@pytest.mark.parametrize('mode', MODES)
def test_stopping_is_prompt_in_every_mode(mode, certificate):
    server = Server(mode=mode, tls=certificate).start()
    with socket.socket() as sock:
        sock.settimeout(0.05)
        sock.connect_ex(('127.0.0.1', server.port))
        assert stop_time(server) < PROMPT
    assert threading.active_count() == 1


# Faults

class Told:
    """Faults that are one step for all requests, and a list of what was told."""

    def __init__(self, step='', mode=None):
        self.step, self.mode, self.ends = parse_step(step, strict=True), mode, queue.Queue()
        self.losses = 0

    def connection(self, _number):
        return self.mode

    def request(self, request):
        return self.step

    def ended(self, request):
        self.ends.put((request.complete, request.answered, request.whole))

    def fragment(self, data):
        self.ends.put(data)

    def malformed(self, problem):
        self.ends.put(str(problem))

    def lost(self):
        self.losses += 1

    def next(self):
        return self.ends.get(timeout=PATIENCE)


@contextmanager
def told(step='', mode=None, **options):
    faults = Told(step, mode)
    with Server(faults=faults, **options) as running:
        yield running, faults


POST = b'POST / HTTP/1.1\r\nHost: test\r\nContent-Length: 3\r\n\r\nabc'


@pytest.mark.parametrize('step, told_of_it', [
    ('', (True, 200, True)),
    ('status=503', (True, 503, True)),
    ('status=204', (True, 204, True)),
    ('chunked=1', (True, 200, True)),
    ('drip=0.001', (True, 200, True)),
    ('continue=2', (True, 200, True)),
    ('body_cut=2', (True, 200, False)),
    ('hang=body', (True, 200, False)),
    ('hang=headers', (True, 200, False)),
    ('headers=cut', (True, None, False)),
    ('garbage=1', (True, None, False)),
    ('close=after', (True, None, False)),
    ('reset=after', (True, None, False)),
    ('hang=request', (True, None, False)),
    ('hang=read', (False, None, False)),
    ('close=before', (False, None, False)),
])
def test_faults_choose_the_step_and_are_told_how_far_it_came(step, told_of_it):
    with told(step) as (server, faults):
        with dial(server) as sock:
            sock.sendall(POST)
            sock.settimeout(SILENCE)
            with suppress(OSError):
                read_to_end(sock)
        assert faults.next() == told_of_it


def test_faults_are_told_of_an_answer_over_tls(certificate):
    with told('status=201', tls=certificate) as (server, faults):
        client = ssl.create_default_context()
        client.check_hostname, client.verify_mode = False, ssl.CERT_NONE
        with dial(server) as plain, client.wrap_socket(plain) as sock:
            sock.sendall(POST)
            sock.recv(65536)
        assert faults.next() == (True, 201, True)


def test_an_answer_to_a_peer_that_has_closed_is_none():
    with told(f'delay={SILENCE}') as (server, faults):
        with dial(server) as sock:
            sock.sendall(POST)
        assert faults.next() == (True, None, False)


def test_what_came_on_a_connection_that_hangs_is_read_when_the_peer_has_closed():
    with told(mode='hang') as (server, faults):
        with dial(server) as sock:
            sock.sendall(POST)
            assert is_silent(sock)
            assert faults.ends.empty()
        assert faults.next() == (True, None, False)


@pytest.mark.parametrize('step, mode', [('', 'close'), ('keepalive=lie', None)])
def test_what_comes_on_a_connection_that_was_closed_is_seen_and_not_answered(step, mode):
    with told(step, mode) as (server, faults), dial(server) as sock:
        if not mode:
            sock.sendall(POST)
            assert faults.next() == (True, 200, True)
        read_to_end(sock)
        sock.sendall(POST)
        assert faults.next() == (True, None, False)
        assert not faults.losses


def test_what_came_is_seen_though_the_server_stops():
    with told() as (server, faults):
        socks = [socket.create_connection((server.host, server.port), PATIENCE) for _ in range(50)]
        for sock in socks:
            sock.sendall(POST)
            sock.close()
    assert [faults.next()[0] for _ in socks] == [True] * 50


def test_a_part_of_a_head_and_what_is_no_request_are_told():
    with told() as (server, faults):
        with dial(server) as sock:
            sock.sendall(POST[:20])
        assert faults.next() == POST[:20]
        with dial(server) as sock:
            sock.sendall(b'no request\r\n\r\n')
            assert 'no request line' in faults.next()


@pytest.mark.parametrize('step, mode, tls', [('', 'reset', False), ('keepalive=lie', None, True)])
def test_connections_are_told_on_which_something_may_be_lost(step, mode, tls, certificate):
    with told(step, mode, tls=certificate if tls else None) as (server, faults):
        # A reset at once may come while it connects.
        with suppress(*([ConnectionResetError] if mode == 'reset' else [])), dial(server) as sock:
            if tls:
                client = ssl.create_default_context()
                client.check_hostname, client.verify_mode = False, ssl.CERT_NONE
                sock = client.wrap_socket(sock)
                sock.sendall(POST)
            with suppress(OSError):
                read_to_end(sock)
            sock.close()
        assert faults.losses == 1


# The command

@contextmanager
def command(*arguments):
    """The running command and the first line that it prints."""
    script = Path(__file__).with_name('server.py')
    with subprocess.Popen([sys.executable, script, *map(str, arguments)], text=True,
                          stdout=subprocess.PIPE) as process:
        try:
            yield process, process.stdout.readline().strip()
        finally:
            process.kill()


def curl(*arguments):
    return subprocess.run(['curl', '-sS', *map(str, arguments)], check=True, text=True,
                          capture_output=True, timeout=PATIENCE).stdout


@pytest.mark.parametrize('stop_signal', [signal.SIGTERM, signal.SIGINT])
def test_the_command_serves_until_a_signal(stop_signal):
    with command() as (process, line):
        words, url = line.rsplit(' ', 1)
        assert words == 'listening on'
        assert curl(url + 'x?body=hello') == 'hello'
        process.send_signal(stop_signal)
        assert process.wait(PATIENCE) == 0


def test_the_command_writes_its_ports_and_a_log(tmp_path):
    ports, log = tmp_path / 'ports', tmp_path / 'log'
    with command('--ports', 3, '--port-file', ports, '--log', log) as (process, first):
        lines = [first, process.stdout.readline().strip(), process.stdout.readline().strip()]
        numbers = ports.read_text().split()
        assert lines == [f'listening on http://127.0.0.1:{port}/' for port in numbers]
        assert len(set(numbers)) == 3
        for port in numbers:
            curl('-d', 'abc', f'http://127.0.0.1:{port}/p')
        logged = [json.loads(line) for line in log.read_text().splitlines()]
    assert [str(entry['port']) for entry in logged] == numbers
    assert [(entry['method'], entry['target'], entry['body'], entry['complete'])
            for entry in logged] == [('POST', '/p', 'abc', True)] * 3


def test_the_command_listens_on_a_chosen_port():
    with refused_port() as port:
        pass
    with command('--port', port) as (_, line):
        assert line == f'listening on http://127.0.0.1:{port}/'


def test_the_command_serves_https(tmp_path):
    with command('--tls', tmp_path) as (_, line):
        url = line.removeprefix('listening on ')
        assert url.startswith('https://')
        assert curl('--cacert', tmp_path / 'ca.pem', url + '?body=hello') == 'hello'
    with command('--tls') as (_, line):
        assert curl('--insecure', line.removeprefix('listening on ') + '?body=hello') == 'hello'


def test_the_command_serves_a_unix_domain_socket(tmp_path):
    path = tmp_path / 'socket'
    with command('--unix', path) as (_, line):
        assert line == f'listening on unix:{path}'
        assert curl('--unix-socket', path, 'http://localhost/?body=hello') == 'hello'


# The docstring

def test_every_key_is_documented():
    documentation = sys.modules['server'].__doc__
    assert [key for key in KEYS if f'    {key}=' not in documentation] == []
