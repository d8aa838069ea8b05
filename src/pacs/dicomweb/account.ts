/** An address without credentials, and the headers that carry them. */
export type Account = { address: URL; headers: Record<string, string> };

/** User and password (HTTP basic), those in the address by default; or a bearer token, which wins. */
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
