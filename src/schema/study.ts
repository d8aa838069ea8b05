import { Field, Float, ID, Int, ObjectType, registerEnumType } from 'type-graphql';
import type {
  Report as ReportRow,
  StudyFinding as StudyFindingRow,
  Study as StudyRow,
} from '../generated/prisma/client.js';
import { connectionOf } from './connection.js';
import { AbstentionReason, CompletenessState, EvidenceCode, ReportKind, StudyStatus, WithheldReason } from './enums.js';
import { Node } from './node.js';
import { LabelProbability } from './prediction.js';
import { ReasonParameter } from './reason.js';
import { DateScalar, DateTimeScalar, DicomUidScalar } from './scalars.js';

@ObjectType({ implements: Node, description: 'Whose study it is.' })
export class Patient {
  @Field(() => String, { nullable: true, description: 'As received: PN, "Family^Given^Middle^Prefix^Suffix".' })
  name!: string | null;

  @Field(() => String, { nullable: true, description: 'PatientID (0010,0020); unique within its issuer only.' })
  patientId!: string | null;

  @Field(() => String, { nullable: true, description: 'Issuer of Patient ID (0010,0021): who gave out the PatientID.' })
  issuer!: string | null;

  @Field(() => ID, {
    description: 'Opaque; another one for each study, so that no cache takes two patients for one.',
    deprecationReason: 'Use `Patient.patientId`. Removed not before 2027-06-01.',
  })
  id!: string;

  @Field(() => String, { nullable: true, description: 'As received: DA, "YYYYMMDD".' })
  birthDate!: string | null;

  @Field(() => String, { nullable: true, description: 'M, F or O.' })
  sex!: string | null;
}

@ObjectType({ description: 'Whether every instance is here, and how that is known.' })
export class Completeness {
  @Field(() => CompletenessState, { description: 'What is known.' })
  state!: CompletenessState;

  @Field(() => Int, { description: 'How many are here.' })
  receivedInstances!: number;

  @Field(() => Int, { nullable: true, description: 'By the archive; null when none was asked or it does not tell.' })
  expectedInstances!: number | null;

  @Field(() => EvidenceCode, { description: 'How that is known, for front ends that translate it.' })
  evidenceCode!: EvidenceCode;

  @Field(() => [ReasonParameter], { description: 'What the words for evidenceCode need.' })
  evidenceParameters!: ReasonParameter[];

  @Field({ description: 'How that is known, in English.' })
  evidence!: string;
}

export const ReportStatus = { PENDING: 'PENDING', STORED: 'STORED', WITHHELD: 'WITHHELD' } as const;
export type ReportStatus = keyof typeof ReportStatus;
registerEnumType(ReportStatus, {
  name: 'ReportStatus',
  description: 'What became of an object that tells an archive of an answer.',
  valuesConfig: {
    PENDING: { description: 'The archive does not have it yet; see error.' },
    STORED: { description: 'The archive has it.' },
    WITHHELD: { description: 'It is not sure whose study it is, so it goes to nobody; see withheld.' },
  },
});

@ObjectType({ description: 'An object that tells an archive of an answer.' })
export class Report
  implements Pick<ReportRow, 'kind' | 'sopInstanceUid' | 'pacs' | 'revision' | 'storedAt' | 'error' | 'withheld'>
{
  @Field(() => ReportKind, { description: 'What it is.' })
  kind!: ReportKind;

  @Field(() => DicomUidScalar, { description: 'SOPInstanceUID (0008,0018) of the object.' })
  sopInstanceUid!: string;

  @Field({ description: "The archive's name." })
  pacs!: string;

  @Field(() => Int, { description: 'Of the study, when it was answered.' })
  revision!: number;

  @Field(() => DateTimeScalar, { nullable: true, description: 'Null while the archive does not have it.' })
  storedAt!: Date | null;

  error!: string | null;

  @Field(() => WithheldReason, {
    nullable: true,
    description: 'Why it is not written under any patient’s name; null where it is, or may be.',
  })
  withheld!: WithheldReason | null;
}

@ObjectType({ description: 'How many slices got a label.' })
export class LabelCount {
  @Field({ description: 'A label of the model.' })
  label!: string;

  @Field(() => Int, { description: 'Slices that got it.' })
  count!: number;
}

@ObjectType({
  description: "The slices' predictions by one model as one answer. Research use only – not for diagnostic use.",
})
export class StudyFinding
  implements Pick<StudyFindingRow, 'label' | 'confidence' | 'abstained' | 'abstentionReason' | 'keySliceId' | 'modelId'>
{
  keySliceId!: string | null;

  modelId!: string;

  @Field({ description: 'A label of the model, such as "glioma".' })
  label!: string;

  @Field(() => Float, { description: 'Mean calibrated probability of the label over the slices it rests on, 0–1.' })
  confidence!: number;

  @Field({
    description:
      'When true, label and confidence are a guess; of a study whose slices are nearly all normal, never that of a kind.',
  })
  abstained!: boolean;

  @Field(() => AbstentionReason, { nullable: true, description: 'Why there is no answer; null where there is one.' })
  abstentionReason!: AbstentionReason | null;

  @Field(() => [LabelProbability], {
    description: 'The mean over the slices it rests on, of every label; empty of findings made before this was kept.',
  })
  probabilities!: LabelProbability[];

  @Field(() => [String], {
    description:
      'What it may be, the likeliest first, where something was found whose kind is not sure (KINDS_DISAGREE); else empty.',
  })
  kinds!: string[];

  @Field(() => [LabelCount], { description: 'Abstentions and failures are not counted.' })
  sliceCounts!: LabelCount[];
}

type Shown = 'id' | 'studyInstanceUid' | 'accessionNumber' | 'studyDate' | 'description' | 'modalities';

@ObjectType({ implements: Node, description: 'A study.' })
export class Study implements Pick<StudyRow, Shown | 'receivedAt' | 'status' | 'failureCode'> {
  @Field(() => ID, { description: 'Global and opaque.' })
  id!: string;

  @Field(() => DicomUidScalar, { description: 'StudyInstanceUID (0020,000D).' })
  studyInstanceUid!: string;

  accessionNumber!: string | null;

  @Field(() => DateScalar, { nullable: true, description: 'StudyDate; null where it is missing or no date.' })
  studyDate!: string | null;

  @Field(() => String, { nullable: true, description: 'StudyDescription.' })
  description!: string | null;

  @Field(() => [String], { description: 'Of its series, such as MR.' })
  modalities!: string[];

  @Field(() => DateTimeScalar, { description: 'When its first instance came, or it was asked for.' })
  receivedAt!: Date;

  @Field(() => StudyStatus, { description: 'How far it has come.' })
  status!: StudyStatus;

  @Field(() => Int, {
    description: 'How often it arrived and settled with other instances than before; 0 when it was only asked for.',
  })
  revision!: number;

  @Field(() => DateTimeScalar, {
    nullable: true,
    description: 'When the last instance came that nobody had asked for.',
  })
  lastInstanceAt!: Date | null;

  @Field(() => WithheldReason, {
    nullable: true,
    description: 'Why its answer goes to nobody under a patient’s name; null where it may. See resolveConflicts.',
  })
  withheld!: WithheldReason | null;

  @Field(() => String, { nullable: true, description: 'Why it, or one of its slices, failed, as an error code.' })
  failureCode!: string | null;
}

@ObjectType({ description: 'A page of studies.' })
export class StudyConnection extends connectionOf(() => Study, 'Study') {}
