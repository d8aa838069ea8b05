import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { requirePart } from '../../setup/requirements.js';

const runs = (tool: string, argument: string) => spawnSync(tool, [argument]).error === undefined;
const PIXELMED = '/usr/share/java/pixelmed.jar';

export const hasDciodvfy = requirePart('dciodvfy', runs('dciodvfy', '--help'), 'Install dicom3tools.');
export const hasDsr = requirePart(
  'dsrdump and dsr2html',
  runs('dsrdump', '--version') && runs('dsr2html', '--version'),
  'Install dcmtk.',
);
export const hasPixelMed = requirePart(
  'the validator of PixelMed',
  runs('java', '-version') && existsSync(PIXELMED),
  'Install libpixelmed-java and default-jre-headless.',
);

/** What dciodvfy says, line by line. */
export function dciodvfy(path: string): string[] {
  const { stdout, stderr } = spawnSync('dciodvfy', ['-new', path], { encoding: 'utf8' });
  return `${stdout}\n${stderr}`.split('\n').filter((line) => line !== '');
}

/** A program's standard output; it must have nothing to complain about. */
export function render(tool: string, args: readonly string[]): string {
  const { status, stdout, stderr } = spawnSync(tool, args, { encoding: 'utf8' });
  if (status !== 0 || /^[EF]: /m.test(stderr)) throw new Error(`${tool}: ${stderr}`);
  return stdout;
}

/** PixelMed's check of the IOD and of the templates of PS3.16, line by line; seconds a file. */
export function validateTemplates(path: string): string[] {
  const unlimited = ['TotalOp', 'ExprGrp', 'ExprOp'].map((limit) => `-Djdk.xml.xpath${limit}Limit=0`);
  const options = [...unlimited, '-Xmx512m', '-XX:TieredStopAtLevel=1', '-cp', '/usr/share/java/*'];
  const { stdout } = spawnSync('java', [...options, 'com.pixelmed.validate.DicomSRValidator', path], {
    encoding: 'utf8',
  });
  return stdout.split('\n').filter((line) => line !== '');
}
