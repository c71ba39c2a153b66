"""Thousands of random faults, and no account that the servers' own log does not bear out.

A run is the real program, with random options, against two to four endpoints of which each misbehaves in its own way,
request by request, connection by connection. What the servers saw is then laid beside what the program told of it:
test/support/faults.py is the one, test/support/judge.py the other, with the rules.

SEED chooses everything that is random here but the order of threads; LENGTH=full makes tens of thousands of requests.
"""

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from itertools import count
import json
import os
import random
import re
import signal

import pytest

from harness import PATIENCE, Running

from certs import make_ca
from faults import Faults, HARMLESS, Restarting, Witness
from judge import EVIDENCE, FATES, Judge
from server import Server, refused_port

FULL = os.environ.get('LENGTH') == 'full'
REQUESTS = 40000 if FULL else 2500  # to be seen of streams, at least
SINGLES = 1000 if FULL else 40      # messages on their own
STREAMS_AT_ONCE = 10  # most of their time is spent waiting
SINGLES_AT_ONCE = 20
LINES = 300         # of a stream, at most
STREAM_SECONDS = 2  # of waiting for those that hang, about: fewer lines where more would take longer
SHOWN = 20          # mismatches


@pytest.fixture(scope='module')
def authority(tmp_path_factory):
    authority = make_ca(tmp_path_factory.mktemp('ca'))
    authority.leaf = authority.issue(names=['127.0.0.1', 'localhost'])
    return authority


# ---- Endpoints

OFTEN = {'fair': 5, 'rough': 5, 'refusing': 2, 'hung': 2, 'dead': 1}
KINDS = {'http': 8, 'https': 4, 'restarting': 2, 'restarting https': 1, 'refused': 1, 'blackhole': 1}


def server_of(stack, kind, faults, tls):
    """The URL of a server of this kind, without a path."""
    if kind == 'refused':
        return f'http://127.0.0.1:{stack.enter_context(refused_port())}'
    if kind == 'blackhole':
        return stack.enter_context(Server(mode='blackhole')).url('')
    if kind.startswith('restarting'):
        return stack.enter_context(Restarting(faults, tls=tls if 'https' in kind else None)).url('')
    return stack.enter_context(Server(tls=tls if kind == 'https' else None, faults=faults)).url('')


def pick(rng, weights):
    return rng.choices(list(weights), list(weights.values()))[0]


def start_endpoints(stack, rng, witness, tls, options):
    """The URLs of two to four endpoints, and how each behaves."""
    urls, manners = [], []
    for number in range(rng.randint(2, 4)):
        kind, manner = pick(rng, KINDS), pick(rng, OFTEN)
        if options.patient:
            kind, manner = kind.replace('blackhole', 'refused'), 'prompt'
        faults = Faults(witness, f'e{number}', manner, delay=rng.choice([0.01, 0.05, 0.2]), tested=options.tested)
        base = server_of(stack, kind, faults, tls)
        if rng.random() < 0.2:
            base = base.replace('127.0.0.1', 'localhost')
        witness.urls.append(base)
        urls.append(f'{base}/e{number}')
        manners.append(f'{kind} {manner}')
    return urls, manners


# ---- Options

class Options:
    """Random options for a run, and what follows from them for its judge."""

    def __init__(self, rng, endpoints):
        self.followed, self.tested, self.started = (rng.random() < share for share in (0.4, 0.25, 0.5))
        self.settle = rng.choice([0, 0.1, 0.5, 1.5])
        self.answer_wait = rng.choice([0.3, 1, 2.5])
        self.attempt_timeout = rng.choice([0.3, 0.8, 2.5, None])
        self.hedge_delay = rng.choice(['0.02', '0.1', '0.3', 'none', 'p95'])
        self.retries = rng.choice([0, 0, 1, 2])
        self.workers = rng.choice([2, 4, 8]) * endpoints
        self.patient = rng.random() < 0.3
        if self.patient:
            self.settle = self.answer_wait = PATIENCE
            self.attempt_timeout = None
        self.rng = rng

    def common(self):
        rng, text = self.rng, ['--format', 'json', '--settle', self.settle, '--answer-wait', self.answer_wait]
        text += ['--hedge-delay', self.hedge_delay, '--retry', self.retries]
        text += ['--retry-delay', rng.choice([0.02, 0.1]), '--max-response', rng.choice(['4K', '64K'])]
        if self.attempt_timeout:
            text += ['--attempt-timeout', self.attempt_timeout]
        if self.started:
            text += ['--events', 'start,finish,delivered,settled']
        for share, more in [(self.followed, ['-L']), (self.tested, ['--success', '/ok=true']),
                            (0.2, ['--fatal-status', '400']), (0.2, ['-H', 'Connection: close']),
                            (0.2, ['--compressed']), (0.15 * (not self.patient), ['--max-time', 4])]:
            if rng.random() < share:
                text += more
        return text

    def of_stream(self):
        rng, text = self.rng, ['--workers', self.workers]
        for share, more in [(0.25, ['--no-breaker']), (0.1, ['--in-order']), (0.25, ['--hedge-budget', '20%']),
                            (0.2, ['--max-pending', self.workers])]:
            if rng.random() < share:
                text += more
        return text

    def of_single(self):
        """Without a percentile: there is nothing that one message could learn it from."""
        self.hedge_delay = self.hedge_delay.replace('p95', '0.05')
        return self.common()

    def lines(self, text, manners):
        """How many messages: fewer where many hang for long, and few run at a time."""
        longest = min(self.attempt_timeout or PATIENCE, max(self.settle, self.answer_wait))
        held = 0.3 if self.patient else max(0.3, longest)
        hung = sum('hung' in each or 'dead' in each or 'blackhole' in each for each in manners) / len(manners)
        slots = 1 if '--in-order' in text else self.workers / len(manners)
        most = STREAM_SECONDS * slots / (held * (1 + self.retries) * max(hung, 0.1))
        return max(5, min(LINES, int(most)))


# ---- A run

def envelope(rng, number):
    """A line, and the body that it asks for; None for a line that is to be refused."""
    if rng.random() < 0.02:
        return rng.choice(['', '{', '{"id":"bad id","body":"x"}', '{"id":"no-body-of-a-kind","body64":"eA=="}']), None
    body = f'message {number} ' + 'x' * rng.choice([0, 10, 1000, 70000 if rng.random() < 0.2 else 0])
    return json.dumps({'id': f'm{number}', 'body': body}), hash(body.encode())


class Run:
    """One run of the program: what it was, and what its judge found."""

    def __init__(self, seed, name, directory, authority):
        self.seed, self.name, self.authority, self.text = f'{seed} {name}', name, authority, []
        self.out, self.input = directory / f'{name}.out', directory / f'{name}.in'
        self.rng = random.Random(self.seed)
        self.witness, self.judge, self.result = Witness(self.seed), None, None
        self.interrupted = False

    def go(self):
        with ExitStack() as stack:
            options = Options(self.rng, 4)
            urls, manners = start_endpoints(stack, self.rng, self.witness, self.authority.leaf, options)
            self.text = ['--cacert', self.authority.cert]
            self.judge = Judge(self.witness, options.followed, options.tested, options.started, options.patient,
                               self.body_of)
            interrupt_after = self.prepare(options, urls, manners)
            self._run(None if options.patient else interrupt_after)
        # Without looking at each event by the schema, of which other tests take care.
        with self.out.open() as events:
            for event in events:
                self.judge.hear(json.loads(event))
        self.conclude()
        self._check_status()

    def _run(self, interrupt_after):
        with self.out.open('w') as out, Running(*self.text, stdout=out) as running:
            if interrupt_after:
                # It may end before so many have come; the signal is then for nobody.
                while running.process.poll() is None and not self.witness.wait_for(interrupt_after, 0.2):
                    pass
                running.interrupt(signal.SIGINT)
            self.result = running.finish()
        self.interrupted = self.result.code == 130

    def _check_status(self):
        outcomes = self.judge.outcomes
        wanted = 4 if outcomes['undelivered, perhaps'] else 1 if outcomes['undelivered'] or outcomes['refused'] else 0
        if not self.interrupted and self.result.code != wanted:
            self.judge.complain('the exit status', (self.result, wanted))

    def __str__(self):
        return f'{self.name}: {" ".join(map(str, self.text))}'


class Stream(Run):
    def prepare(self, options, urls, manners):
        """The command line; returns after how many requests the program is interrupted, or None."""
        self.text = ['stream', *options.common(), *options.of_stream(), *self.text]
        lines = [envelope(self.rng, number) for number in range(1, options.lines(self.text, manners) + 1)]
        self.bodies = [body for _, body in lines]
        self.input.write_text(''.join(line + '\n' for line, _ in lines))
        self.text += ['--input-format', 'envelopes', '--input', self.input, *urls]
        return self.rng.randint(1, len(lines)) if self.rng.random() < 0.25 else None

    def body_of(self, event):
        return self.bodies[event['line'] - 1]

    def conclude(self):
        """Every line that was read has its account, and exactly those were refused that cannot be sent."""
        read = lines_read(self.result.err, len(self.bodies)) if self.interrupted else len(self.bodies)
        self.judge.finish(read)
        bad = self.bodies[:read].count(None)
        if bad != self.judge.outcomes['refused']:
            self.judge.complain('lines refused', (self.judge.outcomes['refused'], bad))


class Single(Run):
    def prepare(self, options, urls, _manners):
        body = f'message {self.name}'
        self.body = hash(body.encode())
        self.text = [*options.of_single(), *self.text, '--id', self.name, '--data-raw', body, *urls]
        return 1 if self.rng.random() < 0.2 else None

    def body_of(self, _event):
        return self.body

    def conclude(self):
        self.judge.finish()
        if self.judge.outcomes['delivered'] + self.judge.outcomes['undelivered'] != 1:
            self.judge.complain('not one message settled', self.result)


def lines_read(said, count):
    """How many lines had been read, as an interrupted program says it."""
    found = re.search(r'after line (\d+)', said)
    if found:
        return int(found[1])
    return 0 if 'before the first line' in said else count


# ---- All together

def run_until(is_enough, at_once, make):
    """Runs, several side by side, until those that have ended and those under way are enough."""
    runs, numbers = [], count(1)

    def work():
        while not is_enough(runs):
            run = make(next(numbers))
            runs.append(run)
            run.go()

    with ThreadPoolExecutor(at_once) as pool:
        for worker in [pool.submit(work) for _ in range(at_once)]:
            worker.result()
    return runs


def matrix(cells):
    """What was seen, by what was told: a table."""
    width = max(map(len, EVIDENCE)) + 2
    yield ' ' * 10 + ''.join(f'{evidence:>{width}}' for evidence in EVIDENCE)
    for fate in FATES:
        yield f'{fate:<10}' + ''.join(f'{cells[fate, evidence]:>{width}}' for evidence in EVIDENCE)


def listed(counter):
    return ', '.join(f'{times} {what}' for what, times in counter.most_common()) or 'none'


def requests_seen(runs):
    return sum(run.witness.requests for run in runs)


def figures(runs, seed, what):
    total = {name: sum((getattr(run.judge, name) for run in runs), Counter())
             for name in ('cells', 'races', 'outcomes')}
    kinds = sum((run.witness.kinds for run in runs), Counter())
    kinds.pop(HARMLESS, None)
    outcomes = total['outcomes']
    yield (f'{what}, seed {seed}: {len(runs)} runs, {sum(run.interrupted for run in runs)} interrupted; '
           f'{outcomes["delivered"] + outcomes["undelivered"]} messages ({outcomes["undelivered"]} undelivered), '
           f'{outcomes["refused"]} lines refused; {sum(run.judge.attempts for run in runs)} attempts; '
           f'{requests_seen(runs)} requests seen; {kinds.total()} faults; '
           f'{sum(len(run.judge.mismatches) for run in runs)} mismatches')
    yield '  faults: ' + listed(kinds)
    yield '  races: ' + listed(total['races'])
    yield from ('  ' + line for line in matrix(total['cells']))


def assert_no_mismatch(runs, seed, report, what):
    report.extend(figures(runs, seed, what))
    mismatches = [f'{problem}\n    in {run}' for run in runs for problem in run.judge.mismatches]
    assert not mismatches, f'SEED={seed}: {len(mismatches)} mismatches\n' + '\n'.join(mismatches[:SHOWN])


def test_what_a_stream_tells_is_what_the_servers_saw(seed, report, tmp_path, authority):
    runs = run_until(lambda runs: requests_seen(runs) >= REQUESTS, STREAMS_AT_ONCE,
                     lambda number: Stream(seed, f'stream{number}', tmp_path, authority))
    assert_no_mismatch(runs, seed, report, 'streams')


def test_what_a_single_message_tells_is_what_the_servers_saw(seed, report, tmp_path, authority):
    runs = run_until(lambda runs: len(runs) >= SINGLES, SINGLES_AT_ONCE,
                     lambda number: Single(seed, f'single{number}', tmp_path, authority))
    assert_no_mismatch(runs, seed, report, 'single messages')
