"""Drives the real program: run it, or start it and look at it while it runs.

The program is taken from the environment variable POOLSEND (the build sets it). It runs with an environment of its
own: no proxy and no certificate setting of the machine reaches it. Every event that it prints is checked against the
schema that ships with it.
"""

import json
import os
import pathlib
import signal
import subprocess
import sys
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


def parse_events(text):
    """The events of JSON lines, each checked against the schema."""
    events = [json.loads(line) for line in text.splitlines()]
    for event in events:
        VALIDATOR.validate(event)
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
        self.process = subprocess.Popen([PROGRAM, *map(str, arguments)], stdin=subprocess.DEVNULL,
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
