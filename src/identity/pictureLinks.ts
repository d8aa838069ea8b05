import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import type { Caller } from './caller.js';

/** How long a link is valid after its grant was given. */
const VALID_MS = 3600_000;
/** A grant signs links for this long, so that a picture keeps its URL and browsers can cache it. */
const RENEWED_MS = VALID_MS / 2;

/** The secret that signs a caller's links. `given`: ms on the monotonic clock. */
type PictureGrant = { id: string; caller: Caller; secret: Buffer; given: number };

/**
 * Signed links to pictures. Browsers send no token for `<img src>`, so a caller who may see a picture gets a link that works
 * without one. A link is valid for an hour at most, names neither caller nor patient, and ends with the process. The audit
 * names the caller whom it was given to, whoever uses it.
 */
export type PictureLinks = {
  /** @param path with its query, from "/". @returns the path with a signature. */
  sign(caller: Caller, path: string): string;
  /** @param url path and query. @returns whom the link was given to; undefined if it is not valid, or no longer. */
  open(url: string): Caller | undefined;
};

/**
 * @param ticks ms of a monotonic clock, which measures how long a link has been valid.
 * @param now ms since 1970, by which tokens expire.
 */
export function createPictureLinks(ticks = () => performance.now(), now = Date.now): PictureLinks {
  const byId = new Map<string, PictureGrant>();
  const byCaller = new Map<string, PictureGrant>();
  const signature = ({ secret }: PictureGrant, path: string) =>
    createHmac('sha256', secret).update(path).digest('base64url');
  const isOver = ({ caller, given }: PictureGrant, after: number) =>
    ticks() - given >= after || (caller.expiresAt !== undefined && caller.expiresAt.getTime() <= now());
  const grantOf = (caller: Caller): PictureGrant => {
    const key = JSON.stringify([caller.subject, ...caller.rights]);
    const known = byCaller.get(key);
    if (known && !isOver(known, RENEWED_MS) && known.caller.expiresAt?.getTime() === caller.expiresAt?.getTime())
      return known;
    for (const [id, grant] of byId) if (isOver(grant, VALID_MS)) byId.delete(id);
    for (const [caller, grant] of byCaller) if (isOver(grant, VALID_MS)) byCaller.delete(caller);
    const grant = { id: randomBytes(9).toString('base64url'), caller, secret: randomBytes(32), given: ticks() };
    byId.set(grant.id, grant);
    byCaller.set(key, grant);
    return grant;
  };
  return {
    sign: (caller, path) => {
      const grant = grantOf(caller);
      return `${path}${path.includes('?') ? '&' : '?'}grant=${grant.id}&signature=${signature(grant, path)}`;
    },
    open: (url) => {
      const [matched, id = '', given = ''] = /[?&]grant=([\w-]{12})&signature=([\w-]{43})$/.exec(url) ?? [];
      const grant = byId.get(id);
      if (!matched || !grant || isOver(grant, VALID_MS)) return undefined;
      const expected = signature(grant, url.slice(0, -matched.length));
      return timingSafeEqual(Buffer.from(given), Buffer.from(expected)) ? grant.caller : undefined;
    },
  };
}
