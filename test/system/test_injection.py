"""Nothing that is given ends a line of the request, or begins another: it is refused before anything is sent, whichever
way it comes in.

LENGTH=full tries every control character; else the line breaks and a few.

The server here keeps the bytes that it receives, and takes nothing apart. What is refused must not reach it at all;
what is taken must reach it as one request of the lines that were asked for.
"""

import json
import os
import socket
import threading
import time

import pytest

from harness import run, run_json, stream
import tried

BREAKS = {'CR LF': '\r\n', 'LF': '\n', 'CR': '\r'}
CONTROLS = {'SOH': '\x01', 'BEL': '\a', 'VT': '\v', 'FF': '\f', 'ESC': '\x1b', 'DEL': '\x7f'}
FULL = os.environ.get('LENGTH') == 'full'
BAD = {**BREAKS, **(CONTROLS if FULL else {name: CONTROLS[name] for name in ('ESC', 'DEL')})}
EVIL = 'X-Evil: 1'
LAST = b'the last\r\n\r\n'


class Wire:
    """Answers 200 to whatever comes to the end of a header, and keeps the bytes."""

    def __init__(self):
        self._received = []
        self.listener = socket.create_server(('127.0.0.1', 0))
        self.authority = f'127.0.0.1:{self.listener.getsockname()[1]}'
        self.url = f'http://{self.authority}/'
        self.thread = threading.Thread(target=self._serve_all, daemon=True)

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.listener.shutdown(socket.SHUT_RDWR)
        self.thread.join()
        self.listener.close()

    def _serve_all(self):
        while True:
            try:
                sock, _ = self.listener.accept()
            except OSError:
                return
            with sock:
                self._serve(sock)

    def _serve(self, sock):
        data = b''
        try:
            while b'\r\n\r\n' not in data and (more := sock.recv(65536)):
                data += more
            sock.sendall(b'HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n')
            sock.shutdown(socket.SHUT_WR)
            while more := sock.recv(65536):
                data += more
        except OSError:
            pass
        self._received.append(data)

    def received(self):
        """What came until now, by connection: they are served one by one, so that one of our own is the last."""
        with socket.create_connection(self.listener.getsockname()) as sock:
            sock.sendall(LAST)
            while sock.recv(65536):
                pass
            sock.shutdown(socket.SHUT_WR)
        while LAST not in self._received:
            time.sleep(0.001)
        self._received.remove(LAST)
        return list(self._received)

    def lines(self):
        """Of the header of the one request."""
        data, = self.received()
        return data.partition(b'\r\n\r\n')[0].split(b'\r\n')


@pytest.fixture
def wire(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with Wire() as wire:
        yield wire


def assert_one_request(wire):
    """No line of it is of another's making, and nothing that only ends one stands in any."""
    lines = wire.lines()
    assert lines[0].endswith(b' HTTP/1.1')
    assert not [line for line in lines if line.lower().startswith(b'x-evil')]
    assert not [line for line in lines if set(line) & set(b'\r\n\0')]


def refuses(wire, *arguments, words, **options):
    tried.count('hostile settings refused before anything was sent')
    result = run(*arguments, **options)
    assert result.code == 2, result
    assert result.out == ''
    assert wire.received() == []
    said = result.err.splitlines()[0]
    assert said.startswith('poolsend: ')
    for word in words:
        assert word in said, result
    assert '\x1b' not in result.err and '\a' not in result.err


# ---- Flags

def with_bad(word, bad):
    return word.replace('!', bad)


FLAGS = {
    'a header\'s value': (['-H', f'X-One: a!{EVIL}'], ['header', 'X-One']),
    'a header\'s end': (['-H', 'X-One: a!'], ['header', 'X-One']),
    'a header\'s beginning': (['-H', f'!{EVIL}'], ['header']),
    'a header\'s name': (['-H', 'X-!One: a'], ['header']),
    'a header that is removed': (['-H', f'Accept:!{EVIL}'], ['header', 'Accept']),
    'a header that is empty': (['-H', f'X-One;!{EVIL}'], ['header', 'X-One']),
    'the agent': (['-A', f'a!{EVIL}'], ['--user-agent']),
    'the method': (['-X', f'GET / HTTP/1.1!{EVIL}!'], ['--request']),
    'the method\'s end': (['-X', 'GET!'], ['--request']),
    'the token': (['--oauth2-bearer', f'a!{EVIL}'], ['--oauth2-bearer']),
    'the id': (['--id', f'a!{EVIL}'], ['id']),
    'the proxy': (['-x', f'http://{{authority}}!{EVIL}'], ['proxy']),
    'the proxy\'s user': (['-x', f'http://u!{EVIL}@{{authority}}'], ['proxy']),
    'another host for the proxy': (['-x', 'http://{authority}', '--connect-to', '::evil!X:443'], ['connect-to']),
    'another address': (['--resolve', 'h:80:127.0.0.1!'], ['resolve']),
}


@pytest.mark.parametrize('bad', BAD)
@pytest.mark.parametrize('flag', FLAGS)
def test_flag_is_refused_with_a_control_character_in(wire, flag, bad):
    arguments, words = FLAGS[flag]
    filled = [with_bad(word.replace('{authority}', wire.authority), BAD[bad]) for word in arguments]
    refuses(wire, *filled, '-d', 'x', wire.url, words=words)


@pytest.mark.parametrize('bad', BAD)
@pytest.mark.parametrize('url', ['http://{}/a!X', 'http://{}/?a!X', 'http://{}/#a!', 'http://{}!/', 'http://u!:p@{}/',
                                 '!http://{}/', 'http://{}/!', 'ht!tp://{}/'])
def test_URL_is_refused_with_a_control_character_in(wire, url, bad):
    refuses(wire, '-d', 'x', with_bad(url.format(wire.authority), BAD[bad]), words=['URL', 'control character'])


@pytest.mark.parametrize('host', ['h%0d%0aX:80', 'h%0a', 'h%00', 'h%20b', 'h%09', '127.0.0.1%0d%0a', 'h%2f', 'h%40b',
                                  '%0a'])
def test_URL_is_refused_whose_host_hides(wire, host):
    refuses(wire, '-x', wire.url, '-d', 'x', f'http://{host}/', words=['URL', 'host'])


@pytest.mark.parametrize('arguments', [['{url}a%0d%0aX-Evil:%201'], ['{url}?a=%0d%0aX-Evil:%201'],
                                       ['http://u%0d%0aX-Evil:%201:p%0d%0aX-Evil:%201@{authority}/'],
                                       ['-x', 'http://u%0d%0aX-Evil:%201:p@{authority}', 'http://api.example/'],
                                       ['-x', 'http://u%0d%0aX-Evil:%201:p@{authority}', 'https://api.example/'],
                                       ['-H', 'X-One: \u00c4\u010a\u560a\u560d', '{url}'],
                                       ['-H', 'X-One: a\tb', '{url}'],
                                       ['-d', 'a\r\n\r\nGET / HTTP/1.1\r\n', '{url}']],
                         ids=['path', 'query', 'user', 'proxy user', 'proxy user of a tunnel', 'letters of two bytes',
                              'a tab', 'body'])
def test_what_is_encoded_stays_so_in(wire, arguments):
    filled = [word.format(url=wire.url, authority=wire.authority) for word in arguments]
    result = run_json('-d', 'x', *filled)
    if wire.received():
        assert_one_request(wire)
    else:  # the transport would not have it
        assert '-x' in arguments and result.fates[0][0] == 'unreached'


@pytest.mark.parametrize('bad', BREAKS)
def test_user_of_u_is_in_base64_or_refused(wire, bad):
    result = run('-u', f'u:p{BREAKS[bad]}{EVIL}', '-d', 'x', wire.url)
    if result.code == 2:
        assert wire.received() == []
    else:
        assert_one_request(wire)


NAMES = {
    'a space': 'X One: 1', 'a space before the colon': 'X-One : 1', 'a tab before the colon': 'X-One\t: 1',
    'a space in front': ' X-One: 1', 'a folded line': ' folded: into the one before', 'a tab in front': '\tX-One: 1',
    'nothing': ': 1', 'a bracket': 'X(One): 1', 'a quote': 'X"One": 1', 'a slash': 'X/One: 1',
    'a letter beyond ASCII': 'X\u00d6: 1',
    'a non-breaking space': 'Content-Length\u00a0: 1', 'an at': 'X@One: 1',
}
FRAMING = ['Content-Length: 5', 'content-length:5', 'CONTENT-LENGTH: 0', 'Content-Length;', 'Content-Length:',
           'Transfer-Encoding: chunked', 'transfer-encoding: identity', 'Transfer-Encoding;', 'Transfer-Encoding:']


@pytest.mark.parametrize('name', NAMES)
def test_header_is_refused_whose_name_has(wire, name):
    refuses(wire, '-H', NAMES[name], '-d', 'x', wire.url, words=['header', 'name'])


@pytest.mark.parametrize('line', FRAMING)
def test_header_of_the_framing_is_refused(wire, line):
    refuses(wire, '-H', line, '-d', 'x', wire.url, words=['header', 'by hand'])


# ---- Files

@pytest.mark.parametrize('content', [
    b'X-One: a\rX-Evil: 1\n', b'X-One: a\0X-Evil: 1\n', b'X-One: a\n X-Evil: 1\n', b'X-One: a\n\tX-Evil: 1\n',
    b'X-One: a\x1b\n',
    b'X-One: a\n: 1\n', b'X-One: a\nContent-Length: 1\n', b'X-One: a\nTransfer-Encoding: chunked',
    b'X-One: a\r\r\rX-Evil: 1',
    b'X-One : a\n', b'X-One: \x0b\n', b'\0\n'])
def test_file_of_headers_is_refused_with(wire, tmp_path, content):
    (tmp_path / 'headers').write_bytes(content)
    refuses(wire, '-H', '@headers', '-d', 'x', wire.url, words=['header'])


def config_of(wire, **settings):
    return json.dumps({'endpoints': [{'url': wire.url, **settings}]})


SECRETS = {'a header': lambda source: {'headers': {'Authorization': source}},
           'a token': lambda source: {'oauth2_bearer': source},
           'a user': lambda source: {'user': source}, 'a proxy': lambda source: {'proxy': source},
           'a password': lambda source: {'cert': 'apis.json', 'key_password': source}}


@pytest.mark.parametrize('content', [b'u:a\nX-Evil: 1', b'u:a\r\nX-Evil: 1\n', b'u:a\rX-Evil: 1', b'u:a\n\n',
                                     b'u:a\0b', b'\nu:a', b'\n'],
                         ids=repr)
@pytest.mark.parametrize('kind', SECRETS)
def test_file_of_a_secret_is_refused_with(wire, tmp_path, kind, content):
    (tmp_path / 'secret').write_bytes(content)
    (tmp_path / 'apis.json').write_text(config_of(wire, **SECRETS[kind]({'file': 'secret'})))
    refuses(wire, '--config', 'apis.json', '-d', 'x', words=['apis.json: line 1: /endpoints/0/'])


@pytest.mark.parametrize('end', [b'', b'\n', b'\r\n'], ids=repr)
def test_line_end_of_a_file_is_none_of_the_secret(wire, tmp_path, end):
    (tmp_path / 'secret').write_bytes(b'Bearer abc' + end)
    (tmp_path / 'apis.json').write_text(config_of(wire, headers={'Authorization': {'file': 'secret'}}))
    assert run('--config', 'apis.json', '-d', 'x').code == 0
    assert b'Authorization: Bearer abc' in wire.lines()
    assert_one_request(wire)


# ---- Environment

@pytest.mark.parametrize('bad', BREAKS)
@pytest.mark.parametrize('kind', SECRETS)
def test_variable_of_a_secret_is_refused_with(wire, tmp_path, kind, bad):
    (tmp_path / 'apis.json').write_text(config_of(wire, **SECRETS[kind]({'env': 'SECRET'})))
    refuses(wire, '--config', 'apis.json', '-d', 'x', env={'SECRET': f'u:a{BREAKS[bad]}{EVIL}'}, words=['line break'])


@pytest.mark.parametrize('bad', BAD if FULL else BREAKS)
@pytest.mark.parametrize('proxy', ['http://{}!X-Evil: 1', 'http://u:p!X-Evil: 1@{}', '!http://{}', '{}/!'])
@pytest.mark.parametrize('scheme', ['http', 'https'])
def test_proxy_of_the_environment_brings_nothing_in(wire, proxy, bad, scheme):
    """Which of these is refused is the transport's to say: as an attempt that reached nobody."""
    proxy = with_bad(proxy.format(wire.authority), BAD[bad])
    result = run_json('-d', 'x', f'{scheme}://api.example/', env={f'{scheme}_proxy': proxy})
    if wire.received():
        assert_one_request(wire)
    else:
        assert result.fates[0][0] == 'unreached', result


# ---- Configuration

TEXTS = {
    'url': lambda bad: {'url': f'http://127.0.0.1:1/a{bad}X'},
    'name': lambda bad: {'name': f'a{bad}b'},
    'method': lambda bad: {'method': f'GET / HTTP/1.1{bad}{EVIL}'},
    'headers': lambda bad: {'headers': {'X-One': f'a{bad}{EVIL}'}},
    'the name of a header': lambda bad: {'headers': {f'X-One{bad}X-Evil': '1'}},
    'a header template': lambda bad: {'headers': {'X-One': f'{{{{/a}}}}{bad}{EVIL}'}},
    'user_agent': lambda bad: {'user_agent': f'a{bad}{EVIL}'},
    'oauth2_bearer': lambda bad: {'oauth2_bearer': f'a{bad}{EVIL}'},
    'proxy': lambda bad: {'proxy': f'127.0.0.1:1{bad}X'},
    'connect_to': lambda bad: {'connect_to': [f'::evil{bad}X:443']},
    'resolve': lambda bad: {'resolve': [f'h:80:127.0.0.1{bad}']},
}


@pytest.mark.parametrize('bad', [*BAD, 'NUL'])
@pytest.mark.parametrize('key', TEXTS)
def test_configuration_is_refused_with_a_control_character_in(wire, tmp_path, key, bad):
    (tmp_path / 'apis.json').write_text(config_of(wire, **TEXTS[key]({**BAD, 'NUL': '\0'}[bad])))
    refuses(wire, '--config', 'apis.json', '-d', '{"a":1}', words=['apis.json: line 1: '])


@pytest.mark.parametrize('name', [line.partition(':')[0] for line in [*NAMES.values(), *FRAMING]])
def test_configuration_is_refused_with_a_header_named(wire, tmp_path, name):
    (tmp_path / 'apis.json').write_text(config_of(wire, headers={name: '1'}))
    refuses(wire, '--config', 'apis.json', '-d', 'x', words=['apis.json: line 1: /endpoints/0'])


# ---- Envelopes

ENVELOPES = {
    'a header\'s value': lambda bad: {'headers': {'X-One': f'a{bad}{EVIL}'}},
    'a header\'s name': lambda bad: {'headers': {f'X-One{bad}X-Evil': '1'}},
    'the id': lambda bad: {'id': f'a{bad}{EVIL}'},
    'the key': lambda bad: {'headers': {'Idempotency-Key': f'a{bad}{EVIL}'}},
    'the type': lambda bad: {'headers': {'Content-Type': f'a/b{bad}{EVIL}'}},
    'a body\'s name': lambda bad: {'bodies': {f'a{bad}b': 'x'}},
}


def refuses_lines(wire, *envelopes):
    lines = [json.dumps({'body': 'x', **envelope}) for envelope in envelopes]
    result = stream('--input-format', 'envelopes', wire.url, lines=lines)
    tried.count('hostile envelopes refused before anything was sent', len(lines))
    assert result.code == 1
    assert [event['event'] for event in result.events] == ['refused'] * len(lines)
    assert [event['line'] for event in result.events] == list(range(1, len(lines) + 1))
    assert wire.received() == []


@pytest.mark.parametrize('place', ENVELOPES)
def test_envelope_is_refused_with_a_control_character_in(wire, place):
    refuses_lines(wire, *[ENVELOPES[place](bad) for bad in [*BAD.values(), '\0']])


def test_envelope_is_refused_with_a_header_named(wire):
    names = {line.partition(':')[0].rstrip(';') for line in [*NAMES.values(), *FRAMING]}
    hop_by_hop = ['Host', 'HOST', 'Connection', 'Expect', 'Keep-Alive', 'Proxy-Authorization', 'TE', 'Trailer',
                  'Upgrade']
    refuses_lines(wire, *[{'headers': {name: '1'}} for name in sorted([*names, *hop_by_hop])])


# ---- Templates

HOSTILE = ['a\r\nX-Evil: 1', 'a\nX-Evil: 1', 'a\rX-Evil: 1', 'a\0b', 'a\x1bb', 'a\x7fb']


@pytest.mark.parametrize('value', HOSTILE, ids=ascii)
def test_value_that_would_break_a_header_reaches_nobody(wire, tmp_path, value):
    (tmp_path / 'apis.json').write_text(config_of(wire, headers={'X-One': 'v{{/a}}'}))
    result = run_json('--config', 'apis.json', '--json', json.dumps({'a': value}))
    assert result.code == 1
    assert result.fates == [('unreached', 'template')]
    assert '/a' in result.settled['attempts'][0]['error']
    assert wire.received() == []


@pytest.mark.parametrize('value', [*HOSTILE, 'a b HTTP/1.1', '/../..', 'a?b=c&d', 'a#b', '%0d%0aX-Evil: 1',
                                   '\u560d\u560aX-Evil'],
                         ids=ascii)
@pytest.mark.parametrize('target', ['p/{{/a}}/q', '?v={{/a}}&w=1'])
def test_value_is_encoded_in_a_URL(wire, tmp_path, target, value):
    (tmp_path / 'apis.json').write_text(config_of(wire, url=wire.url + target))
    assert run('--config', 'apis.json', '--json', json.dumps({'a': value})).code == 0
    assert_one_request(wire)
    method, path, version = wire.lines()[0].split(b' ')
    assert (method, version) == (b'POST', b'HTTP/1.1')
    assert path.count(b'/') == (3 if target[0] == 'p' else 1)
    assert path.count(b'?') + path.count(b'&') + path.count(b'#') == (0 if target[0] == 'p' else 2)


@pytest.mark.parametrize('value', ['..', '.', '%2e%2E', ''])
def test_value_that_would_change_a_path_reaches_nobody(wire, tmp_path, value):
    (tmp_path / 'apis.json').write_text(config_of(wire, url=wire.url + 'p/{{/a}}/q'))
    result = run_json('--config', 'apis.json', '--json', json.dumps({'a': value}))
    if value.startswith('%'):  # it is encoded once more
        assert b'/p/%252e%252E/q' in wire.lines()[0]
    else:
        assert result.fates == [('unreached', 'template')]
        assert wire.received() == []


def test_bytes_that_are_no_text_are_one_value(wire):
    """As a shell may have them."""
    run('-H', os.fsdecode(b'X-One: \xff\x80\xc4'), '-d', 'x', wire.url)
    assert b'X-One: \xff\x80\xc4' in wire.lines()
    assert_one_request(wire)
