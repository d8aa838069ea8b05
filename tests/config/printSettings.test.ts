import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { z } from 'zod';
import { readConfig, settingsByTheme } from '../../src/config/config.js';
import { printedSettings } from '../../src/config/printSettings.js';
import { REPOSITORY } from '../setup/program.js';

type Described = { description?: string; default?: string; example?: string };

const settings = Object.values(settingsByTheme({}, '.')).flatMap((theme) => {
  const { properties } = z.toJSONSchema(theme, { io: 'input' });
  return Object.entries(properties as Record<string, Described>);
});
const FILES = /_FILE$|^PERSISTED_OPERATIONS$/;

it.each(Object.keys(printedSettings()))('%s is what `npm run settings` prints', (path) => {
  expect(readFileSync(join(REPOSITORY, path), 'utf8')).toBe(printedSettings()[path]);
});

it('each setting is described, and stands once', () => {
  expect(settings.filter(([, { description }]) => !description)).toEqual([]);
  const names = settings.map(([name]) => name);
  expect(names).toEqual([...new Set(names)]);
});

it('a default that is written out changes nothing', () => {
  const defaults = settings.flatMap(([name, { default: value }]) => (value === undefined ? [] : [[name, value]]));
  expect(defaults.length).toBeGreaterThan(15);
  expect(readConfig(Object.fromEntries(defaults))).toEqual(readConfig({}));
});

it('each example is accepted', () => {
  const examples = settings.flatMap(([name, { example }]) => (example && !FILES.test(name) ? [[name, example]] : []));
  expect(examples.length).toBeGreaterThan(10);
  const WEBHOOK_SECRET = 'sixteen-letters!';
  expect(() => readConfig({ WEBHOOK_SECRET, ...Object.fromEntries(examples) })).not.toThrow();
});
