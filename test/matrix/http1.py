"""The plans of HTTP/1.1: what a server sends, by the state of the attempt and the fault."""

from faulty import DRIP, Connection, Faulty, Plan, hangs
from server import MAX_HEAD, Reader, parse_head

GOOD = b'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok'
CONTINUE = b'HTTP/1.1 100 Continue\r\n\r\n'
GARBAGE = b'\x00\xff\xfe this is no HTTP \x01\r\n\r\n'
LINE = b'X-Endless: and another one\r\n'
WORD = b'HTTP/1.1 2'
BEGUN = b'HTTP/1.1 200 OK\r\nServer: faulty\r\n'
NO_LENGTH = BEGUN + b'\r\n'
LONG = BEGUN + b'Content-Length: 100\r\n\r\n'
SHORT = BEGUN + b'Content-Length: 10\r\n\r\n'
GZIP = BEGUN + b'Content-Encoding: gzip\r\nContent-Length: 100\r\n\r\n'
CHUNKED = BEGUN + b'Transfer-Encoding: chunked\r\n\r\n4\r\ngood\r\n'
HALF = b'x' * 50
CHUNK = b'4000\r\n' + b'x' * 0x4000 + b'\r\n'


def redirect(target):
    return b'HTTP/1.1 307 Temporary Redirect\r\nLocation: ' + target + b'\r\nContent-Length: 0\r\n\r\n'


SENDING = {
    'reset': Plan('reset'),
    'torn head': Plan(torn=True),
    'FIN': Plan('FIN'),
    'no close_notify': Plan('cut'),
    'garbage': Plan(send=GARBAGE),
    'truncation': Plan('FIN', send=WORD),
    'slow drip': Plan(sip=DRIP),
    'early failure': Plan(send=b'HTTP/1.1 413 Content Too Large\r\nContent-Length: 0\r\n\r\n'),
    'early success': Plan(send=GOOD),
    'endless headers': Plan(send=BEGUN, forever=LINE * 100),
    '1xx flood': Plan(forever=CONTINUE * 1000),
}

WAITING = {
    'reset': Plan('reset'),
    'FIN': Plan('FIN'),
    'no close_notify': Plan('cut'),
    'garbage': Plan(send=GARBAGE),
    'truncation': Plan('FIN', send=WORD),
    'slow drip': Plan(forever=CONTINUE, pause=DRIP),
    '1xx flood': Plan(forever=CONTINUE * 1000),
}

HEADERS = {
    'reset': Plan('reset', send=BEGUN),
    'FIN': Plan('FIN', send=BEGUN),
    'no close_notify': Plan('cut', send=BEGUN),
    'garbage': Plan(send=BEGUN + b'\xff\x00 no header at all\r\n\r\n'),
    'truncation': Plan('FIN', send=BEGUN + b'Content-Le'),
    'slow drip': Plan(send=BEGUN * 20, drip=DRIP),
    'endless headers': Plan(send=BEGUN, forever=LINE * 100),
    'wrong length': Plan(send=BEGUN + b'Content-Length: many\r\n\r\n' + HALF),
    'redirect loop': Plan('keep', send=redirect(b'/')),
    'redirect to file:': Plan(send=redirect(b'file:///etc/hostname')),
}

BODY = {
    'reset': Plan('reset', send=LONG + HALF),
    'FIN': Plan('FIN', send=NO_LENGTH + HALF),
    'no close_notify': Plan('cut', send=NO_LENGTH + HALF),
    'garbage': Plan(send=GZIP + HALF * 2),
    'truncation': Plan('FIN', send=LONG + HALF),
    'slow drip': Plan(send=LONG, forever=b'x', pause=DRIP),
    'endless headers': Plan(send=CHUNKED + b'0\r\n', forever=LINE * 100),
    'endless body': Plan(send=CHUNKED, forever=CHUNK),
    'wrong length': Plan(send=SHORT + HALF),
    'bad chunking': Plan(send=CHUNKED + b'no-size\r\nrubbish\r\n'),
}

PLANS = {(state, fault): plan
         for state, plans in [('sending', SENDING), ('waiting', WAITING), ('headers', HEADERS), ('body', BODY)]
         for fault, plan in plans.items()}
PLANS.update(hangs('sending', Plan()))
PLANS.update(hangs('waiting', Plan()))
PLANS.update(hangs('headers', Plan(send=BEGUN)))
PLANS.update(hangs('body', Plan(send=LONG + HALF)))


class Http1Connection(Connection):
    NOISE = b'HTTP/1.1 408 Request Timeout\r\nContent-Length: 0\r\nConnection: close\r\n\r\n'

    def _begin_head(self):
        return self._sock.recv(20)

    def _take_requests(self):
        self._reader = Reader(self._sock.recv)
        while not self._tears() and self._exchange():
            pass

    def _read_head(self):
        try:
            return parse_head(self._reader.until(b'\r\n\r\n', MAX_HEAD), self._number)
        except (EOFError, OSError):
            if self._reader.rest:
                self._server.note_torn()
            raise

    def _exchange(self):
        request = self._read_head()
        plan = self._server.see(request)
        if not plan or self._server.state != 'sending' or plan.sip:
            self._read_all(request, plan.sip if plan else 0)
        if plan:
            return self._carry_out(plan, lambda data: data)
        self._sock.sendall(GOOD)
        return self._after_good()

    def _read_all(self, request, pause):
        for _ in self._reader.exactly(request.length):
            self._wait(pause)
        request.complete = True


class Http1(Faulty):
    connection_type = Http1Connection


class TunnelConnection(Http1Connection):
    """A proxy that grants a tunnel, and the API at its other end, which speaks TLS on the same connection."""

    def _serve(self):
        parse_head(Reader(self._sock.recv).until(b'\r\n\r\n', MAX_HEAD), self._number)
        self._sock.sendall(b'HTTP/1.1 200 Connection established\r\n\r\n')
        super()._serve()


class Tunnel(Faulty):
    connection_type = TunnelConnection
