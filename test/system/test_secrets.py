"""Every place where a secret can be given, times every end that a request can take, times every way to show it.

Each place has a secret of its own, so that one that is found in the output says where it came from. It is looked for
as it stands, percent-encoded and in base64, wherever it may begin there. That it was really on its way is seen at the
server. (What a server says in a body is not hidden: it is not ours.)

LENGTH=full tries every place with every end and in both formats; else each place meets a third of the ends, and a
success, in one of the formats.
"""

from contextlib import ExitStack
import base64
import json
import os
import signal
import subprocess

import pytest

from harness import PATIENCE, PROGRAM, Running, environment, run, stream
import tried

from certs import make_ca
from server import Server, refused_port

FULL = os.environ.get('LENGTH') == 'full'
ALL = '--events=start,finish,delivered,settled'
SHOWN = [['-v', ALL], ['-v', ALL, '--format', 'json']]

PARAMETERS = ['token', 'TOKEN', 'access_token', 'id_token', 'key', 'api_key', 'api-key', 'apikey', 'APIKey', 'key2',
              'key[0]', 'auth[key]', 'sig', 'Signature', 'X-Amz-Signature', 'X-Amz-Credential', 'X-Amz-Security-Token',
              'password', 'passwd', 'pass', 'passcode', 'pwd', 'client_secret', 'client_assertion', 'auth', 'session',
              'jwt', 'hmac', '%74oken', 't%6fken', '%6b%65%79', 'api%5Fkey']
HEADERS = ['Authorization', 'authorization', 'Proxy-Authorization', 'Cookie', 'X-Api-Key', 'X-API-KEY', 'Api-Key',
           'X-Auth-Token', 'X-Hub-Signature-256', 'X-Vault-Token', 'Ocp-Apim-Subscription-Key', 'X-Amz-Security-Token',
           'X-Client-Secret']


def secret(place):
    """A word that is nowhere else, of characters that no encoding has to touch."""
    return 'Zq7' + ''.join(c for c in place.title() if c.isalnum()) + 'Xw9'


def in_base64(word):
    """What of it is the same in base64 wherever it begins, and whatever follows."""
    for before in range(3):
        whole = base64.b64encode(b'x' * before + word.encode()).decode().rstrip('=')
        yield whole[(0, 2, 3)[before]:-1]


def forms(word):
    encoded = ''.join(f'%{ord(c):02x}' for c in word)
    return {word, encoded, encoded.upper(), word.encode().hex(), *in_base64(word)}


def found(words, text):
    return [word for word in words if any(form in text for form in forms(word))]


def assert_hidden(result, words):
    tried.count('runs searched for secrets')
    assert not found(words, result.out), result
    assert not found(words, result.err), result


# ---- Places

class Place:
    """Where secrets stand: arguments before the URL, the parts of it, a configuration file instead; and the words."""

    def __init__(self, words, arguments=(), userinfo='', query='', env=None, proxy='', sent=True, endpoint=None):
        self.words, self.arguments, self.userinfo, self.query = words, list(arguments), userinfo, query
        self.env, self.proxy, self.sent, self.endpoint = env, proxy, sent, endpoint


def query_of(names, separator='&'):
    return separator + separator.join(f'{name}={secret("parameter" + str(i))}' for i, name in enumerate(names))


def headers_of(names):
    return [f'{name}: Bearer {secret("header" + str(i))}' for i, name in enumerate(names)]


PASSWORD, USER, TOKEN, FILE, ENV = (secret(word) for word in ('password', 'user', 'token', 'file', 'environment'))
NUMBERED = [secret(f'parameter{i}') for i in range(len(PARAMETERS))]

PLACES = {
    'user information': Place([USER, PASSWORD], userinfo=f'{USER}:{PASSWORD}@'),
    'a user alone': Place([USER], userinfo=f'{USER}@'),
    'user information, encoded': Place([PASSWORD], userinfo=f'u%40x:%2F{PASSWORD}%3A@'),
    'parameters': Place(NUMBERED, query=query_of(PARAMETERS)),
    'parameters behind semicolons': Place([secret('parameter0')], query='&z=1' + query_of(['token'], ';')),
    'a parameter of a URL in another': Place([TOKEN], query=f'&next=%2Fa%3Fx%3D1%26token%3D{TOKEN}'),
    'a fragment': Place([TOKEN], query=f'#access_token={TOKEN}&x=1', sent=False),
    '-u': Place([USER, PASSWORD], ['-u', f'{USER}:{PASSWORD}']),
    '-u with another alphabet': Place([PASSWORD], ['-u', f'us\u00e9r:{PASSWORD}']),
    '--oauth2-bearer': Place([TOKEN], ['--oauth2-bearer', TOKEN]),
    '-H': Place([secret(f'header{i}') for i in range(len(HEADERS))],
                [word for line in headers_of(HEADERS) for word in ('-H', line)]),
    '-H @file': Place([secret('header0')], ['-H', '@headers']),
    '-H with a URL': Place([PASSWORD, TOKEN], ['-H', f'X-Callback: http://u:{PASSWORD}@h/?token={TOKEN}']),
    'a password of a key': Place([PASSWORD], ['-E', f'certificate:{PASSWORD}', '--key', 'key'], sent=False),
    'an environment\'s header': Place([ENV], env={'SECRET': ENV}, endpoint={'headers': {'X-Plain': {'env': 'SECRET'}}}),
    'a file\'s header': Place([FILE], endpoint={'headers': {'X-Plain': {'file': 'secret'},
                                                            'Authorization': {'file': 'secret'}}}),
    'an environment\'s user': Place([ENV], env={'SECRET': f'u:{ENV}'}, endpoint={'user': {'env': 'SECRET'}}),
    'a file\'s token': Place([FILE], endpoint={'oauth2_bearer': {'file': 'secret'}}),
    'a template of the URL': Place([secret('body')], endpoint={'template': '&token={{/token}}'}),
    'a template of a header': Place([secret('body')], endpoint={'headers': {'X-Api-Key': '{{/token}}'}}),
    '-x': Place([USER, PASSWORD], ['-x', 'http://{user}:{password}@{proxy}'], proxy='-x'),
    '-x, a user alone': Place([USER], ['-x', '{user}@{proxy}'], proxy='-x'),
    'http_proxy': Place([USER, PASSWORD], env={'http_proxy': 'http://{user}:{password}@{proxy}',
                                               'https_proxy': '{user}:{password}@{proxy}'}, proxy='environment'),
    'an environment\'s proxy': Place([ENV], env={'SECRET': f'u:{ENV}@{{proxy}}'}, proxy='configuration',
                                     endpoint={'proxy': {'env': 'SECRET'}}),
}

# The end, and what is done for it: the scheme, the server, the target, more arguments.
ENDS = {
    'delivered': ('http', 'plain', '/?x=1', []),
    'rejected': ('http', 'plain', '/?status=500', []),
    'broken': ('http', 'plain', '/?reset=after', []),
    'garbled': ('http', 'plain', '/?garbage=1', []),
    'late': ('http', 'plain', '/?hang=request', ['--attempt-timeout', '0.1']),
    'redirected': ('http', 'plain', '/?redirect=/to?token=theirs%26x=2', ['-L']),
    'redirected without end': ('http', 'plain', '/again', ['-L']),
    'redirected to another scheme': ('http', 'plain', '/?redirect=ftp://h/', ['-L']),
    'refused': ('http', 'refused', '/?x=1', []),
    'unresolved': ('http', 'nobody', '/?x=1', []),
    'untrusted': ('https', 'tls', '/?x=1', []),
    'trusted': ('https', 'tls', '/?x=1', ['-k']),
    'without TLS': ('https', 'closing', '/?x=1', []),
}


@pytest.fixture(scope='module')
def servers(tmp_path_factory):
    certificate = make_ca(tmp_path_factory.mktemp('ca')).issue()
    with ExitStack() as stack:
        plain, tls = stack.enter_context(Server()), stack.enter_context(Server(tls=certificate))
        closing, refused = stack.enter_context(Server(mode='close')), stack.enter_context(refused_port())
        plain.script('/again', 'redirect=/again')
        plain.script('api.example:443', 'status=407&header=Proxy-Authenticate:Basic')
        yield {'plain': plain, 'certificate': certificate,
               'authority': {'plain': f'127.0.0.1:{plain.port}', 'tls': f'127.0.0.1:{tls.port}',
                             'closing': f'127.0.0.1:{closing.port}', 'refused': f'127.0.0.1:{refused}',
                             'nobody': 'x' * 64 + '.invalid'}}  # no name has a part that long: nobody is asked


@pytest.fixture
def here(tmp_path, monkeypatch, servers):
    """A working directory with every file that is named above."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / 'secret').write_text(f'{FILE}\n')
    (tmp_path / 'headers').write_text(headers_of(['Authorization'])[0])
    certificate = servers['certificate']
    (tmp_path / 'certificate').write_bytes(certificate.cert.read_bytes())
    subprocess.run(['openssl', 'pkey', '-aes128', '-passout', f'pass:{PASSWORD}', '-in', certificate.key, '-out',
                    'key'],
                   check=True, capture_output=True)


def prepared(place, end, servers):
    """The arguments and the environment."""
    scheme, server, target, more = ENDS[end]
    words = {'user': USER, 'password': PASSWORD, 'proxy': servers['authority'][server]}
    authority = 'api.example' if place.proxy else servers['authority'][server]
    url = f'{scheme}://{place.userinfo}{authority}{target}'
    url += place.query if '?' in target else place.query.replace('&', '?', 1)
    env = {name: value.format(**words) for name, value in (place.env or {}).items()}
    arguments = [word.format(**words) if '{' in word else word for word in place.arguments]
    body = ['--json', json.dumps({'token': secret('body')})] if secret('body') in place.words else ['-d', 'x']
    if place.endpoint is None:
        return [*more, *arguments, *body, url], env
    settings = {name: value for name, value in place.endpoint.items() if name != 'template'}
    template = place.endpoint.get('template', '')
    url += template if '?' in target else template.replace('&', '?', 1)
    with open('apis.json', 'w', encoding='utf-8') as file:
        json.dump({'endpoints': [{'name': 'api', 'url': url, **settings}]}, file)
    return [*more, *arguments, *body, '--config', 'apis.json'], env


def number_of(given, end):
    return list(PLACES).index(given) + list(ENDS).index(end)


CELLS = [(given, end) for given in PLACES for end in ENDS
         if FULL or end == 'delivered' or number_of(given, end) % 3 == 0]


@pytest.mark.usefixtures('here')
@pytest.mark.parametrize('given, end', CELLS)
def test_secret_is_hidden_that_is_in(servers, given, end):
    place = PLACES[given]
    arguments, env = prepared(place, end, servers)
    tried.count('cells: a place of a secret and an end of the request')
    for shown in SHOWN if FULL else [SHOWN[number_of(given, end) % 2]]:
        before = servers['plain'].count()
        result = run(*shown, *arguments, env=env)
        assert result.code in (0, 1, 4), result
        assert_hidden(result, place.words)
        if end == 'delivered' and place.sent:
            request = servers['plain'].requests[before]
            assert set(found(place.words, f'{request.target}{request.headers}')) == set(place.words)


@pytest.mark.usefixtures('here')
@pytest.mark.parametrize('given', [name for name, place in PLACES.items() if 'template' not in str(place.endpoint)
                                   and secret('body') not in place.words])
def test_secret_is_hidden_from_whoever_only_looks_that_is_in(servers, given):
    place = PLACES[given]
    arguments, env = prepared(place, 'delivered', servers)
    for shown in (['--dry-run'], ['--dry-run', '--format', 'json']):
        result = run(*shown, *arguments, env=env)
        assert result.code == 0
        assert_hidden(result, place.words)


# ---- Other ends

CREDENTIALS = ['-u', f'{USER}:{PASSWORD}', '-H', f'X-Api-Key: {TOKEN}']


def url_with_secrets(server, target):
    return server.url(f'{target}&token={TOKEN}').replace('://', f'://{USER}:{PASSWORD}@')


@pytest.mark.parametrize('shown', SHOWN, ids=['text', 'json'])
def test_secret_is_hidden_in_the_account_of_an_interrupt(servers, shown):
    plain = servers['plain']
    before = plain.count()
    with Running(*shown, *CREDENTIALS, '-d', 'x', url_with_secrets(plain, '/?hang=request')) as running:
        plain.wait_for(before + 1)
        running.interrupt(signal.SIGINT)
        result = running.finish()
    assert result.code == 130
    assert_hidden(result, [USER, PASSWORD, TOKEN])


@pytest.mark.parametrize('shown', SHOWN, ids=['text', 'json'])
def test_secret_is_hidden_in_the_account_that_goes_to_standard_error(servers, shown):
    arguments = [*shown, *CREDENTIALS, '-d', 'x', url_with_secrets(servers['plain'], '/?status=500')]
    done = subprocess.run(['sh', '-c', 'exec "$0" "$@" >/dev/full', PROGRAM, *arguments], capture_output=True,
                          text=True,
                          env=environment(), timeout=PATIENCE, check=False)
    assert done.returncode == 5 and 'follow here' in done.stderr
    assert not found([USER, PASSWORD, TOKEN], done.stderr)


@pytest.mark.parametrize('shown', SHOWN, ids=['text', 'json'])
def test_secret_that_a_server_sends_on_to_is_hidden(servers, shown):
    """What a header of the answer says is shown by -v as any other header is: without what is known to be secret."""
    plain = servers['plain']
    location = f'http://{USER}:{PASSWORD}@127.0.0.1:{plain.port}/to?token={TOKEN}'
    plain.script('/from', f'status=307&redirect={location}&header=Set-Cookie:a={FILE}&header=X-Auth-Token:{ENV}')
    result = run('-L', *shown, '-d', 'x', plain.url('/from'))
    assert result.code == 0
    assert_hidden(result, [USER, PASSWORD, TOKEN, FILE, ENV])


@pytest.mark.parametrize('proxy', ['http://{}:{}@[bad', '{}:{}@[bad', 'ftp://{}:{}@h:1', '{}:{}@h:port',
                                   'http://{}:{}@h\n:1',
                                   'http://{}:\n{}@h'], ids=repr)
def test_secret_of_a_proxy_that_cannot_be_used_is_hidden(proxy):
    proxy = proxy.format(USER, PASSWORD)
    for shown in SHOWN:
        result = run(*shown, '-d', 'x', 'http://api.example/', env={'http_proxy': proxy})
        assert result.code == 1
        assert_hidden(result, [USER, PASSWORD])
        assert 2 > len([line for line in result.err.splitlines() if not line.startswith('[')]), 'one thing, one line'


def test_secret_is_hidden_in_HTTP2(tmp_path):
    pytest.importorskip('h2')
    from http2_server import Http2Server
    with Http2Server(make_ca(tmp_path).issue()) as server:
        for shown in SHOWN:
            result = run(*shown, '--http2', '-k', *CREDENTIALS, '-H', f'Cookie: {FILE}', '-d', 'x',
                         f'https://{USER}:{PASSWORD}@127.0.0.1:{server.port}/?token={TOKEN}')
            assert result.code == 0, result
            assert 'HTTP/2 200' in result.err
            assert_hidden(result, [USER, PASSWORD, TOKEN, FILE])
    assert len(server.heads) == 2
    assert set(found([USER, PASSWORD, TOKEN, FILE], str(server.heads[0]))) == {USER, PASSWORD, TOKEN, FILE}


# ---- Streams

@pytest.mark.parametrize('shown', SHOWN, ids=['text', 'json'])
@pytest.mark.parametrize('target', ['/?x=1', '/?status=500', '/?reset=after'])
def test_secret_of_a_message_is_hidden(servers, tmp_path, shown, target):
    """Which brings along a header, and values for the templates."""
    config = tmp_path / 'apis.json'
    config.write_text(json.dumps({'endpoints': [
        {'url': servers['plain'].url(target + '&key={{/key}}'),
         'headers': {'X-Api-Key': '{{/key}}', 'Cookie': 'a={{/key}}'}},
        {'url': servers['plain'].url(target)}]}))
    lines = [json.dumps({'body': {'key': PASSWORD}, 'headers': {'Authorization': f'Bearer {TOKEN}'}})] * 3
    result = stream('--input-format', 'envelopes', '--config', config, *shown, lines=lines)
    assert result.code in (0, 1, 4)
    assert_hidden(result, [PASSWORD, TOKEN])


BAD_LINES = {
    'a header\'s line break': {'body': 1, 'headers': {'Authorization': f'{TOKEN}\r\nX: y'}},
    'a header\'s NUL': {'body': 1, 'headers': {'Authorization': f'{TOKEN}\0'}},
    'a whole header as a name': {'body': 1, 'headers': {f'Authorization: Bearer {TOKEN}': ''}},
    'a header without its colon': {'body': 1, 'headers': {f'Authorization Bearer {TOKEN}': ''}},
    'a name with the colon in it': {'body': 1, 'headers': {'Authorization: Bearer': TOKEN}},
    'headers as a list': {'body': 1, 'headers': [f'Authorization: {TOKEN}']},
    'a header as an object': {'body': 1, 'headers': {'Authorization': {'env': TOKEN}}},
    'a header that the proxy gets': {'body': 1, 'headers': {'Proxy-Authorization': TOKEN}},
    'a header twice': {'body': 1, 'headers': {'Cookie': TOKEN, 'cookie': TOKEN}},
    'a header as a key': {'body': 1, f'Authorization: {TOKEN}': ''},
    'another\'s key': {'body': 1, 'token': TOKEN},
    'an id': {'body': 1, 'id': f'token {TOKEN}'},
    'base64': {'body_base64': TOKEN + '!'},
    'no envelope': f'https://u:{TOKEN}@h/',
    'no JSON': None,
}


@pytest.mark.parametrize('shown', [[], ['--format', 'text']], ids=['json', 'text'])
def test_secret_of_a_line_that_is_refused_is_hidden(servers, shown):
    lines = [f'Authorization: {TOKEN}' if line is None else json.dumps(line) for line in BAD_LINES.values()]
    before = servers['plain'].count()
    result = stream('--input-format', 'envelopes', *shown, servers['plain'].url(), lines=lines)
    assert result.code == 1
    assert result.out.count('refused') == len(BAD_LINES)
    assert servers['plain'].count() == before
    assert_hidden(result, [TOKEN])


# ---- What is refused

HERE = 'http://127.0.0.1:1/'
REFUSED = {
    'a port that is none': [f'http://{USER}:{PASSWORD}@h:port/'],
    'a password that ends the host': [f'http://{USER}:{PASSWORD}'],
    'an @ that is encoded': [f'http://{USER}:{PASSWORD}%40h/'],
    'another scheme': [f'gopher://{USER}:{PASSWORD}@h/?token={TOKEN}'],
    'another scheme and a fragment': [f'ws://h/#{TOKEN}'],
    'no scheme': [f'{USER}:{PASSWORD}@h/?token={TOKEN}'],
    'no scheme and an @ that is encoded': [f'{USER}:{PASSWORD}%40h/'],
    'a space in a token': [f'http://h/?token=a {TOKEN}'],
    'a line break in a token': [f'http://h/?token=a\r\n{TOKEN}'],
    'a line break in a password': [f'http://{USER}:{PASSWORD}\n@h/'],
    'a URL besides a configuration': ['--config', 'good.json', f'http://{USER}:{PASSWORD}@h/?token={TOKEN}'],
    'a user without a password': ['-u', PASSWORD, HERE],
    'a token with a line break': ['--oauth2-bearer', f'{TOKEN}\r\n', HERE],
    'a token with a control character': ['--oauth2-bearer', f'{TOKEN}\x01', HERE],
    'a header with a line break': ['-H', f'Authorization: {TOKEN}\rX', HERE],
    'a header with a control character': ['-H', f'X-Api-Key: {TOKEN}\x1b', HERE],
    'a header without a colon': ['-H', f'Authorization Bearer {TOKEN}', HERE],
    'a header without a colon, and a colon behind': ['-H', f'Authorization Basic {USER}:{PASSWORD}', HERE],
    'a header with an equals sign': ['-H', f'X-Api-Key={TOKEN}', HERE],
    'a cookie with an equals sign': ['-H', f'Cookie={TOKEN}; path=/', HERE],
    'a header that is nothing but the token': ['-H', TOKEN, HERE],
    'a header of the framing': ['-H', f'Transfer-Encoding: {TOKEN}', HERE],
    'a file of headers': ['-H', '@bad-headers', HERE],
    'a certificate': ['-E', f'missing:{PASSWORD}', HERE],
    'a proxy of another scheme': ['-x', f'ftp://{USER}:{PASSWORD}@h', HERE],
    'a proxy without a host': ['-x', f'http://{USER}:{PASSWORD}@', HERE],
    'a proxy with a line break': ['-x', f'http://{USER}:{PASSWORD}@h\r\nX: y', HERE],
    'an option that is unknown': [f'--tokne={TOKEN}', HERE],
    'an option of another name': ['--proxy-user', f'{USER}:{PASSWORD}', HERE],
    'a value for an option that takes none': [f'--insecure={TOKEN}', HERE],
}


@pytest.mark.usefixtures('here')
@pytest.mark.parametrize('given', REFUSED)
def test_secret_is_hidden_where_it_is_refused_with(tmp_path, given):
    (tmp_path / 'good.json').write_text('{"endpoints": [{"url": "http://h/"}]}')
    (tmp_path / 'bad-headers').write_text(f'Authorization: {TOKEN}\rX: y\n')
    result = run('-d', 'x', *REFUSED[given])
    assert result.code == 2, result
    assert_hidden(result, [USER, PASSWORD, TOKEN])


def endpoint(**settings):
    return {'endpoints': [{'url': HERE, **settings}]}


BAD_FILES = {
    'a URL instead of an endpoint': {'endpoints': [f'https://{USER}:{PASSWORD}@h/']},
    'a URL instead of endpoints': {'endpoints': f'https://h/?token={TOKEN}'},
    'a URL as a key': {f'https://{USER}:{PASSWORD}@h/': {}},
    'a URL of another scheme': endpoint(url=f'ftp://{USER}:{PASSWORD}@h/?token={TOKEN}'),
    'a URL with a port that is none': endpoint(url=f'http://{USER}:{PASSWORD}@h:x/'),
    'a template in the host': endpoint(url=f'http://{USER}:{PASSWORD}@{{{{/host}}}}/'),
    'a header as a key': endpoint(headers={f'Authorization: {TOKEN}': None}),
    'a header of the endpoint': endpoint(**{f'Authorization: Bearer {TOKEN}': 1}),
    'a list of headers': endpoint(headers=[f'Authorization: {TOKEN}']),
    'a header with a line break': endpoint(headers={'Authorization': f'{TOKEN}\n'}),
    'a header with a NUL': endpoint(headers={'Authorization': f'{TOKEN}\0'}),
    'a header with a control character': endpoint(headers={'Authorization': f'{TOKEN}\x0b'}),
    'a header that is a list': endpoint(headers={'Authorization': [TOKEN]}),
    'a header of another source': endpoint(headers={'Authorization': {'value': TOKEN}}),
    'a name that is the value': endpoint(headers={'Authorization': {'env': f'Bearer {TOKEN}'}}),
    'a file with two lines': endpoint(headers={'Authorization': {'file': 'two-lines'}}),
    'a variable with two lines': endpoint(headers={'Authorization': {'env': 'TWO_LINES'}}),
    'a header template that is not closed': endpoint(headers={'Authorization': f'{TOKEN} {{{{/x'}),
    'a user without a password': endpoint(user=TOKEN),
    'a user that is a number': endpoint(user={'password': TOKEN}),
    'a token with a line break': endpoint(oauth2_bearer=f'{TOKEN}\n'),
    'a proxy of another scheme': endpoint(proxy=f'ftp://{USER}:{PASSWORD}@h/'),
    'a proxy that cannot be read': endpoint(proxy=f'{USER}:{PASSWORD}@[h'),
    'a password for a certificate that is missing': endpoint(cert='missing', key_password=PASSWORD),
    'a list where a URL belongs': endpoint(resolve=f'http://{USER}:{PASSWORD}@h'),
}


@pytest.mark.usefixtures('here')
@pytest.mark.parametrize('given', [*BAD_FILES, 'a comma that is missing', 'a quote that is missing'])
def test_secret_is_hidden_where_a_configuration_is_refused_with(tmp_path, given):
    (tmp_path / 'two-lines').write_text(f'{TOKEN}\n{PASSWORD}\n')
    text = {'a comma that is missing': f'{{"endpoints": [{{"url": "http://h/" "token": "{TOKEN}"}}]}}',
            'a quote that is missing': f'{{"endpoints": [{{"url": "http://h/?token={TOKEN}}}]}}'}.get(given)
    (tmp_path / 'bad.json').write_text(text or json.dumps(BAD_FILES[given]))
    result = run('-d', 'x', '--config', 'bad.json', env={'TWO_LINES': f'{TOKEN}\n{PASSWORD}'})
    assert result.code == 2, result
    assert result.err.startswith('poolsend: bad.json: line 1')
    assert_hidden(result, [USER, PASSWORD, TOKEN])
