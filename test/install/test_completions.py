"""Completions, each tried in its shell: commands, options of the command that was typed, and what values can be.

bash is given the words as readline would split them; zsh reads keys from a terminal, and what it was to offer is written to
a pipe; fish is asked."""

import os
import pty
import select
import shlex
import shutil
import subprocess
import threading

import pytest

from conftest import PATIENCE, environment

# What is typed, what is offered then, and what is not.
TYPED = {
    'commands': ('', {'send', 'stream', 'help'}, {'hedge-delay', 'alert.json'}),
    'the beginning of a command': ('str', {'stream'}, {'send', 'help'}),
    'no second command': ('send ', set(), {'stream', 'help'}),
    'an option': ('--hedge-d', {'--hedge-delay'}, {'--hedge-budget'}),
    'options of a message': ('--in', {'--insecure'}, {'--input', '--in-order'}),
    'options of a message by its command': ('send --dr', {'--dry-run'}, set()),
    'options of a stream': ('stream --in', {'--insecure', '--input', '--input-format', '--in-order'}, {'--include'}),
    'no option of a message in a stream': ('stream --d', set(), {'--data', '--dry-run'}),
    'the opposite of a flag': ('stream --no-b', {'--no-breaker'}, {'--no-http2'}),
    'the opposite of a flag that is off': ('-k --no-lo', {'--no-location'}, {'--no-http2'}),
    'a choice': ('--format ', {'text', 'json'}, {'alert.json', 'send'}),
    'a choice behind =': ('--format=', {'--format=text', '--format=json'}, {'--format=alert.json'}),
    'the beginning of a choice': ('stream --input-format l', {'lines'}, {'envelopes'}),
    'one of a list': ('--events start,f', {'start,finish'}, {'start,settled'}),
    'a file': ('--config al', {'alert.json'}, {'other'}),
    'a file for a letter': ('-E al', {'alert.json'}, {'other'}),
    'a folder': ('--capath al', {'alerts'}, {'alert.json'}),
    'a file behind @': ('-d @al', {'@alert.json'}, {'@other'}),
    'a file behind @ for a long option': ('--json @al', {'@alert.json'}, {'@other'}),
    'nothing for a text': ('--id ', set(), {'alert.json', 'send', '--data'}),
    'a topic of the help': ('help hedge-', {'hedge-delay', 'hedge-budget'}, {'all', '--hedge-delay'}),
}


@pytest.fixture(scope='module')
def folder(tmp_path_factory):
    """Where there are files to choose from."""
    where = tmp_path_factory.mktemp('completed')
    (where / 'alert.json').touch()
    (where / 'other').touch()
    (where / 'alerts').mkdir()
    return where


def needs(shell):
    return pytest.mark.skipif(not shutil.which(shell), reason=f'there is no {shell}')


def whole(word, typed):
    """The word that an offer would make. A shell may offer what stands behind = or @ or a comma alone, and a folder with
    its slash."""
    last = typed.rpartition(' ')[2]
    before = last[:max(last.rfind(mark) for mark in '=@,') + 1]
    return (word if word.startswith(before) else before + word).removesuffix('/')


def check(words, case):
    typed, expected, others = TYPED[case]
    found = {whole(word, typed) for word in words}
    assert expected <= found and not found & others
    assert expected or not found


def run_shell(command, folder):
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=PATIENCE, check=False,
                          env=environment(HOME=str(folder), TERM='dumb'))
    assert (done.returncode, done.stderr) == (0, '')
    return done.stdout.splitlines()


# ---- bash

def split_by_readline(typed):
    """The words of a line, of which = and @ are ones of their own."""
    words = []
    for word in typed.split(' '):
        for part in word.replace('=', '\0=\0').replace('@', '\0@\0').split('\0'):
            if part or not word:
                words.append(part)
    return ['poolsend', *words]


@needs('bash')
@pytest.mark.parametrize('split', [split_by_readline, lambda typed: ['poolsend', *typed.split(' ')]],
                         ids=['split', 'whole'])
@pytest.mark.parametrize('case', TYPED)
def test_bash_completes(installed, folder, case, split):
    script = installed.prefix / 'share' / 'bash-completion' / 'completions' / 'poolsend'
    words = split(TYPED[case][0])
    lines = run_shell(['bash', '--norc', '-c', f'''. {shlex.quote(str(script))}
COMP_WORDS=({shlex.join(words)}) COMP_CWORD={len(words) - 1}
$(complete -p poolsend | sed 's/.*-F \\([^ ]*\\).*/\\1/') poolsend
printf '%s\\n' "${{COMPREPLY[@]}}"'''], folder)
    check([line for line in lines if line], case)


@needs('bash')
def test_bash_needs_no_other_completion(installed):
    script = installed.prefix / 'share' / 'bash-completion' / 'completions' / 'poolsend'
    done = subprocess.run(['bash', '--norc', '-c', f'. {shlex.quote(str(script))}; complete -p poolsend; declare -F'],
                          capture_output=True, text=True, check=False)
    functions = [line.split()[-1] for line in done.stdout.splitlines()[1:]]
    assert done.returncode == 0 and functions and all(name.startswith('_poolsend') for name in functions)


# ---- zsh

# What would be added to the words that are offered goes to the pipe as well; ^T says that this was all. Only when the
# shell says that it edits a line can keys be typed.
INIT = r'''
PS1= PROMPT= RPS1= ; unsetopt zle_bracketed_paste prompt_cr prompt_sp 2>/dev/null
fpath=({folder} $fpath)
autoload -Uz compinit && compinit -u -D
compadd() {{
  local -a hits
  if [[ ${{@[1,(i)(-|--)]}} == *-(O|A|D)\ * ]]; then
    builtin compadd "$@"
    return
  fi
  builtin compadd -A hits "$@"
  (($#hits)) && print -rl -- $hits >{pipe}
  builtin compadd "$@"
}}
all() {{ print -r -- END-OF-OFFERS >{pipe} }}
zle -N all
bindkey '^I' list-choices
bindkey '^T' all
zle-line-init() {{ print -r -- READY >{pipe} }}
zle -N zle-line-init
'''


class Zsh:
    """An interactive zsh at a terminal of its own, as a context manager: it is ended and reaped whatever happens."""

    def __init__(self, completions, where, folder):
        self.pipe, self.init = where / 'pipe', where / 'init'
        os.mkfifo(self.pipe)
        self.init.write_text(INIT.format(folder=shlex.quote(str(completions)), pipe=shlex.quote(str(self.pipe))))
        self.shown = b''
        self.terminal, line = pty.openpty()
        self.offers, self.read = os.open(self.pipe, os.O_RDWR), b''
        self.process = subprocess.Popen(['zsh', '-f', '-i'], stdin=line, stdout=line, stderr=line, cwd=folder,
                                        start_new_session=True, env=environment(HOME=str(where), TERM='dumb'))
        os.close(line)
        self.reader = threading.Thread(target=self.drain)
        self.reader.start()

    def drain(self):
        """A terminal that nobody reads would hold the shell up."""
        try:
            while shown := os.read(self.terminal, 65536):
                self.shown += shown
        except OSError:
            pass  # the shell is gone

    def type(self, keys):
        os.write(self.terminal, keys.encode())

    def read_until(self, last):
        """The lines that were written to the pipe before this one."""
        end = f'{last}\n'.encode()
        while not self.read.endswith(end):
            assert select.select([self.offers], [], [], PATIENCE)[0], self.shown
            self.read += os.read(self.offers, 65536)
        lines, self.read = self.read.removesuffix(end).decode().splitlines(), b''
        return lines

    def __enter__(self):
        self.type(f'. {shlex.quote(str(self.init))}\n')
        assert self.read_until('READY') == []
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()
        self.reader.join()
        os.close(self.terminal)
        os.close(self.offers)


@pytest.fixture(scope='module')
def zsh(installed, folder, tmp_path_factory):
    completions = installed.prefix / 'share' / 'zsh' / 'site-functions'
    with Zsh(completions, tmp_path_factory.mktemp('zsh'), folder) as shell:
        yield shell


@needs('zsh')
@pytest.mark.parametrize('case', TYPED)
def test_zsh_completes(zsh, case):
    zsh.type(f'poolsend {TYPED[case][0]}\t\x14\x15')
    check(zsh.read_until('END-OF-OFFERS'), case)


# ---- fish

@needs('fish')
@pytest.mark.parametrize('case', TYPED)
def test_fish_completes(installed, folder, case):
    script = installed.prefix / 'share' / 'fish' / 'vendor_completions.d' / 'poolsend.fish'
    line = f'poolsend {TYPED[case][0]}'
    lines = run_shell(['fish', '--no-config', '-c', f"source {shlex.quote(str(script))}; complete -C '{line}'"], folder)
    check([line.partition('\t')[0] for line in lines], case)
