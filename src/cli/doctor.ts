import { INTENDED_USE } from '../about.js';
import type { CheckResult } from '../doctor/checkResult.js';
import { type DoctorOptions, doctor as examineAll } from '../doctor/doctor.js';
import { terminal } from '../output/terminal.js';

/** `mrimaster doctor`: prints the result of each check. Exits with 1 where one failed. */
export async function doctor({ json = false, move = false }: { json?: boolean; move?: boolean }): Promise<void> {
  const results: CheckResult[] = [];
  const options: DoctorOptions = { env: process.env, directory: process.cwd(), move };
  for await (const result of examineAll(options)) {
    results.push(result);
    if (!json) terminal.log(asText(result));
  }
  if (results.some(({ status }) => status === 'failed')) process.exitCode = 1;
  terminal.log(json ? JSON.stringify(results, null, 2) : summarize(results));
}

/** A line like "✗ archive main, TLS: The certificate … has expired. [PACS_TLS_EXPIRED]", and below it the cure. */
function asText({ check, archive, status, code, message, cure }: CheckResult): string {
  const mark = { ok: code ? '!' : '✓', failed: '✗', skipped: '–' }[status];
  const what = archive === undefined ? check : `archive ${archive}, ${check}`;
  const line = message.replace(/\s*\n\s*/g, ' ');
  return `${mark} ${what}: ${line}${code ? ` [${code}]` : ''}${cure ? `\n  → ${cure}` : ''}`;
}

function summarize(results: readonly CheckResult[]): string {
  const count = (wanted: CheckResult['status']) => results.filter(({ status }) => status === wanted).length;
  const warnings = results.filter(({ status, code }) => status === 'ok' && code).length;
  const heed = warnings > 0 ? ` (${warnings} to heed)` : '';
  const counts = `${count('ok')} ok${heed}, ${count('failed')} failed, ${count('skipped')} skipped.`;
  const next =
    count('failed') > 0 ? 'Begin with the first ✗; docs/doctor.md lists all codes.' : 'Nothing is in the way.';
  return `\n${counts} ${next}\n${INTENDED_USE}.`;
}
