import { errors, type JWTPayload, jwtVerify } from 'jose';
import { IdentityProviderUnreachable, Unauthenticated } from '../errors/errors.js';
import { type Caller, GRANTS, type Grant, rightsOf } from './caller.js';
import { createProviderKeys, type KeyTimes, keysFault } from './providerKeys.js';
import type { ProviderSettings } from './providerSettings.js';

const CLOCK_TOLERANCE_SECONDS = 30;
/** Only signatures of a key pair: with a shared secret, whoever checks tokens could also sign them (RFC 8725 3.1). */
const ALGORITHMS = ['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512', 'ES256', 'ES384', 'ES512', 'EdDSA'];

/**
 * Creates the check of a provider's JWTs (RFC 7519) by its keys, see providerKeys.ts.
 * @returns a function that finds the caller of a token, and rejects with Unauthenticated for a token that is not valid, or
 * IdentityProviderUnreachable if the keys cannot be fetched.
 */
export function createProvider(settings: ProviderSettings, times?: KeyTimes): (token: string) => Promise<Caller> {
  const { audience, issuer } = settings;
  const keysNow = createProviderKeys(settings, times);
  return async (token) => {
    let payload: JWTPayload;
    try {
      const keys = await keysNow();
      const options = { issuer, audience, algorithms: ALGORITHMS, clockTolerance: CLOCK_TOLERANCE_SECONDS };
      ({ payload } = await jwtVerify(token, keys, { ...options, requiredClaims: ['sub', 'exp'] }));
    } catch (error) {
      throw translate(error, issuer);
    }
    return {
      subject: `oidc:${payload.sub}`,
      rights: rightsOf(readGrants(payload, settings)),
      expiresAt: new Date((payload.exp as number) * 1000),
    };
  };
}

function translate(error: unknown, issuer: string): Error {
  if (error instanceof errors.JWTExpired) return new Unauthenticated('The token has expired. Get a new one.');
  if (error instanceof errors.JWKSTimeout || !(error instanceof errors.JOSEError)) return unreachable(issuer, error);
  // JOSEError itself means that the address of the keys did not answer with keys.
  if (error.code === 'ERR_JOSE_GENERIC' || error instanceof errors.JWKSInvalid) return unreachable(issuer, error);
  const what =
    error instanceof errors.JWTClaimValidationFailed ? `its claim "${error.claim}"` : 'its signature or form';
  return new Unauthenticated(`The token is not accepted because of ${what}. Get one of ${issuer} for this server.`);
}

function unreachable(issuer: string, error: unknown): IdentityProviderUnreachable {
  return new IdentityProviderUnreachable(
    `The keys of ${issuer} cannot be fetched (${keysFault(error)}). Check OIDC_ISSUER and that it runs; NODE_EXTRA_CA_CERTS names an authority of your own.`,
  );
}

function readGrants(payload: JWTPayload, { grants, rolesClaim }: ProviderSettings): Grant[] {
  let value: unknown = payload[rolesClaim]; // first the whole name: "https://hospital.example/roles" has dots that do not lead into objects
  if (value === undefined)
    value = rolesClaim
      .split('.')
      .reduce<unknown>((at, key) => (at as Record<string, unknown> | undefined)?.[key], payload);
  const names = typeof value === 'string' ? value.split(' ') : Array.isArray(value) ? value.map(String) : [];
  // A provider may have an "admin" of its own, so our names count only if no others are configured.
  if (grants.size > 0) return names.flatMap((name) => grants.get(name) ?? []);
  return GRANTS.filter((grant) => names.includes(grant));
}
