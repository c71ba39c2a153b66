"""Threads run out, from each on and each alone. Where the sender cannot have the first there is a clear error, and
nothing was sent; where it cannot have more it makes do with fewer, says so, and every message goes where it went."""

import pytest

from runs import LOCAL, MODULE, check, torture
from scenarios import Envelopes, Hung, Lines, Message, Named


def makes_do(run, scenario):
    check(run.code in (LOCAL, scenario.code), run, f'undisturbed the exit status is {scenario.code}')
    if run.code == LOCAL:
        check(not run.requests, run, 'it began, and did not make do with fewer threads')
    elif scenario.lines and run.failing.endswith('+') and run.failed:
        check('thread' in run.err, run, 'not a word of the threads that were wanting')


@pytest.mark.parametrize('later', ['+', ''])
@pytest.mark.parametrize('kind', [Message, Envelopes, Lines, Hung, *([Named] if MODULE else [])])
def test_threads_that_run_out_are_done_without(server, tmp_path, kind, later):
    scenario = kind(tmp_path).learn(server)
    calls = scenario.calls(server, 'threads:own,curl')
    orders = [f'threads:own,curl:{number}{later}' for number in range(1, calls + 1)]
    torture(f'{kind.__name__}, threads{later}, {calls} calls', scenario, server, orders, also=makes_do)
