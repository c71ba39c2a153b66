"""What Meson makes of a machine and of its options, before anything is compiled: which tests there are, how the compiler is
told to fortify, and what an uninstallation leaves."""

import json
import re

import pytest

from conftest import ROOT, files_below, poor_machine, run

LONG_SUITES = {'install', 'matrix', 'property', 'slow', 'soak', 'torture'}


def fortified(build):
    """What stands of it in the commands for the library, each of which is to have the same."""
    commands = json.loads((build / 'compile_commands.json').read_text())
    found = {tuple(re.findall(r'-[DU]_FORTIFY_SOURCE\S*', entry['command'])) for entry in commands
             if 'libparts' in entry['output']}
    assert len(found) == 1
    return list(*found)


def suites_listed(build, *arguments):
    listed = run('meson', 'test', '-C', build, '--no-rebuild', '--list', *arguments).stdout
    # "poolsend:unit / ascii", or as meson 1.12 has it "unit - poolsend:ascii".
    rows = re.findall(r'^(?:poolsend:(\S+) / |(\S+) - poolsend:)', listed, re.MULTILINE)
    return {suite for row in rows for suites in row for suite in suites.split('+') if suite}


@pytest.fixture(scope='module')
def build(tmp_path_factory):
    """Of the tests, by a distribution that fortifies by itself."""
    where = tmp_path_factory.mktemp('configured') / 'build'
    run('meson', 'setup', where, ROOT, '-Dtests=enabled', '-Dc_args=-D_FORTIFY_SOURCE=3')
    return where


def test_a_machine_without_what_only_the_tests_need_is_told_that_they_are_not_built(installed):
    told, = re.findall(r'^ *tests *: (.*)$', installed.told, re.MULTILINE)
    assert told.startswith('not built, for want of cmocka, pytest, h2, jsonschema (')


def test_a_machine_without_what_the_tests_need_cannot_be_made_to_build_them(tmp_path):
    poor = poor_machine(tmp_path / 'poor')
    done = run('meson', 'setup', tmp_path / 'build', ROOT, '--native-file', tmp_path / 'poor' / 'native', '-Dtests=enabled',
               env=poor, check=False)
    assert done.returncode
    assert 'for want of cmocka, pytest, h2, jsonschema' in done.stdout


def test_long_suites_are_left_out_of_a_plain_run(build):
    plain = suites_listed(build)
    assert {'unit', 'system', 'library', 'sim', 'fuzz', 'support'} <= plain
    assert not plain & LONG_SUITES


def test_a_long_suite_that_is_named_is_run(build):
    for suite in LONG_SUITES:
        assert suites_listed(build, '--suite', suite) >= {suite}


def test_there_is_a_setup_with_all_suites(build):
    assert suites_listed(build, '--setup', 'all') == suites_listed(build) | LONG_SUITES


def test_a_distribution_that_fortifies_is_not_overruled(build):
    assert fortified(build) == ['-D_FORTIFY_SOURCE=3']


@pytest.mark.parametrize('options, expected', [
    (['-Doptimization=2'], {(), ('-D_FORTIFY_SOURCE=2',)}),  # none where the compiler does by itself
    (['-Doptimization=0'], {()}),
])
def test_what_is_optimized_is_fortified(tmp_path, options, expected):
    run('meson', 'setup', tmp_path, ROOT, '-Dtests=disabled', '-Dcli=false', *options)
    assert tuple(fortified(tmp_path)) in expected


def test_an_uninstallation_leaves_nothing(installed, tmp_path):
    run('meson', 'setup', '--reconfigure', installed.build, ROOT, '--prefix', tmp_path / 'prefix', '-Ddefault_library=both',
        env=installed.poor)
    run('meson', 'install', '-C', installed.build, env=installed.poor)
    assert files_below(tmp_path / 'prefix') == files_below(installed.prefix)
    run('ninja', '-C', installed.build, 'uninstall')
    assert not (tmp_path / 'prefix').exists()
