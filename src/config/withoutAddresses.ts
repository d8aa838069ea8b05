import { isIPv6 } from 'node:net';
import type { Config } from './config.js';

const HIDDEN = '(address)';
const PATTERNS = [
  /\b[a-z][a-z0-9+.-]*:\/\/[^\s"'<>()]*[^\s"'<>().,;:]/gi, // of any scheme
  /\[[0-9a-f:.%]+\](?::\d+)?/gi, // IPv6, as addresses write it
  /(?<![\w.-])[a-z0-9][a-z0-9.-]*:\d{1,5}(?![\w:])/gi, // "name:port"
  /(?<![\d.])\d{1,3}(?:\.\d{1,3}){3}(?!\.?\d)/g, // IPv4
];
const BARE_IPV6 = /(?<![\w:])[0-9a-f]*:[0-9a-f:]*:[0-9a-f:.]*[0-9a-f](?:%\w+)?/gi;

/**
 * Removes the addresses of archives and receivers from a message, since only operators may see them. What went wrong
 * and what to do stays.
 */
export function withoutAddresses(text: string, { archives, webhooks }: Pick<Config, 'archives' | 'webhooks'>): string {
  const urls = [...webhooks.urls, ...archives.flatMap((archive) => (archive.kind === 'DICOMWEB' ? [archive.url] : []))];
  const named = archives.flatMap((archive) => (archive.kind === 'DIMSE' ? [archive.host] : []));
  const hosts = [...named, ...urls.map((url) => new URL(url).hostname)].filter((host) => host !== '');
  const byPattern = PATTERNS.reduce((shown, pattern) => shown.replace(pattern, HIDDEN), text).replace(
    BARE_IPV6,
    (found) => (isIPv6(found) ? HIDDEN : found),
  );
  return hosts.reduce((shown, host) => shown.replace(wholeName(host), HIDDEN), byPattern);
}

const wholeName = (host: string): RegExp =>
  new RegExp(`(?<![\\w.-])${host.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')}(?![\\w-]|\\.\\w)`, 'gi');
