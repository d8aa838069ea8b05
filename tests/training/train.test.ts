import { describe, expect, it } from 'vitest';
import { evaluate, hasPython } from './python.js';

const setUp = `import sys, tempfile
from pathlib import Path
import torch
sys.argv = ["train.py"]
from train import *
kept = tempfile.TemporaryDirectory()
folder = Path(kept.name)
def keep(value, where):
    network = LocalNet(4, 2)
    with torch.no_grad():
        for part in network.parameters(): part.fill_(value)
    where.mkdir(exist_ok=True)
    torch.save({"average": network.state_dict()}, where / "latest.pt")
keep(1, folder)
keep(5, folder / "again")
values = lambda again: sorted({float(part.flatten()[0]) for part in went_on(folder, again).parameters()})`;

describe.skipIf(!hasPython('numpy', 'torch', 'scipy', 'PIL', 'pydicom'))('a stage', () => {
  it('ends between its weights before and after it has learned the labelled slices again', () => {
    expect(evaluate(setUp, '[values(again) for again in (0, 0.5, 1)]')).toEqual([[1], [3], [5]]);
  });
});
