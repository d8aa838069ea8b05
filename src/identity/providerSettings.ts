import type { Grant } from './caller.js';

/** An OpenID provider, such as Keycloak or Entra ID. */
export type ProviderSettings = {
  issuer: string;
  audience: string;
  /** Where its keys are; by default what its discovery document says. */
  jwksUrl: string | undefined;
  /** The claim that lists what a caller is; dots lead into objects, as in "realm_access.roles". */
  rolesClaim: string;
  /** What the provider calls roles and rights of ours; with any, no other name counts. Empty: it uses our names. */
  grants: ReadonlyMap<string, Grant>;
};
