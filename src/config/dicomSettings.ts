import { readFileSync } from 'node:fs';
import { z } from 'zod';
import type { AllowedPeer } from '../pacs/dimse/mayAssociate.js';
import { AE_TITLE } from './archiveSettings.js';

/** `allowed`: null = this machine only. `tls`: PEM; with `ca`, callers must have a certificate of it. */
export type DicomSettings = {
  host: string;
  port: number | null;
  aeTitle: string;
  allowed: readonly AllowedPeer[] | null;
  tls: { cert: string; key: string; ca: string | undefined } | undefined;
};

export const dicomEnvironment = {
  DICOM_HOST: z.string().default('127.0.0.1'),
  DICOM_PORT: z
    .string()
    .regex(/^(off|\d{1,5})$/, 'DICOM_PORT must be a whole number from 0 to 65535, or off.')
    .refine((value) => value === 'off' || Number(value) <= 65_535, { message: 'DICOM_PORT must be from 0 to 65535.' })
    .default('11112'),
  DICOM_AE_TITLE: z
    .string()
    .regex(AE_TITLE, 'DICOM_AE_TITLE must be 1 to 16 printable characters without a backslash (PS3.5 6.2).')
    .default('MRIMASTER'),
  DICOM_ALLOWED_PEERS: z
    .string()
    .refine((value) => readPeers(value) !== undefined, {
      message: 'DICOM_ALLOWED_PEERS must list AE titles, each with its address or without: PACS1@10.0.0.5,PACS2.',
    })
    .optional(),
  DICOM_TLS_CERTIFICATE: z.string().optional(),
  DICOM_TLS_KEY: z.string().optional(),
  DICOM_TLS_CA: z.string().optional(),
};

/** Our own DICOM port's settings; what is wrong with its certificates goes to `problems`. */
export function readDicomSettings(
  given: NodeJS.ProcessEnv,
  folder: (path: string) => string,
  problems: string[],
): DicomSettings {
  const { DICOM_HOST = '127.0.0.1', DICOM_PORT = '11112', DICOM_AE_TITLE = 'MRIMASTER', DICOM_ALLOWED_PEERS } = given;
  const pem = (name: 'DICOM_TLS_CERTIFICATE' | 'DICOM_TLS_KEY' | 'DICOM_TLS_CA') => {
    const path = given[name];
    if (path === undefined) return undefined;
    try {
      return readFileSync(folder(path), 'utf8');
    } catch (error) {
      problems.push(`${name} cannot be read: ${path} (${(error as NodeJS.ErrnoException).code}).`);
      return undefined;
    }
  };
  const [cert, key, ca] = [pem('DICOM_TLS_CERTIFICATE'), pem('DICOM_TLS_KEY'), pem('DICOM_TLS_CA')];
  if (
    (given.DICOM_TLS_CERTIFICATE === undefined) !== (given.DICOM_TLS_KEY === undefined) ||
    (given.DICOM_TLS_CA && !given.DICOM_TLS_KEY)
  )
    problems.push('DICOM_TLS_CERTIFICATE and DICOM_TLS_KEY go together; DICOM_TLS_CA needs both.');
  return {
    host: DICOM_HOST,
    port: DICOM_PORT === 'off' ? null : Number(DICOM_PORT),
    aeTitle: DICOM_AE_TITLE,
    allowed: DICOM_ALLOWED_PEERS === undefined ? null : (readPeers(DICOM_ALLOWED_PEERS) ?? []),
    tls: cert && key ? { cert, key, ca } : undefined,
  };
}

/** "PACS1@10.0.0.5,PACS2"; undefined where an entry is no AE title. */
function readPeers(list: string): AllowedPeer[] | undefined {
  const peers = list.split(',').map((entry) => {
    const [aeTitle = '', address] = entry.trim().split('@');
    return { aeTitle: aeTitle.trim(), address: address?.trim() || null };
  });
  return peers.every(({ aeTitle }) => AE_TITLE.test(aeTitle)) ? peers : undefined;
}
