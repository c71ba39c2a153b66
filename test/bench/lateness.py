"""How late a hedge is, by the servers' clocks.

The first endpoint reads and never answers, the second answers at once, and both take the time at which a request's
first byte arrived. Lateness is what lies between the two beyond the hedge delay.
"""

import statistics
import time

from peers import Hole
from process import CannotMeasure, Fed
from report import MOST


def percentile(values, share):
    """The nearest rank."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


def lateness(first, second, delay, numbers):
    """Milliseconds, of each of these messages."""
    early, late = first.stamps(), second.stamps()
    missing = [number for number in numbers if number not in early or number not in late]
    if missing:
        raise CannotMeasure(f'{len(missing)} of {len(numbers)} messages did not reach both servers')
    return [1e3 * (late[number] - early[number] - delay) for number in numbers]


def one_at_a_time(bench, program, count):
    for number in range(1, count + 1):
        program.feed(bench.message(number))
        program.until('settled', number)
    program.end_input()
    program.succeeded()


def at_a_pace(bench, program, count, rate, first):
    """How many connections were open at the first endpoint, seen twice a second."""
    began, seen = time.monotonic(), []
    for number in range(1, count + 1):
        pause = began + number / rate - time.monotonic()
        if pause > 0:
            time.sleep(pause)
        program.feed(bench.message(number))
        if number % (rate // 2) == 0:
            seen.append(first.counts()[0])
    program.end_input()
    program.succeeded()
    return seen


def start(bench, first, second, delay, *options):
    return Fed(bench.stream('--no-breaker', '--settle', '0', '--hedge-delay', f'{round(delay * 1e3)}ms', *options,
                            first.url, second.url))


def idle(bench, delay):
    count = bench.pick(400, 50)
    with Hole(bench.peers.hole_program) as first, Hole(bench.peers.hole_program, answers=True) as second:
        with start(bench, first, second, delay) as program:
            one_at_a_time(bench, program, count)
        return lateness(first, second, delay, range(1, count + 1))


def busy(bench, delay, rate):
    """Those count that were sent once as many were in flight as there will be: rate times delay."""
    full = round(delay * rate)
    count = full + bench.pick(4_000, 500)
    with Hole(bench.peers.hole_program) as first, Hole(bench.peers.hole_program, answers=True) as second:
        with start(bench, first, second, delay, '--workers', '4000') as program:
            seen = at_a_pace(bench, program, count, rate, first)
        return lateness(first, second, delay, range(full + 1, count + 1)), seen[len(seen) // 3:]


def show(bench, what, rounds, bar):
    section = 'lateness of a hedge at the server, ms'
    for name, share in (('p50', 0.5), ('p99', 0.99), ('most', 1)):
        figures = [percentile(values, share) for values in rounds]
        bench.report.row(section, f'{what}: {name}', figures, '{:.2f}', (MOST, bar) if name == 'p99' else None)
        bench.progress(f'lateness, {what}: {name} ' + ' '.join(f'{figure:.2f}' for figure in figures))


def measure_lateness(bench):
    rounds, crowded, seen = [], [], []
    for _ in range(bench.rounds(2)):
        rounds.append(idle(bench, 0.030))
        values, counts = busy(bench, 2.0, 500)
        crowded.append(values)
        seen += counts
    show(bench, 'idle', rounds, 1)
    show(bench, f'with {statistics.median(seen):,.0f} in flight', crowded, 5)
