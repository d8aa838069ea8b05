"""Labelled slices as the server reads their pictures."""
import json
import subprocess
from pathlib import Path

import numpy as np

from slices import HERE, prepare


def as_served(part, data):
    """`part` with its images decoded by the server's own code. JPEG decoders differ by a grey level here and there, and a slice
    between two labels then gets the other: what is chosen and judged is what users will see."""
    paths = [str((Path(data) / "slices" / row["file"]).resolve()) for row in part["rows"]]
    command = ["node", "training/readPictures.mjs"]
    answer = subprocess.run(command, cwd=HERE.parent, input=json.dumps(paths).encode(), capture_output=True)
    if answer.returncode:
        raise SystemExit(f"training/readPictures.mjs failed (npm run build?): {answer.stderr.decode()}")
    images, at = [], 0
    while at < len(answer.stdout):
        rows, columns = np.frombuffer(answer.stdout, "<u4", 2, at)
        pixels = np.frombuffer(answer.stdout, "<f4", rows * columns, at + 8).reshape(rows, columns)
        images.append(prepare(pixels)[0])
        at += 8 + 4 * rows * columns
    return {**part, "images": np.stack(images)}
