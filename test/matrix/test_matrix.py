"""Every cell of the fault matrix, against the real program.

All cells are tried before the first test looks at one, many at a time, since most of their time is spent waiting. The
report at the end counts them.

LENGTH=full  tries them three times, with other bodies and times
ONE_IN=N     tries one in N
NAMES_MODULE the module of test/support/slow_names.c, as it was built
"""

from concurrent.futures import ThreadPoolExecutor
import os
import pathlib

import pytest

import report
from cells import Kit, Timing, try_cell
from table import CONNECTIONS, ELSEWHERE, STATES, TRANSPORTS, all_cells, seen_less

AT_ONCE = 8
# The sender's buffer holds some of a body that nobody reads.
BUFFER = int(pathlib.Path('/proc/sys/net/ipv4/tcp_wmem').read_text().split()[2])
SHORT, LONG = min(BUFFER + 1_000_000, 15_000_000), 15_000_000
TIMINGS = {
    'short': [Timing(0.5, SHORT)],
    'full': [Timing(0.5, SHORT), Timing(1.5, LONG), Timing(0.3, LONG)],
}[os.environ.get('LENGTH', 'short')]

CELLS = all_cells()
TRIED = [(cell, timing) for timing in TIMINGS for cell in CELLS if cell.expected]


@pytest.fixture(scope='module')
def outcomes(request, tmp_path_factory):
    """The outcomes of all cells that were chosen."""
    directory = tmp_path_factory.mktemp('matrix')
    kit = Kit(directory)
    chosen = [item.callspec.params['tried'] for item in request.session.items if 'tried' in item.fixturenames]
    with ThreadPoolExecutor(AT_ONCE) as executor:
        futures = {tried: executor.submit(try_cell, tried[0], kit, tried[1], directory / str(number))
                   for number, tried in enumerate(chosen)}
    found = {tried: future.result() for tried, future in futures.items()}
    report.note(CELLS, found)
    return found


@pytest.mark.parametrize('tried', TRIED, ids=lambda tried: f'{tried[0]}, {tried[1].seconds} s')
def test_cell(tried, outcomes):
    cell, outcome = tried[0], outcomes[tried]
    assert not outcome.wrong, outcome
    assert cell.allows(outcome.found), (outcome.found, cell.expected, cell.reasons, outcome.account)


def test_each_state_meets_each_fault_over_each_way_there_or_it_is_said_why_not():
    places = [(cell.state, cell.fault, cell.transport, cell.connection) for cell in CELLS]
    assert len(set(places)) == len(places) == len(STATES) * len(ELSEWHERE) * len(TRANSPORTS) * len(CONNECTIONS)
    assert all(cell.expected or cell.why_not for cell in CELLS)


def test_what_a_version_sees_less_of_is_a_cell_with_its_own_reason_among_the_right_ones():
    right = {(cell.state, cell.fault, cell.transport): cell.expected[1] for cell in CELLS if cell.expected}
    assert all(right[place] in reasons for place, reasons in seen_less().items())


def test_a_request_is_expected_once_at_most_but_for_redirects():
    assert all(cell.expected[2] <= 1 or cell.fault == 'redirect loop' for cell, _ in TRIED)
