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

/** How many are taken for a list that no argument bounds; for connections the size of a page when none is given. */
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

/** What costs more than to read a row, in rows: it computes, draws, aggregates, or asks an archive. */
const EXTRA: Readonly<Record<string, number>> = {
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
 * Refuses what would keep the server from answering others, before any of it runs. The cost is the number of objects that
 * an answer may hold, lists at their largest, and more for what is not merely read.
 * @throws GraphQLError BAD_USER_INPUT for variables that do not fit, QUERY_TOO_COMPLEX with the figure and the limit.
 */
export function limitOperation(
  schema: GraphQLSchema,
  document: DocumentNode,
  operationName: string | null | undefined,
  variables: Record<string, unknown> | null | undefined,
): void {
  const operation = getOperationAST(document, operationName);
  if (!operation) return; // which Apollo refuses
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
  if (type.name.startsWith('__')) return 0; // what may be seen of the schema is another rule
  const name = `${type.name}.${field.name}`;
  const own = isLeafType(getNamedType(field.type)) ? 0 : 1;
  return (EXTRA[name] ?? 0) + sizeOf(name, args, field.type) * (own + childComplexity);
}

function sizeOf(
  name: string,
  args: ComplexityEstimatorArgs['args'],
  type: ComplexityEstimatorArgs['field']['type'],
): number {
  const asked = args.first ?? args.last ?? LIST_SIZES[name];
  if (typeof asked === 'number') return Math.max(1, asked);
  if (/Connection\.(nodes|edges)$/.test(name)) return 1; // counted where the page was asked for
  return isListType(isNonNullType(type) ? type.ofType : type) ? USUAL_LIST : 1;
}

type Measured = { depth: number; aliases: number };

/** Fragments count wherever they are spread; circles were refused before. */
function measure(document: DocumentNode, selections: SelectionSetNode): Measured {
  const known = new Map<string, Measured>();
  const walk = ({ selections: all }: SelectionSetNode): Measured => {
    const measured = { depth: 0, aliases: 0 };
    for (const selection of all) {
      const inner = walkInto(selection);
      measured.depth = Math.max(measured.depth, inner.depth);
      measured.aliases += inner.aliases;
    }
    return measured;
  };
  const walkInto = (selection: SelectionSetNode['selections'][number]): Measured => {
    if (selection.kind === Kind.INLINE_FRAGMENT) return walk(selection.selectionSet);
    if (selection.kind === Kind.FRAGMENT_SPREAD) return walkFragment(selection.name.value);
    if (selection.name.value.startsWith('__')) return { depth: 1, aliases: selection.alias ? 1 : 0 };
    const inner = selection.selectionSet ? walk(selection.selectionSet) : { depth: 0, aliases: 0 };
    return { depth: inner.depth + 1, aliases: inner.aliases + (selection.alias ? 1 : 0) };
  };
  const walkFragment = (name: string): Measured => {
    const before = known.get(name);
    if (before) return before;
    const fragment = document.definitions.find(
      (one) => one.kind === Kind.FRAGMENT_DEFINITION && one.name.value === name,
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
