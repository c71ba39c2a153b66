"""Runs the real program with one thing or another taken from it, and judges what it then did.

A scenario is a command line with all that it needs. It is run undisturbed first, which shows the requests that may be
made at all; then once for every call that is to fail. Whatever failed, the promise holds: the program ends by itself,
in time, with a status that it documents; whatever it said is well-formed; each request that the server saw is one that
was asked for, to the byte, and is in the accounts; each message that was taken up has settled; what is called unreached
was not seen; and every block of memory was given back.

The program is TORTURED, which is linked with a json-c of its own kind so that it can be told from our code. What makes
calls fail is explained in failing.h: it is loaded before the program from the module FAILING_MODULE, or was linked with
it where that is empty.
"""

from collections import Counter, defaultdict
from concurrent.futures import ThreadPoolExecutor
import json
import os
import pathlib
import random
import re
import subprocess
import sys
import time
from urllib.parse import parse_qsl

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / 'system'))

from harness import PATIENCE, VALIDATOR, environment, heed_signals, path_of  # noqa: E402
from server import Server  # noqa: E402

PROGRAM = os.environ['TORTURED']
MODULE = os.environ.get('FAILING_MODULE', '')
NAMES_MODULE = os.environ.get('NAMES_MODULE', '')
FULL = os.environ.get('LENGTH') == 'full'
SEED = int(os.environ.get('SEED') or random.randrange(10**6))

# At once. Most of their time the runs wait, as the tests beside them do.
SIDE_BY_SIDE = 4

# What the exit statuses of the README mean, as far as they can occur here.
DELIVERED, UNDELIVERED, USAGE, MAYBE_ARRIVED, LOCAL = 0, 1, 2, 4, 5

REPORT = re.compile(r'failing: (\d+) calls, (\d+) failed, the first at (\S+) in (\S+); '
                    r'(\d+) blocks of own and (\d+) of curl are left\n')
PLAIN_REFUSAL = re.compile(r'poolsend: out of memory: line (\d+) was refused')
PLAIN = re.compile(r'poolsend: out of memory: message (\S+?)(?: \(line (\d+)\))?: (.*)')
PLAIN_ATTEMPT = re.compile(r'attempt (\d+) to (\S+): (delivered|rejected|unreached|unknown)')


class Wrong(AssertionError):
    """The promise was broken."""


class RecordingServer(Server):
    """A server that keeps the requests of each run apart: the first part of a path names the run."""

    def __init__(self, **options):
        super().__init__(**options)
        self.by_run = defaultdict(list)

    def record(self, request):
        with self.changed:
            self.by_run[request.path.split('/')[1]].append(request)

    def take(self, run):
        with self.changed:
            return self.by_run.pop(run, [])


class Run:
    """One run of a scenario: what it was told, what it did, and what the server saw of it."""

    def __init__(self, scenario, server, failing='memory:own,curl:0', turn=None, prepare=heed_signals):
        self.name = f'r{scenario.next_number():06}'
        self.failing = failing
        arguments, stdin, env = scenario.command(self.name, server, turn)
        env = {**env, 'FAILING': failing}
        if MODULE:
            env['LD_PRELOAD'] = f'{MODULE} {NAMES_MODULE}'
        began = time.monotonic()
        with subprocess.Popen([PROGRAM, *arguments], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE, env=environment(env), preexec_fn=prepare,
                              close_fds=False) as process:
            try:
                out, err = process.communicate(stdin.encode(), timeout=PATIENCE)
            except subprocess.TimeoutExpired:
                process.kill()
                raise Wrong(f'{failing}: did not end') from None
        self.code, self.out = process.returncode, out.decode()
        self.err, self.tally = self._split(err.decode(errors='replace'))
        self.seconds = time.monotonic() - began
        self.requests = server.take(self.name)

    def _split(self, err):
        found = REPORT.search(err)
        return (REPORT.sub('', err), found.groups()) if found else (err, None)

    @property
    def calls(self):
        return int(self.tally[0])

    @property
    def failed(self):
        return int(self.tally[1])

    @property
    def left(self):
        return int(self.tally[4]) + int(self.tally[5])

    def seen(self, status=None):
        """How often a message came to a path; or was to get this answer there."""
        return Counter((request.header('Idempotency-Key'), request.path) for request in self.requests
                       if status in (None, int(dict(parse_qsl(request.query)).get('status', 200))))

    def asked(self):
        """The requests that were seen whole, with what is this run's alone taken out."""
        return {re.sub(r'r\d{6}|[0-9a-f]{8}-[0-9a-f-]{27}', 'OWN',
                       repr((request.method, request.target, sorted(request.headers), request.body)))
                for request in self.requests if request.complete}

    def __repr__(self):
        where = f'{self.tally[2]} in {self.tally[3]}' if self.tally else 'nobody knows where'
        seen = [f'{request.method} {request.target} {request.headers} {request.body}' for request in self.requests]
        return (f'{self.failing} failed at {where}: exit {self.code} after {self.seconds:.2f} s\n'
                f'out: {self.out}\nerr: {self.err}\nseen: {seen}')


# ---- What it told

class Accounts:
    """What a run told of its messages, on standard output and, where there was no memory, in plain words."""

    def __init__(self, run, paths):
        self.attempts, self.ended, self.undelivered, self.lines, self.refused = {}, set(), set(), {}, set()
        for line in run.out.splitlines():
            self.add_event(json.loads(line))
        for message, line, words in PLAIN.findall(run.err):
            self.add_plainly(message, line, words, paths)
        self.refused |= {int(line) for line in PLAIN_REFUSAL.findall(run.err)}

    def add(self, message, number, path, fate):
        known = self.attempts.setdefault((message, number), (path, fate))
        if known != (path, fate):
            raise Wrong(f'attempt {number} of {message} is told as {known} and as {(path, fate)}')

    def add_event(self, event):
        VALIDATOR.validate(event)
        if event['event'] == 'refused':
            self.refused.add(event['line'])
            return
        self.lines[event['message']] = event.get('line')
        if event['event'] != 'settled':
            return
        self.end(event['message'], event['outcome'] == 'delivered')
        for attempt in event['attempts']:
            self.add(event['message'], attempt['attempt'], path_of(attempt), attempt['fate'])

    def add_plainly(self, message, line, words, paths):
        self.lines[message] = int(line) if line else None
        attempt = PLAIN_ATTEMPT.match(words)
        if attempt:
            self.add(message, int(attempt[1]), paths[attempt[2]], attempt[3])
        if words.startswith('settled'):
            self.end(message, words == 'settled, delivered')

    def end(self, message, delivered):
        if message in self.ended:
            raise Wrong(f'{message} has settled twice')
        self.ended.add(message)
        if not delivered:
            self.undelivered.add(message)

    def fates(self, *wanted):
        return Counter((message, path) for (message, _), (path, fate) in self.attempts.items() if fate in wanted)

    def status(self):
        """The exit status that goes with these accounts, if nothing else was wrong."""
        unknown = {message for (message, _), (_, fate) in self.attempts.items() if fate == 'unknown'}
        if self.undelivered & unknown:
            return MAYBE_ARRIVED
        return UNDELIVERED if self.undelivered or self.refused else DELIVERED


def check(truth, run, words):
    if not truth:
        raise Wrong(f'{words}\n{run!r}')


def check_end(run):
    check(run.tally or MODULE, run, 'it ended without a word of what was left')
    check(run.tally, run, f'it ended with {run.code}, and said nothing of the calls that failed')
    refused = run.code == USAGE and not run.failing.startswith('memory') and not run.requests
    check(refused or run.code in (DELIVERED, UNDELIVERED, MAYBE_ARRIVED, LOCAL), run, 'not a status for this')
    check(run.code not in (LOCAL, USAGE) or run.err, run, 'an error without words')
    check(run.seconds < PATIENCE / 2, run, 'it took too long')


def check_requests(run, scenario):
    """Nothing was sent but what is sent undisturbed. libcurl 7.88 loses a URL's query where it has no memory for it,
    and says nothing: nobody can see to that from outside."""
    allowed = scenario.requests
    if 'curl' in run.failing:
        allowed = allowed | {re.sub(r"\?[^']*'", "'", request, count=1) for request in allowed}
    check(run.asked() <= allowed, run, 'a request that nobody asked for')


def check_accounts(run, accounts):
    """All that was seen is in the accounts, and nothing that is not."""
    seen, accepted = run.seen(), run.seen(status=200)
    check(not accounts.fates('delivered') - accepted, run, 'told to have been accepted, but never was')
    check(not accounts.fates('rejected') - (seen - accepted), run, 'told to have been rejected, but was accepted')
    check(not accounts.fates('delivered', 'rejected') - seen, run, 'told to have been answered, but never asked')
    check(not seen - accounts.fates('delivered', 'rejected', 'unknown'), run, 'arrived, but not in the accounts')
    check(set(accounts.lines) <= accounts.ended, run, 'taken up, but not settled')


def stopped_after(run, scenario, accounts):
    """The last line of a stream that was taken."""
    found = re.search(r'input stopped (?:after line (\d+)|before the first line)', run.err)
    if found:
        return int(found[1] or 0)
    began = accounts.lines or accounts.refused
    return scenario.lines if began or run.code not in (LOCAL, USAGE) else 0


def check_lines(run, scenario, accounts):
    """Every line that was taken has settled or was refused, once."""
    told = Counter(accounts.lines.values()) + Counter(accounts.refused)
    check(all(count == 1 for count in told.values()), run, 'a line was told of twice')
    check(set(told) == set(range(1, stopped_after(run, scenario, accounts) + 1)), run, 'a line was lost, or invented')


def check_words(run):
    """The same of a run that tells all in words, as far as they can be read again."""
    told = re.findall(r'attempt (\d+) to \S+: (?:delivered|rejected|unreached|unknown)', run.out + run.err)
    check(len(set(told)) >= len(run.requests), run, 'arrived, but not told')


def judge(run, scenario):
    """Raises Wrong if the promise was broken."""
    check_end(run)
    check(run.left <= scenario.left, run, f'{run.left} blocks are left, and undisturbed {scenario.left}')
    check_requests(run, scenario)
    if scenario.in_words:
        check_words(run)
        return
    accounts = Accounts(run, scenario.paths.get(run.name))
    check_accounts(run, accounts)
    if scenario.lines:
        check_lines(run, scenario, accounts)
    check(run.code in (LOCAL, USAGE, accounts.status()), run, f'the accounts say {accounts.status()}')


# ---- Many runs

class Summary:
    """What was tried, and how it ended."""

    def __init__(self, name):
        self.name = name
        self.runs = self.errors = self.correct = 0
        self.wrong = []

    def add(self, run):
        self.runs += 1
        self.errors += run.code in (LOCAL, USAGE)
        self.correct += run.code not in (LOCAL, USAGE)

    def add_all(self, others):
        for other in others:
            self.runs += other.runs
            self.errors += other.errors
            self.correct += other.correct
            self.wrong += other.wrong
        return self

    def __str__(self):
        return (f'{self.name}: {self.runs} runs, {self.errors} clean errors, {self.correct} whole accounts, '
                f'{len(self.wrong)} wrong')


summaries = []


def torture(name, scenario, server, orders, also=lambda run, scenario: None, make=Run):
    """A run for each of these orders, as `make` has it, judged by `also` too."""
    summary = Summary(name)
    summaries.append(summary)

    def attempt(order):
        try:
            run = make(scenario, server, order)
            judge(run, scenario)
            also(run, scenario)
            summary.add(run)
        except (Wrong, ValueError, KeyError) as problem:
            summary.wrong.append(f'{order}: {type(problem).__name__}: {problem}')

    with ThreadPoolExecutor(SIDE_BY_SIDE) as pool:
        list(pool.map(attempt, orders))
    assert not summary.wrong, f'seed {SEED}: {len(summary.wrong)} runs are wrong:\n' + '\n'.join(summary.wrong[:20])


def sample(calls, every):
    """The numbers of the calls that are to fail: all of them, or about one in so many; a sanitizer takes its time."""
    every = 1 if FULL else every if MODULE else 4 * every
    return range(1 + SEED % every, calls + 1, every)
