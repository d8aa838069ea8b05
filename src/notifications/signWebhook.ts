import { createHmac } from 'node:crypto';

/**
 * Signs a webhook for the header X-MRIMaster-Signature: HMAC-SHA-256 (RFC 2104) over "<time>.<body>". Neither can be
 * changed, and receivers can refuse an old message that is sent again.
 * @param seconds time of sending, in seconds since 1970.
 */
export function signWebhook(body: string, secret: string, seconds: number): string {
  return `t=${seconds},v1=${createHmac('sha256', secret).update(`${seconds}.${body}`).digest('hex')}`;
}
