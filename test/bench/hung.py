"""What a hung API costs a stream: three URLs, of which none, the first, or the first two never answer.

The rate is that of `delivered` lines as they arrive here, over the rest of the run: from half a second after the one
second that each hung API may cost, or from the start where none hangs. Every hung attempt must be accounted for as
unknown, as often as the server that hangs was asked.
"""

from contextlib import ExitStack
from dataclasses import dataclass

from peers import Hole
from process import CannotMeasure, Fed
from report import LEAST, MOST

RATE_BAR, LAST_BAR, WHOLE_BAR = 0.8, 3, 4


@dataclass
class Outcome:
    rate: float
    last: float   # seconds until the last message was delivered
    whole: float  # seconds until the end
    unknown: int
    asked: int    # requests that arrived where nothing answers

    def __str__(self):
        return (f'{self.rate:.0f}/s, the last delivered after {self.last:.2f} s, the end after {self.whole:.2f} s, '
                f'{self.unknown} unknown of {self.asked} hung')


def rate_after(program, skip):
    """Up to the last hundredth: how long single messages take that probe the hung API is told by the last one."""
    most = 0.99 * program.counts['delivered']
    late = [(at, count) for at, count in program.arrivals if at >= program.began + skip and count <= most]
    if len(late) < 3 or late[-1][0] <= late[0][0]:
        raise CannotMeasure(f'nearly all was delivered within {skip} s: too few messages for a rate')
    return (late[-1][1] - late[0][1]) / (late[-1][0] - late[0][0])


def stream(bench, workers, hung):
    count = bench.pick(100_000, 5_000)
    with ExitStack() as stack:
        holes = [stack.enter_context(Hole(bench.peers.hole_program)) for _ in range(hung)]
        urls = [hole.url for hole in holes] + bench.nginx.urls[hung:]
        command = bench.stream('--workers', str(workers), '--settle', '1s', *urls)
        program = stack.enter_context(Fed(command, source=bench.messages(count)))
        end = program.succeeded()
        asked = sum(hole.counts()[1] for hole in holes)
        for mark, told in program.counts.items():
            if told != count:
                raise CannotMeasure(f'{told} {mark} events for {count} messages')
        skip = hung + bench.pick(0.5, 0) if hung else 0
        outcome = Outcome(rate_after(program, skip), program.arrivals[-1][0] - program.began, end - program.began,
                          program.unknown, asked)
    bench.progress(f'hung: {hung} of 3 with {workers} workers: {outcome}')
    return outcome


def show(bench, section, name, healthy, hung):
    row = bench.report.row
    row(section, f'{name}: messages/s after that, against healthy', [b.rate / a.rate for a, b in zip(healthy, hung)],
        bar=(LEAST, RATE_BAR))
    row(section, f'{name}: last one delivered later by, s', [b.last - a.last for a, b in zip(healthy, hung)],
        bar=(MOST, LAST_BAR))
    row(section, f'{name}: whole run with --settle 1s longer by, s', [b.whole - a.whole for a, b in zip(healthy, hung)],
        bar=(MOST, WHOLE_BAR))
    row(section, f'{name}: unknown attempts', [b.unknown for b in hung], '{:.0f}')
    row(section, f'{name}: of hung ones not accounted for', [abs(b.asked - b.unknown) for b in hung], '{:.0f}',
        bar=(MOST, 0))


def compare(bench, workers):
    section = f'a hung API among three, {bench.pick("100,000", "5,000")} messages, {workers} workers'
    runs = {hung: [] for hung in range(3)}
    for _ in range(bench.rounds(3)):
        for hung, outcomes in runs.items():
            outcomes.append(stream(bench, workers, hung))
    bench.report.row(section, 'none hung: messages/s', [outcome.rate for outcome in runs[0]], '{:,.0f}')
    show(bench, section, 'the first hung', runs[0], runs[1])
    show(bench, section, 'the first two hung', runs[0], runs[2])


def measure_hung(bench):
    for workers in (64, 9):
        compare(bench, workers)
