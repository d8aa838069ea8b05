import { Field, Float, InputType, Int, ObjectType, registerEnumType } from 'type-graphql';
import { connectionOf } from './connection.js';
import { DateScalar, DicomUidScalar } from './scalars.js';
import { Patient } from './study.js';

export const PacsProtocol = { DICOMWEB: 'DICOMWEB', DIMSE: 'DIMSE' } as const;
export type PacsProtocol = keyof typeof PacsProtocol;

registerEnumType(PacsProtocol, {
  name: 'PacsProtocol',
  description: 'How an archive is spoken to.',
  valuesConfig: {
    DICOMWEB: { description: 'QIDO-RS and WADO-RS over HTTP.' },
    DIMSE: { description: 'C-FIND and C-MOVE or C-GET.' },
  },
});

@ObjectType({ description: 'An archive that is configured, and whether it answers.' })
export class Pacs {
  @Field({ description: 'As PACS_FILE names it; "default" is that of PACS_URL.' })
  name!: string;

  @Field(() => PacsProtocol, { description: 'How it is spoken to.' })
  protocol!: PacsProtocol;

  @Field({ description: 'Without credentials.' })
  address!: string;
}

@ObjectType({ description: 'What an archive answered when it was asked just now.' })
export class PacsHealth {
  @Field({ description: 'Whether it answers as it should.' })
  reachable!: boolean;

  @Field(() => Float, { description: 'Milliseconds until it answered, or did not.' })
  responseMs!: number;

  @Field(() => String, { nullable: true, description: 'Null when it answers; such as "PACS_UNREACHABLE".' })
  errorCode!: string | null;

  @Field(() => String, { nullable: true, description: 'What is wrong, and what to do.' })
  error!: string | null;
}

@ObjectType({ description: 'A study that an archive has; it need not be here.' })
export class PacsStudy {
  @Field({ description: "The archive's name." })
  pacs!: string;

  @Field(() => DicomUidScalar, { description: 'StudyInstanceUID (0020,000D).' })
  studyInstanceUid!: string;

  patient!: Patient | null;

  accessionNumber!: string | null;

  @Field(() => DateScalar, { nullable: true, description: 'StudyDate.' })
  studyDate!: string | null;

  @Field(() => String, { nullable: true, description: 'StudyDescription.' })
  description!: string | null;

  @Field(() => [String], { description: 'As the archive says; empty when it does not.' })
  modalities!: readonly string[];

  @Field(() => Int, { nullable: true, description: 'Null when the archive does not tell.' })
  numberOfSeries!: number | null;

  @Field(() => Int, { nullable: true, description: 'Null when the archive does not tell.' })
  numberOfInstances!: number | null;
}

@ObjectType('PacsStudyConnection', { description: 'A page of what an archive found, as it was found just now.' })
export class PacsStudyConnection extends connectionOf(() => PacsStudy, 'PacsStudy') {}

@InputType({ description: 'All that are given must match. * and ? stand for any letters and for one.' })
export class PacsStudyFilter {
  @Field(() => DicomUidScalar, { nullable: true, description: 'StudyInstanceUID; without * and ?.' })
  studyInstanceUid?: string | null;

  @Field(() => String, { nullable: true, description: 'PatientID.' })
  patientId?: string | null;

  @Field(() => String, { nullable: true, description: 'PN, such as "Doe^J*".' })
  patientName?: string | null;

  @Field(() => String, { nullable: true, description: 'AccessionNumber.' })
  accessionNumber?: string | null;

  @Field(() => DateScalar, { nullable: true, description: 'StudyDate, from this day on.' })
  studyDateFrom?: Date | string | null;

  @Field(() => DateScalar, { nullable: true, description: 'StudyDate, up to this day.' })
  studyDateTo?: Date | string | null;

  @Field(() => String, { nullable: true, description: 'Such as "MR".' })
  modality?: string | null;
}
