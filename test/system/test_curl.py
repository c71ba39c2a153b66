"""Every request option has curl's exact meaning: the same arguments give the same request, byte for byte."""

from harness import PROGRAM, environment, run_json
from against_curl import assert_same, sent_by_poolsend

import base64
import os
import pty

import pytest

from server import Server

FILES = {
    'plain': b'a=1&b=2',
    'form': b'a b&c=d\r\n\0~%\xc3\xa9+',
    'lf': b'one\ntwo\nthree\n',
    'crlf': b'one\r\ntwo\r\n\r\nthree\r\n',
    'cr': b'one\rtwo\r',
    'nul': b'one\0two\nthree\0',
    'unended': b'one\ntwo',
    'empty': b'',
    'breaks': b'\r\n\n',
    'json': b'{"a": 1,\n "b": 2}\n',
    'binary': bytes(range(256)),
    '70KB': b'0123456789\n' * 7000,
    '3MB': b'0123456789abcde\n' * 200000,
    'headers': b'X-One: 1\nX-Two: 2\n',
    'headers-crlf': b'X-One: 1\r\nX-Two: 2\r\n',
    'headers-blank': b'\nX-One: 1\n\n\r\nX-Two: 2',
    'headers-all': b'X-One: 1\nAccept:\nX-Empty;\nContent-Type: text/plain\n',
}


@pytest.fixture(scope='module')
def directory(tmp_path_factory):
    path = tmp_path_factory.mktemp('files')
    for name, content in FILES.items():
        (path / name).write_bytes(content)
    return path


@pytest.fixture
def server(directory, monkeypatch):
    """A server, with the files above in the working directory."""
    monkeypatch.chdir(directory)
    with Server() as server:
        yield server


def table(cases):
    return pytest.mark.parametrize('arguments', list(cases.values()), ids=list(cases))


# ---- Bodies

@table({
    'no body is a GET': [],
    '-d is a form': ['-d', 'a=1&b=2'],
    '-d without anything is an empty form': ['-d', ''],
    '-d @file': ['-d', '@plain'],
    '-d @file loses line feeds': ['-d', '@lf'],
    '-d @file loses carriage returns with line feeds': ['-d', '@crlf'],
    '-d @file without a line break at its end': ['-d', '@unended'],
    '-d @file that is empty': ['-d', '@empty'],
    '-d @file of nothing but line breaks': ['-d', '@breaks'],
    '-d keeps line breaks of its own': ['-d', 'one\r\ntwo\n'],
    '-d with an @ inside': ['-d', 'a@plain'],
    '-d twice': ['-d', 'a', '-d', 'b'],
    '-d thrice with files': ['-d', 'a', '-d', '@lf', '-d', '@plain'],
    '-d nothing, then something': ['-d', '', '-d', 'b'],
    '-d something, then nothing': ['-d', 'a', '-d', ''],
    '-d an empty file, then something': ['-d', '@empty', '-d', 'b'],
    '-d and --data-binary': ['-d', 'a', '--data-binary', '@lf'],
    '-d and --data-raw': ['-d', 'a', '--data-raw', '@lf'],
    '-d, then --json': ['-d', 'a', '--json', 'b'],
    '--json, then -d': ['--json', 'a', '-d', 'b'],
    '--data-urlencode text': ['--data-urlencode', 'a b&c\u00e9\t~-._*+/%41\n'],
    '--data-urlencode nothing': ['--data-urlencode', ''],
    '--data-urlencode what begins with =': ['--data-urlencode', '=a=b c'],
    '--data-urlencode = alone': ['--data-urlencode', '='],
    '--data-urlencode a name, which is kept as it is': ['--data-urlencode', 'n m&=a=b&@lf'],
    '--data-urlencode a name of nothing': ['--data-urlencode', 'n='],
    '--data-urlencode with an @ before an =': ['--data-urlencode', 'a@lf=c d'],
    '--data-urlencode every byte of a file': ['--data-urlencode', '@binary'],
    '--data-urlencode a file with a name': ['--data-urlencode', 'n m@form'],
    '--data-urlencode a file that is empty': ['--data-urlencode', '@empty'],
    '--data-urlencode a file that is empty, with a name': ['--data-urlencode', 'n@empty'],
    '--data-urlencode a big file': ['--data-urlencode', 'n@70KB'],
    '--data-urlencode letters of other alphabets': ['--data-urlencode', '\u0130\u0131iI\u00e4'],
    '--data-urlencode twice': ['--data-urlencode', 'a=1 2', '--data-urlencode', 'b=3&4'],
    '--data-urlencode among others': ['-d', 'a b', '--data-urlencode', 'n@form', '--data-raw', '@c',
                                      '--data-urlencode', 'd e'],
    '--data-urlencode, then --json': ['--data-urlencode', 'a b', '--json', '{}'],
    '--data-urlencode with a method': ['-X', 'PUT', '--data-urlencode', 'a b'],
    '--data-binary text': ['--data-binary', 'a\nb'],
    '--data-binary @file keeps line breaks': ['--data-binary', '@crlf'],
    '--data-binary @file keeps every byte': ['--data-binary', '@binary'],
    '--data-binary @file that is empty': ['--data-binary', '@empty'],
    '--data-binary twice': ['--data-binary', '@lf', '--data-binary', '@crlf'],
    '--data-raw': ['--data-raw', 'a=1'],
    '--data-raw with an @ in front': ['--data-raw', '@plain'],
    '--json': ['--json', '{"a":1}'],
    '--json twice': ['--json', '{"a":', '--json', '1}'],
    '--json @file': ['--json', '@json'],
    '--json @file, then more': ['--json', '@json', '--json', '{}'],
    '--json without anything': ['--json', ''],
    'a body of 70 KB': ['--data-binary', '@70KB'],
    'a body of 3 MB': ['--data-binary', '@3MB'],
    'a form of 3 MB': ['-d', '@3MB'],
})
def test_body_is_that_of_curl(server, arguments):
    assert_same(server, *arguments, server.url('/path?query=1'))


@pytest.mark.parametrize('option', ['-d', '--data-binary', '--data-urlencode', '--json'])
def test_body_from_standard_input_is_that_of_curl(server, option):
    assert_same(server, option, '@-', server.url(), stdin=FILES['crlf'] + FILES['plain'])


@pytest.mark.parametrize('option', ['-d', '--data-binary', '--data-urlencode', '--json'])
def test_body_from_an_empty_standard_input_is_that_of_curl(server, option):
    assert_same(server, option, '@-', server.url())


# curl's manual: "carriage returns, newlines and null bytes are stripped out". Before 8.8 it lost what stood between a
# lone carriage return or a NUL and the end of the line as well, which is no meaning of an option.
@pytest.mark.parametrize('name', ['cr', 'nul', 'binary'])
def test_d_of_a_file_loses_line_breaks_and_NUL_bytes_and_nothing_else(server, name):
    [request] = sent_by_poolsend(server, '-d', f'@{name}', server.url())
    assert request.body == FILES[name].translate(None, b'\r\n\0')


@table({
    'of -d': ['-d', 'x', '-H', 'Content-Type: text/plain'],
    'of -d, with another spelling': ['-d', 'x', '-H', 'content-type:text/plain'],
    'of --data-binary': ['--data-binary', '@lf', '-H', 'Content-Type: text/csv'],
    'of --json': ['--json', '{}', '-H', 'Content-Type: application/vnd.api+json'],
    'of --json, given before': ['-H', 'Content-Type: application/vnd.api+json', '--json', '{}'],
    'of --json, and an Accept': ['--json', '{}', '-H', 'Accept: text/plain', '-H', 'content-TYPE: a/b'],
    'of --json, no Accept': ['--json', '{}', '-H', 'Accept:'],
    'of --json, no Content-Type': ['--json', '{}', '-H', 'Content-Type:'],
    'of --json, an empty one': ['--json', '{}', '-H', 'Content-Type;'],
    'of --json, from a file of headers': ['--json', '{}', '-H', '@headers-all'],
    'of -d, removed': ['-d', 'x', '-H', 'Content-Type:'],
    'of nothing': ['-H', 'Content-Type: text/plain'],
})
def test_content_type_of_ones_own_stands_instead_of_that(server, arguments):
    assert_same(server, *arguments, server.url())


# ---- Methods

@pytest.mark.parametrize('method', ['GET', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS', 'PURGE', 'post'])
@pytest.mark.parametrize('body', [[], ['-d', 'a=1'], ['--json', '{}'], ['-d', '']],
                         ids=['without a body', 'with a form', 'with JSON', 'with an empty body'])
def test_method_of_X_is_that_of_curl(server, method, body):
    assert_same(server, '-X', method, *body, server.url())


def test_X_HEAD_is_curls_I(server):
    assert_same(server, '-X', 'HEAD', server.url(), curl=['-I', server.url()])
    assert run_json('-X', 'HEAD', server.url()).code == 0


def test_X_HEAD_with_a_body_is_that_of_curl(server):
    assert_same(server, '-X', 'HEAD', '-d', 'a', server.url('/?keepalive=0'))


def test_the_last_X_counts(server):
    assert_same(server, '-X', 'PUT', '-X', 'PATCH', '-d', 'a', server.url())


# ---- Headers

@table({
    'one': ['-H', 'X-One: 1'],
    'without a space': ['-H', 'X-One:1'],
    'with more spaces': ['-H', 'X-One:   1  '],
    'with a tab': ['-H', 'X-One:\t1'],
    'with a colon and a semicolon in its value': ['-H', 'X-One: a:b;c'],
    'with bytes beyond ASCII': ['-H', 'X-One: \u00e4\u20ac'],
    'several': ['-H', 'X-One: 1', '-H', 'X-Two: 2', '-H', 'A: 3'],
    'the same twice': ['-H', 'X-One: 1', '-H', 'X-One: 2'],
    'the same twice in other spellings': ['-H', 'X-One: 1', '-H', 'x-one: 2'],
    'cookies twice': ['-H', 'Cookie: a=1', '-H', 'Cookie: b=2'],
    'an empty one': ['-H', 'X-One;'],
    'an empty one among others': ['-H', 'A: 1', '-H', 'X-One;', '-H', 'B: 2'],
    'one of the transport replaced': ['-H', 'Accept: text/plain'],
    'one of the transport removed': ['-H', 'Accept:'],
    'one of the transport removed in another spelling': ['-H', 'aCCept:'],
    'one of the transport removed, with a space': ['-H', 'Accept: '],
    'one of the transport empty': ['-H', 'Accept;'],
    'one removed that is not there': ['-H', 'X-One:'],
    'another Host': ['-H', 'Host: other.example'],
    'another Host with a port': ['-H', 'Host: other.example:8080'],
    'no Host': ['-H', 'Host:'],
    'a Connection of its own': ['-H', 'Connection: close'],
    'an Authorization of its own': ['-H', 'Authorization: Custom abc'],
    'an Authorization beside -u': ['-H', 'Authorization: Custom abc', '-u', 'a:b'],
    'from a file': ['-H', '@headers'],
    'from a file with CRLF': ['-H', '@headers-crlf'],
    'from a file with blank lines and no end': ['-H', '@headers-blank'],
    'from a file that removes and empties': ['-H', '@headers-all'],
    'from an empty file': ['-H', '@empty'],
    'from a file between others': ['-H', 'A: 1', '-H', '@headers', '-H', 'B: 2'],
    'with a body': ['-H', 'X-One: 1', '-d', 'x'],
})
def test_header_is_that_of_curl(server, arguments):
    assert_same(server, *arguments, server.url())


def test_headers_from_standard_input_are_those_of_curl(server):
    assert_same(server, '-H', '@-', server.url(), stdin=FILES['headers-crlf'])


@table({
    '-A': ['-A', 'agent/1.0'],
    '-A with spaces': ['-A', 'an agent (of some kind)'],
    '-A with nothing sends none': ['-A', ''],
    '-A twice': ['-A', 'one', '-A', 'two'],
    '-H': ['-H', 'User-Agent: agent/2'],
    '-H with nothing sends none': ['-H', 'User-Agent:'],
    '-H over -A': ['-H', 'User-Agent: agent/2', '-A', 'agent/1.0'],
    '-H empty': ['-H', 'User-Agent;'],
})
def test_user_agent_is_that_of_curl(server, arguments):
    assert_same(server, *arguments, server.url(), including=['User-Agent'])


def test_user_agent_is_poolsends_own_by_default(server):
    [request] = sent_by_poolsend(server, server.url())
    assert request.header('User-Agent').startswith('poolsend/')


def test_Expect_is_sent_only_when_it_is_asked_for(server):
    [request] = sent_by_poolsend(server, '--data-binary', '@3MB', server.url())
    assert request.header('Expect') is None
    assert_same(server, '-d', 'x', '-H', 'Expect: 100-continue', server.url(), including=['Expect'])


@table({
    '-u': ['-u', 'user:password'],
    '-u with colons in the password': ['-u', 'user:pass:word:'],
    '-u with an empty password': ['-u', 'user:'],
    '-u with an empty user': ['-u', ':password'],
    '-u with neither': ['-u', ':'],
    '-u with bytes beyond ASCII': ['-u', '\u00fcser:p\u00e4ss'],
    '-u twice': ['-u', 'a:b', '-u', 'c:d'],
    '-u with a percent sign': ['-u', 'us%41er:pa%42ss'],
    '-u with a body': ['-u', 'user:password', '-d', 'x'],
    '--oauth2-bearer': ['--oauth2-bearer', 'abc.def-ghi'],
    '--oauth2-bearer twice': ['--oauth2-bearer', 'one', '--oauth2-bearer', 'two'],
    '--oauth2-bearer beside -u': ['--oauth2-bearer', 'one', '-u', 'user:password'],
    '--compressed': ['--compressed'],
    '--compressed with an Accept-Encoding of its own': ['--compressed', '-H', 'Accept-Encoding: gzip'],
})
def test_credentials_and_encodings_are_those_of_curl(server, arguments):
    assert_same(server, *arguments, server.url())


# ---- URLs

@pytest.mark.parametrize('target', ['', '?a=1', '/#fragment', '/a/../b/./c', '/a%20b?c=%2F', '//a//b', '/?', '/a;b=c',
                                    '/\u00e4?\u00f6=\u20ac', '/a|b^c', "/a'b\"c?d='e"])
def test_target_is_that_of_curl(server, target):
    assert_same(server, server.url(target))


@pytest.mark.parametrize('userinfo', ['user:password', 'user', 'user:', ':password', 'us%3Aer:pass%40word%2F',
                                      'user:pass:word'])
def test_user_information_of_a_URL_is_used_as_by_curl(server, userinfo):
    assert_same(server, f'http://{userinfo}@127.0.0.1:{server.port}/')


def test_scheme_in_capitals_is_that_of_curl(server):
    assert_same(server, f'HTTP://127.0.0.1:{server.port}/')


# ---- Idempotency-Key

def keys(requests):
    return [[value for name, value in request.headers if name.lower() == 'idempotency-key'] for request in requests]


def keys_of(server, *arguments):
    before = server.count()
    result = run_json(*arguments, server.url())
    return result, keys(server.requests[before:])


@table({
    'a body': ['-d', 'x'],
    'an empty body': ['-d', ''],
    'PATCH': ['-X', 'PATCH', '-d', 'x'],
    'POST without a body': ['-X', 'POST'],
    'a method nobody knows': ['-X', 'FROB'],
})
def test_idempotency_key_is_the_message_id_with(server, arguments):
    result, found = keys_of(server, *arguments)
    assert found == [[result.settled['message']]]
    assert result.delivered['message'] == result.settled['message']


@table({
    'GET': [],
    'GET with a body': ['-X', 'GET', '-d', 'x'],
    'PUT': ['-X', 'PUT', '-d', 'x'],
    'DELETE': ['-X', 'DELETE'],
    'HEAD': ['-X', 'HEAD'],
    'OPTIONS': ['-X', 'OPTIONS'],
    'POST and --no-idempotency-key': ['-d', 'x', '--no-idempotency-key'],
    'POST and the header removed': ['-d', 'x', '-H', 'Idempotency-Key:'],
    'POST and the header removed in another spelling': ['-d', 'x', '-H', 'idempotency-key:'],
})
def test_idempotency_key_is_not_sent_with(server, arguments):
    assert keys_of(server, *arguments)[1] == [[]]


def test_idempotency_key_is_the_same_on_every_attempt():
    with Server() as a, Server() as b, Server() as c:
        result = run_json('-d', 'x', a.url('/?status=500'), b.url('/?status=400'), c.url())
        assert keys(a.requests + b.requests + c.requests) == [[result.settled['message']]] * 3


def test_idempotency_key_is_the_same_in_every_round(server):
    server.script('/', 'status=503', 'status=503', 'status=200')
    result, found = keys_of(server, '-d', 'x', '--retry', '2', '--retry-delay', '10ms')
    assert result.code == 0
    assert found == [[result.settled['message']]] * 3


def test_idempotency_key_is_another_for_every_message(server):
    assert keys_of(server, '-d', 'x')[1] != keys_of(server, '-d', 'x')[1]


@pytest.mark.parametrize('name', ['a', 'order-4711.page:2_b', 'x' * 255], ids=['short', 'punctuated', 'longest'])
def test_id_is_the_idempotency_key_as_it_stands(server, name):
    result, found = keys_of(server, '-d', 'x', '--id', name)
    assert found == [[name]]
    assert result.settled['message'] == name


@table({
    'as given': ['-H', 'Idempotency-Key: mine'],
    'in another spelling': ['-H', 'idempotency-key:mine'],
    'over --id': ['--id', 'other', '-H', 'Idempotency-Key: mine'],
    'over --no-idempotency-key': ['--no-idempotency-key', '-H', 'Idempotency-Key: mine'],
})
def test_idempotency_key_of_the_user_wins(server, arguments):
    assert keys_of(server, '-d', 'x', *arguments)[1] == [['mine']]


def test_idempotency_key_of_the_user_is_sent_with_an_idempotent_method(server):
    assert keys_of(server, '-H', 'Idempotency-Key: mine')[1] == [['mine']]


def test_password_that_is_not_given_is_asked_for_on_the_terminal(server):
    try:
        child, terminal = pty.fork()
    except OSError:
        pytest.skip('there are no pseudo-terminals')
    if child == 0:
        os.execve(PROGRAM, [PROGRAM, '-u', 'user', '-d', 'x', server.url()], environment())
    shown = b''
    while not shown.endswith(b': '):
        shown += os.read(terminal, 100)
    os.write(terminal, b'secret\n')
    try:
        while block := os.read(terminal, 1000):
            shown += block
    except OSError:  # the end of the child is the end of its terminal
        pass
    os.close(terminal)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    assert server.requests[0].header('Authorization') == 'Basic ' + base64.b64encode(b'user:secret').decode()
    assert b'secret' not in shown
