import { GraphQLError, GraphQLScalarType, Kind } from 'graphql';
import { isUid } from '../pacs/uid.js';

export { GraphQLDate as DateScalar, GraphQLDateTime as DateTimeScalar } from 'graphql-scalars';

/** PS3.5 9.1. */
export const DicomUidScalar = new GraphQLScalarType<string, string>({
  name: 'DicomUid',
  description: 'A DICOM unique identifier: up to 64 characters of digits and dots (PS3.5 9.1).',
  serialize: String,
  parseValue: requireUid,
  parseLiteral: (node) => requireUid(node.kind === Kind.STRING ? node.value : undefined),
});

function requireUid(value: unknown): string {
  if (typeof value === 'string' && isUid(value)) return value;
  throw new GraphQLError('A DicomUid is up to 64 characters of digits and dots, such as "1.2.840.10008.1.1".', {
    extensions: { code: 'BAD_USER_INPUT' },
  });
}
