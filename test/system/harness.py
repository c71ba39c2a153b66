"""Drives the real program: run it, or start it and look at it while it runs.

The program is taken from the environment variable POOLSEND (the build sets it). It runs with an environment of its
own: no proxy and no certificate setting of the machine reaches it. Every event that it prints is checked against the
schema that ships with it.

A stream is run on lines that are there from the beginning (`stream`), or fed line by line while it runs (`Fed`).
"""

from collections import Counter
import json
import os
import pathlib
import queue
import signal
import subprocess
import sys
import threading
import time

import jsonschema

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / 'test' / 'support'))

PROGRAM = os.environ.get('POOLSEND', str(ROOT / 'build' / 'src' / 'poolsend'))
SCHEMA = json.loads((ROOT / 'src' / 'json' / 'events.schema.json').read_text())
VALIDATOR = jsonschema.Draft7Validator(SCHEMA)

# What a sanitizer's slower program may take; a limit from above is ten times what is expected, besides.
PATIENCE = 60

DROPPED = ('http_proxy', 'https_proxy', 'all_proxy', 'no_proxy', 'HTTPS_PROXY', 'ALL_PROXY', 'NO_PROXY',
           'CURL_CA_BUNDLE', 'SSL_CERT_FILE', 'SSL_CERT_DIR', 'SSLKEYLOGFILE')


def environment(extra=None):
    kept = {name: value for name, value in os.environ.items() if name not in DROPPED}
    return {**kept, **(extra or {})}


def in_order(value, definition):
    """Whether the members stand as the schema lists them."""
    return [*value] == [name for name in SCHEMA['definitions'][definition]['properties'] if name in value]


def parse_events(text):
    """The events of JSON lines, each checked against the schema; the manual says that their members are in its order."""
    events = [json.loads(line) for line in text.splitlines()]
    for event in events:
        VALIDATOR.validate(event)
        assert in_order(event, event['event']), event
        assert all(in_order(attempt, 'attempt') and in_order(attempt['timings'], 'timings')
                   for attempt in event.get('attempts', ())), event
    return events


class Result:
    """What a run left behind: exit status, output, error output, and how long it took in seconds."""

    def __init__(self, code, out, err, seconds):
        self.code, self.out, self.err, self.seconds = code, out, err, seconds

    @property
    def events(self):
        return parse_events(self.out)

    def event(self, kind):
        """The one event of this kind."""
        found = [event for event in self.events if event['event'] == kind]
        assert len(found) == 1, f'{len(found)} {kind} events in {self.out!r}'
        return found[0]

    @property
    def settled(self):
        return self.event('settled')

    @property
    def delivered(self):
        return self.event('delivered')

    @property
    def fates(self):
        return [(attempt['fate'], attempt['reason']) for attempt in self.settled['attempts']]

    def __repr__(self):
        return f'<exit {self.code} after {self.seconds:.3f} s\nout: {self.out}\nerr: {self.err}>'


def run(*arguments, stdin='', env=None, text=True):
    """Runs the program to its end, without a terminal."""
    began = time.monotonic()
    done = subprocess.run([PROGRAM, *map(str, arguments)], input=stdin, capture_output=True, text=text,
                          env=environment(env), timeout=PATIENCE, check=False, start_new_session=True)
    return Result(done.returncode, done.stdout, done.stderr, time.monotonic() - began)


def run_json(*arguments, **options):
    return run('--format', 'json', *arguments, **options)


def heed_signals():
    """In the child: the signals that whoever runs the tests may have ignored, as under nohup or in the background."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_DFL)


class Running:
    """The program in the background, as a context manager: ended and reaped whatever happens."""

    def __init__(self, *arguments, env=None, **options):
        self.began = time.monotonic()
        self.process = subprocess.Popen([PROGRAM, *map(str, arguments)],
                                        stdin=options.pop('stdin', subprocess.DEVNULL),
                                        stdout=options.pop('stdout', subprocess.PIPE), stderr=subprocess.PIPE,
                                        text=True, env=environment(env),
                                        **{'preexec_fn': heed_signals, **options})

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.process.kill()
        self.process.communicate()

    def interrupt(self, number=signal.SIGINT):
        self.process.send_signal(number)

    def line(self):
        """The next line of its output, as soon as it is there."""
        return self.process.stdout.readline()

    def finish(self):
        out, err = self.process.communicate(timeout=PATIENCE)
        return Result(self.process.returncode, out, err, time.monotonic() - self.began)


# ---- Streams

def stream(*arguments, lines=(), env=None):
    """Runs a stream of these lines (bytes or text), of which the last has no end, to its end."""
    text = b'\n'.join(line if isinstance(line, bytes) else line.encode() for line in lines)
    done = run('stream', '--format', 'json', *arguments, stdin=text, text=False, env=env)
    return Result(done.code, done.out.decode(), done.err.decode(errors='replace'), done.seconds)


def accounts(events):
    """The settled events by line: one for each message, the last that is said of it, and its win before."""
    settled, won = {}, {}
    for event in events:
        if event['event'] == 'refused':
            continue
        line = event['line']
        assert line not in settled, f'line {line} had settled before {event}'
        if event['event'] == 'delivered':
            assert line not in won, f'line {line} was won twice'
            won[line] = event['attempt']
        if event['event'] == 'settled':
            settled[line] = event
            assert event['winner'] == won.get(line), event
            assert (event['outcome'] == 'delivered') == (line in won), event
    assert set(won) <= set(settled)
    return dict(sorted(settled.items()))


def refusals(events):
    return {event['line']: event['reason'] for event in events if event['event'] == 'refused'}


def path_of(attempt):
    """The path of its URL: tests tell endpoints apart by it."""
    return '/' + attempt['url'].split('/', 3)[3].partition('?')[0]


def paths_of(settled):
    """The endpoints that were tried, in order."""
    return [path_of(attempt) for attempt in settled['attempts']]


def winner_of(settled):
    """The endpoint that won, or None."""
    return path_of(settled['attempts'][settled['winner'] - 1]) if settled['winner'] else None


def requests_told(settled, *fates):
    """How often a request met one of these fates, by id and path."""
    return Counter((event['message'], path_of(attempt)) for event in settled.values() for attempt in event['attempts']
                   if attempt['fate'] in fates)


def assert_accounted(settled, *servers):
    """The requests that the servers saw are those in the accounts: all that were answered, and of the others none that
    is not told as one that may have arrived."""
    seen = Counter((request.header('Idempotency-Key'), request.path)
                   for server in servers for request in server.requests)
    answered = requests_told(settled, 'delivered', 'rejected')
    perhaps = requests_told(settled, 'delivered', 'rejected', 'unknown')
    assert not answered - seen, 'told to have been answered, but never asked'
    assert not seen - perhaps, 'arrived, but not in the accounts'


def most_at_once(requests, seconds):
    """How many requests there were at a time, of which each was held for so long at least."""
    edges = sorted([(request.at, 1) for request in requests] + [(request.at + seconds, -1) for request in requests])
    now = most = 0
    for _, step in edges:
        now += step
        most = max(most, now)
    return most


class Fed(Running):
    """A stream that is fed while it runs, and whose output is read as it comes."""

    def __init__(self, *arguments, **options):
        super().__init__('stream', *arguments, stdin=subprocess.PIPE, **options)
        self.out, self.err, self.fresh = [], [], queue.Queue()
        self.readers = [threading.Thread(target=self._read, args=(source, kept, fresh), daemon=True)
                        for source, kept, fresh in [(self.process.stdout, self.out, self.fresh),
                                                    (self.process.stderr, self.err, None)] if source]
        for reader in self.readers:
            reader.start()

    @staticmethod
    def _read(source, kept, fresh):
        for line in source:
            kept.append(line)
            if fresh:
                fresh.put(line)

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        self.close()
        for reader in self.readers:
            reader.join()
        for source in (self.process.stdout, self.process.stderr):
            if source:
                source.close()

    def feed(self, *lines):
        self.process.stdin.write(''.join(f'{line}\n' for line in lines))
        self.process.stdin.flush()

    def close(self):
        """The end of its input."""
        try:
            self.process.stdin.close()
        except BrokenPipeError:
            pass

    def line(self, timeout=PATIENCE):
        """The next line of its output that nobody has asked for."""
        return self.fresh.get(timeout=timeout)

    def event(self, kind=None, timeout=PATIENCE):
        """The next event, or the next of that kind."""
        while True:
            event, = parse_events(self.line(timeout))
            if kind in (None, event['event']):
                return event

    def finish(self):
        """Waits for its end; all of its output is in the result. Its input is ended only by close()."""
        self.process.wait(timeout=PATIENCE)
        for reader in self.readers:
            reader.join()
        return Result(self.process.returncode, ''.join(self.out), ''.join(self.err), time.monotonic() - self.began)
