import type { ApolloServerPlugin } from '@apollo/server';

/** What a document may be wrong with before anything of it is carried out. */
const UNFIT = ['GRAPHQL_PARSE_FAILED', 'GRAPHQL_VALIDATION_FAILED', 'BAD_USER_INPUT'];

/**
 * GraphQL over HTTP, 6.4.1: to those who accept application/json alone, a well-formed answer goes with status 200, also
 * where it says that the document is unfit; for them the status tells of the transport. Apollo says 400 to all.
 */
export const answerLegacyJson: ApolloServerPlugin = {
  requestDidStart: async () => ({
    willSendResponse: async ({ request, response: { http, body } }) => {
      const accept = request.http?.headers.get('accept') ?? '';
      const legacy = accept.includes('application/json') && !accept.includes('application/graphql-response+json');
      if (http.status !== 400 || !legacy || body.kind !== 'single') return;
      const codes = (body.singleResult.errors ?? []).map(({ extensions }) => String(extensions?.code));
      if (codes.length > 0 && codes.every((code) => UNFIT.includes(code))) http.status = 200;
    },
  }),
};
