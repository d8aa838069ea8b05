import { DICOM, type Resource, urn } from './codes.js';
import { writeDiagnosticReport } from './diagnosticReport.js';
import { MASKED_PATIENT, type StudyFacts } from './facts.js';
import { writeObservation } from './observation.js';

/**
 * Writes a study's finding as a Bundle of R4 resources: DiagnosticReport, Observation, ImagingStudy, and the model as
 * Device. They refer to each other by URNs, which are the same in every bundle of the study.
 * @param eventId id of the event, where the bundle is a message.
 */
export function writeStudyBundle(facts: StudyFacts, eventId?: string): Resource {
  const { finding, model, study, time } = facts;
  const entry = (resource: Resource, id: string) => ({ fullUrl: urn(resource.resourceType, id), resource });
  return {
    resourceType: 'Bundle',
    ...(eventId && { identifier: { system: 'urn:ietf:rfc:3986', value: `urn:uuid:${eventId}` } }),
    type: 'collection',
    timestamp: time.toISOString(),
    entry: [
      entry(writeDiagnosticReport(facts), finding?.id ?? study.id),
      ...(finding ? [entry(writeObservation(facts, finding), finding.id)] : []),
      entry(writeImagingStudy(facts), study.id),
      entry(writeDevice(facts), model.id),
    ],
  };
}

/** Writes the ImagingStudy, which is identified by the study's UID as an OID. */
function writeImagingStudy({ numberOfInstances, numberOfSeries, study }: StudyFacts): Resource {
  const { modalities, studyInstanceUid } = study;
  return {
    resourceType: 'ImagingStudy',
    identifier: [{ system: 'urn:dicom:uid', value: `urn:oid:${studyInstanceUid}` }],
    status: 'available',
    ...(modalities.length > 0 && { modality: modalities.map((code) => ({ system: DICOM, code })) }),
    subject: MASKED_PATIENT,
    numberOfSeries,
    numberOfInstances,
  };
}

function writeDevice({ model }: StudyFacts): Resource {
  return {
    resourceType: 'Device',
    manufacturer: 'MRIMaster',
    deviceName: [{ name: model.name, type: 'model-name' }],
    version: [{ value: model.version }],
  };
}
