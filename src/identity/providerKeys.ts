import { createRemoteJWKSet } from 'jose';
import { isSecureAddress } from './isSecureAddress.js';
import type { ProviderSettings } from './providerSettings.js';

/** `renewMs`: the age at which keys are fetched again; `keepMs`: up to which they count if that fails. */
export type KeyTimes = { renewMs: number; keepMs: number };

type Keys = ReturnType<typeof createRemoteJWKSet>;

/** A key that the provider withdraws is out within minutes; a provider that is down locks nobody out for a day. */
const TIMES: KeyTimes = { renewMs: 600_000, keepMs: 86_400_000 };
const ANSWER_MS = 5_000;
/** For tokens of a key that we do not know: at most so often are the keys fetched because of them. */
const COOLDOWN_MS = 30_000;

/**
 * The keys of a provider: found and fetched when the first token comes, once for all that come together, and renewed
 * while they are in use.
 * @returns rejects with whatever kept the discovery document from us.
 */
export function createProviderKeys(
  settings: Pick<ProviderSettings, 'issuer' | 'jwksUrl'>,
  { keepMs, renewMs }: KeyTimes = TIMES,
): () => Promise<Keys> {
  let finding: Promise<Keys> | undefined;
  let askedAt = 0;
  const find = async () => {
    try {
      const options = { timeoutDuration: ANSWER_MS, cooldownDuration: COOLDOWN_MS, cacheMaxAge: keepMs };
      return createRemoteJWKSet(await locateKeys(settings), options);
    } catch (error) {
      finding = undefined;
      throw error;
    }
  };
  return async () => {
    finding ??= find();
    const keys = await finding;
    if (keys.jwks() === undefined) askedAt = performance.now();
    else if (performance.now() - askedAt >= renewMs) {
      askedAt = performance.now();
      keys.reload().catch(() => {}); // those that are here go on to count; once they are too old, whoever needs them learns why
    }
    return keys;
  };
}

/** Why keys could not be had, for people: the system's code where the provider was not reached. */
export function keysFault(error: unknown): string {
  const { cause, message } = error as Error;
  return (cause as NodeJS.ErrnoException | undefined)?.code ?? message;
}

/** OpenID Connect Discovery 1.0, 4. */
async function locateKeys({ issuer, jwksUrl }: Pick<ProviderSettings, 'issuer' | 'jwksUrl'>): Promise<URL> {
  if (jwksUrl) return new URL(jwksUrl);
  const url = `${issuer.replace(/\/+$/, '')}/.well-known/openid-configuration`;
  const answer = await fetch(url, { signal: AbortSignal.timeout(ANSWER_MS), redirect: 'error' });
  const { jwks_uri, issuer: named } = (await answer.json()) as Record<string, unknown>;
  // 4.3: it must be the one that was asked, or the keys could be anybody's.
  if (named !== issuer) throw new Error(`it calls itself ${named}`);
  if (!isSecureAddress(String(jwks_uri))) throw new Error('its jwks_uri is no https address');
  return new URL(String(jwks_uri));
}
