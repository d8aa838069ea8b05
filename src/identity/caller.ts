/** What there is to be allowed; docs/authorization.md says what needs which. */
export const RIGHTS = ['read', 'identity', 'pixels', 'classify', 'review', 'send', 'operate', 'administer'] as const;
export type Right = (typeof RIGHTS)[number];

/** What a role may. Identity and pixels are rights of their own: who runs the machines need not see patients. */
export const ROLES = {
  reader: ['read'],
  radiologist: ['read', 'identity', 'pixels', 'classify', 'review'],
  operator: ['read', 'classify', 'send', 'operate'],
  admin: RIGHTS,
} as const satisfies Record<string, readonly Right[]>;
export type Role = keyof typeof ROLES;

/** A role, or a right by itself: "reader" and "pixels" together make a viewer of images without names. */
export type Grant = Role | Right;
export const GRANTS = [...Object.keys(ROLES), ...RIGHTS] as readonly Grant[];

/** Who asks. `subject` is unique and stable, and what audit and reviews keep; it is no patient's. */
export type Caller = {
  subject: string;
  rights: ReadonlySet<Right>;
  /** When what proves who it is expires; undefined: never. */
  expiresAt?: Date | undefined;
};

export function rightsOf(grants: readonly Grant[]): ReadonlySet<Right> {
  return new Set(grants.flatMap((grant) => (grant in ROLES ? ROLES[grant as Role] : [grant as Right])));
}

/** Whoever reaches a server that authenticates nobody, which serves its own machine only. */
export const DEVELOPER: Caller = { subject: 'development', rights: new Set(RIGHTS) };

/** Whose part it counts for where places and turns are shared: the caller's, or, where nobody is known, its address's. */
export function sharerOf({ subject }: Pick<Caller, 'subject'>, address: string): string {
  return subject === DEVELOPER.subject ? address : subject;
}
