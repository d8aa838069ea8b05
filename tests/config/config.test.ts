import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { readConfig } from '../../src/config/config.js';
import { REPOSITORY } from '../setup/program.js';

const PEM = '-----BEGIN CERTIFICATE-----';

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
    expect(readConfig({ PORT: '', PACS_URL: '' })).toMatchObject({ port: 4000, archives: [] });
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
    expect(failure.message).toContain('HOST 0.0.0.0 is reached by other machines, and nobody is authenticated');
    expect(failure.message).toContain('PORT must be a whole number from 0 to 65535, but is "99999".');
    expect(failure.message).toContain('DATABASE_URL must be an address like postgresql://');
    expect(failure.message).toContain('PACS_URL must be an address like https://');
    expect(failure.message).toContain('INFERENCE_DEVICE must be one of auto, cpu, webgpu, cuda, but is "gpu".');
    expect(failure.message).toContain('DECODE_THREADS must be a whole number from 1 to 64, but is "two".');
  });

  it('listens beyond this machine only with callers that are known, and encrypted or behind a proxy that is named', () => {
    const folder = mkdtempSync(join(tmpdir(), 'mrimaster-test-'));
    writeFileSync(join(folder, 'tokens.json'), '[]');
    writeFileSync(join(folder, 'any.pem'), PEM);
    const beyond = { HOST: '10.0.0.7', PUBLIC_URL: 'https://mri.hospital.example' };
    const tokens = { TOKENS_FILE: 'tokens.json' };
    const proxy = { TRUSTED_PROXY: '10.0.0.5, 10.1.0.0/16' };
    expect(() => readConfig({ ...beyond, ...proxy }, folder)).toThrow(/nobody is authenticated/);
    expect(() => readConfig({ ...beyond, ...tokens }, folder)).toThrow(/nothing is encrypted/);
    expect(() => readConfig({ HOST: '10.0.0.7', ...tokens, ...proxy }, folder)).toThrow(/set PUBLIC_URL/);
    expect(readConfig({ ...beyond, ...tokens, ...proxy }, folder)).toMatchObject({
      host: '10.0.0.7',
      trustedProxies: ['10.0.0.5', '10.1.0.0/16'],
    });
    const tls = { TLS_CERTIFICATE: 'any.pem', TLS_KEY: 'any.pem' };
    expect(readConfig({ ...beyond, ...tokens, ...tls }, folder)).toMatchObject({
      tls: { certificate: PEM, key: PEM },
    });
    expect(() => readConfig({ TLS_KEY: 'any.pem' }, folder)).toThrow(/belong together/);
    expect(() => readConfig({ ...tls, TLS_KEY: 'none.pem' }, folder)).toThrow(/TLS_KEY none.pem cannot be read/);
    expect(() => readConfig({ TRUSTED_PROXY: '10.0.0.0/33' }, folder)).toThrow(/TRUSTED_PROXY must list/);
    for (const origin of ['*', 'worklist', 'https://worklist.hospital.example/', 'ftp://a'])
      expect(() => readConfig({ ALLOWED_ORIGINS: origin }, folder)).toThrow(/ALLOWED_ORIGINS must list origins/);
    rmSync(folder, { recursive: true });
  });

  it('names what is wrong with a provider, and with a file of tokens', () => {
    const OIDC_ISSUER = 'https://idp.hospital.example/realms/mri';
    expect(() => readConfig({ OIDC_ISSUER })).toThrow(/OIDC_AUDIENCE is not set/);
    expect(() => readConfig({ OIDC_ISSUER: 'http://idp.hospital.example', OIDC_AUDIENCE: 'x' })).toThrow(/https/);
    const provider = { OIDC_ISSUER, OIDC_AUDIENCE: 'mrimaster' };
    expect(() => readConfig({ ...provider, OIDC_ROLES: 'boss=Chief' })).toThrow(/OIDC_ROLES must be like/);
    const { identity } = readConfig({ ...provider, OIDC_ROLES: 'radiologist=Radiology, admin=MRI Admins' });
    expect([...(identity.provider?.grants ?? [])]).toEqual([
      ['Radiology', 'radiologist'],
      ['MRI Admins', 'admin'],
    ]);
    expect(() => readConfig({ TOKENS_FILE: '/nowhere/tokens.json' })).toThrow(
      /TOKENS_FILE .* cannot be read \(ENOENT\)/,
    );
  });

  it('reads an archive from an address of DICOM, and several from a file, secrets from the environment', () => {
    expect(readConfig({ PACS_URL: 'dicoms://OLD%20PACS@pacs.example:2762' }).archives).toEqual([
      expect.objectContaining({
        name: 'default',
        kind: 'DIMSE',
        host: 'pacs.example',
        port: 2762,
        aeTitle: 'OLD PACS',
        tls: true,
        retrieve: 'MOVE',
      }),
    ]);
    const folder = mkdtempSync(join(tmpdir(), 'config-'));
    const file = join(folder, 'pacs.json');
    const main = { url: 'https://pacs.example/dicom-web', username: 'me', password: '$MAIN_SECRET' };
    writeFileSync(file, JSON.stringify({ main, old: { url: 'dicom://OLD@10.0.0.7:104', retrieve: 'get' } }));
    const { archives } = readConfig({ PACS_FILE: file, MAIN_SECRET: 'secret' });
    expect(archives).toMatchObject([
      { name: 'main', kind: 'DICOMWEB', password: 'secret' },
      { name: 'old', kind: 'DIMSE', retrieve: 'GET' },
    ]);
    expect(() => readConfig({ PACS_FILE: file })).toThrow(/MAIN_SECRET is not set/);
    writeFileSync(file, '{ "main": { "adress": 1 } }');
    expect(() => readConfig({ PACS_FILE: file, DICOM_AE_TITLE: 'MUCH TOO LONG TITLE' })).toThrow(
      /main\.url[\s\S]*adress[\s\S]*|DICOM_AE_TITLE/,
    );
    rmSync(folder, { recursive: true });
  });

  it('complains of a PEM file that is none in the same words, whichever setting names it', () => {
    const folder = mkdtempSync(join(tmpdir(), 'config-'));
    writeFileSync(join(folder, 'text.pem'), 'no certificate');
    const url = 'https://pacs.example/dicom-web';
    writeFileSync(join(folder, 'pacs.json'), JSON.stringify({ main: { url, ca: 'text.pem' } }));
    writeFileSync(join(folder, 'right.pem'), PEM);
    for (const name of [
      'TLS_CERTIFICATE',
      'DICOM_TLS_KEY',
      'DICOM_TLS_CA',
      'PACS_CA',
      'PACS_CERTIFICATE',
      'PACS_KEY',
    ]) {
      const read = (file: string) => () => readConfig({ PACS_URL: url, [name]: file }, folder);
      expect(read('none.pem')).toThrow(`${name} none.pem cannot be read (ENOENT). Give its PEM file.`);
      expect(read('text.pem')).toThrow(`${name} text.pem is no PEM file`);
    }
    expect(() => readConfig({ PACS_FILE: 'pacs.json' }, folder)).toThrow('PACS_FILE, main.ca: text.pem is no PEM file');
    expect(readConfig({ PACS_URL: url, PACS_CA: 'right.pem' }, folder).archives[0]?.certificates?.ca).toBe(PEM);
    rmSync(folder, { recursive: true });
  });

  it('complains of a JSON file that is none in the same words, whichever setting names it', () => {
    const folder = mkdtempSync(join(tmpdir(), 'config-'));
    writeFileSync(join(folder, 'cut.json'), '{');
    for (const name of ['PACS_FILE', 'RULES_FILE', 'TOKENS_FILE', 'PERSISTED_OPERATIONS']) {
      expect(() => readConfig({ [name]: 'none.json' }, folder)).toThrow(`${name} none.json cannot be read (ENOENT).`);
      expect(() => readConfig({ [name]: 'cut.json' }, folder)).toThrow(`${name} cut.json is no JSON.`);
    }
    rmSync(folder, { recursive: true });
  });

  it('checks settings that belong together also where other settings are wrong', () => {
    const wrong = {
      PORT: 'x',
      DICOM_PORT: 'y',
      DICOM_TLS_CA: 'none.pem',
      WEBHOOK_URL: 'z',
      OIDC_ISSUER: 'http://a.example',
    };
    expect(() => readConfig(wrong)).toThrow(
      expect.objectContaining({
        problems: [
          'PORT must be a whole number from 0 to 65535, but is "x".',
          'OIDC_ISSUER must be the https address by which the provider calls itself.',
          expect.stringContaining('OIDC_AUDIENCE is not set.'),
          'DICOM_PORT must be a whole number from 0 to 65535, or off, but is "y".',
          'DICOM_TLS_CA none.pem cannot be read (ENOENT). Give its PEM file.',
          expect.stringContaining('DICOM_TLS_CERTIFICATE and DICOM_TLS_KEY go together'),
          expect.stringContaining('WEBHOOK_URL must list addresses'),
          expect.stringContaining('WEBHOOK_SECRET is not set.'),
        ],
      }),
    );
  });

  it('complains of a bare % in an archive’s address, and does not break on it', () => {
    for (const url of ['https://me:100%@pacs.example/dicom-web', 'dicom://PACS%@pacs.example:104'])
      expect(() => readConfig({ PACS_URL: url })).toThrow(/PACS_URL has a bare %/);
  });

  it('reads whom to tell, and asks for a secret to sign with', () => {
    const WEBHOOK_SECRET = 'sixteen-letters!';
    const WEBHOOK_URL = 'https://ris.example/a?key=1, http://10.0.0.7:8080/b';
    const { webhooks } = readConfig({ WEBHOOK_URL, WEBHOOK_SECRET });
    expect(webhooks).toMatchObject({
      urls: ['https://ris.example/a?key=1', 'http://10.0.0.7:8080/b'],
      secret: WEBHOOK_SECRET,
    });
    expect(() => readConfig({ WEBHOOK_URL })).toThrow(/WEBHOOK_SECRET is not set/);
    expect(() => readConfig({ WEBHOOK_URL, WEBHOOK_SECRET: 'short' })).toThrow(/WEBHOOK_SECRET must have 16/);
    for (const wrong of [
      'ftp://ris.example',
      'https://me:secret@ris.example',
      'ris.example',
      'https://a.example,b',
      ',',
    ])
      expect(() => readConfig({ WEBHOOK_URL: wrong, WEBHOOK_SECRET })).toThrow(/WEBHOOK_URL must list addresses/);
  });

  it('sends traces only where a collector is named or asked for, and never where they are turned off', () => {
    const OTEL_EXPORTER_OTLP_ENDPOINT = 'http://127.0.0.1:4318';
    const traces = (env: Record<string, string>) => readConfig(env).tracing;
    expect(traces({})).toBe(false);
    expect(traces({ OTEL_SERVICE_NAME: 'mri' })).toBe(false);
    expect(traces({ OTEL_EXPORTER_OTLP_ENDPOINT })).toBe(true);
    expect(traces({ OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: 'http://127.0.0.1:4318/v1/traces' })).toBe(true);
    expect(traces({ OTEL_TRACES_EXPORTER: 'otlp' })).toBe(true);
    expect(traces({ OTEL_EXPORTER_OTLP_ENDPOINT, OTEL_TRACES_EXPORTER: 'none' })).toBe(false);
    expect(traces({ OTEL_EXPORTER_OTLP_ENDPOINT, OTEL_SDK_DISABLED: 'true' })).toBe(false);
    expect(() => traces({ OTEL_TRACES_EXPORTER: 'zipkin' })).toThrow(/must be otlp or none/);
    expect(() => traces({ OTEL_EXPORTER_OTLP_ENDPOINT: 'collector:4318' })).toThrow(/must be an address like/);
    expect(() => traces({ OTEL_EXPORTER_OTLP_ENDPOINT, OTEL_EXPORTER_OTLP_PROTOCOL: 'grpc' })).toThrow(/HTTP port/);
  });

  it.each([
    ['DICOM_PORT', '77777', 'must be a whole number from 0 to 65535, or off, but is "77777".'],
    ['PORT', '1.5', 'must be a whole number from 0 to 65535, but is "1.5".'],
    ['WRITE_BACK', 'yes', 'must be one of true, false, but is "yes".'],
    ['TRUSTED_PROXY', '10.0.0.5,10.0.0.0/33', 'but has "10.0.0.0/33".'],
    ['MODEL', '@1', 'of a folder in MODELS_DIR, but is "@1".'],
  ])('repeats the wrong value of %s beside all that is allowed', (name, value, message) => {
    expect(() => readConfig({ [name]: value })).toThrow(message);
  });

  it('refuses a deadline that is shorter than the quiet time', () => {
    const arrivals = (quiet: string, deadline: string) =>
      readConfig({ STUDY_QUIET_SECONDS: quiet, STUDY_DEADLINE_SECONDS: deadline }).arrivals;
    expect(() => arrivals('120', '30')).toThrow(
      /STUDY_DEADLINE_SECONDS \(30\) is less than STUDY_QUIET_SECONDS \(120\)/,
    );
    expect(arrivals('30', '30')).toEqual({ quietMs: 30_000, deadlineMs: 30_000 });
  });

  it.each([
    ['DATABASE_URL', 'mysql://me:secret@host/x'],
    ['PACS_URL', 'ftp://me:secret@host/x'],
    ['PACS_CHANGES_URL', 'ftp://me:secret@host/x'],
    ['PUBLIC_URL', 'ftp://me:secret@host/x'],
    ['WEBHOOK_URL', 'https://me:secret@host/x'],
    ['WEBHOOK_SECRET', 'secret'],
    ['ALLOWED_ORIGINS', 'https://me:secret@host'],
    ['OIDC_ISSUER', 'http://me:secret@host'],
    ['OIDC_JWKS_URL', 'http://me:secret@host'],
    ['OTEL_EXPORTER_OTLP_ENDPOINT', 'ftp://me:secret@host'],
  ])('never repeats the value of %s, which may hold a secret', (name, value) => {
    expect(() => readConfig({ [name]: value })).toThrow(
      expect.objectContaining({ message: expect.not.stringContaining('secret') }),
    );
  });

  it('repeats no secret in its complaints', () => {
    expect(() => readConfig({ DATABASE_URL: 'mysql://me:secret@host/x' })).toThrow(
      expect.objectContaining({ message: expect.not.stringContaining('secret') }),
    );
  });
});
