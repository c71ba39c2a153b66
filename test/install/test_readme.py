"""The README's commands do what is said of them, as they stand: every block of commands is given to a shell byte for
byte, with no word put in the place of another. The hosts, files and secrets that they name are made to exist around
them, as world.py says. Commands that build run in a copy of the checkout, where they find what a fresh clone has, and
install below DESTDIR instead of the machine's root. What a command printed is compared with what stands below it, but
for the times.
"""

from concurrent.futures import ThreadPoolExecutor
import json
import re
import shutil

import pytest

from conftest import ROOT, files_below
from world import Server, World

README = (ROOT / 'README.md').read_text()
MOST_LINES, MOST_COLUMNS = 200, 118

# These answer late enough that even a busy machine tries the next one meanwhile.
LATE, LATER = 'delay=6', 'delay=7'

FILES = {
    'alert.json': '{"alert": "disk full"}\n',
    'order.json': '{"n": 7}\n',
    'app.log': 'INFO up\nERROR disk full\nINFO again\nERROR disk on fire\n',
}


def fenced(language):
    return re.findall(rf'^```{language}\n(.*?)^```$', README, re.MULTILINE | re.DOTALL)


def the_one(blocks, part):
    """The block of these that has this in it."""
    found, = [block for block in blocks if part in block]
    return found


COMMANDS = fenced('sh')
(PICTURE,) = fenced('console')
APIS, ENVELOPE = fenced('json')


# ---- Those that send, all at the same time: what they take is time for the servers

SENDING = {
    # By a word of the command: how the hosts answer.
    'X-Source': {'a.test': {'/': 'status=200'}, 'b.test': {}, 'c.test': {}},
    '--dry-run': {'a.test': {}, 'b.test': {}},
    '--hedge-delay none': {'a.test': {'/': 'status=503'}, 'b.test': {'/': 'delay=2'}},
    '--fail-on-duplicate': {'a.test': {'/orders': LATE}, 'b.test': {}},
    'poolsend stream --workers': {'a.test': {}, 'b.test': {}},
    '--config apis.json': {'a.test': {'/orders': 'status=500'}, 'b.test': {}},
}
PICTURED = {'a.test': {'/': LATE}, 'b.test': {'/': LATER}, 'c.test': {}}


@pytest.fixture(scope='module')
def played(installed, tmp_path_factory):
    """For each of these commands, and for the picture: what came of it, and the world as it was left."""
    files = {**FILES, 'apis.json': APIS, 'orders.ndjson': ENVELOPE}
    cases = {word: (the_one(COMMANDS, word), hosts) for word, hosts in SENDING.items()}
    cases['$'] = (re.match(r'\$ (.*\n)', PICTURE)[1], PICTURED)

    def play(case):
        command, hosts = case
        world = World(tmp_path_factory.mktemp('reader'), hosts, files, {'API_TOKEN': 'Bearer abc'}, installed.prefix)
        with world:
            return world.run(command), world

    with ThreadPoolExecutor(len(cases)) as threads:
        return dict(zip(cases, threads.map(play, cases.values())))


def without_times(text):
    return re.sub(r'\b\d+(\.\d+)? (us|ms|s|m)\b', 'TIME', text)


def test_the_picture_is_what_is_printed(played):
    done, _ = played['$']
    said = PICTURE.partition('\n')[2]
    assert (without_times(done.stdout), done.stderr, done.returncode) == (without_times(said), '', 0)


def test_one_message_goes_to_the_first_with_what_curl_would_send(played):
    done, world = played['X-Source']
    assert done.returncode == 0 and 'delivered by a.test' in done.stdout, done
    request, = world.requests('a.test')
    assert request.method == 'POST' and request.body.decode() == FILES['alert.json']
    assert request.header('X-Source') == 'cron' and request.header('Content-Type') == 'application/json'


def test_a_dry_run_shows_the_requests_and_sends_nothing(played):
    done, world = played['--dry-run']
    assert done.returncode == 0 and 'POST https://a.test/' in done.stdout and 'POST https://b.test/' in done.stdout
    assert 'secret' not in done.stdout + done.stderr
    assert not world.requests('a.test') and not world.requests('b.test')


def test_without_hedging_the_next_is_tried_when_one_has_failed(played):
    done, world = played['--hedge-delay none']
    assert done.returncode == 0 and 'delivered by b.test' in done.stdout, done
    assert len(world.requests('a.test')) == len(world.requests('b.test')) == 1


def test_a_duplicate_can_be_told_by_the_status(played):
    done, world = played['--fail-on-duplicate']
    assert done.returncode == 3, done
    account, = map(json.loads, (world.directory / 'account.json').read_text().splitlines())
    assert (account['event'], account['winner'], account['also_delivered']) == ('settled', 2, [1])


def test_a_stream_is_a_message_a_line(played):
    done, world = played['poolsend stream --workers']
    assert done.returncode == 0, done
    accounts = (world.directory / 'accounts.txt').read_text().splitlines()
    assert len(accounts) == 2 and all('delivered by a.test' in line for line in accounts)
    assert {request.body for request in world.requests('a.test')} == {b'ERROR disk full', b'ERROR disk on fire'}


def test_an_envelope_gives_every_API_its_own_request(played):
    done, world = played['--config apis.json']
    assert done.returncode == 0, done
    accounts = [json.loads(line) for line in (world.directory / 'accounts.ndjson').read_text().splitlines()]
    assert [(each['event'], each['message']) for each in accounts] == [
        ('delivered', 'order-7'), ('settled', 'order-7')]
    order, = world.requests('a.test', '/orders')
    sms, = world.requests('b.test')
    assert json.loads(order.body) == {'n': 7, 'phone': '+4912345'}
    assert json.loads(sms.body) == {'text': 'Order 7 is late'} and sms.path.startswith('/send/')
    assert [each.header('Authorization') for each in (order, sms)] == ['Bearer abc'] * 2
    assert [each.header('X-Trace') for each in (order, sms)] == ['ab'] * 2


# ---- Those that build

INSTALLING = [the_one(COMMANDS, 'meson setup'), the_one(COMMANDS, 'cc test/examples'), the_one(COMMANDS, 'uninstall')]
DEMO = the_one(COMMANDS, 'demo.sh')


@pytest.fixture(scope='module')
def checkout(tmp_path_factory):
    """The world of somebody with a fresh clone, and the clone."""
    top = tmp_path_factory.mktemp('newcomer')
    clone = top / 'clone'
    clone.mkdir()
    for name in ('src', 'include', 'test'):
        shutil.copytree(ROOT / name, clone / name, ignore=shutil.ignore_patterns('__pycache__', '.pytest_cache'))
    for name in ('meson.build', 'meson_options.txt', 'README.md', 'LICENSE'):
        shutil.copy(ROOT / name, clone)
    root = top / 'root'
    # What is built is tried elsewhere: CFLAGS, which a reader may have set too, has the compiler be quick.
    world = World(top, {'a.test': {}}, environment={
        'CFLAGS': '-O0', 'DESTDIR': str(root), 'PKG_CONFIG_SYSROOT_DIR': str(root),
        'PKG_CONFIG_PATH': str(root / 'usr' / 'local' / 'lib' / 'pkgconfig')})
    with world:
        yield world, clone, root
    shutil.rmtree(top)


def test_the_demo_shows_what_the_picture_shows(checkout):
    world, clone, _ = checkout
    done = world.run(DEMO, clone)
    assert done.returncode == 0, done
    assert done.stdout.count('ALSO delivered after') == PICTURE.count('ALSO delivered after') == 2
    assert (clone / 'build' / 'src' / 'poolsend').exists()


def test_what_is_installed_serves_and_goes_again(checkout):
    world, clone, root = checkout
    install, compile_seed, uninstall = INSTALLING
    done = world.run(install, clone)
    assert done.returncode == 0, done
    local = root / 'usr' / 'local'
    assert {'bin/poolsend', 'include/poolsend.h', 'lib/pkgconfig/poolsend.pc'} <= files_below(local)
    assert world.run(f'{local}/bin/poolsend --version', clone).returncode == 0

    done = world.run(compile_seed, clone)
    assert done.returncode == 0, done
    with Server() as server:
        assert 'sent to' in world.run(f'./seed {server.url()}', clone).stdout

    done = world.run(uninstall, clone)
    assert done.returncode == 0, done
    assert files_below(root) == set()


# ---- The text

def test_every_command_is_one_of_those():
    run = {DEMO, *INSTALLING, *(the_one(COMMANDS, word) for word in SENDING)}
    assert set(COMMANDS) == run and len(COMMANDS) == len(run)
    assert set(re.findall(r'^```(\w+)$', README, re.MULTILINE)) == {'sh', 'console', 'json'}
    text = re.sub(r'^```.*?^```$', '', README, flags=re.MULTILINE | re.DOTALL)
    assert not re.findall(r'^ {4}\S.*', text, re.MULTILINE), 'what is not fenced would not be run'


def test_it_is_short():
    lines = README.splitlines()
    assert len(lines) <= MOST_LINES
    assert not [line for line in lines if len(line) > MOST_COLUMNS]


@pytest.mark.parametrize('name', ['README.md', 'src/README.md', 'test/README.md', 'test/bench/README.md'])
def test_what_it_points_to_is_there(name):
    path = ROOT / name
    links = re.findall(r'\]\(([^)]+)\)', path.read_text())
    scripts = re.findall(r'(?<![\w.])(?:test/[\w/.-]*\w|\.ci/run)', re.sub(r'\]\([^)]+\)', '', path.read_text()))
    assert links or scripts
    assert not [link for link in links if not (path.parent / link).exists()]
    assert not [script for script in scripts if not (ROOT / script).exists()]


def test_what_the_tests_install_has_its_reason_beside_them():
    needs = (ROOT / 'test' / 'support' / 'setup.sh').read_text().partition('need_to_test() {')[2].partition('\n}')[0]
    packages = re.findall(r'^ +need (\S+)', needs, re.MULTILINE)
    table = (ROOT / 'test' / 'README.md').read_text().partition('## What the tests need')[2]
    told = {word for row in re.findall(r'^\| ([^|]+) \|', table, re.MULTILINE) for word in row.split(', ')}
    assert packages and [each for each in packages if each not in told
                         and re.sub(r'^(lib|python3-)|-dev$', '', each) not in told] == []
