import { z } from 'zod';
import type { AllowedPeer } from '../pacs/dimse/mayAssociate.js';
import { AE_TITLE } from './archiveSettings.js';
import { across, butIs, isWhole, list, pemFile } from './settingKinds.js';

/**
 * Our own DICOM port. `allowed`: who may send; null: this machine only. `tls`: PEM; with `ca`, callers need a
 * certificate of that authority.
 */
export type DicomSettings = {
  host: string;
  /** null: no port is opened. */
  port: number | null;
  aeTitle: string;
  allowed: readonly AllowedPeer[] | null;
  tls: { cert: string; key: string; ca: string | undefined } | undefined;
};

/** Schema of the settings of our DICOM port. `directory`: that from which relative paths are taken. */
export const dicomSettings = (directory: string) =>
  z
    .object({
      DICOM_HOST: z.string().prefault('127.0.0.1').meta({
        description: 'Address that the port listens on. 0.0.0.0 is every address of this machine.',
      }),
      DICOM_PORT: z
        .string()
        .refine(
          (text) => text === 'off' || isWhole(text, 0, 65_535),
          butIs('must be a whole number from 0 to 65535, or off'),
        )
        .transform((text) => (text === 'off' ? null : Number(text)))
        .prefault('11112')
        .meta({ description: 'The port. "off" turns it off; 0 takes any free port.' }),
      DICOM_AE_TITLE: z
        .string()
        .regex(AE_TITLE, butIs('must be 1 to 16 printable characters without a backslash (PS3.5 6.2)'))
        .prefault('MRIMASTER')
        .meta({ description: 'Our AE title: archives send to it, and we call them by it.' }),
      DICOM_ALLOWED_PEERS: list(
        readPeer,
        'must list AE titles, each with its address or without: PACS1@10.0.0.5,PACS2',
        'shown',
      )
        .optional()
        .meta({
          description: 'Who may send: AE titles, each with its address or without. Without a list, only this machine.',
          example: 'PACS1@10.0.0.5,PACS2',
        }),
      DICOM_TLS_CERTIFICATE: pemFile(directory)
        .optional()
        .meta({ description: 'PEM file of our certificate. With it the port speaks TLS.' }),
      DICOM_TLS_KEY: pemFile(directory).optional().meta({ description: "PEM file of the certificate's key." }),
      DICOM_TLS_CA: pemFile(directory).optional().meta({
        description: 'PEM file of an authority. With it those who send need a certificate of it.',
      }),
    })
    .check(
      across(({ DICOM_TLS_CA, DICOM_TLS_CERTIFICATE, DICOM_TLS_KEY }) =>
        (DICOM_TLS_CERTIFICATE === undefined) !== (DICOM_TLS_KEY === undefined) ||
        (DICOM_TLS_CA !== undefined && DICOM_TLS_KEY === undefined)
          ? 'DICOM_TLS_CERTIFICATE and DICOM_TLS_KEY go together; DICOM_TLS_CA needs both.'
          : undefined,
      ),
    )
    .transform((given): DicomSettings => {
      const { DICOM_TLS_CA: ca, DICOM_TLS_CERTIFICATE: cert, DICOM_TLS_KEY: key } = given;
      return {
        host: given.DICOM_HOST,
        port: given.DICOM_PORT,
        aeTitle: given.DICOM_AE_TITLE,
        allowed: given.DICOM_ALLOWED_PEERS ?? null,
        tls: cert !== undefined && key !== undefined ? { cert, key, ca } : undefined,
      };
    })
    .meta({
      title: 'DICOM port',
      description: 'Our own DICOM port, to which archives and scanners send (C-STORE, C-ECHO).',
    });

/** "PACS1@10.0.0.5" or "PACS2"; undefined where the text begins with no AE title. */
function readPeer(text: string): AllowedPeer | undefined {
  const [aeTitle = '', host] = text.split('@').map((part) => part.trim());
  return AE_TITLE.test(aeTitle) ? { aeTitle, address: host || null } : undefined;
}
