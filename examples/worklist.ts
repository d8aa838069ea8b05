import type { Ask } from './client.js';
import { graphql } from './graphql.js';

const WORKLIST = graphql(`
  query Worklist($after: String, $filter: StudyFilter) {
    studies(first: 50, after: $after, filter: $filter) {
      nodes { studyInstanceUid studyDate status finding { label confidence abstained } }
      pageInfo { endCursor hasNextPage }
    }
  }
`);
const CLASSIFY = graphql(`
  mutation Classify($studyInstanceUid: DicomUid!) {
    classifyStudy(input: { studyInstanceUid: $studyInstanceUid }) { job { id } }
  }
`);
const JOB = graphql(`
  query Job($id: ID!) {
    node(id: $id) { __typename ... on Job { status progress error study { studyInstanceUid status } } }
  }
`);

/** One line a study, and the cursor of the next page. A guess is not shown as an answer. */
export async function readWorklist(ask: Ask, after: string | null = null) {
  const { studies } = await ask(WORKLIST, { after, filter: { status: ['CLASSIFIED', 'PARTIAL'] } });
  const lines = studies.nodes.map(({ studyInstanceUid, studyDate, finding }) => {
    // Cut off, not rounded up: nothing is 100 % sure. `finding { answer }` is the same in words to be shown as they are.
    const answer =
      finding && !finding.abstained
        ? `${finding.label} (${Math.min(Math.floor(100 * finding.confidence), 99)} %)`
        : 'no answer';
    return `${studyDate ?? 'no date'}  ${answer}  ${studyInstanceUid}`;
  });
  return { lines, next: studies.pageInfo.hasNextPage ? studies.pageInfo.endCursor : null };
}

/** Until the job has ended; a page that stays open would rather subscribe to `jobUpdated`. @returns the study's status. */
export async function classifyStudy(ask: Ask, studyInstanceUid: string, everyMs = 500) {
  const { classifyStudy } = await ask(CLASSIFY, { studyInstanceUid });
  for (;;) {
    const { node } = await ask(JOB, { id: classifyStudy.job.id });
    if (node?.__typename !== 'Job') throw new Error('The job is not there any more.');
    if (node.status === 'FAILED') throw new Error(node.error ?? 'The job failed.');
    if (node.status === 'SUCCEEDED') return node.study?.status;
    await new Promise((resolve) => setTimeout(resolve, everyMs));
  }
}
