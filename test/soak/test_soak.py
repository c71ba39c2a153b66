"""A long stream against endpoints that misbehave at random and never stop doing so: every account is borne out by the
servers' log, as in the property test, and the program takes no more at the end than in the middle.

Four endpoints, http and https: one whose tide turns between fair and dead, so that breakers open, probe and close; one
that is restarted again and again; two that misbehave request by request, connections kept and fresh. The stream is fed
at a steady rate, and hedges by a percentile, within a budget, with a retry. What was told and seen is compared while it
goes on, so that this test's own memory does not grow with it, but for the ids.

Resident memory, threads and descriptors are sampled every second. The first third of the time is for everything to
have happened once; the medians of the second and of the last third are compared. A third is a whole number of tides.
In ten minutes memory levels off: what is rare, such as a header of 100 KB, has come to each of some hundred handles. In
half a minute it has not, so a short soak allows more.

SOAK_SECONDS is how long the stream is fed: 30, and 600 with LENGTH=full. SEED chooses the faults. SANITIZE names the
sanitizers of the build: under one, memory is not the program's own.
"""

from contextlib import ExitStack
import fcntl
import json
import os
import pathlib
import statistics
import subprocess
import threading
import time

from harness import PATIENCE, Running

from certs import make_ca
from faults import Faults, HARMLESS, Restarting, Witness
from judge import Judge
from server import Server

SECONDS = float(os.environ.get('SOAK_SECONDS') or (600 if os.environ.get('LENGTH') == 'full' else 30))
SANITIZED = os.environ.get('SANITIZE', 'none') != 'none'
RATE = 300       # messages a second
TICK = 0.02
AGE = 20.0       # of a settled message that is judged and forgotten: what is to be seen of it has been seen
TIDE = SECONDS / 3 / max(1, round(SECONDS / 3 / 10))
EBB = 0.3        # the share of a tide in which nothing is answered
SHOWN = 20       # mismatches

# How much more the last third may have than the second.
MEMORY_SHARE, MEMORY_MORE = 0.1 if SECONDS >= 300 else 0.3, 2048  # KiB
SHARE, MORE = 0.1, 4                    # threads, descriptors

OPTIONS = ['--format', 'json', '--hedge-delay', 'p95', '--hedge-budget', '20%', '--settle', '2', '--answer-wait', '2',
           '--attempt-timeout', '1.5', '--workers', '64', '--retry', '1', '--retry-delay', '0.1', '-L',
           '--input-format', 'envelopes', '--max-response', '4K']


class Tide:
    """Makes an endpoint die and come back; a context manager."""

    def __init__(self, faults):
        self._faults, self._over = faults, threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self):
        self._thread.start()

    def __exit__(self, *_):
        self._over.set()
        self._thread.join()

    def _run(self):
        while not self._over.is_set():
            for manners, share in (('rough', 1 - EBB), ('dead', EBB)):
                self._faults.manners = manners
                self._over.wait(TIDE * share)


def start_endpoints(stack, witness, tls):
    """Their URLs."""
    faults = [Faults(witness, f'e{number}', manners)
              for number, manners in enumerate(['fair', 'fair', 'fair', 'rough'])]
    stack.enter_context(Tide(faults[0]))
    servers = [Server(faults=faults[0]), Server(faults=faults[1], tls=tls), Restarting(faults[2], up=3.0),
               Server(faults=faults[3], tls=tls)]
    for server in servers:
        stack.enter_context(server)
    return [server.url(f'/e{number}') for number, server in enumerate(servers)]


def body(line):
    return f'message {line}'


class Feeder(threading.Thread):
    """Feeds lines at the rate, or as fast as they are taken if that is less."""

    def __init__(self, into):
        super().__init__(daemon=True)
        self.into, self.lines = into, 0

    def run(self):
        began = time.monotonic()
        while (spent := time.monotonic() - began) < SECONDS:
            some = range(self.lines + 1, self.lines + min(int(spent * RATE) - self.lines, RATE) + 1)
            self.into.write(''.join(json.dumps({'id': f's{line}', 'body': body(line)}) + '\n' for line in some))
            self.into.flush()
            self.lines += len(some)
            time.sleep(TICK)
        self.into.close()


class Listener(threading.Thread):
    """Reads what the program tells, and lets the judge look at it while it goes on."""

    def __init__(self, source, judge):
        super().__init__(daemon=True)
        self.source, self.judge = source, judge

    def run(self):
        looked = time.monotonic()
        for line in self.source:
            self.judge.hear(json.loads(line))
            if time.monotonic() - looked > 1:
                self.judge.settle_up(AGE)
                looked = time.monotonic()


def sample(pid):
    """Resident memory in KiB, threads, descriptors."""
    status = dict(line.split(':', 1) for line in pathlib.Path(f'/proc/{pid}/status').read_text().splitlines())
    return (int(status['VmRSS'].split()[0]), int(status['Threads']), len(os.listdir(f'/proc/{pid}/fd')))


def watch(pid, feeder):
    """A sample every second while the stream is fed."""
    samples = []
    while feeder.is_alive():
        feeder.join(1)
        samples.append(sample(pid))
    return samples


def soak(urls, authority, judge):
    """The samples, how many lines were fed, and how the program ended."""
    with Running('stream', *OPTIONS, '--cacert', authority.cert, *urls, stdin=subprocess.PIPE) as running:
        fcntl.fcntl(running.process.stdin, fcntl.F_SETPIPE_SZ, 4096)  # what is fed is taken up soon
        feeder = Feeder(running.process.stdin)
        listener = Listener(running.process.stdout, judge)
        listener.start()
        feeder.start()
        samples = watch(running.process.pid, feeder)
        running.process.stdin = None  # it is closed
        code = running.process.wait(timeout=PATIENCE)
        listener.join()
        return samples, feeder.lines, code, running.process.stderr.read()


def thirds(samples, what):
    """The medians of the three thirds, of memory (0), threads (1) or descriptors (2)."""
    values, third = [each[what] for each in samples], len(samples) // 3
    return [round(statistics.median(some))
            for some in (values[:third], values[third:2 * third], values[2 * third:3 * third])]


def figures(seed, judge, witness, samples, fed):
    outcomes, faults = judge.outcomes, witness.kinds.total() - witness.kinds[HARMLESS]
    memory, threads, descriptors = (thirds(samples, what) for what in range(3))
    yield (f'{SECONDS:g} s, seed {seed}: {fed} lines; {outcomes["delivered"] + outcomes["undelivered"]} messages '
           f'({outcomes["undelivered"]} undelivered); {judge.attempts} attempts; {witness.requests} requests seen; '
           f'{faults} faults; {len(judge.mismatches)} mismatches')
    yield f'  races: {dict(judge.races)}'
    yield (f'  medians of the thirds: resident {memory} KiB{" (not judged)" if SANITIZED else ""}, '
           f'threads {threads}, descriptors {descriptors}')
    yield (f'  resident: first {samples[0][0]} KiB, last {samples[-1][0]}, peak {max(each[0] for each in samples)}')


def assert_flat(values, share, more, what):
    _, middle, last = values
    assert last <= middle * (1 + share) + more, f'{what}: {values}'


def test_a_long_stream_is_accounted_for_and_takes_no_more_at_the_end(seed, report, tmp_path):
    authority = make_ca(tmp_path)
    witness = Witness(seed)
    judge = Judge(witness, followed=True, body_of=lambda event: hash(body(event['line']).encode()))
    with ExitStack() as stack:
        urls = start_endpoints(stack, witness, authority.issue(names=['127.0.0.1']))
        samples, fed, code, said = soak(urls, authority, judge)
    judge.finish(fed)
    report.extend(figures(seed, judge, witness, samples, fed))

    assert not judge.mismatches, f'SEED={seed}: {len(judge.mismatches)}\n' + '\n'.join(judge.mismatches[:SHOWN])
    assert code in (0, 1, 4), said
    assert judge.outcomes['delivered'] > fed / 2
    if not SANITIZED:
        assert_flat(thirds(samples, 0), MEMORY_SHARE, MEMORY_MORE, 'resident memory')
    assert_flat(thirds(samples, 1), SHARE, MORE, 'threads')
    assert_flat(thirds(samples, 2), SHARE, MORE, 'descriptors')
