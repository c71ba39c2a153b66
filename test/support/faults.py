"""Random faults for the servers of a test, and a witness of all that reached them.

What becomes of a request is drawn when it arrives, by the server, from a generator that is seeded by the test's seed,
the message, the endpoint and how often that message came there: a run with the same seed and the same ids meets the
same faults, however its threads take turns. What becomes of a connection is drawn by its number.

A `Witness` belongs to one run of the program and to all servers of it. It has one `Seen` for each request of which a
whole head has arrived, made before anything is answered, so that nothing that a client can know of is missing there.
`Seen.status` is the evidence that counts: the status of a final head that was sent to its last byte while the peer had
not closed. A request that has none has not been answered, whatever was tried.

Requests come to /ENDPOINT, and after a redirect to /ENDPOINT/NUMBER with the number of the request that was
redirected: so the requests of one attempt are known from each other. The body of an answer has the number too, which
the program's account repeats: an answer is known from another's.
"""

from collections import Counter, deque
import json
import random
import socket
import threading

from server import Server, parse_step

# What a server may do with a request, in groups. A name is what the figures count; a step is what server.py says of it.
GROUPS = {
    'good': {
        'a success': '',
        'created': 'status=201',
        'a success without a body': 'status=204',
        'a success in chunks': 'chunked=1',
        'a success that ends the connection': 'keepalive=0',
        'a success, and the connection closed against the promise': 'keepalive=lie',
        'a success after interim answers': 'continue=3',
    },
    'refusal': {
        'status 400': 'status=400',
        'status 404 in chunks': 'status=404&chunked=1',
        'status 500': 'status=500',
        'status 500 that ends the connection': 'status=500&keepalive=0',
        'status 429 with Retry-After': 'status=429&header=Retry-After:1',
        'status 503, and the connection closed against the promise': 'status=503&keepalive=lie',
        'status 502': 'status=502',
        'status 504': 'status=504',
        'redirected by 302': 'status=302',
        'redirected by 307': 'status=307',
    },
    'broken': {
        'closed before the body': 'close=before',
        'closed without an answer': 'close=after',
        'reset before the body': 'reset=before',
        'reset without an answer': 'reset=after',
        'a header cut': 'headers=cut',
        'headers without end': 'headers=endless',
        'a header too big': 'headers=big:300000',
        'a flood of interim answers': 'continue=20000',
        'no HTTP': 'garbage=1',
    },
    'silent': {
        'hangs before the body': 'hang=read',
        'hangs without an answer': 'hang=request',
        'a header that drips': 'headers=drip',
    },
    'body': {
        'a success cut': 'body_cut=3',
        'a failure cut': 'status=400&body_cut=3',
        'a broken chunk': 'chunk=bad',
        'a body longer than it says': 'length=3',
        'a body without end': 'body_endless=1',
    },
    'slow body': {
        'hangs before the body of a success': 'hang=headers',
        'hangs in the body of a success': 'hang=body',
        'hangs in the body of a failure': 'status=500&hang=body',
        'a body that drips': 'drip=0.05',
        'a body shorter than it says': 'length=100000',
    },
}
HARMLESS = 'a success'
TOO_BIG = {'a header too big', 'a flood of interim answers'}

STEPS = {kind: parse_step(step, strict=True) for kinds in GROUPS.values() for kind, step in kinds.items()}

# How an endpoint behaves: the weights of the groups, how many connections of a hundred meet with an accident, and with
# which. A prompt one keeps nobody waiting.
QUICK = ('reset', 'close')
ACCIDENTS = (*QUICK, 'hang', 'tls-hang')
MANNERS = {
    'fair': ({'good': 80, 'refusal': 7, 'broken': 6, 'silent': 1, 'body': 4, 'slow body': 2}, 4, ACCIDENTS),
    'rough': ({'good': 40, 'refusal': 20, 'broken': 20, 'silent': 4, 'body': 8, 'slow body': 8}, 15, ACCIDENTS),
    'prompt': ({'good': 40, 'refusal': 20, 'broken': 25, 'body': 15}, 15, QUICK),
    'refusing': ({'good': 10, 'refusal': 70, 'broken': 20}, 5, ACCIDENTS),
    'hung': ({'good': 40, 'refusal': 5, 'broken': 5, 'silent': 45, 'body': 5}, 10, ACCIDENTS),
    'dead': ({'silent': 1}, 0, ()),
}

# Connections that may be half made when a server stops.
HALF_MADE = 2

DELAYED = 0.3       # the share of requests that are made to wait
LONGEST_DELAY = 2.0


class Seen:
    """A request of which the head came, and what became of it."""

    __slots__ = ('number', 'id', 'endpoint', 'hop', 'kind', 'good', 'status', 'whole', 'body')

    def __init__(self, number, request, endpoint, hop):
        self.number, self.endpoint, self.hop = number, endpoint, hop
        self.id = request.header('Idempotency-Key')
        self.kind, self.good = None, True
        self.status, self.whole, self.body = None, False, None

    def end(self, request):
        self.status, self.whole = request.answered, request.whole
        if request.complete and request.method == 'POST':
            self.body = hash(request.body)

    def __repr__(self):
        return f'<request {self.number} to {self.endpoint}: {self.kind}, status {self.status}>'


class Witness:
    """What the servers of one run saw, all together. Any thread."""

    def __init__(self, seed):
        self.seed = seed
        self.urls = []          # of the servers, without a path: where redirects may lead
        self.fresh = deque()    # Seen that nobody has taken yet
        self.kinds = Counter()
        self.lost = Counter()   # by endpoint: connections on which a request may have been lost unread
        self.fragments = Counter()
        self.malformed = []
        self.requests = 0
        self.tried = Counter()  # how often a message came to an endpoint
        self.changed = threading.Condition()

    def note(self, request, endpoint, hop):
        """The Seen of a request that has just come, and how often its message has been here before."""
        with self.changed:
            self.requests += 1
            seen = Seen(self.requests, request, endpoint, hop)
            times = self.tried[seen.id, endpoint, bool(hop)]
            self.tried[seen.id, endpoint, bool(hop)] += 1
            self.fresh.append(seen)
            self.changed.notify_all()
        return seen, times

    def add(self, counter, key):
        with self.changed:
            counter[key] += 1

    def wait_for(self, requests, timeout):
        """Until there were so many requests; whether there were."""
        with self.changed:
            return self.changed.wait_for(lambda: self.requests >= requests, timeout)


class Faults:
    """What one server does, as server.py asks for it.

    `endpoint` is the first segment of its paths. `manners` may be changed at any time. `tested`: the program looks
    into the body for the verdict, which then says one or the other.
    """

    def __init__(self, witness, endpoint, manners, delay=0.05, tested=False):
        self.witness, self.endpoint, self.manners, self.delay, self.tested = witness, endpoint, manners, delay, tested

    def _random(self, *what):
        return random.Random(' '.join(map(str, (self.witness.seed, self.endpoint, *what))))

    def connection(self, number):
        rng = self._random('connection', number)
        _, share, accidents = MANNERS[self.manners]
        if rng.randrange(100) >= share:
            return None
        accident = rng.choice(accidents)
        self.witness.add(self.witness.kinds, f'a connection: {accident}')
        return accident

    def request(self, request):
        endpoint, _, hop = request.path[1:].partition('/')
        seen, times = self.witness.note(request, endpoint, int(hop) if hop else None)
        rng = self._random(seen.id, 'redirected' if hop else '', times)
        step = self._draw(seen, rng)
        self.witness.add(self.witness.kinds, seen.kind)
        request.note = seen
        return step

    def _draw(self, seen, rng):
        weights = MANNERS[self.manners][0]
        group, = rng.choices(list(weights), list(weights.values()))
        seen.kind = rng.choice(list(GROUPS[group]))
        step = dict(STEPS[seen.kind])
        if rng.random() < DELAYED:
            step['delay'] = min(rng.expovariate(1 / self.delay), LONGEST_DELAY)
        if self.tested:
            seen.good = rng.random() < 0.7
        step['body'] = json.dumps({'seen': seen.number, 'ok': seen.good}).encode()
        if seen.kind.startswith('redirected'):
            step['redirect'] = f'{rng.choice(["", *self.witness.urls])}/{seen.endpoint}/{seen.number}'
        return step

    def ended(self, request):
        request.note.end(request)

    def fragment(self, _data):
        self.witness.add(self.witness.fragments, self.endpoint)

    def lost(self):
        self.witness.add(self.witness.lost, self.endpoint)

    def malformed(self, problem):
        with self.witness.changed:
            self.witness.malformed.append(f'{self.endpoint}: {problem}')


class Restarting:
    """A server that goes down and comes back on its port, again and again; a context manager.

    Its port is held by a socket of its own, so that nobody else gets it while the server is down.
    """

    def __init__(self, faults, tls=None, up=0.7, down=0.1):
        self._faults, self._tls, self._up, self._down = faults, tls, up, down
        self._keeper = socket.socket()
        self._keeper.bind(('127.0.0.1', 0))
        self._keeper.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self.restarts = 0
        self._server = self._start()

    def _start(self):
        return Server(tls=self._tls, port=self._keeper.getsockname()[1], faults=self._faults).start()

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._over.set()
        self._thread.join()
        self._server.stop()
        self._keeper.close()

    def url(self, target='/'):
        return self._server.url(target)

    def _run(self):
        while not self._over.wait(self._up):
            self._server.stop()
            for _ in range(HALF_MADE):
                self._faults.lost()
            self._over.wait(self._down)
            self._server = self._start()
            self.restarts += 1
