"""Answers, and what they say of the message: status lines as libcurl reads them, gateways and proxies that answer for
an API, bodies that a JSON test has to read, and TLS that ends where an answer was to come."""

from harness import environment, run_json
from against_curl import CURL

import gzip
import json
import ssl
import subprocess
from urllib.parse import quote
import zlib

import pytest

import libcurl
from canned import Canned
from certs import make_ca
from server import Server, port_everywhere

NO_HEDGING = ['--hedge-delay', 'none', '--answer-wait', '10m']
TEST = ['--success', '200-299,/accepted=true']
LIMIT = 16 << 20  # of a body that is tested
FEATURES = subprocess.run([CURL, '--version'], capture_output=True, text=True, check=True).stdout


@pytest.fixture
def server():
    with Server() as server:
        yield server


@pytest.fixture(scope='module')
def authority(tmp_path_factory):
    return make_ca(tmp_path_factory.mktemp('answers'))


@pytest.fixture(scope='module')
def certificate(authority):
    return authority.issue(['127.0.0.1'])


def end_of(result):
    """Fate, reason and status of the first attempt."""
    attempt = result.settled['attempts'][0]
    return attempt['fate'], attempt['reason'], attempt['status']


# ---- Status lines

STATUS_LINES = [
    'HTTP/1.1 200 OK', 'HTTP/1.1  200 OK', 'HTTP/1.1          200 OK', 'HTTP/1.1  404 Not Found', 'HTTP/1.1  503 No',
    'HTTP/1.1 200', 'HTTP/1.1 200 ', 'HTTP/1.1  200', 'HTTP/1.0 200 OK', 'HTTP/1.0  409 Conflict', 'HTTP/1.1\t200 OK',
    'HTTP/1.1 \t 200 OK', 'HTTP/1.1\t\t404', 'HTTP/1.1 200OK', 'HTTP/1.1 2000 OK', 'HTTP/1.1 20 OK', 'HTTP/1.1 2 OK',
    'HTTP/1.1 999 X', 'HTTP/1.1 600 X', 'HTTP/1.1 000 X', 'HTTP/1.1 099 X', 'HTTP/1.1 OK', 'HTTP/1.1', 'HTTP/1.1 ',
    'HTTP/1.1 -200 OK', 'HTTP/1.1 +200 OK', 'HTTP/1.1 0x200', 'HTTP/1.2 200 OK', 'HTTP/1.12 200 OK', 'HTTP/1 200 OK',
    'HTTP/2 200', 'HTTP/2  200', 'HTTP/2.0 200 OK', 'HTTP/3 200', 'HTTP/4 200', 'HTTP/1.1 200 \xe4', 'HTTP/1.1 2OO OK',
    'HTTP/1.1:200 OK', 'HTTP/1.1 200:OK', 'HTTP/1.1 200 OK 404 Not Found', 'HTTP / 1.1 200 OK', 'HTTP/1.1 404  ',
]


# From 8.0 on libcurl takes more spaces than one for no status line at all.
READS_SPACES = libcurl.version() < (8,)


def fate_of_status(status):
    return ('delivered', 'ok') if status // 100 == 2 else ('rejected', 'status')


def end_by(*lines):
    """How an attempt ends whose answer has these status lines, the last of which is final."""
    if any('  ' in line for line in lines) and not READS_SPACES:
        return 'unknown', 'protocol', None
    status = int(lines[-1].split()[1])
    return *fate_of_status(status), status


def as_curl_reads(url):
    """The status that curl makes of the answer; None if it makes none of it."""
    done = subprocess.run([CURL, '-q', '-s', '-o', '/dev/null', '-w', '%{http_code}', '-m', '20', '-d', 'x', url],
                          capture_output=True, text=True, env=environment(), check=False)
    return int(done.stdout) if done.returncode == 0 and done.stdout != '000' else None


@pytest.mark.parametrize('end', ['\r\n', '\n'], ids=['CRLF', 'LF'])
@pytest.mark.parametrize('line', STATUS_LINES, ids=ascii)
def test_status_line_is_read_as_by_curl(line, end):
    answer = f'{line}{end}Content-Length: 2{end}{end}ok'.encode('latin-1')
    with Canned(answer) as server:
        wanted = as_curl_reads(server.url())
        result = run_json('-d', 'x', server.url())
        assert len(server.requests) == 2
    fate, reason, status = end_of(result)
    if wanted and wanted >= 200:
        assert (fate, reason, status) == (*fate_of_status(wanted), wanted)
    elif wanted is None:
        assert fate == 'unknown'
    else:
        assert fate in ('unknown', 'rejected')  # it is no final answer, whatever else it is


@pytest.mark.parametrize('line', ['HTTP/1.1 200 OK', 'HTTP/1.1  200 OK', 'HTTP/1.1  404 Not Found'])
def test_status_line_is_read_over_TLS_as_without(authority, certificate, line):
    with Canned(f'{line}\r\nContent-Length: 0\r\n\r\n'.encode(), tls=certificate) as server:
        result = run_json('--cacert', authority.cert, '-d', 'x', server.url())
    assert end_of(result) == end_by(line)


@pytest.mark.parametrize('interim', ['HTTP/1.1 100 Continue', 'HTTP/1.1  100 Continue', 'HTTP/1.1  103 Early Hints'])
@pytest.mark.parametrize('line', ['HTTP/1.1 200 OK', 'HTTP/1.1  200 OK', 'HTTP/1.1  503 No'])
def test_interim_answer_is_none_however_its_line_is_written(interim, line):
    with Canned(f'{interim}\r\n\r\n{line}\r\nContent-Length: 0\r\n\r\n'.encode()) as server:
        result = run_json('-d', 'x', server.url())
    assert end_of(result) == end_by(interim, line)


@pytest.mark.parametrize('interim', ['HTTP/1.1 100 Continue', 'HTTP/1.1  100 Continue', 'HTTP/1.1 102 x',
                                     'HTTP/1.1  103 x'])
def test_interim_answer_alone_is_no_answer(interim):
    with Canned(f'{interim}\r\n\r\n'.encode()) as server:
        result = run_json('-d', 'x', server.url())
    fate, reason, _ = end_of(result)
    assert (fate, reason) == ('unknown', 'reset' if READS_SPACES or '  ' not in interim else 'protocol')
    assert result.code == 4


@pytest.mark.skipif(not READS_SPACES, reason='this libcurl takes it for no answer')
def test_accepted_message_is_not_sent_on_for_the_spaces_in_a_status_line(server):
    with Canned(b'HTTP/1.1  200 OK\r\nContent-Length: 0\r\n\r\n') as first:
        result = run_json('-d', 'x', first.url(), server.url())
    assert result.fates == [('delivered', 'ok')]
    assert server.connections == 0


# ---- Those who answer for an API

GATEWAY = [502, 504, 520, 522, 524]
NO_GATEWAY = [401, 407, 408, 429, 499, 500, 501, 503, 505, 507, 509, 511, 521, 523, 525, 526, 527, 529, 530, 598, 599]


@pytest.mark.parametrize('secure', [False, True], ids=['http', 'https'])
@pytest.mark.parametrize('status', GATEWAY)
def test_gateway_that_answers_for_an_api_leaves_it_unknown(authority, certificate, server, status, secure):
    with Server(tls=certificate if secure else None) as first:
        result = run_json(*NO_HEDGING, '--cacert', authority.cert, '-d', 'x', first.url(f'/?status={status}'),
                          server.url())
    assert end_of(result) == ('unknown', 'gateway', status)
    assert result.settled['winner'] == 2


@pytest.mark.parametrize('status', NO_GATEWAY)
def test_other_refusal_is_the_apis_own(server, status):
    assert end_of(run_json('-d', 'x', server.url(f'/?status={status}'))) == ('rejected', 'status', status)


@pytest.mark.parametrize('status', GATEWAY)
def test_gateway_status_that_counts_as_success_is_one(server, status):
    result = run_json('--success', f'200-299,{status}', '-d', 'x', server.url(f'/?status={status}'))
    assert end_of(result) == ('delivered', 'ok', status)


@pytest.mark.parametrize('status', GATEWAY)
def test_gateway_status_whose_body_is_lost_is_that_all_the_same(server, status):
    result = run_json('-d', 'x', server.url(f'/?status={status}&body_cut=3&body=0123456789'))
    assert end_of(result) == ('unknown', 'gateway', status)


@pytest.mark.parametrize('status, expected', [
    (407, ('unreached', 'proxy')), (200, ('delivered', 'ok')), (403, ('rejected', 'status')),
    (503, ('rejected', 'status')), *[(each, ('unknown', 'gateway')) for each in GATEWAY]])
def test_answer_of_a_forward_proxy(server, status, expected):
    with Server() as proxy:
        proxy.script('/', f'status={status}')
        result = run_json(*NO_HEDGING, '-x', proxy.url(), '--noproxy', '127.0.0.1', '-d', 'x', 'http://api.test/',
                          server.url())
        assert proxy.count() == 1
    assert result.fates[0] == expected
    assert server.count() == (0 if expected[0] == 'delivered' else 1)


def test_407_of_a_proxy_is_no_success_though_the_settings_call_it_one(server):
    with Server() as proxy:
        proxy.script('/', 'status=407')
        result = run_json(*NO_HEDGING, '--success', '200-499', '-x', proxy.url(), '--noproxy', '127.0.0.1', '-d', 'x',
                          'http://api.test/', server.url())
    assert result.fates == [('unreached', 'proxy'), ('delivered', 'ok')]


def test_407_of_a_proxy_is_nothing_that_arrived(server):
    server.script('/', 'status=407')
    result = run_json('-x', server.url(), '-d', 'x', 'http://api.test/')
    assert end_of(result)[:2] == ('unreached', 'proxy')
    assert result.code == 1


@pytest.mark.parametrize('exempt', ['--noproxy', '-x'])
def test_407_of_an_api_is_its_own(server, exempt):
    arguments = ['-x', ''] if exempt == '-x' else ['-x', 'http://127.0.0.1:1', '--noproxy', '127.0.0.1']
    result = run_json(*arguments, '-d', 'x', server.url('/?status=407'))
    assert end_of(result) == ('rejected', 'status', 407)


def test_407_of_an_api_is_its_own_though_the_proxy_that_it_is_excepted_from_has_its_port():
    with port_everywhere() as port, Server(port=port) as proxy, Server(host='127.0.0.2', port=port) as api:
        result = run_json('-x', proxy.url(), '--noproxy', '127.0.0.2', '-d', 'x', api.url('/?status=407'))
        assert (proxy.connections, api.count()) == (0, 1)
    assert end_of(result) == ('rejected', 'status', 407)


# ---- Bodies for a JSON test

ACCEPTED, REFUSED = b'{"accepted":true}', b'{"accepted":false}'


def raw_deflate(data):
    maker = zlib.compressobj(wbits=-15)
    return maker.compress(data) + maker.flush()


def brotli(data):
    """One piece that is not compressed, and the last, which is empty (RFC 7932, 9.2)."""
    size = len(data) - 1
    assert size < 1 << 16
    bits = 0b0 | 0b0 << 1 | 0b00 << 2 | size << 4 | 1 << 20  # window, not the last, four nibbles, its size, as it is
    return bits.to_bytes(3, 'little') + data + b'\x03'


CODINGS = {
    'gzip': ('gzip', gzip.compress), 'GZIP': ('GZIP', gzip.compress), 'x-gzip': ('x-gzip', gzip.compress),
    'deflate': ('deflate', zlib.compress), 'raw deflate': ('deflate', raw_deflate),
    'gzip twice': ('gzip, gzip', lambda data: gzip.compress(gzip.compress(data))),
    'deflate and gzip': ('deflate, gzip', lambda data: gzip.compress(zlib.compress(data))),
    'identity': ('identity', bytes), 'nothing': ('', bytes),
    **({'br': ('br', brotli)} if 'brotli' in FEATURES else {}),
}


def answer(body, coding, chunked=False):
    framing = b'Transfer-Encoding: chunked' if chunked else b'Content-Length: %d' % len(body)
    if chunked:
        body = b'%x\r\n%s\r\n0\r\n\r\n' % (len(body), body)
    return b'HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Encoding: %s\r\n%s\r\n\r\n%s' % (
        coding.encode(), framing, body)


@pytest.mark.parametrize('asked', [[], ['--compressed']], ids=['not asked for', 'asked for'])
@pytest.mark.parametrize('chunked', [False, True], ids=['with a length', 'in chunks'])
@pytest.mark.parametrize('body, expected', [(ACCEPTED, ('delivered', 'ok')), (REFUSED, ('rejected', 'json'))],
                         ids=['accepted', 'refused'])
@pytest.mark.parametrize('coding', CODINGS)
def test_coding_is_undone_for_a_json_test(coding, body, expected, chunked, asked):
    name, encode = CODINGS[coding]
    with Canned(answer(encode(body), name, chunked)) as server:
        assert run_json(*TEST, *asked, '-d', 'x', server.url()).fates == [expected]


@pytest.mark.parametrize('where', ['http', 'https'])
def test_message_that_was_accepted_in_gzip_is_not_sent_on(authority, certificate, server, where):
    with Canned(answer(gzip.compress(ACCEPTED), 'gzip'), tls=certificate if where == 'https' else None) as first:
        result = run_json(*TEST, '--cacert', authority.cert, '-d', 'x', first.url(), server.url())
    assert result.fates == [('delivered', 'ok')]
    assert server.connections == 0


BROKEN = {
    'no gzip at all': ('gzip', ACCEPTED),
    'a gzip that breaks off': ('gzip', gzip.compress(ACCEPTED * 50)[:-20]),
    'a gzip that is broken': ('gzip', b'\x1f\x8b\x08' + bytes(30)),
    'no deflate at all': ('deflate', b'\xff' * 40),
    'a coding of its own': ('frob', b'\x00\x01\x02'),
    'gzip of a coding of its own': ('frob, gzip', gzip.compress(b'\x00\x01\x02')),
}


@pytest.mark.parametrize('asked', [[], ['--compressed']], ids=['not asked for', 'asked for'])
@pytest.mark.parametrize('what', BROKEN)
def test_coding_that_cannot_be_undone_leaves_it_unknown(what, asked):
    name, body = BROKEN[what]
    with Canned(answer(body, name)) as server:
        result = run_json(*TEST, *asked, '-d', 'x', server.url())
    assert result.fates[0][0] == 'unknown'
    assert result.code == 4


@pytest.mark.parametrize('what', [*BROKEN, 'gzip'])
def test_coding_is_nothing_to_whom_the_header_is_enough(what):
    name, body = BROKEN.get(what, ('gzip', gzip.compress(ACCEPTED)))
    with Canned(answer(body, name)) as server:
        assert run_json('-d', 'x', server.url()).fates[0][0] == 'delivered'


def padded(size):
    """An accepting answer of that size."""
    empty = b'{"accepted":true,"pad":""}'
    return b'{"accepted":true,"pad":"%s"}' % (b'x' * (size - len(empty)))


@pytest.mark.parametrize('shown', [None, 0, 10, '1M'])
@pytest.mark.parametrize('size', [35, 1200000, 5000000])
def test_max_response_only_shows(size, shown):
    arguments = [] if shown is None else ['--max-response', shown]
    with Canned(answer(padded(size), 'identity')) as server:
        result = run_json(*TEST, *arguments, '-d', 'x', server.url())
    assert result.fates == [('delivered', 'ok')]
    most = {None: 1 << 20, '1M': 1 << 20}.get(shown, shown)
    response = result.settled['attempts'][0].get('response')
    text = response if isinstance(response, str) else json.dumps(response, separators=(',', ':'))
    assert len(text) <= max(most, 4)


@pytest.mark.parametrize('size, fate', [(LIMIT - 1, 'delivered'), (LIMIT, 'delivered'), (LIMIT + 1, 'unknown')])
@pytest.mark.parametrize('coding', ['identity', 'gzip'])
def test_body_for_a_json_test_has_a_limit_of_its_own(size, fate, coding):
    name, encode = CODINGS[coding]
    with Canned(answer(encode(padded(size)), name)) as server:
        result = run_json(*TEST, '--max-response', '10', '-d', 'x', server.url())
    assert result.fates[0][0] == fate


@pytest.mark.parametrize('what', ['endless', 'a bomb'])
def test_body_that_is_too_long_for_a_json_test_ends_there_and_the_next_is_asked(server, what):
    server.script('/', 'body=' + quote(ACCEPTED.decode()))
    if what == 'endless':
        with Server() as first:
            result = run_json(*NO_HEDGING, *TEST, '-d', 'x', first.url('/?body_endless=1'), server.url())
    else:
        with Canned(answer(gzip.compress(b' ' * 400_000_000, 1), 'gzip')) as first:
            result = run_json(*NO_HEDGING, *TEST, '-d', 'x', first.url(), server.url())
    assert [fate for fate, _ in result.fates] == ['unknown', 'delivered']
    assert server.count() == 1


def test_output_is_whole_however_little_is_shown(tmp_path):
    with Canned(answer(padded(3000000), 'identity')) as server:
        result = run_json(*TEST, '--max-response', '10', '-o', tmp_path / 'response', '-d', 'x', server.url())
    assert result.code == 0
    assert (tmp_path / 'response').read_bytes() == padded(3000000)


@pytest.mark.parametrize('coding', ['identity', 'gzip'])
@pytest.mark.parametrize('body, fate', [
    (b'\xef\xbb\xbf' + ACCEPTED, 'delivered'), (b'\xef\xbb\xbf' + REFUSED, 'rejected'), (b'\xef\xbb\xbf', 'unknown'),
    (ACCEPTED.decode().encode('utf-16'), 'unknown'), (b'<html>accepted</html>', 'unknown'), (b'', 'unknown'),
    (ACCEPTED[:-1], 'unknown'), (ACCEPTED + b' trailing', 'unknown')])
def test_body_that_is_no_JSON_as_sent_leaves_it_unknown(body, fate, coding):
    name, encode = CODINGS[coding]
    with Canned(answer(encode(body), name)) as server:
        assert run_json(*TEST, '-d', 'x', server.url()).fates[0][0] == fate


# ---- TLS that ends where an answer was to come

@pytest.fixture
def demanding(certificate, authority):
    """A server that wants a certificate of its client."""
    server = Server(tls=certificate)
    server.context.verify_mode = ssl.CERT_REQUIRED
    server.context.load_verify_locations(authority.cert)
    with server:
        yield server


@pytest.mark.parametrize('size', [1, 3000000])
@pytest.mark.parametrize('offer', [[], ['--http2']], ids=['HTTP/1.1', 'HTTP/2'])
def test_client_certificate_that_is_missing_is_a_matter_of_TLS_in_1_3(demanding, authority, size, offer):
    """The client learns it after its handshake: perhaps before, perhaps after its request has gone. While that goes out it
    may meet the reset behind the alert first, and then nobody reads the alert: a large body gives it time for that."""
    reasons = []
    demanding.context.minimum_version = ssl.TLSVersion.TLSv1_3
    if offer:
        demanding.context.set_alpn_protocols(['h2'])
    for _ in range(12):
        result = run_json('--cacert', authority.cert, *offer, '--data-binary', '@-', demanding.url(), stdin='x' * size)
        fate, reason, status = end_of(result)
        reasons.append(reason)
        assert reason in ('tls', 'reset') and status is None and fate in ('unreached', 'unknown'), result
        assert result.code == (1 if fate == 'unreached' else 4)
    assert demanding.count() == 0
    assert reasons.count('tls') >= (10 if size == 1 else 1)


def test_client_certificate_that_is_missing_is_unreached_in_1_2(demanding, authority):
    demanding.context.maximum_version = ssl.TLSVersion.TLSv1_2
    result = run_json('--cacert', authority.cert, '-d', 'x', demanding.url())
    assert result.fates == [('unreached', 'tls')]
    assert demanding.count() == 0


@pytest.mark.parametrize('version', [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3], ids=['1.2', '1.3'])
def test_client_certificate_that_is_missing_passes_on_at_once(demanding, authority, server, version):
    demanding.context.minimum_version = demanding.context.maximum_version = version
    result = run_json(*NO_HEDGING, '--cacert', authority.cert, '-d', 'x', demanding.url(), server.url())
    assert [reason for _, reason in result.fates] == ['tls', 'ok']
    assert server.count() == 1
