"""One message against the curl tool: what the bench `oneshot` beside this file prints, held against the bars."""

import pathlib
import re

from process import build, environment
from report import MOST

HERE = pathlib.Path(__file__).resolve().parent
LINE = re.compile(r'^  (wall|CPU) +poolsend +([\d.]+) ms +curl +([\d.]+) ms')


def bar_of(title):
    return 0.5 if title.startswith('https') else 1.1


def measure_one(bench):
    section, title = 'one message, against the curl tool', ''
    text = build([str(HERE / 'oneshot'), bench.program, str(bench.pick(40, 5))], env=environment())
    for line in text.splitlines():
        found = LINE.match(line)
        if not found:
            title = line.partition(',')[0]
            continue
        what, ours, theirs = found.groups()
        bench.report.row(section, f'{title}: {what} ({ours} ms against {theirs} ms)', [float(ours) / float(theirs)],
                         bar=(MOST, bar_of(title)))
        bench.progress(line.strip())
