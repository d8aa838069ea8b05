import { PacsBadAnswer, StudyNotFound } from '../../errors/errors.js';
import { limitBytes } from '../../peers/limitBytes.js';
import { requireUid } from '../header/uid.js';
import { type InstanceFound, type SeriesFound, type StudyFound, studyKey } from '../query/searchResults.js';
import type { StudyQuery } from '../query/studyQuery.js';
import { readAccount } from './account.js';
import {
  type DicomJson,
  INSTANCE_FIELDS,
  readInstance,
  readResults,
  readSeries,
  readStudy,
  SERIES_FIELDS,
  STUDY_FIELDS,
} from './dicomJson.js';
import { answerTooLarge, discard, type HttpAnswer, readBody, readWhole, request } from './httpAnswer.js';
import { readBoundary, readMultipart } from './multipart.js';
import { writeStowBody } from './stowBody.js';
import { readStowResult, type StowResult } from './stowResult.js';

/**
 * How to reach a DICOMweb archive.
 * `url`: the DICOMweb root, "http://pacs.example:8042/dicom-web". A user and password in it are used and never shown.
 * `token`: an OAuth bearer token instead of user and password.
 * `certificates` (PEM): `ca` replaces the authorities that Node.js trusts; `cert` and `key` are our own, for mutual
 * TLS.
 * `timeoutMs`: longest silence, 30 s by default. `maxBytes`: largest study that is retrieved, unlimited by default.
 * `pageSize`: matches per search request, 100 by default.
 */
export type DicomwebOptions = {
  url: string;
  username?: string | undefined;
  password?: string | undefined;
  token?: string | undefined;
  certificates?: { ca?: string | undefined; cert?: string | undefined; key?: string | undefined } | undefined;
  timeoutMs?: number;
  maxBytes?: number;
  pageSize?: number;
};

/** The UIDs that identify an instance in a WADO-RS path. */
export type InstancePath = { studyInstanceUid: string; seriesInstanceUid: string; sopInstanceUid: string };

/** One part of a multipart response. Read `content` to its end before asking for the next part. */
export type RetrievedPart = { mediaType: string; content: AsyncIterable<Uint8Array> };

const KEYWORDS: Record<Exclude<keyof StudyQuery, 'limit' | 'offset'>, string> = {
  studyInstanceUid: 'StudyInstanceUID',
  patientId: 'PatientID',
  patientName: 'PatientName',
  accessionNumber: 'AccessionNumber',
  studyDate: 'StudyDate',
  modalitiesInStudy: 'ModalitiesInStudy',
};

/**
 * A client of one DICOMweb archive (PS3.18): QIDO-RS, WADO-RS and STOW-RS.
 * Requests go to addresses that are made of the root and UIDs only. RetrieveURLs in the archive's answers may name any
 * host and are never used.
 * Every method can fail with PacsUnreachable (try again later), PacsRefused or PacsBadAnswer.
 */
export class DicomwebClient {
  readonly #root: URL;
  readonly #authorization: Record<string, string>;
  readonly #idleMs: number;
  readonly #maxBytes: number;
  readonly #pageSize: number;
  readonly #tls: DicomwebOptions['certificates'];

  constructor({ url, username, password, token, certificates, timeoutMs, maxBytes, pageSize }: DicomwebOptions) {
    const { address, headers } = readAccount(url.endsWith('/') ? url : `${url}/`, { username, password, token });
    this.#root = address;
    this.#authorization = headers;
    this.#idleMs = timeoutMs ?? 30_000;
    this.#maxBytes = maxBytes ?? Number.POSITIVE_INFINITY;
    this.#pageSize = pageSize ?? 100;
    this.#tls = certificates;
  }

  /** The DICOMweb root, without credentials. */
  get address(): string {
    return this.#root.href;
  }

  /** Searches for studies that match all of `query` (PS3.18 10.6). */
  async searchForStudies(query: StudyQuery = {}): Promise<StudyFound[]> {
    const { limit = Number.POSITIVE_INFINITY, offset = 0, ...matching } = query;
    const parameters = includeFields(STUDY_FIELDS);
    for (const [key, value] of Object.entries(matching)) {
      if (value !== undefined) parameters.append(KEYWORDS[key as keyof typeof KEYWORDS], value);
    }
    return this.#search('studies', parameters, readStudy, studyKey, limit, offset);
  }

  /** The series of a study; empty where the archive does not have it. */
  async searchForSeries(studyInstanceUid: string): Promise<SeriesFound[]> {
    const parameters = includeFields(SERIES_FIELDS);
    const path = `studies/${requireUid(studyInstanceUid, 'StudyInstanceUID')}/series`;
    const read = (json: Parameters<typeof readSeries>[0]) => readSeries(json, studyInstanceUid);
    return this.#search(path, parameters, read, (series) => series.seriesInstanceUid);
  }

  /** The instances of a series; empty where the archive does not have it. */
  async searchForInstances(studyInstanceUid: string, seriesInstanceUid: string): Promise<InstanceFound[]> {
    const parameters = includeFields(INSTANCE_FIELDS);
    const study = requireUid(studyInstanceUid, 'StudyInstanceUID');
    const path = `studies/${study}/series/${requireUid(seriesInstanceUid, 'SeriesInstanceUID')}/instances`;
    const read = (json: Parameters<typeof readInstance>[0]) => readInstance(json, studyInstanceUid, seriesInstanceUid);
    return this.#search(path, parameters, read, (instance) => instance.sopInstanceUid);
  }

  /**
   * Retrieves the objects of a study as the archive keeps them (PS3.18 10.4), each as the bytes of a Part 10 file while
   * they arrive. Read one object to its end before asking for the next.
   * The study is complete only if the iteration ends without an error.
   * @param signal stops the retrieval with its reason, even while the archive is silent.
   * @throws StudyNotFound where the archive has no such study, and the errors of every method, also midway.
   */
  async *retrieveStudy(studyInstanceUid: string, signal?: AbortSignal): AsyncGenerator<AsyncIterable<Uint8Array>> {
    const url = new URL(`studies/${requireUid(studyInstanceUid, 'StudyInstanceUID')}`, this.#root);
    // Without transfer-syntax=* archives decompress everything (PS3.18 8.7.3.5.2).
    const parts = this.#retrieve(url, 'application/dicom', '; transfer-syntax=*', signal);
    for await (const { content } of parts) yield content;
  }

  /**
   * The headers of a study's instances as DICOM JSON, with references to bulk data (PS3.18 10.4.1.1.2).
   * @throws StudyNotFound, and the errors of every method.
   */
  async retrieveMetadata(studyInstanceUid: string): Promise<DicomJson[]> {
    const study = requireUid(studyInstanceUid, 'StudyInstanceUID');
    const found = await this.#getJson(`studies/${study}/metadata`, new URLSearchParams());
    if (found.length === 0) throw this.#notFound(studyInstanceUid);
    return found;
  }

  /** Retrieves frames of an instance, in order (PS3.18 10.4.1.1.6). Each part names its transfer syntax. */
  async *retrieveFrames(instance: InstancePath, frameNumbers: readonly number[]): AsyncGenerator<RetrievedPart> {
    const { studyInstanceUid, seriesInstanceUid, sopInstanceUid } = instance;
    const study = requireUid(studyInstanceUid, 'StudyInstanceUID');
    const series = requireUid(seriesInstanceUid, 'SeriesInstanceUID');
    const own = `studies/${study}/series/${series}/instances/${requireUid(sopInstanceUid, 'SOPInstanceUID')}`;
    const url = new URL(`${own}/frames/${frameNumbers.map(Number).join(',')}`, this.#root);
    yield* this.#retrieve(url, 'application/octet-stream', '; transfer-syntax=*');
  }

  /**
   * Retrieves bulk data that metadata refer to (PS3.18 10.4.1.1.5).
   * The request always goes to this archive, under its own root: archives behind proxies name wrong hosts.
   */
  async *retrieveBulkData(bulkDataUri: string): AsyncGenerator<RetrievedPart> {
    const path = new URL(bulkDataUri, this.#root).pathname;
    const at = path.indexOf('/studies/');
    if (at < 0)
      throw new PacsBadAnswer(`The archive at ${this.#root.origin} refers to bulk data outside of its studies.`);
    yield* this.#retrieve(new URL(path.slice(at + 1), this.#root), 'application/octet-stream', '');
  }

  /**
   * Stores DICOM files unchanged in one request (STOW-RS, PS3.18 10.5).
   * @returns one entry for each file. An archive may answer with an error although it stored some of them.
   */
  async storeInstances(paths: readonly string[], signal?: AbortSignal): Promise<StowResult[]> {
    const { type, length, body, instances } = await writeStowBody(paths);
    const headers = {
      ...this.#authorization,
      Accept: 'application/dicom+json',
      'Content-Type': type,
      'Content-Length': String(length),
    };
    const accepted = [200, 202, 400, 409];
    const url = new URL('studies', this.#root);
    const answer = await request(url, { ...this.#options(signal), method: 'POST', headers, body, accepted });
    return readStowResult(await this.#readJson(answer, url), instances, answer.status);
  }

  /**
   * Sends one request under the root and returns any answer, its body cut at `MAX_INQUIRY` characters. For diagnosis.
   * @throws PacsUnreachable, or PacsBadAnswer where it is not HTTP. Their `cause` says what happened on the wire.
   */
  async inquire(
    path: string,
    headers: Record<string, string>,
    body?: AsyncIterable<Uint8Array>,
  ): Promise<{ status: number; headers: HttpAnswer['headers']; text: string }> {
    const url = new URL(path, this.#root);
    const accepted = Array.from({ length: 500 }, (_, index) => 100 + index);
    const method = body ? 'POST' : 'GET';
    const options = {
      ...this.#options(),
      headers: { ...this.#authorization, ...headers },
      method,
      body,
      accepted,
    } as const;
    const answer = await request(url, options);
    let text = '';
    for await (const chunk of readBody(answer, url, this.#idleMs)) {
      text += Buffer.from(chunk).toString('latin1');
      if (text.length > MAX_INQUIRY) break;
    }
    return { status: answer.status, headers: answer.headers, text };
  }

  /** Yields a multipart answer part by part, or one object without an envelope, which some archives send. */
  async *#retrieve(
    url: URL,
    mediaType: string,
    parameters: string,
    signal?: AbortSignal,
  ): AsyncGenerator<RetrievedPart> {
    const accept = `multipart/related; type="${mediaType}"${parameters}`;
    const answer = await request(url, {
      ...this.#options(signal),
      headers: { ...this.#authorization, Accept: accept },
    });
    const { status, headers } = answer;
    const uid = url.pathname.match(/\/studies\/([\d.]+)/)?.[1] ?? '';
    if (status !== 200) {
      discard(answer);
      throw this.#notFound(uid);
    }
    const body = limitBytes(readBody(answer, url, this.#idleMs), this.#maxBytes, answerTooLarge);
    const type = headers['content-type'] ?? '';
    if (type.toLowerCase().startsWith(mediaType)) {
      yield { mediaType: type, content: body };
      return;
    }
    const boundary = readBoundary(type);
    if (boundary === null) {
      discard(answer);
      throw new PacsBadAnswer(
        `The archive at ${url.origin} answered with something other than DICOM. Check its address.`,
      );
    }
    let parts = 0;
    for await (const { headers: own, content } of readMultipart(body, boundary)) {
      const partType = own.get('content-type') ?? mediaType;
      if (mediaType === 'application/dicom' && !/^application\/dicom\s*(?:;|$)/i.test(partType)) {
        throw new PacsBadAnswer(`The archive at ${url.origin} sent a part that is not DICOM. Look at its log.`);
      }
      parts++;
      yield { mediaType: partType, content };
    }
    if (parts === 0) throw this.#notFound(uid);
  }

  #options(signal?: AbortSignal) {
    return { headers: this.#authorization, idleMs: this.#idleMs, tls: this.#tls, signal };
  }

  #notFound(studyInstanceUid: string): StudyNotFound {
    return new StudyNotFound(`The archive at ${this.#root.origin} has no study ${studyInstanceUid}.`);
  }

  /**
   * Asks page by page until a page brings nothing new. A page that is shorter than asked may only show the archive's
   * own limit.
   */
  async #search<T>(
    path: string,
    parameters: URLSearchParams,
    read: (json: DicomJson) => T,
    key: (result: T) => string,
    limit = Number.POSITIVE_INFINITY,
    offset = 0,
  ): Promise<T[]> {
    const found = new Map<string, T>();
    while (found.size < limit) {
      parameters.set('limit', String(Math.min(this.#pageSize, limit - found.size)));
      parameters.set('offset', String(offset + found.size));
      const page = (await this.#getJson(path, parameters)).map(read);
      const before = found.size;
      for (const result of page) if (found.size < limit) found.set(key(result), result);
      if (found.size === before) break; // the end, or an archive that ignores `offset`
    }
    return [...found.values()];
  }

  async #getJson(path: string, parameters: URLSearchParams): Promise<DicomJson[]> {
    const url = new URL(`${path}?${parameters}`, this.#root);
    const headers = { ...this.#authorization, Accept: 'application/dicom+json' };
    const answer = await request(url, { ...this.#options(), headers });
    if (answer.status === 204) {
      discard(answer);
      return [];
    }
    if (answer.status === 404) {
      discard(answer);
      if (path !== 'studies') return []; // the archive does not have the study
      throw new PacsBadAnswer(`There is no DICOMweb at ${this.#root.href} (HTTP 404). Check the path of its address.`);
    }
    return readResults(await this.#readJson(answer, url));
  }

  async #readJson(answer: HttpAnswer, url: URL): Promise<unknown> {
    const body = await readWhole(answer, url, this.#idleMs, MAX_JSON);
    try {
      return JSON.parse(body.toString('utf8'));
    } catch (error) {
      if (!(error instanceof SyntaxError)) throw error;
      throw new PacsBadAnswer(`The archive at ${url.origin} answered without JSON. Check its address.`);
    }
  }
}

const MAX_JSON = 64 * 1024 * 1024;
const MAX_INQUIRY = 256 * 1024;

function includeFields(tags: readonly string[]): URLSearchParams {
  return new URLSearchParams(tags.map((tag): [string, string] => ['includefield', tag]));
}
