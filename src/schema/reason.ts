import { Field, ObjectType } from 'type-graphql';
import { EligibilityCode, IntakeCode } from './enums.js';

@ObjectType({ description: 'What the words for a code need.' })
export class ReasonParameter {
  @Field({ description: 'Its name, such as "bodyPart"; docs/api.md lists those of each code.' })
  name!: string;

  @Field({ description: 'Its value, such as "KNEE".' })
  value!: string;
}

@ObjectType()
abstract class Reason {
  @Field(() => [ReasonParameter], { description: 'What the words for the code need.' })
  parameters!: ReasonParameter[];

  @Field({ description: 'The same in English, for people.' })
  text!: string;
}

@ObjectType({ description: 'Why a series is classified or passed over.' })
export class SeriesEligibility extends Reason {
  @Field(() => EligibilityCode, { description: 'The reason, for front ends that translate it.' })
  code!: EligibilityCode;
}

@ObjectType({ description: 'Why an arriving study is classified or not.' })
export class StudyIntake extends Reason {
  @Field(() => IntakeCode, { description: 'The reason, for front ends that translate it.' })
  code!: IntakeCode;
}
