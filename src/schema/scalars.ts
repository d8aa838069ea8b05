import { GraphQLError, GraphQLScalarType, Kind } from 'graphql';
import { GraphQLDateTime } from 'graphql-scalars';
import { isUid } from '../pacs/header/uid.js';
import { UploadedFile } from './uploadedFile.js';

export { GraphQLDate as DateScalar } from 'graphql-scalars';

/** DateTime of RFC 3339 in the years 1 to 9999, because PostgreSQL has no year 0. */
export const DateTimeScalar = new GraphQLScalarType<Date, Date>({
  ...GraphQLDateTime.toConfig(),
  parseValue: (value) => requireYear(GraphQLDateTime.parseValue(value) as Date),
  parseLiteral: (node, variables) => requireYear(GraphQLDateTime.parseLiteral(node, variables) as Date),
});

function requireYear(time: Date): Date {
  if (time.getUTCFullYear() >= 1 && time.getUTCFullYear() <= 9999) return time;
  throw new GraphQLError('A DateTime lies in the years 1 to 9999.', { extensions: { code: 'BAD_USER_INPUT' } });
}

/** A DICOM unique identifier (PS3.5 9.1). Refuses anything else with BAD_USER_INPUT. */
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

/** A file that was uploaded by the GraphQL multipart request specification. It can only be a variable. */
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
