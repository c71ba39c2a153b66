"""Attempts that are blocked, a thousand and as many as descriptors allow: the memory of each, and how fast all are
cancelled.

Resident memory is taken when all of them wait for an answer, less that of the program before its first message. The
bare loop has no such state; there, that of one blocked thread is taken off.
"""

from dataclasses import dataclass
import resource
import signal
import time

from peers import Hole
from process import CannotMeasure, Fed
from report import MOST

MEMORY_BAR, CANCEL_BAR = 48, 50
EACH, OTHER, PROBES = 3, 32, 8  # descriptors of an attempt and of the program, probe slots


@dataclass
class Blocked:
    memory: float         # KiB for each
    cancelled: float = 0  # ms from the signal to the last settled event
    ended: float = 0      # ms from the signal to the end of the process

    def __str__(self):
        return f'{self.memory:.1f} KiB each, all cancelled in {self.cancelled:.1f} ms, ended in {self.ended:.1f} ms'


def most_that_fit(wanted):
    """In hundreds; what the hard limit of descriptors allows."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard == resource.RLIM_INFINITY:
        return wanted
    return min(wanted, ((hard - OTHER) // EACH - PROBES) // 100 * 100)


def feed_until_blocked(bench, program, hole, count):
    """Resident memory before and after, in KiB."""
    time.sleep(0.3)
    before = program.memory('VmRSS')
    program.feed_file(bench.messages(count))
    hole.until_requests(count, program)
    time.sleep(0.3)
    after = program.memory('VmRSS')
    connections, _ = hole.counts()
    if connections != count:
        raise CannotMeasure(f'{connections} connections for {count} attempts')
    return before, after


def ours(bench, count):
    with Hole(bench.peers.hole_program) as hole:
        command = bench.stream('--workers', str(count), '--settle', '0', '--answer-wait', '10m', '--no-breaker',
                               hole.url)
        with Fed(command) as program:
            before, after = feed_until_blocked(bench, program, hole, count)
            signalled = time.monotonic()
            program.process.send_signal(signal.SIGTERM)
            status, end = program.ended()
            if status != 143 or program.counts['settled'] != count:
                program.fail(f'told of {program.counts["settled"]} of {count} settled and ended with {status}')
            found = Blocked((after - before) / count, 1e3 * (program.last_settled - signalled), 1e3 * (end - signalled))
    bench.progress(f'blocked: poolsend, {count}: {found}')
    return found


def bare(bench, count):
    figures = []
    for threads in (1, count):
        with Hole(bench.peers.hole_program) as hole:
            with Fed(bench.peers.bare(threads, bench.messages(count), hole.url)) as program:
                hole.until_requests(threads, program)
                time.sleep(0.3)
                figures.append(program.memory('VmRSS'))
    return Blocked((figures[1] - figures[0]) / (count - 1))


def go(bench, count):
    with Hole(bench.peers.hole_program) as hole:
        with Fed(bench.peers.go(count, hole.url)) as program:
            before, after = feed_until_blocked(bench, program, hole, count)
    return Blocked((after - before) / count)


def compare(bench, count, rounds):
    runs = {'poolsend': [], 'bare loop': [], 'Go net/http': []}
    for _ in range(rounds):
        for name, measure in zip(runs, (ours, bare, go)):
            try:
                runs[name].append(measure(bench, count))
            except CannotMeasure as error:
                bench.report.fail(f'{count:,} blocked attempts', str(error))
    for name, found in runs.items():
        if found:
            bar = (MOST, MEMORY_BAR) if name == 'poolsend' else None
            bench.report.row(f'{count:,} blocked attempts', f'{name}: resident memory of each, KiB',
                             [one.memory for one in found], '{:.1f}', bar)
    return runs['poolsend']


def show_cancels(bench, count, found, bar):
    section = f'{count:,} blocked attempts'
    bench.report.row(section, 'poolsend: from SIGTERM to the last settled event, ms', [one.cancelled for one in found],
                     '{:.1f}', bar)
    bench.report.row(section, 'poolsend: from SIGTERM to the end of the process, ms', [one.ended for one in found],
                     '{:.1f}')


def measure_blocked(bench):
    most = most_that_fit(bench.pick(10_000, 2_000))
    for count, rounds, bar in ((1_000, bench.rounds(5), (MOST, CANCEL_BAR)), (most, 1, None)):
        found = compare(bench, count, rounds)
        if found:
            show_cancels(bench, count, found, bar)
    if most < bench.pick(10_000, 2_000):
        bench.report.note(f'{most:,} blocked attempts are what the hard limit of descriptors (ulimit -Hn) allows here, '
                          f'at {EACH} each, {PROBES} probe slots and {OTHER} others.')
