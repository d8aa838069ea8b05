import { PacsBadAnswer, StudyNotFound } from '../errors.js';
import {
  INSTANCE_FIELDS,
  type InstanceFound,
  readInstance,
  readResults,
  readSeries,
  readStudy,
  SERIES_FIELDS,
  type SeriesFound,
  STUDY_FIELDS,
  type StudyFound,
} from './dicomJson.js';
import { discard, limitBytes, readBody, request } from './httpAnswer.js';
import { readMultipart } from './multipart.js';
import type { StudyQuery } from './studyQuery.js';
import { requireUid } from './uid.js';

/**
 * `url`: the DICOMweb root, "http://pacs.example:8042/dicom-web"; a user and password in it are used and not shown.
 * `token`: an OAuth bearer token, instead of user and password. `timeoutMs`: the longest silence, 30 s by default.
 * `maxBytes`: the largest study that is pulled; unlimited by default. `pageSize`: of searches, 100 by default.
 */
export type DicomwebOptions = {
  url: string;
  username?: string | undefined;
  password?: string | undefined;
  token?: string | undefined;
  timeoutMs?: number;
  maxBytes?: number;
  pageSize?: number;
};

const KEYWORDS: Record<Exclude<keyof StudyQuery, 'limit' | 'offset'>, string> = {
  studyInstanceUid: 'StudyInstanceUID',
  patientId: 'PatientID',
  patientName: 'PatientName',
  accessionNumber: 'AccessionNumber',
  studyDate: 'StudyDate',
  modalitiesInStudy: 'ModalitiesInStudy',
};

/**
 * A client of one DICOMweb archive (PS3.18): QIDO-RS and WADO-RS. Addresses are made of the root and UIDs alone; the
 * RetrieveURLs in an archive's answers, which may name any host, are never used.
 * Every method fails with PacsUnreachable (try again later), PacsRefused or PacsBadAnswer.
 */
export class DicomwebClient {
  readonly #root: URL;
  readonly #authorization: Record<string, string>;
  readonly #idleMs: number;
  readonly #maxBytes: number;
  readonly #pageSize: number;

  constructor({ url, username, password, token, timeoutMs, maxBytes, pageSize }: DicomwebOptions) {
    this.#root = new URL(url.endsWith('/') ? url : `${url}/`);
    const user = username ?? decodeURIComponent(this.#root.username);
    const secret = password ?? decodeURIComponent(this.#root.password);
    this.#root.username = '';
    this.#root.password = '';
    const basic = user ? `Basic ${Buffer.from(`${user}:${secret}`).toString('base64')}` : null;
    const authorization = token ? `Bearer ${token}` : basic;
    this.#authorization = authorization ? { Authorization: authorization } : {};
    this.#idleMs = timeoutMs ?? 30_000;
    this.#maxBytes = maxBytes ?? Number.POSITIVE_INFINITY;
    this.#pageSize = pageSize ?? 100;
  }

  /** Studies that match all of `query` (PS3.18 10.6). */
  async searchForStudies(query: StudyQuery = {}): Promise<StudyFound[]> {
    const { limit = Number.POSITIVE_INFINITY, offset = 0, ...matching } = query;
    const parameters = includeFields(STUDY_FIELDS);
    for (const [key, value] of Object.entries(matching)) {
      if (value !== undefined) parameters.append(KEYWORDS[key as keyof typeof KEYWORDS], value);
    }
    return this.#search('studies', parameters, readStudy, (study) => study.studyInstanceUid, limit, offset);
  }

  /** The series of a study; none where the archive does not have it. */
  async searchForSeries(studyInstanceUid: string): Promise<SeriesFound[]> {
    const parameters = includeFields(SERIES_FIELDS);
    const path = `studies/${requireUid(studyInstanceUid, 'StudyInstanceUID')}/series`;
    const read = (json: Parameters<typeof readSeries>[0]) => readSeries(json, studyInstanceUid);
    return this.#search(path, parameters, read, (series) => series.seriesInstanceUid);
  }

  /** The instances of a series; none where the archive does not have it. */
  async searchForInstances(studyInstanceUid: string, seriesInstanceUid: string): Promise<InstanceFound[]> {
    const parameters = includeFields(INSTANCE_FIELDS);
    const study = requireUid(studyInstanceUid, 'StudyInstanceUID');
    const path = `studies/${study}/series/${requireUid(seriesInstanceUid, 'SeriesInstanceUID')}/instances`;
    const read = (json: Parameters<typeof readInstance>[0]) => readInstance(json, studyInstanceUid, seriesInstanceUid);
    return this.#search(path, parameters, read, (instance) => instance.sopInstanceUid);
  }

  /**
   * The DICOM objects of a study as the archive keeps them (PS3.18 10.4), each as the bytes of a Part 10 file while
   * they arrive. Read one to its end before asking for the next.
   * @throws StudyNotFound where the archive has no such study, and the errors of every method, also midway: only
   * when the iteration ends without an error have all parts come.
   * @param signal when aborted, stops with its reason, also while the archive is silent.
   */
  async *retrieveStudy(studyInstanceUid: string, signal?: AbortSignal): AsyncGenerator<AsyncIterable<Uint8Array>> {
    const url = new URL(`studies/${requireUid(studyInstanceUid, 'StudyInstanceUID')}`, this.#root);
    // Without transfer-syntax=* archives decompress everything (PS3.18 8.7.3.5.2).
    const accept = 'multipart/related; type="application/dicom"; transfer-syntax=*';
    const answer = await request(url, { ...this.#authorization, Accept: accept }, this.#idleMs, signal);
    const notFound = () => new StudyNotFound(`The archive at ${url.origin} has no study ${studyInstanceUid}.`);
    if (answer.response.status !== 200) {
      await discard(answer);
      throw notFound();
    }
    const body = limitBytes(readBody(answer, url, this.#idleMs), this.#maxBytes);
    const type = answer.response.headers.get('content-type') ?? '';
    if (/^application\/dicom\s*(?:;|$)/i.test(type)) {
      yield body; // some archives answer one instance without an envelope
      return;
    }
    const boundary = /;\s*boundary\s*=\s*(?:"([^"]{1,200})"|([^\s;"]{1,200}))/i.exec(type);
    if (!/^multipart\/related\s*;/i.test(type) || !boundary) {
      await discard(answer);
      throw new PacsBadAnswer(`The archive at ${url.origin} answered with something other than DICOM. Check PACS_URL.`);
    }
    let parts = 0;
    for await (const { headers, content } of readMultipart(body, boundary[1] ?? boundary[2] ?? '')) {
      if (!/^application\/dicom\s*(?:;|$)/i.test(headers.get('content-type') ?? 'application/dicom')) {
        throw new PacsBadAnswer(`The archive at ${url.origin} sent a part that is not DICOM. Look at its log.`);
      }
      parts++;
      yield content;
    }
    if (parts === 0) throw notFound();
  }

  /** Asks page by page until one is empty: a page shorter than asked may only show the archive's own limit. */
  async #search<T>(
    path: string,
    parameters: URLSearchParams,
    read: (json: ReturnType<typeof readResults>[number]) => T,
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
      if (found.size === before) break; // the end, or an archive that ignores the offset
    }
    return [...found.values()];
  }

  async #getJson(path: string, parameters: URLSearchParams): Promise<ReturnType<typeof readResults>> {
    const url = new URL(`${path}?${parameters}`, this.#root);
    const answer = await request(url, { ...this.#authorization, Accept: 'application/dicom+json' }, this.#idleMs);
    if (answer.response.status === 204) {
      await discard(answer);
      return [];
    }
    if (answer.response.status === 404) {
      await discard(answer);
      if (path !== 'studies') return []; // the study is gone
      throw new PacsBadAnswer(`There is no DICOMweb at ${this.#root.href} (HTTP 404). Check the path of PACS_URL.`);
    }
    const chunks: Uint8Array[] = [];
    for await (const chunk of limitBytes(readBody(answer, url, this.#idleMs), MAX_JSON)) chunks.push(chunk);
    try {
      return readResults(JSON.parse(Buffer.concat(chunks).toString('utf8')));
    } catch (error) {
      if (!(error instanceof SyntaxError)) throw error;
      throw new PacsBadAnswer(`The archive at ${url.origin} answered a search without JSON. Check PACS_URL.`);
    }
  }
}

const MAX_JSON = 64 * 1024 * 1024;

function includeFields(tags: readonly string[]): URLSearchParams {
  return new URLSearchParams(tags.map((tag): [string, string] => ['includefield', tag]));
}
