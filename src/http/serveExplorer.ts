import { randomBytes } from 'node:crypto';
import type { FastifyInstance } from 'fastify';

const ANYBODY = { config: { demand: 'ANYBODY' as const } };

/** Serves GraphiQL for development on /graphiql. The page holds all its scripts, so it works without the internet. */
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

/** Cuts the page at its only script, which is its last part, because the script's tag needs a nonce for each answer. */
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

/** Allows the page's own script and this server alone. Its editor writes styles with a font, and starts workers. */
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
