"""The fault matrix: each state of an attempt, times each fault, times the way there.

A row has a state, a fault, and what is expected over http, https and http2 (that is HTTP/2 as --http2 has it: agreed on
in the TLS handshake): the fate, the reason, and how often the server saw the request. `/` divides what is expected of a
fresh connection from what is expected of a reused one, where they differ; `=` is what the column before it says.

In `resolving`, `connecting` and `tls` a request on a reused connection is one whose connection was kept and has died,
found dead before anything was sent: it makes a new one, which meets the fault.

`torn head` is a head of which the server took a part and no more: that is not a request seen.

Reasons come from what was seen of an attempt, and some versions of libcurl see less than others: SEEN_LESS names the
reasons that are right with those. The fate, and how often the server saw the request, are the same with every version.

Over HTTP/2 all that ends a stream or its connection without an answer is a `reset`: libcurl's versions name it in
different ways, and a frame that cannot be understood is one too.

A cell that makes no sense has a letter for the reason. What has no row makes no sense for any way there, for a reason
that the fault alone gives.
"""

from dataclasses import dataclass
import itertools

import libcurl

STATES = ('resolving', 'connecting', 'tls', 'sending', 'waiting', 'headers', 'body')
TRANSPORTS = ('http', 'https', 'http2')
CONNECTIONS = ('fresh', 'reused')

TABLE = """
state      | fault                    | http                       | https                    | http2

resolving  | slow DNS                 | delivered ok 1 / -n        | =                        | =
resolving  | DNS failure              | unreached resolve 0 / -n   | =                        | =
resolving  | black hole               | unreached cancelled 0 / -n | =                        | =
resolving  | timeout                  | unreached timeout 0 / -n   | =                        | =
resolving  | connect timeout          | unreached timeout 0 / -n   | =                        | =
resolving  | cancel                   | unreached cancelled 0 / -n | =                        | =

connecting | refuse                   | unreached connect 0        | =                        | =
connecting | black hole               | unreached cancelled 0      | =                        | =
connecting | timeout                  | unreached timeout 0        | =                        | =
connecting | connect timeout          | unreached timeout 0        | =                        | =
connecting | cancel                   | unreached cancelled 0      | =                        | =
connecting | stale by FIN             | -k / delivered ok 1        | =                        | =
connecting | stale by reset           | -k / delivered ok 1        | =                        | =
connecting | stale by bytes           | -k / delivered ok 1        | =                        | =

tls        | reset                    | -t                         | unreached tls 0          | =
tls        | FIN                      | -t                         | unreached tls 0          | =
tls        | garbage                  | -t                         | unreached tls 0          | =
tls        | truncation               | -t                         | unreached tls 0          | =
tls        | slow drip                | -t                         | unreached timeout 0      | =
tls        | alert                    | -t                         | unreached tls 0          | =
tls        | expired certificate      | -t                         | unreached tls 0          | =
tls        | wrong name               | -t                         | unreached tls 0          | =
tls        | unknown authority        | -t                         | unreached tls 0          | =
tls        | black hole               | -t                         | unreached cancelled 0    | =
tls        | timeout                  | -t                         | unreached timeout 0      | =
tls        | connect timeout          | -t                         | unreached timeout 0      | =
tls        | cancel                   | -t                         | unreached cancelled 0    | =

sending    | torn head                | unknown reset 0            | =                        | =
sending    | reset                    | unknown reset 1            | =                        | =
sending    | FIN                      | unknown reset 1            | =                        | =
sending    | no close_notify          | -t                         | unknown reset 1          | =
sending    | garbage                  | unknown protocol 1         | =                        | unknown reset 1
sending    | truncation               | unknown reset 1            | =                        | =
sending    | slow drip                | unknown timeout 1          | =                        | =
sending    | early failure            | rejected status 1          | =                        | =
sending    | early success            | delivered truncated 1      | =                        | =
sending    | endless headers          | unknown protocol 1         | =                        | unknown reset 1
sending    | 1xx flood                | unknown protocol 1         | =                        | unknown reset 1
sending    | RST_STREAM               | -f                         | -f                       | unknown reset 1
sending    | REFUSED_STREAM           | -f                         | -f                       | unknown reset 1
sending    | GOAWAY, processed        | -f                         | -f                       | unknown reset 1
sending    | GOAWAY, unprocessed      | -f                         | -f                       | unknown reset 1
sending    | GOAWAY, unprocessed, FIN | -f                         | -f                       | unknown reset 1
sending    | black hole               | unknown cancelled 1        | =                        | =
sending    | timeout                  | unknown timeout 1          | =                        | =
sending    | cancel                   | unknown cancelled 1        | =                        | =

waiting    | reset                    | unknown reset 1            | =                        | =
waiting    | FIN                      | unknown reset 1            | =                        | =
waiting    | no close_notify          | -t                         | unknown reset 1          | =
waiting    | garbage                  | unknown protocol 1         | =                        | unknown reset 1
waiting    | truncation               | unknown reset 1            | =                        | =
waiting    | slow drip                | unknown timeout 1          | =                        | =
waiting    | 1xx flood                | unknown protocol 1         | =                        | unknown reset 1
waiting    | RST_STREAM               | -f                         | -f                       | unknown reset 1
waiting    | REFUSED_STREAM           | -f                         | -f                       | unknown reset 1
waiting    | GOAWAY, processed        | -f                         | -f                       | unknown reset 1
waiting    | GOAWAY, unprocessed      | -f                         | -f                       | unknown reset 1
waiting    | GOAWAY, unprocessed, FIN | -f                         | -f                       | unknown reset 1
waiting    | black hole               | unknown cancelled 1        | =                        | =
waiting    | timeout                  | unknown timeout 1          | =                        | =
waiting    | cancel                   | unknown cancelled 1        | =                        | =

headers    | reset                    | unknown reset 1            | =                        | =
headers    | FIN                      | unknown reset 1            | =                        | =
headers    | no close_notify          | -t                         | unknown reset 1          | =
headers    | garbage                  | unknown protocol 1         | =                        | unknown reset 1
headers    | truncation               | unknown reset 1            | =                        | =
headers    | slow drip                | unknown timeout 1          | =                        | =
headers    | endless headers          | unknown protocol 1         | =                        | unknown reset 1
headers    | wrong length             | unknown protocol 1         | =                        | unknown reset 1
headers    | redirect loop            | rejected redirect 31       | =                        | =
headers    | redirect to file:        | rejected redirect 1        | =                        | =
headers    | RST_STREAM               | -f                         | -f                       | unknown reset 1
headers    | REFUSED_STREAM           | -f                         | -f                       | unknown reset 1
headers    | GOAWAY, processed        | -f                         | -f                       | unknown reset 1
headers    | GOAWAY, unprocessed      | -f                         | -f                       | unknown reset 1
headers    | GOAWAY, unprocessed, FIN | -f                         | -f                       | unknown reset 1
headers    | black hole               | unknown cancelled 1        | =                        | =
headers    | timeout                  | unknown timeout 1          | =                        | =
headers    | cancel                   | unknown cancelled 1        | =                        | =

body       | reset                    | delivered truncated 1      | =                        | =
body       | FIN                      | delivered ok 1             | =                        | delivered truncated 1
body       | no close_notify          | -t                         | delivered truncated 1    | =
body       | garbage                  | delivered truncated 1      | =                        | =
body       | truncation               | delivered truncated 1      | =                        | =
body       | slow drip                | delivered truncated 1      | =                        | =
body       | endless headers          | delivered truncated 1      | =                        | =
body       | endless body             | delivered ok 1             | =                        | =
body       | wrong length             | delivered ok 1             | =                        | delivered truncated 1
body       | bad chunking             | delivered truncated 1      | =                        | -c
body       | RST_STREAM               | -f                         | -f                       | delivered truncated 1
body       | REFUSED_STREAM           | -f                         | -f                       | delivered truncated 1
body       | GOAWAY, processed        | -f                         | -f                       | delivered truncated 1
body       | GOAWAY, unprocessed      | -f                         | -f                       | delivered truncated 1
body       | GOAWAY, unprocessed, FIN | -f                         | -f                       | delivered truncated 1
body       | black hole               | delivered truncated 1      | =                        | =
body       | timeout                  | delivered truncated 1      | =                        | =
body       | cancel                   | delivered truncated 1      | =                        | =
"""

# Those before 8.14.1 take the end of a connection for that of a body without a length, close_notify or not; 7.88 leaves
# HTTP/2 trailers that break the connection to themselves. From 8.1 on, until 8.13 mended it, a session of HTTP/2 that has
# broken off is waited for all the same: such an attempt ends by its own limit, or where a flood has become too much.
# A version that was not tried counts with those that see less.
SEEN_LESS = """
state      | fault                    | way   | from  | before | reasons

sending    | garbage                  | http2 | 8.1.0 | 8.13.0 | reset timeout
sending    | endless headers          | http2 | 8.1.0 | 8.13.0 | reset timeout
sending    | 1xx flood                | http2 | 8.1.0 | 8.13.0 | reset timeout protocol
waiting    | garbage                  | http2 | 8.1.0 | 8.13.0 | reset timeout
waiting    | 1xx flood                | http2 | 8.1.0 | 8.13.0 | reset timeout protocol
headers    | garbage                  | http2 | 8.1.0 | 8.13.0 | reset timeout
headers    | endless headers          | http2 | 8.1.0 | 8.13.0 | reset timeout
headers    | RST_STREAM               | http2 | 8.1.0 | 8.13.0 | reset timeout
headers    | REFUSED_STREAM           | http2 | 8.1.0 | 8.13.0 | reset timeout
headers    | GOAWAY, unprocessed      | http2 | 8.1.0 | 8.13.0 | reset timeout
body       | no close_notify          | https | 0     | 8.14.1 | ok truncated
body       | endless headers          | http2 | 0     | 8.5.0  | ok truncated
"""

NO_SENSE = {
    'n': 'a name that was found just now is not asked for again',
    'k': 'a fresh connection was not kept',
    't': 'there is no TLS',
    'f': 'HTTP/1.1 has no frames',
    'c': 'HTTP/2 has no chunks',
}

# Why a fault makes no sense in a state where it has no row.
ELSEWHERE = {
    'slow DNS': 'the name is known by then',
    'DNS failure': 'the name is known by then',
    'refuse': 'only a connection that is being made is refused',
    'black hole': None,
    'timeout': None,
    'cancel': None,
    'connect timeout': 'the connection stands',
    'stale by FIN': 'a kept connection is looked at when a connection is wanted',
    'stale by reset': 'a kept connection is looked at when a connection is wanted',
    'stale by bytes': 'a kept connection is looked at when a connection is wanted',
    'reset': 'nobody is there yet; a reset while connecting is a refusal',
    'FIN': 'nobody is there yet',
    'no close_notify': 'TLS does not stand yet',
    'garbage': 'nobody is there yet',
    'truncation': 'nobody is there yet',
    'slow drip': 'nobody is there yet',
    'alert': 'after the handshake it is an end like no close_notify',
    'expired certificate': 'only a handshake shows one',
    'wrong name': 'only a handshake shows one',
    'unknown authority': 'only a handshake shows one',
    'torn head': 'only while a request is sent is there a part of its head',
    'early failure': 'it is early only while the request is being sent',
    'early success': 'it is early only while the request is being sent',
    'endless headers': 'no header has begun; where one begins, the state is another',
    '1xx flood': 'interim answers come before the header of the answer',
    'wrong length': 'it stands in the header, and is told from the body',
    'redirect loop': 'only a header redirects',
    'redirect to file:': 'only a header redirects',
    'endless body': 'a body has not begun, or is the whole of the fault',
    'bad chunking': 'only a body has chunks',
    'RST_STREAM': 'there is no stream yet',
    'REFUSED_STREAM': 'there is no stream yet',
    'GOAWAY, processed': 'there is no stream yet',
    'GOAWAY, unprocessed': 'there is no stream yet',
    'GOAWAY, unprocessed, FIN': 'there is no stream yet',
}


@dataclass(frozen=True)
class Cell:
    """A cell that makes sense has what is expected of it (fate, reason, times seen), another the reason why not.

    `reasons` are those that are right as well, with the libcurl that is here.
    """

    state: str
    fault: str
    transport: str
    connection: str
    expected: tuple | None
    why_not: str | None
    reasons: frozenset = frozenset()

    def __str__(self):
        return f'{self.state}: {self.fault}, {self.transport}, {self.connection}'

    def allows(self, found):
        """Whether this fate, reason and number is what is expected."""
        if found is None or found[1] not in self.reasons:
            return found == self.expected
        return (found[0], found[2]) == (self.expected[0], self.expected[2])


def lines(table):
    """The columns of each of its lines, but for the first."""
    return [[each.strip() for each in line.split('|')] for line in table.strip().splitlines()[1:] if line]


def rows():
    """What the table has for a state and a fault: its three columns."""
    for state, fault, *columns in lines(TABLE):
        assert state in STATES and fault in ELSEWHERE and len(columns) == len(TRANSPORTS), (state, fault, columns)
        yield (state, fault), columns


def as_version(text):
    return tuple(map(int, text.split('.')))


def seen_less(version=None):
    """The reasons that are right as well with this version of libcurl, by state, fault and way there; or with any."""
    return {tuple(place): frozenset(reasons.split()) for *place, first, before, reasons in lines(SEEN_LESS)
            if version is None or as_version(first) <= version < as_version(before)}


def entries(columns):
    """What stands for each way there and connection."""
    meant = ''
    for transport, column in zip(TRANSPORTS, columns):
        meant = meant if column == '=' else column
        fresh, _, reused = meant.partition(' / ')
        yield transport, 'fresh', fresh
        yield transport, 'reused', reused or fresh


def cell_of(less, state, fault, transport, connection, entry):
    if entry.startswith('-'):
        return Cell(state, fault, transport, connection, None, NO_SENSE[entry[1:]])
    fate, reason, seen = entry.split()
    return Cell(state, fault, transport, connection, (fate, reason, int(seen)), None,
                less.get((state, fault, transport), frozenset()))


def all_cells():
    """Every state times every fault times every way there, in the order of the table, those without a row last."""
    table, less = dict(rows()), seen_less(libcurl.version())
    cells = [cell_of(less, *place, *entry) for place, columns in table.items() for entry in entries(columns)]
    for state, fault in itertools.product(STATES, ELSEWHERE):
        if (state, fault) not in table:
            cells += [Cell(state, fault, *way, None, ELSEWHERE[fault])
                      for way in itertools.product(TRANSPORTS, CONNECTIONS)]
    return cells
