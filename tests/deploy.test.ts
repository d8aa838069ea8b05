import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { createMetrics } from '../src/telemetry/metrics.js';
import { addQueueGauges } from '../src/telemetry/queueGauges.js';
import { REPOSITORY } from './setup/program.js';

const read = (name: string) => readFile(join(REPOSITORY, name), 'utf8');

/** Every metric that the program has, by name, with its labels. */
function all(): Map<string, readonly string[]> {
  const { registry } = createMetrics();
  addQueueGauges(registry, {} as never); // asked only when it is scraped
  const metrics = registry.getMetricsAsArray() as unknown as { name: string; labelNames: string[] }[];
  return new Map(metrics.map(({ name, labelNames }) => [name, labelNames]));
}

/** The metrics of an expression of PromQL, with the labels by which each is chosen. */
function used(expression: string): { name: string; labels: string[] }[] {
  return [...expression.matchAll(/\b((?:mrimaster|process|nodejs)_\w+)(?:\{([^}]*)\})?/g)].map(
    ([, name = '', of = '']) => ({
      name: name.replace(/_(bucket|sum|count)$/, ''),
      labels: [...of.matchAll(/(\w+)\s*(?:=|!)/g)].map(([, label = '']) => label),
    }),
  );
}

function check(expressions: string[]): void {
  const known = all();
  const found = expressions.flatMap(used);
  expect(found.length).toBeGreaterThan(5);
  for (const { name, labels } of found) {
    expect([...known.keys()]).toContain(name);
    expect(known.get(name)).toEqual(expect.arrayContaining(labels));
  }
}

type Rule = { alert: string; expr: string; labels: { severity: string }; annotations: Record<string, string> };
type Panel = { id: number; targets: { expr: string }[]; gridPos: { x: number; w: number } };

describe('what deploy/ says', () => {
  it('each alert is of metrics that exist, and tells what to do', async () => {
    const { groups } = parse(await read('deploy/prometheus-alerts.yml')) as { groups: { rules: Rule[] }[] };
    const rules = groups.flatMap((group) => group.rules);
    check(rules.map(({ expr }) => expr));
    expect(new Set(rules.map(({ alert }) => alert)).size).toBe(rules.length);
    for (const { annotations, labels } of rules) {
      expect(annotations).toEqual({ summary: expect.any(String), cure: expect.any(String) });
      expect(['critical', 'warning', 'info']).toContain(labels.severity);
    }
  });

  it('each panel of the dashboard is of metrics that exist', async () => {
    const { panels } = JSON.parse(await read('deploy/grafana-dashboard.json')) as { panels: Panel[] };
    check(panels.flatMap(({ targets }) => targets.map(({ expr }) => expr)));
    expect(new Set(panels.map(({ id }) => id)).size).toBe(panels.length);
    for (const { gridPos } of panels) expect(gridPos.x + gridPos.w).toBeLessThanOrEqual(24);
  });

  it('docs/operations.md has a row for each of our metrics, with its labels, and for no other', async () => {
    const rows = [...(await read('docs/operations.md')).matchAll(/^\| `(mrimaster_\w+)`\s*\| ([^|]*) \|/gm)];
    const told = rows.map(([, name = '', labels = '']) => [
      name,
      [...labels.matchAll(/`(\w+)`/g)].map(([, label]) => label),
    ]);
    const ours = [...all()].filter(([name]) => name.startsWith('mrimaster_'));
    expect(Object.fromEntries(told)).toEqual(Object.fromEntries(ours));
  });
});
