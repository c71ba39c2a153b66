"""Servers of which one request meets one fault, in one state of its attempt.

A server is made for a cell of the matrix: it answers what comes before as it should (the request that makes a
connection which is then reused), and treats the next request, and every one after it, as the cell's plan says. A plan
is all that a server can do: read the request's body or not, send some bytes at some pace, and end in some way. HTTP/1
and HTTP/2 differ in the bytes (http1.py, http2.py), and not in this.

Faults that come before there is a request are here: of the port (nobody is let in), and of the TLS handshake.

What the server has seen is the judge of every cell. A request is seen when its head was complete here, whatever became
of its body; a head that breaks off is counted apart, in `torn`.
"""

from contextlib import suppress
from dataclasses import dataclass
import itertools
import socket
import ssl
import threading
import time

import server
from server import RECEIVE, deafen, fill_backlog, server_context

HANGS = ('black hole', 'timeout', 'connect timeout', 'cancel')  # what differs is who ends it
STALE = ('stale by FIN', 'stale by reset', 'stale by bytes')

SMALL_BUFFER = 65536  # so that a large body is not swallowed by the kernel
DRIP = 0.1
GRACE = 0.05
PORT_SECONDS = 5
READER_SECONDS = 20

ALERT = bytes.fromhex('15030300020228')  # fatal, handshake_failure
NO_TLS = b'This is no TLS, and never will be.\r\n'


@dataclass
class Plan:
    """What befalls a request. `send` and `forever` are bytes, or make them of what is at hand (HTTP/2: the stream)."""

    end: str = 'hang'       # until the peer closes; reset; FIN; cut: FIN without TLS's own goodbye; keep: it stays open
    send: object = b''
    drip: float = 0         # seconds before each byte of it
    later: object = b''     # what is sent when the client has had the time to take that in
    forever: object = b''   # after that, until sending fails
    pause: float = 0        # seconds before each of those
    sip: float = 0          # while sending: take the body in, with so many seconds before each piece
    torn: bool = False      # not even the head is taken


def hangs(state, plan):
    """The plans for all faults in which a server does nothing more."""
    return {(state, fault): plan for fault in HANGS if fault != 'connect timeout'}


class Connection(server.Connection):
    """What HTTP/1 and HTTP/2 share. A subclass has `_take_requests`, `_begin_head` and `NOISE`."""

    def _run(self):
        try:
            if self._server.state == 'tls' and self._number > self._server.good:
                self._mistreat_handshake(self._server.fault)
            else:
                self._serve()
        except (EOFError, OSError):
            pass  # the peer is gone, or the server stops
        finally:
            self._server.forget(self)

    def _serve(self):
        if self._server.context:
            self._encrypt()
        self._take_requests()

    # Before there is a request

    def _mistreat_handshake(self, fault):
        if self._server.other:
            return self._serve()
        hello = self._sock.recv(RECEIVE)
        if fault == 'reset':
            return self._reset()
        if fault in HANGS:
            return self._hang()
        self._sock.sendall({'garbage': NO_TLS, 'alert': ALERT}.get(fault, b''))
        flight = first_flight(self._server.context, hello)
        if fault == 'truncation':
            self._sock.sendall(flight[:len(flight) // 2])
        if fault == 'slow drip':
            self._drip(in_bytes(flight), DRIP)
        return self._linger()

    def _tears(self):
        """Take no more than a part of the next head, if that is the plan and it is time."""
        if not (self._server.plan and self._server.plan.torn and self._server.answered >= self._server.good):
            return False
        if self._begin_head():
            self._server.note_torn()
        self._server.turn_away()
        self._reset()
        return True

    # A request

    def _carry_out(self, plan, frame):
        """Treat a request as the plan says; `frame` makes bytes of what the plan has. Whether it stays open."""
        self._server.turn_away()
        data = frame(plan.send)
        if plan.drip:
            self._drip(in_bytes(data), plan.drip)
        elif data:
            self._sock.sendall(data)
            if plan.end != 'keep':
                self._wait_for_reader()
        self._server.note_met()
        self._sock.sendall(frame(plan.later))
        if plan.forever:
            self._drip(itertools.repeat(frame(plan.forever)), plan.pause)
        return plan.end == 'keep' or self._end(plan.end)

    def _wait_for_reader(self):
        """Until the client has taken all that was sent: a reset would take it away again."""
        deadline = time.monotonic() + READER_SECONDS
        while waiting_bytes(self._sock) and time.monotonic() < deadline:
            time.sleep(0.005)
        self._wait(GRACE)

    def _end(self, how):
        """End the connection; never to be continued."""
        if how == 'hang':
            return self._hang()
        if how == 'reset':
            return self._reset()
        if how == 'FIN':
            self._say_goodbye()
        return self._linger()

    def _after_good(self):
        """After an answer as it should be. Whether the connection stays open, as was said."""
        self._server.note_answered()
        state, fault = self._server.state, self._server.fault
        if state not in ('connecting', 'tls') or self._number > self._server.good:
            return True
        self._wait_for_reader()
        self._server.turn_away()
        if fault == 'stale by bytes':
            self._sock.sendall(self.NOISE)
            self._server.note_betrayed()
            return self._hang()
        return self._end('reset' if fault == 'stale by reset' else 'FIN')

    def _linger(self):
        self._shut_down(socket.SHUT_WR)
        self._server.note_betrayed()
        with suppress(OSError):
            while socket.socket.recv(self._sock, RECEIVE):  # under TLS: undecrypted
                pass
        return False


class Faulty(server.Server):
    """The server of a cell.

    good      how many requests are answered as they should be before the fault
    plan      what becomes of those after; None: they are answered as they should be
    other     the certificate that is shown after the first `good` connections
    afterwards  what becomes of the port just before the fault: open, closed, or hanging (no connection is
                made or refused)
    """

    connection_type = Connection
    alpn = None

    def __init__(self, state, fault, plan=None, good=0, tls=None, other=None, afterwards='open'):
        super().__init__(tls=tls)
        self.state, self.fault, self.plan, self.good, self.afterwards = state, fault, plan, good, afterwards
        self.other = self._offer(server_context(other)) if other else None
        if self.context:
            self._offer(self.context)
        self.answered = 0
        self.torn = 0
        self.betrayed = 0
        self.met = 0  # how often the plan was carried out, as far as it does not take its time
        self.seen = []  # the requests of which the head was complete

    def _offer(self, context):
        if self.alpn:
            context.set_alpn_protocols(self.alpn)
        return context

    def start(self):
        self._listener = self._bind()
        self._listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, SMALL_BUFFER)
        self._listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self._listener.listen(64)
        if self._is_shut(0):
            self._shut()
            return self
        self._acceptor = threading.Thread(target=self._accept_all, daemon=True)
        self._acceptor.start()
        return self

    # The port

    def _is_shut(self, connections):
        """Whether nobody is let in after so many connections."""
        return self.state == 'connecting' and self.fault not in STALE and connections >= self.good

    def _shut(self):
        if self.fault == 'refuse':
            self._refuse()
        else:
            self._listener.listen(0)
            self._fillers = fill_backlog(self._listener)

    def _refuse(self):
        """Hold the port, so that nobody else can get it, and let nobody in. A child that is about to become the program
        may have the listener for another moment."""
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._listener = socket.socket()
        self._listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        deadline = time.monotonic() + PORT_SECONDS
        while True:
            try:
                return self._listener.bind((self.host, self.port))
            except OSError:
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.01)

    def turn_away(self):
        """Let nobody in from now on, if that is what is to come with the fault. The connections that stand go on."""
        with self.changed:
            chosen, self.afterwards = self.afterwards, 'open'
        if chosen == 'closed':
            self._refuse()
        elif chosen == 'hanging':
            deafen(self._listener)

    def _accept_all(self):
        while True:
            try:
                sock, _ = self._listener.accept()
            except OSError:
                return
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            with self.changed:
                self._connections += 1
                shut = self._is_shut(self._connections)
                if self.other and self._connections > self.good:
                    self.context = self.other
                connection = self.connection_type(self, sock, self._connections)
                self._open.add(connection)
                self.changed.notify_all()
            if shut:
                self._shut()
            connection.thread.start()
            if shut:
                return

    # For the connections

    def see(self, request):
        """Note a request; return the plan for it, or None if it is to be answered as it should be."""
        with self.changed:
            self.seen.append(request)
            self.changed.notify_all()
        return self.plan if self.answered >= self.good else None

    def note_answered(self):
        with self.changed:
            self.answered += 1

    def note_met(self):
        with self.changed:
            self.met += 1
            self.changed.notify_all()

    def note_torn(self):
        with self.changed:
            self.torn += 1

    def note_betrayed(self):
        with self.changed:
            self.betrayed += 1
            self.changed.notify_all()

    def forget(self, connection):
        super().forget(connection)
        self.note_betrayed()

    # For the cell

    def wait_until(self, condition, timeout):
        """Whether the condition, of what is noted here, came to hold in time."""
        with self.changed:
            return self.changed.wait_for(condition, timeout)


def in_bytes(data):
    return (data[at:at + 1] for at in range(len(data)))


def waiting_bytes(sock):
    """How many bytes that came from this socket its peer, on this machine, has not read; as the kernel tells."""
    own, peer = (f'0100007F:{address[1]:04X}' for address in (sock.getsockname(), sock.getpeername()))
    with open('/proc/net/tcp', encoding='ascii') as table:
        for fields in map(str.split, table):
            if fields[1] == peer and fields[2] == own:
                return int(fields[4].partition(':')[2], 16)
    return 0


def first_flight(context, hello):
    """What a server of this context answers to a client's first flight."""
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    incoming.write(hello)
    with suppress(ssl.SSLWantReadError):
        context.wrap_bio(incoming, outgoing, server_side=True).do_handshake()
    return outgoing.read()
