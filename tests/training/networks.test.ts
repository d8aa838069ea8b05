import { describe, expect, it } from 'vitest';
import { evaluate, hasPython } from './python.js';

const setUp = `import torch
from networks import LocalNet, grad_cam
torch.manual_seed(2)
network = LocalNet(4, 2).eval()
maps, features = 3 * torch.randn(5, 4, 6, 6), torch.rand(5, 1024)
probabilities = lambda maps: torch.softmax(network.pool(maps, features), 1)
p = probabilities(maps)`;

describe.skipIf(!hasPython('torch'))('the network that asks cell by cell', () => {
  it('decides on a tumour by its cells alone, and may share its odds among the kinds by the whole slice', () => {
    const [presence, kinds, total] = evaluate(
      `${setUp}\nother = torch.softmax(network.pool(maps, torch.rand(5, 1024) * 50), 1)`,
      '[float((other[:, 2] - p[:, 2]).abs().max()), float((other - p).abs().max()), float((p.sum(1) - 1).abs().max())]',
    );
    expect(presence).toBeLessThan(1e-5);
    expect(kinds).toBeGreaterThan(0.05);
    expect(total).toBeLessThan(1e-5);
  });

  it('needs one sure cell, wherever it is', () => {
    const [quiet, there, elsewhere] = evaluate(
      `${setUp}
quiet = torch.zeros(5, 4, 6, 6)
quiet[:, 2] = 6
def with_tumour(row, column):
    changed = quiet.clone()
    changed[:, 0, row, column] = 16
    return probabilities(changed)[:, 2].max().item()`,
      '[probabilities(quiet)[:, 2].min().item(), with_tumour(1, 1), with_tumour(4, 5)]',
    );
    expect(quiet).toBeGreaterThan(0.95);
    expect(there).toBeLessThan(0.05);
    expect(elsewhere).toBeCloseTo(there, 4);
  });

  it('answers for some of its cells alone', () => {
    const [all, left] = evaluate(
      `${setUp}
maps = torch.zeros(1, 4, 6, 6)
maps[:, 2], maps[:, 1, 2, 5] = 6, 16
everywhere = torch.ones(1, 6, 6, dtype=torch.bool)
beside = everywhere.clone()
beside[:, :, 4:] = False
normal = lambda where: torch.softmax(network.presence(maps, where), 1)[0, 2].item()`,
      '[normal(everywhere), normal(beside)]',
    );
    expect(all).toBeLessThan(0.05);
    expect(left).toBeGreaterThan(0.95);
  });

  it('is mapped by what speaks for the label, cut off below 0', () => {
    const { smallest, peaks } = evaluate(
      `${setUp}
maps = 0.1 * torch.randn(5, 4, 6, 6)
maps[:, 1, 3, 4] = 9
cams = grad_cam(network, maps.numpy(), features.numpy(), np.ones(5, int))`,
      '{"smallest": float(cams.min()), "peaks": cams.reshape(5, -1).argmax(1).tolist()}',
    );
    expect(smallest).toBe(0);
    expect(peaks).toEqual([22, 22, 22, 22, 22]);
  });

  it('is mixed with what it went on from, by share of the weights', () => {
    const mix = `import torch
from networks import LocalNet, step_back
def of(value):
    network = LocalNet(4, 2)
    with torch.no_grad():
        for part in network.parameters(): part.fill_(value)
    return network
mixed = lambda share: step_back([of(1), of(3)], of(10), share)
values = lambda share: sorted({float(part.flatten()[0]) for part in mixed(share).parameters()})`;
    expect(evaluate(mix, '[values(share) for share in (0, 0.25, 1)]')).toEqual([[2], [4], [10]]);
    expect(evaluate(mix, 'mixed(0.25).state_dict().keys() == of(1).state_dict().keys()')).toBe(true);
  });
});
