"""Certificates for tests, made afresh with the `openssl` command.

    ca = make_ca(directory)
    good = ca.issue(['localhost', '127.0.0.1'])
    old = ca.issue(['localhost'], expired=True)
    stranger = make_ca(another_directory).issue()
    trusted = hashed_dir(yet_another_directory, ca)

A client that trusts `ca.cert` (a file) or `trusted` (a directory in the form
that OpenSSL's CApath wants) must accept `good`, and must refuse `old` and
`stranger`.  Names stand only in the subjectAltName; the common name is no host
name, so a client that still looks there finds nothing.

Leaves are signed with `openssl ca`, the only command of OpenSSL 3.0 that takes
the start and the end of a certificate's life as dates.  (`openssl x509 -days`
counts from now on: a negative number makes a certificate that ends before it
begins, which is malformed rather than expired.)  Keys are on the curve P-256,
which takes no time to generate.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from ipaddress import ip_address
from pathlib import Path
import subprocess

CONFIG = """\
[ req ]
distinguished_name = subject
prompt = no

[ subject ]
commonName = set on the command line

[ root ]
basicConstraints = critical, CA:TRUE
keyUsage = critical, keyCertSign, cRLSign
subjectKeyIdentifier = hash

[ ca ]
default_ca = signing

[ signing ]
database = {directory}/index.txt
new_certs_dir = {directory}
unique_subject = no
default_md = sha256
rand_serial = yes
policy = any_subject
x509_extensions = leaf
copy_extensions = copy

[ any_subject ]
commonName = supplied

[ leaf ]
basicConstraints = critical, CA:FALSE
keyUsage = critical, digitalSignature
extendedKeyUsage = serverAuth
subjectKeyIdentifier = hash
authorityKeyIdentifier = keyid
"""

NEW_KEY = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes']
DAY = timedelta(days=1)


@dataclass(frozen=True)
class Certificate:
    """The paths of a certificate and of its key, both PEM files."""

    cert: Path
    key: Path


class Authority(Certificate):
    """A CA: a certificate that signs others, kept in the same directory."""

    @property
    def directory(self):
        return self.cert.parent

    def issue(self, names=('localhost', '127.0.0.1'), expired=False):
        """A new leaf Certificate for the DNS names and IP addresses `names`."""
        number = len(list(self.directory.glob('leaf-*.pem'))) + 1
        leaf = Certificate(self.directory / f'leaf-{number}.pem',
                           self.directory / f'leaf-{number}.key')
        request = self.directory / f'leaf-{number}.csr'
        config = self.directory / 'openssl.cnf'
        start, end = (-2 * DAY, -DAY) if expired else (-DAY, 365 * DAY)

        openssl('req', '-config', config, *NEW_KEY, '-keyout', leaf.key, '-out', request,
                '-subj', '/CN=poolsend test server',
                '-addext', 'subjectAltName=' + ','.join(map(alternative_name, names)))
        openssl('ca', '-config', config, '-batch', '-notext',
                '-cert', self.cert, '-keyfile', self.key,
                '-startdate', date(start), '-enddate', date(end),
                '-in', request, '-out', leaf.cert)
        return leaf


def make_ca(directory, name='poolsend test CA'):
    """A new self-signed Authority in `directory`, which is made if missing."""
    directory = Path(directory).absolute()
    directory.mkdir(parents=True, exist_ok=True)
    config = directory / 'openssl.cnf'
    config.write_text(CONFIG.format(directory=directory))
    (directory / 'index.txt').touch()

    ca = Authority(directory / 'ca.pem', directory / 'ca.key')
    openssl('req', '-config', config, '-x509', '-extensions', 'root', '-days', '3650',
            *NEW_KEY, '-keyout', ca.key, '-out', ca.cert, '-subj', f'/CN={name}')
    return ca


def hashed_dir(directory, ca):
    """`directory`, in which OpenSSL then finds `ca` by the hash of its subject.

    The directory may hold several CAs if their names differ.
    """
    directory = Path(directory)
    directory.mkdir(parents=True, exist_ok=True)
    subject_hash = openssl('x509', '-in', ca.cert, '-noout', '-subject_hash').strip()
    (directory / f'{subject_hash}.0').symlink_to(ca.cert)
    return directory


def alternative_name(name):
    """`name` as an entry of a subjectAltName."""
    try:
        return f'IP:{ip_address(name)}'
    except ValueError:
        return f'DNS:{name}'


def date(distance):
    """The moment `distance` from now, as OpenSSL writes it."""
    return (datetime.now(timezone.utc) + distance).strftime('%Y%m%d%H%M%SZ')


def openssl(*arguments):
    """Run `openssl` and return what it printed."""
    done = subprocess.run(['openssl', *map(str, arguments)], capture_output=True, text=True)
    if done.returncode != 0:
        raise RuntimeError(f'openssl {arguments[0]} failed:\n{done.stderr}')
    return done.stdout
