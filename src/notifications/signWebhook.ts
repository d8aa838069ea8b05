import { createHmac } from 'node:crypto';

/**
 * X-MRIMaster-Signature: HMAC-SHA-256 (RFC 2104) over "<time>.<body>", so that neither can be exchanged and an old message
 * can be told from a new one.
 * @param seconds since 1970, when it is sent.
 */
export function signWebhook(body: string, secret: string, seconds: number): string {
  return `t=${seconds},v1=${createHmac('sha256', secret).update(`${seconds}.${body}`).digest('hex')}`;
}
