"""Builds the tree as a distribution would, installs it below a temporary directory, and compiles programs against that.

What is tested here sees nothing of the source tree: it asks pkg-config, as any other project does. (The versions are
the exception: they have to be the same everywhere.)
"""

import os
import pathlib
import shutil
import subprocess

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
PATIENCE = 600

COMPILERS = {'c': os.environ.get('CC', 'cc').split(), 'c++': os.environ.get('CXX', 'c++').split()}


def environment(**extra):
    """Where DESTDIR says to install to is for whoever runs the tests, not for what they install."""
    return {**{name: value for name, value in os.environ.items() if name != 'DESTDIR'}, **extra}


def run(*command, check=True, **options):
    """Runs a command to its end; what it said is in the failure if it fails."""
    done = subprocess.run([*map(str, command)], capture_output=True, text=True, timeout=PATIENCE, check=False,
                          **{'env': environment(), **options})
    if check and done.returncode:
        pytest.fail(f'{" ".join(map(str, command))}: exit {done.returncode}\n{done.stdout}{done.stderr}', pytrace=False)
    return done


def files_below(directory):
    """The names of all files and links there, relative to it."""
    return {str(path.relative_to(directory)) for path in directory.rglob('*') if path.is_symlink() or path.is_file()}


def needed_by(binary):
    """The shared libraries that it names itself."""
    return {line.partition('[')[2].rstrip(']') for line in run('readelf', '-dW', binary).stdout.splitlines()
            if '(NEEDED)' in line}


def poor_machine(directory):
    """The environment of a machine that can build poolsend and has nothing that only the tests need; Meson is to be given
    the native file as well that is put in `directory`."""
    packages = directory / 'pkgconfig'
    packages.mkdir(parents=True)
    for folder in run('pkg-config', '--variable=pc_path', 'pkg-config').stdout.strip().split(':'):
        for path in pathlib.Path(folder).glob('*.pc'):
            if path.stem != 'cmocka' and not (packages / path.name).exists():
                (packages / path.name).symlink_to(path)
    modules = directory / 'modules'
    modules.mkdir()
    (modules / 'sitecustomize.py').write_text('import sys\nsys.modules.update(pytest=None, h2=None, jsonschema=None)\n')
    # CMake would find what pkg-config does not.
    (directory / 'native').write_text("[binaries]\ncmake = '/nonexistent/cmake'\n")
    return environment(PKG_CONFIG_LIBDIR=str(packages), PKG_CONFIG_PATH='', PYTHONPATH=str(modules))


class Installed:
    """An installed poolsend: both libraries in `prefix`; the archive alone, as it is by default, in `archive_prefix`.
    Both were installed from `build`, in the environment `poor`; `told` is what Meson said as it set that up."""

    def __init__(self, prefix, archive_prefix, build, poor, told):
        self.prefix, self.archive_prefix = prefix, archive_prefix
        self.build, self.poor, self.told = build, poor, told
        self.header = prefix / 'include' / 'poolsend.h'
        self.shared = prefix / 'lib' / 'libpoolsend.so'
        self.archive = prefix / 'lib' / 'libpoolsend.a'
        self.program = prefix / 'bin' / 'poolsend'

    def pkg_config(self, *arguments, linkage='shared'):
        """What pkg-config says, as a list of words."""
        prefix = self.archive_prefix if linkage == 'static' else self.prefix
        return run('pkg-config', *arguments, 'poolsend',
                   env=environment(PKG_CONFIG_PATH=str(prefix / 'lib' / 'pkgconfig'))).stdout.split()

    def compile(self, sources, out, language='c', linkage='shared', flags=()):
        """Compiles and links a program from these sources ('c', 'c++'; 'static', 'shared'), with warnings as errors. It
        runs as it is, wherever it is. Its path."""
        libraries = self.pkg_config('--libs', linkage=linkage)
        if linkage == 'shared':
            libraries.append(f'-Wl,-rpath,{self.shared.parent}')
        run(*COMPILERS[language], '-Wall', '-Wextra', '-Werror', *flags, *self.pkg_config('--cflags'), *sources,
            '-o', out, *libraries)
        return out


@pytest.fixture(scope='session')
def installed(tmp_path_factory):
    """Built and installed once for all tests, on a machine without what they need. The archive is the same archive."""
    top = tmp_path_factory.mktemp('install')
    poor = poor_machine(top / 'poor')
    told = run('meson', 'setup', top / 'build', ROOT, '--native-file', top / 'poor' / 'native', '--prefix', top / 'prefix',
               '--libdir', 'lib', '--buildtype', 'debugoptimized', '-Ddefault_library=both', env=poor).stdout
    run('meson', 'compile', '-C', top / 'build', env=poor)
    run('meson', 'install', '-C', top / 'build', '--no-rebuild', env=poor)
    run('meson', 'setup', '--reconfigure', top / 'build', ROOT, '--prefix', top / 'archive', '-Ddefault_library=static',
        env=poor)
    run('meson', 'install', '-C', top / 'build', env=poor)
    yield Installed(top / 'prefix', top / 'archive', top / 'build', poor, told)
    shutil.rmtree(top / 'build')
