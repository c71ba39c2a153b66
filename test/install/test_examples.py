"""The examples, as a user has them: compiled against an installed library by what pkg-config says, shared and static,
and run against servers that answer late, not at all, or twice over.

All runs go on at the same time, each against a server of its own, since they spend it waiting; the tests then look at
what each of them printed, and at what its server saw.
"""

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
import json
import os
import pathlib
import re
import subprocess
import sys
import threading
import time

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / 'test' / 'support'))

from server import Server

EXAMPLES = ROOT / 'test' / 'examples'
PATIENCE = 60

# In the article these answer after three and four seconds. A busy machine may be late by more than the second in which
# that would still be the same story.
SEED = ['/slow?delay=6', '/slower?delay=7', '/now']


class Play:
    """One run of a program against a server: the lines that it printed and when, and what is left behind."""

    def __init__(self, program, server, directory):
        self.program, self.server, self.directory = program, server, directory
        self.process, self.reader, self.lines, self.times = None, None, [], []
        self.heard = threading.Condition()  # guards the lines
        self.err, self.code = '', None

    def start(self, *arguments):
        self.process = subprocess.Popen([self.program, *map(str, arguments)], stdin=subprocess.PIPE, text=True,
                                        stdout=subprocess.PIPE, stderr=subprocess.PIPE, cwd=self.directory)
        self.reader = threading.Thread(target=self._read, daemon=True)
        self.reader.start()

    def _read(self):
        for line in self.process.stdout:
            with self.heard:
                self.lines.append(line.rstrip('\n'))
                self.times.append(time.monotonic())
                self.heard.notify_all()

    def wait_for(self, wanted):
        """Until it has printed this line."""
        with self.heard:
            assert self.heard.wait_for(lambda: wanted in self.lines, PATIENCE), self.lines

    def say(self, text):
        self.process.stdin.write(text)
        self.process.stdin.flush()

    def finish(self):
        try:
            self.process.stdin.close()
            self.code = self.process.wait(PATIENCE)
        finally:
            self.process.kill()
            self.process.wait()
            self.reader.join()
            self.err = self.process.stderr.read()
            self.process.stdout.close()
            self.process.stderr.close()
        return self

    def run(self, *arguments):
        self.start(*arguments)
        return self.finish()

    def requests(self, path):
        return [request for request in self.server.requests if request.path == path]


# ---- The runs, by the name of the program; each of them ends by itself

def seed(play):
    return play.run(*map(play.server.url, SEED))


def seed_undelivered(play):
    return play.run(*map(play.server.url, ['/a?status=500', '/b?close=after']))


def seed_without_a_url(play):
    return play.run()


def epoll(play):
    """The third line, which has no end, comes when the others have settled; they take long enough for a tick."""
    play.start(play.server.url('/a?delay=0.8'))
    play.say('one\ntwo\n')
    play.wait_for('line 1: settled after 1 attempts')
    play.wait_for('line 2: settled after 1 attempts')
    play.say('three')
    return play.finish()


def epoll_of_many(play):
    """More than the sender takes up at once, and all of them at once."""
    play.start(play.server.url('/a'))
    play.say(''.join(f'{number}\n' for number in range(300)))
    return play.finish()


def jobs(play):
    """Both threads of the pool read from a FIFO, so that the third job has to wait; the first is the last to end."""
    for name in ('first', 'second'):
        os.mkfifo(play.directory / name)
    play.start('first', 'second')
    with open(play.directory / 'first', 'w', encoding='utf-8') as first:
        with open(play.directory / 'second', 'w', encoding='utf-8') as second:
            play.wait_for('localhost: waits for room')
            second.write('line\n' * 7)
        play.wait_for('first: not within a second')
        first.write('line\n' * 3)
    return play.finish()


def undo_arguments(play, cancel):
    """/a answers after the hedge, /b takes the order and says nothing, /c has it at once."""
    orders = ['/a?delay=5', '/b?close=after', '/c']
    return [play.server.url(target) for order in orders for target in (order, order[:2] + cancel)]


def undo(play):
    return play.run(*undo_arguments(play, '-cancel'))


def undo_refused(play):
    return play.run(*undo_arguments(play, '-cancel?status=400'))


def undo_undelivered(play):
    return play.run(*map(play.server.url, ['/a?close=after', '/a-cancel']))


def several(play):
    configs = {'pages.json': ['/pages'], 'orders.json': ['/down', '/orders']}
    play.server.script('/down', 'status=503')
    for name, paths in configs.items():
        endpoints = [{'url': play.server.url(path)} for path in paths]
        (play.directory / name).write_text(json.dumps({'workers': 8, 'endpoints': endpoints}))
    return play.run('pages.json', 'orders.json')


def several_with_a_bad_file(play):
    (play.directory / 'bad.json').write_text('{"workerz": 8}')
    return play.run('bad.json', 'bad.json')


RUNS = {
    'seed': [seed, seed_undelivered, seed_without_a_url],
    'epoll': [epoll, epoll_of_many],
    'jobs': [jobs],
    'undo': [undo, undo_refused, undo_undelivered],
    'several': [several, several_with_a_bad_file],
}
LANGUAGES = {'c': ('c', '-std=c11'), 'cpp': ('c++', '-std=c++17')}
SOURCES = {**{f'{name}.c': runs for name, runs in RUNS.items()}, 'seed.cpp': RUNS['seed']}
LINKAGES = ['static', 'shared']


@pytest.fixture(scope='module')
def programs(installed, tmp_path_factory):
    directory = tmp_path_factory.mktemp('programs')

    def build(name, linkage):
        language, standard = LANGUAGES[name.rpartition('.')[2]]
        return installed.compile([EXAMPLES / name], directory / f'{name}-{linkage}', language, linkage,
                                 [standard, '-pedantic'])

    parts = [(name, linkage) for name in SOURCES for linkage in LINKAGES]
    with ThreadPoolExecutor(os.cpu_count()) as threads:
        return dict(zip(parts, threads.map(build, *zip(*parts))))


@pytest.fixture(scope='module')
def plays(programs, tmp_path_factory):
    """Every run, by its name, the source and the linkage: to be asked for its result."""
    top = tmp_path_factory.mktemp('plays')

    def play(run, name, linkage):
        directory = top / f'{run.__name__}-{name}-{linkage}'
        directory.mkdir()
        with Server() as server:
            return run(Play(programs[name, linkage], server, directory))

    parts = [(run, name, linkage) for name, runs in SOURCES.items() for run in runs for linkage in LINKAGES]
    with ThreadPoolExecutor(len(parts)) as threads:
        yield {(run.__name__, name, linkage): threads.submit(play, run, name, linkage)
               for run, name, linkage in parts}


def each(name):
    """The test is made with what was left of this run: for the languages it is there in, and both linkages."""
    return pytest.mark.parametrize('played', [(source, linkage) for source in SOURCES for linkage in LINKAGES
                                              if source.startswith(f'{name}.')], ids='-'.join, indirect=True)


@pytest.fixture
def played(request, plays):
    run = request.function.__name__.removeprefix('test_').partition('__')[0]
    return plays[(run, *request.param)].result()


# ---- What they did

def keys(play):
    return Counter(request.header('Idempotency-Key') for request in play.server.requests)


@each('seed')
def test_seed__tells_of_the_win_at_once_and_of_the_others_later(played):
    slow, slower, now = map(played.server.url, SEED)
    assert played.lines == [f'sent to {now}', f'also sent to {slow}', f'also sent to {slower}']
    assert (played.code, played.err) == (0, '')
    assert played.times[1] - played.times[0] > 1
    assert [request.path for request in played.server.requests] == ['/slow', '/slower', '/now']
    assert list(keys(played).values()) == [3]


@each('seed')
def test_seed_undelivered__names_the_fates(played):
    rejected, unknown = map(played.server.url, ['/a?status=500', '/b?close=after'])
    assert played.lines == [f'{rejected}: rejected', f'{unknown}: unknown']
    assert (played.code, played.err) == (1, 'undelivered\n')


@each('seed')
def test_seed_without_a_url__says_what_is_wrong(played):
    assert played.code == 1 and played.lines == []
    assert len(played.err.splitlines()) == 1 and len(played.err) > 10


def test_seed_is_about_thirty_lines():
    code = re.sub(r'/\*.*?\*/', '', (EXAMPLES / 'seed.c').read_text(), flags=re.DOTALL)
    assert 25 <= len([line for line in code.splitlines() if line.strip()]) < 45


@each('epoll')
def test_epoll__tells_of_messages_and_ticks_meanwhile(played):
    told = [line for line in played.lines if line.startswith('line')]
    expected = [f'line {number}: {what}' for number in (1, 2, 3) for what in
                ('sent to 127.0.0.1', 'settled after 1 attempts')]
    assert sorted(re.sub(r'127\.0\.0\.1.*', '127.0.0.1', line) for line in told) == expected
    assert {'tick: 1 messages on their way', 'tick: 2 messages on their way'} & set(played.lines)
    assert (played.code, played.err) == (0, '')
    assert sorted(request.body for request in played.requests('/a')) == [b'one', b'three', b'two']


@each('epoll')
def test_epoll_of_many__loses_none_and_sends_none_twice(played):
    settled = [line for line in played.lines if 'settled' in line]
    assert len(settled) == 300 and played.code == 0
    won = Counter(request.body for request in played.requests('/a'))
    assert won == Counter(b'%d' % number for number in range(300))


@each('jobs')
def test_jobs__are_awaited_without_being_cancelled(played):
    # A machine without a file of hosts may have no address for localhost, and says so.
    told = [line for line in played.lines if 'not within a second' not in line]
    assert 'first: not within a second' in played.lines
    assert told[0] == 'localhost: waits for room'
    others = [line for line in told[1:] if not line.startswith('localhost: ')]
    assert sorted(others) == ['first: 3 lines', 'second: 7 lines'] and len(told) == 4
    assert (played.code, played.err) == (0, '')


def cancellations(play):
    return [request for request in play.server.requests if request.path.endswith('-cancel')]


@each('undo')
def test_undo__takes_back_what_arrived_twice_from_that_api_alone(played):
    slow, silent, fast = map(played.server.url, ['/a?delay=5', '/b?close=after', '/c'])
    assert played.lines == [f'{slow} had it too: undone', f'{silent} may have it: not undone',
                            f'{fast} has the order']
    assert (played.code, played.err) == (0, '')
    order, = [request.header('Idempotency-Key') for request in played.requests('/a')]
    undone, = cancellations(played)
    assert undone.path == '/a-cancel' and json.loads(undone.body) == {'cancel': order}
    assert undone.header('Idempotency-Key') == f'cancel:{order}'


@each('undo')
def test_undo_refused__says_so(played):
    assert played.lines[0].endswith('had it too: could not be undone: undelivered')
    assert [request.path for request in cancellations(played)] == ['/a-cancel']


@each('undo')
def test_undo_undelivered__cancels_nothing_and_tells_of_what_may_have_arrived(played):
    assert played.lines == ['nobody has taken the order',
                            f'{played.server.url("/a?close=after")} may have it: not undone']
    assert cancellations(played) == []


@each('several')
def test_several__settle_all_that_was_submitted(played):
    assert played.lines == [f'{name}: 100 delivered, 0 of them more than once; 0 undelivered'
                            for name in ('pages.json', 'orders.json')]
    assert (played.code, played.err) == (0, '')
    for path in ('/pages', '/orders'):
        requests = played.requests(path)
        assert len({request.header('Idempotency-Key') for request in requests}) == len(requests) == 100
        assert set(Counter(request.body for request in requests).values()) == {4}


@each('several')
def test_several_with_a_bad_file__says_where(played):
    assert played.code == 1 and 'workerz' in played.err


def test_there_is_every_example_and_no_other():
    # The binding for Python is tried with the library.
    assert {path.name for path in EXAMPLES.iterdir() if path.is_file()} == {*SOURCES, 'poolsend.py'}


@pytest.mark.parametrize('name', SOURCES)
def test_example_says_how_it_is_compiled(name):
    text = (EXAMPLES / name).read_text()
    assert re.match(rf'/\* .*?\n \*\n \*     (cc|c\+\+ -std=c\+\+17) {re.escape(name)} '
                    r'\$\(pkg-config --cflags --libs poolsend\)', text, re.DOTALL)
