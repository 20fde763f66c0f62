"""Hostile pages: does reading them ever fail, take long, leak, or make up a price?

    python bench/fuzz_pages.py --seconds 300

Our own samples of pages are cut, spliced, repeated, nested and re-encoded by a seeded generator, and each
result is read in this process. It is warm once the dearest pages we know have been read; what it holds more
at the end than then has leaked.
"""

import random
import re
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT))

from bench.report import Report, arguments, resident_now_mb, resident_peak_mb
from watchers.money import CURRENCIES
from watchers.observation import Observation
from watchers.providers.pages.reading import LARGEST, OUR_FAULT, observe
from watchers.target import Target

NOW = datetime(2026, 10, 1, 12, 0, tzinfo=UTC)
URL = "https://tickets.example/concert/1"
SLOWEST_SECONDS, MOST_GROWTH_MB = 2.0, 50.0

_FRAGMENTS = (
    *(
        b"<",
        b"<a ",
        b"</",
        b"<!--",
        b"-->",
        b"<![CDATA[",
        b"]]>",
        b'"',
        b"'",
        b"=",
        b"\0",
        b"\xff\xfe",
        b"&#",
        b"&",
    ),
    *(b"<script>", b"</script>", b'<script type="application/ld+json">', b"<title>", b"<textarea>", b"<svg>"),
    *(
        b"<div itemscope>",
        b'<p itemprop="offers">',
        b'<div itemprop="name" itemscope itemtype="http://schema.org/Offer">',
    ),
    *(
        b"[",
        b"{",
        b'{"offers":',
        b"]",
        b"}",
        b",",
        b"//",
        b"/*",
        b"\\",
        b'"@id":"#a",',
        b'{"@id":"#a"}',
        b"1e999999999",
    ),
    b"NaN",
    *(
        b"\xe2\x80\xa8",
        b"\xed\xa0\x80",
        b"\x1b$B",
        b"+ADw-",
        b"&#99999999999999;",
        b"<li>",
        b"<table><tr><td>",
    ),
)
_SAID = re.compile(rb'"(price|lowPrice|highPrice|priceCurrency)"\s*:\s*("[^"]*"|-?[\d.]+)')
_CURRENCIES = (b'"XXX"', b'"QQQ"', b'"usd"', b'"$"', b'""', b"null", b"5")
_AMOUNTS = (b"0", b"-1", b'"99999"', b'"1.234"', b'"free"', b"NaN", b"1e999999999", b"null")
_MOST = 6_000_000  # bytes: a little more than is read
_CHARSETS = (
    None,
    "utf-8",
    "utf-16",
    "iso-8859-1",
    "shift_jis",
    "utf-7",
    "idna",
    "zlib",
    "\0",
    "gb18030",
    "x" * 99,
)
_ENCODINGS = ("utf-16", "utf-16-be", "utf-32", "shift_jis", "utf-7", "latin-1", "cp037")


def _flipped(luck: random.Random, page: bytearray, _others: list[bytes]) -> bytearray:
    for _ in range(luck.randint(1, 40)):
        if page:
            page[luck.randrange(len(page))] ^= 1 << luck.randrange(8)
    return page


def _cut(luck: random.Random, page: bytearray, _others: list[bytes]) -> bytearray:
    start, end = sorted(luck.randrange(len(page) + 1) for _ in range(2))
    return page[start:end] if luck.choice((True, False)) else page[:start] + page[end:]


def _spliced(luck: random.Random, page: bytearray, others: list[bytes]) -> bytearray:
    other = luck.choice(others)
    return page[: luck.randrange(len(page) + 1)] + other[luck.randrange(len(other) + 1) :]


def _stuffed(luck: random.Random, page: bytearray, _others: list[bytes]) -> bytearray:
    """A few fragments, some of them very often: nesting, attributes, brackets, unclosed quotes."""
    for _ in range(luck.randint(1, 5)):
        at, fragment = luck.randrange(len(page) + 1), luck.choice(_FRAGMENTS)
        page[at:at] = fragment * luck.choice((1, 1, 2, 10, 300, 20_000))
    return page


def _repeated(luck: random.Random, page: bytearray, _others: list[bytes]) -> bytearray:
    start, end = sorted(luck.randrange(len(page) + 1) for _ in range(2))
    times = min(luck.choice((1, 3, 50, 500)), _MOST // (end - start + 1))
    return page[:end] + page[start:end] * times + page[end:]


def _recoded(luck: random.Random, page: bytearray, _others: list[bytes]) -> bytearray:
    return bytearray(page.decode("utf-8", "replace").encode(luck.choice(_ENCODINGS), "replace"))


def _mispriced(luck: random.Random, page: bytearray, _others: list[bytes]) -> bytearray:
    """Another amount or currency in place of one that is said: put anywhere else, it would say nothing."""
    said = list(_SAID.finditer(page))
    if said:
        one = luck.choice(said)
        page[one.start(2) : one.end(2)] = luck.choice(_CURRENCIES if one[1] == b"priceCurrency" else _AMOUNTS)
    return page


_MUTATIONS: tuple[Callable[[random.Random, bytearray, list[bytes]], bytearray], ...] = (
    *(_flipped, _cut, _spliced, _stuffed, _repeated, _recoded, _mispriced),
)


def hostile(luck: random.Random, samples: list[bytes]) -> bytes:
    """A page that somebody may have made to do harm."""
    page = bytearray(luck.choice(samples))
    for _ in range(luck.randint(1, 4)):
        page = luck.choice(_MUTATIONS)(luck, page, samples)[:_MOST]
    return bytes(page)


def dear() -> list[bytes]:
    """The pages that cost most, each as large as is read: items, properties, values, and wide characters."""
    values = b'<script type="application/ld+json">[' + b'{"@type":"Product","offers":[{"price":1}]},' * 20_000
    whole = (b"<div itemscope>", b'<b itemprop="a b c">x</b><p itemscope>', "<b>\U0001f600".encode())
    return [values + b"0]", *(part * (LARGEST // len(part)) for part in whole)]


def invented(seen: Observation) -> bool:
    """Whether it has a price that no page may lead to."""
    return any(price.low <= 0 or price.currency not in CURRENCIES for price in seen.prices)


def main() -> int:
    """Read hostile pages for so long, and say what became of it."""
    parser = arguments(__doc__)
    parser.add_argument("--seconds", type=float, default=300.0)
    parser.add_argument("--seed", type=int, default=1)
    asked = parser.parse_args()
    luck = random.Random(asked.seed)  # noqa: S311 - not for secrets
    samples = [path.read_bytes() for path in sorted((ROOT / "tests/data/page").glob("*.html"))]
    target = Target("page", item=URL)
    for page in dear():
        observe(page, None, URL, target, NOW)
    warm = resident_now_mb()
    cases = crashes = inventions = priced = 0
    slowest, began = 0.0, time.monotonic()
    while time.monotonic() - began < asked.seconds:
        page, charset = hostile(luck, samples), luck.choice(_CHARSETS)
        cases, started = cases + 1, time.process_time()
        seen = observe(page, charset, URL, target, NOW)
        slowest = max(slowest, time.process_time() - started)
        if OUR_FAULT in seen.problems:
            crashes += 1
            print(f"case {cases} of seed {asked.seed} cannot be read")
        inventions, priced = inventions + invented(seen), priced + bool(seen.prices)
    report = Report("fuzz_pages")
    report.say("pages read", cases)
    report.say("with a price", priced)
    report.say("crashes", crashes)
    report.say("slowest page", slowest, ",.2f", "s of CPU")
    report.say("peak memory", resident_peak_mb(), ",.1f", "MB")
    growth = resident_now_mb() - warm
    report.say("grown since it was warm", growth, ",.1f", "MB")
    report.promise("no page makes reading fail", holds=crashes == 0)
    report.promise("no page has a price of 0 or without a currency", holds=inventions == 0)
    report.promise(
        f"no page takes more than {SLOWEST_SECONDS:.0f} s of CPU", holds=slowest <= SLOWEST_SECONDS
    )
    report.promise(f"memory grows by less than {MOST_GROWTH_MB:.0f} MB", holds=growth < MOST_GROWTH_MB)
    return report.end(asked.json)


if __name__ == "__main__":
    raise SystemExit(main())
