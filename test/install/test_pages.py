"""The manual pages of the program and of its files: their markup, and the commands that poolsend(1) gives as examples,
which are run as they stand (world.py says what is around them)."""

from concurrent.futures import ThreadPoolExecutor
import json
import re
import shutil
import subprocess

import pytest

from conftest import ROOT, run
from world import World

SOURCES = ROOT / 'src' / 'doc'
PROGRAM = (SOURCES / 'poolsend.1.in').read_text()


def lint(path):
    """What mandoc has against it. Which other pages a machine has is not the page's fault."""
    done = subprocess.run(['mandoc', '-T', 'lint', path], capture_output=True, text=True, check=False)
    return [line for line in done.stdout.splitlines() if 'referenced manual not found' not in line]


@pytest.mark.skipif(not shutil.which('mandoc'), reason='there is no mandoc')
class TestMarkup:
    @pytest.mark.parametrize('name', ['poolsend.1.in', 'poolsend-config.5.in'])
    def test_nothing_is_wrong_with_what_is_written_by_hand(self, tmp_path, name):
        page = tmp_path / name
        page.write_text(re.sub(r'^@.*\n', '', (SOURCES / name).read_text(), flags=re.MULTILINE))
        assert lint(page) == []

    @pytest.mark.parametrize('name', ['poolsend.1', 'poolsend-config.5', 'poolsend-events.5'])
    def test_nothing_is_wrong_with_what_is_installed(self, installed, name):
        assert lint(page_of(installed, name)) == []


def page_of(installed, name):
    return installed.prefix / 'share' / 'man' / f'man{name[-1]}' / name


@pytest.mark.skipif(not shutil.which('mandoc'), reason='there is no mandoc')
@pytest.mark.parametrize('name, said', [
    ('poolsend.1', ['-m, --max-time TIME', '--no-breaker', "Send this header; 'X:' removes one."]),
    ('poolsend-config.5', ['hedge_delay', 'max_in_flight', 'a whole number from 1 to 100000']),
])
def test_page_shows_the_options_of_the_table(installed, name, said):
    done = subprocess.run(['mandoc', '-T', 'ascii', page_of(installed, name)], capture_output=True, text=True,
                          check=True)
    text = re.sub(r'\s+', ' ', re.sub(r'.\x08', '', done.stdout))
    assert [words for words in said if words not in text] == []
    assert not re.findall(r'@[A-Z]+ [a-z]+@', text)


# ---- The options that are named

OF_OTHERS = {'--buildtype', '--libdir', '--prefix', '--cflags', '--libs'}


def named(name):
    text = (ROOT / name).read_text()
    return {f'--{word}' for word in re.findall(r'(?:\.| )Fl Fl ([a-z0-9-]+)', text)} | {
        *re.findall(r'(?<![\w-])--[a-z][a-z0-9-]*', text)}


@pytest.mark.parametrize('name', ['README.md', 'src/doc/poolsend.1.in', 'src/doc/poolsend-config.5.in',
                                  'src/json/events.schema.json'])
def test_every_option_that_is_named_is_one(installed, name):
    known = {*re.findall(r'--[a-z][a-z0-9-]*', run(installed.program, '--help', 'all').stdout)}
    assert known and named(name)
    switched_off = {word.replace('--', '--no-', 1) for word in known}
    assert named(name) - known - switched_off - OF_OTHERS == set()


# ---- The examples of poolsend(1)

SECTION = PROGRAM[PROGRAM.index('.Sh EXAMPLES'):PROGRAM.index('.Sh SEE ALSO')]
EXAMPLES = [each.replace('\\e', '\\')
            for each in re.findall(r'^\.Bd -literal[^\n]*\n(.*?)^\.Ed$', SECTION, re.MULTILINE | re.DOTALL)]
FILES = {
    'alert.json': '{"alert": "disk full"}\n',
    'order.json': '{"n": 7}\n',
    'app.log': 'INFO up\nERROR disk full\nERROR disk on fire\n',
    'apis.json': '{"endpoints": [{"url": "https://a.test/"}, {"url": "https://b.test/{{/n}}"}]}\n',
    'orders.ndjson': '{"id": "order-7", "body": {"n": 7}}\n',
}
ANSWER = '{"accepted": true}'


@pytest.fixture(scope='module')
def played(installed, tmp_path_factory):
    """By command: what came of it, and the world as it was left."""
    def play(command):
        hosts = {name: {'/': f'body={ANSWER}'} for name in ('a.test', 'b.test')}
        with World(tmp_path_factory.mktemp('example'), hosts, FILES, prefix=installed.prefix) as world:
            return world.run(command), world

    with ThreadPoolExecutor(len(EXAMPLES)) as threads:
        return dict(zip(EXAMPLES, threads.map(play, EXAMPLES)))


def test_there_are_examples():
    assert len(EXAMPLES) > 5 and '.Dl' not in SECTION


@pytest.mark.parametrize('command', EXAMPLES, ids=range(len(EXAMPLES)))
def test_example_of_the_program_does_its_work(played, command):
    done, world = played[command]
    assert (done.returncode, re.sub(r'\d+ messages?: .*\n', '', done.stderr)) == (0, '')
    requests = world.requests('a.test')
    if '--dry-run' in command:
        assert requests == [] and 'POST https://b.test/' in done.stdout
    elif 'stream' in command:
        assert len(requests) == (2 if 'app.log' in command else 1)
    else:
        assert len(requests) == 1 and 'delivered by a.test' in done.stdout


def test_examples_leave_what_they_say(played):
    kept, = [world for command, (_, world) in played.items() if '-o answer.json' in command]
    assert (kept.directory / 'answer.json').read_text() == ANSWER
    streamed, = [world for command, (_, world) in played.items() if '>accounts.ndjson' in command]
    events = [json.loads(line) for line in (streamed.directory / 'accounts.ndjson').read_text().splitlines()]
    assert [event['event'] for event in events].count('settled') == 2
