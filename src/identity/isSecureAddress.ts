/** Whether keys may be fetched from an address: by https, or by http from this machine, as anybody could change others. */
export function isSecureAddress(value: string): boolean {
  if (!URL.canParse(value)) return false;
  const { hostname, protocol } = new URL(value);
  return protocol === 'https:' || (protocol === 'http:' && ['127.0.0.1', 'localhost', '[::1]'].includes(hostname));
}
