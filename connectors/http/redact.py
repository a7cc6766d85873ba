"""Takes secrets out of urls and bodies before anything is kept or said."""

from __future__ import annotations

import re
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

MASK = "•••"
LONGEST = 4000
"""Characters of a body that evidence keeps."""

_NAMES = (
    r"authorization|proxy-authorization|cookie|set-cookie|access_?token|refresh_?token|id_?token"
    r"|token|client_?secret|secret|password|operatorpassword|companypassword|passwd|pwd|api_?key"
    r"|assertion|code_verifier|code|userid|sessionid|verifier_?token|webhook_?key|ssn"
    r"|taxidentifier|accountnumber|bankaccountnumber|acctnum|intuit-signature|x-xero-signature"
)
_SECRET = re.compile(rf"^(?:{_NAMES})$", re.IGNORECASE)
_VAGUE = re.compile(r"^(?:code|acctnum|accountnumber)$", re.IGNORECASE)
"""Names that are secret in a form or address but ordinary data in a JSON or XML body."""

_BODY_NAMES = "|".join(n for n in _NAMES.split("|") if not _VAGUE.match(n))
_JSON_PAIR = re.compile(
    rf'("(?:{_BODY_NAMES})"\s*:\s*)("(?:[^"\\]|\\.)*"?|[^\s,}}\]]+)', re.IGNORECASE
)
_XML_PAIR = re.compile(rf"(<({_BODY_NAMES})(?:\s[^>]*)?>)[^<]*", re.IGNORECASE)
_FORM_PAIR = re.compile(rf"((?:^|&)(?:{_NAMES})=)[^&\s]*", re.IGNORECASE)
_BEARER = re.compile(r"\b(Bearer|Basic)\s+[A-Za-z0-9._~+/=\-]{4,}", re.IGNORECASE)


def clean_url(url: str) -> str:
    """The address with secret query values and any password masked."""
    parts = urlsplit(url)
    host = parts.netloc.rpartition("@")[2]
    pairs = [
        (k, MASK if _SECRET.match(k) else v)
        for k, v in parse_qsl(parts.query, keep_blank_values=True)
    ]
    query = urlencode(pairs, safe=MASK + ",':*") if pairs else ""
    return urlunsplit((parts.scheme, host, parts.path, query, ""))


def clean_text(text: str) -> str:
    """A body or message with secret values masked (JSON, XML, forms, bearer words)."""
    text = _JSON_PAIR.sub(rf'\g<1>"{MASK}"', text)
    text = _XML_PAIR.sub(rf"\g<1>{MASK}", text)
    if "=" in text and not text.lstrip().startswith(("{", "[", "<")):
        text = _FORM_PAIR.sub(rf"\g<1>{MASK}", text)
    return _BEARER.sub(rf"\g<1> {MASK}", text)


def clean_body(raw: bytes | str | None, *, longest: int = LONGEST) -> str:
    """A body as kept text: decoded leniently, masked, cut to ``longest`` characters.

    Of a body with a file in it the text before the file is kept, and how many bytes followed.
    """
    if not raw:
        return ""
    if isinstance(raw, bytes) and b"\0" in raw:
        return _before_binary(raw, longest)
    text = raw.decode("utf-8", "replace") if isinstance(raw, bytes) else raw.replace("\0", "")
    # Cut late, so that a secret crossing the cut is masked as a whole.
    cleaned = clean_text(text[: longest * 4])
    return cleaned if len(cleaned) <= longest else cleaned[:longest] + "…"


def _before_binary(raw: bytes, longest: int) -> str:
    """What can be read up to the first byte that is no text; PostgreSQL keeps no NUL in a text."""
    end = raw.index(0)
    try:
        raw[:end].decode()
    except UnicodeDecodeError as fault:
        end = fault.start
    return f"{clean_body(raw[:end], longest=longest)}… ({len(raw) - end} bytes that are no text)"


def detail(text: str, *, longest: int = 500) -> str:
    """A vendor's own words, masked, on one line, at most ``longest`` characters."""
    line = " ".join(clean_text(text).replace("\0", "").split())
    return line if len(line) <= longest else line[: longest - 1] + "…"
