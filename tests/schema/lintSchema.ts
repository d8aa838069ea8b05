import {
  type GraphQLField,
  type GraphQLNamedType,
  type GraphQLSchema,
  getNamedType,
  isEnumType,
  isInputObjectType,
  isInterfaceType,
  isIntrospectionType,
  isNonNullType,
  isObjectType,
  isSpecifiedScalarType,
} from 'graphql';

const CAMEL = /^[a-z][a-zA-Z0-9]*$/;
const PASCAL = /^[A-Z][a-zA-Z0-9]*$/;
const UPPER = /^[A-Z][A-Z0-9_]*$/;
const DEPRECATED = /^Use `([\w.]+)`.* Removed not before \d{4}-\d{2}-\d{2}\.$/;

type Part = {
  at: string;
  name: string;
  style: RegExp;
  description?: string | null | undefined;
  deprecated?: string | null | undefined;
};

/** What breaks the rules of CONTRIBUTING.md, each with its place. */
export function lintSchema(schema: GraphQLSchema): string[] {
  const types = Object.values(schema.getTypeMap()).filter(
    (type) => !isIntrospectionType(type) && !isSpecifiedScalarType(type),
  );
  return [
    ...types.flatMap(partsOf).flatMap((part) => lintPart(part, schema)),
    ...types.flatMap(lintInputName),
    ...Object.values(schema.getMutationType()?.getFields() ?? {}).flatMap(lintMutation),
  ];
}

function partsOf(type: GraphQLNamedType): Part[] {
  const parts: Part[] = [{ at: type.name, name: type.name, style: PASCAL, description: type.description }];
  const add = (
    at: string,
    part: { name: string; description?: string | null | undefined; deprecationReason?: string | null | undefined },
    style: RegExp,
  ) => parts.push({ at, name: part.name, style, description: part.description, deprecated: part.deprecationReason });
  if (isEnumType(type)) for (const value of type.getValues()) add(`${type.name}.${value.name}`, value, UPPER);
  if (isInputObjectType(type))
    for (const field of Object.values(type.getFields())) add(`${type.name}.${field.name}`, field, CAMEL);
  if (isObjectType(type) || isInterfaceType(type))
    for (const field of Object.values(type.getFields())) {
      add(`${type.name}.${field.name}`, field, CAMEL);
      for (const arg of field.args) add(`${type.name}.${field.name}(${arg.name})`, arg, CAMEL);
    }
  return parts;
}

function lintPart({ at, name, style, description, deprecated }: Part, schema: GraphQLSchema): string[] {
  const faults: string[] = [];
  if (!description?.trim()) faults.push(`${at} has no description`);
  if (!style.test(name)) faults.push(`${at} is not named like ${style}`);
  if (deprecated) {
    const [, replacement] = DEPRECATED.exec(deprecated) ?? [];
    if (!replacement) faults.push(`${at} is deprecated without "Use \`…\`. Removed not before YYYY-MM-DD."`);
    else if (!exists(replacement, at, schema))
      faults.push(`${at} is deprecated for ${replacement}, which there is not`);
  }
  return faults;
}

/** "Type.field", or a sibling of what stands `at` "Type.other". */
function exists(replacement: string, at: string, schema: GraphQLSchema): boolean {
  const [type = '', member = ''] = replacement.includes('.') ? replacement.split('.') : [at.split('.')[0], replacement];
  const found = schema.getType(type);
  if (isEnumType(found)) return found.getValue(member) != null;
  const hasFields = isObjectType(found) || isInterfaceType(found) || isInputObjectType(found);
  return hasFields && member in found.getFields();
}

function lintInputName(type: GraphQLNamedType): string[] {
  if (!isInputObjectType(type) || /(Input|Filter|Order)$/.test(type.name)) return [];
  return [`${type.name} does not end in Input, Filter or Order`];
}

function lintMutation({ name, args, type }: GraphQLField<unknown, unknown>): string[] {
  const pascal = name.charAt(0).toUpperCase() + name.slice(1);
  const [input, ...others] = args;
  const faults: string[] = [];
  const takes = input && isNonNullType(input.type) ? getNamedType(input.type).name : '';
  if (input?.name !== 'input' || others.length > 0 || takes !== `${pascal}Input`)
    faults.push(`Mutation.${name} does not take exactly input: ${pascal}Input!`);
  if (getNamedType(type).name !== `${pascal}Payload`) faults.push(`Mutation.${name} does not answer ${pascal}Payload`);
  return faults;
}
