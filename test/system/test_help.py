"""The help: a short one that fits a screen, one of every option, and one of each option; all of it from one table."""

import re
import shutil
import subprocess

import pytest

from harness import ROOT, run

TABLE = (ROOT / 'src' / 'options' / 'table.c').read_text()

# Each row as it stands in the source: its name, its key or NULL, its letter or 0, and all the rest of it.
ROWS = re.findall(r'^    \{"([a-z0-9-]+)", (?:"(\w+)"|NULL), (?:\'(.)\'|0), (.*?)\},$', TABLE, re.MULTILINE | re.DOTALL)
COMMANDS = {'SEND': {'send'}, 'STREAM': {'stream'}, 'BOTH': {'send', 'stream'}}


def commands_of(row):
    found = re.search(r'\.commands = (\w+)', row[3])
    return COMMANDS[found[1]] if found else set()


def spelling(row):
    return f'--no-{row[0]}' if 'PS_SHOWN_AS_NO' in row[3] else f'--{row[0]}'


def shown(text):
    """The options that a help lists, in order."""
    return re.findall(r'^  (?:-., |    )(--[a-z0-9-]+)', text, re.MULTILINE)


def help_of(*topic):
    result = run('help', *topic)
    assert (result.code, result.err) == (0, '')
    return result.out


def test_every_row_of_the_table_was_understood():
    assert len(ROWS) == TABLE.count('\n    {"') > 50


@pytest.mark.parametrize('arguments', [['--help'], ['-h'], ['help'], ['send', '--help'], ['stream', '--help'],
                                       ['help', 'send'], ['--help', 'stream'], ['-d', 'x', '--help']], ids=' '.join)
def test_short_help_fits_a_screen(arguments):
    result = run(*arguments)
    lines = result.out.splitlines()
    assert (result.code, result.err) == (0, '')
    assert 30 < len(lines) <= 50
    assert max(map(len, lines)) <= 80


@pytest.mark.parametrize('command, commands', [(None, {'send', 'stream'}), ('send', {'send'}), ('stream', {'stream'})])
def test_short_help_has_the_common_options_of_the_command(command, commands):
    expected = {spelling(row) for row in ROWS if 'PS_COMMON' in row[3] and commands_of(row) & commands}
    found = shown(help_of(command) if command else help_of())
    assert len(found) == len(set(found))
    assert set(found) == expected


@pytest.mark.parametrize('arguments, commands', [(['help', 'all'], {'send', 'stream'}),
                                                 (['--help', 'all'], {'send', 'stream'}),
                                                 (['help', 'send', 'all'], {'send'}),
                                                 (['stream', '--help', 'all'], {'stream'})], ids=str)
def test_help_of_all_has_every_option_once(arguments, commands):
    result = run(*arguments)
    assert result.code == 0
    assert max(map(len, result.out.splitlines())) <= 80
    assert sorted(shown(result.out)) == sorted(spelling(row) for row in ROWS if commands_of(row) & commands)


@pytest.mark.parametrize('row', ROWS, ids=lambda row: row[0])
def test_help_of_one_option_is_whole_however_it_is_named(row):
    name, key, letter, rest = row
    key = key or name.replace('-', '_')
    text = help_of(name)
    first = text.splitlines()[0]
    assert first == key if not commands_of(row) else spelling(row) in first.split()
    assert max(map(len, text.splitlines())) <= 80
    for command in ('send', 'stream'):
        assert (f'poolsend {command}' in ''.join(re.findall('^Commands:.*', text, re.MULTILINE))) == \
            (command in commands_of(row))
    assert (f'Configuration file: "{key}"' in text) == ('PS_IN_FILE' in rest)
    assert (f'poolsend_config_set(config, "{key}", value)' in text) == ('PS_BY_NAME' in rest)
    if argument := re.search(r'\.argument = "(.*?)"', rest):
        assert argument[1] in first or not commands_of(row)
    others = [f'--{name}', key] + ([f'-{letter}', letter] if letter else [])
    if 'PS_KIND_FLAG' in rest:
        others += [f'--no-{name}']
    assert {help_of(other) for other in others} == {text}


def test_help_of_an_option_says_what_its_value_may_be():
    assert 'Value: a time: 1, 0.25, 250ms, 1s, 2m or 1h\n' in help_of('settle')
    assert 'Value: a whole number from 1 to 100000\n' in help_of('workers')
    assert 'Value: one of text|json\n' in help_of('format')
    assert 'Opposite: --no-location\n' in help_of('location')
    assert 'Opposite: --breaker\n' in help_of('breaker')


@pytest.mark.parametrize('topic, meant', [('hedge-dealy', 'hedge-delay'), ('--worker', 'workers'), ('straem', 'stream'),
                                          ('al', 'all'), ('bogus', None), ('', None), ('-', None), ('--', None),
                                          ('https://a.example/', None), ('a\x1b[31mb', None)])
def test_unknown_topic_is_refused_with_what_may_have_been_meant(topic, meant):
    result = run('help', topic)
    assert (result.code, result.out) == (2, '')
    assert result.err.count('\n') == 1 and '\x1b' not in result.err
    assert (f'did you mean {meant}?' if meant else "'poolsend help all' shows every option") in result.err


# Those of the installed curl of which nothing is said, and why: none.
UNKNOWN = {}


def curl_options():
    """Each option of the installed curl, with its dashes."""
    done = subprocess.run(['curl', '--help', 'all'], capture_output=True, text=True, check=True)
    found = re.findall(r'^ *(?:(-.), )? *(--[^ ]+)', done.stdout, re.MULTILINE)
    return [option for options in found for option in options if option]


@pytest.mark.skipif(not shutil.which('curl'), reason='there is no curl')
def test_every_option_of_the_installed_curl_is_one_or_has_a_reason_why_not():
    options = curl_options()
    assert len(options) > 200 and {'-f', '--fail', '-Z', '--data', '--no-buffer', '-#'} <= set(options)
    for option in options:
        result = run('help', option)
        if result.code:
            assert (f'{option} is an option of curl\'s that poolsend has not: ' in result.err) != (option in UNKNOWN)


@pytest.mark.parametrize('topic, reason', [
    ('--fail', 'an answer that is no success never counts; see --success'),
    ('-f', 'an answer that is no success never counts; see --success'),
    ('fail', 'an answer that is no success never counts; see --success'),
    ('--no-buffer', 'events are written as they happen'),
    ('--expand-url', 'use a variable of the shell'),
    ('-K', 'as JSON'),
    ('-#', 'no progress is shown'),
])
def test_option_of_curl_alone_is_refused_with_the_reason(topic, reason):
    result = run('help', topic)
    assert (result.code, result.out) == (2, '')
    assert reason in result.err and 'did you mean' not in result.err


def test_value_behind_a_topic_is_not_shown():
    for topic in ('--oauth2-bearer=sesame', 'https://name:sesame@a.example/', 'https://a.example/?key=sesame'):
        result = run('--help', topic)
        assert result.code == 2 and 'sesame' not in result.err


def test_help_behind_a_command_is_that_commands():
    assert run('stream', 'help').out == help_of('stream')
    assert run('send', 'help', 'all').out == help_of('send', 'all')


@pytest.mark.parametrize('arguments', [['--no-help'], ['--help', '--no-help'], ['--no-version']], ids=' '.join)
def test_help_and_version_can_be_taken_back(arguments):
    result = run('--dry-run', 'https://a.example/', *arguments)
    assert (result.code, result.err) == (0, '') and 'GET https://a.example/' in result.out


def test_option_behind_help_is_a_topic_and_no_option():
    assert run('--help', '--hedge-delay').out == help_of('hedge-delay')
    assert run('stream', '-h', '-x').out == help_of('proxy')
