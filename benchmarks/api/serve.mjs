// One server of the API in a process of its own, whose CPU time is its own. Usage: node serve.mjs VARIANT; the parent
// asks by messages. All of them have the same schema, resolvers, context and database.

import { ApolloServer } from '@apollo/server';
import fastifyApollo, { fastifyApolloDrainPlugin } from '@as-integrations/fastify';
import { fastify } from 'fastify';
import pg from 'pg';
import { readConfig } from '../../dist/config/config.js';
import { buildApiSchema } from '../../dist/graphql/buildSchema.js';
import { createAuthenticate } from '../../dist/identity/authenticate.js';
import { start } from '../../dist/main.js';
import { openContext } from '../../dist/openContext.js';
import { createLog } from '../../dist/output/log.js';
import { openRequest } from '../../dist/resolvers/request.js';
import { remember } from './remember.mjs';

const variants = { mrimaster, apollo, mercurius };
const statements = countStatements();
const { program, url } = await variants[process.argv[2]]();
const { prisma } = program;
const answers = {
  cpu: () => process.cpuUsage(),
  /** From now on the rows of statements that were made before come from memory. */
  memory: (on) => {
    program.prisma = on ? remember(prisma) : prisma;
  },
  statements: () => statements.count,
};
process.on('message', ([name, argument]) => process.send([name, answers[name](argument)]));
process.on('disconnect', () => process.exit());
process.send(['ready', url]);

/** The real one: what `mrimaster serve` starts. */
async function mrimaster() {
  const { context, server } = await start(config(), createLog('warn'));
  return { program: context, url: `${server.url}/graphql` };
}

/** As Apollo's documentation sets it up on Fastify: nothing chosen, nothing left out. */
async function apollo() {
  const program = await openContext(config(), 'tool', createLog('warn'));
  const app = fastify();
  const server = new ApolloServer({ schema: await buildApiSchema(), plugins: [fastifyApolloDrainPlugin(app)] });
  await server.start();
  await app.register(fastifyApollo(server), { context: contextOf(program) });
  return { program, url: `${await app.listen({ host: '127.0.0.1', port: 0 })}/graphql` };
}

async function mercurius() {
  const program = await openContext(config(), 'tool', createLog('warn'));
  const app = fastify();
  const { default: plugin } = await import('mercurius');
  await app.register(plugin, { schema: await buildApiSchema(), jit: 1, context: contextOf(program) });
  return { program, url: `${await app.listen({ host: '127.0.0.1', port: 0 })}/graphql` };
}

/** What src/http/server.ts gives the resolvers. */
function contextOf(program) {
  const authenticate = createAuthenticate(program.config.identity);
  return async (request) => {
    const caller = await authenticate(request.headers.authorization);
    const origin = `${request.protocol}://${request.host}`;
    return { ...openRequest(program, caller, request.ip), pictureUrl: (path) => origin + path };
  };
}

function config() {
  return readConfig({ ...process.env, PORT: '0' });
}

/** Those of our own client; the queue has another one. */
function countStatements() {
  const counted = { count: 0 };
  const { query } = pg.Client.prototype;
  pg.Client.prototype.query = function (...args) {
    if (this.connectionParameters.application_name === 'mrimaster') counted.count++;
    return query.apply(this, args);
  };
  return counted;
}
