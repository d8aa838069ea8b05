import { Field, InputType, Int, ObjectType, registerEnumType } from 'type-graphql';
import { ConflictKind, ConflictSide } from '../generated/prisma/enums.js';
import { Job } from './job.js';
import { DateTimeScalar, DicomUidScalar } from './scalars.js';
import { Study } from './study.js';

registerEnumType(ConflictKind, {
  name: 'ConflictKind',
  description: 'How the objects of a conflict contradict what came first.',
  valuesConfig: {
    OTHER_BYTES: { description: 'The objects have the SOPInstanceUIDs of earlier objects, but other bytes.' },
    OTHER_PATIENT: { description: 'The objects name another patient under the StudyInstanceUID of this study.' },
  },
});
registerEnumType(ConflictSide, {
  name: 'ConflictSide',
  description: 'The objects of a study in conflict that are right.',
  valuesConfig: {
    ARCHIVE: { description: 'The objects that the archive has. The study is pulled from it again.' },
    FIRST_RECEIVED: { description: 'The objects that came first. They are used until somebody decides.' },
    LAST_RECEIVED: { description: 'The objects that came last.' },
  },
});

export { ConflictKind, ConflictSide };

@ObjectType({
  description: 'A DICOM attribute whose value in the objects in conflict differs from the value that came first.',
})
export class AttributeDifference {
  @Field({ description: 'DICOM keyword of the attribute, such as PatientID, or "(gggg,eeee)" if it has none.' })
  attribute!: string;

  @Field(() => String, { nullable: true, description: 'Value that came first. Null if it is not kept or was absent.' })
  first!: string | null;

  @Field(() => String, {
    nullable: true,
    description: 'Value in the objects in conflict. Null if it is not kept or is absent.',
  })
  other!: string | null;
}

@ObjectType({ description: 'Objects from one sender that contradict what came first in the same attributes.' })
export class StudyConflict {
  @Field(() => ConflictKind, { description: 'How the objects contradict what came first.' })
  kind!: ConflictKind;

  @Field(() => [AttributeDifference], { description: 'The attributes that differ.' })
  differences!: AttributeDifference[];

  @Field(() => Int, { description: 'Number of objects.' })
  objects!: number;

  @Field(() => String, {
    nullable: true,
    description: 'Who sent the objects: an AE title, a caller with an address, or an archive.',
  })
  sender!: string | null;

  @Field(() => DateTimeScalar, { description: 'Earliest of the times at which each object came last.' })
  firstAt!: Date;

  @Field(() => DateTimeScalar, { description: 'When the last of the objects came.' })
  lastAt!: Date;

  @Field(() => DateTimeScalar, {
    nullable: true,
    description: 'When somebody resolved the conflict. Null if nobody has.',
  })
  resolvedAt!: Date | null;

  @Field(() => ConflictSide, {
    nullable: true,
    description: 'The side that was kept. Null if the conflict is not resolved.',
  })
  resolution!: ConflictSide | null;
}

@InputType({ description: 'A study in conflict, and which of its objects are right.' })
export class ResolveConflictsInput {
  @Field(() => DicomUidScalar, { description: 'StudyInstanceUID of the study in conflict.' })
  studyInstanceUid!: string;

  @Field(() => ConflictSide, { description: 'The side that is right.' })
  keep!: ConflictSide;
}

@ObjectType({ description: 'The study after its conflicts were resolved, and the job that follows.' })
export class ResolveConflictsPayload {
  @Field(() => Study, { description: 'The study as it is now.' })
  study!: Study;

  @Field(() => Job, {
    description: 'The job that classifies what changed and writes the answer back under the right patient.',
  })
  job!: Job;
}
