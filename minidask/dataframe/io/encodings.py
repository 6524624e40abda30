"""Which encodings can be searched as bytes.

Place in the flow: readers that cut files of text into blocks ask before they look for line breaks and quotes.
"""

from __future__ import annotations

import codecs

# These give bytes of ASCII another meaning after certain sequences.
_STATEFUL = ("iso2022", "iso_2022", "hz", "utf_7", "utf7", "unicode", "raw_unicode", "idna", "punycode")


def holds_ascii(encoding: str) -> bool:
    """Return whether a byte of ASCII is that character wherever it stands, as far as line breaks and quotes go.

    Raises
    ------
    LookupError
        If there is no such encoding.

    Examples
    --------
    >>> holds_ascii("utf-8"), holds_ascii("latin-1"), holds_ascii("utf-16")
    (True, True, False)
    """
    codecs.lookup(encoding)
    if encoding.lower().replace("-", "_").startswith(_STATEFUL):
        return False
    try:
        return bytes(range(128)).decode(encoding) == bytes(range(128)).decode("ascii")
    except UnicodeError:
        return False
