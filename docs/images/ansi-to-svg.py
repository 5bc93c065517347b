#!/usr/bin/env python3
"""Draws a terminal's text as an SVG picture.

Usage: tmux capture-pane -pe | ansi-to-svg.py TITLE > picture.svg
Understands what `tmux capture-pane -e` writes: SGR with 16 and 256 colours, bold, dim, italic, underline, inverse.
"""
import html
import re
import sys
import unicodedata

CELL_WIDTH, CELL_HEIGHT, PADDING, BAR = 8.4, 18, 14, 30
BASIC = ["#282c34", "#e06c75", "#98c379", "#e5c07b", "#61afef", "#c678dd", "#56b6c2", "#c8ccd4",
         "#5c6370", "#f07f88", "#a9d48a", "#f0cb8c", "#74bdf9", "#d28be8", "#6cc5d1", "#ffffff"]
BACKGROUND, FOREGROUND = "#1e2127", "#c8ccd4"


def colour(number):
    if number < 16:
        return BASIC[number]
    if number >= 232:
        level = 8 + 10 * (number - 232)
        return f"#{level:02x}{level:02x}{level:02x}"
    number -= 16
    steps = [0, 95, 135, 175, 215, 255]
    return "#{:02x}{:02x}{:02x}".format(steps[number // 36], steps[number // 6 % 6], steps[number % 6])


def apply(style, codes):
    codes = [int(code or 0) for code in codes]
    while codes:
        code = codes.pop(0)
        if code == 0:
            style.clear()
        elif code in (38, 48) and codes[:1] == [5]:
            style["fg" if code == 38 else "bg"] = colour(codes[1])
            codes = codes[2:]
        elif code in (38, 48) and codes[:1] == [2]:
            style["fg" if code == 38 else "bg"] = "#{:02x}{:02x}{:02x}".format(*codes[1:4])
            codes = codes[4:]
        elif 30 <= code <= 37 or 90 <= code <= 97:
            style["fg"] = BASIC[code - 30 if code < 90 else code - 82]
        elif 40 <= code <= 47 or 100 <= code <= 107:
            style["bg"] = BASIC[code - 40 if code < 100 else code - 92]
        elif code in (39, 49):
            style.pop("fg" if code == 39 else "bg", None)
        else:
            for key, on, off in (("bold", 1, 22), ("dim", 2, 22), ("italic", 3, 23), ("underline", 4, 24), ("inverse", 7, 27)):
                if code == on:
                    style[key] = True
                elif code == off:
                    style.pop(key, None)


def width(text):
    return sum(0 if unicodedata.combining(c) else 2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in text)


def draw(lines, title):
    columns = max([width(re.sub(r"\x1b\[[0-9;]*m", "", line)) for line in lines] + [60])
    total_width = columns * CELL_WIDTH + 2 * PADDING
    total_height = len(lines) * CELL_HEIGHT + 2 * PADDING + BAR
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{total_width:.0f}" height="{total_height:.0f}" '
        f'viewBox="0 0 {total_width:.0f} {total_height:.0f}" role="img" aria-label="{html.escape(title)}">',
        f'<rect width="100%" height="100%" rx="8" fill="{BACKGROUND}"/>',
        *(f'<circle cx="{PADDING + 6 + 18 * i}" cy="16" r="5.5" fill="{c}"/>' for i, c in enumerate(("#e06c75", "#e5c07b", "#98c379"))),
        f'<text x="50%" y="20" text-anchor="middle" fill="#8a919e" font-family="sans-serif" font-size="12">{html.escape(title)}</text>',
        '<g font-family="ui-monospace,Menlo,Consolas,\'DejaVu Sans Mono\',monospace" font-size="14" xml:space="preserve">',
    ]
    style = {}
    for row, line in enumerate(lines):
        column, y = 0, BAR + PADDING + row * CELL_HEIGHT
        for piece in re.split(r"(\x1b\[[0-9;]*m)", line):
            if piece.startswith("\x1b"):
                apply(style, piece[2:-1].split(";"))
                continue
            if not piece:
                continue
            x, cells = PADDING + column * CELL_WIDTH, width(piece)
            column += cells
            fg, bg = style.get("fg", FOREGROUND), style.get("bg")
            if style.get("inverse"):
                fg, bg = bg or BACKGROUND, fg
            if bg:
                parts.append(f'<rect x="{x:.1f}" y="{y:.1f}" width="{cells * CELL_WIDTH:.1f}" height="{CELL_HEIGHT}" fill="{bg}"/>')
            if piece.strip():
                extra = "".join((' font-weight="bold"' if style.get("bold") else "", ' opacity="0.6"' if style.get("dim") else "",
                                 ' font-style="italic"' if style.get("italic") else "",
                                 ' text-decoration="underline"' if style.get("underline") else ""))
                parts.append(f'<text x="{x:.1f}" y="{y + 14:.1f}" fill="{fg}" textLength="{cells * CELL_WIDTH:.1f}"{extra}>{html.escape(piece)}</text>')
    return "\n".join(parts + ["</g></svg>"])


if __name__ == "__main__":
    text = sys.stdin.read().rstrip("\n").split("\n")
    print(draw(text, sys.argv[1] if len(sys.argv) > 1 else "tmux-agent"))
