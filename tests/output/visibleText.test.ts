import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Canvas } from '../../src/images/canvas.js';
import { visibleJson, visibleText } from '../../src/output/visibleText.js';
import { runCli, temporaryFolder } from '../setup/program.js';

const HOSTILE = [
  '\x1b]0;x\x07',
  '\x1b[31m',
  '\x9b31m',
  '\r',
  '\b',
  '\x7f',
  '\0',
  '\u202e',
  '\u2066',
  '\u200f',
  '\u061c',
  '\u2028',
];
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
const UNSEEN = /[\0-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/;

let folder: Awaited<ReturnType<typeof temporaryFolder>>;
beforeAll(async () => {
  folder = await temporaryFolder();
});
afterAll(() => folder.remove());

describe('text from outside', () => {
  it.each(HOSTILE)('holds nothing on a terminal that the terminal would obey: %j', (text) => {
    expect(visibleText(`a${text}b`)).not.toMatch(UNSEEN);
    expect(visibleText(`a${text}b`)).toMatch(/^a.*\\u[0-9a-f]{4}.*b$/);
    const written = JSON.parse(visibleJson(JSON.stringify({ said: `a${text}b` })));
    expect(written.said).not.toMatch(UNSEEN);
  });

  it('keeps its lines, and the letters of every language', () => {
    const text = 'Zeile 1\n\tZeile 2: Яма́да^太郎 שלום مرحبا \u200d';
    expect(visibleText(text)).toBe(text);
    expect(JSON.parse(visibleText(JSON.stringify({ text: `${text}\u202e` })))).toEqual({ text: `${text}\u202e` });
    expect(JSON.parse(visibleJson(JSON.stringify({ text, path: 'c:\\u001b' })))).toEqual({ text, path: 'c:\\u001b' });
  });

  it('is so wherever the command line prints it, as the names of files', async () => {
    const name = 'x\x1b[31m\u202e.png';
    mkdirSync(join(folder.path, 'files'));
    writeFileSync(join(folder.path, 'files', name), 'no picture');
    for (const args of [
      ['classify', join(folder.path, 'files', name)],
      ['classify', join(folder.path, 'files', name), '--json'],
      ['import', join(folder.path, `none${name}`)],
      [`none${name}`],
    ]) {
      const { stdout, stderr } = await runCli(args, { DATA_DIR: join(folder.path, 'data') });
      expect(stdout + stderr).not.toMatch(UNSEEN);
      expect(stdout + stderr).toContain('\\u001b');
    }
  });

  it.each(HOSTILE)('is drawn in a picture as what is not in its font: %j', (text) => {
    const draw = (line: string) => {
      const canvas = new Canvas(200, 30, [0, 0, 0]);
      canvas.text(line, 0, 0, [255, 255, 255]);
      return canvas.data;
    };
    expect(draw(`a${text}b`)).toEqual(draw(`a${text.replace(new RegExp(UNSEEN, 'g'), '?')}b`));
  });
});
