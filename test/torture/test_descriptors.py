"""Descriptors run out: each that is asked for, and all from each of them on; and with a limit that leaves so few."""

import os
import resource

import pytest

from harness import heed_signals
from runs import MODULE, Run, sample, torture
from scenarios import Envelopes, Lines, Message, Named, Secure, Words

# Enough for the workers that are asked for, so that nobody is refused before anything begins.
LIMIT = 400

# With none left the program cannot be loaded; with so many it lacks nothing.
MOST_LEFT = 24


@pytest.mark.parametrize('later', ['+', ''])
@pytest.mark.parametrize('kind', [Message, Words, Envelopes, Lines, *([Named] if MODULE else [])])
def test_descriptors_that_are_refused_lose_nothing(server, tmp_path, kind, later):
    scenario = kind(tmp_path).learn(server)
    calls = scenario.calls(server, 'descriptors:own,curl')
    orders = [f'descriptors:own,curl:{number}{later}' for number in range(1, calls + 1)]
    torture(f'{kind.__name__}, descriptors{later}, {calls} calls', scenario, server, orders)


OF_SANITIZER = 4  # which looks for leaks at the end, and without a descriptor does so for ever


def leave(free):
    """In the child: so many descriptors, and no more, are to be had. All others are taken, those too that end here."""
    def prepare():
        heed_signals()
        resource.setrlimit(resource.RLIMIT_NOFILE, (LIMIT, LIMIT))
        for number in range(3, LIMIT - free):
            os.dup2(0, number)
        os.closerange(LIMIT - free, LIMIT)
    return prepare


@pytest.mark.parametrize('kind', [Message, Envelopes, Lines, Secure])
def test_a_limit_that_leaves_few_descriptors_loses_nothing(server, tmp_path, kind):
    def make(scenario, its_server, left):
        return Run(scenario, its_server, prepare=leave(left))
    scenario = kind(tmp_path)
    with scenario.serving(server) as its_server:
        torture(f'{kind.__name__}, with 1 to {MOST_LEFT} descriptors', scenario.learn(its_server), its_server,
                [left for left in sample(MOST_LEFT, 2) if MODULE or left > OF_SANITIZER], make=make)
