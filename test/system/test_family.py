"""-4 and -6: which address a request goes to, or that it goes to none, with curl's meaning. Names that would have to be
looked up are in the matrix (test_names.py)."""

from harness import run_json
from against_curl import run_curl

import pytest

from server import Server, has_ipv6, port_everywhere

pytestmark = pytest.mark.skipif(not has_ipv6(), reason='no IPv6 here')


class Both:
    """A server for each family, at one port."""

    def __init__(self, four, six):
        self.servers = {'IPv4': four, 'IPv6': six}
        self.port = four.port

    def script(self, *steps):
        for server in self.servers.values():
            server.script(*steps)

    def reached(self, send):
        """The families of the servers that `send` has requests made to, one for each request."""
        before = {family: server.count() for family, server in self.servers.items()}
        send()
        return [family for family, server in self.servers.items() for _ in server.requests[before[family]:]]


@pytest.fixture
def both():
    with port_everywhere() as port, Server(host='127.0.0.1', port=port) as four, Server(host='::1', port=port) as six:
        yield Both(four, six)


def assert_reaches_as_curl(both, arguments):
    """What reaches nothing ends for want of an address, in words that name the option. Returns what was reached."""
    arguments = [argument.format(port=both.port) for argument in arguments]
    wanted = both.reached(lambda: run_curl(*arguments))
    results = []
    assert both.reached(lambda: results.append(run_json(*arguments))) == wanted
    attempt, = results[0].settled['attempts']
    if wanted:
        assert (attempt['fate'], attempt['reason']) == ('delivered', 'ok')
        return wanted
    option = [argument for argument in arguments if argument in ('-4', '-6', '--ipv4', '--ipv6')][-1][-1]
    assert (attempt['fate'], attempt['reason']) == ('unreached', 'resolve')
    assert f'no IPv{option} address, and -{option} (ipv{option}) allows no other' in attempt['error']
    return wanted


@pytest.mark.parametrize('arguments, family', [
    (['-4', 'http://localhost:{port}/'], 'IPv4'),
    (['-6', 'http://localhost:{port}/'], 'IPv6'),
    (['-6', 'http://api.localhost:{port}/'], 'IPv6'),
    (['--ipv4', 'http://localhost:{port}/'], 'IPv4'),
    (['--ipv6', 'http://localhost:{port}/'], 'IPv6'),
    (['-4', '-6', 'http://localhost:{port}/'], 'IPv6'),
    (['-64', 'http://localhost:{port}/'], 'IPv4'),
    (['-4', 'http://127.0.0.1:{port}/'], 'IPv4'),
    (['-6', 'http://[::1]:{port}/'], 'IPv6'),
    (['-4', '--resolve', 'api.test:{port}:[::1],127.0.0.1', 'http://api.test:{port}/'], 'IPv4'),
    (['-6', '--resolve', 'api.test:{port}:127.0.0.1,[::1]', 'http://api.test:{port}/'], 'IPv6'),
    (['-6', '--resolve', '+api.test:{port}:127.0.0.1,[::1]', 'http://api.test:{port}/'], 'IPv6'),
    (['-6', '--resolve', '*:{port}:127.0.0.1,[::1]', 'http://api.test:{port}/'], 'IPv6'),
    (['-6', '--resolve', 'localhost:{port}:127.0.0.1', 'http://localhost:{port}/'], 'IPv6'),
    (['-4', '--resolve', '*:{port}:[::1]', 'http://localhost:{port}/'], 'IPv4'),
    (['-6', '--resolve', '127.0.0.1:{port}:[::1]', 'http://127.0.0.1:{port}/'], 'IPv6'),
    (['-4', '--connect-to', '::localhost:{port}', 'http://api.test/'], 'IPv4'),
    (['-6', '--connect-to', '::localhost:{port}', 'http://api.test/'], 'IPv6'),
    (['-6', '--connect-to', '::[::1]:{port}', 'http://127.0.0.1/'], 'IPv6'),
    (['-4', '-x', 'http://localhost:{port}', 'http://[::1]/'], 'IPv4'),
    (['-6', '-x', 'http://localhost:{port}', 'http://127.0.0.1/'], 'IPv6'),
    (['-6', '-x', 'http://proxy.test:{port}', '--resolve', 'proxy.test:{port}:127.0.0.1,[::1]', 'http://127.0.0.1/'],
     'IPv6'),
], ids=' '.join)
def test_address_of_the_family_is_taken_as_by_curl(both, arguments, family):
    assert assert_reaches_as_curl(both, arguments) == [family]


@pytest.mark.parametrize('arguments', [
    ['-6', 'http://127.0.0.1:{port}/'],
    ['-4', 'http://[::1]:{port}/'],
    ['-6', 'http://127.1:{port}/'],
    ['-6', '--resolve', '127.0.0.1:{port}:127.0.0.1', 'http://127.0.0.1:{port}/'],
    ['-6', '--connect-to', '::127.0.0.1:{port}', 'http://[::1]/'],
    ['-4', '--connect-to', '::[::1]:{port}', 'http://127.0.0.1/'],
    ['-6', '-x', 'http://127.0.0.1:{port}', 'http://[::1]/'],
    ['-4', '-x', 'http://[::1]:{port}', 'http://127.0.0.1/'],
    ['-4', 'http://[::ffff:127.0.0.1]:{port}/'],
], ids=' '.join)
def test_address_that_is_written_in_the_other_family_is_treated_as_by_curl(both, arguments):
    """Newer versions of curl connect to it, older ones do not."""
    assert_reaches_as_curl(both, arguments)


@pytest.mark.parametrize('option', ['-4', '-6'])
@pytest.mark.parametrize('host', ['localhost', '127.0.0.1', '[::1]'])
@pytest.mark.parametrize('begin', ['localhost', 'same'])
def test_host_that_a_redirect_leads_to_is_heeded_as_by_curl(both, option, host, begin):
    """To another origin, or to another path of the same."""
    both.script('/', f'status=302&redirect=http://{host}:{both.port}/end')
    begin = 'localhost' if begin == 'localhost' else {'-4': '127.0.0.1', '-6': '[::1]'}[option]
    arguments = [option, '-L', f'http://{begin}:{both.port}/']
    wanted = both.reached(lambda: run_curl(*arguments))
    results = []
    assert both.reached(lambda: results.append(run_json(*arguments))) == wanted
    if len(wanted) == 1:
        assert results[0].fates == [('rejected', 'redirect')]
        assert f'and {option} (ipv{option[-1]}) allows no other' in results[0].settled['attempts'][0]['error']


def test_unix_socket_has_no_family(tmp_path):
    path = tmp_path / 'socket'
    with Server(unix=path) as server:
        for option in ('-4', '-6'):
            assert run_json(option, '--unix-socket', str(path), 'http://api.test/').fates == [('delivered', 'ok')]
        assert server.count() == 2
