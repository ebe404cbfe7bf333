"""Names that do harm where they are shown raw."""

from __future__ import annotations

CONTROLS = [chr(k) for k in (*range(1, 32), *range(127, 160))]
TURNING = list(
    "\u200e\u200f\u061c\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\u2028\u2029"
)
UNSEEN = list(
    "\u00a0\u00ad\u034f\u115f\u1160\u17b4\u180e\u2000\u2009\u200b\u200c\u200d\u202f\u2060\u2063"
    "\u2064\u206a\u2800\u3164\ufe0f\ufeff\uffa0\ufff9\U0001d173\U000e0001\U000e0041\U000e0100"
)
MARKUP = (
    "$x^{$",
    "$\\frac{1}{0$",
    "$$",
    "\\(x\\)",
    "[bold]x[/bold]",
    "[link=http://e]x[/link]",
    "[/]",
    "[red]",
    "a|b",
    "`x`",
    "```",
    "**x**",
    "__x__",
    "# x",
    "[x](javascript:alert(1))",
    "![x](http://e/x.png)",
    "<script>alert(1)</script>",
    "</script><script>alert(1)//",
    "<!--",
    "-->",
    "]]>",
    "<img src=x onerror=1>",
    "&lt;b&gt;",
    "{{script}}",
    "{{data}}",
    '" onload="x',
    "'; x",
    "%s%n",
    "{0}",
    "{x!r}",
    "${HOME}",
    "`id`",
    "$(id)",
    "=1+1",
    "=cmd|' /C calc'!A0",
    "+1+1",
    "-1+1",
    "@SUM(1)",
    "../../up",
    "..",
    "/etc/passwd",
    "C:\\x",
    "con",
    "nul.txt",
    "-rf",
    "--help",
    "~",
    "*",
    "?",
    "a/b",
    "\\",
    "\\x1b[31m",
    "'",
    '"',
    "  two  ",
    "NaN",
    "null",
    "true",
    "1",
    "é",
    "e\u0301",
    "🦉👩\u200d👩\u200d👧",
    "می\u200cخواهم",
    "名前",
    "ß",
    "ﬁ",
)
SEQUENCES = (
    "\x1b]0;owned\x07\x1b[31m",
    "\x1b[2J\x1b[H",
    "\x9b31m",
    "\x90q\x9c",
    "\x1b]8;;http://e\x1b\\x\x1b]8;;\x1b\\",
    "a\r\nb",
    "a\nb",
    "a\rb",
    "\x08\x08\x08ok",
    "x" * 5000,
    "y" * 5000 + "1",
    "y" * 5000 + "2",
)


def classes() -> tuple[str, ...]:
    """Names that one model may have: no two alike as the project sees it, but many that look so."""
    from npmobilenet.names import canonical

    listed = [
        "plain",
        *(f"a{c}b" for c in (*CONTROLS, *TURNING, *UNSEEN)),
        *MARKUP,
        *SEQUENCES,
        "ab",
        "a b",
    ]
    found: dict[str, str] = {}
    for name in listed:
        found.setdefault(canonical(name), name)
    return tuple(found.values())


def harm(text: str, *, lines: bool = True) -> str:
    """The first character that has no business in shown text: it commands, turns or hides."""
    from npmobilenet.text import TURNING as turning

    for k, c in enumerate(text):
        number = ord(c)
        if (
            (number < 32 and not (c == "\n" and lines))
            or 127 <= number < 160
            or 0xD800 <= number < 0xE000
        ):
            return f"{c!r} in {text[max(0, k - 20) : k + 20]!r}"
        if c in turning or c in "\u2028\u2029" or (c in UNSEEN and c not in "\u200c\u200d\ufe0f"):
            return f"{c!r} in {text[max(0, k - 20) : k + 20]!r}"
        if c in "\u200c\u200d\ufe0f" and text[k - 1 : k].isascii():
            return f"{c!r} in {text[max(0, k - 20) : k + 20]!r}"
    return ""
