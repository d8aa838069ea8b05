import { createPrivateKey, X509Certificate } from 'node:crypto';
import { type CheckOutcome, failed, ok, warning } from './checkResult.js';

const SOON_DAYS = 30;
const DAY_MS = 24 * 3600 * 1000;

/** The settings that name a certificate and its key, and how the codes of its faults begin. */
export type CertificateSettings = { certificate: string; key: string; code: string };

/** Examines a certificate of ours and its key (both PEM): whether they belong together, and how long it is valid. */
export function examineCertificate(cert: string, key: string, named: CertificateSettings, now: Date): CheckOutcome {
  const { certificate, code } = named;
  let x509: X509Certificate;
  try {
    x509 = new X509Certificate(cert);
    if (!x509.checkPrivateKey(createPrivateKey(key))) throw new Error('another key');
  } catch {
    return failed(
      `${code}_PAIR`,
      `${certificate} and ${named.key} do not belong together, or one is no PEM file without a passphrase.`,
      `Set ${certificate} to the certificate and ${named.key} to the private key that was made with it.`,
    );
  }
  return examineValidity(x509.validFrom, x509.validTo, { whose: certificate, code }, now);
}

/** Examines how long a certificate is valid. `whose`: whom the sentences name as its owner. */
export function examineValidity(
  from: string,
  to: string,
  { whose, code }: { whose: string; code: string },
  now: Date,
): CheckOutcome {
  const day = new Date(to).toISOString().slice(0, 10);
  if (new Date(from) > now)
    return failed(
      `${code}_NOT_YET_VALID`,
      `The certificate of ${whose} is valid only from ${new Date(from).toISOString().slice(0, 10)}.`,
      `Check the clock of this machine; else have the certificate of ${whose} issued again.`,
    );
  if (new Date(to) < now)
    return failed(
      `${code}_EXPIRED`,
      `The certificate of ${whose} expired on ${day}.`,
      `Renew the certificate of ${whose}.`,
    );
  if (new Date(to).getTime() - now.getTime() < SOON_DAYS * DAY_MS)
    return warning(
      `${code}_EXPIRING`,
      `The certificate of ${whose} expires on ${day}.`,
      `Renew the certificate of ${whose} before then.`,
    );
  return ok(`valid until ${day}`);
}
