"""What was measured, beside the bars: a table in Markdown, and everything as JSON."""

import json
import os
import pathlib
import platform
import statistics
import subprocess
import time

# What a bar asks of the median.
LEAST, MOST = '>=', '<='


def first_line(*command):
    try:
        done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=20,
                              check=False)
        return done.stdout.strip().splitlines()[0]
    except (OSError, IndexError, subprocess.TimeoutExpired):
        return 'unknown'


def describe_machine():
    cpus = pathlib.Path('/proc/cpuinfo').read_text(encoding='utf-8', errors='replace').splitlines()
    model = next((line.split(':', 1)[1].strip() for line in cpus if line.startswith('model name')), platform.machine())
    libcurl = [word for word in first_line('curl', '--version').split() if word.startswith(('libcurl', 'OpenSSL'))]
    return {
        'cpu': model,
        'cores': len(os.sched_getaffinity(0)),
        'kernel': platform.release(),
        'libcurl': ' '.join(libcurl),
        'nginx': first_line('nginx', '-v').rpartition('/')[2],
        'go': first_line('go', 'version').split()[2],
        'load average at the start': ' '.join(f'{load:.2f}' for load in os.getloadavg()),
        'date': time.strftime('%Y-%m-%d'),
    }


class Report:
    def __init__(self, subject, machine):
        self.subject = subject
        self.machine = machine
        self.rows = []
        self.failures = []
        self.notes = []
        if os.getloadavg()[0] > 0.5 * machine['cores']:
            self.note('The machine was busy with other work at the start: the figures are not to be relied on.')

    def row(self, section, what, values, shape='{:.2f}', bar=None):
        """`values` are of the rounds; `bar` is (LEAST or MOST, number), and the median is held against it."""
        middle = statistics.median(values)
        met = None if bar is None else (middle >= bar[1] if bar[0] == LEAST else middle <= bar[1])
        self.rows.append({'section': section, 'what': what, 'median': middle, 'values': list(values), 'shape': shape,
                          'bar': bar, 'met': met})

    def fail(self, section, why):
        self.failures.append({'section': section, 'why': why})

    def note(self, text):
        self.notes.append(text)

    # ---- Showing

    @staticmethod
    def _cells(row):
        show = row['shape'].format
        low, high = min(row['values']), max(row['values'])
        spread = '' if len(row['values']) == 1 else f'{show(low)} to {show(high)}'
        bar = '' if row['bar'] is None else f'{row["bar"][0]} {show(row["bar"][1])}'
        verdict = {None: '', True: 'met', False: '**missed**'}[row['met']]
        return [row['what'], show(row['median']), spread, bar, verdict]

    def markdown(self):
        machine = self.machine
        yield (f'{machine["cpu"]}, {machine["cores"]} cores, Linux {machine["kernel"]}, {machine["libcurl"]}, '
               f'nginx {machine["nginx"]}, {machine["go"]}; load average at the start '
               f'{machine["load average at the start"]}; {machine["date"]}. Measured: {self.subject}.')
        yield ''
        yield '| what | median | spread | bar | |'
        yield '|---|---|---|---|---|'
        section = None
        for row in self.rows:
            if row['section'] != section:
                section = row['section']
                yield f'| *{section}* | | | | |'
            yield '| ' + ' | '.join(self._cells(row)) + ' |'
        for note in self.notes:
            yield f'\n{note}'
        for failure in self.failures:
            yield f'\n**Not measured**: {failure["section"]}: {failure["why"]}'

    def write_json(self, path):
        with open(path, 'w', encoding='utf-8') as out:
            json.dump({'subject': self.subject, 'machine': self.machine, 'rows': self.rows, 'notes': self.notes,
                       'failures': self.failures}, out, indent=2)
            out.write('\n')
