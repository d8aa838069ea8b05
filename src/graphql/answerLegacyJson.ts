import type { ApolloServerPlugin } from '@apollo/server';

/** Codes of errors that refuse an operation before it runs. */
const REFUSED = ['GRAPHQL_PARSE_FAILED', 'GRAPHQL_VALIDATION_FAILED', 'BAD_USER_INPUT'];

/**
 * Answers clients that accept application/json alone with status 200 even if the operation is refused, because for them
 * the status is that of the transport (GraphQL over HTTP, 6.4.1). Apollo Server answers all clients with 400.
 */
export const answerLegacyJson: ApolloServerPlugin = {
  requestDidStart: async () => ({
    willSendResponse: async ({ request, response: { http, body } }) => {
      const accept = request.http?.headers.get('accept') ?? '';
      const legacy = accept.includes('application/json') && !accept.includes('application/graphql-response+json');
      if (http.status !== 400 || !legacy || body.kind !== 'single') return;
      const codes = (body.singleResult.errors ?? []).map(({ extensions }) => String(extensions?.code));
      if (codes.length > 0 && codes.every((code) => REFUSED.includes(code))) http.status = 200;
    },
  }),
};
