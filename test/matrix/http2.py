"""The plans of HTTP/2, and a server for them: what is sent, in frames, by the state of the attempt and the fault.

The frames are made one by one, without a protocol machine, which would not let a server misbehave. The connection's
window is opened for the body of a request as it is read, and never in the state `sending`: there a body that is longer
than the first window (64 KiB) stalls, by flow control alone.
"""

import time

from hpack import Decoder, Encoder
from hyperframe.frame import (ContinuationFrame, DataFrame, Frame, GoAwayFrame, HeadersFrame, PingFrame,
                              RstStreamFrame, SettingsFrame, WindowUpdateFrame)

from faulty import DRIP, Connection, Faulty, Plan, hangs
from server import Reader, Request

PREFACE = b'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'
INTERNAL_ERROR, REFUSED_STREAM = 2, 7
FRAME_HEAD = 9

OK = [(':status', '200'), ('server', 'faulty')]
GARBAGE = b'\xff' * 64  # a frame that is longer than any may be
HALF = b'x' * 50


def block(fields):
    """The fields without the compression that depends on what came before."""
    encoder = Encoder()
    encoder.header_table_size = 0
    return encoder.encode(fields, huffman=False)


def head(fields, *flags, data=None):
    """Makes a HEADERS frame, for whatever stream."""
    data = block(fields) if data is None else data
    return lambda stream: HeadersFrame(stream, data, flags=flags).serialize()


def answer(fields):
    return head(fields, 'END_HEADERS')


def body(data, *flags):
    return lambda stream: DataFrame(stream, data, flags=flags).serialize()


def more(fields):
    return lambda stream: ContinuationFrame(stream, block(fields)).serialize()


def reset(code):
    return lambda stream: RstStreamFrame(stream, error_code=code).serialize()


def goaway(processed, code=0):
    """Which says that this stream has been processed, or none."""
    return lambda stream: GoAwayFrame(0, last_stream_id=stream if processed else 0, error_code=code).serialize()


def parts(*makers):
    return lambda stream: b''.join(maker if isinstance(maker, bytes) else maker(stream) for maker in makers)


def first_bytes(maker, count):
    return lambda stream: maker(stream)[:count]


def redirect(target):
    return Plan('keep', send=head([(':status', '307'), ('location', target)], 'END_HEADERS', 'END_STREAM'))


BEGUN = head(OK)  # to be continued
GOOD = parts(answer(OK), body(b'ok', 'END_STREAM'))
INTERIM = answer([(':status', '100')])
STARTED = parts(answer([*OK, ('content-length', '100')]), body(HALF))

SENDING = {
    'reset': Plan('reset'),
    'torn head': Plan(torn=True),
    'FIN': Plan('FIN'),
    'no close_notify': Plan('cut'),
    'garbage': Plan(send=GARBAGE),
    'truncation': Plan('FIN', send=first_bytes(answer(OK), 5)),
    'slow drip': Plan(sip=DRIP),
    'early failure': Plan(send=head([(':status', '413')], 'END_HEADERS', 'END_STREAM')),
    'early success': Plan(send=GOOD),
    'endless headers': Plan(send=BEGUN, forever=more([('x-endless', 'and another one')] * 100)),
    '1xx flood': Plan(forever=parts(*[INTERIM] * 1000)),
    'RST_STREAM': Plan(send=reset(INTERNAL_ERROR)),
    'REFUSED_STREAM': Plan(send=reset(REFUSED_STREAM)),
    'GOAWAY, processed': Plan('FIN', send=goaway(True)),
    'GOAWAY, unprocessed': Plan(send=goaway(False)),
    'GOAWAY, unprocessed, FIN': Plan('FIN', send=goaway(False)),
}

WAITING = {
    **{fault: SENDING[fault] for fault in ('reset', 'FIN', 'no close_notify', 'garbage', 'truncation', '1xx flood',
                                           'RST_STREAM', 'REFUSED_STREAM', 'GOAWAY, processed', 'GOAWAY, unprocessed',
                                           'GOAWAY, unprocessed, FIN')},
    'slow drip': Plan(forever=INTERIM, pause=DRIP),
}

HEADERS = {
    'reset': Plan('reset', send=BEGUN),
    'FIN': Plan('FIN', send=BEGUN),
    'no close_notify': Plan('cut', send=BEGUN),
    'garbage': Plan(send=head(OK, 'END_HEADERS', data=GARBAGE)),
    'truncation': Plan('FIN', send=first_bytes(BEGUN, FRAME_HEAD + 3)),
    'slow drip': Plan(send=parts(*[BEGUN] * 20), drip=DRIP),
    'endless headers': SENDING['endless headers'],
    'wrong length': Plan(send=parts(answer([*OK, ('content-length', 'many')]), body(HALF))),
    'redirect loop': redirect('/'),
    'redirect to file:': redirect('file:///etc/hostname'),
    'RST_STREAM': Plan(send=parts(BEGUN, reset(INTERNAL_ERROR))),
    'REFUSED_STREAM': Plan(send=parts(BEGUN, reset(REFUSED_STREAM))),
    'GOAWAY, processed': Plan('FIN', send=parts(BEGUN, goaway(True))),
    'GOAWAY, unprocessed': Plan(send=parts(BEGUN, goaway(False))),
    'GOAWAY, unprocessed, FIN': Plan('FIN', send=parts(BEGUN, goaway(False))),
}

BODY = {
    'reset': Plan('reset', send=STARTED),
    'FIN': Plan('FIN', send=parts(answer(OK), body(HALF))),
    'no close_notify': Plan('cut', send=parts(answer(OK), body(HALF))),
    'garbage': Plan(send=parts(answer([*OK, ('content-encoding', 'gzip')]), body(HALF, 'END_STREAM'))),
    'truncation': Plan('FIN', send=parts(answer(OK), first_bytes(body(HALF), FRAME_HEAD + 20))),
    'slow drip': Plan(send=answer(OK), forever=body(b'x'), pause=DRIP),
    'endless headers': Plan(send=parts(answer(OK), body(HALF), head([('x-trailer', 'one')])),
                            forever=more([('x-endless', 'and another one')] * 100)),
    'endless body': Plan(send=answer(OK), forever=body(b'x' * 16384)),
    'wrong length': Plan(send=answer([*OK, ('content-length', '10')]), later=body(HALF, 'END_STREAM')),
    'RST_STREAM': Plan(send=STARTED, later=reset(INTERNAL_ERROR)),
    'REFUSED_STREAM': Plan(send=STARTED, later=reset(REFUSED_STREAM)),
    'GOAWAY, processed': Plan('FIN', send=STARTED, later=goaway(True)),
    'GOAWAY, unprocessed': Plan(send=STARTED, later=goaway(False)),
    'GOAWAY, unprocessed, FIN': Plan('FIN', send=STARTED, later=goaway(False)),
}

PLANS = {(state, fault): plan
         for state, plans in [('sending', SENDING), ('waiting', WAITING), ('headers', HEADERS), ('body', BODY)]
         for fault, plan in plans.items()}
PLANS.update(hangs('sending', Plan()))
PLANS.update(hangs('waiting', Plan()))
PLANS.update(hangs('headers', Plan(send=BEGUN)))
PLANS.update(hangs('body', Plan(send=STARTED)))


class Http2Connection(Connection):
    NOISE = goaway(False)(1)

    def _take_requests(self):
        self._reader = Reader(self._sock.recv)
        self._decoder = Decoder()
        self._requests = {}  # by stream
        self._exact(len(PREFACE))
        self._sock.sendall(SettingsFrame(0, {SettingsFrame.MAX_CONCURRENT_STREAMS: 100}).serialize())
        while self._take(self._read_frame()):
            pass

    def _exact(self, size):
        return b''.join(self._reader.exactly(size))

    def _read_frame(self):
        """The next frame; of a request's head that is to be torn nothing but its beginning."""
        frame, length = Frame.parse_frame_header(memoryview(self._exact(FRAME_HEAD)))
        if isinstance(frame, HeadersFrame) and self._tears():
            raise EOFError
        frame.parse_body(memoryview(self._exact(length)))
        return frame

    def _begin_head(self):
        return True

    def _take(self, frame):
        """Whether there is to be another."""
        if isinstance(frame, (SettingsFrame, PingFrame)) and 'ACK' not in frame.flags:
            data = frame.opaque_data if isinstance(frame, PingFrame) else None
            acknowledgement = PingFrame(0, data, flags=['ACK']) if data else SettingsFrame(0, flags=['ACK'])
            self._sock.sendall(acknowledgement.serialize())
        if isinstance(frame, HeadersFrame):
            return self._take_head(frame)
        if isinstance(frame, DataFrame):
            return self._take_data(frame)
        return True

    def _take_head(self, frame):
        data, ends = frame.data, 'END_STREAM' in frame.flags
        while 'END_HEADERS' not in frame.flags:
            frame = self._read_frame()
            data += frame.data
        request, stream = self._request(self._decoder.decode(data)), frame.stream_id
        plan = self._server.see(request)
        self._requests[stream] = request, plan
        if plan and self._server.state == 'sending' and not plan.sip:
            return self._carry_out(plan, lambda maker: self._frames(maker, stream))
        return self._end_of_request(stream) if ends else True

    def _request(self, fields):
        pseudo = {name: value for name, value in fields if name.startswith(':')}
        headers = [(name, value) for name, value in fields if not name.startswith(':')]
        return Request(pseudo[':method'], pseudo[':path'], 'HTTP/2', headers, None, self._number, time.monotonic())

    @staticmethod
    def _frames(maker, stream):
        return maker if isinstance(maker, bytes) else maker(stream)

    def _take_data(self, frame):
        stream = frame.stream_id
        _, plan = self._requests[stream]
        if plan:
            self._wait(plan.sip)
        if 'END_STREAM' in frame.flags:
            return self._end_of_request(stream)
        if size := frame.flow_controlled_length:
            self._sock.sendall(b''.join(WindowUpdateFrame(each, window_increment=size).serialize()
                                        for each in (0, stream)))
        return True

    def _end_of_request(self, stream):
        request, plan = self._requests[stream]
        request.complete = True
        if plan:
            return self._carry_out(plan, lambda maker: self._frames(maker, stream))
        self._sock.sendall(GOOD(stream))
        return self._after_good()


class Http2(Faulty):
    connection_type = Http2Connection
    alpn = ['h2']
