"""A scripted HTTP/1.1 server, which misbehaves on request.

Theory
======

A client is tested by what a server does to it, so this server does exactly what
the request says: its behaviour stands in the query of the URL,

    curl 'http://127.0.0.1:PORT/any/path?delay=3&status=503'

or, in the same language, in a script that the test sets for a path:

    with Server() as server:
        server.script('/p', 'status=500', 'delay=1&status=200')

Step k of a script answers the k-th request to that path, the last step all later
ones; the query of a scripted path is ignored.

One mechanism serves good and bad manners alike.  A thread per connection reads
requests from the raw socket, strictly: what is not well-formed is answered 400.
Every exchange passes the same stations, at each of which a key may interfere:

    read the head - read the body - delay - [end here] - head - body - [end here]

An answer without tricks leaves in a single send().  Nothing here sleeps: a
thread waits only in poll(), recv() and send() on the connection's own socket, so
that the server is stopped by shutting its sockets down, which ends all of these
at once.

The mini-language
=================

`key=value`, joined by `&` and percent-encoded like any query (`+` is a space).
Keys combine wherever that makes sense.  Of a key given twice the last one counts,
save for `header`.  An unknown key is ignored in a URL, which may carry parameters
of the client's own, and is a ValueError in a script; a bad value is answered 400
in a URL and is a ValueError in a script.

The answer
    status=N            the status; without it 200
    header=NAME:VALUE   one more header, sent as it is; may be repeated.  Only
                        Content-Type replaces the one sent otherwise
    body=TEXT           the body; without it {"ok":true,"path":...}
    size=N              a body of N bytes 'x'
    echo=1              a JSON object of the request: method, target, version,
                        headers (list of [name, value] as received), body (one
                        character per byte, that is Latin-1), body_base64
    redirect=URL        a Location header; the status is then 302 if not given
    chunked=1           chunked transfer encoding, in two chunks

Time
    delay=S             S seconds between what is read and what is done then
    drip=S              the body byte by byte, S seconds before each
    headers=drip        the head byte by byte, 50 ms before each

Closing and resetting
    close=before        FIN after the request's head.  Its body is not read; it is
                        thrown away until the peer closes, since the kernel resets
                        a connection that is closed with unread input
    close=after         FIN after the whole request
    reset=before        RST after the request's head
    reset=after         RST after the whole request
    headers=cut         FIN after the status line and one header
    body_cut=N          FIN after N bytes of the body, all of which was announced
    keepalive=0         answer with `Connection: close`, and close
    keepalive=lie       answer as though the connection stayed open, and close

Hanging, until the peer closes (or shuts down its side) or the server stops
    hang=read           after the request's head; the body is never read.  (The
                        kernels' buffers hold a few megabytes of it all the same)
    hang=request        after the whole request
    hang=headers        after the head of the answer, which announces a body
    hang=body           after half the body

Bad HTTP; the connection stays open afterwards, as far as the server is concerned,
so that the client must judge by the bytes and not by the end of them
    headers=big:N       a header of which the value has N bytes
    headers=endless     header lines without end
    body_endless=1      a chunked body without end
    length=N            a Content-Length of N, whatever the body's length
    chunk=bad           a chunked body with a broken chunk size after good chunks
    garbage=1           bytes that are no HTTP instead of an answer
    continue=N          N times `100 Continue` before the answer.  (A request that
                        expects a 100-continue gets its own before its body is
                        read, if it is read.)

Otherwise connections stay open as HTTP says (keepalive=1 says that, too).  Answers
to HEAD, and those with status 1xx, 204 or 304, have no body.

What happens before there is a request cannot depend on one: it is chosen by the
`mode` of the Server.  RST exists in TCP only; on a unix domain socket `reset`
closes.  Over TLS a connection that ends as it should ends with close_notify; one
that is cut does not.

Faults
======

A test that wants another misfortune each time, and an exact account of it, gives
the Server `faults`: an object whose methods the threads of the connections call.

    connection(n)        what befalls the n-th connection: a mode, of which `hang`
                         (after the handshake) and `tls-hang` (before) read what
                         has come once the peer has closed
    request(request)     the step for a request whose head has come, instead of a
                         script's or the query's: see parse_step.  After a `lie`
                         without TLS, and after the mode `close`, what comes is
                         still read
    ended(request)       its exchange is over: `complete`, `answered` and `whole`
                         tell how far it came
    fragment(data)       a connection ended within the head of a request
    lost()               a connection is being ended on which another request may
                         be on its way, which will never be read
    malformed(problem)   what came is no request, and was answered 400

Such a server keeps no request, so that it may serve for as long as it likes.
"""

import argparse
import base64
from collections import Counter, deque
from contextlib import ExitStack, contextmanager, suppress
import ctypes
from dataclasses import dataclass
from http.client import responses as REASONS
from itertools import repeat
import json
import os
from pathlib import Path
import re
import select
import signal
import socket
import ssl
import struct
import tempfile
import threading
import time
from urllib.parse import parse_qsl

MODES = {
    'serve': 'answer requests',
    'refuse': 'hold the port without listening: the kernel refuses connections',
    'hang': 'listen but never accept: connecting succeeds and nobody reads',
    'tls-hang': 'the same, which a TLS client meets as a handshake without an end',
    'blackhole': 'listen with a full backlog: connecting does not come to an end',
    'close': 'accept and send FIN at once',
    'reset': 'accept and send RST at once',
}

MAX_HEAD = 1 << 20
MAX_LINE = 8192
RECEIVE = 1 << 16
JOIN_SECONDS = 2
WATCHED_SECONDS = 60  # to see all that has come, however busy the machine
HEAD_DRIP_SECONDS = 0.05
SO_ATTACH_FILTER, BPF_RETURN = 26, 6  # of Linux

CONTINUE = b'HTTP/1.1 100 Continue\r\n\r\n'
CONTINUES_PER_SEND = 1000
LAST_CHUNK = b'0\r\n\r\n'
BAD_CHUNK = b'no-size\r\nrubbish\r\n'
GARBAGE = b'\x00\xff\xfe this is no HTTP \x01\r\n\r\n'
ENDLESS_HEADERS = b'X-Endless: and another one\r\n' * 100
ENDLESS_PIECE = b'x' * 16384

TOKEN = r"[!#$%&'*+.^_`|~0-9A-Za-z-]+"
REQUEST_LINE = re.compile(rf'({TOKEN}) ([^\s\0]+) (HTTP/1\.[01])')
HEADER_LINE = re.compile(rf'({TOKEN}):[ \t]*((?:[^\r\n\0]*[^\r\n\0 \t])?)[ \t]*')
ORIGIN = re.compile(r'\A[A-Za-z][A-Za-z0-9+.-]*://[^/?]*')


# The mini-language

def seconds(text):
    value = float(text)
    if not 0 <= value <= 86400:
        raise ValueError('not a number of seconds from 0 to 86400')
    return value


def count(text):
    if not re.fullmatch('[0-9]+', text):
        raise ValueError('not a whole number')
    return int(text)


def one_of(*words):
    def read(text):
        if text not in words:
            raise ValueError('not one of ' + ', '.join(words))
        return text
    return read


def flag(text):
    return one_of('0', '1')(text) == '1'


def header_pair(text):
    name, colon, value = text.partition(':')
    if not colon:
        raise ValueError('not NAME:VALUE')
    return name, value.lstrip()


def header_trick(text):
    """The trick and, for `big:N`, the N."""
    if text.startswith('big:'):
        return 'big', count(text.removeprefix('big:'))
    return one_of('cut', 'drip', 'endless')(text), 0


def octets(text):
    return text.encode('latin-1')


# How each key is read, and what it is when it is not given.
KEYS = {
    'status': (count, None),
    'header': (header_pair, ()),
    'body': (octets, None),
    'size': (count, None),
    'echo': (flag, False),
    'redirect': (str, None),
    'chunked': (flag, False),
    'delay': (seconds, 0),
    'drip': (seconds, 0),
    'close': (one_of('before', 'after'), None),
    'reset': (one_of('before', 'after'), None),
    'headers': (header_trick, (None, 0)),
    'body_cut': (count, None),
    'keepalive': (one_of('1', '0', 'lie'), '1'),
    'hang': (one_of('read', 'request', 'headers', 'body'), None),
    'body_endless': (flag, False),
    'length': (count, None),
    'chunk': (one_of('bad'), None),
    'garbage': (flag, False),
    'continue': (count, 0),
}


def parse_step(text, strict):
    """The step that `text` describes: a value for every key.

    All text on the way from and to the wire has one character per byte.
    """
    step = {key: default for key, (_, default) in KEYS.items()}
    for key, value in parse_qsl(text, keep_blank_values=True, encoding='latin-1'):
        if key not in KEYS:
            if strict:
                raise ValueError(f'{key}={value}: no such key')
            continue
        read, _ = KEYS[key]
        try:
            parsed = read(value)
        except ValueError as problem:
            raise ValueError(f'{key}={value}: {problem}') from None
        step[key] = (*step[key], parsed) if key == 'header' else parsed
    return step


def reads_body(step):
    """Whether the step is one that reads the body of the request."""
    return step['hang'] != 'read' and 'before' not in (step['close'], step['reset'])


# Requests

class Malformed(Exception):
    """The peer sent what is no well-formed request, or asked for a bad step."""


@dataclass
class Request:
    """A request of which the head was received, and perhaps the body."""

    method: str
    target: str
    version: str
    headers: list           # (name, value) in the order of arrival
    length: int | None      # of the body, as announced; None: it comes in chunks
    connection: int         # the number of its connection, from 1 on
    at: float               # time.monotonic() when the head was complete
    number: int = 0         # among the server's requests, from 1 on
    body: bytes = b''       # what was read of it
    complete: bool = False  # whether all of the request was read
    answered: int | None = None  # the status, once a whole final head was sent to a peer that had not closed
    whole: bool = False     # whether the same is true of the body
    note: object = None     # whatever `faults` wants to keep with it

    @property
    def path(self):
        return self._resource()[0]

    @property
    def query(self):
        return self._resource()[2]

    def _resource(self):
        return ORIGIN.sub('', self.target).partition('?')

    def header(self, name):
        """The value of the first header of that name, or None."""
        return next(iter(values(self.headers, name)), None)

    def described(self):
        """The request as it was received, for JSON."""
        return {
            'method': self.method,
            'target': self.target,
            'version': self.version,
            'headers': self.headers,
            'body': self.body.decode('latin-1'),
            'body_base64': base64.b64encode(self.body).decode(),
        }

    def wants_keep_alive(self):
        tokens = ','.join(values(self.headers, 'Connection')).lower().replace(' ', '').split(',')
        return 'keep-alive' in tokens if self.version == 'HTTP/1.0' else 'close' not in tokens


def values(headers, name):
    """The values of all headers of that name."""
    return [value for each, value in headers if each.lower() == name.lower()]


def parse_head(head, connection):
    """The Request of which `head` is the head, without the blank line."""
    first, *lines = head.decode('latin-1').split('\r\n')
    start = REQUEST_LINE.fullmatch(first)
    if not start:
        raise Malformed(f'no request line: {first!r}')
    headers = [parse_header(line) for line in lines]
    length = body_length(headers)
    return Request(*start.groups(), headers, length, connection, time.monotonic(),
                   complete=length == 0)


def parse_header(line):
    match = HEADER_LINE.fullmatch(line)
    if not match:
        raise Malformed(f'no header line: {line!r}')
    return match.groups()


def body_length(headers):
    """How many bytes of body these headers announce; None for chunks."""
    encodings = values(headers, 'Transfer-Encoding')
    lengths = values(headers, 'Content-Length')
    if encodings:
        if lengths or [each.lower() for each in encodings] != ['chunked']:
            raise Malformed('Transfer-Encoding is not just chunked')
        return None
    if not lengths:
        return 0
    if len(lengths) > 1 or not re.fullmatch('[0-9]+', lengths[0]):
        raise Malformed('Content-Length is not one number')
    return int(lengths[0])


class Reader:
    """Takes what `receive` returns apart, by a mark or by a length.

    The end of the input is an EOFError, wherever it comes.
    """

    def __init__(self, receive):
        self._receive = receive
        self._buffer = bytearray()

    @property
    def rest(self):
        """What was received and not taken."""
        return bytes(self._buffer)

    def _fill(self):
        data = self._receive(RECEIVE)
        if not data:
            raise EOFError
        self._buffer += data

    def until(self, mark, limit):
        """The bytes before the next `mark`, which is skipped."""
        searched = 0
        while (end := self._buffer.find(mark, searched)) < 0:
            if len(self._buffer) > limit:
                raise Malformed(f'no {mark!r} within {limit} bytes')
            searched = max(0, len(self._buffer) - len(mark) + 1)
            self._fill()
        found = bytes(self._buffer[:end])
        del self._buffer[:end + len(mark)]
        return found

    def exactly(self, length):
        """The next `length` bytes, in pieces as they arrive."""
        while length > 0:
            if not self._buffer:
                self._fill()
            piece = bytes(self._buffer[:length])
            del self._buffer[:length]
            length -= len(piece)
            yield piece

    def chunks(self):
        """The content of a chunked body, in pieces as they arrive."""
        while size := self._chunk_size():
            yield from self.exactly(size)
            if self.until(b'\r\n', MAX_LINE):
                raise Malformed('a chunk is longer than its size')
        while self.until(b'\r\n', MAX_LINE):
            pass  # a trailer

    def _chunk_size(self):
        size = self.until(b'\r\n', MAX_LINE).partition(b';')[0]
        if not re.fullmatch(b'[0-9A-Fa-f]+', size):
            raise Malformed(f'no chunk size: {size!r}')
        return int(size, 16)


# Answers

def to_json(value):
    return json.dumps(value, separators=(',', ':')).encode()


def content(request, step):
    """The body that answers the request, and its type."""
    if step['echo']:
        return to_json(request.described()), 'application/json'
    if step['body'] is not None:
        return step['body'], 'text/plain'
    if step['size'] is not None:
        return b'x' * step['size'], 'text/plain'
    return to_json({'ok': True, 'path': request.path}), 'application/json'


def status_of(step):
    if step['status'] is not None:
        return step['status']
    return 200 if step['redirect'] is None else 302


def chunk(piece):
    return b'%x\r\n%s\r\n' % (len(piece), piece)


class Answer:
    """The bytes with which a step answers a request."""

    def __init__(self, request, step):
        self._step = step
        self.status = status_of(step)
        self._content, self._type = content(request, step)
        self._http10 = request.version == 'HTTP/1.0'
        self._chunked = step['chunked'] or step['body_endless'] or step['chunk'] == 'bad'
        self._describes_body = self.status not in (204, 304) and self.status // 100 != 1
        self._sends_body = (self._describes_body and request.method != 'HEAD'
                            and not step['garbage'])
        self.keeps_alive = step['keepalive'] != '0' and request.wants_keep_alive()
        self.is_http = not step['garbage']

    def head(self):
        if self._step['garbage']:
            return GARBAGE
        return self._lines(self._headers()) + b'\r\n'

    def begun_head(self):
        """The status line and one header."""
        return self._lines([next(self._headers())])

    def _lines(self, headers):
        lines = [f'HTTP/1.1 {self.status} {REASONS.get(self.status, "")}']
        lines += [f'{name}: {value}' for name, value in headers]
        return octets(''.join(line + '\r\n' for line in lines))

    def _headers(self):
        step = self._step
        trick, size = step['headers']
        yield 'Server', 'scripted'
        if self._describes_body:
            yield from self._body_headers()
        if step['redirect'] is not None:
            yield 'Location', step['redirect']
        if not self.keeps_alive:
            yield 'Connection', 'close'
        elif self._http10:
            yield 'Connection', 'keep-alive'
        yield from step['header']
        if trick == 'big':
            yield 'X-Big', 'x' * size

    def _body_headers(self):
        length = self._step['length']
        if not values(self._step['header'], 'Content-Type'):
            yield 'Content-Type', self._type
        if self._chunked:
            yield 'Transfer-Encoding', 'chunked'
        elif length is None:
            length = len(self._content)
        if length is not None:
            yield 'Content-Length', length

    def _cut(self):
        """After how many bytes the body breaks off; None: not at all."""
        if self._step['hang'] == 'headers':
            return 0
        if self._step['hang'] == 'body':
            return len(self._content) // 2
        return self._step['body_cut']

    def is_whole(self):
        return self._cut() is None

    def frames(self):
        """The body as it is sent, in parts that may be sent at different times."""
        if not self._sends_body:
            return
        for piece in self._pieces():
            yield chunk(piece) if self._chunked else piece
        if self._chunked and self.is_whole():
            yield BAD_CHUNK if self._step['chunk'] == 'bad' else LAST_CHUNK

    def _pieces(self):
        if self._step['body_endless']:
            return repeat(ENDLESS_PIECE)
        sent = self._content[:self._cut()]
        size = 1 if self._step['drip'] else len(sent) // 2 + 1
        return (sent[at:at + size] for at in range(0, len(sent), size))


# Connections

def disconnect(sock):
    """What connect(2) says of AF_UNSPEC: a TCP connection is reset. Python's own connect() cannot say it."""
    ctypes.CDLL(None).connect(sock.fileno(), bytes(16), 16)


class Connection:
    """One accepted connection and the thread that serves it.

    The methods that end an exchange say whether the connection stays open.  When
    it does not, its thread closes the socket, which sends the FIN unless something else ended it.
    """

    def __init__(self, server, sock, number):
        self._server = server
        self._sock = sock
        self._number = number
        self._reader = None
        self.thread = threading.Thread(target=self._run, daemon=True)

    def unplug(self):
        """End, from another thread, whatever this connection waits for."""
        with suppress(OSError):
            self._shut_down(socket.SHUT_RDWR)

    def close(self):
        self._sock.close()

    def _shut_down(self, how):
        socket.socket.shutdown(self._sock, how)  # also under TLS, and without its leave

    def _run(self):
        try:
            mode = self._server.meet(self._number)
            if mode == 'reset':
                self._reset()
            elif mode == 'close' and not self._server.is_watched:
                self._linger()
            else:
                self._serve(mode)
        except (EOFError, OSError):
            pass  # the peer is gone, or the server stops
        finally:
            self._server.forget(self)

    def _serve(self, mode):
        if mode == 'close':
            self._end_output()
        if mode == 'tls-hang':
            self._hang()
        if self._server.context:
            self._encrypt()
        if mode == 'hang':
            self._hang()
        self._reader = Reader(self._sock.recv)
        try:
            while self._exchange():
                pass
        except Malformed as problem:
            self._refuse(problem)

    def _encrypt(self):
        with self._server.changed:  # so that stop() finds the one socket or the other
            self._sock = self._server.context.wrap_socket(
                self._sock, server_side=True, do_handshake_on_connect=False)
        self._sock.do_handshake()

    def _refuse(self, problem):
        self._server.tell('malformed', problem)
        body = f'{problem}\n'.encode('latin-1', 'replace')
        self._sock.sendall(b'HTTP/1.1 400 Bad Request\r\nContent-Type: text/plain\r\n'
                           b'Content-Length: %d\r\nConnection: close\r\n\r\n%s'
                           % (len(body), body))
        self._say_goodbye()
        self._linger()

    def _exchange(self):
        """Take one request and treat it as its step says."""
        request = parse_head(self._read_head(), self._number)
        scripted = self._server.record(request)
        try:
            return self._treat(request, scripted)
        finally:
            self._server.tell('ended', request)

    def _read_head(self):
        try:
            return self._reader.until(b'\r\n\r\n', MAX_HEAD)
        except (EOFError, OSError):
            if self._reader.rest:
                self._server.tell('fragment', self._reader.rest)
            raise

    def _treat(self, request, scripted):
        try:
            step = scripted or self._own_step(request)
            if reads_body(step):
                self._read_body(request)
        finally:
            self._server.log(request)

        self._wait(step['delay'])
        if step['reset']:
            return self._reset()
        if step['close']:
            return False if request.complete else self._linger()
        if step['hang'] in ('read', 'request'):
            return self._hang()
        return self._answer(request, step)

    @staticmethod
    def _own_step(request):
        try:
            return parse_step(request.query, strict=False)
        except ValueError as problem:
            raise Malformed(problem) from None

    def _read_body(self, request):
        if (request.header('Expect') or '').lower() == '100-continue':
            self._sock.sendall(CONTINUE)
        chunked = request.length is None
        received = bytearray()
        try:
            for piece in self._reader.chunks() if chunked else self._reader.exactly(request.length):
                received += piece
            request.complete = True
        finally:
            request.body = bytes(received)

    def _answer(self, request, step):
        answer = Answer(request, step)
        trick, _ = step['headers']
        self._send_continues(step['continue'])
        if step['keepalive'] == 'lie':
            self._hold_back()

        if trick == 'cut':
            self._sock.sendall(answer.begun_head())
            return False
        if trick == 'endless':
            self._sock.sendall(answer.begun_head())
            self._drip(repeat(ENDLESS_HEADERS), 0)  # until sending fails

        head, frames = answer.head(), answer.frames()
        if trick == 'drip':
            self._drip((head[at:at + 1] for at in range(len(head) - 1)), HEAD_DRIP_SECONDS)
            self._wait(HEAD_DRIP_SECONDS)
            head = head[-1:]
        if step['drip'] or step['body_endless']:
            self._send_answer(request, answer, head)
            self._drip(frames, step['drip'])
        else:
            self._send_answer(request, answer, head, b''.join(frames))
        request.whole = request.answered is not None and answer.is_whole()

        if step['hang']:
            return self._hang()
        if not answer.is_whole():
            return False
        if answer.keeps_alive:
            return step['keepalive'] != 'lie' or self._break_promise()
        self._say_goodbye()
        return False

    def _hold_back(self):
        """Until the output ends: whoever has read the answer can see that there is no more to come."""
        with suppress(OSError):  # a Unix socket sends at once
            self._sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_CORK, 1)

    def _break_promise(self):
        """End a connection on which the next request may be on its way."""
        if self._server.is_watched and not self._server.context:
            return self._end_output()
        self._server.tell('lost')  # and under TLS saying goodbye would take it in
        self._say_goodbye()
        return False

    def _send_answer(self, request, answer, head, rest=b''):
        """Send this in one go, and note when the head, or what is left of it, has gone to a peer that can read it."""
        heard = not self._peer_has_closed() and answer.is_http
        data = memoryview(head + rest)
        sent = 0
        while sent < len(data):
            sent += self._sock.send(data[sent:])
            if heard and sent >= len(head) and request.answered is None:
                request.answered = answer.status

    def _peer_has_closed(self):
        poller = select.poll()
        poller.register(self._sock, select.POLLRDHUP)
        return bool(poller.poll(0))

    def _send_continues(self, n):
        while n > 0:
            some = min(n, CONTINUES_PER_SEND)
            self._sock.sendall(CONTINUE * some)
            n -= some

    def _drip(self, parts, pause):
        for part in parts:
            self._wait(pause)
            self._sock.sendall(part)

    def _wait(self, duration, events=0):
        """Wait for a number of seconds, or for ever if that is None.

        Ends early when the connection breaks or is unplugged, or at one of the
        poll `events`.
        """
        if duration != 0:
            poller = select.poll()
            poller.register(self._sock, events)
            poller.poll(None if duration is None else duration * 1000)

    def _hang(self):
        """Read and write no more, until the peer closes."""
        self._wait(None, select.POLLRDHUP)
        return False

    def _end_output(self):
        """Send FIN now, and read on: what comes then is seen, and cannot be answered."""
        self._shut_down(socket.SHUT_WR)
        return True

    def _linger(self):
        """Send FIN now, and throw away what the peer sends until it closes."""
        self._shut_down(socket.SHUT_WR)
        while socket.socket.recv(self._sock, RECEIVE):  # under TLS: undecrypted
            pass
        return False

    def _reset(self):
        """Send RST now. Closing would not do: a child that another thread has just forked, and that is about to become
        its program, has the socket for another moment."""
        disconnect(self._sock)
        return False

    def _say_goodbye(self):
        """Send close_notify if this is TLS, without waiting for the peer's."""
        if self._server.context:
            self._sock.settimeout(0)
            with suppress(OSError):
                self._sock.unwrap()
            self._sock.settimeout(None)


# Servers

class Server:
    """A scripted server on a port that the kernel chooses.

    tls    a certificate (with paths `cert` and `key`) to serve HTTPS with
    host   the address to listen on, of IPv4 or IPv6
    mode   one of MODES
    port   a port to listen on instead
    unix   the path of a unix domain socket to listen on instead; removed at stop
    log    a binary file opened without buffering: one line of JSON is written for
           each request, before it is answered
    faults an object that chooses what becomes of each connection and request, and
           is told: see above
    """

    def __init__(self, tls=None, host='127.0.0.1', mode='serve', port=0, unix=None, log=None, faults=None):
        if mode not in MODES:
            raise ValueError(f'mode {mode!r} is not one of ' + ', '.join(MODES))
        self.mode = mode
        self.host = host
        self.port = port
        self.context = server_context(tls) if tls else None
        self._unix = unix
        self._log = log
        self._faults = faults
        self._listener = None
        self._acceptor = None
        self._last = None  # the address of who comes last
        self._fillers = []
        self._stopping = False
        self.changed = threading.Condition()  # guards all that follows, and each socket
        self._scripts = {}
        self._requests = []
        self._counts = Counter()
        self._connections = 0
        self._open = set()

    def __enter__(self):
        return self.start()

    def __exit__(self, *exception):
        self.stop()

    def start(self):
        self._listener = self._bind()
        if self.mode == 'blackhole':
            self._listener.listen(0)
            self._fillers = fill_backlog(self._listener)
        elif self.mode != 'refuse':
            self._listener.listen(1024)
        if self.mode in ('serve', 'close', 'reset'):
            self._acceptor = threading.Thread(target=self._accept_all, daemon=True)
            self._acceptor.start()
        return self

    def _bind(self):
        if self._unix:
            listener = socket.socket(socket.AF_UNIX)
            listener.bind(str(self._unix))
            return listener
        listener = socket.socket(socket.AF_INET6 if ':' in self.host else socket.AF_INET)
        if self.port:  # never otherwise: the kernel could choose a port that is held
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((self.host, self.port))
        self.port = listener.getsockname()[1]
        return listener

    def stop(self):
        """Close everything, and wait for the threads to end."""
        if self.is_watched and self._acceptor:
            self._accept_the_rest()
        self._stopping = True
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)  # ends accept()
        if self._acceptor:
            self._acceptor.join(self._patience)
        for sock in [self._listener, *self._fillers]:
            sock.close()
        if self._unix:
            Path(self._unix).unlink(missing_ok=True)
        self._stop_connections()

    @property
    def _patience(self):
        return WATCHED_SECONDS if self.is_watched else JOIN_SECONDS

    def _accept_the_rest(self):
        """Wait until whoever is connected by now has been accepted: what they sent is to be seen.

        They are accepted in turn, so that whoever comes last tells.
        """
        with suppress(OSError), socket.socket(self._listener.family) as last:
            last.settimeout(WATCHED_SECONDS)
            last.bind((self.host, 0))
            self._last = last.getsockname()
            last.connect(self._listener.getsockname())
            last.recv(1)

    def _stop_connections(self):
        with self.changed:
            connections = list(self._open)
            for connection in connections:
                self.tell('lost')
                connection.unplug()
        deadline = time.monotonic() + self._patience
        for connection in connections:
            connection.thread.join(max(0, deadline - time.monotonic()))

    # For the test

    def url(self, target='/'):
        """The URL of a path and query here.

        With a unix domain socket: one to use together with that.
        """
        scheme = 'https' if self.context else 'http'
        host = f'[{self.host}]' if ':' in self.host else self.host
        authority = 'localhost' if self._unix else f'{host}:{self.port}'
        return f'{scheme}://{authority}{target}'

    def script(self, path, *steps):
        """Let the next requests to `path` be answered by these steps."""
        if not steps:
            raise ValueError('a script needs a step')
        parsed = deque(parse_step(step.encode().decode('latin-1'), strict=True)
                       for step in steps)
        with self.changed:
            self._scripts[path] = parsed

    @property
    def requests(self):
        """The requests of which the head was received, in order of arrival."""
        with self.changed:
            return list(self._requests)

    @property
    def connections(self):
        """How many connections were accepted."""
        with self.changed:
            return self._connections

    def count(self, path=None):
        """How many requests there were, to that path (without a query) or at all."""
        with self.changed:
            return len(self._requests) if path is None else self._counts[path]

    def wait_for(self, n, path=None, timeout=10):
        """Wait until there were `n` requests; TimeoutError if that takes too long."""
        with self.changed:
            if not self.changed.wait_for(lambda: self.count(path) >= n, timeout):
                raise TimeoutError(f'{self.count(path)} requests to {path or "any path"}, '
                                   f'not {n}, in {timeout} s')

    # For the threads

    def _accept_all(self):
        while True:
            try:
                sock, peer = self._listener.accept()
            except OSError:
                if self._stopping:
                    return
                raise
            if peer == self._last:
                self._close_the_door()
                return sock.close()  # which tells stop()
            self._take_in(sock)

    def _take_in(self, sock):
        if not self._unix:
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        with self.changed:
            self._connections += 1
            connection = Connection(self, sock, self._connections)
            self._open.add(connection)
        connection.thread.start()

    def _close_the_door(self):
        """So that nobody comes in between whom the kernel lets in and we do not."""
        deafen(self._listener)
        self._listener.settimeout(0)
        with suppress(OSError):
            while True:
                self._take_in(self._listener.accept()[0])
        # Closing it would not do: a process that is just being started may still have it open.
        self._listener.shutdown(socket.SHUT_RDWR)

    def meet(self, number):
        """The mode in which the connection of this number is met."""
        mode = self._faults.connection(number) if self._faults else self.mode
        if mode == 'reset':
            self.tell('lost')
        return mode

    @property
    def is_watched(self):
        return self._faults is not None

    def tell(self, what, *arguments):
        """Tell `faults`, if there are any, what they would want to know."""
        if self._faults:
            getattr(self._faults, what)(*arguments)

    def record(self, request):
        """Note a request; return the step that is scripted for it, or None."""
        if self._faults:
            return self._faults.request(request)
        with self.changed:
            self._requests.append(request)
            request.number = len(self._requests)
            self._counts[request.path] += 1
            self.changed.notify_all()
            steps = self._scripts.get(request.path)
            if steps is None:
                return None
            return steps.popleft() if len(steps) > 1 else steps[0]

    def log(self, request):
        if self._log:
            self._log.write(to_json({
                'number': request.number,
                'connection': request.connection,
                'port': self.port,
                'at': request.at,
                'complete': request.complete,
                **request.described(),
            }) + b'\n')

    def forget(self, connection):
        """Close a connection, while stop() does not look."""
        with self.changed:
            self._open.discard(connection)
            connection.close()


def deafen(listener):
    """Let the kernel drop whatever comes to it from now on: a packet filter that returns 0."""
    instruction = ctypes.create_string_buffer(struct.pack('HBBI', BPF_RETURN, 0, 0, 0))
    listener.setsockopt(socket.SOL_SOCKET, SO_ATTACH_FILTER, struct.pack('HP', 1, ctypes.addressof(instruction)))


@contextmanager
def refused_port(host='127.0.0.1'):
    """A port where connections are refused, and that nobody else can get.

    It is bound but not listened on, as long as the context lasts.
    """
    with Server(host=host, mode='refuse') as server:
        yield server.port


@contextmanager
def port_everywhere():
    """A port that is free at each address of this machine, of both families, and held for the servers that are given
    it: what the kernel chooses at one address another may have at the next."""
    with socket.socket(socket.AF_INET6 if has_ipv6() else socket.AF_INET) as keeper:
        if keeper.family == socket.AF_INET6:
            keeper.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
        keeper.bind(('', 0))
        keeper.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # now, and never before: see Server._bind
        yield keeper.getsockname()[1]


def has_ipv6():
    with suppress(OSError), socket.socket(socket.AF_INET6) as probe:
        probe.bind(('::1', 0))
        return True
    return False


def server_context(certificate):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate.cert, certificate.key)
    return context


def fill_backlog(listener):
    """Connect until the kernel lets nobody in; return the connections in the way."""
    fillers = []
    while True:
        filler = socket.socket(listener.family)
        filler.settimeout(0.1)
        fillers.append(filler)
        try:
            filler.connect(listener.getsockname())
        except OSError:
            return fillers


# The command

STOP_SIGNALS = {signal.SIGINT, signal.SIGTERM}


def parse_options(arguments):
    parser = argparse.ArgumentParser(
        description='Serve HTTP as the query of each URL says, until SIGTERM or SIGINT. '
                    'The docstring of this file explains the language.')
    parser.add_argument('--port', type=int, default=0, metavar='N',
                        help='the port to listen on (default: any)')
    parser.add_argument('--ports', type=int, default=1, metavar='K',
                        help='listen on so many ports')
    parser.add_argument('--unix', metavar='PATH',
                        help='listen on a unix domain socket instead')
    parser.add_argument('--tls', nargs='?', const='', metavar='DIR',
                        help='serve HTTPS for localhost, 127.0.0.1 and ::1 with a new '
                             'certificate; the CA is left in DIR/ca.pem')
    parser.add_argument('--port-file', type=Path, metavar='FILE',
                        help='write the ports to FILE, one a line')
    parser.add_argument('--log', metavar='FILE',
                        help='append a line of JSON to FILE for each request')
    options = parser.parse_args(arguments)
    if options.ports > 1 and (options.port or options.unix):
        parser.error('--ports excludes --port and --unix')
    if options.unix and options.port_file:
        parser.error('a unix domain socket has no port to write')
    return options


def new_certificate(directory):
    from certs import make_ca  # lies next to this file
    return make_ca(directory).issue(['localhost', '127.0.0.1', '::1'])


def write_at_once(path, text):
    """Write a file so that nobody ever sees a part of it."""
    temporary = path.with_name(path.name + '.new')
    temporary.write_text(text)
    os.replace(temporary, path)


def main(arguments=None):
    options = parse_options(arguments)
    with ExitStack() as stack:
        tls = log = None
        if options.tls is not None:
            tls = new_certificate(options.tls or stack.enter_context(tempfile.TemporaryDirectory()))
        if options.log:
            log = stack.enter_context(open(options.log, 'ab', buffering=0))

        signal.pthread_sigmask(signal.SIG_BLOCK, STOP_SIGNALS)
        servers = [
            stack.enter_context(Server(tls, port=options.port, unix=options.unix, log=log))
            for _ in range(options.ports)
        ]
        if options.port_file:
            write_at_once(options.port_file, ''.join(f'{server.port}\n' for server in servers))
        for server in servers:
            where = f'unix:{options.unix}' if options.unix else server.url()
            print(f'listening on {where}', flush=True)
        signal.sigwait(STOP_SIGNALS)


if __name__ == '__main__':
    main()
