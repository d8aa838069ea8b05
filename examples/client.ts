import type { TadaDocumentNode } from 'gql.tada';
import { print } from 'graphql';

/** What docs/api.md lists: `code` is for programs, the message for people. */
export class ApiError extends Error {
  constructor(
    message: string,
    readonly code: string,
    readonly retryable: boolean,
  ) {
    super(message);
  }
}

export type Ask = ReturnType<typeof createClient>;

type Answer<Data> = {
  data?: Data | null;
  errors?: { message: string; extensions?: { code?: string; retryable?: boolean } }[];
};

/** @param url such as "http://127.0.0.1:4000/graphql". @param token where callers prove who they are. */
export function createClient(url: string, token?: string) {
  return async <Data, Variables>(document: TadaDocumentNode<Data, Variables>, variables: Variables): Promise<Data> => {
    const response = await fetch(url, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...(token && { authorization: `Bearer ${token}` }) },
      body: JSON.stringify({ query: print(document), variables }),
    });
    const { data, errors } = (await response.json()) as Answer<Data>;
    const [error] = errors ?? [];
    if (error)
      throw new ApiError(error.message, error.extensions?.code ?? 'UNKNOWN', error.extensions?.retryable ?? false);
    if (!data) throw new ApiError(`The server answered HTTP ${response.status}.`, 'UNKNOWN', response.status >= 500);
    return data;
  };
}
