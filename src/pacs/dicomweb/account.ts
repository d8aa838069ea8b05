/** An address without credentials, and the HTTP headers that carry them. */
export type Account = { address: URL; headers: Record<string, string> };

/**
 * Separates an address from its credentials. User and password go by HTTP Basic; those in the address are the default.
 * A bearer `token` replaces them.
 */
export function readAccount(
  url: string,
  {
    username,
    password,
    token,
  }: { username?: string | undefined; password?: string | undefined; token?: string | undefined },
): Account {
  const address = new URL(url);
  const user = username ?? decodeURIComponent(address.username);
  const secret = password ?? decodeURIComponent(address.password);
  address.username = '';
  address.password = '';
  const basic = user ? `Basic ${Buffer.from(`${user}:${secret}`).toString('base64')}` : null;
  const authorization = token ? `Bearer ${token}` : basic;
  return { address, headers: authorization ? { Authorization: authorization } : {} };
}
