/** The rights that a caller may have; docs/authorization.md says what needs which. */
export const RIGHTS = ['read', 'identity', 'pixels', 'classify', 'review', 'send', 'operate', 'administer'] as const;
export type Right = (typeof RIGHTS)[number];

/** The rights of each role. Identity and pixels are rights of their own, because an operator need not see patients. */
export const ROLES = {
  reader: ['read'],
  radiologist: ['read', 'identity', 'pixels', 'classify', 'review'],
  operator: ['read', 'classify', 'send', 'operate'],
  admin: RIGHTS,
} as const satisfies Record<string, readonly Right[]>;
export type Role = keyof typeof ROLES;

/** What a caller is given: a role, or a single right. "reader" and "pixels" make a viewer of images without names. */
export type Grant = Role | Right;
export const GRANTS = [...Object.keys(ROLES), ...RIGHTS] as readonly Grant[];

/** Who asks. `subject` is the unique and stable name of a user or program, never a patient, in audit and reviews. */
export type Caller = {
  subject: string;
  rights: ReadonlySet<Right>;
  /** When the caller's token expires; undefined if it does not. */
  expiresAt?: Date | undefined;
};

/** All rights that grants stand for. */
export function rightsOf(grants: readonly Grant[]): ReadonlySet<Right> {
  return new Set(grants.flatMap((grant) => (grant in ROLES ? ROLES[grant as Role] : [grant as Right])));
}

/** The caller of everything on a server that authenticates nobody, which serves its own machine only. */
export const DEVELOPER: Caller = { subject: 'development', rights: new Set(RIGHTS) };

/** Who shares limited places and turns with others: the caller's subject, or its address without authentication. */
export function sharerOf({ subject }: Pick<Caller, 'subject'>, address: string): string {
  return subject === DEVELOPER.subject ? address : subject;
}
