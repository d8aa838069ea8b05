import { initGraphQLTada } from 'gql.tada';
import type { introspection } from './schema.js';

/** `graphql('query …')` is the document, with the types of its data and its variables. */
export const graphql = initGraphQLTada<{
  introspection: introspection;
  scalars: { Date: string; DateTime: string; DicomUid: string; Upload: Blob };
}>();
