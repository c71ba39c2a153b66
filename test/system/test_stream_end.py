"""How a stream ends, and what it tells: exit statuses, interrupts, readers of the results that are slow or gone, and
the words for people."""

import os
import re
import signal
import time

import pytest

from harness import Fed, accounts, assert_accounted, parse_events, run, stream

from server import Server


@pytest.fixture
def server():
    with Server() as server:
        yield server


# ---- The exit status

def in_order(server, *arguments, a, b, lines):
    """One message at a time, so that each meets its own step of the scripts."""
    server.script('/a', *a)
    server.script('/b', *b)
    return stream('--in-order', '--no-breaker', '--hedge-delay', '0.2', '--answer-wait', '0.5', *arguments,
                  server.url('/a'), server.url('/b'), lines=lines)


NO, OK, LATE, LOST = 'status=400', 'status=200', 'delay=0.6', 'close=after'


@pytest.mark.parametrize('code, a, b, lines, arguments', [
    (0, [OK], [OK], 'x', []),
    (0, [NO], [OK], 'xx', []),
    (0, [LATE], [OK], 'x', []),
    (3, [LATE], [OK], 'x', ['--fail-on-duplicate']),
    (3, [LOST], [OK], 'x', ['--fail-on-duplicate']),
    (0, [NO], [OK], 'x', ['--fail-on-duplicate']),
    (1, [NO], [NO], 'x', []),
    (1, [OK], [OK], ['', 'x'], []),
    (1, [OK, NO], [NO], 'xx', []),
    (1, [LATE, NO], [OK, NO], 'xx', ['--fail-on-duplicate']),
    (1, [LATE], [OK], ['', 'x'], ['--fail-on-duplicate']),
    (4, [LOST], [NO], 'x', []),
    (4, ['hang=request'], [NO], 'x', []),
    (4, [LOST, NO], [NO], 'xx', []),
    (4, [NO, LOST], [NO], 'xx', []),
    (4, [LOST], [NO], ['', 'x'], []),
    (4, [LATE, LOST], [OK, NO], 'xx', ['--fail-on-duplicate']),
], ids=str)
def test_exit_status_is_the_gravest_that_holds(server, code, a, b, lines, arguments):
    result = in_order(server, *arguments, a=a, b=b, lines=list(lines))
    assert result.code == code, result
    settled = accounts(result.events)
    assert len(settled) == len([line for line in lines if line])
    assert_accounted(settled, server)


def test_interrupt_outranks_what_may_have_arrived(server):
    server.script('/', 'close=after', 'hang=request')
    with Fed('--format', 'json', '--settle', '0', '--answer-wait', '0.2', server.url('/')) as fed:
        fed.feed('first')
        assert fed.event('settled')['unknown'] == [1]
        fed.feed('second')
        server.wait_for(2)
        fed.interrupt()
        assert fed.finish().code == 130


# ---- Interrupts

@pytest.mark.parametrize('number, code', [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_interrupt_stops_the_input_and_what_was_taken_up_has_the_settle_time(server, number, code):
    server.script('/', 'status=200', 'hang=request', 'hang=request', 'hang=request', 'delay=0.6')
    with Fed('--format', 'json', '--hedge-delay', 'none', '--settle', '1s', server.url('/')) as fed:
        for n in range(5):  # one after the other, so that each meets its step
            fed.feed(n)
            server.wait_for(n + 1)
        fed.interrupt(number)
        interrupted = time.monotonic()
        result = fed.finish()
        assert 0.9 < time.monotonic() - interrupted < 15
    assert result.code == code
    settled = accounts(result.events)
    assert [event['outcome'] for event in settled.values()] == ['delivered', *['undelivered'] * 3, 'delivered']
    assert [event['attempts'][0]['reason'] for event in settled.values()] == ['ok', *['cancelled'] * 3, 'ok']
    # Three hang; of the others those count too whose end had not been written yet.
    assert re.search('after line 5; [345] messages under way have 1 s to settle', result.err)
    assert '5 messages: 2 delivered, 3 undelivered (3 may have arrived)' in result.err


def test_interrupt_that_leaves_no_time_starts_nothing_more(server):
    with Fed('--format', 'json', '--workers', '4', '--settle', '0', server.url('/?hang=request')) as fed:
        fed.feed(*map(str, range(30)))
        server.wait_for(4)
        fed.interrupt()
        result = fed.finish()
    assert result.code == 130
    settled = accounts(result.events)
    assert sum(len(event['attempts']) for event in settled.values()) == 4
    assert_accounted(settled, server)


def test_interrupt_ends_an_idle_stream_at_once(server):
    with Fed('--format', 'json', '--settle', '60s', server.url('/')) as fed:
        fed.feed('a')
        fed.event('settled')
        fed.interrupt()
        interrupted = time.monotonic()
        result = fed.finish()
        assert time.monotonic() - interrupted < 10
    assert result.code == 130
    assert 'after line 1; nothing was under way' in result.err


def test_second_interrupt_ends_at_once_and_says_how_many_accounts_are_lost(server):
    # It ends with its threads as they are, which is what is asked of it.
    env = {'TSAN_OPTIONS': os.environ.get('TSAN_OPTIONS', '') + ':report_thread_leaks=0'}
    with Fed('--format', 'json', '--hedge-delay', 'none', server.url('/?hang=request'), env=env) as fed:
        fed.feed('1', '2', '3')
        server.wait_for(3)
        fed.interrupt()
        time.sleep(0.4)  # not the same signal once more
        fed.interrupt()
        again = time.monotonic()
        result = fed.finish()
        assert time.monotonic() - again < 10
    assert (result.code, result.out) == (130, '')
    assert '3 accounts lost' in result.err


# ---- Who reads the results

def test_reader_that_goes_gets_exit_5_and_the_accounts_follow_on_standard_error(server):
    server.script('/', 'status=200', 'hang=request', 'hang=request', 'delay=0.5')
    reader, writer = os.pipe()
    with Fed('--format', 'json', '--hedge-delay', 'none', '--settle', '1s', server.url('/'), stdout=writer) as fed:
        os.close(writer)
        with open(reader, encoding='utf-8') as results:
            fed.feed('1')
            before = [results.readline(), results.readline()]
        for n in (2, 3, 4):
            fed.feed(n)
            server.wait_for(n)
        result = fed.finish()
    assert result.code == 5
    followed = [line for line in result.err.splitlines() if line.startswith('{')]
    assert list(accounts(parse_events(''.join(before) + '\n'.join(followed)))) == [1, 2, 3, 4]
    said = re.search(r'cannot write the results: .*; (\d) messages with (\d) attempts under way have 1 s', result.err)
    assert said and said[1] in '23' and said[2] in '23', result


def test_interrupt_does_not_outrank_a_local_failure(server):
    reader, writer = os.pipe()
    with Fed('--format', 'json', '--settle', '2s', '--hedge-delay', 'none', server.url('/a'), stdout=writer) as fed:
        os.close(writer)
        server.script('/a', 'status=200', 'hang=request')
        fed.feed('1')
        assert os.read(reader, 1 << 16)
        fed.feed('2')
        server.wait_for(2)
        os.close(reader)
        fed.interrupt()
        result = fed.finish()
    assert result.code == 5
    assert 'input stopped after line 2' in result.err
    assert '"outcome":"undelivered"' in result.err


def fill(writer):
    """Fills a pipe to the brim."""
    os.set_blocking(writer, False)
    try:
        while True:
            os.write(writer, b'\n' * 4096)
    except BlockingIOError:
        os.set_blocking(writer, True)


def test_reader_that_takes_nothing_holds_up_the_stream_and_loses_nothing(server):
    reader, writer = os.pipe()
    fill(writer)
    with Fed('--format', 'json', '--workers', '4', '--max-pending', '20', server.url('/'), stdout=writer) as fed:
        os.close(writer)
        fed.feed(*range(400))
        fed.close()
        server.wait_for(20)
        time.sleep(1)
        assert server.count() <= 90  # those of the lines that wait to be written together, 20 more, and no more
        with open(reader, encoding='utf-8') as results:
            text = results.read()
        result = fed.finish()
    assert result.code == 0
    settled = accounts(parse_events(text.strip()))
    assert list(settled) == list(range(1, 401))
    assert_accounted(settled, server)


# ---- For people

def test_text_has_one_line_for_a_message_that_nobody_else_got(server):
    result = run('stream', server.url('/'), stdin='a\n\nb\n')
    assert result.code == 1
    assert sorted(re.sub(r'after \S+ m?s', 'after T', line) for line in result.out.splitlines()) == [
        'line 1: delivered by 127.0.0.1 after T (status 200, attempt 1)',
        'line 2 refused: an empty line: there is nothing to send',
        'line 3: delivered by 127.0.0.1 after T (status 200, attempt 1)']
    assert re.fullmatch(r'2 messages: 2 delivered, 0 undelivered; 1 line refused, in \S+ s\n', result.err)


def test_text_names_the_ids_of_envelopes_and_says_who_else_got_it(server):
    result = run('stream', '--input-format', 'envelopes', '--hedge-delay', '0.2', server.url('/a?delay=0.8'),
                 server.url('/b'), stdin='{"id":"ORDER-7","body":"x"}\n{"id":"ORDER-8"}\n')
    assert result.code == 1
    won, settled = [line for line in result.out.splitlines() if line.startswith('line 1 (ORDER-7): ')]
    assert 'still waiting for' in won
    assert 'ALSO delivered by' in settled
    assert 'line 2 (ORDER-8) refused: ' in result.out
    assert '1 message: 1 delivered (1 more than once), 0 undelivered; 1 line refused' in result.err


def test_text_says_UNDELIVERED_and_that_it_may_have_arrived(server):
    result = run('stream', server.url('/a?close=after'), server.url('/b?status=400&body=no+money'), stdin='x')
    assert result.code == 4
    assert 'line 1: UNDELIVERED after' in result.out
    assert 'MAY HAVE ARRIVED' in result.out and 'no money' in result.out
    assert '0 delivered, 1 undelivered (1 may have arrived)' in result.err


def test_silent_stream_says_nothing_on_standard_error(server):
    assert run('stream', '-s', server.url('/'), stdin='a\n').err == ''
