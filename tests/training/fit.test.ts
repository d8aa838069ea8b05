import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { evaluate, hasPython } from './python.js';

const folder = mkdtempSync(join(tmpdir(), 'mrimaster-fit-'));
afterAll(() => rmSync(folder, { recursive: true }));

describe.skipIf(!hasPython('torch', 'scipy'))('the training loop', () => {
  it('interrupted, goes on after the last whole epoch to the weights it would have had', () => {
    const [difference, epochs, moved] = evaluate(
      `import torch, fit
from pathlib import Path
from networks import LocalNet
torch.set_num_threads(1)
random = np.random.default_rng(0)
count = 12
pool = {"images": random.integers(0, 255, (count, 32, 32), np.uint8), "masks": random.integers(0, 2, (count, 32, 32), np.uint8) * 255,
        "brains": np.ones((count, 32, 32), bool), "labels": np.arange(count) % 4, "dense": np.ones(count, bool),
        "cases": np.full(count, ""), "origins": np.full(count, "real")}
part = {"images": pool["images"] / np.float32(255), "labels": pool["labels"]}
checks = {"val": part, "val erased": part, "val transplanted": part}
options = {"side": 32, "epochs": 2, "batch": 4, "rate": 1e-3, "mix": {"real": count}, "hold_out": [], "dense": 0.5,
           "attention": 0.3, "outside": 0.5, "oedema": True, "strength": 0.7, "stripped": 0.1, "seed": 1}
def train(run):
    torch.manual_seed(1)
    network = LocalNet(4, 2)
    before = {name: value.clone() for name, value in network.state_dict().items()}
    history = fit.fit(network, pool, checks, options, Path("${folder}") / run)
    return before, network.state_dict(), len(history)
before, straight, _ = train("straight")
calls, check = [], fit.check
def stopping(*given):
    calls.append(1)
    if len(calls) == 2:
        raise KeyboardInterrupt
    return check(*given)
fit.check = stopping
try:
    train("interrupted")
except KeyboardInterrupt:
    pass
_, resumed, epochs = train("interrupted")`,
      '[max(float((straight[name].double() - resumed[name].double()).abs().max()) for name in straight), epochs, ' +
        'max(float((straight[name].double() - before[name].double()).abs().max()) for name in straight)]',
    );
    expect(difference).toBeLessThan(1e-6);
    expect(epochs).toBe(2);
    expect(moved).toBeGreaterThan(1e-3);
  });
});
