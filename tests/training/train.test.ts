import { describe, expect, it } from 'vitest';
import { evaluate, hasPython } from './python.js';

const modules = ['numpy', 'torch', 'scipy', 'PIL', 'pydicom', 'onnx', 'matplotlib'];

const weights = `import tempfile
from pathlib import Path
import torch
from networks import LocalNet
from train import went_on
kept = tempfile.TemporaryDirectory()
folder = Path(kept.name)
def keep(value, where):
    network = LocalNet(4, 2)
    with torch.no_grad():
        for tensor in network.state_dict().values(): tensor.fill_(value)
    where.mkdir(exist_ok=True)
    torch.save({"average": network.state_dict()}, where / "latest.pt")
keep(1, folder)
keep(5, folder / "again")
values = lambda share: sorted({float(tensor.flatten()[0]) for tensor in went_on(folder, share).state_dict().values()})`;

// What a stage would train: from which checkpoint, into which folder, on which slices, without which cases.
const steps = `import train
from pathlib import Path
from train import *
pool = {"cases": np.array(["", "glioma_tcga_fg_6692", "healthy_studyforrest"]), "origins": np.array(["real", "study", "study"])}
train.pool_without = lambda third, data: {**pool, "third": third}
train.from_imagenet = lambda data: "imagenet"
train.load_stage = lambda folder: str(folder)
def steps(stage):
    taken = []
    train.fit = lambda start, pool, checks, options, run: taken.append(
        [pool["third"], start, str(run), sorted(options["mix"]), options["hold_out"]])
    train_stage(stage, Path("data"), Path("run"), None)
    return taken
whole, studies = sorted({**WHOLE["mix"], "real": 1}), sorted(set(pool["cases"]) - {""})`;

describe.skipIf(!hasPython(...modules))('a stage of training', () => {
  it('ends between its weights before and after it has learned the labelled slices again', () => {
    expect(evaluate(weights, '[values(share) for share in (0, 0.5, 1)]')).toEqual([[1], [3], [5]]);
  });

  it('goes on from the base without its cases, then learns the labelled slices again', () => {
    const { taken, whole, studies, cases } = evaluate(
      steps,
      '{"taken": steps("fold-1"), "whole": whole, "studies": studies, "cases": FOLDS["fold-1"]}',
    );
    expect(taken).toEqual([
      [null, 'run/base', 'run/fold-1', whole, cases],
      [null, 'run/fold-1', 'run/fold-1/again', ['real'], studies],
    ]);
  });

  it('without a third starts anew without it, with a base of its own', () => {
    const { taken, whole, studies } = evaluate(
      steps,
      '{"taken": steps("third-2"), "whole": whole, "studies": studies}',
    );
    expect(taken).toEqual([
      [1, 'imagenet', 'run/third-2/base', ['real'], studies],
      [1, 'run/third-2/base', 'run/third-2', whole, []],
      [1, 'run/third-2', 'run/third-2/again', ['real'], studies],
    ]);
  });
});
