import {
  type DocumentNode,
  GraphQLError,
  type GraphQLSchema,
  getNamedType,
  getOperationAST,
  getVariableValues,
  isLeafType,
  isListType,
  isNonNullType,
  Kind,
  type SelectionSetNode,
} from 'graphql';
import { type ComplexityEstimatorArgs, getComplexity } from 'graphql-query-complexity';
import { MAX_ALIASES, MAX_COST, MAX_DEPTH } from './limits.js';

/** Assumed length of a list if no argument limits it: for connections the usual page size, for others USUAL_LIST. */
const LIST_SIZES: Readonly<Record<string, number>> = {
  'Query.jobs': 50,
  'Query.predictions': 50,
  'Query.studies': 20,
  'Query.pacsStudies': 20,
  'Study.slices': 100,
  'Series.slices': 100,
};
const USUAL_LIST = 4;
const BAD_USER_INPUT = { code: 'BAD_USER_INPUT', http: { status: 400 } };

/** Extra cost, in rows, of fields that compute, draw, aggregate or ask an archive instead of reading a row. */
const EXTRA_COSTS: Readonly<Record<string, number>> = {
  'Prediction.explanation': 200,
  'Prediction.explanations': 300,
  'Mutation.explainPrediction': 100,
  'Explanation.overlay': 20,
  'Explanation.heatmap': 10,
  'Explanation.rawMap': 10,
  'Image.base64': 20,
  'Pacs.health': 100,
  'Query.pacsStudies': 100,
  'Mutation.classifyImage': 5000,
  'Query.evaluation': 500,
  'Query.modelComparison': 500,
  'Query.statistics': 500,
  'Evaluation.drift': 500,
  'Evaluation.predictiveValues': 500,
  'LabelMetrics.f1': 300,
};

/**
 * Refuses an operation that would keep the server from answering others, before it runs. Its cost is the number of objects
 * that the answer may hold, with lists at their largest, and the extra cost of fields that are not merely read.
 * @throws GraphQLError BAD_USER_INPUT for variables that are not valid; QUERY_TOO_COMPLEX with the cost and the limit.
 */
export function limitOperation(
  schema: GraphQLSchema,
  document: DocumentNode,
  operationName: string | null | undefined,
  variables: Record<string, unknown> | null | undefined,
): void {
  const operation = getOperationAST(document, operationName);
  if (!operation) return; // Apollo Server refuses it
  const { errors } = getVariableValues(schema, operation.variableDefinitions ?? [], variables ?? {}, { maxErrors: 1 });
  if (errors) throw new GraphQLError(errors[0]?.message ?? '', { extensions: BAD_USER_INPUT });
  const { aliases, depth } = measure(document, operation.selectionSet);
  if (depth > MAX_DEPTH) throw tooComplex(`It is ${depth} levels deep; ${MAX_DEPTH} are the limit.`);
  if (aliases > MAX_ALIASES) throw tooComplex(`It has ${aliases} aliases; ${MAX_ALIASES} are the limit.`);
  const cost = getComplexity({
    schema,
    query: document,
    estimators: [estimate],
    ...(operationName && { operationName }),
    ...(variables && { variables }),
  });
  if (cost > MAX_COST) throw tooComplex(`It may cost ${cost}; ${MAX_COST} is the limit. Ask for fewer at a time.`);
}

function estimate({ args, childComplexity, field, type }: ComplexityEstimatorArgs): number {
  if (type.name.startsWith('__')) return 0; // introspection is allowed or refused elsewhere
  const name = `${type.name}.${field.name}`;
  const own = isLeafType(getNamedType(field.type)) ? 0 : 1;
  return (EXTRA_COSTS[name] ?? 0) + sizeOf(name, args, field.type) * (own + childComplexity);
}

function sizeOf(
  name: string,
  args: ComplexityEstimatorArgs['args'],
  type: ComplexityEstimatorArgs['field']['type'],
): number {
  const size = args.first ?? args.last ?? LIST_SIZES[name];
  if (typeof size === 'number') return Math.max(1, size);
  if (/Connection\.(nodes|edges)$/.test(name)) return 1; // counted at the field that has the page's size
  return isListType(isNonNullType(type) ? type.ofType : type) ? USUAL_LIST : 1;
}

type OperationSize = { depth: number; aliases: number };

/** Fragments count wherever they are spread. Validation has refused fragments that spread each other in a circle. */
function measure(document: DocumentNode, selections: SelectionSetNode): OperationSize {
  const known = new Map<string, OperationSize>();
  const walk = ({ selections: all }: SelectionSetNode): OperationSize => {
    const measured = { depth: 0, aliases: 0 };
    for (const selection of all) {
      const inner = walkInto(selection);
      measured.depth = Math.max(measured.depth, inner.depth);
      measured.aliases += inner.aliases;
    }
    return measured;
  };
  const walkInto = (selection: SelectionSetNode['selections'][number]): OperationSize => {
    if (selection.kind === Kind.INLINE_FRAGMENT) return walk(selection.selectionSet);
    if (selection.kind === Kind.FRAGMENT_SPREAD) return walkFragment(selection.name.value);
    if (selection.name.value.startsWith('__')) return { depth: 1, aliases: selection.alias ? 1 : 0 };
    const inner = selection.selectionSet ? walk(selection.selectionSet) : { depth: 0, aliases: 0 };
    return { depth: inner.depth + 1, aliases: inner.aliases + (selection.alias ? 1 : 0) };
  };
  const walkFragment = (name: string): OperationSize => {
    const before = known.get(name);
    if (before) return before;
    const fragment = document.definitions.find(
      (definition) => definition.kind === Kind.FRAGMENT_DEFINITION && definition.name.value === name,
    );
    const measured = fragment && 'selectionSet' in fragment ? walk(fragment.selectionSet) : { depth: 0, aliases: 0 };
    known.set(name, measured);
    return measured;
  };
  return walk(selections);
}

function tooComplex(why: string): GraphQLError {
  return new GraphQLError(`The operation asks for too much. ${why}`, {
    extensions: { code: 'QUERY_TOO_COMPLEX', http: { status: 400 } },
  });
}
