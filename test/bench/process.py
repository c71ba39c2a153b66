"""Running what is measured: every child is bounded in time, its output is drained here, and it is always reaped.

`run` is for a program that reads a file and ends by itself; it tells the wall time from the start to the end and the
CPU time of the process. `Fed` is for one that is fed line by line or is to be looked at while it runs; a thread takes
the time of every piece of its output.
"""

from dataclasses import dataclass
import json
import os
import pathlib
import select
import subprocess
import threading
import time

PIECE = 1 << 16


class CannotMeasure(Exception):
    pass


def environment():
    """No proxy may stand between a client and the servers here, and nothing may be written beside the sources."""
    kept = {name: value for name, value in os.environ.items() if not name.lower().endswith('_proxy')}
    return {**kept, 'PYTHONDONTWRITEBYTECODE': '1'}


def name_of(command):
    return pathlib.Path(command[0]).name


def quote(complaint):
    """Its last lines, where what matters is."""
    return ': ' + ' '.join(complaint.split('\n')[-4:])[-300:].strip() if complaint.strip() else ''


def check(command, status, complaint):
    if status != 0:
        raise CannotMeasure(f'{name_of(command)} ended with {status}{quote(complaint)}')


def build(command, **options):
    """Runs what only prepares; its output is shown if it fails."""
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=600,
                          check=False, **options)
    check(command, done.returncode, done.stdout)
    return done.stdout


@dataclass
class Run:
    wall: float
    cpu: float
    lines: int
    text: bytes


def drain(process, deadline, keep):
    """Reads standard output until its end and the process's; the count of lines, and the text if it is to be kept."""
    lines, text = 0, []
    ended = os.pidfd_open(process.pid)
    try:
        waiting = {process.stdout.fileno(), ended}
        while waiting:
            ready, _, _ = select.select(list(waiting), [], [], max(0, deadline - time.monotonic()))
            if not ready:
                raise CannotMeasure(f'{name_of(process.args)} took too long')
            if ended in ready:
                waiting.discard(ended)
            if process.stdout.fileno() in ready:
                data = os.read(process.stdout.fileno(), PIECE)
                lines += data.count(b'\n')
                if keep:
                    text.append(data)
                if not data:
                    waiting.discard(process.stdout.fileno())
    finally:
        os.close(ended)
    return lines, b''.join(text)


def reap(process):
    """The CPU time of a process that has ended."""
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    return usage.ru_utime + usage.ru_stime


def run(command, source=os.devnull, timeout=120, keep=False):
    """From the start to the end of `command` with the file `source` as its standard input; it must succeed."""
    with open(source, 'rb') as given, os.fdopen(os.memfd_create('complaint'), 'w+b') as complaint:
        began = time.perf_counter()
        process = subprocess.Popen(command, stdin=given, stdout=subprocess.PIPE, stderr=complaint, env=environment())
        try:
            lines, text = drain(process, time.monotonic() + timeout, keep)
            wall = time.perf_counter() - began
            cpu = reap(process)
        finally:
            if process.returncode is None:
                process.kill()
                process.wait()
            process.stdout.close()
        complaint.seek(0)
        check(command, process.returncode, complaint.read().decode(errors='replace'))
    return Run(wall, cpu, lines, text)


class Fed:
    """A running program that prints events; its standard input is a file, or held open to be fed.

    A thread reads what it prints, counts the events by their beginnings, and keeps the time of each piece. The program
    is killed once `timeout` seconds have passed, so that nothing here waits longer.
    """

    MARKS = {'delivered': b'{"event":"delivered"', 'settled': b'{"event":"settled"'}
    NONE_UNKNOWN = b'"unknown":[]'

    def __init__(self, command, source=None, timeout=120):
        self.command = command
        self.counts = dict.fromkeys(self.MARKS, 0)
        self.unknown = 0     # attempts that settled events name so
        self.arrivals = []   # (time, how many were delivered until then)
        self.last_settled = None
        self.closed = False  # its standard output
        self.changed = threading.Condition()
        self.complaint = os.fdopen(os.memfd_create('complaint'), 'w+b')
        given = open(source, 'rb') if source else subprocess.PIPE
        self.began = time.monotonic()
        self.process = subprocess.Popen(command, stdin=given, stdout=subprocess.PIPE, stderr=self.complaint,
                                        env=environment())
        self.exit = os.pidfd_open(self.process.pid)
        if source:
            given.close()
        self.reader = threading.Thread(target=self._read, daemon=True)
        self.reader.start()
        self.guard = threading.Timer(timeout, self.process.kill)
        self.guard.daemon = True
        self.guard.start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.guard.cancel()
        self.process.kill()
        self.process.wait()
        self.reader.join(10)
        os.close(self.exit)
        for stream in (self.process.stdin, self.process.stdout, self.complaint):
            try:
                if stream:
                    stream.close()
            except BrokenPipeError:
                pass

    # ---- What it prints

    def _read(self):
        rest = b''
        while data := os.read(self.process.stdout.fileno(), PIECE):
            at = time.monotonic()
            whole, newline, rest = (rest + data).rpartition(b'\n')
            if newline:
                self._take(at, whole + newline)
        with self.changed:
            self.closed = True
            self.changed.notify_all()

    def _take(self, at, text):
        found = {mark: text.count(start) for mark, start in self.MARKS.items()}
        unknown = self._count_unknown(text, found['settled'])
        with self.changed:
            for mark, count in found.items():
                self.counts[mark] += count
            self.unknown += unknown
            if found['delivered']:
                self.arrivals.append((at, self.counts['delivered']))
            if found['settled']:
                self.last_settled = at
            self.changed.notify_all()

    def _count_unknown(self, text, settled):
        if text.count(self.NONE_UNKNOWN) == settled:
            return 0
        lines = (line for line in text.splitlines() if self.NONE_UNKNOWN not in line)
        return sum(len(json.loads(line)['unknown']) for line in lines if line.startswith(self.MARKS['settled']))

    def until(self, mark, count, timeout=60):
        """Waits for that many events of a kind."""
        with self.changed:
            self.changed.wait_for(lambda: self.counts[mark] >= count or self.closed, timeout)
        if self.counts[mark] < count:
            self.fail(f'told of {self.counts[mark]} of {count} {mark}')

    # ---- What it is fed, and its end

    def feed(self, data):
        try:
            self.process.stdin.write(data)
            self.process.stdin.flush()
        except BrokenPipeError:
            self.fail('has ended or hung while it was fed')

    def feed_file(self, path):
        with open(path, 'rb') as source:
            while data := source.read(PIECE):
                self.feed(data)

    def end_input(self):
        self.process.stdin.close()

    def has_ended(self):
        return bool(select.select([self.exit], [], [], 0)[0])

    def ended(self):
        """The exit status, and when it ended; all that it printed has been read."""
        select.select([self.exit], [], [])
        at = time.monotonic()
        self.reader.join()
        return self.process.wait(), at

    def succeeded(self):
        status, at = self.ended()
        check(self.command, status, self.complaints())
        return at

    def complaints(self):
        self.complaint.seek(0)
        return self.complaint.read().decode(errors='replace')

    def fail(self, what):
        raise CannotMeasure(f'{name_of(self.command)} {what}{quote(self.complaints())}')

    def memory(self, key):
        """VmRSS or VmHWM, in KiB."""
        status = pathlib.Path(f'/proc/{self.process.pid}/status').read_text(encoding='ascii')
        for line in status.splitlines():
            if line.startswith(key + ':'):
                return int(line.split()[1])
        return self.fail('has ended')
