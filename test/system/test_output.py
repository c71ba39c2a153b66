"""Text for people, and the response for -o."""

import pytest

from harness import run, run_json

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
        import subprocess
        from harness import PROGRAM, environment
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
