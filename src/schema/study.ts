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

@ObjectType({ implements: Node, description: 'The patient of a study, as the study names them.' })
export class Patient {
  @Field(() => String, {
    nullable: true,
    description: 'PatientName (0010,0010) as received: PN, "Family^Given^Middle^Prefix^Suffix".',
  })
  name!: string | null;

  @Field(() => String, { nullable: true, description: 'PatientID (0010,0020). It is unique within its issuer only.' })
  patientId!: string | null;

  @Field(() => String, { nullable: true, description: 'IssuerOfPatientID (0010,0021): who assigned the PatientID.' })
  issuer!: string | null;

  @Field(() => ID, {
    description: 'Opaque id. It differs for each study, so that no cache takes two patients for one.',
    deprecationReason: 'Use `Patient.patientId`. Removed not before 2027-06-01.',
  })
  id!: string;

  @Field(() => String, { nullable: true, description: 'PatientBirthDate (0010,0030) as received: DA, "YYYYMMDD".' })
  birthDate!: string | null;

  @Field(() => String, { nullable: true, description: 'PatientSex (0010,0040): M, F or O.' })
  sex!: string | null;
}

@ObjectType({ description: 'Whether every instance of a study is here, and how that is known.' })
export class Completeness {
  @Field(() => CompletenessState, { description: 'Whether every instance is here.' })
  state!: CompletenessState;

  @Field(() => Int, { description: 'Number of instances that are here.' })
  receivedInstances!: number;

  @Field(() => Int, {
    nullable: true,
    description: 'Number of instances that the archive has. Null if no archive was asked or it does not tell.',
  })
  expectedInstances!: number | null;

  @Field(() => EvidenceCode, { description: 'How the state is known, as a code for front ends that translate it.' })
  evidenceCode!: EvidenceCode;

  @Field(() => [ReasonParameter], { description: 'The values that the text for evidenceCode needs.' })
  evidenceParameters!: ReasonParameter[];

  @Field({ description: 'How the state is known, in English.' })
  evidence!: string;
}

export const ReportStatus = { PENDING: 'PENDING', STORED: 'STORED', WITHHELD: 'WITHHELD' } as const;
export type ReportStatus = keyof typeof ReportStatus;
registerEnumType(ReportStatus, {
  name: 'ReportStatus',
  description: 'What became of a report.',
  valuesConfig: {
    PENDING: { description: 'The archive does not have the report yet. See error.' },
    STORED: { description: 'The archive has the report.' },
    WITHHELD: { description: 'The report is not written, because it is not sure whose study it is. See withheld.' },
  },
});

@ObjectType({ description: 'An object that reports an answer to an archive.' })
export class Report
  implements Pick<ReportRow, 'kind' | 'sopInstanceUid' | 'pacs' | 'revision' | 'storedAt' | 'error' | 'withheld'>
{
  @Field(() => ReportKind, { description: 'The kind of object.' })
  kind!: ReportKind;

  @Field(() => DicomUidScalar, { description: 'SOPInstanceUID (0008,0018) of the report.' })
  sopInstanceUid!: string;

  @Field({ description: 'Name of the archive.' })
  pacs!: string;

  @Field(() => Int, { description: 'Revision of the study that the report is about.' })
  revision!: number;

  @Field(() => DateTimeScalar, {
    nullable: true,
    description: 'When the archive stored the report. Null if it has not.',
  })
  storedAt!: Date | null;

  error!: string | null;

  @Field(() => WithheldReason, {
    nullable: true,
    description: 'Why the report is not written under any patient’s name. Null if it is or may be.',
  })
  withheld!: WithheldReason | null;
}

@ObjectType({ description: 'How many slices have a label.' })
export class LabelCount {
  @Field({ description: 'A label of the model.' })
  label!: string;

  @Field(() => Int, { description: 'Number of slices.' })
  count!: number;
}

@ObjectType({
  description:
    "A study's finding: one model's predictions for its slices combined into one answer. Research use only – not for diagnostic use.",
})
export class StudyFinding
  implements Pick<StudyFindingRow, 'label' | 'confidence' | 'abstained' | 'abstentionReason' | 'keySliceId' | 'modelId'>
{
  keySliceId!: string | null;

  modelId!: string;

  @Field({ description: 'A label of the model, such as "glioma".' })
  label!: string;

  @Field(() => Float, {
    description: 'Mean calibrated probability of the label over the slices that the finding rests on, 0–1.',
  })
  confidence!: number;

  @Field({
    description:
      "Whether the model abstains. Then label and confidence are a guess, which never names a tumour's kind if nearly all slices are normal.",
  })
  abstained!: boolean;

  @Field(() => AbstentionReason, { nullable: true, description: 'Why the model abstains. Null if it answers.' })
  abstentionReason!: AbstentionReason | null;

  @Field(() => [LabelProbability], {
    description:
      'Mean probability of every label over the slices that the finding rests on. Empty for findings made before this was stored.',
  })
  probabilities!: LabelProbability[];

  @Field(() => [String], {
    description:
      'Possible kinds of the finding, the likeliest first, if its kind is not sure (KINDS_DISAGREE). Otherwise empty.',
  })
  kinds!: string[];

  @Field(() => [LabelCount], {
    description: 'Number of slices with each label. Abstentions and failures do not count.',
  })
  sliceCounts!: LabelCount[];
}

type StudyColumn = 'id' | 'studyInstanceUid' | 'accessionNumber' | 'studyDate' | 'description' | 'modalities';

@ObjectType({ implements: Node, description: 'A study.' })
export class Study implements Pick<StudyRow, StudyColumn | 'receivedAt' | 'status' | 'failureCode'> {
  @Field(() => ID, { description: 'Global, opaque id.' })
  id!: string;

  @Field(() => DicomUidScalar, { description: 'StudyInstanceUID (0020,000D).' })
  studyInstanceUid!: string;

  accessionNumber!: string | null;

  @Field(() => DateScalar, {
    nullable: true,
    description: 'StudyDate (0008,0020). Null if it is missing or not a date.',
  })
  studyDate!: string | null;

  @Field(() => String, { nullable: true, description: 'StudyDescription (0008,1030). Null if it is missing.' })
  description!: string | null;

  @Field(() => [String], { description: "Modalities of the study's series, such as MR." })
  modalities!: string[];

  @Field(() => DateTimeScalar, { description: 'When the first instance came, or the study was requested.' })
  receivedAt!: Date;

  @Field(() => StudyStatus, { description: 'The stage that the study has reached.' })
  status!: StudyStatus;

  @Field(() => Int, {
    description: 'How often the study arrived and settled with a changed set of instances. 0 if it was only requested.',
  })
  revision!: number;

  @Field(() => DateTimeScalar, {
    nullable: true,
    description: 'When the last unrequested instance came. Null if none has.',
  })
  lastInstanceAt!: Date | null;

  @Field(() => WithheldReason, {
    nullable: true,
    description: 'Why the answer is not given under any patient’s name. Null if it may be. See resolveConflicts.',
  })
  withheld!: WithheldReason | null;

  @Field(() => String, {
    nullable: true,
    description: 'Error code that says why the study, or one of its slices, failed. Null if nothing failed.',
  })
  failureCode!: string | null;
}

@ObjectType({ description: 'A page of studies.' })
export class StudyConnection extends connectionOf(() => Study, 'Study') {}
