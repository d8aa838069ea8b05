"""Draws the letters for src/images/letters.ts: DejaVu Sans (Bitstream Vera licence: free to copy and to embed).

Usage: /usr/bin/python3 scripts/makeFont.py PATH/TO/DejaVuSans.ttf > src/images/letters.ts
Each letter is an 8-bit alpha bitmap of HEIGHT rows; all of them lie side by side in one, run after run.
"""
import base64
import json
import sys
import zlib

import numpy as np
from PIL import Image, ImageDraw, ImageFont

SIZE, HEIGHT = 13, 17
LETTERS = "".join(map(chr, range(32, 127))) + "–·…×≤≥"

font = ImageFont.truetype(sys.argv[1], SIZE)
widths, strips = [], []
for letter in LETTERS:
    width = max(1, round(font.getlength(letter)))
    image = Image.new("L", (width, HEIGHT), 0)
    ImageDraw.Draw(image).text((0, 1), letter, font=font, fill=255)
    widths.append(width)
    strips.append(np.asarray(image))
packed = base64.b64encode(zlib.compress(np.hstack(strips).tobytes(), 9)).decode()
print("// Written by scripts/makeFont.py from DejaVu Sans (Bitstream Vera licence); do not edit.")
print(f"export const HEIGHT = {HEIGHT};")
print(f"export const LETTERS = {json.dumps(LETTERS, ensure_ascii=False)};")
print(f"export const WIDTHS = {json.dumps(widths)};")
print("/** Alpha, HEIGHT rows of all letters side by side, zlib, base64. */")
print(f"export const BITMAP =\n  '{packed}';")
