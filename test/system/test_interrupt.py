"""Ctrl-C, a reader that is slow, and one that is gone."""

import os
import signal
import subprocess
import time

import pytest

from harness import PATIENCE, PROGRAM, Running, environment, heed_signals, parse_events

from server import Server

PROMPT = 10  # seconds; what is ended hangs, and would for longer (test/bench/latency has the figures)


@pytest.fixture
def server():
    with Server() as server:
        yield server


@pytest.mark.parametrize('number, code', [(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGHUP, 129)])
def test_signal_cancels_what_runs_and_every_fate_is_told(server, number, code):
    with Running('--format', 'json', '--hedge-delay', '0.1', '-d', 'x', server.url('/a?hang=request'),
                 server.url('/b?hang=headers&status=500')) as running:
        server.wait_for(2)
        running.interrupt(number)
        at = time.monotonic()
        result = running.finish()
        assert time.monotonic() - at < PROMPT
    assert result.code == code
    assert result.fates[0] == ('unknown', 'cancelled')
    assert result.settled['outcome'] == 'undelivered'


def test_interrupt_reaches_a_background_job_of_a_script(server):
    """Which began with SIGINT ignored."""
    script = '"$0" "$@" & wait_for_it=$!; sleep 0.5; kill -INT $wait_for_it; wait $wait_for_it'
    done = subprocess.run(['sh', '-c', script, PROGRAM, '--format', 'json', '-d', 'x', server.url('/?hang=request')],
                          capture_output=True, text=True, env=environment(), timeout=PATIENCE, check=False)
    assert done.returncode == 130
    assert parse_events(done.stdout)[-1]['unknown'] == [1]


def test_hangup_that_was_ignored_stays_so(server):
    with Running('--format', 'json', '-d', 'x', server.url('/?delay=1'),
                 preexec_fn=lambda: signal.signal(signal.SIGHUP, signal.SIG_IGN)) as running:
        server.wait_for(1)
        running.interrupt(signal.SIGHUP)
        assert running.finish().code == 0


def test_signal_that_comes_twice_at_once_is_one(server):
    """As timeout(1) sends it: to the process, and to its group."""
    with Running('--format', 'json', '-d', 'x', server.url('/?hang=request')) as running:
        server.wait_for(1)
        running.interrupt(signal.SIGTERM)
        running.interrupt(signal.SIGTERM)
        result = running.finish()
    assert result.code == 143
    assert result.fates == [('unknown', 'cancelled')]


def test_signal_after_the_win_cancels_the_late_attempts_and_still_exits_with_130(server):
    with Running('--format', 'json', '--hedge-delay', '0.1', '-d', 'x', server.url('/a?hang=request'),
                 server.url('/b')) as running:
        first = parse_events(running.line())[0]
        assert first['event'] == 'delivered'
        running.interrupt()
        result = running.finish()
    assert result.code == 130
    assert result.fates == [('unknown', 'cancelled'), ('delivered', 'ok')]


def test_signal_during_a_backoff_settles_at_once(server):
    with Running('--format', 'json', '--events', 'finish,settled', '--retry', '3', '--retry-delay', '30', '-d', 'x',
                 server.url('/?status=503')) as running:
        assert '"event":"finish"' in running.line()
        running.interrupt()
        result = running.finish()
    assert result.code == 130
    assert result.fates == [('rejected', 'status')]


def test_success_whose_header_has_come_is_no_victim_of_an_interrupt(server):
    with Running('--format', 'json', '--hedge-delay', '30', '-d', 'x', server.url('/?hang=body')) as running:
        server.wait_for(1)
        time.sleep(1)  # half of the body is on its way
        running.interrupt()
        result = running.finish()
    assert result.code == 130
    assert result.delivered['attempt'] == 1
    assert result.fates == [('delivered', 'truncated')]


def test_hung_connection_attempt_is_cancelled_too():
    with Server(mode='blackhole') as hole:
        with Running('--format', 'json', '--events', 'start,settled', '-d', 'x', hole.url('/')) as running:
            running.line()
            running.interrupt()
            at = time.monotonic()
            result = running.finish()
            assert time.monotonic() - at < PROMPT
    assert result.fates == [('unreached', 'cancelled')]


# ---- The reader of the results


def fill_pipe():
    """A pipe whose reader takes nothing, full to the brim but for `room` bytes."""
    reader, writer = os.pipe()
    os.set_blocking(writer, False)
    try:
        while True:
            os.write(writer, b'x' * 4096)
    except BlockingIOError:
        pass
    os.set_blocking(writer, True)
    return reader, writer


def test_slow_reader_is_waited_for(server):
    reader, writer = fill_pipe()
    with Running('--format', 'json', '-d', 'x', server.url('/'), stdout=writer) as running:
        os.close(writer)
        server.wait_for(1)
        time.sleep(0.3)
        assert running.process.poll() is None
        text = b''
        while block := os.read(reader, 65536):
            text += block
        os.close(reader)
        assert running.process.wait(timeout=PATIENCE) == 0
    assert [event['event'] for event in parse_events(text.lstrip(b'x').decode())] == ['delivered', 'settled']


def test_reader_that_takes_nothing_is_not_waited_for_after_an_interrupt(server):
    reader, writer = fill_pipe()
    with Running('--format', 'json', '-d', 'x', server.url('/'), stdout=writer) as running:
        os.close(writer)
        server.wait_for(1)
        running.interrupt()
        _, err = running.process.communicate(timeout=PATIENCE)
        assert running.process.returncode == 5
    os.close(reader)
    events = [line for line in err.splitlines() if line.startswith('{')]
    assert parse_events('\n'.join(events))[-1]['event'] == 'settled'


def test_second_signal_ends_at_once_and_says_how_many_accounts_are_lost(server):
    reader, writer = fill_pipe()
    with Running('--format', 'json', '-d', 'x', server.url('/'), stdout=writer) as running:
        os.close(writer)
        server.wait_for(1)
        running.interrupt()
        time.sleep(0.4)  # not the same signal once more; the results have nowhere to go
        running.interrupt()
        _, err = running.process.communicate(timeout=PATIENCE)
        assert running.process.returncode == 130
    os.close(reader)
    assert '1 account lost' in err


@pytest.mark.parametrize('arguments', [['-v'], ['--format', 'json', '-o', '-']], ids=' '.join)
def test_standard_error_that_takes_nothing_does_not_keep_the_program_from_ending(server, arguments):
    reader, writer = fill_pipe()
    process = subprocess.Popen([PROGRAM, *arguments, '-d', 'x', server.url('/?hang=body')],
                               stdout=subprocess.DEVNULL, stderr=writer, env=environment(), preexec_fn=heed_signals)
    os.close(writer)
    time.sleep(0.5)  # it is stuck, or in the middle of the body
    process.send_signal(signal.SIGINT)
    assert process.wait(timeout=PATIENCE) in (5, 130)
    os.close(reader)


def test_reader_that_has_gone_gets_exit_5_and_the_account_goes_to_standard_error(server):
    process = subprocess.Popen([PROGRAM, '--format', 'json', '--hedge-delay', '0.2', '-d', 'x',
                                server.url('/a?delay=1'), server.url('/b')],
                               stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment())
    assert '"event":"delivered"' in process.stdout.readline()
    process.stdout.close()
    err = process.stderr.read()
    process.stderr.close()
    assert process.wait(timeout=PATIENCE) == 5
    assert 'cannot write the results' in err
    settled = [line for line in err.splitlines() if line.startswith('{')]
    assert parse_events('\n'.join(settled))[0]['also_delivered'] == [1]
