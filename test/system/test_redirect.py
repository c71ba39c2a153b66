"""Redirects (-L): which are followed, with what, what may go to another origin, and what each end means.

A redirect is a request of its own, made on purpose: the method and the body go where the status lets them (RFC 9110,
15.4), secrets stay with the origin that they are for, and whoever reads the account must not believe that a message is
where only a redirect was. Where poolsend is as curl, curl is asked.
"""

from harness import PATIENCE, Fed, accounts, run, run_json, stream
from against_curl import assert_same

import base64
import contextlib
import json
import ssl
from urllib.parse import quote

import pytest

from certs import make_ca, openssl
from server import Server, refused_port

STATUSES = [301, 302, 303, 307, 308]
KEEPING = [307, 308]
SECRET = 'sesame-0p3n'
OWN_ORIGIN = 'the same'
ORIGINS = [OWN_ORIGIN, 'another port', 'another name', 'https', 'http, from https']
MOST = 30


@pytest.fixture
def server():
    with Server() as server:
        yield server


@pytest.fixture(scope='module')
def authority(tmp_path_factory):
    return make_ca(tmp_path_factory.mktemp('redirects'))


@pytest.fixture(scope='module')
def certificate(authority):
    return authority.issue(['127.0.0.1', 'api.test', 'other.test'])


class World:
    """The servers between which redirects lead: `plain`, `other`, and `secure`, which speaks TLS."""

    def __init__(self, authority, plain, other, secure):
        self.plain, self.other, self.secure = plain, other, secure
        self.arguments = ['--cacert', authority.cert]
        for port in (plain.port, other.port):
            for name in ('api.test', 'other.test'):
                self.arguments += ['--resolve', f'{name}:{port}:127.0.0.1']

    def leading(self, origin, status, to='/to', **step):
        """A URL that redirects to `to` at an origin; its server and the target's."""
        here = self.secure if origin == 'http, from https' else self.plain
        there = {OWN_ORIGIN: here, 'another port': self.other, 'another name': here, 'https': self.secure,
                 'http, from https': self.plain}[origin]
        url = {OWN_ORIGIN: to, 'another name': f'http://other.test:{here.port}{to}'}.get(origin, there.url(to))
        redirect(here, status, url, **step)
        return here.url('/from'), here, there

    @property
    def requests(self):
        found = [request for server in (self.plain, self.other, self.secure) for request in server.requests]
        return sorted(found, key=lambda request: request.at)


@pytest.fixture
def world(authority, certificate):
    with Server() as plain, Server() as other, Server(tls=certificate) as secure:
        yield World(authority, plain, other, secure)


def step_of(status, to=None, **step):
    location = {} if to is None else {'redirect': quote(to, safe='')}
    return '&'.join(f'{key}={value}' for key, value in {'status': status, **location, **step}.items())


def redirect(server, status, to='/to', path='/from', **step):
    """A URL of the server that redirects to another."""
    server.script(path, step_of(status, to, **step))
    return server.url(path)


def made(requests):
    return [(request.method, request.path, request.body) for request in requests]


def follow(*arguments, **options):
    return run_json('-L', *arguments, **options)


def end_of(result):
    """Fate, reason and status of the only attempt."""
    (attempt,) = result.settled['attempts']
    return attempt['fate'], attempt['reason'], attempt['status']


# ---- Methods, statuses and origins

METHODS = {
    'GET': ([], 'GET', b''),
    'GET by name': (['-X', 'GET'], 'GET', b''),
    'GET with a body': (['-X', 'GET', '-d', 'a=1'], 'GET', b'a=1'),
    'HEAD by name': (['-X', 'HEAD'], 'HEAD', b''),
    'POST': (['-d', 'a=1'], 'POST', b'a=1'),
    'POST by name': (['-X', 'POST', '-d', 'a=1'], 'POST', b'a=1'),
    'POST of JSON': (['--json', '{"a":1}'], 'POST', b'{"a":1}'),
    'POST of nothing': (['-d', ''], 'POST', b''),
    'PUT': (['-X', 'PUT', '-d', 'a=1'], 'PUT', b'a=1'),
    'PUT without a body': (['-X', 'PUT'], 'PUT', b''),
    'PATCH': (['-X', 'PATCH', '-d', 'a=1'], 'PATCH', b'a=1'),
    'DELETE': (['-X', 'DELETE'], 'DELETE', b''),
    'DELETE with a body': (['-X', 'DELETE', '-d', 'a=1'], 'DELETE', b'a=1'),
    'a method of its own': (['-X', 'FROB', '-d', 'a=1'], 'FROB', b'a=1'),
}


def made_after(status, method, body):
    """What the next request is to be; None: there is to be none."""
    if status == 303:
        return 'HEAD' if method == 'HEAD' else 'GET', b''
    return None if status in (301, 302) and method == 'POST' else (method, body)


@pytest.mark.parametrize('origin', ORIGINS)
@pytest.mark.parametrize('status', [300, *STATUSES])
@pytest.mark.parametrize('kind', METHODS)
def test_redirect_of(world, kind, status, origin):
    arguments, method, body = METHODS[kind]
    url, here, there = world.leading(origin, status)
    result = follow(*world.arguments, *arguments, url)
    first, *others = world.requests
    assert (first.method, first.path, first.body) == (method, '/from', body)
    wanted = made_after(status, method, body)
    if not wanted:
        assert not others
        assert end_of(result) == ('rejected', 'redirect', status)
        assert result.code == 1
        return
    (second,) = others
    assert (second.method, second.path, second.body) == (wanted[0], '/to', wanted[1])
    assert end_of(result) == ('delivered', 'ok', 200)
    assert there.count('/to') == 1
    assert_framed(first, second, status)


def assert_framed(first, second, status):
    """The headers about the body are those of the body that was sent."""
    names = [name.lower() for name, _ in second.headers]
    if status == 303:
        assert not [name for name in names if name.startswith('content-') or name == 'transfer-encoding']
        return
    for name in ('Content-Type', 'Content-Length', 'Idempotency-Key', 'X-One'):
        assert second.header(name) == first.header(name)
    assert names.count('content-length') <= 1


@pytest.mark.parametrize('status', [305, 306, 399])
@pytest.mark.parametrize('kind', ['GET', 'POST', 'PUT'])
def test_other_status_with_a_location_is_followed_as_it_is(server, kind, status):
    arguments, method, body = METHODS[kind]
    assert follow(*arguments, redirect(server, status)).fates == [('delivered', 'ok')]
    assert made(server.requests) == [(method, '/from', body), (method, '/to', body)]


@pytest.mark.parametrize('headers', [['-H', 'Content-Type: text/csv'],
                                     ['-H', 'content-type: text/csv', '-H', 'CONTENT-LANGUAGE: de'],
                                     ['-H', 'Content-Encoding: gzip', '-H', 'Content-MD5: x']])
@pytest.mark.parametrize('body', [['-d', 'a'], ['-X', 'PUT', '-d', 'a'], []])
def test_303_leaves_all_content_headers_behind_and_no_other(server, headers, body):
    follow(*body, *headers, '-H', 'X-Content: stays', redirect(server, 303))
    first, second = server.requests
    assert [name for name, _ in first.headers if name.lower().startswith('content-')]
    assert not [name for name, _ in second.headers if name.lower().startswith('content-')]
    assert second.header('X-Content') == 'stays'


@pytest.mark.parametrize('status', [301, 302])
@pytest.mark.parametrize('arguments', [['-d', 'a=1'], ['-X', 'POST', '-d', 'a=1'], ['--json', '1']])
def test_POST_that_would_lose_its_body_is_sent_nowhere_else_and_the_next_api_asked(server, status, arguments):
    with Server() as second:
        result = follow('--hedge-delay', 'none', '--answer-wait', '10m', *arguments,
                        redirect(server, status, hang='body', size=10), second.url())
    assert result.fates == [('rejected', 'redirect'), ('delivered', 'ok')]
    assert result.settled['attempts'][0]['status'] == status
    assert (server.count(), second.count()) == (1, 1)


# ---- As curl has it

@pytest.mark.parametrize('status', STATUSES)
@pytest.mark.parametrize('arguments', [[], ['-H', 'X-One: 1'], ['-u', 'user:password'],
                                       ['-H', 'Authorization: Custom abc'], ['-X', 'GET']],
                         ids=['GET', 'header', 'credentials', 'Authorization', 'GET by name'])
def test_GET_follows_as_curl_does(server, status, arguments):
    requests = assert_same(server, '-L', *arguments, redirect(server, status))
    assert [request.path for request in requests] == ['/from', '/to']


@pytest.mark.parametrize('status', STATUSES)
def test_HEAD_follows_as_curl_does(server, status):
    url = redirect(server, status)
    assert_same(server, '-L', '-X', 'HEAD', url, curl=['-L', '-I', url])


@pytest.mark.parametrize('status', KEEPING)
@pytest.mark.parametrize('arguments', [['-d', 'a=1'], ['-d', ''], ['--json', '{"a":1}'], ['-X', 'PUT', '-d', 'a'],
                                       ['-d', 'a', '-H', 'Content-Type: text/plain'], ['-X', 'DELETE'],
                                       ['-u', 'user:password', '-d', 'x']],
                         ids=['form', 'empty form', 'JSON', 'PUT', 'text', 'DELETE', 'credentials'])
def test_method_and_body_are_kept_as_by_curl(server, status, arguments):
    assert len(assert_same(server, '-L', *arguments, redirect(server, status))) == 2


@pytest.mark.parametrize('to', ['to', '/from/?q=1', '//{}/to', '/to%20here', '/to?a=b%26c#f', '/a/../to', '/toä',
                                '../up', './here', '/with a space', 'http:///{}/to'])
def test_location_is_read_as_by_curl(server, to):
    url = redirect(server, 302, to.format(f'127.0.0.1:{server.port}'))
    assert len(assert_same(server, '-L', url)) == 2


@pytest.mark.parametrize('arguments', [['-u', 'user:password'], ['-H', 'Authorization: Custom abc'],
                                       ['-H', 'Cookie: a=b'], ['--oauth2-bearer', 'abc']],
                         ids=['-u', 'Authorization', 'Cookie', '--oauth2-bearer'])
def test_secrets_are_kept_from_another_host_as_by_curl(server, arguments):
    to = f'http://localhost:{server.port}/to'
    first, second = assert_same(server, '-L', *arguments, '-d', 'x', redirect(server, 307, to))
    assert first.header('Authorization') or first.header('Cookie')
    assert not second.header('Authorization') and not second.header('Cookie')


# ---- What goes to another origin

def basic(text):
    return 'Basic ' + base64.b64encode(text.encode()).decode()


def by_flags(*arguments):
    return lambda world, url, _: run_json('-L', *world.arguments, *arguments, '-d', 'x', url)


def by_configuration(**members):
    def send(world, url, directory):
        (directory / 'token').write_text(SECRET)
        (directory / 'user').write_text(f'user:{SECRET}')
        given = json.loads(json.dumps(members).replace('DIRECTORY', str(directory)))
        (directory / 'config').write_text(json.dumps({'endpoints': [{'url': url, **given}]}))
        return run_json('-L', *world.arguments, '--config', directory / 'config', '-d', 'x', env={'TOKEN_OF': SECRET})
    return send


def by_envelope(sent, **members):
    def send(world, url, directory):
        (directory / 'config').write_text(json.dumps({'endpoints': [{'url': url, 'method': 'POST', **members}]}))
        line = json.dumps({'id': 'm', 'body': 'x', 'headers': sent})
        return stream('-L', *world.arguments, '--input-format', 'envelopes', '--config', directory / 'config',
                      lines=[line], env={'TOKEN_OF': 'of the configuration'})
    return send


def by_url(world, url, _):
    return run_json('-L', *world.arguments, '-d', 'x', url.replace('://', f'://user:{SECRET}@'))


ENV, FILE, USER = {'env': 'TOKEN_OF'}, {'file': 'DIRECTORY/token'}, {'file': 'DIRECTORY/user'}

# How a secret is given, and the header that it is in.
GIVEN = {
    '-u': (by_flags('-u', f'user:{SECRET}'), 'Authorization'),
    'a bearer token': (by_flags('--oauth2-bearer', SECRET), 'Authorization'),
    'the URL': (by_url, 'Authorization'),
    'Authorization': (by_flags('-H', f'Authorization: Custom {SECRET}'), 'Authorization'),
    'authorization': (by_flags('-H', f'authorization: Custom {SECRET}'), 'Authorization'),
    'Cookie': (by_flags('-H', f'Cookie: session={SECRET}'), 'Cookie'),
    'cookie': (by_flags('-H', f'cookie: session={SECRET}'), 'Cookie'),
    'user in a file': (by_configuration(user=USER), 'Authorization'),
    'a token in the environment': (by_configuration(oauth2_bearer=ENV), 'Authorization'),
    'Authorization in the environment': (by_configuration(headers={'Authorization': ENV}), 'Authorization'),
    'a header in the environment': (by_configuration(headers={'X-Api-Key': ENV}), 'X-Api-Key'),
    'a header in a file': (by_configuration(headers={'X-Whatever': FILE}), 'X-Whatever'),
    "an envelope's Authorization": (by_envelope({'Authorization': f'Bearer {SECRET}'}), 'Authorization'),
    "an envelope's authorization": (by_envelope({'authorization': f'Bearer {SECRET}'}), 'Authorization'),
    "an envelope's Cookie": (by_envelope({'Cookie': f'session={SECRET}'}), 'Cookie'),
    "an envelope's, of a header that is a secret": (
        by_envelope({'x-api-key': SECRET}, headers={'X-Api-Key': ENV}), 'X-Api-Key'),
}


@pytest.mark.parametrize('origin', ORIGINS)
@pytest.mark.parametrize('status', [303, 307])
@pytest.mark.parametrize('given', GIVEN)
def test_secret_stays_with_its_origin(world, tmp_path, given, status, origin):
    send, name = GIVEN[given]
    url, _, _ = world.leading(origin, status)
    result = send(world, url, tmp_path)
    assert result.code == 0, result
    first, second = world.requests
    assert first.header(name)
    assert second.header(name) == (first.header(name) if origin == OWN_ORIGIN else None)
    if origin != OWN_ORIGIN:
        shown = str(second.headers)
        assert SECRET not in shown and base64.b64encode(f'user:{SECRET}'.encode()).decode() not in shown


@pytest.mark.parametrize('origin', ORIGINS)
def test_what_is_no_secret_goes_along(world, origin):
    url, _, _ = world.leading(origin, 307)
    result = follow(*world.arguments, '-A', 'agent', '-H', 'X-Trace: 7', '-H', 'Accept: text/plain',
                    '-H', 'Content-Type: text/csv', '-d', 'x', url)
    first, second = world.requests
    for name in ('User-Agent', 'X-Trace', 'Accept', 'Content-Type'):
        assert second.header(name) == first.header(name) != None  # noqa: E711
    assert second.header('Idempotency-Key') == first.header('Idempotency-Key') == result.settled['message']


@pytest.mark.parametrize('origin', ORIGINS)
@pytest.mark.parametrize('status', [302, 303, 307])
@pytest.mark.parametrize('name', ['Host', 'host'])
def test_own_Host_stays_with_its_origin(world, name, status, origin):
    url, _, there = world.leading(origin, status)
    follow(*world.arguments, '-H', f'{name}: virtual.example', url)
    first, second = world.requests
    assert [value for each, value in first.headers if each.lower() == 'host'] == ['virtual.example']
    own = f'other.test:{there.port}' if origin == 'another name' else f'127.0.0.1:{there.port}'
    assert [value for each, value in second.headers if each.lower() == 'host'] == [
        'virtual.example' if origin == OWN_ORIGIN else own]


def test_secrets_stay_away_when_another_origin_leads_back(world):
    """It is not for another origin to say what is asked for in our name."""
    redirect(world.plain, 307, world.other.url('/there'))
    redirect(world.other, 307, world.plain.url('/back'), '/there')
    follow('-u', 'user:password', '-H', 'Cookie: a=b', '-d', 'x', world.plain.url('/from'))
    assert [request.header('Authorization') for request in world.requests] == [basic('user:password'), None, None]
    assert [request.header('Cookie') for request in world.requests] == ['a=b', None, None]
    assert [request.body for request in world.requests] == [b'x'] * 3


@pytest.mark.parametrize('to', ['/to', '{}/to', '//{}/to'])
def test_credentials_of_the_URL_go_along_within_its_origin(server, to):
    redirect(server, 307, to.format(server.url().rstrip('/') if '//' not in to else f'127.0.0.1:{server.port}'))
    follow('-d', 'x', server.url('/from').replace('//', '//user:pass%20word@'))
    assert [request.header('Authorization') for request in server.requests] == [basic('user:pass word')] * 2


def test_credentials_of_the_URL_do_not_go_to_another_origin(world):
    redirect(world.plain, 307, world.other.url('/there'))
    redirect(world.other, 307, world.plain.url('/back'), '/there')
    follow('-d', 'x', world.plain.url('/from').replace('//', '//user:password@'))
    assert [request.header('Authorization') for request in world.requests] == [basic('user:password'), None, None]


def test_credentials_for_a_proxy_that_are_given_as_a_header_stay_with_the_origin(world):
    redirect(world.plain, 307, world.other.url('/to'))
    follow('-H', 'Proxy-Authorization: Basic eDp5', '-d', 'x', world.plain.url('/from'))
    assert [request.header('Proxy-Authorization') for request in world.requests] == ['Basic eDp5', None]


def test_secrets_are_kept_from_another_origin_after_a_redirect_to_their_own(world):
    redirect(world.plain, 307, '/again')
    redirect(world.plain, 307, world.other.url('/there'), '/again')
    follow('-u', 'user:password', '-d', 'x', world.plain.url('/from'))
    assert [request.header('Authorization') is not None for request in world.requests] == [True, True, False]


def test_secrets_are_kept_from_another_origin_that_leads_on(world):
    redirect(world.plain, 307, world.other.url('/there'))
    redirect(world.other, 307, '/further', '/there')
    follow('-u', 'user:password', '-H', 'Cookie: a', '-d', 'x', world.plain.url('/from'))
    assert [request.path for request in world.requests] == ['/from', '/there', '/further']
    assert [request.header('Authorization') is not None for request in world.requests] == [True, False, False]
    assert [request.header('Cookie') for request in world.requests] == ['a', None, None]


@pytest.mark.parametrize('url, to', [
    ('http://api.test:{}/from', 'HTTP://API.TEST:{}/to'),
    ('http://API.test:{}/from', '//api.TEST:{}/to'),
    ('http://api.test:{}/from', 'http://api.test:0{}/to'),
])
def test_origin_is_the_same_however_it_is_written(world, url, to):
    port = world.plain.port
    redirect(world.plain, 307, to.format(port))
    follow(*world.arguments, '-u', 'user:password', '-d', 'x', url.format(port))
    assert [request.header('Authorization') for request in world.requests] == [basic('user:password')] * 2


@pytest.mark.parametrize('url, to', [('http://api.test/from', 'http://api.test:80/to'),
                                     ('http://api.test:80/from', 'http://api.test/to')])
def test_default_port_is_the_same_origin_with_or_without_its_number(world, url, to):
    redirect(world.plain, 307, to)
    follow('--connect-to', f'api.test:80:127.0.0.1:{world.plain.port}', '-u', 'user:password', '-d', 'x', url)
    assert [request.header('Authorization') for request in world.requests] == [basic('user:password')] * 2


@pytest.mark.parametrize('to, kept', [('/to', True), ('http://other.test/to', False)])
def test_secrets_stay_with_their_origin_through_a_proxy(server, to, kept):
    """Whoever stands at the socket is the proxy each time."""
    server.script('/from', step_of(307, to))
    follow('-x', server.url(), '-u', 'user:password', '-d', 'x', 'http://api.test/from')
    first, second = server.requests
    assert first.header('Authorization') == basic('user:password')
    assert second.header('Authorization') == (basic('user:password') if kept else None)


@pytest.mark.parametrize('origin', ['the same', 'another port', 'another name'])
def test_client_certificate_stays_with_its_origin(authority, certificate, tmp_path, origin):
    """Both servers ask for one. In TLS 1.2 nothing is sent to a server that does not get it."""
    own, key = tmp_path / 'client.pem', tmp_path / 'client.key'
    openssl('req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '2',
            '-subj', '/CN=client', '-keyout', key, '-out', own)
    with Server(tls=certificate) as here, Server(tls=certificate) as other:
        for each in (here, other):
            each.context.verify_mode = ssl.CERT_REQUIRED
            each.context.load_verify_locations(own)
            each.context.maximum_version = ssl.TLSVersion.TLSv1_2
        to = {'the same': '/to', 'another port': other.url('/to'),
              'another name': f'https://other.test:{here.port}/to'}[origin]
        result = follow('--cacert', authority.cert, '--cert', own, '--key', key, '-d', 'x',
                        '--resolve', f'other.test:{here.port}:127.0.0.1', redirect(here, 307, to))
        if origin == 'the same':
            assert end_of(result) == ('delivered', 'ok', 200)
        else:
            assert end_of(result) == ('rejected', 'redirect', 307)
        assert (here.count('/to'), other.count()) == (1 if origin == 'the same' else 0, 0)


# ---- What a Location may be

@pytest.mark.parametrize('status', [300, *STATUSES, 399])
@pytest.mark.parametrize('to', [None, '', ' '], ids=['none', 'an empty one', 'a space'])
@pytest.mark.parametrize('arguments', [[], ['-d', 'x']], ids=['GET', 'POST'])
def test_no_location_is_an_answer_at_once(server, arguments, to, status):
    """Even though its body does not come."""
    with Server() as second:
        result = follow('--hedge-delay', 'none', '--answer-wait', '10m', *arguments,
                        redirect(server, status, to, hang='body', size=10), second.url())
    assert result.fates == [('rejected', 'status'), ('delivered', 'ok')]
    assert result.settled['attempts'][0]['status'] == status
    assert (server.count(), second.count()) == (1, 1)


@pytest.mark.parametrize('status', [200, 201, 202, 404])
def test_location_is_none_but_in_a_redirect(server, status):
    follow('-d', 'x', redirect(server, status))
    assert server.count() == 1


OTHER_SCHEMES = ['ftp://127.0.0.1:{}/to', 'file:///etc/passwd', 'gopher://127.0.0.1:{}/', 'dict://127.0.0.1:{}/',
                 'telnet://127.0.0.1:{}', 'ws://127.0.0.1:{}/to', 'mailto:a@b.example', 'javascript:alert(1)',
                 'data:text/plain,x', 'FTP://127.0.0.1:{}/', 'FiLe:///etc/hostname', 'http+unix://127.0.0.1:{}/to',
                 'http2://127.0.0.1:{}/to']
GARBAGE = ['http://', 'https://', 'http://[::1', 'http://127.0.0.1:99999/', 'http://127.0.0.1:-1/', 'http://a b/',
           'http://%00/',
           'http://[not::an::address]/', 'http://user:p w@/', 'http://127.0.0.1:{}\x01/',
           'http://' + 'a' * 70000 + '/']


@pytest.mark.parametrize('status', STATUSES)
@pytest.mark.parametrize('to', [*OTHER_SCHEMES, *GARBAGE], ids=lambda to: ascii(to[:40]))
def test_location_that_leads_nowhere_is_not_followed(server, to, status):
    with Server() as other:
        result = follow('-X', 'PUT', '-d', 'x', redirect(server, status, to.format(other.port)))
        expected = ('unknown', 'redirect') if status == 303 else ('rejected', 'redirect')
        assert end_of(result)[:2] == expected
        assert result.code == (4 if status == 303 else 1)
        assert (server.count(), other.connections) == (1, 0)


def test_user_in_a_location_brings_no_secret_of_ours_along(world):
    redirect(world.plain, 307, f'http://guest:pass@127.0.0.1:{world.other.port}/to')
    result = follow('-u', 'user:password', '-H', 'Cookie: a', '-d', 'x', world.plain.url('/from'))
    assert result.fates == [('delivered', 'ok')]
    _, second = world.requests
    assert second.header('Authorization') in (None, basic('guest:pass'))
    assert second.header('Cookie') is None
    assert second.target == '/to'


def test_international_name_in_a_location_is_encoded_or_not_followed(server):
    redirect(server, 307, f'http://bücher.test:{server.port}/to'.encode().decode('latin-1'))
    result = follow('--resolve', f'xn--bcher-kva.test:{server.port}:127.0.0.1', '-d', 'x', server.url('/from'))
    assert end_of(result) in [('delivered', 'ok', 200), ('rejected', 'redirect', 307)]
    assert [request.header('Host') for request in server.requests[1:]] in (
        [], [f'xn--bcher-kva.test:{server.port}'])


# ---- What each end means

@contextlib.contextmanager
def ends(what, certificate):
    """Where the redirect leads, to that end."""
    if what in QUERIES:
        yield f'/to?{QUERIES[what]}'
    elif what == 'refuses':
        with refused_port() as port:
            yield f'http://127.0.0.1:{port}/'
    elif what == 'has a certificate that is not trusted':
        with Server(tls=certificate) as secure:
            yield secure.url('/')
    else:
        with Server(mode=MODES[what]) as other:
            scheme = 'https' if what == 'never ends the handshake' else 'http'
            yield f'{scheme}://127.0.0.1:{other.port}/'


QUERIES = {
    'accepts': '', 'says 404': 'status=404', 'says 500': 'status=500', 'says 417': 'status=417',
    'says 502': 'status=502', 'says 504': 'status=504', 'says 522': 'status=522',
    'closes without an answer': 'close=after', 'resets without an answer': 'reset=after',
    'closes before the body': 'close=before', 'resets before the body': 'reset=before',
    'cuts the header': 'headers=cut', 'answers garbage': 'garbage=1&keepalive=0', 'hangs': 'hang=request',
    'drips the header': 'headers=drip', 'cuts the body of a success': 'body_cut=3&body=0123456789',
    'redirects without a location': 'status=302', 'redirects to nowhere': 'status=307&redirect=ftp://127.0.0.1/',
}
MODES = {'is a black hole': 'blackhole', 'never ends the handshake': 'tls-hang'}

# After a redirect that took nothing, an end -> fate, reason and status. After a 303 all that is no success is unknown.
TOOK_NOTHING = {
    'accepts': ('delivered', 'ok', 200),
    'says 404': ('rejected', 'status', 404),
    'says 500': ('rejected', 'status', 500),
    'says 417': ('rejected', 'status', 417),
    'says 502': ('unknown', 'gateway', 502),
    'says 504': ('unknown', 'gateway', 504),
    'says 522': ('unknown', 'gateway', 522),
    'closes without an answer': ('unknown', 'reset', None),
    'resets without an answer': ('unknown', 'reset', None),
    'closes before the body': ('unknown', 'reset', None),
    'resets before the body': ('unknown', 'reset', None),
    'cuts the header': ('unknown', 'reset', None),
    'answers garbage': ('unknown', 'protocol', None),
    'hangs': ('unknown', 'timeout', None),
    'drips the header': ('unknown', 'timeout', None),
    'cuts the body of a success': ('delivered', 'truncated', 200),
    'redirects without a location': ('rejected', 'status', 302),
    'redirects to nowhere': ('rejected', 'redirect', 307),
    'refuses': ('rejected', 'redirect', None),
    'is a black hole': ('rejected', 'redirect', None),
    'never ends the handshake': ('rejected', 'redirect', None),
    'has a certificate that is not trusted': ('rejected', 'redirect', None),
}
CODES = {'delivered': 0, 'rejected': 1, 'unknown': 4}


def limits(what):
    slow = what in ('hangs', 'drips the header', *MODES)
    return ['--attempt-timeout', '1'] if slow else ['--attempt-timeout', PATIENCE / 2]


@pytest.mark.parametrize('what', TOOK_NOTHING)
@pytest.mark.parametrize('status', STATUSES)
def test_fate_when_the_next(server, certificate, what, status):
    fate, reason, last = TOOK_NOTHING[what]
    if status == 303 and fate != 'delivered':
        fate, reason = 'unknown', 'redirect'
    with ends(what, certificate) as to:
        result = follow(*limits(what), '-X', 'PUT', '-d', 'x', redirect(server, status, to))
    assert result.fates == [(fate, reason)]
    assert result.code == CODES[fate]
    attempt = result.settled['attempts'][0]
    if fate in ('delivered', 'rejected'):
        assert attempt['status'] == (last or status)
    assert server.count('/from') == 1
    assert server.count('/to') == (what in QUERIES)
    if (fate, reason) == ('rejected', 'redirect'):
        assert attempt['error'], 'why the redirect led nowhere is not said'


# The statuses of the hops, the last hop's end, and what the account is to say.
CHAINS = {
    'two that took nothing, then refused': ([307, 308], 'refuses', ('rejected', 'redirect')),
    'a 303, then one that took nothing, then refused': ([303, 307], 'refuses', ('unknown', 'redirect')),
    'one that took nothing, then a 303, then refused': ([307, 303], 'refuses', ('unknown', 'redirect')),
    'a 303, then one that took nothing, then 404': ([303, 307], 'says 404', ('unknown', 'redirect')),
    'a 303, then a 302 of its GET, then accepted': ([303, 302], 'accepts', ('delivered', 'ok')),
    'a 303, then a 302 of its GET, then 500': ([303, 301], 'says 500', ('unknown', 'redirect')),
    'two that took nothing, then closed': ([308, 307], 'closes without an answer', ('unknown', 'reset')),
    'two that took nothing, then accepted': ([308, 307], 'accepts', ('delivered', 'ok')),
    'a 303, then no location': ([303], 'redirects without a location', ('unknown', 'redirect')),
    'a 303, then a location that leads nowhere': ([303], 'redirects to nowhere', ('unknown', 'redirect')),
}


@pytest.mark.parametrize('chain', CHAINS)
def test_fate_of_a_chain(server, certificate, chain):
    statuses, what, expected = CHAINS[chain]
    with ends(what, certificate) as to:
        for at, status in enumerate(statuses):
            redirect(server, status, f'/{at + 1}' if at + 1 < len(statuses) else to, f'/{at}')
        result = follow('-d', 'x', server.url('/0'))
    assert result.fates == [expected]
    assert result.code == CODES[expected[0]]


@pytest.mark.parametrize('status, expected', [(307, ('rejected', 'redirect')), (303, ('unknown', 'redirect'))])
def test_proxy_that_refuses_the_next_hop_is_one_that_cannot_be_reached(server, status, expected):
    server.script('/from', step_of(status, '/to'))
    server.script('/to', 'status=407')
    result = follow('-x', server.url(), '-d', 'x', 'http://api.test/from')
    assert result.fates == [expected]
    assert server.count() == 2


@pytest.mark.parametrize('status, expected', [(307, ('rejected', 'redirect')), (303, ('unknown', 'redirect'))])
def test_proxy_for_the_next_hop_alone_is_told_from_an_api(world, status, expected):
    """A proxy of the environment is for one scheme: the first hop went past it."""
    redirect(world.secure, status, 'http://api.test/to')
    world.plain.script('/to', 'status=407')
    result = run_json('-L', *world.arguments, '-d', 'x', world.secure.url('/from'),
                      env={'http_proxy': world.plain.url()})
    assert result.fates == [expected]
    assert [request.target for request in world.plain.requests] == ['http://api.test/to']


def test_407_of_an_api_that_a_redirect_led_to_past_the_proxy_is_its_own(world):
    world.plain.script('/from', step_of(307, world.secure.url('/to')))
    world.secure.script('/to', 'status=407')
    result = run_json('-L', *world.arguments, '-d', 'x', 'http://api.test/from', env={'http_proxy': world.plain.url()})
    assert end_of(result) == ('rejected', 'status', 407)


@pytest.mark.parametrize('first', KEEPING)
@pytest.mark.parametrize('second', [301, 302])
def test_POST_that_was_redirected_and_would_then_lose_its_body_is_rejected(server, first, second):
    redirect(server, second, '/to', '/again')
    result = follow('-d', 'x', redirect(server, first, '/again'))
    assert end_of(result) == ('rejected', 'redirect', second)
    assert made(server.requests) == [('POST', '/from', b'x'), ('POST', '/again', b'x')]


@pytest.mark.parametrize('status', KEEPING)
@pytest.mark.parametrize('hops', [MOST, MOST + 1])
def test_thirty_redirects_are_followed_and_not_one_more(server, status, hops):
    server.script('/from', *[f'status={status}&redirect=/from'] * hops, 'status=200')
    result = follow('-d', 'x', server.url('/from'))
    assert end_of(result) == (('delivered', 'ok', 200) if hops == MOST else ('rejected', 'redirect', status))
    assert made(server.requests) == [('POST', '/from', b'x')] * (MOST + 1)


@pytest.mark.parametrize('arguments', [[], ['-X', 'PUT', '-d', 'x']], ids=['GET', 'PUT'])
@pytest.mark.parametrize('status', [301, 302, *KEEPING])
def test_redirects_without_end_are_given_up_and_the_next_api_asked(server, status, arguments):
    with Server() as second:
        result = follow(*arguments, redirect(server, status, '/from'), second.url())
    assert result.fates == [('rejected', 'redirect'), ('delivered', 'ok')]
    assert (server.count(), second.count()) == (MOST + 1, 1)


def test_redirects_without_end_after_a_303_are_unknown(server):
    assert follow('-d', 'x', redirect(server, 303, '/from')).fates == [('unknown', 'redirect')]
    assert server.count() == MOST + 1


BODIES = {
    'stalls': 'hang=body&size=10',
    'never ends': 'body_endless=1',
    'drips': 'drip=0.5&size=1000',
    'is long': 'size=30000',
    'is cut': 'body_cut=4&body=0123456789',
    'has a broken coding': 'header=Content-Encoding:gzip&body=none',
    'has a coding that nobody knows': 'header=Content-Encoding:none&body=none',
    'is broken in its chunks': 'chunk=bad&keepalive=0',
}


@pytest.mark.parametrize('tested', [False, True], ids=['', 'with a JSON test'])
@pytest.mark.parametrize('body', BODIES)
@pytest.mark.parametrize('status', [303, 307])
def test_redirect_is_followed_whatever_its_body_does_that(server, body, status, tested):
    server.script('/from', f'status={status}&redirect=/to&{BODIES[body]}')
    server.script('/to', 'body={"ok":true}')
    test = ['--success', '200-299,/ok=true'] if tested else []
    result = follow(*test, '--attempt-timeout', '1m', '-d', 'x', server.url('/from'))
    assert end_of(result) == ('delivered', 'ok', 200)
    assert [request.path for request in server.requests] == ['/from', '/to']


@pytest.mark.parametrize('status', [302, 303, 307])
def test_redirect_is_a_failure_without_L(server, status):
    result = run_json('-d', 'x', redirect(server, status))
    assert end_of(result) == ('rejected', 'status', status)
    assert server.count() == 1


# ---- One attempt

def test_hops_are_one_attempt(server):
    redirect(server, 308, '/to', '/again')
    result = follow('--events', 'start,finish,delivered,settled', '-d', 'x', redirect(server, 307, '/again'))
    assert [event['event'] for event in result.events] == ['start', 'finish', 'delivered', 'settled']
    (attempt,) = result.settled['attempts']
    assert (attempt['attempt'], attempt['url']) == (1, server.url('/from'))


@pytest.mark.parametrize('size', [1, 100000])
@pytest.mark.parametrize('status', [303, 307])
def test_bytes_sent_are_those_of_all_hops(server, size, status):
    redirect(server, 308, '/to', '/again')
    result = follow('-d', 'x' * size, redirect(server, status, '/again'))
    assert server.count() == 3
    assert result.settled['attempts'][0]['bytes_sent'] == sum(
        len(f'{request.method} {request.target} {request.version}\r\n\r\n') + len(request.body) +
        sum(len(f'{name}: {value}\r\n') for name, value in request.headers) for request in server.requests)


def test_bytes_sent_count_a_hop_before_one_that_could_not_be_reached(server):
    with refused_port() as port:
        result = follow('-d', 'x' * 1000, redirect(server, 307, f'http://127.0.0.1:{port}/'))
    assert result.settled['attempts'][0]['bytes_sent'] > 1000


def test_nothing_is_started_while_redirects_are_followed(server):
    """A redirect is neither an answer nor a failure."""
    with Server() as second:
        server.script('/to', 'delay=0.3')
        result = follow('--hedge-delay', 'none', '-d', 'x', redirect(server, 307, delay=0.1), second.url())
        assert result.fates == [('delivered', 'ok')]
        assert second.connections == 0


def test_hedge_delay_is_that_of_all_hops(server):
    """Each hop takes less, both together more."""
    with Server() as second:
        server.script('/to', 'delay=0.6')
        result = follow('--hedge-delay', '1', '-d', 'x', redirect(server, 307, delay=0.6), second.url())
        assert len(result.settled['attempts']) == 2
        assert second.count() == 1


def test_attempt_timeout_is_that_of_all_hops(server):
    server.script('/to', 'delay=2.8')
    result = follow('--attempt-timeout', '3', '-d', 'x', redirect(server, 307, delay=0.5))
    assert result.fates == [('unknown', 'timeout')]


def test_retry_after_of_a_redirect_is_not_the_answers(server):
    server.script('/to', 'status=503', 'status=200')
    result = follow('--retry', '1', '--retry-delay', '10ms', '-m', '30', '-d', 'x',
                    redirect(server, 307, header='Retry-After:3000'))
    assert result.fates == [('rejected', 'status'), ('delivered', 'ok')]


def test_retry_after_of_the_last_answer_counts(server):
    server.script('/to', 'status=503&header=Retry-After:1', 'status=200')
    follow('--retry', '1', '--retry-delay', '10ms', '-d', 'x', redirect(server, 307))
    _, first, _, second = server.requests
    assert second.at - first.at >= 1


def test_response_is_the_last_answers(server, tmp_path):
    server.script('/to', 'body=here')
    result = follow('-o', tmp_path / 'response', '-d', 'x', redirect(server, 307, body='moved'))
    assert result.settled['attempts'][0]['response'] == 'here'
    assert (tmp_path / 'response').read_text() == 'here'


@pytest.mark.parametrize('status, body, expected', [
    (307, '{"accepted":true}', ('delivered', 'ok')),
    (307, '{"accepted":false}', ('rejected', 'json')),
    (303, '{"accepted":true}', ('delivered', 'ok')),
    (303, '{"accepted":false}', ('unknown', 'redirect')),
])
def test_json_test_is_of_the_last_answer(server, status, body, expected):
    server.script('/to', 'body=' + quote(body))
    result = follow('--success', '200-299,/accepted=true', '-d', 'x',
                    redirect(server, status, body=quote('{"accepted":true,"moved":1}')))
    assert result.fates == [expected]


def test_redirect_that_counts_as_success_is_one(server):
    result = follow('--success', '200-299,307', '-d', 'x', redirect(server, 307))
    assert result.fates == [('delivered', 'ok')]


def test_fatal_status_after_a_redirect_ends_the_matter(server):
    with Server() as second:
        server.script('/to', 'status=403')
        result = follow('--fatal-status', '403', '-d', 'x', redirect(server, 307), second.url())
        assert result.fates == [('rejected', 'status')]
        assert second.connections == 0


# ---- The next message

@pytest.mark.parametrize('status', [303, 307])
@pytest.mark.parametrize('origin', ORIGINS)
def test_next_message_is_whole_and_goes_to_the_first_origin(world, origin, status):
    url, here, there = world.leading(origin, status)
    result = stream('-L', '--in-order', '--workers', '1', '-X', 'PUT', '-u', 'user:password', '-H', 'Cookie: a',
                    '-H', 'Content-Type: text/csv', *world.arguments, url, lines=['one', 'two', 'three'])
    assert [event['outcome'] for event in accounts(result.events).values()] == ['delivered'] * 3
    firsts = [request for request in world.requests if request.path == '/from']
    assert made(firsts) == [('PUT', '/from', body) for body in (b'one', b'two', b'three')]
    for request in firsts:
        assert request.header('Authorization') == basic('user:password')
        assert (request.header('Cookie'), request.header('Content-Type')) == ('a', 'text/csv')
        assert request.header('Host') == f'127.0.0.1:{here.port}'
    assert len([request for request in world.requests if request.path == '/to']) == there.count('/to') == 3


@pytest.mark.parametrize('status', [303, 307])
def test_message_after_one_that_was_redirected_is_not_redirected_itself(world, status):
    world.plain.script('/from', step_of(status, world.other.url('/to')), 'status=200')
    result = stream('-L', '--in-order', '--workers', '1', '-X', 'PUT', '-u', 'user:password', world.plain.url('/from'),
                    lines=['one', 'two'])
    assert result.code == 0
    assert [(request.method, request.path, request.body, request.header('Authorization') is not None)
            for request in world.requests] == [
        ('PUT', '/from', b'one', True),
        ('GET', '/to', b'', False) if status == 303 else ('PUT', '/to', b'one', False),
        ('PUT', '/from', b'two', True)]


def test_connection_is_kept_over_redirects_within_an_origin(server):
    stream('-L', '--in-order', '--workers', '1', redirect(server, 307), lines=['one', 'two'])
    assert server.count() == 4
    assert server.connections == 1


@pytest.mark.parametrize('end', ['close=after', 'reset=after'])
def test_kept_connection_that_dies_under_a_redirected_request_is_not_replaced(server, end):
    """The second hop goes out on the connection of the first."""
    with Server() as second:
        server.script('/to', end, 'status=200')
        result = follow('--hedge-delay', 'none', '--answer-wait', '10m', '-d', 'x', redirect(server, 307),
                        second.url())
    assert result.fates == [('unknown', 'reset'), ('delivered', 'ok')]
    assert (server.count('/to'), server.connections, second.count()) == (1, 1, 1)


@pytest.mark.parametrize('secure', [False, True], ids=['http', 'https'])
def test_connection_that_is_closed_with_the_redirect_is_replaced(certificate, authority, secure):
    """Nothing of the second hop was sent on it; unless it went out before the end of the connection was there to be
    seen, and then it is not made again."""
    with Server(tls=certificate if secure else None) as server:
        result = follow('--cacert', authority.cert, '-d', 'x', redirect(server, 307, keepalive='lie', delay=0.05))
        assert result.fates in ([('delivered', 'ok')], [('unknown', 'reset')])
        replaced = result.fates == [('delivered', 'ok')]
        assert made(server.requests) == [('POST', '/from', b'x'), ('POST', '/to', b'x')][:1 + replaced]


def test_connection_through_a_unix_socket_that_died_is_replaced_though_another_was_opened_later(certificate, authority,
                                                                                                tmp_path):
    """Both have the same path, and no port that tells them apart."""
    path = tmp_path / 'socket'
    with Server(tls=certificate, unix=path) as server:
        server.script('/from', step_of(307, 'https://other.test/to', keepalive='lie'), 'status=200')
        with Fed('-L', '--workers', '1', '--cacert', authority.cert, '--unix-socket', path, '--format', 'json',
                 'https://api.test/from') as running:
            running.feed('one')
            first = running.event('settled')
            running.feed('two')
            second = running.event('settled')
            running.close()
            running.finish()
        assert (server.count('/from'), server.count('/to')) == (2, 1)
    assert [(each['fate'], each['reason']) for event in (first, second) for each in event['attempts']] == [
        ('delivered', 'ok')] * 2


def test_interrupt_ends_a_redirected_attempt(server):
    server.script('/to', 'hang=request')
    with Fed('-L', '--settle', '0', '--format', 'json', redirect(server, 307)) as running:
        running.feed('x')
        server.wait_for(1, '/to')
        running.interrupt()
        result = running.finish()
    assert result.fates == [('unknown', 'cancelled')]
    assert result.code == 130


def test_secrets_of_redirects_are_not_shown(world):
    redirect(world.plain, 307, f'http://guest:{SECRET}@127.0.0.1:{world.other.port}/to?token={SECRET}')
    result = run('-L', '-v', '--events', 'start,finish,delivered,settled', '-u', f'user:{SECRET}', '-d', 'x',
                 world.plain.url('/from'))
    assert SECRET not in result.out + result.err
