"""Pictures of what the market sells: drawn from the name alone, the same at every start."""

import hashlib

from markupsafe import escape

_WIDTH, _HEIGHT, _LINES = 640, 360, 3
_LETTERS = 16  # of a line


def poster(title: str) -> str:
    """An SVG, marked as the sandbox's."""
    digest = hashlib.sha256(title.encode()).digest()
    hue, turn = digest[0] * 360 // 256, 40 + digest[1] % 80
    light = (hue + turn) % 360
    rings = "".join(_ring(digest[at], digest[at + 1], digest[at + 2], light) for at in (2, 5, 8, 11))
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {_HEIGHT}">'
        f'<defs><linearGradient id="g" x2="1" y2="1"><stop stop-color="hsl({hue} 60% 24%)"/>'
        f'<stop offset="1" stop-color="hsl({light} 62% 40%)"/></linearGradient></defs>'
        f'<rect width="{_WIDTH}" height="{_HEIGHT}" fill="url(#g)"/>{rings}'
        f'<g fill="#fff" font-family="system-ui, sans-serif">{_lines(title)}'
        f'<text x="36" y="328" font-size="22" opacity=".8">sandbox</text></g></svg>'
    )


def _ring(x: int, y: int, size: int, hue: int) -> str:
    return (
        f'<circle cx="{260 + x * 3 // 2}" cy="{y * 3 // 2}" r="{30 + size // 2}" fill="none" '
        f'stroke="hsl({hue} 80% 70%)" stroke-opacity=".35" stroke-width="{6 + size % 18}"/>'
    )


def _lines(title: str) -> str:
    lines = [""]
    for word in title.split():
        if lines[-1] and len(lines[-1]) + len(word) >= _LETTERS:
            lines.append("")
        lines[-1] = f"{lines[-1]} {word}".strip()
    return "".join(
        f'<text x="36" y="{96 + 60 * number}" font-size="52" font-weight="700">{escape(line)}</text>'
        for number, line in enumerate(lines[:_LINES])
    )
