import { randomBytes } from 'node:crypto';
import type { FastifyInstance } from 'fastify';

const ANYBODY = { config: { demand: 'ANYBODY' as const } };

/** GraphiQL, whole in one page, so that it works without the internet; for development. */
export function serveExplorer(app: FastifyInstance): void {
  let page: Promise<readonly [before: string, script: string]> | undefined;
  app.get('/graphiql', ANYBODY, async (_request, reply) => {
    page ??= renderPage();
    const [before, script] = await page;
    const nonce = randomBytes(16).toString('base64');
    reply.header('Content-Security-Policy', policyOf(nonce));
    return reply.type('text/html; charset=utf-8').send(`${before}<script nonce="${nonce}">${script}`);
  });
  app.get('/', ANYBODY, (_request, reply) => reply.redirect('/graphiql'));
}

/** Its only script is part of the page and behind all else. */
async function renderPage() {
  const { renderGraphiQL } = await import('@graphql-yoga/render-graphiql');
  const page = renderGraphiQL({
    endpoint: '/graphql',
    title: 'MRIMaster – research use only',
    subscriptionsProtocol: 'WS',
  } as never);
  const at = page.indexOf('<script>', page.indexOf('<body'));
  return [page.slice(0, at), page.slice(at + '<script>'.length)] as const;
}

/** Nothing but itself, and nobody but us is asked; its editor writes styles, has a font in them, and works in threads. */
function policyOf(nonce: string): string {
  return [
    "default-src 'none'",
    `script-src 'nonce-${nonce}'`,
    "style-src 'unsafe-inline'",
    'img-src data:',
    'font-src data:',
    "connect-src 'self'",
    'worker-src blob: data:',
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
  ].join('; ');
}
