"""No secret of the user's is in any output, whatever becomes of the request."""

from harness import run

import base64

import pytest

from certs import make_ca
from server import Server, refused_port

SECRET = 'Tr0ub4dor'
SHOWN = [[], ['--format', 'json'], ['--events', 'start,finish,delivered,settled', '--format', 'json'], ['-v'],
         ['-v', '--format', 'json'], ['--dry-run'], ['--dry-run', '--format', 'json']]
EVERY_OUTPUT = pytest.mark.parametrize('shown', SHOWN, ids=lambda shown: ' '.join(shown) or 'text')

GIVEN = {
    'a password in the URL': [],
    'a user in the URL who is the secret': [],
    'Authorization': ['-H', f'Authorization: Bearer {SECRET}'],
    'authorization without a space': ['-H', f'authorization:{SECRET}'],
    'Cookie': ['-H', f'Cookie: session={SECRET}; other={SECRET}'],
    'X-Api-Key': ['-H', f'X-Api-Key: {SECRET}'],
    'Proxy-Authorization': ['-H', f'Proxy-Authorization: Basic {SECRET}'],
    'X-Auth-Token': ['-H', f'X-Auth-Token: {SECRET}'],
    '-u': ['-u', f'user:{SECRET}'],
    '-u whose user is the secret': ['-u', f'{SECRET}:'],
    '--oauth2-bearer': ['--oauth2-bearer', SECRET],
}
PARAMETERS = ['token', 'access_token', 'key', 'api_key', 'apikey', 'sig', 'signature', 'X-Amz-Signature', 'password',
              'passwd', 'pass', 'pwd', 'client_secret', 'TOKEN', 'auth']
USERINFO = {
    'a password in the URL': f'user:{SECRET}@',
    'a user in the URL who is the secret': f'{SECRET}@',
}


def encoded(userinfo):
    return base64.b64encode(userinfo.encode()).decode().rstrip('=')


HIDDEN = [SECRET, encoded(f'user:{SECRET}'), encoded(f'{SECRET}:')]


def assert_hidden(result):
    for secret in HIDDEN:
        assert secret not in result.out
        assert secret not in result.err


@pytest.fixture(scope='module')
def ends(tmp_path_factory):
    """Where a request may go: the authority, the scheme and a target for each end that it may take."""
    directory = tmp_path_factory.mktemp('ca')
    certificate = make_ca(directory).issue()
    with Server() as plain, Server(tls=certificate) as untrusted, Server(mode='close') as closing, \
            refused_port() as refused:
        yield {
            'delivered': ('http', plain.port, '/?x=1'),
            'rejected': ('http', plain.port, '/?status=500'),
            'broken': ('http', plain.port, '/?reset=after'),
            'garbled': ('http', plain.port, '/?garbage=1'),
            'redirected': ('http', plain.port, '/?status=307&redirect=/to'),
            'refused': ('http', refused, '/?x=1'),
            'untrusted': ('https', untrusted.port, '/?x=1'),
            'no TLS': ('https', closing.port, '/?x=1'),
        }


ENDS = ['delivered', 'rejected', 'broken', 'garbled', 'redirected', 'refused', 'untrusted', 'no TLS']


@EVERY_OUTPUT
@pytest.mark.parametrize('end', ENDS)
def test_secrets_are_hidden_when_the_request_is(ends, end, shown):
    """All of them at once; the tests below say which of them is not."""
    scheme, port, target = ends[end]
    parameters = ''.join(f'&{name}={SECRET}' for name in PARAMETERS)
    arguments = [argument for given in GIVEN.values() for argument in given]
    result = run('-L', *shown, *arguments, '-d', 'x', f'{scheme}://user:{SECRET}@127.0.0.1:{port}{target}{parameters}')
    assert result.code in (0, 1, 4)
    assert_hidden(result)


@EVERY_OUTPUT
@pytest.mark.parametrize('given', GIVEN)
def test_secret_is_hidden_that_is(ends, given, shown):
    _, port, target = ends['delivered']
    result = run(*shown, *GIVEN[given], '-d', 'x', f'http://{USERINFO.get(given, "")}127.0.0.1:{port}{target}')
    assert result.code == 0
    assert_hidden(result)


@pytest.mark.parametrize('shown', [['-v', '--format', 'json'], ['--dry-run']], ids=' '.join)
@pytest.mark.parametrize('name', PARAMETERS)
def test_secret_is_hidden_in_the_parameter(ends, name, shown):
    _, port, target = ends['delivered']
    result = run(*shown, '-d', 'x', f'http://127.0.0.1:{port}{target}&{name}={SECRET}&last=1')
    assert result.code == 0
    assert_hidden(result)
    assert f'{name}=***&last=1' in result.out


def test_ordinary_parameters_and_headers_are_shown(ends):
    _, port, _ = ends['delivered']
    result = run('-v', '-H', 'X-One: public', '-d', 'x', f'http://127.0.0.1:{port}/?page=2&keyboard=qwerty')
    for word in ['X-One: public', 'page=2', 'keyboard=qwerty', 'Idempotency-Key: ']:
        assert word in result.err


@pytest.mark.parametrize('shown', [['-v'], ['-v', '--format', 'json'], []], ids=lambda shown: ' '.join(shown) or 'text')
@pytest.mark.parametrize('userinfo', [f'user:{SECRET}', SECRET], ids=['a password', 'a user'])
def test_secret_is_hidden_that_is_for_a_proxy(ends, userinfo, shown):
    for end in ('delivered', 'refused'):
        _, port, _ = ends[end]
        result = run(*shown, '-x', f'http://{userinfo}@127.0.0.1:{port}', '-d', 'x', 'http://api.example/')
        assert_hidden(result)
        tunnelled = run(*shown, '-x', f'http://{userinfo}@127.0.0.1:{port}', '-d', 'x', 'https://api.example/')
        assert_hidden(tunnelled)


@pytest.mark.parametrize('location', [f'/to?token={SECRET}', 'http://user:{secret}@127.0.0.1:{port}/to'],
                         ids=['a parameter', 'user information'])
def test_secret_of_a_redirect_is_hidden_in_what_is_sent_on(location):
    with Server() as server:
        location = location.format(secret=SECRET, port=server.port)
        server.script('/from', f'status=307&redirect={location}')
        result = run('-v', '-L', '-d', 'x', server.url('/from'))
        assert server.count() == 2
    ours = [line for line in result.err.splitlines() if '] < ' not in line]
    assert SECRET not in '\n'.join(ours)
    assert encoded(f'user:{SECRET}') not in result.err


# ---- What is refused

@pytest.mark.parametrize('url', {
    'another scheme': f'ftp://user:{SECRET}@h/',
    'another scheme and a parameter': f'ftp://h/?token={SECRET}',
    'no scheme': f'user:{SECRET}@h/',
    'no scheme, and only a user': f'{SECRET}@h/',
    'no scheme and a parameter': f'h/?token={SECRET}',
    'a lost slash': f'http:/user:{SECRET}@h/',
    'no host': f'http://user:{SECRET}@/',
    'a bad port': f'http://user:{SECRET}@h:port/',
    'a space': f'http://user:{SECRET}@h/ ?token={SECRET}',
    'a # in the password': f'http://user:a#{SECRET}@h/',
    'a / in the password': f'http://user:a/{SECRET}@h/',
    'a ? in the password': f'http://user:a?{SECRET}@h/',
}.items(), ids=lambda url: url[0])
def test_secret_of_a_URL_that_is_refused_is_hidden(url):
    result = run('-d', 'x', url[1])
    assert result.code == 2
    assert_hidden(result)


@pytest.mark.parametrize('arguments', [
    ['-u', SECRET],
    ['--oauth2-bearer', f'{SECRET}\n'],
    ['-H', f'Authorization: {SECRET}\r\nX: y'],
    ['-H', f'Authorization Bearer {SECRET}'],
    ['-H', f'Authorization ; {SECRET}'],
    ['-E', f'/nowhere/certificate:{SECRET}'],
    ['-x', f'http://user:{SECRET}@[bad'],
], ids=['-u', '--oauth2-bearer', 'a line break', 'no colon', 'a semicolon', 'a certificate', 'a proxy'])
def test_secret_of_an_option_that_is_refused_is_hidden(arguments):
    result = run(*arguments, '-d', 'x', 'http://127.0.0.1:1/')
    assert_hidden(result)
