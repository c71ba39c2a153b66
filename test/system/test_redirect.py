"""Redirects: curl's -L where curl is right, and what was to be sent kept where curl loses it."""

from harness import run_json
from against_curl import assert_same, sent_by_poolsend

from urllib.parse import quote

import pytest

from server import Server

STATUSES = [301, 302, 303, 307, 308]


@pytest.fixture
def server():
    with Server() as server:
        yield server


def redirect(server, status, to='/to'):
    """A URL of the server that redirects to another."""
    server.script('/from', f'status={status}&redirect={to}')
    return server.url('/from')


def requests_of(requests):
    return [(request.method, request.path, request.body) for request in requests]


# ---- As curl has it

@pytest.mark.parametrize('status', STATUSES)
@pytest.mark.parametrize('arguments', [[], ['-d', 'a=1'], ['-d', ''], ['--json', '{"a":1}'],
                                       ['-d', 'a', '-H', 'Content-Type: text/plain'], ['-H', 'X-One: 1'],
                                       ['-u', 'user:password'], ['-H', 'Authorization: Custom abc'], ['-X', 'GET']],
                         ids=['GET', 'form', 'empty form', 'JSON', 'text', 'header', 'credentials',
                              'Authorization', 'GET by name'])
def test_L_follows_as_curl_does(server, status, arguments):
    requests = assert_same(server, '-L', *arguments, redirect(server, status))
    assert [request.path for request in requests] == ['/from', '/to']


@pytest.mark.parametrize('status', STATUSES)
def test_L_follows_with_HEAD_as_curl_does(server, status):
    url = redirect(server, status)
    assert_same(server, '-L', '-X', 'HEAD', url, curl=['-L', '-I', url])


@pytest.mark.parametrize('status', [307, 308])
@pytest.mark.parametrize('method', ['POST', 'PUT', 'PATCH', 'DELETE', 'FROB'])
@pytest.mark.parametrize('body', [[], ['-d', 'a=1']], ids=['without a body', 'with a body'])
def test_L_keeps_method_and_body_as_curl_does_on(server, status, method, body):
    assert_same(server, '-L', '-X', method, *body, redirect(server, status))


@pytest.mark.parametrize('status', [301, 302])
@pytest.mark.parametrize('method', ['PUT', 'PATCH', 'DELETE', 'OPTIONS'])
def test_L_keeps_a_method_without_a_body_as_curl_does_on(server, status, method):
    assert_same(server, '-L', '-X', method, redirect(server, status))


@pytest.mark.parametrize('to', ['to', '/from/?q=1', '//{}/to', '/to%20here', '/to?a=b%26c#f', '/a/../to', '/to\u00e4'])
def test_location_is_read_as_by_curl(server, to):
    url = redirect(server, 302, quote(to.format(f'127.0.0.1:{server.port}'), safe=''))
    assert len(assert_same(server, '-L', url)) == 2


def test_redirect_to_a_redirect_is_followed_as_by_curl(server):
    server.script('/b', 'status=307&redirect=/c')
    server.script('/c', 'status=303&redirect=/d')
    requests = assert_same(server, '-L', '-d', 'a', redirect(server, 308, '/b'))
    assert requests_of(requests) == [('POST', '/from', b'a'), ('POST', '/b', b'a'), ('POST', '/c', b'a'),
                                     ('GET', '/d', b'')]


@pytest.mark.parametrize('arguments', [['-u', 'user:password'], ['-H', 'Authorization: Custom abc'],
                                       ['-H', 'Cookie: a=b'], ['--oauth2-bearer', 'abc']],
                         ids=['-u', 'Authorization', 'Cookie', '--oauth2-bearer'])
@pytest.mark.parametrize('status', [302, 307])
def test_secrets_are_not_sent_on_to_another_host_as_with_curl(server, arguments, status):
    to = f'http://localhost:{server.port}/to'
    first, second = assert_same(server, '-L', *arguments, '-d', 'x', redirect(server, status, to))
    assert first.header('Authorization') or first.header('Cookie')
    assert not second.header('Authorization') and not second.header('Cookie')


# ---- Where curl sends the method of -X on with an empty body, or after a 303

@pytest.mark.parametrize('status', [301, 302])
@pytest.mark.parametrize('method', ['POST', 'PUT', 'PATCH', 'DELETE', 'FROB'])
def test_method_given_by_X_keeps_its_body_on(server, status, method):
    requests = sent_by_poolsend(server, '-L', '-X', method, '-d', 'a=1', redirect(server, status))
    assert requests_of(requests) == [(method, '/from', b'a=1'), (method, '/to', b'a=1')]
    assert requests[1].header('Content-Type') == 'application/x-www-form-urlencoded'


@pytest.mark.parametrize('method', ['POST', 'PUT', 'PATCH', 'DELETE', 'FROB'])
@pytest.mark.parametrize('body', [[], ['-d', 'a=1']], ids=['without a body', 'with a body'])
def test_303_makes_a_GET_of_a_method_given_by_X(server, method, body):
    requests = sent_by_poolsend(server, '-L', '-X', method, *body, redirect(server, 303))
    assert requests_of(requests[1:]) == [('GET', '/to', b'')]
    assert requests[1].header('Content-Length') is None


def test_method_given_by_X_comes_back_in_the_next_round_after_a_303(server):
    server.script('/to', 'status=503', 'status=200')
    requests = sent_by_poolsend(server, '-L', '--retry', '1', '--retry-delay', '10ms', '-X', 'PUT', '-d', 'a',
                                redirect(server, 303))
    assert requests_of(requests) == [('PUT', '/from', b'a'), ('GET', '/to', b'')] * 2


# ---- poolsend's own

def test_redirect_is_a_failure_without_L(server):
    result = run_json('-d', 'x', redirect(server, 302))
    assert result.code == 1
    assert result.fates == [('rejected', 'status')]
    assert server.count() == 1


def test_idempotency_key_goes_along_with_a_redirect(server):
    result = run_json('-L', '-d', 'x', redirect(server, 307))
    assert [request.header('Idempotency-Key') for request in server.requests] == [result.settled['message']] * 2


@pytest.mark.parametrize('to', ['ftp://127.0.0.1/', 'file:///etc/passwd', 'gopher://127.0.0.1/'])
def test_redirect_to_another_scheme_is_not_followed(server, to):
    result = run_json('-L', '-d', 'x', redirect(server, 302, to))
    assert result.code == 1
    assert result.fates == [('rejected', 'redirect')]
    assert server.count() == 1


def test_redirects_without_end_are_given_up(server):
    result = run_json('-L', '-d', 'x', redirect(server, 307, '/from'))
    assert result.code == 1
    assert result.fates == [('rejected', 'redirect')]
    assert 2 <= server.count() <= 60


def test_next_api_is_tried_after_redirects_without_end(server):
    with Server() as second:
        result = run_json('-L', '-d', 'x', redirect(server, 307, '/from'), second.url())
    assert result.fates == [('rejected', 'redirect'), ('delivered', 'ok')]
