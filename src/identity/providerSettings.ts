import type { Grant } from './caller.js';

/** Settings of an OpenID provider, such as Keycloak or Entra ID. */
export type ProviderSettings = {
  issuer: string;
  audience: string;
  /** Address of its keys; undefined for the one in its discovery document. */
  jwksUrl: string | undefined;
  /** Name of the claim that lists a caller's roles. Dots lead into objects, as in "realm_access.roles". */
  rolesClaim: string;
  /** Our roles and rights by the provider's names for them. If empty, the provider uses our names; else only these count. */
  grants: ReadonlyMap<string, Grant>;
};
