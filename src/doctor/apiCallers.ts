import type { Config } from '../config/config.js';
import { authenticates } from '../identity/authenticate.js';
import { createProviderKeys, keysFault } from '../identity/providerKeys.js';
import type { ProviderSettings } from '../identity/providerSettings.js';
import { tokenEnd } from '../identity/tokens.js';
import { examineCertificate } from './certificate.js';
import { type CheckOutcome, failed, ok, skipped, warning } from './checkResult.js';

/**
 * Examines whether callers of the API can prove who they are: the provider's keys, and tokens that have not expired.
 */
export async function examineApiCallers({ identity }: Config, now: Date): Promise<CheckOutcome> {
  if (!authenticates(identity)) return ok('Nobody is authenticated: the API serves this machine only.');
  const { provider, tokens = [] } = identity;
  const fault = provider && (await faultOf(provider));
  if (provider && fault)
    return failed(
      'OIDC_KEYS',
      `The keys of OIDC_ISSUER ${provider.issuer} cannot be had (${fault}).`,
      'Set OIDC_ISSUER to the address by which the provider calls itself, and see that it runs; NODE_EXTRA_CA_CERTS names an authority of your own.',
    );
  const expired = tokens.filter((token) => (tokenEnd(token)?.getTime() ?? Number.POSITIVE_INFINITY) <= now.getTime());
  if (expired.length > 0)
    return warning(
      'TOKENS_EXPIRED',
      `Tokens of TOKENS_FILE that have expired: ${expired.map(({ name }) => name).join(', ')}.`,
      'Make new ones by `mrimaster token create`, and remove their entries.',
    );
  const parts = [...(provider ? [`users of ${provider.issuer}`] : []), `${tokens.length} tokens`];
  return ok(`Known are ${parts.join(' and ')}.`);
}

async function faultOf(provider: ProviderSettings): Promise<string | undefined> {
  try {
    await (await createProviderKeys(provider)()).reload();
    return undefined;
  } catch (error) {
    return keysFault(error);
  }
}

/** Examines the certificate of our HTTP port. */
export function examineHttpCertificate({ tls }: Config, now: Date): CheckOutcome {
  if (!tls) return skipped('TLS_CERTIFICATE is not set: no TLS.');
  const named = { certificate: 'TLS_CERTIFICATE', key: 'TLS_KEY', code: 'HTTP_TLS' };
  return examineCertificate(tls.certificate, tls.key, named, now);
}
