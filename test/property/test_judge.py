"""The comparison itself can fail: one thing changed in an account, or in the servers' log, is found out.

A small story is told in which everything fits; each test changes one thing in it. Where a fate is changed, the lists,
the winner and the events follow from it, so that only the log can tell.
"""

import pytest

from faults import Seen, Witness
from judge import ALLOWED, Judge
from server import Request

# By message, its attempts: endpoint, fate, reason, status, and what the server there saw: nothing, or what it answered.
NOTHING, SILENCE = 'nothing', None
STORY = {
    'won': [('e0', 'delivered', 'ok', 200, 200)],
    'also': [('e0', 'delivered', 'ok', 201, 201), ('e1', 'delivered', 'truncated', 200, 200)],
    'late': [('e0', 'unknown', 'reset', None, SILENCE), ('e1', 'delivered', 'ok', 200, 200)],
    'failed': [('e0', 'rejected', 'status', 404, 404), ('e1', 'unreached', 'connect', None, NOTHING)],
    'silent': [('e0', 'unknown', 'timeout', None, SILENCE), ('e1', 'unknown', 'gateway', 502, 502)],
    'retried': [('e0', 'unreached', 'connect', None, NOTHING), ('e0', 'rejected', 'status', 500, 500),
                ('e0', 'delivered', 'ok', 200, 200)],
    'followed': [('e0', 'rejected', 'redirect', 307, 307), ('e1', 'delivered', 'ok', 200, 200)],
}
LINES = len(STORY) + 1  # the last is refused


def told(number, endpoint, fate, reason, status, seen, answer):
    """An attempt as a settled event has it."""
    return {'attempt': number, 'endpoint': endpoint, 'url': f'http://127.0.0.1:1/{endpoint}', 'fate': fate,
            'reason': reason, 'status': status, 'started': number / 10, 'bytes_sent': 0 if seen == NOTHING else 100,
            'response': {'seen': answer} if status else None}


def request_seen(number, message, endpoint, status, hop=None, body=None):
    path = f'/{endpoint}' if hop is None else f'/{endpoint}/{hop}'
    request = Request('POST', path, 'HTTP/1.1', [('Idempotency-Key', message)], 0, 1, 0.0, complete=True,
                      body=(body or message).encode(), answered=status, whole=True)
    seen = Seen(number, request, endpoint, hop)
    seen.end(request)
    return seen


class Tale:
    """The story, and the log; the events are made of it when it is judged."""

    def __init__(self):
        self.witness = Witness('told')
        self.seen, self.attempts, number = [], {}, 0
        for message, attempts in STORY.items():
            self.attempts[message] = []
            for place, (endpoint, fate, reason, status, seen) in enumerate(attempts, 1):
                number += seen != NOTHING
                self.attempts[message].append(told(place, endpoint, fate, reason, status, seen, number))
                if seen != NOTHING:
                    self.seen.append(request_seen(number, message, endpoint, seen))
        self.doctors = []  # of the events
        self.patient = False

    def log(self, message, status=200):
        """The request of a message that was answered so."""
        found, = [seen for seen in self.seen if (seen.id, seen.status) == (message, status)]
        return found

    def events(self):
        for line, (message, attempts) in enumerate(self.attempts.items(), 1):
            yield from events_of(message, line, attempts)
        yield {'event': 'refused', 'line': LINES, 'reason': 'an empty line'}

    def mismatches(self):
        judge = Judge(self.witness, followed=True, started=True, patient=self.patient,
                      body_of=lambda event: hash(event['message'].encode()))
        events = list(self.events())
        for doctor in self.doctors:
            events = doctor(events)
        for event in events:
            judge.hear(event)
        self.witness.fresh.extend(self.seen)
        judge.finish(LINES)
        return judge.mismatches


def events_of(message, line, attempts):
    head = {'message': message, 'line': line}
    for each in attempts:
        yield {'event': 'start', **head, **{key: each[key] for key in ('attempt', 'endpoint', 'url')}}
    for each in attempts:
        yield {'event': 'finish', **head, **{key: each[key] for key in ('attempt', 'fate', 'reason', 'status')}}
    delivered = [each['attempt'] for each in attempts if each['fate'] == 'delivered']
    winner = delivered[-1] if delivered else None
    if winner:
        yield {'event': 'delivered', **head, 'attempt': winner, 't': 1.0}
    yield {'event': 'settled', **head, 'outcome': 'delivered' if winner else 'undelivered', 'winner': winner,
           'also_delivered': delivered[:-1], 'attempts': attempts,
           'unknown': [each['attempt'] for each in attempts if each['fate'] == 'unknown']}


@pytest.fixture
def tale():
    return Tale()


def assert_found(tale, words):
    assert any(words in mismatch for mismatch in tale.mismatches()), tale.mismatches()


def test_story_as_it_was_fits(tale):
    assert tale.mismatches() == []


# ---- Fates

REASONS = {'delivered': 'ok', 'rejected': 'status', 'unreached': 'connect', 'unknown': 'reset'}
SAMPLES = {'success': ('won', 1), 'refusal': ('failed', 1), 'nothing': ('failed', 2), 'no answer': ('silent', 1),
           'gateway': ('silent', 2), 'redirect': ('followed', 1)}


@pytest.mark.parametrize('evidence, fate', [(evidence, fate) for evidence in SAMPLES for fate in REASONS
                                            if fate not in ALLOWED[evidence]])
def test_fate_is_found_out_that_the_log_does_not_bear_out(tale, evidence, fate):
    message, number = SAMPLES[evidence]
    tale.attempts[message][number - 1].update(fate=fate, reason=REASONS[fate])
    (found,) = tale.mismatches()
    # An unknown attempt that nobody saw, or whose redirect led nowhere, may have been lost: but nothing was.
    assert 'can have been lost' in found or f'{fate}, and seen was: {evidence}' in found


# ---- The account

def change(tale, message, number, **changes):
    tale.attempts[message][number - 1].update(changes)


def cross(tale):
    change(tale, 'won', 1, fate='unknown', reason='timeout', status=None, response=None)


def drop(kind, message=None):
    return lambda events: [event for event in events if not (
        event['event'] == kind and message in (None, event.get('message')))]


def again(kind, message):
    return lambda events: [event for each in events for event in [each] * (
        2 if each['event'] == kind and each.get('message') == message else 1)]


def alter(kind, message, **changes):
    return lambda events: [{**event, **changes} if event['event'] == kind and event.get('message') == message
                           else event for event in events]


EVENTS = {
    'a settled that is missing': (drop('settled', 'won'), 'never settled'),
    'a settled that comes twice': (again('settled', 'won'), 'told after its message had settled'),
    'a delivered that is missing': (drop('delivered', 'won'), 'the winner is not the one that was told'),
    'a delivered that comes twice': (again('delivered', 'won'), 'won twice'),
    'a start that is missing': (drop('start', 'failed'), 'started otherwise'),
    'a start that comes twice': (again('start', 'won'), 'started twice'),
    'a finish that is missing': (drop('finish', 'failed'), 'finished otherwise'),
    'a finish with another fate': (alter('finish', 'won', fate='rejected'), 'finished otherwise'),
    'a refused line that is missing': (drop('refused'), f'line {LINES}'),
    'another winner': (alter('settled', 'also', winner=1), 'the winner is not the one that was told'),
    'a winner that was not delivered': (alter('settled', 'failed', winner=1), 'the winner was not delivered'),
    'no winner where somebody was delivered': (alter('settled', 'won', winner=None), 'delivered, and nobody won'),
    'another outcome': (alter('settled', 'won', outcome='undelivered'), 'the outcome is not the winner\'s'),
    'also_delivered without one': (alter('settled', 'also', also_delivered=[]), 'also_delivered is wrong'),
    'unknown without one': (alter('settled', 'late', unknown=[]), 'unknown is wrong'),
    'a win before the attempt': (alter('delivered', 'also', t=0.05), 'something started after the win'),
}


@pytest.mark.parametrize('what', EVENTS)
def test_account_is_found_out_that_has(tale, what):
    doctor, words = EVENTS[what]
    tale.doctors.append(doctor)
    assert_found(tale, words)


ACCOUNT = {
    'an attempt that is not told of': (
        lambda tale: tale.attempts['late'].pop(0), 'seen more often than told'),
    'an attempt that is told of once too often': (
        lambda tale: tale.attempts['won'].append({**tale.attempts['won'][0], 'attempt': 2}), 'seen was: nothing'),
    'another status': (lambda tale: change(tale, 'failed', 1, status=403), 'status 403, not 404'),
    'another endpoint': (
        lambda tale: change(tale, 'won', 1, url='http://127.0.0.1:1/e1'), 'seen more often than told'),
    'the answer to another request': (
        lambda tale: change(tale, 'won', 1, response={'seen': 2}), 'the answer to request 2'),
    'bytes sent to whom nothing was sent': (
        lambda tale: change(tale, 'failed', 2, bytes_sent=7), '7 bytes sent, and 0 requests seen'),
    'a timeout where there is no limit': (
        lambda tale: (setattr(tale, 'patient', True), cross(tale)), 'unknown, and seen was: success'),
    'an answer that is too big from a server that sent no such': (
        lambda tale: change(tale, 'won', 1, fate='unknown', reason='protocol'), 'unknown, and seen was: success'),
}


@pytest.mark.parametrize('what', ACCOUNT)
def test_account_is_found_out_that_tells(tale, what):
    doctor, words = ACCOUNT[what]
    doctor(tale)
    assert_found(tale, words)


# ---- The log

LOG = {
    'a request twice': (
        lambda tale: tale.seen.append(request_seen(90, 'won', 'e0', 200)), 'seen more often than told'),
    'a request to an endpoint that was not tried': (
        lambda tale: tale.seen.append(request_seen(90, 'won', 'e3', None)), 'seen more often than told'),
    'a request of a message that nobody told of': (
        lambda tale: tale.seen.append(request_seen(90, 'nobody', 'e0', 200)), 'seen and never told'),
    'no request where one was delivered': (
        lambda tale: tale.seen.remove(tale.log('won')), 'delivered, and seen was: nothing'),
    'no request where there was no answer': (
        lambda tale: tale.seen.remove(tale.log('silent', None)), '1 unknown, and at most 0 can have been lost'),
    'another answer': (lambda tale: setattr(tale.log('won'), 'status', 204), 'status 200, not 204'),
    'no answer': (lambda tale: setattr(tale.log('won'), 'status', None), 'delivered, and seen was: no answer'),
    'the body of another message': (lambda tale: setattr(tale.log('won'), 'body', 1), 'came with another body'),
    'a redirect that was followed twice': (
        lambda tale: tale.seen.extend(request_seen(number, 'followed', 'e0', 404, hop=tale.log('followed', 307).number)
                                      for number in (90, 91)), 'a redirect was followed that was not there, or twice'),
    'a redirect that was not asked for': (
        lambda tale: tale.seen.append(request_seen(90, 'won', 'e0', 200, hop=77)),
        'a redirect was followed that was not there'),
    'a part of a head that nobody sent': (
        lambda tale: tale.witness.fragments.update(['e1']), '1 fragments seen, and 0 unknown'),
    'what is no request': (lambda tale: tale.witness.malformed.append('no request line'), 'no request line'),
}


@pytest.mark.parametrize('what', LOG)
def test_log_is_found_out_that_has(tale, what):
    doctor, words = LOG[what]
    doctor(tale)
    assert_found(tale, words)


# ---- What is allowed besides

RACES = {
    'crossed': lambda tale: cross(tale),
    'too big': lambda tale: (setattr(tale.log('won'), 'kind', 'a header too big'),
                             change(tale, 'won', 1, fate='unknown', reason='protocol', status=None, response=None)),
    'crossed after a redirect': lambda tale: (
        tale.seen.append(request_seen(90, 'followed', 'e0', 504, hop=tale.log('followed', 307).number)),
        change(tale, 'followed', 1, fate='unknown', reason='timeout', response=None)),
    'lost': lambda tale: (tale.seen.remove(tale.log('silent', None)), tale.witness.lost.update(['e0'])),
}


@pytest.mark.parametrize('race', RACES)
def test_race_is_allowed(tale, race):
    RACES[race](tale)
    assert tale.mismatches() == []


def test_message_seen_again_after_it_was_judged_is_found_out(tale):
    judge = Judge(tale.witness, followed=True)
    for event in tale.events():
        judge.hear(event)
    tale.witness.fresh.extend(tale.seen)
    judge.settle_up()
    assert not judge.messages
    tale.witness.fresh.append(tale.log('won'))
    judge.finish(LINES)
    assert [mismatch.partition(':')[0] for mismatch in judge.mismatches] == ['seen long after its message had settled']
