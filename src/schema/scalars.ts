import { GraphQLError, GraphQLScalarType, Kind } from 'graphql';
import { isUid } from '../pacs/uid.js';
import { UploadedFile } from '../uploadedFile.js';

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

/** What the GraphQL multipart request specification has put into the variables. */
export const UploadScalar = new GraphQLScalarType<UploadedFile, never>({
  name: 'Upload',
  description:
    'A file, sent as multipart/form-data by the GraphQL multipart request specification, with the header `apollo-require-preflight`.',
  serialize: () => {
    throw new GraphQLError('An Upload is never an answer.');
  },
  parseValue: (value) => {
    if (value instanceof UploadedFile) return value;
    throw new GraphQLError('An Upload is sent as multipart/form-data, see README.md.', {
      extensions: { code: 'BAD_USER_INPUT' },
    });
  },
  parseLiteral: () => {
    throw new GraphQLError('An Upload is a variable, sent as multipart/form-data, see README.md.', {
      extensions: { code: 'BAD_USER_INPUT' },
    });
  },
});
