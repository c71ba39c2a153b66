"""Bad input is refused before anything is sent: exit 2, one line that says what is wrong, and no connection."""

from harness import PATIENCE, PROGRAM, Result, environment, run, run_json

import json
import os
import resource
import shutil
import subprocess

import pytest

from server import Server

HINT = "Nothing was sent. 'poolsend --help' explains the options."


@pytest.fixture
def server(tmp_path, monkeypatch):
    """A good server, which nothing must reach, and an empty working directory."""
    monkeypatch.chdir(tmp_path)
    with Server() as server:
        yield server


def assert_refused(result, *words):
    assert result.code == 2, result
    assert result.out == ''
    said, *rest = result.err.split('\n')
    assert rest in ([''], [HINT, '']), result
    assert said.startswith('poolsend: ')
    for word in words:
        assert word in said


def refuses(server, arguments, *words, url=True, **options):
    result = run(*arguments, *([server.url()] if url else []), **options)
    assert server.connections == 0
    assert_refused(result, *words)


def table(cases):
    """Of a sentence: the arguments, and the words that must be said."""
    return pytest.mark.parametrize('arguments, words', list(cases.values()), ids=list(cases))


# ---- URLs

def test_no_URL_is_refused(server):
    refuses(server, ['-d', 'x'], 'no URL', url=False)


@table({
    'ftp': (['ftp://127.0.0.1/'], ['ftp://127.0.0.1/', 'http://', 'https://']),
    'file': (['file:///etc/passwd'], ['file:///etc/passwd', 'http://']),
    'no scheme': (['127.0.0.1/'], ['127.0.0.1/', 'http://']),
    'one slash': (['http:/127.0.0.1/'], ['http://']),
    'nothing': ([''], ['URL']),
    'a command of another name': (['sned'], ['sned', 'did you mean send?']),
    'a command behind an option': (['-sS', 'stream'], ["'stream' is a command, and comes before everything else"]),
    'a command behind a URL': (['http://127.0.0.1/', 'help'], ["'help' is a command"]),
    'one with an option that only the meant one has': (['strem', '--input', 'x'], ['strem', 'did you mean stream?']),
    'one with an unknown option': (['sned', '--bogus'], ['sned', 'did you mean send?']),
    'a command behind itself': (['send', 'send'], ["'send' is a command, and comes before everything else"]),
    'a space': (['http://127.0.0.1/a b'], ['URL', 'space']),
    'a tab': (['http://127.0.0.1/a\tb'], ['URL', 'control character']),
    'a line break in the path': (['http://127.0.0.1/\r\nX: y'], ['URL', 'control character']),
    'a line feed at the end': (['http://127.0.0.1/\n'], ['URL', 'control character']),
    'a space in front': ([' http://127.0.0.1/'], ['URL', 'space']),
    'an escape character': (['http://127.0.0.1/\x1b[31m'], ['URL', 'control character']),
    'no host': (['http:///path'], ['http:///path', 'host']),
    'only a scheme': (['http://'], ['http://', 'host']),
    'no host but a port': (['http://:80/'], ['http://:80/', 'host']),
    'a port that is no number': (['http://127.0.0.1:http/'], ['URL']),
    'a port that is too high': (['http://127.0.0.1:65536/'], ['URL']),
    'an address that is not closed': (['http://[::1/'], ['URL']),
})
def test_URL_is_refused_with(server, arguments, words):
    refuses(server, arguments, *words)


def test_bad_URL_is_refused_wherever_it_stands(server):
    with Server() as other:
        refuses(server, ['-d', 'x', other.url(), 'ftp://127.0.0.1/'], 'ftp://')
        assert other.connections == 0


# ---- Headers and other words of the request

@table({
    'a line break in a header': (['-H', 'X-One: 1\r\nX-Two: 2'], ['X-One', 'line break']),
    'a carriage return in a header': (['-H', 'X-One: 1\r2'], ['X-One', 'line break']),
    'a line feed at the end of a header': (['-H', 'X-One: 1\n'], ['X-One', 'line break']),
    'a line break in the name of a header': (['-H', 'X-\nOne: 1'], ['line break']),
    'a line break in a method': (['-X', 'GET / HTTP/1.1\r\nX: y'], ['--request', 'line break']),
    'a space in a method': (['-X', 'GET X'], ['--request', 'space']),
    'no letter in a method': (['-X', ''], ['--request']),
    'a line break in the agent': (['-A', 'agent\r\nX: y'], ['agent', 'line break']),
    'a line break in the token': (['--oauth2-bearer', 'abc\nX: y'], ['--oauth2-bearer', 'line break']),
    'a header without a colon': (['-H', 'X-One'], ['X-One', 'Name: value']),
    'a header of nothing': (['-H', ''], ['header', 'Name: value']),
    'a header with a value behind a semicolon': (['-H', 'X-One; 1'], ['X-One', 'Name: value']),
    'a header without a name': (['-H', ': 1'], ['header', 'name']),
    'a header with a space in its name': (['-H', 'X One: 1'], ['X One', 'name']),
    'a header with a space before the colon': (['-H', 'X-One : 1'], ['X-One', 'name']),
    'a header with a letter beyond ASCII in its name': (['-H', 'X-\u00d6ne: 1'], ['name']),
    'a header with brackets in its name': (['-H', 'X(1): 1'], ['X(1)', 'name']),
    'Content-Length': (['-H', 'Content-Length: 5', '-d', 'x'], ['Content-Length', 'by hand']),
    'content-length': (['-H', 'content-length:5', '-d', 'x'], ['content-length', 'by hand']),
    'Content-Length removed': (['-H', 'Content-Length:', '-d', 'x'], ['Content-Length', 'by hand']),
    'Content-Length empty': (['-H', 'Content-Length;', '-d', 'x'], ['Content-Length', 'by hand']),
    'Transfer-Encoding': (['-H', 'Transfer-Encoding: chunked', '-d', 'x'], ['Transfer-Encoding', 'by hand']),
    'TRANSFER-ENCODING': (['-H', 'TRANSFER-ENCODING:gzip', '-d', 'x'], ['TRANSFER-ENCODING', 'by hand']),
    'a user without a password': (['-u', 'user'], ['-u', 'USER:PASSWORD']),
})
def test_request_is_refused_with(server, arguments, words):
    refuses(server, arguments, *words)


@pytest.mark.parametrize('content, words', [
    (b'X-One: 1\nX-Two: \0\n', ['headers', 'NUL']),
    (b'X-One: 1\rX-Two: 2\n', ['X-One', 'line break']),
    (b'X-One: 1\nX-Two\n', ['X-Two', 'Name: value']),
    (b'X-One: 1\n folded\n', ['header']),
    (b'X-One: 1\nContent-Length: 1\n', ['Content-Length', 'by hand']),
    (b'X-One: ' + b'1' * (1 << 20), ['headers', 'more than']),
], ids=['NUL', 'a carriage return inside', 'no colon', 'a folded line', 'Content-Length', 'a megabyte'])
def test_file_of_headers_is_refused_with(server, tmp_path, content, words):
    (tmp_path / 'headers').write_bytes(content)
    refuses(server, ['-d', 'x', '-H', '@headers'], *words)


# ---- Times, sizes, statuses

TIMES = ['--hedge-delay', '--settle', '--answer-wait', '--max-time', '-m', '--attempt-timeout', '--connect-timeout',
         '--retry-delay', '--retry-max-time']
LONG_NAME = {'-m': '--max-time'}


@pytest.mark.parametrize('value', ['-1', 'abc', '1x', '', '1e3', 'inf', 'nan', '0x10', '99999999h', '9' * 40,
                                   '.', 's', '1 s', ' 1', '1,5', '+1', '1h30m'])
@pytest.mark.parametrize('option', TIMES)
def test_time_is_refused(server, option, value):
    refuses(server, [option, value], LONG_NAME.get(option, option), f"'{value}'", 'time')


@pytest.mark.parametrize('value', ['-1', 'abc', '', '1.5M', '1KB', '1T', '0x10', ' 1', '+1', '99999999999999999999',
                                   '99999999999G'])
@pytest.mark.parametrize('option', ['--max-body', '--max-response'])
def test_size_is_refused(server, option, value):
    refuses(server, [f'{option}={value}', '-d', 'x'], option, f"'{value}'", 'size')


@pytest.mark.parametrize('value', ['99', '600', '300-200', 'abc', '', '200,', ',200', '200-', '-299', '2xx', '0200',
                                   '20', '200-600', '200 300'])
@pytest.mark.parametrize('option', ['--success', '--fatal-status'])
def test_status_is_refused(server, option, value):
    refuses(server, [f'{option}={value}'], option[2:], 'status')


@pytest.mark.parametrize('value', ['/accepted', 'accepted=true', '/a,200', '/a=', '/~2=1', '/a~=1'],
                         ids=['without a value', 'without a slash', 'without a value among others', 'with an empty value',
                              'a bad escape in the pointer', 'an unfinished escape in the pointer'])
def test_JSON_test_is_refused(server, value):
    refuses(server, ['--success', value], 'success', value.split(',')[0])


@pytest.mark.parametrize('arguments', [['--success', '200-299,401', '--fatal-status', '400-403'],
                                       ['--fatal-status', '204']], ids=['of both lists', 'of the default'])
def test_status_that_is_success_and_fatal_is_refused(server, arguments):
    refuses(server, arguments, 'fatal-status', 'success')


def test_max_time_that_ends_before_the_last_endpoint_is_refused(server):
    refuses(server, ['-m', '2', '-d', 'x', server.url('/a'), server.url('/b')], 'max-time', '2 s', 'hedge delay')
    refuses(server, ['-m', '1ms', '--hedge-delay', '1ms', server.url('/a')], 'max-time', 'hedge delay')


@pytest.mark.parametrize('arguments', [['-m', '2.1'], ['-m', '2', '--hedge-delay', '0.5'], ['-m', '0'],
                                       ['-m', '2', '--hedge-delay', 'none']],
                         ids=['just enough', 'shorter hedge delays', 'no limit', 'no hedging'])
def test_max_time_that_reaches_the_last_endpoint_is_taken(server, arguments):
    assert run(*arguments, server.url('/a'), server.url('/b'), server.url('/c')).code == 0


# ---- Files

@table({
    'a body': (['-d', '@missing'], ['missing', 'No such file']),
    'a binary body': (['--data-binary', '@missing'], ['missing', 'No such file']),
    'a body to be escaped': (['--data-urlencode', 'n@missing'], ['missing', 'No such file']),
    'JSON': (['--json', '@missing'], ['missing', 'No such file']),
    'headers': (['-H', '@missing'], ['missing', 'No such file']),
    'CA certificates': (['--cacert', 'missing'], ['--cacert', 'missing', 'No such file']),
    'a directory of CA certificates': (['--capath', 'missing'], ['--capath', 'missing', 'No such file']),
    'a certificate': (['-E', 'missing'], ['--cert', 'missing', 'No such file']),
    'a certificate with a password': (['-E', 'missing:password'], ['--cert', "'missing'", 'No such file']),
    'a key': (['--key', 'missing'], ['key', 'missing', 'No such file']),
    'a directory for the output': (['-o', 'missing/file'], ['missing/file', 'No such file']),
    'a name for the output': (['-o', ''], ['-o']),
})
def test_file_that_is_missing_is_refused_for(server, arguments, words):
    refuses(server, arguments, *words)


@table({
    'a body': (['-d', '@.'], ['.', 'Is a directory']),
    'headers': (['-H', '@.'], ['.', 'Is a directory']),
    'CA certificates': (['--cacert', '.'], ['--cacert', "'.'"]),
    'a certificate': (['-E', '.'], ['--cert', "'.'"]),
    'a key': (['--key', '.'], ['key', "'.'"]),
    'the output': (['-o', '.'], ['.', 'Is a directory']),
})
def test_directory_is_refused_instead_of_a_file_for(server, arguments, words):
    refuses(server, arguments, *words)


def without_privileges(*arguments):
    """The program without the power to pass over the permissions of files."""
    drop = []
    if os.geteuid() == 0:
        if not shutil.which('setpriv'):
            pytest.skip('needs setpriv, or an ordinary user')
        drop = ['setpriv', '--bounding-set', '-dac_override,-dac_read_search']
    done = subprocess.run([*drop, PROGRAM, *arguments], capture_output=True, text=True, env=environment(),
                          timeout=PATIENCE, check=False)
    return Result(done.returncode, done.stdout, done.stderr, 0)


@table({
    'a body': (['-d', '@locked'], ['locked', 'Permission denied']),
    'headers': (['-H', '@locked'], ['locked', 'Permission denied']),
    'CA certificates': (['--cacert', 'locked'], ['--cacert', 'Permission denied']),
    'a certificate': (['-E', 'locked'], ['--cert', 'Permission denied']),
    'a key': (['--key', 'locked'], ['key', 'Permission denied']),
    'the output': (['-o', 'locked'], ['locked', 'Permission denied']),
    'the output in a directory': (['-o', 'closed/file'], ['closed/file', 'Permission denied']),
})
def test_file_that_may_not_be_used_is_refused_for(server, tmp_path, arguments, words):
    (tmp_path / 'locked').touch(0o000)
    (tmp_path / 'closed').mkdir(0o500)
    result = without_privileges(*arguments, server.url())
    assert server.connections == 0
    assert_refused(result, *words)


# ---- Bodies over the limit

@pytest.mark.parametrize('arguments, stdin', [
    (['-d', 'abcdef'], ''),
    (['-d', 'ab', '-d', 'cde'], ''),
    (['--data-raw', 'abcdef'], ''),
    (['--data-binary', '@six'], ''),
    (['--json', '@six'], ''),
    (['-d', '@-'], 'abcdef'),
    (['--data-binary', '@-'], 'abcde\n'),
    (['--data-urlencode', 'n@six'], ''),
    (['--data-urlencode', '@-'], 'a%b%'),
    (['--data-urlencode', 'n=a&'], ''),
], ids=['argument', 'arguments together', 'raw argument', 'file', 'JSON file', 'standard input',
        'standard input with its line break', 'file to be escaped', 'standard input once it is escaped',
        'argument once it is escaped'])
def test_body_over_the_limit_is_refused_from(server, tmp_path, arguments, stdin):
    (tmp_path / 'six').write_text('abcdef')
    refuses(server, ['--max-body', '5', *arguments], '5 bytes', '--max-body', stdin=stdin)


def test_body_at_the_limit_is_taken(server):
    assert run('--max-body', '5', '-d', '@-', server.url(), stdin='abc\nde\n').code == 0
    assert run('--max-body', '1K', '-d', 'x' * 1024, server.url()).code == 0


def test_body_over_16_MiB_is_refused_by_default(server):
    refuses(server, ['--data-binary', '@-'], '16777216', '--max-body', stdin='x' * ((16 << 20) + 1))


# ---- Workers

@table({
    'none': (['--workers', '0'], ['--workers', "'0'", '1', '100000']),
    'too many': (['--workers', '100001'], ['--workers', "'100001'", '100000']),
    'no number': (['--workers', 'abc'], ['--workers', "'abc'"]),
    'less than none': (['--workers=-1'], ['--workers', "'-1'"]),
    'half of one': (['--workers', '1.5'], ['--workers', "'1.5'"]),
    'nothing': (['--workers', ''], ['--workers', "''"]),
    'fewer than endpoints': (['--workers', '1', 'http://127.0.0.1:1/'], ['workers', '1', '2 endpoints']),
})
def test_workers_are_refused_when(server, arguments, words):
    refuses(server, arguments, *words)


def with_descriptors(soft, hard, *arguments):
    done = subprocess.run([PROGRAM, *arguments], capture_output=True, text=True, env=environment(), timeout=PATIENCE,
                          check=False, preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard)))
    return Result(done.returncode, done.stdout, done.stderr, 0)


def test_workers_beyond_the_descriptor_limit_are_refused(server):
    result = with_descriptors(64, 64, '--workers', '100', server.url())
    assert server.connections == 0
    assert_refused(result, 'workers', '100', '64', 'ulimit -n')


def test_soft_descriptor_limit_is_raised_for_workers(server):
    assert with_descriptors(64, 4096, '--workers', '100', server.url()).code == 0


def with_threads(limit, *arguments):
    """As somebody who is not root, for whom there is no limit."""
    def become_limited():
        resource.setrlimit(resource.RLIMIT_NPROC, (limit, limit))
        if os.geteuid() == 0:
            os.setgroups([])
            os.setgid(65534)
            os.setuid(65534)

    try:
        done = subprocess.run([PROGRAM, *arguments], capture_output=True, text=True, env=environment(), cwd='/',
                              timeout=PATIENCE, check=False, preexec_fn=become_limited)
    except PermissionError:
        pytest.skip('the program is where only root can run it')
    return Result(done.returncode, done.stdout, done.stderr, 0)


def test_workers_beyond_the_limit_of_threads_are_refused_with_the_need_and_what_fits(server):
    result = with_threads(8, server.url())
    assert server.connections == 0
    assert_refused(result, 'workers', '1 needs 9 threads', 'the limit is 8', 'ulimit -u', 'enough for 0')
    result = with_threads(60, '--workers', '100', server.url())
    assert server.connections == 0
    assert_refused(result, 'workers', '108 threads', 'the limit is 60', 'enough for 52')


def test_urls_beyond_the_descriptor_limit_are_refused_as_such(server):
    result = with_descriptors(64, 64, *[server.url(f'/{number}') for number in range(30)])
    assert server.connections == 0
    assert_refused(result, '30, one for each endpoint', '122 file descriptors', 'ulimit -n', 'enough for 10')


# ---- Other options

@table({
    'an id of nothing': (['--id', ''], ['--id', '255']),
    'an id with a space': (['--id', 'a b'], ['--id', '255']),
    'an id with a line break': (['--id', 'a\nb'], ['--id']),
    'an id beyond ASCII': (['--id', '\u00e4'], ['--id']),
    'an id with a quote': (['--id', '"a"'], ['--id']),
    'an id that is too long': (['--id', 'x' * 256], ['--id', '255']),
    'an unknown format': (['--format', 'xml'], ['--format', "'xml'", 'text', 'json']),
    'an unknown event': (['--events', 'bogus'], ['--events', "'bogus'", 'settled']),
    'an unknown event among others': (['--events', 'start,bogus'], ['--events', "'bogus'"]),
    'an event of nothing': (['--events', 'start,'], ['--events', "''"]),
    'an unknown option': (['--bogus'], ['unknown', "'--bogus'"]),
    'an option of curl alone that begins one of ours': (['--form', 'a=b'], ["--form is an option of curl's", 'multipart']),
    'the same with its value': (['--form=a=b'], ["--form is an option of curl's", 'multipart']),
    'the same without one': (['--fail'], ["--fail is an option of curl's", '--success']),
    'the same behind others': (['-sk', '--retry', '1', '--head', 'x'], ["--head is an option of curl's", '-X HEAD']),
    'the same without a value that ours wants': (['--head'], ["--head is an option of curl's", '-X HEAD']),
    'the opposite of one': (['--no-fail'], ["--no-fail is an option of curl's", '--success']),
    'a flag of the other command': (['--in-order'], ['--in-order is for poolsend stream']),
    'its opposite': (['--no-breaker'], ['--no-breaker is for poolsend stream']),
    'a key of the file that is another option': (['--method', 'PUT'], ["'--method'", 'did you mean --request?']),
    'a key of the file that is none': (['--max-in-flight', '3'], ['--config FILE', '"max_in_flight"']),
    'a file of no name': (['--config', ''], ['--config: it is empty']),
    'a part of several names': (['--timeout', '3'], ['did you mean --connect-timeout or --attempt-timeout?']),
    'an unknown letter': (['-W'], ['unknown', '-W']),
    'a letter beyond ASCII': (['-\u00e9'], ['unknown', '-?']),
    'an unknown letter among others': (['-skW'], ['unknown', '-W']),
    'an ambiguous option': (['--max'], ['ambiguous', "'--max'"]),
    'a value for an option that takes none': (['--insecure=yes'], ["'--insecure'"]),
    'a number of retries that is none': (['--retry', 'x'], ['--retry', "'x'"]),
    'too many retries': (['--retry', '1001'], ['--retry', '1000']),
    'an unreadable --resolve': (['--resolve', 'bogus'], ['resolve', 'bogus']),
    'an unreadable proxy': (['-x', 'http://[bad'], ['proxy']),
    'a proxy of an unknown kind': (['-x', 'bogus://127.0.0.1:1'], ['proxy']),
})
def test_options_are_refused_with(server, arguments, words):
    refuses(server, arguments, *words)


@pytest.mark.parametrize('option', ['-d', '-X', '-H', '--data', '--hedge-delay', '--id', '-o', '--workers'])
def test_option_without_its_value_is_refused(server, option):
    refuses(server, [server.url(), option], option, 'value', url=False)


def test_what_is_refused_is_said_in_one_line_whatever_it_holds(server):
    refuses(server, ['--settle', '1\n2'], '--settle')
    refuses(server, ['--format', 'a\x1b[31mb'], '--format')
    assert '\x1b' not in run('--format', 'a\x1b[31mb', server.url()).err


# ---- Looking without sending

def test_dry_run_shows_what_would_be_sent_and_sends_nothing(server):
    result = run('--dry-run', '-X', 'PUT', '-H', 'X-One: 1', '-d', 'abc', server.url('/a?q=1'), server.url('/b'))
    assert result.code == 0
    for word in ['PUT', server.url('/a?q=1'), server.url('/b'), 'X-One: 1', '3 bytes', 'nothing was sent',
                 'Content-Type: application/x-www-form-urlencoded']:
        assert word in result.out
    assert result.err == ''
    assert server.connections == 0


def test_dry_run_shows_as_JSON_what_would_be_sent_and_sends_nothing(server):
    result = run_json('--dry-run', '-d', 'abc', '--id', 'me', '-H', 'X-One: 1', server.url('/a'), server.url('/b'))
    shown = [json.loads(line) for line in result.out.splitlines()]
    assert result.code == 0
    assert [each['url'] for each in shown] == [server.url('/a'), server.url('/b')]
    assert {each['method'] for each in shown} == {'POST'}
    assert {each['body'] for each in shown} == {'abc'}
    assert all({'X-One: 1', 'Idempotency-Key: me'} <= set(each['headers']) for each in shown)
    assert server.connections == 0


def test_dry_run_refuses_what_a_run_would_refuse(server):
    refuses(server, ['--dry-run', '-H', 'bad'], 'bad')


# ---- Help, and output that goes nowhere

@pytest.mark.parametrize('option', ['--help', '-h', '--version', '-V'])
def test_help_and_version_are_shown_without_anything_else(option):
    result = run(option)
    assert result.code == 0
    assert 'poolsend' in result.out
    assert result.err == ''


def into_nowhere(where, *arguments):
    done = subprocess.run(['sh', '-c', f'exec "$0" "$@" {where}', PROGRAM, *arguments], stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, text=True, env=environment(), timeout=PATIENCE, check=False)
    return Result(done.returncode, done.stdout, done.stderr, 0)


NOWHERE = pytest.mark.parametrize('where', ['>&-', '>/dev/full'], ids=['closed', 'full'])


@NOWHERE
@pytest.mark.parametrize('option', ['--help', '--version'])
def test_help_and_version_exit_with_5_when_output_is(where, option):
    result = into_nowhere(where, option)
    assert result.code == 5
    assert 'standard output' in result.err


@NOWHERE
@pytest.mark.parametrize('arguments', [[], ['--format', 'json'], ['-s']], ids=['text', 'json', 'silent'])
def test_account_is_on_standard_error_and_exit_is_5_when_output_is(server, where, arguments):
    result = into_nowhere(where, *arguments, '-d', 'x', server.url())
    assert result.code == 5
    assert ('"event":"settled"' if 'json' in arguments else 'delivered by 127.0.0.1') in result.err
    assert ('cannot write the results' in result.err) == (arguments != ['-s'])
    assert server.count() == 1


@NOWHERE
def test_dry_run_exits_with_5_when_output_is(server, where):
    result = into_nowhere(where, '--dry-run', server.url())
    assert result.code == 5
    assert server.connections == 0


def test_closed_standard_error_harms_nothing(server):
    assert into_nowhere('2>&-', '-v', '-d', 'x', server.url()).code == 0


def test_closed_standard_input_is_an_error_only_for_a_body_from_it(server):
    assert into_nowhere('<&-', '-d', 'x', server.url()).code == 0
    assert into_nowhere('<&-', '-d', '@-', server.url()).code == 2
    assert server.count() == 1


def test_dry_run_shows_one_message_under_one_id(server):
    with Server() as other:
        result = run('--dry-run', '--format', 'json', '-d', 'x', server.url(), other.url())
    keys = [[header for header in json.loads(line)['headers'] if header.startswith('Idempotency-Key')]
            for line in result.out.splitlines()]
    assert keys[0] == keys[1] and len(keys[0]) == 1


@pytest.mark.parametrize('option', ['-d', '--data-binary', '--json', '--data-urlencode', '-H'])
def test_file_without_a_name_is_refused(server, option):
    refuses(server, [option, '@'], '@ names no file')


def test_header_in_the_place_of_another_value_is_not_shown(server):
    result = run('--settle', 'Authorization: Bearer sesame', server.url())
    assert_refused(result, '--settle: the value is not a time')
    assert 'sesame' not in result.err
