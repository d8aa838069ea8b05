import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import type { Caller } from './caller.js';

const VALID_MS = 3600_000;
/** A link is good for half of that at least, and stays the same for half of it, so that browsers may keep pictures. */
const RENEWED_MS = VALID_MS / 2;

type Grant = { id: string; caller: Caller; secret: Buffer; given: number };

/**
 * Browsers send no token for `<img src>`. So whoever may see a picture gets a link that shows it to who has the link, for an
 * hour at most, and names neither; what is seen through it is seen by the one it was given to. Links end with the process.
 */
export type PictureLinks = {
  /** @param path with its query. @returns it with a signature. */
  sign(caller: Caller, path: string): string;
  /** Who was given this link; undefined for what is none, or no longer. */
  open(url: string): Caller | undefined;
};

/** @param ticks ms of a clock that nobody sets: how long a link has been valid is no matter of the time of day. */
export function createPictureLinks(ticks = () => performance.now(), now = Date.now): PictureLinks {
  const byId = new Map<string, Grant>();
  const byCaller = new Map<string, Grant>();
  const signature = ({ secret }: Grant, path: string) => createHmac('sha256', secret).update(path).digest('base64url');
  const isOver = ({ caller, given }: Grant, after: number) =>
    ticks() - given >= after || (caller.expiresAt !== undefined && caller.expiresAt.getTime() <= now());
  const grantOf = (caller: Caller): Grant => {
    const key = JSON.stringify([caller.subject, ...caller.rights]);
    const known = byCaller.get(key);
    if (known && !isOver(known, RENEWED_MS) && known.caller.expiresAt?.getTime() === caller.expiresAt?.getTime())
      return known;
    for (const [id, grant] of byId) if (isOver(grant, VALID_MS)) byId.delete(id);
    for (const [one, grant] of byCaller) if (isOver(grant, VALID_MS)) byCaller.delete(one);
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
