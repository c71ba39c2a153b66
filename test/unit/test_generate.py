"""What is made of the table of options: placeholders, and the texts that stand for them."""

import json
import os
import pathlib
import re
import shutil
import subprocess

import jsonschema
import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
GENERATOR = os.environ['GENERATOR']
EACH_KIND = os.environ['EACH_KIND']  # the same with a table of its own, of one option of each kind


def generate(tmp_path, template, check=True, generator=GENERATOR):
    source, out = tmp_path / 'template', tmp_path / 'out'
    source.write_text(template)
    done = subprocess.run([generator, source, out], capture_output=True, text=True, check=False)
    assert (done.returncode == 0) == (done.stderr == '') == check
    return out.read_text() if check else done.stderr


def test_all_lines_but_placeholders_are_copied(tmp_path):
    text = ('.\\" @OPTIONS message@ is replaced\nuser@example\n@OPTIONS message\n@options message@\n'
            '@ OPTIONS message@\n\n%s end')
    assert generate(tmp_path, text) == text


def test_placeholder_keeps_its_indentation_and_its_comma(tmp_path):
    text = generate(tmp_path, '[\n    @PROPERTIES sender@,\n]\n')
    lines = text.splitlines()
    assert (lines[0], lines[-1]) == ('[', ']') and len(lines) > 10
    assert all(re.fullmatch(r'    "\w+": \{ .* \},', line) for line in lines[1:-1])


@pytest.mark.parametrize('line', ['@NOTHING all@', '@OPTIONS nothing@', '@KEYS message@', '@PROPERTIES all@',
                                  '@LONGS help@', '@TOPICS send@', '@BASH send@', '@ZSH all@', '@FISH send@'])
def test_placeholder_of_which_nothing_is_known_is_refused(tmp_path, line):
    assert line in generate(tmp_path, f'a\n{line}\nb\n', check=False)


def test_template_that_is_not_there_is_refused(tmp_path):
    done = subprocess.run([GENERATOR, tmp_path / 'none', tmp_path / 'out'], capture_output=True, text=True, check=False)
    assert done.returncode == 1 and 'No such file' in done.stderr
    assert subprocess.run([GENERATOR], capture_output=True, check=False).returncode == 1


@pytest.mark.parametrize('group', ['message', 'request', 'delivery', 'stream', 'output'])
def test_options_are_a_list_of_short_lines_that_each_begin_a_sentence(tmp_path, group):
    text = generate(tmp_path, f'@OPTIONS {group}@\n')
    lines = text.splitlines()
    assert lines.count('.Bl -tag -width Ds') == lines.count('.El') == 1 and lines[-1] == '.El'
    assert max(map(len, lines)) <= 80
    items = [line for line in lines if line.startswith('.It ')]
    assert items and all(re.fullmatch(r'\.It (Fl \S , )?Fl Fl [a-z0-9-]+( Ar \S+)?', line) for line in items)
    assert not re.search(r'[a-z]\. [A-Z]', text)


def test_options_of_one_command_say_so(tmp_path):
    assert generate(tmp_path, '@OPTIONS stream@').startswith('These options are for\n.Nm Cm stream\nalone.\n.Bl')
    output = generate(tmp_path, '@OPTIONS output@')
    assert re.search(r'\.It Fl Fl dry-run\n(?:[^.].*\n)+For\n\.Nm Cm send\nalone\.\n\.It', output)
    assert output.startswith('.Bl')


def test_markup_in_a_text_is_none(tmp_path):
    text = generate(tmp_path, '@OPTIONS request@')
    assert "Send this header; \\(aqX:\\(aq removes one." in text
    assert '\\e: and \\e\\e stand for : and \\e in the file\\(aqs name.' in text


def test_keys_have_their_values_and_a_flag_that_is_on_says_what_false_does(tmp_path):
    sender, endpoint = generate(tmp_path, '@KEYS sender@'), generate(tmp_path, '@KEYS endpoint@')
    assert '.It Ic max_pending\n' in sender and 'The value is a whole number from 1 to 1000000.' in sender
    assert '.It Ic breaker\nfalse: keep the order of the list' in sender
    assert '.It Ic method\n' in endpoint and '.It Ic request\n' not in endpoint
    assert 'hedge_delay' in endpoint and 'hedge_delay' not in sender
    assert 'On the command line' not in endpoint and 'asked for if it is left out' not in endpoint


def test_properties_are_json_with_a_description_each(tmp_path):
    for scope in ('sender', 'endpoint'):
        properties = json.loads('{' + generate(tmp_path, f'@PROPERTIES {scope}@') + '}')
        assert len(properties) > 10
        for schema in properties.values():
            assert schema['description'].endswith('.') and ('$ref' in schema) != ('type' in schema)
    defaults = json.loads('{' + generate(tmp_path, '@PROPERTIES defaults@') + '}')
    assert set(properties) - set(defaults) == {'url', 'name'}
    assert all(schema == {'$ref': f'#/definitions/endpoint/properties/{key}'} for key, schema in defaults.items())


# ---- An option of each kind, as somebody may add one

KINDS = re.findall(r'PS_KIND_(\w+)[,/ ]', (ROOT / 'src' / 'options' / 'table.h').read_text().partition('};')[0])

# By name: a value that the file may have, and one that it may not.
SAMPLES = {
    'flag': (True, 'true'), 'text': ('', 5), 'line': ('', 5), 'secret': ({'env': 'A'}, 5), 'user': ('a:b', 'a'),
    'method': ('PUT', ''), 'name': ('a', ''), 'url': ('http://a/', ''), 'proxy': ('', 5), 'file': ('a', ''),
    'directory': ('a', ''), 'id': ('a', 5), 'count': (2, 4), 'size': ('1M', '1X'), 'time': ('1s', 'x'),
    'limit': ('1s', 'x'), 'hedge_delay': ('p95', 'p1'), 'share': ('1%', '1'), 'rate': ('1/s', '1/x'),
    'statuses': ('401', '4'), 'success': ('204', 'x'), 'choice': ('other', 'third'), 'events': ('start', 5),
    'headers': ({'A': 'b'}, 'A: b'), 'names': (['A'], 'A'), 'resolve': (['a:1:b'], 'a'),
    'connect_to': (['a:1:b:2'], 'a'),
    'template': ({'a': 5}, None), 'data': ('a', 5),
}


def test_there_is_a_sample_of_each_kind():
    assert len(KINDS) == len(SAMPLES) > 25


def test_schema_has_each_kind(tmp_path):
    template = (ROOT / 'src' / 'options' / 'config.schema.json.in').read_text()
    schema = json.loads(generate(tmp_path, template.replace('@PROPERTIES sender@,', ''), generator=EACH_KIND))
    jsonschema.Draft7Validator.check_schema(schema)
    validator = jsonschema.Draft7Validator(schema)
    assert set(schema['definitions']['endpoint']['properties']) == set(SAMPLES)
    for key, (good, bad) in SAMPLES.items():
        assert validator.is_valid({key: good}), key
        assert bad is None or not validator.is_valid({key: bad}), key


@pytest.mark.skipif(not shutil.which('mandoc'), reason='there is no mandoc')
@pytest.mark.parametrize('name', ['poolsend.1.in', 'poolsend-config.5.in'])
def test_manual_pages_have_each_kind(tmp_path, name):
    page = tmp_path / name
    template = re.sub(r'@(?!OPTIONS request|KEYS endpoint)\w+ \w+@\n', '', (ROOT / 'src' / 'doc' / name).read_text())
    page.write_text(generate(tmp_path, template, generator=EACH_KIND))
    done = subprocess.run(['mandoc', '-T', 'lint', page], capture_output=True, text=True, check=False)
    assert [line for line in done.stdout.splitlines() if 'referenced manual not found' not in line] == []
    shown = subprocess.run(['mandoc', '-T', 'ascii', page], capture_output=True, text=True, check=True).stdout
    text = re.sub(r'\s+', ' ', re.sub(r'.\x08', '', shown))
    assert text.count('Set \'it\' [to \\ this]: a "value".') == len(SAMPLES)
    assert [key for key in SAMPLES if (key if '5' in name else f'--{key.replace("_", "-")}') not in text] == []


@pytest.mark.parametrize('shell, name, check', [('bash', 'poolsend.bash.in', ['-n']), ('zsh', '_poolsend.in', ['-n']),
                                                ('fish', 'poolsend.fish.in', ['--no-execute'])])
def test_completions_have_each_kind(tmp_path, shell, name, check):
    if not shutil.which(shell):
        pytest.skip(f'there is no {shell}')
    template = (ROOT / 'src' / 'options' / 'completions' / name).read_text()
    script = tmp_path / 'completion'
    script.write_text(generate(tmp_path, template, generator=EACH_KIND))
    done = subprocess.run([shell, *check, script], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, '', '')
    assert all(key.replace('_', '-') in script.read_text() for key in SAMPLES)
