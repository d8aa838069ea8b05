import { Agent, request } from 'node:http';

/** A client with so many connections, which stay open. */
export function createClient(url, connections) {
  const agent = new Agent({ keepAlive: true, maxSockets: connections });
  /** @returns status and body of the answer, and the milliseconds until all of it was here. */
  const post = (body, headers = { 'content-type': 'application/json' }) =>
    new Promise((resolve, reject) => {
      const began = performance.now();
      const asked = request(url, { method: 'POST', agent, headers: { ...headers, 'content-length': body.length } });
      asked.on('error', reject).on('response', (response) => {
        const chunks = [];
        response.on('data', (chunk) => chunks.push(chunk)).on('error', reject);
        response.on('end', () =>
          resolve({ status: response.statusCode, body: Buffer.concat(chunks), ms: performance.now() - began }),
        );
      });
      asked.end(body);
    });
  /** @throws where the answer has errors: they would be quick. */
  const ask = async (query, variables = {}) => {
    const { body, ms } = await post(Buffer.from(JSON.stringify({ query, variables })));
    const { data, errors } = JSON.parse(body);
    if (errors) throw new Error(JSON.stringify(errors));
    return { data, ms, bytes: body.length };
  };
  /** As many at a time as there are connections. @returns the answers. */
  const repeat = async (count, task) => {
    const results = [];
    let left = count;
    const one = async () => {
      while (left-- > 0) results.push(await task());
    };
    await Promise.all(Array.from({ length: connections }, one));
    return results;
  };
  return { post, ask, repeat, close: () => agent.destroy() };
}
