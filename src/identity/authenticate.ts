import { Unauthenticated } from '../errors/errors.js';
import { type Caller, DEVELOPER } from './caller.js';
import { createProvider } from './provider.js';
import { type ProviderSettings } from './providerSettings.js';
import { callerOfToken, isToken, type StoredToken } from './tokens.js';

/** How callers authenticate: by tokens of a provider, by our own tokens, by both, or not at all. */
export type IdentitySettings = { provider: ProviderSettings | undefined; tokens: readonly StoredToken[] | undefined };

/**
 * Finds the caller of a request by its header `Authorization`, or what a WebSocket's first message holds instead.
 * @throws Unauthenticated; IdentityProviderUnreachable.
 */
export type Authenticate = (authorization: string | undefined) => Promise<Caller>;

/**
 * Creates the check of callers. Without tokens and provider, every caller is DEVELOPER; config.ts lets such a server listen
 * on this machine only.
 */
export function createAuthenticate({ provider, tokens }: IdentitySettings): Authenticate {
  if (!provider && !tokens) return async () => DEVELOPER;
  const check = provider && createProvider(provider);
  return async (authorization) => {
    const credentials = /^Bearer +([\w.~+/-]+=*) *$/i.exec(authorization ?? '')?.[1]; // RFC 6750 2.1
    if (!credentials) throw new Unauthenticated('Send a token: "Authorization: Bearer …".');
    if (isToken(credentials) || !check) {
      const caller = callerOfToken(tokens ?? [], credentials, new Date());
      if (caller) return caller;
      throw new Unauthenticated('The token is unknown or has expired. Make one by `mrimaster token create`.');
    }
    return check(credentials);
  };
}

/** Whether callers have to authenticate at all. */
export function authenticates({ provider, tokens }: IdentitySettings): boolean {
  return provider !== undefined || tokens !== undefined;
}
