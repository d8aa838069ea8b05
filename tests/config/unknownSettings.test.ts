import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { unknownSettings } from '../../src/config/unknownSettings.js';

const folder = mkdtempSync(join(tmpdir(), 'config-'));
const path = join(folder, '.env');
afterAll(() => rmSync(folder, { recursive: true }));

function told(text: string): string[] {
  writeFileSync(path, text);
  return unknownSettings(path);
}

describe('unknownSettings', () => {
  it.each([
    ['STUDY_QUIET_SECS', 'STUDY_QUIET_SECONDS'],
    ['DICOM_PROT', 'DICOM_PORT'],
    ['RULES_FLIE', 'RULES_FILE'],
    ['INFERENCE_DEVICES', 'INFERENCE_DEVICE'],
  ])('names the setting that is nearest to %s, and not the value', (name, nearest) => {
    expect(told(`PORT=4000\n${name}=some-secret\n`)).toEqual([
      `The file ${path} sets ${name}, which is no setting of MRIMaster. Did you mean ${nearest}?`,
    ]);
  });

  it('tells of a name that begins as ours do where none is near', () => {
    expect(told('WEBHOOK_SOMETHING_ELSE_ALTOGETHER=x')).toEqual([expect.stringContaining('docs/settings.md')]);
  });

  it("says nothing of what is right, of other programs' variables, and of secrets that PACS_FILE names", () => {
    const file = join(folder, 'pacs.json');
    writeFileSync(file, '{ "main": { "url": "https://pacs.example", "password": "$PACS_MAIN_PASSWORD" } }');
    const others = 'OTEL_EXPORTER_OTLP_HEADERS=a=b\nTZ=UTC\nHOSTNAME=here\nPOSTGRES_PASSWORD=x\n';
    expect(told(`PACS_FILE=${file}\nPACS_MAIN_PASSWORD=x\nPORT=4000\n${others}`)).toEqual([]);
    expect(unknownSettings(join(folder, 'none'))).toEqual([]);
  });
});
