import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { readConfig } from '../../src/config/config.js';
import { type ArrivedStudy, DEFAULT_RULES, ruleFor } from '../../src/config/intakeRules.js';
import { ConfigInvalid } from '../../src/errors/configInvalid.js';
import { writeSampleStudy } from '../../src/sample/writeSampleStudy.js';
import { buildFile, mrElements } from '../pacs/buildDicom.js';
import { runCli } from '../setup/program.js';

const folder = mkdtempSync(join(tmpdir(), 'rules-'));
afterAll(() => rmSync(folder, { recursive: true }));

const arrived = (over: Partial<ArrivedStudy> = {}): ArrivedStudy => ({
  modalities: ['MR'],
  descriptions: ['MRT Schädel'],
  bodyParts: ['BRAIN'],
  stations: ['MR1'],
  pacs: null,
  ...over,
});
const read = (json: unknown) => {
  const path = join(folder, 'rules.json');
  writeFileSync(path, typeof json === 'string' ? json : JSON.stringify(json));
  return readConfig({ RULES_FILE: path }).rules;
};

describe('rules', () => {
  it('take MR studies and nothing else where there are none', () => {
    expect(ruleFor(DEFAULT_RULES, arrived())?.rule.classify).toBe(true);
    expect(ruleFor(DEFAULT_RULES, arrived({ modalities: ['CT'] }))).toBeNull();
  });

  it('are asked in order; a rule needs all of its conditions, a condition one of its patterns', () => {
    const rules = read([
      { name: 'knees', when: { bodyPart: ['KNEE*', '*LEG'] }, classify: false },
      { name: 'emergency', when: { station: 'ER?', modality: 'MR' }, priority: 'STAT' },
      { name: 'others' },
    ]);
    const of = (over: Partial<ArrivedStudy>) => ruleFor(rules, arrived(over))?.rule.name;
    expect(of({ bodyParts: ['BRAIN', 'left leg'] })).toBe('knees');
    expect(of({ stations: ['er1'] })).toBe('emergency');
    expect(of({ stations: ['ER12'] })).toBe('others');
    expect(of({ stations: ['ER1'], modalities: ['CT'] })).toBe('others');
  });

  it('match text and no regular expressions', () => {
    const rules = read([{ name: 'odd', when: { description: 'T1 (+C).*' } }]);
    expect(ruleFor(rules, arrived({ descriptions: ['T1 (+C).tra'] }))).not.toBeNull();
    expect(ruleFor(rules, arrived({ descriptions: ['T1 C'] }))).toBeNull();
  });

  it.each([
    ['no JSON', '[{', /no JSON/],
    ['an unknown key', [{ name: 'a', wen: {} }], /wen/],
    ['an archive that is not configured', [{ name: 'a', writeBack: ['main'] }], /no archive "main"/],
  ])('that are wrong are complained of: %s', (_, json, message) => {
    expect(() => read(json)).toThrow(ConfigInvalid);
    expect(() => read(json)).toThrow(message);
  });

  it('can be tried on a folder before they are trusted', async () => {
    await writeSampleStudy(join(folder, 'studies/sample'));
    writeFileSync(join(folder, 'studies/ct.dcm'), buildFile(mrElements({ '00080060': ['CS', 'CT'] })));
    const rules = join(folder, 'tried.json');
    writeFileSync(rules, JSON.stringify([{ name: 'heads', when: { modality: 'MR' }, priority: 'STAT' }]));
    const { code, stdout } = await runCli(['rules', 'test', join(folder, 'studies')], { RULES_FILE: rules });
    expect(code).toBe(0);
    expect(stdout).toMatch(/25 +│ classified, STAT +│ rule "heads": modality "MR"/);
    expect(stdout).toMatch(/1\.2\.3 +│ 1 +│ passed over +│ no rule is for it/);
  });
});
