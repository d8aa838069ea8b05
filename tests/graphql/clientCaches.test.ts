import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ApolloClient, gql, HttpLink, InMemoryCache } from '@apollo/client';
import { Client, fetchExchange } from '@urql/core';
import { cacheExchange } from '@urql/exchange-graphcache';
import { Environment, fetchQuery, Network, RecordSource, Store } from 'relay-runtime';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type Answer, type Program, REPOSITORY, startProgram, temporaryFolder } from '../setup/program.js';

// Two hospitals' archives give out PatientIDs of their own, and both have given out 1001.
const PATIENTS = [
  { studyInstanceUid: '1.2.40.1', patientName: 'FIRST^ANNA', patientId: '1001', issuerOfPatientId: 'NORTH' },
  { studyInstanceUid: '1.2.40.2', patientName: 'SECOND^BERTA', patientId: '1001', issuerOfPatientId: 'SOUTH' },
];
const EXPECTED = PATIENTS.map((one) => [one.studyInstanceUid, one.patientName, '1001']);

let folder: Awaited<ReturnType<typeof temporaryFolder>>;
let program: Program;
let url: string;
beforeAll(async () => {
  folder = await temporaryFolder();
  program = await startProgram({ DATA_DIR: join(folder.path, 'data') });
  url = `${program.server.url}/graphql`;
  await program.context.prisma.study.createMany({ data: PATIENTS.map((one) => ({ ...one, modalities: ['MR'] })) });
});
afterAll(async () => {
  await program?.close();
  await folder.remove();
});

/** The worklist of docs/api.md, as it is, or as clients of the first version have it: with the field that is deprecated. */
const documented = () =>
  (/```graphql\n(query Worklist[\s\S]*?)```/.exec(readFileSync(join(REPOSITORY, 'docs/api.md'), 'utf8')) as Answer)[1];
const WORKLISTS = [
  ['documented', () => documented()],
  ['of the first version', () => documented().replace('patientId', 'patientId id')],
] as const;

const shown = (data: Answer) =>
  data.studies.nodes
    .map(({ studyInstanceUid, patient }: Answer) => [studyInstanceUid, patient.name, patient.patientId])
    .sort();

it.each(WORKLISTS)(
  'Apollo Client’s cache keeps two patients with one PatientID apart, in the worklist %s',
  async (_, query) => {
    const client = new ApolloClient({ link: new HttpLink({ uri: url }), cache: new InMemoryCache() });
    await client.query({ query: gql(query()) });
    const { data } = await client.query({ query: gql(query()), fetchPolicy: 'cache-only' });
    expect(shown(data)).toEqual(EXPECTED);
    client.stop();
  },
);

it.each(WORKLISTS)(
  'urql’s graphcache keeps two patients with one PatientID apart, in the worklist %s',
  async (_, query) => {
    const keys = {
      PageInfo: () => null,
      StudyConnection: () => null,
      StudyFinding: () => null,
      Patient: ({ id }: Answer) => id ?? null,
    };
    const client = new Client({ url, preferGetMethod: false, exchanges: [cacheExchange({ keys }), fetchExchange] });
    await client.query(query(), {}).toPromise();
    const { data } = await client.query(query(), {}, { requestPolicy: 'cache-only' }).toPromise();
    expect(shown(data)).toEqual(EXPECTED);
  },
);

it('Relay’s store keeps two patients with one PatientID apart', async () => {
  const text = 'query Q { studies(first: 10) { nodes { id studyInstanceUid patient { id name patientId } } } }';
  const scalar = (name: string) => ({ alias: null, args: null, kind: 'ScalarField', name, storageKey: null });
  const linked = (
    name: string,
    concreteType: string,
    plural: boolean,
    selections: object[],
    args: object[] | null = null,
  ) => ({
    alias: null,
    args,
    concreteType,
    kind: 'LinkedField',
    name,
    plural,
    selections,
    storageKey: args ? `${name}(first:10)` : null,
  });
  // What Relay's compiler makes of it.
  const patient = linked('patient', 'Patient', false, ['id', 'name', 'patientId'].map(scalar));
  const nodes = linked('nodes', 'Study', true, [scalar('id'), scalar('studyInstanceUid'), patient]);
  const first = [{ kind: 'Literal', name: 'first', value: 10 }];
  const selections = [linked('studies', 'StudyConnection', false, [nodes], first)];
  const request: Answer = {
    kind: 'Request',
    fragment: { argumentDefinitions: [], kind: 'Fragment', metadata: null, name: 'Q', selections, type: 'Query' },
    operation: { argumentDefinitions: [], kind: 'Operation', name: 'Q', selections },
    params: { cacheID: 'q', id: null, metadata: {}, name: 'Q', operationKind: 'query', text },
  };
  const network = Network.create(async ({ text: query }, variables) => {
    const headers = { 'content-type': 'application/json' };
    return (await fetch(url, { method: 'POST', headers, body: JSON.stringify({ query, variables }) })).json() as Answer;
  });
  const environment = new Environment({ network, store: new Store(new RecordSource()) });
  expect(shown(await fetchQuery(environment, request, {}).toPromise())).toEqual(EXPECTED);
});

it('gives an id to whatever can be fetched again by it, and to nothing else', async () => {
  const { data } = await program.ask(
    `{ __schema { types { name kind interfaces { name } fields(includeDeprecated: true) { name } } } }`,
  );
  const objects: Answer[] = data.__schema.types.filter(({ kind }: Answer) => kind === 'OBJECT');
  const named = (types: Answer[]) => types.map(({ name }) => name).sort();
  const withId = objects.filter(({ fields }) => fields.some(({ name }: Answer) => name === 'id'));
  const nodes = objects.filter(({ interfaces }) => interfaces.some(({ name }: Answer) => name === 'Node'));
  expect(named(withId)).toEqual(named(nodes));
  const { data: listed } = await program.ask('{ studies { nodes { patient { id name } } } }');
  for (const { patient } of listed.studies.nodes) {
    const again = await program.ask('query ($id: ID!) { node(id: $id) { ... on Patient { id name } } }', {
      id: patient.id,
    });
    expect(again.data.node).toEqual(patient);
  }
});
