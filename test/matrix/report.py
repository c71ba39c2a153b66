"""What the matrix tells at its end: states by ways there, and all in all."""

from collections import Counter

from table import CONNECTIONS, STATES, TRANSPORTS

lines = []


def count(cells, outcomes):
    """For each state and way there: cells as expected, tried, and without sense."""
    good, tried, senseless = Counter(), Counter(), Counter()
    for (cell, _), outcome in outcomes.items():
        place = cell.state, cell.transport, cell.connection
        tried[place] += 1
        good[place] += not outcome.wrong and cell.allows(outcome.found)
    for cell in cells:
        senseless[cell.state, cell.transport, cell.connection] += cell.why_not is not None
    return good, tried, senseless


def row(name, texts):
    return f'{name:<12}' + ''.join(f'{text:>14}' for text in texts)


def note(cells, outcomes):
    """Keep what is to be told of these."""
    good, tried, senseless = count(cells, outcomes)
    ways = [(transport, connection) for transport in TRANSPORTS for connection in CONNECTIONS]
    lines.append('Fault matrix: cells as expected/tried (and those that make no sense)')
    lines.append(row('', (f'{transport} {connection}' for transport, connection in ways)))
    for state in STATES:
        places = [(state, *way) for way in ways]
        lines.append(row(state, (f'{good[place]}/{tried[place]} ({senseless[place]})' for place in places)))
    again = sum(outcome.tries > 1 for outcome in outcomes.values())
    lines.append(f'{sum(tried.values())} cells tried, {sum(good.values())} as expected, '
                 f'{sum(senseless.values())} make no sense; {again} tried again with more time')
    for (cell, _), outcome in outcomes.items():
        if outcome.wrong or not cell.allows(outcome.found):
            lines.append(f'{cell}: {outcome.found} {outcome.wrong}, not {cell.expected}')
