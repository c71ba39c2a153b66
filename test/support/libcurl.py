"""Which libcurl the program runs with: asked of the library itself, which need not be the one that it was built with."""

import ctypes
import functools


@functools.cache
def version():
    """As numbers, to be compared."""
    library = ctypes.CDLL('libcurl.so.4')
    library.curl_version.restype = ctypes.c_char_p
    name = library.curl_version().decode().split()[0]  # libcurl/8.14.1, perhaps with -DEV
    return tuple(int(number) for number in name.partition('/')[2].partition('-')[0].split('.'))
