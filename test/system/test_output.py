"""Text for people, and the response for -o."""

import pytest

from harness import PROGRAM, Running, environment, run, run_json

import os
import subprocess

from server import Server, refused_port


@pytest.fixture
def server():
    with Server() as server:
        yield server


def test_text_says_who_got_it_who_is_pending_and_what_became_of_each(server):
    with refused_port() as port:
        result = run('--hedge-delay', '0.2', '-d', 'x', f'http://127.0.0.1:{port}/', server.url('/slow?delay=0.5'),
                     server.url('/fast'))
    lines = result.out.splitlines()
    assert lines[0].startswith(f'delivered by 127.0.0.1:{server.port}-2 after ')
    assert '(status 200, attempt 3)' in lines[0]
    assert f'still waiting for 127.0.0.1:{server.port} (attempt 2)' in lines[0]
    assert 'ALSO delivered by' in lines[1]
    assert 'not reached' in lines[2] and 'Connection refused' in lines[2] or 'connect' in lines[2]
    assert 'ALSO delivered' in lines[3]
    assert 'delivered' in lines[4]
    assert result.err == ''


def test_text_of_a_failure_says_where_it_may_have_arrived(server):
    result = run('-d', 'x', server.url('/?close=after'))
    assert result.out.startswith('UNDELIVERED')
    assert 'MAY HAVE ARRIVED at 127.0.0.1' in result.out
    assert result.code == 4


def test_text_of_a_rejection_says_what_the_server_said(server):
    result = run('-d', 'x', server.url('/?status=400&body=no+such+number%0Amore'))
    assert 'rejected after' in result.out
    assert '(status 400: no such number)' in result.out


def test_text_shows_nothing_of_a_servers_that_a_terminal_would_obey(server):
    result = run('-d', 'x', server.url('/?status=400&body=%1b%5b31mred%c2%9b'))
    assert '?[31mred??' in result.out


def test_text_of_a_connection_that_failed_says_why():
    with refused_port() as port:
        assert 'Connection refused' in run('-d', 'x', f'http://127.0.0.1:{port}/').out
    assert '/nonexistent: No such file' in run('--unix-socket', '/nonexistent', '-d', 'x', 'http://h/').out


def test_output_file_gets_the_winners_whole_response(server, tmp_path):
    path = tmp_path / 'answer'
    result = run_json('--max-response', '10', '-o', path, '-d', 'x', server.url('/?size=100000'))
    assert result.code == 0
    assert path.read_text() == 'x' * 100000
    assert result.delivered['response_truncated'] is True


def test_output_to_standard_output_moves_the_text_to_standard_error(server):
    result = run('-o', '-', '-d', 'x', server.url('/?body=hello'))
    assert result.out == 'hello'
    assert result.err.startswith('delivered by')


def test_output_file_gets_the_response_whose_body_came_after_the_win(server, tmp_path):
    path = tmp_path / 'answer'
    result = run_json('--hedge-delay', '0.2', '-o', path, '-d', 'x', server.url('/?drip=0.1&body=hello'))
    assert 'response' not in result.delivered
    assert path.read_text() == 'hello'


def test_output_file_gets_the_whole_response_though_late_attempts_are_cancelled_at_the_win(server, tmp_path):
    path = tmp_path / 'answer'
    result = run_json('--hedge-delay', '0.2', '--settle', '0', '-o', path, '-d', 'x',
                      server.url('/?drip=0.1&body=hello'))
    assert path.read_text() == 'hello'
    assert result.fates == [('delivered', 'ok')]


def test_win_is_told_before_the_response_is_written(server, tmp_path):
    path = tmp_path / 'fifo'
    os.mkfifo(path)
    with Running('--format', 'json', '-o', path, '-d', 'x', server.url('/?body=hello')) as running:
        assert '"event":"delivered"' in running.line()
        assert path.read_text() == 'hello'
        assert running.finish().code == 0


def test_fifo_that_nobody_reads_does_not_keep_the_program_from_ending(server, tmp_path):
    path = tmp_path / 'fifo'
    os.mkfifo(path)
    with Running('--format', 'json', '-o', path, '-d', 'x', server.url('/')) as running:
        running.line()
        running.interrupt()
        result = running.finish()
    assert result.code == 5
    assert result.settled['outcome'] == 'delivered'


def test_output_file_of_an_empty_response_is_empty(server, tmp_path):
    path = tmp_path / 'answer'
    assert run('-o', path, '-d', 'x', server.url('/?body=')).code == 0
    assert path.read_text() == ''


def test_output_keeps_no_descriptor_of_an_attempt_that_failed(server, tmp_path):
    path = tmp_path / 'answer'
    server.script('/', *['status=503'] * 80, 'status=200')
    few = ['prlimit', '--nofile=64:64', PROGRAM]
    done = subprocess.run([*few, '--format', 'json', '-o', path, '--retry', '100', '--retry-delay', '1ms', '-d', 'x',
                           server.url('/')], capture_output=True, text=True, env=environment(), check=False)
    assert done.returncode == 0, done


def test_output_says_when_the_response_broke_off(server, tmp_path):
    path = tmp_path / 'answer'
    result = run_json('-o', path, '-d', 'x', server.url('/?size=1000&body_cut=100'))
    assert result.code == 0
    assert path.read_text() == 'x' * 100
    assert 'broke off' in result.err


def test_responses_that_cannot_be_kept_are_refused_before_anything_is_sent(server, tmp_path):
    result = run('-o', tmp_path / 'answer', '-d', 'x', server.url('/'), env={'TMPDIR': str(tmp_path / 'missing')})
    assert result.code == 2
    assert 'TMPDIR' in result.err
    assert server.connections == 0


def test_output_file_is_left_alone_when_nobody_accepts(server, tmp_path):
    path = tmp_path / 'answer'
    path.write_text('before')
    assert run('-o', path, '-d', 'x', server.url('/?status=500')).code == 1
    assert path.read_text() == 'before'


def test_output_that_cannot_be_written_is_a_local_failure_and_the_account_stands(server):
    result = run_json('-o', '/dev/full', '-d', 'x', server.url('/'))
    assert result.code == 5
    assert result.settled['outcome'] == 'delivered'
    assert '/dev/full' in result.err


def test_results_that_cannot_be_written_are_a_local_failure(server):
    with open('/dev/full', 'wb') as full:
        done = subprocess.run([PROGRAM, '-d', 'x', server.url('/')], stdout=full, stderr=subprocess.PIPE, text=True,
                              env=environment(), check=False)
    assert done.returncode == 5
    assert 'No space left' in done.stderr
    assert 'delivered by' in done.stderr


def test_silent_says_nothing_on_standard_error(server):
    quiet = run('-s', '-o', '/dev/full', '-d', 'x', server.url('/'))
    assert quiet.code == 5 and quiet.err == ''
    shown = run('-s', '-S', '-o', '/dev/full', '-d', 'x', server.url('/'))
    assert shown.code == 5 and shown.err != ''
