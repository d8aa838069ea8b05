import { Field, ObjectType } from 'type-graphql';
import { EligibilityCode, IntakeCode } from './enums.js';

@ObjectType({ description: 'A value that the text for a code needs.' })
export class ReasonParameter {
  @Field({ description: 'Name of the parameter, such as "bodyPart". docs/api.md lists those of each code.' })
  name!: string;

  @Field({ description: 'Value of the parameter, such as "KNEE".' })
  value!: string;
}

@ObjectType()
abstract class Reason {
  @Field(() => [ReasonParameter], { description: 'The values that the text for the code needs.' })
  parameters!: ReasonParameter[];

  @Field({ description: 'The reason in English, for people.' })
  text!: string;
}

@ObjectType({ description: 'Why a series is classified or passed over.' })
export class SeriesEligibility extends Reason {
  @Field(() => EligibilityCode, { description: 'The reason as a code, for front ends that translate it.' })
  code!: EligibilityCode;
}

@ObjectType({ description: 'Why an arriving study is classified or not.' })
export class StudyIntake extends Reason {
  @Field(() => IntakeCode, { description: 'The reason as a code, for front ends that translate it.' })
  code!: IntakeCode;
}
