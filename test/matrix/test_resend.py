"""One attempt is one request: everything that makes libcurl send again, counted at the server.

libcurl makes a request again by itself when a kept connection dies before an answer has begun, when HTTP/2 refuses the
stream or the connection, after a 417, and with another password after a 401 or 407. None of that may be seen: neither a
second request nor a connection that is opened for one, and the attempt ends with what was seen first, whether a new
connection would be let in, refused or left waiting.

Each case has two APIs and no hedging. The first meets the fault; the second is asked only when the first attempt has
ended, so that the program waits for ten minutes, and fails here, if a failure is not told when it is known. All cases
are tried before the first test looks at one, many at a time.
"""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
import itertools
import json
import socket
import time

import pytest

from harness import PATIENCE, Fed, Running, accounts, assert_accounted, run_json, stream

from cells import HOST, Kit, preloaded
from faulty import Plan
import http1
import http2
from server import Server
from test_matrix import AT_ONCE, SHORT

TRANSPORTS = {'http': http1.Http1, 'proxy': http1.Http1, 'https': http1.Http1, 'tunnel': http1.Tunnel,
              'http2': http2.Http2}
OVER_TLS = ('https', 'tunnel', 'http2')
PORTS = ('open', 'closed', 'hanging')
NO_HEDGING = ['--hedge-delay', 'none', '--answer-wait', '10m']
SMALL = 1

# In HTTP/2 nobody but the peer ends these, and no answer has come: the reason is that of a connection which breaks.
BROKEN = {('unknown', 'reset')}
ERROR_CODES = range(14)  # RFC 9113, 7
TEMPTING = ('RST_STREAM 0', 'RST_STREAM 7', 'RST_STREAM 13')  # no error, REFUSED_STREAM, HTTP_1_1_REQUIRED

# What ends a connection, over TCP and TLS.
ENDS = {'reset': 'reset', 'FIN': 'FIN', 'cut': 'cut'}

PROMISE = 'GOAWAY of the stream'  # which may still be answered (RFC 9113, 6.8)
GOAWAYS = {
    PROMISE: http2.goaway(True),
    'GOAWAY': http2.goaway(False),
    'GOAWAY with an error': http2.goaway(False, code=http2.INTERNAL_ERROR),
    'GOAWAY and REFUSED_STREAM': http2.parts(http2.goaway(False), http2.reset(http2.REFUSED_STREAM)),
}


def plans(transport):
    """What befalls a request, by its name."""
    found = {what: Plan(end) for what, end in ENDS.items() if end != 'cut' or transport in OVER_TLS}
    if transport != 'http2':
        return found
    for code in ERROR_CODES:
        found[f'RST_STREAM {code}'] = Plan('keep', send=http2.reset(code))
    for what, sent in GOAWAYS.items():
        found[f'{what}, FIN'] = Plan('FIN', send=sent)
        if what != PROMISE:
            found[what] = Plan('hang', send=sent)
    return found


@dataclass(frozen=True, eq=False)
class Case:
    """A fault, where it strikes, and what is right: the ends that an account may name, and how often the first API is
    to have seen the request and to have been connected to."""

    transport: str
    when: str         # before, during or after the request
    what: str
    connection: str   # fresh or kept
    port: str
    plan: Plan | None
    right: frozenset
    seen: int
    connections: int

    def __str__(self):
        return f'{self.what} {self.when} it, {self.transport}, {self.connection}, {self.port}'


def during_and_after():
    for transport in TRANSPORTS:
        faults = [(when, *fault) for when in ('during', 'after') for fault in plans(transport).items()]
        faults.append(('during', 'torn head', Plan(torn=True)))
        for (when, what, plan), connection, port in itertools.product(faults, ('fresh', 'kept'), PORTS):
            if port != 'open' and what.startswith('RST_STREAM') and what not in TEMPTING:
                continue  # libcurl has no reason to connect again, and that it does not is seen at an open port
            seen = 0 if plan.torn else 1
            yield Case(transport, when, what, connection, port, plan, frozenset(BROKEN), seen, 1)


def before():
    """A kept connection that has died by the time it is wanted is replaced: nothing was sent on it."""
    ends = {'open': (('delivered', 'ok'), 1, 2), 'closed': (('unreached', 'connect'), 0, 1),
            'hanging': (('unreached', 'timeout'), 0, 1)}
    for transport, what, port in itertools.product(TRANSPORTS, ('FIN', 'reset', 'bytes'), PORTS):
        end, seen, connections = ends[port]
        yield Case(transport, 'before', what, 'kept', port, None, frozenset([end]), seen, connections)


CASES = [*before(), *during_and_after()]
WORDS_OF_ANOTHER = ('connection refused', 'connect to', 'timed out', 'time limit')


@dataclass
class Outcome:
    """What the accounts and the servers tell of the message that met the fault."""

    attempts: list
    code: int
    seen: int           # by the first API
    torn: int
    connections: int
    reused: bool
    at_second: int      # requests that the second API saw

    @property
    def end(self):
        return self.attempts[0]['fate'], self.attempts[0]['reason']


def options(case, kit):
    given = [*NO_HEDGING, '--format', 'json', '--events', 'settled', '--workers', '2']
    if case.transport in OVER_TLS:
        given += ['--cacert', kit.trusted]
    if case.transport == 'http2':
        given += ['--http2']
    if (case.when, case.port) == ('before', 'hanging'):
        # Long enough for the connection that is to be kept, however busy the machine is.
        given += ['--connect-timeout', str(3 * kit.slowness)]
    return given


def faulty(case, kit):
    state = {'before': 'connecting', 'during': 'sending', 'after': 'waiting'}[case.when]
    fault = f'stale by {case.what}' if case.when == 'before' else case.what
    tls = kit.good if case.transport in OVER_TLS else None
    return TRANSPORTS[case.transport](state, fault, case.plan, good=case.connection == 'kept', tls=tls,
                                      afterwards=case.port)


def route(case, server):
    """The first API's URL, and what leads there."""
    proxy = ['-x', f'http://127.0.0.1:{server.port}', '--noproxy', '127.0.0.1']
    if case.transport == 'proxy':
        return [*proxy, 'http://api.test/']
    if case.transport == 'tunnel':
        return [*proxy, f'https://{HOST}/']
    return [server.url()]


def on_a_kept_connection(case, server, arguments, body):
    with Fed('--in-order', *arguments) as running:
        running.feed('x')
        first = running.event('settled')
        assert first['attempts'][0]['reason'] == 'ok', first
        if case.when == 'before':
            assert server.wait_until(lambda: server.betrayed, PATIENCE)
            time.sleep(0.05)  # what was sent has come by then: on this machine, and nobody can tell
        running.feed(body.read_text())
        running.close()
        return running.finish()


def try_case(case, kit):
    body = kit.body(SHORT if case.when == 'during' else SMALL)
    with faulty(case, kit) as first, Server() as second:
        arguments = [*options(case, kit), *route(case, first), second.url()]
        if case.connection == 'kept':
            result = on_a_kept_connection(case, first, arguments, body)
        else:
            with Running('--data-binary', f'@{body}', *arguments) as running:
                result = running.finish()
        *_, settled = result.events
        mine = [request for request in first.seen if request.header('Idempotency-Key') == settled['message']]
        return Outcome(settled['attempts'], result.code, len(mine), first.torn, first.connections,
                       all(request.connection == 1 for request in mine), second.count())


def try_whatever_happens(case, kit):
    try:
        return try_case(case, kit)
    except Exception as problem:  # one case's trouble must not be the others'
        return problem


@pytest.fixture(scope='module')
def kit(tmp_path_factory):
    return Kit(tmp_path_factory.mktemp('resend'))


@pytest.fixture(scope='module')
def outcomes(request, kit):
    """The outcomes of the cases that were chosen."""
    chosen = [item.callspec.params['case'] for item in request.session.items if 'outcomes' in item.fixturenames]
    with ThreadPoolExecutor(AT_ONCE) as executor:
        futures = {case: executor.submit(try_whatever_happens, case, kit) for case in chosen}
    return {case: future.result() for case, future in futures.items()}


def outcome_of(case, outcomes):
    if isinstance(outcomes[case], Exception):
        raise outcomes[case]
    return outcomes[case]


@pytest.mark.parametrize('case', CASES, ids=str)
def test_request_is_never_made_again(case, outcomes):
    found = outcome_of(case, outcomes)
    assert (found.seen, found.torn, found.connections) == (case.seen, case.what == 'torn head', case.connections)
    assert found.end in case.right
    assert case.when == 'before' or found.reused, 'the connection was not kept: this tried something else'
    others = [] if found.end == ('delivered', 'ok') else ['delivered']
    assert [attempt['fate'] for attempt in found.attempts[1:]] == others
    assert (found.at_second, found.code) == (len(others), 0)


@pytest.mark.parametrize('case', [case for case in CASES if case.when != 'before'], ids=str)
def test_words_are_those_of_what_was_seen_first(case, outcomes):
    words = outcome_of(case, outcomes).attempts[0]['error'].lower()
    assert words
    assert not [each for each in WORDS_OF_ANOTHER if each in words], words


@pytest.mark.parametrize('transport', ['http', 'https'])
def test_messages_on_connections_that_are_closed_just_then_are_sent_once(kit, transport):
    """Each connection is closed with the first answer on it, which says that it stays open: whatever the next message
    meets, at whatever moment, it is made once, and told as what it is."""
    with Server(tls=kit.good if transport == 'https' else None) as server:
        server.script('/', 'keepalive=lie')
        result = stream('--cacert', kit.trusted, '--workers', '2', '--no-breaker', server.url(),
                        lines=[f'line {number}' for number in range(300)])
        settled = accounts(result.events)
        assert len(settled) == 300
        assert_accounted(settled, server)
        keys = [request.header('Idempotency-Key') for request in server.requests]
        assert len(set(keys)) == len(keys)


@pytest.mark.parametrize('kept', [False, True], ids=['fresh', 'kept'])
@pytest.mark.parametrize('transport', ['http', 'https'])
def test_request_of_which_a_part_has_left_is_neither_made_again_nor_said_to_have_stayed(kit, transport, kept):
    """What TLS has taken is counted when it has taken all: the server has had the first record by then."""
    with Server(tls=kit.good if transport == 'https' else None) as server:
        server._listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        server.script('/', *['status=503'] * kept, 'reset=before', 'status=200')
        result = run_json('--cacert', kit.trusted, '--retry', str(int(kept)), '--retry-delay', '10ms', '-d', '@-',
                          server.url(), stdin='x' * 56000, env=preloaded('BUFFERS_MODULE'))
        assert server.count() == 1 + kept
        assert server.connections == 1
    assert result.fates == [('rejected', 'status')] * kept + [('unknown', 'reset')]


# ---- Answers after which a client may ask again

def answer(status, *fields):
    lines = ''.join(f'{name}: {value}\r\n' for name, value in fields)
    return f'HTTP/1.1 {status} X\r\nContent-Length: 0\r\n{lines}\r\n'.encode()


def answer_by(transport, status, *fields):
    if transport != 'http2':
        return answer(status, *fields)
    named = [(name.lower(), value) for name, value in fields]
    return http2.head([(':status', str(status)), *named], 'END_HEADERS', 'END_STREAM')


def trust(transport, kit):
    return [*(['--cacert', kit.trusted] if transport != 'http' else []), *(['--http2'] if transport == 'http2' else [])]


def by_flag(arguments, *urls):
    return ['send', '-H', 'Expect: 100-continue', '-d', 'x', *arguments, *urls]


def by_header_file(directory, arguments, *urls):
    (directory / 'headers').write_text('Expect: 100-continue\n')
    return ['send', '-H', f'@{directory}/headers', '-d', 'x', *arguments, *urls]


def by_configuration(directory, arguments, *urls):
    endpoints = [{'url': url, 'headers': {'Expect': '100-continue'}} for url in urls]
    (directory / 'config').write_text(json.dumps({'endpoints': endpoints}))
    return ['send', '--config', directory / 'config', '-d', 'x', *arguments]


def in_a_stream(arguments, *urls):
    return ['stream', '-H', 'Expect: 100-continue', '--in-order', '--workers', '2', *arguments, *urls]


WAYS = {'a flag': lambda _, *rest: by_flag(*rest), 'a file of headers': by_header_file,
        'a configuration': by_configuration, 'a stream': lambda _, *rest: in_a_stream(*rest)}

# How the server goes on after its 417, and whether it has read the body by then.
AFTER_417 = {
    'kept open': ('sending', 'keep', ()),
    'closed, as said': ('sending', 'FIN', [('Connection', 'close')]),
    'closed': ('sending', 'FIN', ()),
    'reset': ('sending', 'reset', ()),
    'hanging': ('sending', 'hang', ()),
    'kept open, after the body': ('waiting', 'keep', ()),
    'closed, after the body': ('waiting', 'FIN', ()),
}


@pytest.mark.parametrize('transport', ['http', 'https', 'http2'])
@pytest.mark.parametrize('after', AFTER_417)
@pytest.mark.parametrize('way', WAYS)
def test_417_is_an_answer_and_told_once(kit, tmp_path, way, after, transport):
    state, end, fields = AFTER_417[after]
    plan = Plan(end, send=answer_by(transport, 417, *(fields if transport != 'http2' else ())))
    tls = kit.good if transport != 'http' else None
    with TRANSPORTS[transport](state, '417', plan, tls=tls) as first, Server() as second:
        arguments = [*NO_HEDGING, *trust(transport, kit), '--format', 'json', '--events', 'start,finish,settled']
        command = WAYS[way](tmp_path, arguments, first.url(), second.url())
        with Fed(*command[1:]) if way == 'a stream' else Running(*command) as running:
            if way == 'a stream':
                running.feed('x')
                running.close()
            result = running.finish()
    assert result.code == 0, result
    assert [(attempt['fate'], attempt['reason'], attempt['status']) for attempt in result.settled['attempts']] == [
        ('rejected', 'status', 417), ('delivered', 'ok', 200)]
    assert [event['event'] for event in result.events].count('finish') == 2
    assert (len(first.seen), first.connections, second.count()) == (1, 1, 1)


@pytest.mark.parametrize('status', [400, 401, 403, 407, 408, 413, 415, 417, 421, 425, 429, 500, 501, 503, 505])
@pytest.mark.parametrize('expects', [[], ['-H', 'Expect: 100-continue']], ids=['without Expect', 'with Expect'])
def test_refusal_is_an_answer_to_the_only_request(status, expects):
    plan = Plan('keep', send=answer(status))
    with http1.Http1('sending', 'refusal', plan) as first, Server() as second:
        with Running(*NO_HEDGING, *expects, '-d', 'x', '--format', 'json', first.url(), second.url()) as running:
            result = running.finish()
    assert result.fates == [('rejected', 'status'), ('delivered', 'ok')]
    assert result.settled['attempts'][0]['status'] == status
    assert (len(first.seen), first.connections, second.count()) == (1, 1, 1)


def test_three_messages_that_are_answered_417_leave_the_stream_alive():
    plan = Plan('keep', send=answer(417))
    with http1.Http1('sending', '417', plan) as first, Server() as second:
        with Fed(*NO_HEDGING, '-H', 'Expect: 100-continue', '--workers', '6', '--format', 'json', '--events', 'settled',
                 first.url(), second.url()) as running:
            running.feed('one', 'two', 'three')
            running.close()
            result = running.finish()
    assert result.code == 0
    assert [event['winner'] for event in result.events] == [2, 2, 2]
    assert (len(first.seen), second.count()) == (3, 3)


@pytest.mark.parametrize('connection', ['fresh', 'kept'])
def test_answer_after_a_GOAWAY_that_promises_it_is_waited_for(kit, connection):
    plan = Plan('keep', send=http2.parts(http2.goaway(True)), later=http2.GOOD)
    with http2.Http2('waiting', PROMISE, plan, good=connection == 'kept', tls=kit.good) as first, Server() as second:
        with Fed(*NO_HEDGING, *trust('http2', kit), '--in-order', '--workers', '2', '--format', 'json', '--events',
                 'settled', first.url(), second.url()) as running:
            messages = ['x'] * (1 + first.good)
            running.feed(*messages)
            running.close()
            result = running.finish()
    assert [event['winner'] for event in result.events] == [1] * len(messages)
    assert (len(first.seen), first.connections, second.count()) == (len(messages), 1, 0)


@pytest.mark.parametrize('status', [200, 413, 500])
@pytest.mark.parametrize('together', [True, False], ids=['in one write', 'in two'])
def test_early_answer_in_HTTP_2_is_one_or_the_stream_was_reset(kit, together, status):
    """libcurl up to 7.88 at least does not let an answer be seen that came with a RST_STREAM(NO_ERROR), though it has
    to be (RFC 9113, 8.1). The request is made once, and the next API is asked at once, whatever is seen."""
    early, no_error = answer_by('http2', status), http2.reset(0)
    plan = Plan('keep', send=http2.parts(early, no_error)) if together else Plan('keep', send=early, later=no_error)
    with http2.Http2('sending', 'early', plan, tls=kit.good) as first, Server() as second:
        with Running(*NO_HEDGING, *trust('http2', kit), '--data-binary', f'@{kit.body(SHORT)}', '--format', 'json',
                     first.url(), second.url()) as running:
            result = running.finish()
    answered = ('delivered', 'truncated') if status == 200 else ('rejected', 'status')
    assert result.fates[0] in {answered, ('unknown', 'reset'), *([('delivered', 'ok')] if status == 200 else [])}
    assert (len(first.seen), first.connections) == (1, 1)
    assert second.count() == (0 if result.fates[0][0] == 'delivered' else 1)


# ---- Credentials

CHALLENGES = {
    'none': (),
    'Basic': ['Basic realm="r"'],
    'Digest': ['Digest realm="r", nonce="abc", qop="auth", algorithm=MD5'],
    'a stale Digest': ['Digest realm="r", nonce="abc", stale=true'],
    'NTLM': ['NTLM'],
    'Negotiate': ['Negotiate'],
    'Bearer': ['Bearer realm="r"'],
    'all': ['Negotiate', 'NTLM', 'Digest realm="r", nonce="abc"', 'Basic realm="r"', 'Bearer'],
}
CREDENTIALS = {
    'without': [],
    '-u': ['-u', 'user:password'],
    'bearer': ['--oauth2-bearer', 'abc'],
    'both': ['-u', 'user:password', '--oauth2-bearer', 'abc'],
    'a header': ['-H', 'Authorization: Bearer abc'],
}


def challenges(status, kinds, *others):
    name = 'Proxy-Authenticate' if status == 407 else 'WWW-Authenticate'
    return [*[(name, kind) for kind in kinds], *others]


@pytest.mark.parametrize('status', [401, 407])
@pytest.mark.parametrize('given', CREDENTIALS)
@pytest.mark.parametrize('kind', CHALLENGES)
def test_challenge_is_answered_by_nobody(kind, given, status):
    for end, others in [('keep', ()), ('FIN', [('Connection', 'close')])]:
        plan = Plan(end, send=answer(status, *challenges(status, CHALLENGES[kind], *others)))
        with http1.Http1('waiting', 'challenge', plan) as first, Server() as second:
            with Running(*NO_HEDGING, *CREDENTIALS[given], '-d', 'x', '--format', 'json', first.url(),
                         second.url()) as running:
                result = running.finish()
        assert result.fates == [('rejected', 'status'), ('delivered', 'ok')], end
        assert result.settled['attempts'][0]['status'] == status
        assert (len(first.seen), first.connections, second.count()) == (1, 1, 1)


@pytest.mark.parametrize('transport', ['https', 'http2'])
@pytest.mark.parametrize('given', CREDENTIALS)
def test_challenge_over_TLS_is_answered_by_nobody(kit, given, transport):
    plan = Plan('keep', send=answer_by(transport, 401, *challenges(401, CHALLENGES['all'])))
    with TRANSPORTS[transport]('waiting', 'challenge', plan, tls=kit.good) as first, Server() as second:
        with Running(*NO_HEDGING, *trust(transport, kit), *CREDENTIALS[given], '-d', 'x', '--format', 'json',
                     first.url(), second.url()) as running:
            result = running.finish()
    assert result.fates == [('rejected', 'status'), ('delivered', 'ok')]
    assert (len(first.seen), first.connections, second.count()) == (1, 1, 1)


PROXY_USERS = pytest.mark.parametrize('user', ['', 'user:password@'], ids=['without a password', 'with a password'])
# An exemption of some hosts leaves libcurl to decide which way a request goes.
EXEMPTIONS = pytest.mark.parametrize('exempt', [[], ['--noproxy', 'elsewhere.test']],
                                     ids=['no exemption', 'exemptions'])


def ends_at_proxy(proxy, url, user, exempt):
    """The account of the only attempt, by way of this proxy."""
    with Running(*NO_HEDGING, '-x', f'http://{user}127.0.0.1:{proxy.port}', *exempt, '-d', 'x', '--format', 'json',
                 url) as running:
        result = running.finish()
    assert result.code == 1
    (attempt,) = result.settled['attempts']
    return attempt['fate'], attempt['reason']


@pytest.mark.parametrize('kind', CHALLENGES)
@PROXY_USERS
@EXEMPTIONS
def test_challenge_of_a_forward_proxy_leaves_the_api_unreached(kind, user, exempt):
    plan = Plan('keep', send=answer(407, *challenges(407, CHALLENGES[kind])))
    with http1.Http1('waiting', 'challenge', plan) as proxy:
        assert ends_at_proxy(proxy, 'http://api.test/', user, exempt) == ('unreached', 'proxy')
        assert (len(proxy.seen), proxy.connections) == (1, 1)


@pytest.mark.parametrize('kind', CHALLENGES)
@PROXY_USERS
@EXEMPTIONS
def test_challenge_of_a_tunnel_leaves_the_api_unreached(kind, user, exempt):
    plan = Plan('keep', send=answer(407, *challenges(407, CHALLENGES[kind])))
    with http1.Http1('waiting', 'challenge', plan) as proxy:
        assert ends_at_proxy(proxy, 'https://api.test/', user, exempt) == ('unreached', 'proxy')
        assert [request.method for request in proxy.seen] == ['CONNECT']


@pytest.mark.parametrize('status', [301, 400, 403, 404, 417, 500, 502, 503, 504, 522])
@EXEMPTIONS
def test_refusal_of_a_tunnel_leaves_the_api_unreached(status, exempt):
    """Not even a gateway's status makes more of it: nothing of the request was sent."""
    with http1.Http1('waiting', 'refusal', Plan('keep', send=answer(status))) as proxy:
        assert ends_at_proxy(proxy, 'https://api.test/', '', exempt) == ('unreached', 'proxy')
        assert [request.method for request in proxy.seen] == ['CONNECT']


@pytest.mark.parametrize('end', ENDS)
@EXEMPTIONS
def test_tunnel_that_breaks_while_it_is_asked_for_leaves_the_api_unreached(end, exempt):
    with http1.Http1('waiting', end, Plan(end)) as proxy:
        fate, reason = ends_at_proxy(proxy, 'https://api.test/', '', exempt)
        assert (fate, reason) in [('unreached', 'proxy'), ('unreached', 'reset')]
        assert [request.method for request in proxy.seen] == ['CONNECT']


@pytest.mark.parametrize('status, expected', [
    (407, ('rejected', 'status')), (401, ('rejected', 'status')), (502, ('unknown', 'gateway'))])
@EXEMPTIONS
def test_answer_of_an_api_at_the_end_of_a_tunnel_is_its_own(kit, status, expected, exempt):
    with http1.Tunnel('waiting', 'refusal', Plan('keep', send=answer(status)), tls=kit.good) as proxy:
        with Running('-x', f'http://127.0.0.1:{proxy.port}', *exempt, '--cacert', kit.trusted, '-d', 'x', '--format',
                     'json', f'https://{HOST}/') as running:
            result = running.finish()
    assert result.fates == [expected]
    assert result.settled['attempts'][0]['status'] == status
    assert (len(proxy.seen), proxy.connections) == (1, 1)
