import { Unauthenticated } from '../errors/errors.js';
import { type Caller, DEVELOPER } from './caller.js';
import { createProvider } from './provider.js';
import { type ProviderSettings } from './providerSettings.js';
import { callerOfToken, isToken, type StoredToken } from './tokens.js';

/** How callers prove who they are. */
export type IdentitySettings = { provider: ProviderSettings | undefined; tokens: readonly StoredToken[] | undefined };

/** @param authorization the header, or what stands for it over a WebSocket. @throws Unauthenticated. */
export type Authenticate = (authorization: string | undefined) => Promise<Caller>;

/** Where neither tokens nor a provider are configured, everybody is the developer; config.ts keeps such a server at home. */
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

export function authenticates({ provider, tokens }: IdentitySettings): boolean {
  return provider !== undefined || tokens !== undefined;
}
