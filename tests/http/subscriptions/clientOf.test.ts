import type { IncomingMessage } from 'node:http';
import { describe, expect, it } from 'vitest';
import { clientOf } from '../../../src/http/subscriptions/clientOf.js';

const forwarded = {
  host: 'mri:4000',
  'x-forwarded-for': '203.0.113.9, 10.1.2.3',
  'x-forwarded-host': 'mri.hospital.example',
  'x-forwarded-proto': 'https',
};
const request = (remoteAddress: string, headers: object = forwarded) =>
  ({ socket: { remoteAddress }, headers }) as unknown as IncomingMessage;
const behind = clientOf({ publicUrl: undefined, tls: undefined, trustedProxies: ['10.0.0.5', '10.1.0.0/16'] });

describe('a client', () => {
  it('is who a trusted proxy says it is', () => {
    expect(behind(request('10.0.0.5'))).toEqual({ address: '203.0.113.9', origin: 'https://mri.hospital.example' });
    expect(behind(request('::ffff:10.0.0.5')).address).toBe('203.0.113.9');
  });

  it('is who it is where it says so itself', () => {
    const itself = { address: '203.0.113.7', origin: 'http://mri:4000' };
    expect(behind(request('203.0.113.7'))).toEqual(itself);
    const alone = clientOf({ publicUrl: undefined, tls: undefined, trustedProxies: [] });
    expect(alone(request('203.0.113.7'))).toEqual(itself);
  });

  it('has the address of the server that is configured', () => {
    const named = clientOf({ publicUrl: 'https://mri.example', tls: undefined, trustedProxies: ['10.0.0.5'] });
    expect(named(request('10.0.0.5')).origin).toBe('https://mri.example');
  });
});
