"""What the scripts do to a machine: they say what they install before they install it, and how; and which tests they run.
The commands that would change something are replaced by such as only write down that they were called."""

import os
import pathlib
import pty
import subprocess

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]

# Packages that no machine has, as far as `need` can tell.
NEEDS_TWO = '. test/support/setup.sh; need one false; need here true; need two false; install_missing; echo after'
DOES_NOTHING = 'exit 0'
ASKS_FOR_A_PASSWORD = '[ "$1" != -n ]'


class Machine:
    """A folder of commands, which come before the real ones, and what was said and called, in that order."""

    def __init__(self, directory):
        self.commands = directory / 'bin'
        self.commands.mkdir()
        self.log = directory / 'log'
        self.log.touch()
        self.environment = {**os.environ, 'PATH': f'{self.commands}:{os.environ["PATH"]}'}
        for variable in ('BUILD', 'BUILD_OPTIONS'):
            self.environment.pop(variable, None)

    def command(self, name, script):
        """Called with its arguments, it writes them down and does what the script says."""
        path = self.commands / name
        path.write_text(f'#!/bin/sh\necho "+ {name} $*" >>{self.log}\n{script}\n')
        path.chmod(0o755)
        return self

    def user(self, number):
        return self.command('id', f'echo {number}').command('apt-get', DOES_NOTHING)

    def run(self, *arguments, **extra):
        """Without a terminal: the status. What is said goes to the log."""
        with open(self.log, 'ab') as log:
            return subprocess.run(arguments, cwd=ROOT, env={**self.environment, **extra}, stdin=subprocess.DEVNULL,
                                  stdout=log, stderr=log, start_new_session=True, timeout=60, check=False).returncode

    def lines(self):
        """Without the questions that change nothing."""
        return [line for line in self.log.read_text().splitlines() if not line.startswith(('+ id', '+ sudo -n'))]


@pytest.fixture
def machine(tmp_path):
    return Machine(tmp_path)


def kinds(lines):
    """apt-get by what it is to do."""
    return [' '.join(word for word in line.split() if word in ('update', 'install', 'one', 'two')) if 'apt-get -qq' in line
            else line for line in lines]


def test_root_is_told_what_is_installed_before_it_is(machine):
    assert machine.user(0).run('sh', '-c', NEEDS_TWO) == 0
    assert kinds(machine.lines()) == ['Installing one two (apt-get, as root)', 'update', 'install one two', 'after']


def test_others_are_told_that_it_is_done_with_sudo(machine):
    assert machine.user(1000).command('sudo', '[ "$1" = -n ] || exec "$@"').run('sh', '-c', NEEDS_TWO) == 0
    lines = machine.lines()
    assert lines[0] == 'Installing one two (sudo apt-get)'
    assert kinds([line for line in lines if line.startswith('+ sudo')]) == ['update', 'install one two']


def test_sudo_that_cannot_ask_for_its_password_is_not_tried(machine):
    """One line, with every package once."""
    assert machine.user(1000).command('sudo', ASKS_FOR_A_PASSWORD).run('sh', '-c', NEEDS_TWO) == 1
    assert machine.lines() == ["Missing, by Debian's names: one two. Please install them as root, and try again."]


def test_sudo_that_can_ask_for_its_password_is_tried(machine):
    machine.user(1000).command('sudo', ASKS_FOR_A_PASSWORD)
    child, terminal = pty.fork()
    if child == 0:
        os.chdir(ROOT)
        os.execvpe('sh', ['sh', '-c', NEEDS_TWO], machine.environment)
    said = b''
    try:
        while part := os.read(terminal, 4096):
            said += part
    except OSError:  # the end of a terminal
        pass
    os.close(terminal)
    assert os.waitpid(child, 0)[1] == 0
    assert said.decode().split('\r\n') == ['Installing one two (sudo apt-get)', 'after', '']
    assert len(machine.lines()) == 2


def test_nothing_is_said_or_done_where_nothing_is_missing(machine):
    assert machine.user(0).run('sh', '-c', '. test/support/setup.sh; need here true; install_missing') == 0
    assert machine.lines() == []


def test_every_suite_is_run_unless_some_are_chosen(machine, tmp_path):
    machine.user(0).command('meson', DOES_NOTHING)
    assert machine.run('sh', 'test/run.sh', '--suite', 'soak', BUILD=str(tmp_path / 'build')) == 0
    *_, set_up, compiled, tested = [line for line in machine.lines() if line.startswith('+ meson')]
    assert set_up == f'+ meson setup {tmp_path}/build -Dtests=enabled'
    assert compiled == f'+ meson compile -C {tmp_path}/build'
    assert tested.startswith(f'+ meson test -C {tmp_path}/build ') and tested.endswith(' --setup all --suite soak')


def test_a_build_directory_that_is_there_gets_the_options_too(machine, tmp_path):
    machine.user(0).command('meson', DOES_NOTHING)
    mark = tmp_path / 'build' / 'meson-private' / 'coredata.dat'
    mark.parent.mkdir(parents=True)
    mark.touch()
    assert machine.run('sh', 'test/run.sh', BUILD=str(tmp_path / 'build'), BUILD_OPTIONS='-Dwerror=true') == 0
    assert f'+ meson setup {tmp_path}/build --reconfigure -Dtests=enabled -Dwerror=true' in machine.lines()
