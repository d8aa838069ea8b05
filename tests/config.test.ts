import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { readConfig } from '../src/config.js';
import { REPOSITORY } from './program.js';

describe('readConfig', () => {
  it('refuses a schema that would be passed by', () => {
    const url = 'postgresql://me@host/name?schema=';
    expect(() => readConfig({ DATABASE_URL: `${url}clinic` })).toThrow(/schema other than public/);
    expect(readConfig({ DATABASE_URL: `${url}public` }).databaseUrl).toBe(`${url}public`);
  });

  it('needs nothing', () => {
    expect(readConfig({}, '/srv')).toMatchObject({
      host: '127.0.0.1',
      port: 4000,
      dataDir: '/srv/data',
      modelsDir: join(REPOSITORY, 'models'),
      databaseUrl: undefined,
      inferenceDevice: 'auto',
    });
  });

  it('takes an empty value as none', () => {
    expect(readConfig({ PORT: '', PACS_URL: '' })).toMatchObject({ port: 4000, pacsUrl: undefined });
  });

  it('reports every problem at once, each with its cure', () => {
    const wrong = {
      HOST: '0.0.0.0',
      PORT: '99999',
      DATABASE_URL: 'mysql://x',
      PACS_URL: 'pacs',
      INFERENCE_DEVICE: 'gpu',
      DECODE_THREADS: 'two',
    };
    const failure = (() => {
      try {
        readConfig(wrong);
        return new Error('accepted');
      } catch (error) {
        return error as Error;
      }
    })();
    expect(failure.message).toContain('HOST must be one of 127.0.0.1, localhost, ::1');
    expect(failure.message).toContain('PORT must be from 0 to 65535.');
    expect(failure.message).toContain('DATABASE_URL must be an address like postgresql://');
    expect(failure.message).toContain('PACS_URL must be an address like http://');
    expect(failure.message).toContain('INFERENCE_DEVICE must be one of auto, cpu, webgpu, cuda.');
    expect(failure.message).toContain('DECODE_THREADS must be a whole number from 1 to 64.');
  });

  it('repeats no secret in its complaints', () => {
    expect(() => readConfig({ DATABASE_URL: 'mysql://me:secret@host/x' })).toThrow(
      expect.objectContaining({ message: expect.not.stringContaining('secret') }),
    );
  });

  it('is described whole, with its defaults, by .env.example', () => {
    const example = readFileSync(join(REPOSITORY, '.env.example'), 'utf8');
    const source = readFileSync(join(REPOSITORY, 'src/config.ts'), 'utf8');
    const known = [...source.matchAll(/^ {2}([A-Z_]+): /gm)].map(([, name]) => name);
    const described = [...example.matchAll(/^#? ?([A-Z_]+)=/gm)].map(([, name]) => name);
    expect(described.toSorted()).toEqual(known.toSorted());
    const uncommented = example.replace(/^# ([A-Z_]+=)/gm, '$1');
    const values = Object.fromEntries(
      [...uncommented.matchAll(/^([A-Z_]+)=(.*)$/gm)].map(([, name, value]) => [name, value]),
    );
    const { DATABASE_URL, PUBLIC_URL, PACS_URL, PACS_USERNAME, PACS_PASSWORD, MODEL, ...defaults } = values;
    expect(readConfig(defaults)).toEqual(readConfig({}));
  });
});
