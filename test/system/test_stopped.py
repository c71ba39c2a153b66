"""The program is stopped (Ctrl-Z, docker pause, a virtual machine that is moved) over one of its deadlines, and goes on
long after it. What was answered meanwhile lies in the socket: it is read before anything is sent a second time, cancelled
or given up.

The deadline is three seconds away when the program is stopped; where this machine was so busy that half of that had
passed before, nothing is learned."""

import os
import select
import signal
import socket
import time

import pytest

from harness import PATIENCE, Running

from server import Server

DEADLINE = 3
LATE = 0.4  # which is long past


class Held:
    """A server of one connection, which answers when it is told to."""

    def __init__(self):
        self.listener = socket.create_server(('127.0.0.1', 0))
        self.listener.settimeout(PATIENCE)
        self.url = f'http://127.0.0.1:{self.listener.getsockname()[1]}/'
        self.connection = None

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for held in (self.connection, self.listener):
            if held:
                held.close()

    def await_request(self):
        self.connection, _ = self.listener.accept()
        self.connection.settimeout(PATIENCE)
        request = b''
        while not request.endswith(b'\r\n\r\nx'):
            piece = self.connection.recv(65536)
            assert piece, request
            request += piece

    def answer(self, text=b'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok'):
        self.connection.sendall(text)

    def is_asked_again(self):
        """By another connection, or on the same one."""
        return bool(select.select([self.listener], [], [], 0)[0])


@pytest.fixture
def held():
    with Held() as server:
        yield server


@pytest.fixture
def other():
    with Server() as server:
        yield server


def stop(running):
    """Until it stands still."""
    running.process.send_signal(signal.SIGSTOP)
    _, status = os.waitpid(running.process.pid, os.WUNTRACED)
    assert os.WIFSTOPPED(status), status


def run_stopped(arguments, held, until=lambda running: None, answer=Held.answer):
    """Runs it, stops it when the request is there and `until` has returned, and answers; it goes on when the deadline,
    which counts from then, is long past."""
    with Running('--format', 'json', *arguments) as running:
        held.await_request()
        until(running)
        counts_from = time.monotonic()
        stop(running)
        if time.monotonic() - counts_from > DEADLINE / 2:
            return None
        answer(held)
        time.sleep(max(0, counts_from + DEADLINE + LATE - time.monotonic()))
        running.process.send_signal(signal.SIGCONT)
        return running.finish()


def await_win(running):
    while '"delivered"' not in (line := running.line()):
        assert line


OVER = {
    'the hedge delay': ['--hedge-delay', DEADLINE],
    'max-time': ['--max-time', DEADLINE, '--hedge-delay', '0.001'],
    'the attempt timeout': ['--attempt-timeout', DEADLINE, '--hedge-delay', '60'],
    'the attempt timeout, without hedges': ['--attempt-timeout', DEADLINE, '--hedge-delay', 'none'],
    'the answer wait': ['--answer-wait', DEADLINE, '--hedge-delay', '0.001'],
}
ALONE = ('max-time', 'the answer wait')


@pytest.mark.parametrize('deadline', OVER)
def test_answer_that_came_while_it_was_stopped_is_read_first(deadline, held, other):
    urls = [held.url] if deadline in ALONE else [held.url, other.url('/')]
    result = run_stopped([*OVER[deadline], '-d', 'x', *urls], held)
    if result is None:
        pytest.skip('this machine is too busy')
    assert result.code == 0
    assert result.fates == [('delivered', 'ok')]
    assert other.connections == 0
    assert not held.is_asked_again()


def test_late_answer_that_came_while_it_was_stopped_is_accounted_for(held, other):
    result = run_stopped(['--hedge-delay', '0.2', '--settle', DEADLINE, '--events', 'delivered,settled', '-d', 'x',
                          held.url, other.url('/')], held, until=await_win)
    if result is None:
        pytest.skip('this machine is too busy')
    assert result.fates == [('delivered', 'ok'), ('delivered', 'ok')]


def test_silence_while_it_was_stopped_starts_the_next(held, other):
    result = run_stopped(['--hedge-delay', DEADLINE, '--settle', '0', '-d', 'x', held.url, other.url('/')], held,
                         answer=lambda held: None)
    if result is None:
        pytest.skip('this machine is too busy')
    assert result.fates == [('unknown', 'cancelled'), ('delivered', 'ok')]


def test_beginning_of_an_answer_puts_the_next_off_for_a_moment_only(held, other):
    result = run_stopped(['--hedge-delay', DEADLINE, '--settle', '0', '-d', 'x', held.url, other.url('/')], held,
                         answer=lambda held: held.answer(b'HTTP/1.1 200 O'))
    if result is None:
        pytest.skip('this machine is too busy')
    assert result.fates == [('unknown', 'cancelled'), ('delivered', 'ok')]


def test_interrupt_is_obeyed_though_an_answer_lies_unread(held, other):
    with Running('--format', 'json', '--hedge-delay', DEADLINE, '-d', 'x', held.url, other.url('/')) as running:
        held.await_request()
        stop(running)
        held.answer(b'HTTP/1.1 200 O')
        time.sleep(DEADLINE + LATE)
        running.interrupt()
        running.process.send_signal(signal.SIGCONT)
        result = running.finish()
    assert result.code == 130
    assert result.fates == [('unknown', 'cancelled')]
    assert other.connections == 0
