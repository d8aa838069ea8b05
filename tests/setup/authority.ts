import { spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** Files are PEM. */
export type Issued = { certificate: string; key: string; cert: Buffer; privateKey: Buffer };
export type Authority = { file: string; pem: Buffer; issue(name: string, san: string, days?: number): Issued };

/** A certificate authority in `folder`, by OpenSSL. `days` below 0: expired already. */
export function createAuthority(folder: string, name = 'authority'): Authority {
  const file = (suffix: string) => join(folder, suffix);
  const openssl = (...args: string[]) => {
    const { status, stderr } = spawnSync('openssl', args, { cwd: folder, encoding: 'utf8' });
    if (status !== 0) throw new Error(stderr);
  };
  const newKey = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes'];
  const out = ['-keyout', `${name}.key`, '-out', `${name}.pem`];
  openssl('req', '-x509', ...newKey, ...out, '-days', '2', '-subj', '/CN=test authority');
  const issue = (host: string, san: string, days = 90): Issued => {
    openssl('req', ...newKey, '-keyout', `${host}.key`, '-out', `${host}.csr`, '-subj', '/CN=pacs');
    writeFileSync(file(`${host}.san`), `subjectAltName=${san}`);
    const by = ['-CA', `${name}.pem`, '-CAkey', `${name}.key`, '-CAcreateserial', '-extfile', `${host}.san`];
    openssl('x509', '-req', '-in', `${host}.csr`, ...by, '-out', `${host}.pem`, '-days', String(days));
    const [certificate, key] = [file(`${host}.pem`), file(`${host}.key`)];
    return { certificate, key, cert: readFileSync(certificate), privateKey: readFileSync(key) };
  };
  return { file: file(`${name}.pem`), pem: readFileSync(file(`${name}.pem`)), issue };
}
