"""poolsend.h -> poolsend(3), on standard output. The header is the contract, and the page says nothing else: its opening is
the description, its sections are the page's, and each declaration stands before what the header says of it."""

import re
import sys
import textwrap

WIDTH = 70  # with room for what is escaped

HEAD = r'''.Dd November 28, 2026
.Dt POOLSEND 3
.Os
.Sh NAME
.Nm poolsend
.Nd {summary}
.Sh LIBRARY
Compile and link with what
.Ql pkg-config --cflags --libs poolsend
says; for the static library with
.Fl Fl static .
.Sh SYNOPSIS
.In poolsend.h
.Sh DESCRIPTION'''
TAIL = r'''.Sh SEE ALSO
.Xr curl 1 ,
.Xr poolsend 1 ,
.Xr libcurl 3'''


def plain(text):
    """A line of roff that says just this."""
    text = text.replace('\\', r'\e').replace('-', r'\-').replace('`', '')
    return r'\&' + text if text.startswith(('.', "'")) else text


def literal(lines):
    yield from ('.Bd -literal', *map(plain, lines), '.Ed')


def prose(comment):
    """The paragraphs of a comment. One that is indented is code; one that begins with **words** is set off by them."""
    text = re.sub(r'^/\*\*|\*/$', '', comment.strip())
    lines = [re.sub(r'^ ?\* ?', '', line) if number else line.strip() for number, line in enumerate(text.split('\n'))]
    for paragraph in re.split(r'\n\s*\n', '\n'.join(lines).strip()):
        if paragraph.startswith('    '):
            yield from literal(line[4:] for line in paragraph.split('\n'))
            continue
        bold, rest = re.fullmatch(r'(?:\*\*(.*?)\*\*\s*)?(.*)', paragraph, re.DOTALL).groups()
        yield f'.Ss {plain(bold.rstrip("."))}' if bold else '.Pp'
        for sentence in re.sub(r'(?<=[.:;?]) (?=\S)', '\n', ' '.join(rest.split())).split('\n'):
            yield from map(plain, textwrap.wrap(sentence, WIDTH, break_long_words=False, break_on_hyphens=False))


def parts(header):
    """Its sections: the name of each, and its comments, each with the code that follows it at once."""
    for section in re.split(r'^/\* -+ ', header, flags=re.MULTILINE)[1:]:
        name, rest = section.split(' -', 1)
        rest = rest.split('#ifdef __cplusplus\n}')[0]
        yield name, re.findall(r'^(/\*\*.*?\*/)\n(.*?)(?=\n\n/\*\*|\Z)', rest, re.MULTILINE | re.DOTALL)


def declaration(code):
    """As it is written there, without what is only for the compiler."""
    code = re.sub(r'#ifdef __cplusplus.*?#endif', '', code, flags=re.DOTALL)
    code = re.sub(r'^(?:POOLSEND_API|static inline) ', '', code, flags=re.MULTILINE).replace('/**<', '/*')
    return re.sub(r'\n\{\n.*?^\}', ';', code, flags=re.MULTILINE | re.DOTALL).strip().split('\n')


def page(header):
    opening = header[:header.index('*/') + 2].replace(' @file poolsend.h\n', '\n', 1)
    summary, _, rest = opening.removeprefix('/**\n * ').partition('.\n')
    yield HEAD.format(summary=plain(summary[0].lower() + summary[1:]))
    yield from prose('/**\n' + rest)
    for name, items in parts(header):
        yield f'.Sh {plain(name.upper())}'
        for comment, code in items:
            yield from literal(declaration(code))
            yield from prose(comment)
    yield TAIL


def main():
    with open(sys.argv[1], encoding='utf-8') as header:
        lines = '\n'.join(page(header.read())).split('\n')
    # A section begins a paragraph by itself.
    print('\n'.join(line for before, line in zip([''] + lines, lines) if (before[:3], line) != ('.Sh', '.Pp')))


main()
