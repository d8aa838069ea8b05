import { Field, Float, InputType, Int, ObjectType, registerEnumType } from 'type-graphql';
import { connectionOf } from './connection.js';
import { DateScalar, DicomUidScalar } from './scalars.js';
import { Patient } from './study.js';

export const PacsProtocol = { DICOMWEB: 'DICOMWEB', DIMSE: 'DIMSE' } as const;
export type PacsProtocol = keyof typeof PacsProtocol;

registerEnumType(PacsProtocol, {
  name: 'PacsProtocol',
  description: 'The protocol of an archive.',
  valuesConfig: {
    DICOMWEB: { description: 'QIDO-RS and WADO-RS over HTTP.' },
    DIMSE: { description: 'C-FIND with C-MOVE or C-GET.' },
  },
});

@ObjectType({ description: 'An archive that is configured.' })
export class Pacs {
  @Field({ description: 'Name of the archive in PACS_FILE. "default" is the archive of PACS_URL.' })
  name!: string;

  @Field(() => PacsProtocol, { description: 'The protocol of the archive.' })
  protocol!: PacsProtocol;

  @Field({ description: 'Address of the archive, without credentials.' })
  address!: string;
}

@ObjectType({ description: "An archive's answer to a request made just now." })
export class PacsHealth {
  @Field({ description: 'Whether the archive answers as it should.' })
  reachable!: boolean;

  @Field(() => Float, { description: 'Milliseconds until the archive answered or the request failed.' })
  responseMs!: number;

  @Field(() => String, {
    nullable: true,
    description: 'Error code, such as "PACS_UNREACHABLE". Null if the archive answers.',
  })
  errorCode!: string | null;

  @Field(() => String, { nullable: true, description: 'What is wrong, and what to do. Null if the archive answers.' })
  error!: string | null;
}

@ObjectType({ description: 'A study that an archive has. It need not be here.' })
export class PacsStudy {
  @Field({ description: 'Name of the archive.' })
  pacs!: string;

  @Field(() => DicomUidScalar, { description: 'StudyInstanceUID (0020,000D).' })
  studyInstanceUid!: string;

  patient!: Patient | null;

  accessionNumber!: string | null;

  @Field(() => DateScalar, {
    nullable: true,
    description: 'StudyDate (0008,0020). Null if the archive does not tell it.',
  })
  studyDate!: string | null;

  @Field(() => String, {
    nullable: true,
    description: 'StudyDescription (0008,1030). Null if the archive does not tell it.',
  })
  description!: string | null;

  @Field(() => [String], { description: "Modalities of the study's series. Empty if the archive does not tell them." })
  modalities!: readonly string[];

  @Field(() => Int, { nullable: true, description: 'Number of series. Null if the archive does not tell it.' })
  numberOfSeries!: number | null;

  @Field(() => Int, { nullable: true, description: 'Number of instances. Null if the archive does not tell it.' })
  numberOfInstances!: number | null;
}

@ObjectType('PacsStudyConnection', { description: 'A page of the studies that an archive found just now.' })
export class PacsStudyConnection extends connectionOf(() => PacsStudy, 'PacsStudy') {}

@InputType({ description: 'Conditions that a study must all meet. * stands for any characters, ? for one.' })
export class PacsStudyFilter {
  @Field(() => DicomUidScalar, { nullable: true, description: 'StudyInstanceUID (0020,000D), without * and ?.' })
  studyInstanceUid?: string | null;

  @Field(() => String, { nullable: true, description: 'PatientID (0010,0020).' })
  patientId?: string | null;

  @Field(() => String, { nullable: true, description: 'PatientName (0010,0010) as PN, such as "Doe^J*".' })
  patientName?: string | null;

  @Field(() => String, { nullable: true, description: 'AccessionNumber (0008,0050).' })
  accessionNumber?: string | null;

  @Field(() => DateScalar, { nullable: true, description: 'First StudyDate (0008,0020).' })
  studyDateFrom?: Date | string | null;

  @Field(() => DateScalar, { nullable: true, description: 'Last StudyDate (0008,0020).' })
  studyDateTo?: Date | string | null;

  @Field(() => String, { nullable: true, description: 'Modality of a series of the study, such as "MR".' })
  modality?: string | null;
}
