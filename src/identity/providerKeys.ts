import { createRemoteJWKSet } from 'jose';
import { isSecureAddress } from './isSecureAddress.js';
import type { ProviderSettings } from './providerSettings.js';

/** `renewMs`: age at which keys are fetched again. `keepMs`: age up to which they are valid if that fails. */
export type KeyTimes = { renewMs: number; keepMs: number };

type Keys = ReturnType<typeof createRemoteJWKSet>;

/** A withdrawn key stops being valid within minutes, and a provider that is down locks nobody out for a day. */
const TIMES: KeyTimes = { renewMs: 600_000, keepMs: 86_400_000 };
const ANSWER_MS = 5_000;
/** The keys are fetched for a token with an unknown key once in this time at most. */
const COOLDOWN_MS = 30_000;

/**
 * Keeps the keys of a provider. The first token has them fetched, once for all tokens that come together, and they are
 * renewed while tokens come.
 * @returns a function that gives the keys, and rejects with the reason why the discovery document cannot be read.
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
      keys.reload().catch(() => {}); // the old keys stay valid until keepMs, and then checking a token fetches them and learns why
    }
    return keys;
  };
}

/** Why keys could not be fetched, for people: the system's error code if the provider was not reached. */
export function keysFault(error: unknown): string {
  const { cause, message } = error as Error;
  return (cause as NodeJS.ErrnoException | undefined)?.code ?? message;
}

/** The address of the keys by OpenID Connect Discovery 1.0, section 4. */
async function locateKeys({ issuer, jwksUrl }: Pick<ProviderSettings, 'issuer' | 'jwksUrl'>): Promise<URL> {
  if (jwksUrl) return new URL(jwksUrl);
  const url = `${issuer.replace(/\/+$/, '')}/.well-known/openid-configuration`;
  const answer = await fetch(url, { signal: AbortSignal.timeout(ANSWER_MS), redirect: 'error' });
  const { jwks_uri, issuer: named } = (await answer.json()) as Record<string, unknown>;
  // 4.3: the document must name the issuer that was asked, or the keys could be anybody's.
  if (named !== issuer) throw new Error(`it calls itself ${named}`);
  if (!isSecureAddress(String(jwks_uri))) throw new Error('its jwks_uri is not an https address');
  return new URL(String(jwks_uri));
}
