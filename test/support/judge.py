"""Compares what poolsend tells of its attempts with what the servers saw of them.

Theory
======

The servers' log is the judge. For each message, and each endpoint, the attempts of the account are laid beside the
requests that came there (those that redirects led to belong to the one that was redirected). An endpoint is tried once
in a round: there is one of each, and a choice only after a retry. There the best fit counts, whatever the order, since
a server may read what an attempt sent that was given up when it has long answered the next; but an answer that the
account repeats fits its own request alone. More requests than attempts: something was sent twice.

What was seen of an attempt is one of these, and allows this fate:

    nothing                                                          unreached
    a request, and no whole final header sent to an open socket      unknown
    the header of a success                                          delivered
    502 or 504                                                       unknown, reason gateway
    a redirect, and nothing of the request that it asked for         rejected
    the header of anything else                                      rejected
    (where the body is tested: a whole one that fails the test       rejected
     one that did not come to its end                                unknown, reason truncated)

with the status that was sent, and where the account has the body of the answer, that of this very request. Whoever was
unreached has sent no byte. A body that came whole is the message's own.

Four cells besides are races or limits that no client can avoid, and no others are allowed:

    crossed    an answer was sent, the fate is unknown, reason timeout or cancelled: the answer crossed the limit. Not
               in a `patient` run, which has no limits that anything in it comes near.
    lost       nothing was seen (or nothing of what a redirect asked for), the fate is unknown: the request was on its
               way to a connection that the server was just closing without reading on. At most as many as there were
               such closings.
    too big    an answer was sent, the fate is unknown, reason protocol: the header, or the interim answers before it,
               had more bytes than poolsend takes, and the fault is one that sends so many.
    fragment   a part of a head was seen, which says nothing of whose it is: someone of whom nothing else was seen
               has to be unknown for it.

The account is also compared with itself: one settled for each message, numbers, winner, also_delivered, unknown, and
the start, finish and delivered events before it; nothing starts after the win.

A Judge may be fed while a run goes on, and forgets what it has judged: `settle_up`.
"""

from collections import Counter, defaultdict, namedtuple
from itertools import permutations
import time

from faults import TOO_BIG

Attempt = namedtuple('Attempt', 'number endpoint fate reason status started sent answer secure')

FATES = ('delivered', 'rejected', 'unreached', 'unknown')
EVIDENCE = ('nothing', 'no answer', 'success', 'gateway', 'redirect', 'refusal', 'failed test', 'no test')
ALLOWED = {
    'nothing': ('unreached',),
    'no answer': ('unknown',),
    'success': ('delivered',),
    'gateway': ('unknown',),
    'redirect': ('rejected',),
    'refusal': ('rejected',),
    'failed test': ('rejected',),
    'no test': ('unknown',),
}


def path_of(url):
    """The first segment of its path: the endpoint's name with the servers."""
    return url.split('/', 3)[3].partition('/')[0]


def attempt_of(told):
    """What is needed of an attempt in a settled event."""
    answer = told['response']
    return Attempt(told['attempt'], path_of(told['url']), told['fate'], told['reason'], told['status'],
                   told['started'], told['bytes_sent'], answer.get('seen') if isinstance(answer, dict) else None,
                   told['url'].startswith('https:'))


class Message:
    """What is known of one message."""

    __slots__ = ('starts', 'finishes', 'won', 'settled', 'settled_at', 'attempts', 'seen')

    def __init__(self):
        self.starts, self.finishes, self.won = {}, {}, None
        self.settled, self.settled_at, self.attempts, self.seen = None, 0.0, [], []


class Judge:
    """Hears the program's events, looks at the witness's log, and keeps what does not fit together in `mismatches`.

    followed  redirects are
    tested    the verdict on a success depends on /ok in its body
    started   start and finish events are told
    patient   no attempt is ever cut short
    body_of   a function from a settled event to the hash of the message's body, or None
    """

    def __init__(self, witness, followed=False, tested=False, started=False, patient=False, body_of=None):
        self.witness, self.followed, self.tested, self.started = witness, followed, tested, started
        self.patient, self.body_of = patient, body_of
        self.messages = defaultdict(Message)
        self.judged = set()      # ids
        self.lines = Counter()   # settled or refused
        self.mismatches = []
        self.cells = Counter()   # (fate, evidence)
        self.races = Counter()
        self.missing = Counter()  # by endpoint: attempts of which nothing was seen, and that are unknown
        self.outcomes = Counter()
        self.attempts = 0

    def complain(self, what, of):
        self.mismatches.append(f'{what}: {of}')

    # ---- What comes in

    def hear(self, event):
        kind = event['event']
        if kind == 'refused':
            self.lines[event['line']] += 1
            self.outcomes['refused'] += 1
            return
        message = self._message(event)
        if message:
            getattr(self, f'_hear_{kind}')(message, event)

    def _message(self, event):
        name = event['message']
        if name in self.judged or self.messages[name].settled:
            self.complain('told after its message had settled', event)
            return None
        return self.messages[name]

    def _hear_start(self, message, event):
        if event['attempt'] in message.starts:
            self.complain('started twice', event)
        message.starts[event['attempt']] = path_of(event['url'])

    def _hear_finish(self, message, event):
        if event['attempt'] in message.finishes:
            self.complain('finished twice', event)
        message.finishes[event['attempt']] = (event['fate'], event['reason'], event['status'])

    def _hear_delivered(self, message, event):
        if message.won:
            self.complain('won twice', event)
        message.won = (event['attempt'], event['t'])

    def _hear_settled(self, message, event):
        message.attempts = [attempt_of(told) for told in event['attempts']]
        message.settled = {key: event[key] for key in ('message', 'outcome', 'winner', 'also_delivered', 'unknown')}
        message.settled['body'] = self.body_of(event) if self.body_of else None
        message.settled_at = time.monotonic()
        if 'line' in event:
            self.lines[event['line']] += 1
        self._compare_with_itself(message)

    def look(self):
        """Take what the servers have seen by now."""
        fresh = self.witness.fresh
        while fresh:
            seen = fresh.popleft()
            if seen.id in self.judged:
                self.complain('seen long after its message had settled', seen)
            else:
                self.messages[seen.id].seen.append(seen)

    # ---- The account and itself

    def _compare_with_itself(self, message):
        settled, attempts = message.settled, message.attempts
        fates = defaultdict(list)
        for attempt in attempts:
            fates[attempt.fate].append(attempt.number)
        winner, (won, at) = settled['winner'], message.won or (None, None)
        checks = {
            'attempts are not numbered from 1': [each.number for each in attempts] == list(range(1, len(attempts) + 1)),
            'the winner is not the one that was told': winner == won,
            'the winner was not delivered': winner is None or winner in fates['delivered'],
            'delivered, and nobody won': winner or not fates['delivered'],
            'the outcome is not the winner\'s': settled['outcome'] == ('delivered' if winner else 'undelivered'),
            'also_delivered is wrong': settled['also_delivered'] == [n for n in fates['delivered'] if n != winner],
            'unknown is wrong': settled['unknown'] == fates['unknown'],
            'something started after the win': won is None or all(each.started <= at + 0.001 for each in attempts),
            'started otherwise': not self.started or message.starts == {
                each.number: each.endpoint for each in attempts},
            'finished otherwise': not self.started or message.finishes == {
                each.number: (each.fate, each.reason, each.status) for each in attempts},
        }
        for what, holds in checks.items():
            if not holds:
                self.complain(what, (settled, attempts))

    # ---- The account and the log

    def settle_up(self, age=0.0):
        """Judge the messages that settled so long ago, and forget them."""
        self.look()
        before = time.monotonic() - age
        ripe = [name for name, message in self.messages.items() if message.settled and message.settled_at <= before]
        for name in ripe:
            self._judge(self.messages.pop(name))
            self.judged.add(name)

    def finish(self, lines=None):
        """Judge the rest. `lines` of the input were taken up: each was settled or refused, once."""
        self.settle_up()
        for name, message in self.messages.items():
            self.complain('never settled' if message.starts or message.won else 'seen and never told',
                          (name, message.seen))
        for line in range(1, (lines or 0) + 1):
            if self.lines[line] != 1:
                self.complain(f'told of {self.lines[line]} times, not once', f'line {line}')
        if lines is not None and any(line > lines for line in self.lines):
            self.complain('a line that was not read', max(self.lines))
        for problem in self.witness.malformed:
            self.complain('no request', problem)
        self._compare_missing()

    def _judge(self, message):
        self.outcomes[message.settled['outcome']] += 1
        self.outcomes['undelivered, perhaps'] += not message.settled['winner'] and bool(message.settled['unknown'])
        self.attempts += len(message.attempts)
        chains = self._chains(message)
        for endpoint in {each.endpoint for each in message.attempts} | set(chains):
            attempts = [each for each in message.attempts if each.endpoint == endpoint]
            self._lay_side_by_side(message, attempts, chains.get(endpoint, []))

    def _chains(self, message):
        """By endpoint, the requests; each with those that its redirects led to."""
        chains, chain_of = defaultdict(list), {}
        for seen in sorted(message.seen, key=lambda each: each.number):
            self._check_body(message, seen)
            previous = chain_of.get(seen.hop)
            if seen.hop is None:
                chain = [seen]
                chains[seen.endpoint].append(chain)
            elif previous and previous[-1].number == seen.hop and self.followed:
                chain = previous
                chain.append(seen)
            else:
                self.complain('a redirect was followed that was not there, or twice', (message.attempts, seen))
                continue
            chain_of[seen.number] = chain
        return chains

    def _check_body(self, message, seen):
        wanted = message.settled['body']
        if None not in (wanted, seen.body) and wanted != seen.body:
            self.complain('came with another body', (message.settled, seen))

    def _lay_side_by_side(self, message, attempts, chains):
        if len(chains) > len(attempts):
            self.complain('seen more often than told', (message.settled['message'], attempts, chains))
            return
        fits = (self._fit(attempts, dict(zip(places, chains)))
                for places in permutations(range(len(attempts)), len(chains)))
        wrong, missing, cells, races = min(fits, key=lambda fit: (len(fit[0]), len(fit[1])))
        self.cells.update(cells)
        self.races.update(races)
        self.missing.update(missing)
        for what, attempt, chain in wrong:
            self.complain(what, (message.settled['message'], attempt, chain))

    def _fit(self, attempts, chains):
        """How well the attempts fit, if those at these places are the ones that were seen."""
        wrong, missing, cells, races = [], [], [], []
        for place, attempt in enumerate(attempts):
            chain = chains.get(place, [])
            evidence = self._evidence(chain)
            cells.append((attempt.fate, evidence))
            race = self._race(attempt, chain, evidence)
            if race:
                races.append(race)
            if race == 'lost':
                missing.append(attempt.endpoint)
            what = '' if race else self._verdict(attempt, chain, evidence)
            if what:
                wrong.append((what, attempt, chain))
        return wrong, missing, cells, races

    def _evidence(self, chain):
        if not chain:
            return 'nothing'
        last = chain[-1]
        if last.status is None:
            return 'no answer'
        if last.status // 100 == 2:
            return self._evidence_of_body(last) if self.tested else 'success'
        if last.status in (502, 504):
            return 'gateway'
        return 'redirect' if self.followed and last.status // 100 == 3 else 'refusal'

    @staticmethod
    def _evidence_of_body(seen):
        """What is not JSON as a whole cannot be tested."""
        if seen.status == 204 or not seen.whole or seen.kind in (
                'a broken chunk', 'a body shorter than it says', 'a body longer than it says', 'a body without end'):
            return 'no test'
        return 'success' if seen.good else 'failed test'

    @staticmethod
    def _verdict(attempt, chain, evidence):
        """What is wrong with the account of this attempt; '' if nothing is."""
        if attempt.fate not in ALLOWED[evidence]:
            return f'{attempt.fate}, and seen was: {evidence}'
        if bool(attempt.sent) != bool(chain):
            return f'{attempt.sent} bytes sent, and {len(chain)} requests seen'
        status = chain[-1].status if chain else None
        if evidence != 'no answer' and attempt.status != status:
            return f'status {attempt.status}, not {status}'
        if attempt.answer is not None and attempt.answer != chain[-1].number:
            return f'the answer to request {attempt.answer}'
        return ''

    def _race(self, attempt, chain, evidence):
        """The name of the race that excuses an attempt that is unknown, or ''."""
        if attempt.fate != 'unknown' or evidence == 'no answer':
            return ''
        if evidence in ('gateway', 'no test') and attempt.status == chain[-1].status:
            return ''
        if evidence == 'nothing' and attempt.secure and not attempt.sent:
            return 'handed on'  # to TLS, which does not tell before it has taken all of it
        if evidence == 'nothing':
            return 'lost' if attempt.sent else ''
        if attempt.reason == 'protocol' and chain[-1].kind in TOO_BIG:
            return 'too big'
        limit = attempt.reason in ('timeout', 'cancelled') or (self.tested and attempt.reason == 'truncated')
        if limit and not self.patient:
            return 'crossed'
        return 'lost' if evidence == 'redirect' else ''

    def _compare_missing(self):
        """No more than the servers may have lost; and somebody for each fragment."""
        if self.followed:  # to whichever server
            lost, fragments = self.witness.lost.total(), self.witness.fragments.total()
            pairs = [('all', self.missing.total(), lost, fragments)]
        else:
            pairs = [(name, self.missing[name], self.witness.lost[name], self.witness.fragments[name])
                     for name in {*self.missing, *self.witness.fragments}]
        for name, missing, lost, fragments in pairs:
            if missing > lost + fragments:
                self.complain(f'{missing} unknown, and at most {lost + fragments} can have been lost', name)
            if missing < fragments:
                self.complain(f'{fragments} fragments seen, and {missing} unknown', name)
