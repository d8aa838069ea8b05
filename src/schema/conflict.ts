import { Field, InputType, Int, ObjectType, registerEnumType } from 'type-graphql';
import { ConflictKind, ConflictSide } from '../generated/prisma/enums.js';
import { Job } from './job.js';
import { DateTimeScalar, DicomUidScalar } from './scalars.js';
import { Study } from './study.js';

registerEnumType(ConflictKind, {
  name: 'ConflictKind',
  description: 'How objects contradict what came first.',
  valuesConfig: {
    OTHER_BYTES: { description: 'They have the SOPInstanceUIDs of objects that were here, and other bytes.' },
    OTHER_PATIENT: { description: 'They name another patient under the StudyInstanceUID of this study.' },
  },
});
registerEnumType(ConflictSide, {
  name: 'ConflictSide',
  description: 'Which objects of a study in conflict are right.',
  valuesConfig: {
    ARCHIVE: { description: 'Those that the archive has; the study is pulled from it once more.' },
    FIRST_RECEIVED: { description: 'Those that came first, which are used until somebody decides.' },
    LAST_RECEIVED: { description: 'Those that came last.' },
  },
});

export { ConflictKind, ConflictSide };

@ObjectType({ description: 'An attribute that objects in conflict say differently from what came first.' })
export class AttributeDifference {
  @Field({ description: 'Its DICOM keyword, such as PatientID; "(gggg,eeee)" where it has none.' })
  attribute!: string;

  @Field(() => String, { nullable: true, description: 'Value that came first; null where it is not kept or not said.' })
  first!: string | null;

  @Field(() => String, { nullable: true, description: 'Value of the objects in conflict; null likewise.' })
  other!: string | null;
}

@ObjectType({ description: 'Objects of one sender that contradict, in the same attributes, what came first.' })
export class StudyConflict {
  @Field(() => ConflictKind, { description: 'How they contradict it.' })
  kind!: ConflictKind;

  @Field(() => [AttributeDifference], { description: 'What differs.' })
  differences!: AttributeDifference[];

  @Field(() => Int, { description: 'Number of objects.' })
  objects!: number;

  @Field(() => String, {
    nullable: true,
    description: 'Who sent them: an AE title, a caller with an address, an archive.',
  })
  sender!: string | null;

  @Field(() => DateTimeScalar, { description: 'When the first of them came for the last time.' })
  firstAt!: Date;

  @Field(() => DateTimeScalar, { description: 'When the last of them came.' })
  lastAt!: Date;

  @Field(() => DateTimeScalar, { nullable: true, description: 'When somebody resolved it; null while nobody has.' })
  resolvedAt!: Date | null;

  @Field(() => ConflictSide, { nullable: true, description: 'Which side was kept then.' })
  resolution!: ConflictSide | null;
}

@InputType({ description: 'A study in conflict, and which of its objects are right.' })
export class ResolveConflictsInput {
  @Field(() => DicomUidScalar, { description: 'StudyInstanceUID.' })
  studyInstanceUid!: string;

  @Field(() => ConflictSide, { description: 'Which side is right.' })
  keep!: ConflictSide;
}

@ObjectType({ description: 'The study as it is now, and the job that writes its answer anew.' })
export class ResolveConflictsPayload {
  @Field(() => Study, { description: 'The study.' })
  study!: Study;

  @Field(() => Job, { description: 'Classifies what changed, and writes the answer back under the right patient.' })
  job!: Job;
}
