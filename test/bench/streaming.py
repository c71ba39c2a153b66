"""A stream to one URL: how many messages a second and at what CPU time each, beside the peers; and whether the memory
grows with the length of the stream.

In every round each client sends its messages once, one client after another, and the next round begins with another
one. A rate is over the whole process, its start and its end included.
"""

import statistics

from process import CannotMeasure, Fed, run
from report import LEAST, MOST

BARS = {'bare loop': 0.85, 'Go net/http': 1.2, 'curl -Z': 1.8}
OURS = ('poolsend', 'the library')
DEFAULT_SLOTS = 64  # the program's own, for which the bars are meant
SAME = 1.1  # of two peaks that are to be the same


def poolsend(bench, slots, *urls):
    return bench.stream('--workers', str(slots), *urls)


class Client:
    """One way to send `count` messages; `expect` is how many lines it prints for each."""

    def __init__(self, name, bench, count, command, expect):
        self.name = name
        self.count = count
        self.source = bench.messages(count)
        self.command = command(self.source)
        self.expect = expect
        self.rates = []
        self.costs = []

    def measure(self):
        done = run(self.command, self.source)
        if self.expect is not None and done.lines != self.expect * self.count:
            raise CannotMeasure(f'{self.name} printed {done.lines} lines for {self.count} messages')
        self.rates.append(self.count / done.wall)
        self.costs.append(1e6 * done.cpu / self.count)


class Wrk(Client):
    """Told a time rather than a count, it says the rate itself."""

    def measure(self):
        done = run(self.command, keep=True)
        words = done.text.decode().split()
        if 'Non-2xx' in words:
            raise CannotMeasure('wrk was answered with another status than 200')
        rate = float(words[words.index('Requests/sec:') + 1])
        self.rates.append(rate)
        self.costs.append(1e6 * done.cpu / (rate * done.wall))


def clients(bench, slots):
    url, peers, size = bench.nginx.urls[0], bench.peers, bench.pick(100_000, 10_000)
    few, fewer = bench.pick(50_000, 5_000), bench.pick(10_000, 1_000)
    library = [Client('the library', bench, size, lambda source: peers.embedded(slots, source, url), None)]
    return [
        *(library if peers.embedded_program else []),
        Client('poolsend', bench, size, lambda source: poolsend(bench, slots, url), 2),
        Client('bare loop', bench, size, lambda source: peers.bare(slots, source, url), None),
        Client('bare loop with our header', bench, size, lambda source: peers.bare(slots, source, url, 'key'), None),
        Client('Go net/http', bench, size, lambda source: peers.go(slots, url), 1),
        Client('curl -Z', bench, few, lambda source: peers.curl(slots, source, url), 1),
        Client('aiohttp', bench, fewer, lambda source: peers.aiohttp(slots, url), 1),
        Wrk('wrk', bench, fewer, lambda source: peers.wrk(slots, source, url, bench.pick(2, 1)), None),
    ]


def measure_all(bench, section, runners):
    """A client that fails is left out from then on, and said so."""
    for number in range(bench.rounds(5)):
        shift = number % len(runners)
        for client in runners[shift:] + runners[:shift]:
            if client not in runners:
                continue
            try:
                client.measure()
                bench.progress(f'{section}, round {number + 1}: {client.name} {client.rates[-1]:.0f}/s, '
                               f'{client.costs[-1]:.1f} us each')
            except CannotMeasure as error:
                bench.report.fail(section, str(error))
                runners.remove(client)


def compare(bench, slots):
    section = f'a stream to one URL, {slots} at once, bodies of 200 bytes'
    runners = clients(bench, slots)
    measure_all(bench, section, runners)
    for client in runners:
        bench.report.row(section, f'{client.name}: messages/s', client.rates, '{:,.0f}')
        bench.report.row(section, f'{client.name}: CPU of the process, us a message', client.costs, '{:.1f}')
    ours = [client for client in runners if client.name in OURS]
    for client in ours:
        for peer in runners:
            if peer not in ours:
                ratios = [a / b for a, b in zip(client.rates, peer.rates)]
                bar = (LEAST, BARS[peer.name]) if slots == DEFAULT_SLOTS and peer.name in BARS else None
                bench.report.row(section, f'{client.name} against {peer.name}', ratios, bar=bar)


def measure_streams(bench):
    for slots in (16, DEFAULT_SLOTS):
        compare(bench, slots)


# ---- Flat memory

def peak(bench, count):
    """The most that was ever resident, in KiB, looked at when all is settled and the input still open."""
    with Fed(poolsend(bench, DEFAULT_SLOTS, bench.nginx.urls[0]), timeout=300) as program:
        program.feed_file(bench.messages(count))
        program.until('settled', count, 300)
        most = program.memory('VmHWM')
        program.end_input()
        program.succeeded()
    bench.progress(f'memory: {most} KiB after {count} messages')
    return most


def measure_flatness(bench):
    section = 'peak resident memory of a stream'
    short, long = 10_000, bench.pick(1_000_000, 100_000)
    shorts = [peak(bench, short) for _ in range(bench.rounds(3))]
    longs = [peak(bench, long)]
    bench.report.row(section, f'{short:,} messages, KiB', shorts, '{:,.0f}')
    bench.report.row(section, f'{long:,} messages, KiB', longs, '{:,.0f}')
    bench.report.row(section, 'the longer against the shorter (the same)', [longs[0] / statistics.median(shorts)],
                     bar=(MOST, SAME))
