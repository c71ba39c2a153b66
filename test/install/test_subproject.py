"""A project that takes poolsend along as a subproject of Meson, from an archive, offline."""

import hashlib
import json
import re
import shutil
import tarfile

import pytest

from conftest import ROOT, files_below, run

# As the README says it.
DEPENDENCY, = re.findall(r'`(dependency\(.*?\))`', (ROOT / 'README.md').read_text())

PROJECT = f'''
project('consumer', 'c')
poolsend = {DEPENDENCY}
executable('consumer', 'consumer.c', dependencies: poolsend, install: true)
'''

CONSUMER = r'''
#include <poolsend.h>
#include <stdio.h>

int main(void)
{
  char id[POOLSEND_ID_SIZE];
  poolsend_make_id(id);
  puts(id);
  return !poolsend_id_is_valid(id);
}
'''

WRAP = '''
[wrap-file]
directory = poolsend
source_filename = poolsend.tar.gz
source_hash = {hash}

[provide]
dependency_names = poolsend
'''


def ours(member):
    """What a released archive would not have is left out."""
    return None if '__pycache__' in member.name else member


def write_archive(path):
    with tarfile.open(path, 'w:gz') as archive:
        for name in ('src', 'include', 'meson.build', 'meson_options.txt', 'LICENSE'):
            archive.add(ROOT / name, f'poolsend/{name}', filter=ours)
    return hashlib.sha256(path.read_bytes()).hexdigest()


@pytest.fixture(scope='module')
def consumer(tmp_path_factory):
    """The consumer's build directory, built."""
    top = tmp_path_factory.mktemp('consumer')
    packages = top / 'subprojects' / 'packagefiles'
    packages.mkdir(parents=True)
    (top / 'subprojects' / 'poolsend.wrap').write_text(WRAP.format(hash=write_archive(packages / 'poolsend.tar.gz')))
    (top / 'meson.build').write_text(PROJECT)
    (top / 'consumer.c').write_text(CONSUMER)
    # A poolsend that the machine has must not be taken instead.
    run('meson', 'setup', top / 'build', top, '--prefix', '/usr', '--libdir', 'lib', '--force-fallback-for', 'poolsend')
    run('meson', 'compile', '-C', top / 'build')
    yield top / 'build'
    shutil.rmtree(top)


def test_its_program_runs(consumer):
    assert len(run(consumer / 'consumer').stdout) == 37


def test_flags_of_ours_do_not_reach_it(consumer):
    commands = {entry['file']: entry['command'].split()
                for entry in json.loads((consumer / 'compile_commands.json').read_text())}
    theirs = commands['../consumer.c']
    assert len(commands) > 1
    assert not [flag for flag in theirs if flag.startswith(('-Werror', '-D_GNU_SOURCE', '-fvisibility', '-std'))]
    assert not {'-Wshadow', '-Wextra', '-Wpedantic', '-Wcast-qual'} & set(theirs)
    assert not [flag for flag in theirs if flag.startswith('-I') and flag.endswith('/src')]


def test_only_the_library_is_installed_with_it(consumer, tmp_path):
    run('meson', 'install', '-C', consumer, '--no-rebuild', '--destdir', tmp_path)
    assert files_below(tmp_path / 'usr') == {
        'bin/consumer', 'include/poolsend.h', 'lib/libpoolsend.a', 'lib/pkgconfig/poolsend.pc'}
