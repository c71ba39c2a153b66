"""Completions, each tried in its shell: commands, options of the command that was typed, and what values can be.

bash is given the words as readline would split them; zsh reads keys from a terminal, and what it was to offer is
written to a pipe; fish is asked."""

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
    (where / 'with blank').touch()
    (where / 'alerts').mkdir()
    return where


def needs(shell):
    return pytest.mark.skipif(not shutil.which(shell), reason=f'there is no {shell}')


def check(words, case, marks=''):
    """What is offered makes the words that are expected, with what stands before it up to the last of the marks, which
    the shell leaves as it is. A folder may have its slash."""
    typed, expected, others = TYPED[case]
    last = typed.rpartition(' ')[2]
    before = last[:max(map(last.rfind, marks), default=-1) + 1]
    found = {(before + word).removesuffix('/') for word in words}
    assert expected <= found and not found & others
    assert expected or not found


def run_shell(command, folder):
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=PATIENCE, check=False,
                          env=environment(HOME=str(folder), TERM='dumb'))
    assert (done.returncode, done.stderr) == (0, '')
    return done.stdout.splitlines()


# ---- A shell at a terminal

class AtTerminal:
    """An interactive shell with a terminal of its own, as a context manager: it is ended and reaped whatever happens. Its
    answers come by a pipe, so that nothing else need be waited for; its script says READY there."""

    def __init__(self, command, script, where, folder):
        self.pipe, self.script, self.said, self.shown = where / 'pipe', where / 'script', b'', b''
        os.mkfifo(self.pipe)
        self.script.write_text(script.replace('PIPE', shlex.quote(str(self.pipe))))
        self.answers = os.open(self.pipe, os.O_RDWR)
        self.terminal, line = pty.openpty()
        self.process = subprocess.Popen(command, stdin=line, stdout=line, stderr=line, cwd=folder,
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
        while not self.said.endswith(end):
            assert select.select([self.answers], [], [], PATIENCE)[0], self.shown
            self.said += os.read(self.answers, 65536)
        lines, self.said = self.said.removesuffix(end).decode().splitlines(), b''
        return lines

    def __enter__(self):
        self.type(f'. {shlex.quote(str(self.script))}\n')
        assert self.read_until('READY') == []
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()
        self.reader.join()
        os.close(self.terminal)
        os.close(self.answers)


# ---- bash

def split_by_readline(typed):
    """The words of a line, of which = and @ are ones of their own; what is offered replaces what is behind =."""
    words = []
    for word in typed.split(' '):
        for part in word.replace('=', '\0=\0').replace('@', '\0@\0').split('\0'):
            if part or not word:
                words.append(part)
    return ['poolsend', *words]


@needs('bash')
@pytest.mark.parametrize('split, marks', [(split_by_readline, '='),
                                          (lambda typed: ['poolsend', *typed.split(' ')], '')], ids=['split', 'whole'])
@pytest.mark.parametrize('case', TYPED)
def test_bash_completes(installed, folder, case, split, marks):
    script = installed.prefix / 'share' / 'bash-completion' / 'completions' / 'poolsend'
    words = split(TYPED[case][0])
    lines = run_shell(['bash', '--norc', '-c', f'''. {shlex.quote(str(script))}
COMP_WORDS=({shlex.join(words)}) COMP_CWORD={len(words) - 1}
$(complete -p poolsend | sed 's/.*-F \\([^ ]*\\).*/\\1/') poolsend
printf '%s\\n' "${{COMPREPLY[@]}}"'''], folder)
    check([line for line in lines if line], case, marks)


@needs('bash')
def test_bash_needs_no_other_completion(installed):
    script = installed.prefix / 'share' / 'bash-completion' / 'completions' / 'poolsend'
    done = subprocess.run(['bash', '--norc', '-c', f'. {shlex.quote(str(script))}; complete -p poolsend; declare -F'],
                          capture_output=True, text=True, check=False)
    functions = [line.split()[-1] for line in done.stdout.splitlines()[1:]]
    assert done.returncode == 0 and functions and all(name.startswith('_poolsend') for name in functions)


# ^T tells what the line has become, and empties it.
BASH_SCRIPT = r'''
PS1=
. COMPLETION
tell() { printf '%s\nEND-OF-LINE\n' "$READLINE_LINE" >PIPE; READLINE_LINE= READLINE_POINT=0; }
bind -x '"\C-t": tell'
echo READY >PIPE
'''


@pytest.fixture(scope='module')
def bash(installed, folder, tmp_path_factory):
    completion = installed.prefix / 'share' / 'bash-completion' / 'completions' / 'poolsend'
    script = BASH_SCRIPT.replace('COMPLETION', shlex.quote(str(completion)))
    with AtTerminal(['bash', '--norc', '-i'], script, tmp_path_factory.mktemp('bash'), folder) as shell:
        yield shell


@needs('bash')
@pytest.mark.parametrize('typed, line', [
    ('str', 'stream '),
    ('--hedge-d', '--hedge-delay '),
    ('--format=j', '--format=json '),
    ('stream --events start,fin', 'stream --events start,finish'),
    ('--config ale', '--config alert'),
    ('--config alert.', '--config alert.json '),
    ('--capath ale', '--capath alerts/'),
    ('-d @alert.', '-d @alert.json '),
    ('--json=@alert.', '--json=@alert.json '),
    ('-d @alerts', '-d @alerts/'),
    ('-d @with', '-d @with\\ blank '),
    ('--config with', '--config with\\ blank '),
    ('--id ale', '--id ale'),
])
def test_bash_completes_a_line(bash, typed, line):
    bash.type(f'poolsend {typed}\t\x14')
    assert bash.read_until('END-OF-LINE') == [f'poolsend {line}']


# ---- zsh

# What would be added to the words that are offered goes to the pipe as well; ^T says that this was all. Only when the
# shell says that it edits a line can keys be typed.
ZSH_SCRIPT = r'''
PS1= PROMPT= RPS1= ; unsetopt zle_bracketed_paste prompt_cr prompt_sp 2>/dev/null
fpath=(FOLDER $fpath)
autoload -Uz compinit && compinit -u -D
compadd() {
  local -a hits
  if [[ ${@[1,(i)(-|--)]} == *-(O|A|D)\ * ]]; then
    builtin compadd "$@"
    return
  fi
  builtin compadd -A hits "$@"
  (($#hits)) && print -rl -- $hits >PIPE
  builtin compadd "$@"
}
all() { print -r -- END-OF-OFFERS >PIPE }
zle -N all
bindkey '^I' list-choices
bindkey '^T' all
zle-line-init() { print -r -- READY >PIPE }
zle -N zle-line-init
'''


@pytest.fixture(scope='module')
def zsh(installed, folder, tmp_path_factory):
    completions = installed.prefix / 'share' / 'zsh' / 'site-functions'
    script = ZSH_SCRIPT.replace('FOLDER', shlex.quote(str(completions)))
    with AtTerminal(['zsh', '-f', '-i'], script, tmp_path_factory.mktemp('zsh'), folder) as shell:
        yield shell


@needs('zsh')
@pytest.mark.parametrize('case', TYPED)
def test_zsh_completes(zsh, case):
    zsh.type(f'poolsend {TYPED[case][0]}\t\x14\x15')
    check(zsh.read_until('END-OF-OFFERS'), case, '=@,')


# ---- fish

@needs('fish')
@pytest.mark.parametrize('case', TYPED)
def test_fish_completes(installed, folder, case):
    script = installed.prefix / 'share' / 'fish' / 'vendor_completions.d' / 'poolsend.fish'
    line = f'poolsend {TYPED[case][0]}'
    lines = run_shell(['fish', '--no-config', '-c', f"source {shlex.quote(str(script))}; complete -C '{line}'"], folder)
    # From 4.0 on fish offers options in which the letters only occur, too.
    typed = TYPED[case][0].rpartition(' ')[2]
    words = [line.partition('\t')[0] for line in lines]
    check([word for word in words if not typed.startswith('-') or word.startswith(typed)], case)
