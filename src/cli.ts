#!/usr/bin/env node
import './output/muteLibraries.js';
import { existsSync } from 'node:fs';
import { Command } from 'commander';
import { INTENDED_USE, VERSION } from './about.js';
import { loadEnvFile } from './config/loadEnvFile.js';
import type { Begun } from './main.js';
import { terminal } from './output/terminal.js';
import { visibleText } from './output/visibleText.js';
import { endNow } from './process/endNow.js';

/** EX_TEMPFAIL of sysexits(3): the same command may succeed later. */
const TEMPORARY = 75;

// A command's module is loaded only when the command runs: `--help` needs neither a model nor a database.
const program = new Command('mrimaster')
  .description(
    `Classifies brain MRI slices, explains every prediction, and serves both to a hospital.\n${INTENDED_USE}.`,
  )
  .version(VERSION)
  .addHelpText('after', '\nSettings are environment variables; docs/settings.md lists them all with their defaults.')
  .configureOutput({ writeErr: (text) => process.stderr.write(visibleText(text)) })
  .showHelpAfterError();

program
  .command('serve')
  .description('run the server until Ctrl-C: GraphQL at /graphql, pictures, the queue')
  .action(async () => {
    const begun = await begin();
    await (await import('./main.js')).serve(begun);
  });

program
  .command('worker')
  .description('classify and write back what is queued, beside a running server; as many of these as you like')
  .action(async () => (await import('./worker.js')).work());

program
  .command('rules')
  .description('what the rules for arriving studies (RULES_FILE) do')
  .command('test')
  .description('show what would happen to the studies of a folder if they arrived, and why')
  .argument('<folder>', 'folder with DICOM files, at any depth, or one file')
  .action(async (folder) => (await import('./cli/rules.js')).testRules(folder));

program
  .command('classify')
  .description('classify the slices of a PNG, JPEG or DICOM file, or of all such files in a folder; needs no server')
  .argument('<path>', 'file or folder')
  .option('--json', 'print one JSON object a slice and nothing else')
  .option('--model <name>', 'name, or name@version, of a folder in MODELS_DIR')
  .addHelpText('after', '\nExits with 0 when every slice got an answer or an abstention, else with 1.')
  .action(async (path, options) => (await import('./cli/classify.js')).classify(path, options));

program
  .command('explain')
  .description(
    'show where in a slice the evidence for a label came from, by every convolutional layer; needs no server',
  )
  .argument('<file>', 'PNG, JPEG or DICOM')
  .option('--figure <png>', 'write one figure: layers as columns; raw map, upsampled map and overlay as rows')
  .option('--overlay <png>', 'write the map of the last of the layers over the slice, with its legend')
  .option('--json', 'print one JSON object a map, its values as computed, and nothing else')
  .option('--label <name>', 'what to explain; by default the answer')
  .option('--against <name>', 'a label to contrast it with: what speaks for one rather than the other')
  .option('--layer <name>', 'only this layer')
  .option('--method <name>', 'GRAD_CAM, HIRES_CAM, LAYER_CAM or GRAD_CAM_PLUS_PLUS', 'GRAD_CAM')
  .option('--model <name>', 'name, or name@version, of a folder in MODELS_DIR')
  .option('--frame <number>', 'of a multi-frame DICOM file, from 1', '1')
  .action(async (file, options) => (await import('./cli/explain.js')).explain(file, options));

program
  .command('pixels')
  .description('write the stored values of one frame of a DICOM file, and print what they are; needs no server')
  .argument('<file>', 'DICOM, in any supported transfer syntax')
  .requiredOption('--out <raw>', 'required: where to write them: little endian, row by row, samples interleaved')
  .option('--frame <number>', 'of a multi-frame file, from 1', '1')
  .addHelpText('after', '\nPrints one JSON object: rows, columns, samples, type ("uint8", "int16", ...) and more.')
  .action(async (file, options) => (await import('./cli/pixels.js')).pixels(file, options));

program
  .command('import')
  .description('copy the DICOM files of a folder into DATA_DIR, classify their studies and show the answers')
  .argument('<folder>', 'folder with DICOM files, at any depth, or one file')
  .option('--no-classify', 'only copy and record them')
  .addHelpText(
    'after',
    '\nWorks beside a running server. Exits with 0 when every DICOM file was kept and every study finished.',
  )
  .action(async (folder, options) => (await import('./cli/import.js')).importFolder(folder, options));

program
  .command('deidentify')
  .description(
    'write copies of DICOM images without what identifies the patient (PS3.15 Basic Profile); needs no server',
  )
  .argument('<path>', 'DICOM file or folder')
  .requiredOption('--out <folder>', 'required: where the copies go, by their new UIDs')
  .option('--key <file>', 'the secret that makes the new UIDs, made if absent; by default one in DATA_DIR')
  .addHelpText(
    'after',
    '\nWith the same key, a patient, study or object gets the same new identifiers in every export. Keep the key where\n' +
      'the copies do not go: whoever has it can tell whether a copy is that of a given original. Faces can still be\n' +
      'recognised in images of the head. Exits with 0 when every DICOM file was written, else with 1.',
  )
  .action(async (path, options) => (await import('./cli/deidentify.js')).deidentify(path, options));

program
  .command('doctor')
  .description('check settings, model, database, disk, ports and archives, and say what is wrong and what to do')
  .option('--json', 'print one JSON array of the findings and nothing else')
  .option('--move', 'also ask archives of C-MOVE to send us one object, which is refused: shows whether they reach us')
  .addHelpText(
    'after',
    '\nWorks beside a running server, which then receives what --move has sent: one small series. Exits with 0 when\n' +
      'nothing failed, else with 1.',
  )
  .action(async (options) => (await import('./cli/doctor.js')).doctor(options));

program
  .command('webhooks')
  .description('webhooks that were sent to WEBHOOK_URL')
  .command('replay')
  .description('send what happened since a time once more, to every receiver that WEBHOOK_URL names now')
  .requiredOption('--since <time>', 'required: ISO 8601, such as 2026-11-25T08:00:00Z')
  .addHelpText(
    'after',
    '\nEvents keep their ids, so receivers can tell what they know already. The running server sends them.',
  )
  .action(async (options) => (await import('./cli/webhooks.js')).replay(options));

program
  .command('token')
  .description('tokens for machines, such as a dashboard, that call the API')
  .command('create')
  .description('make a token, print it once, and keep its hash in a file for TOKENS_FILE')
  .requiredOption('--name <name>', 'required: whose it is, as audit and reviews name it')
  .requiredOption(
    '--grant <role...>',
    'required: reader, radiologist, operator, admin, or single rights; docs/authorization.md',
  )
  .option('--expires <day>', 'its last day, such as 2027-12-31; by default none')
  .option('--file <json>', 'where the hash goes; by default tokens.json here')
  .action(async (options) => (await import('./cli/token.js')).createToken(options));

program
  .command('audit')
  .description('who saw whose images and names, and who did what')
  .command('verify')
  .description('check that no entry of the audit was changed or removed')
  .option('--known <hash>', 'a hash that an earlier run printed, which must still be there')
  .addHelpText('after', '\nWorks beside a running server. Exits with 1 where the audit is broken.')
  .action(async (options) => (await import('./cli/audit.js')).verify(options));

program
  .command('demo')
  .description('start the server, send a synthetic study in, and show what comes out')
  .option('--exit', 'end afterwards, with 0 only if the study was classified')
  .action(async (options) => {
    const begun = await begin();
    await (await import('./cli/demo.js')).demo(options, begun);
  });

/** Starts the database, which takes long, before the other modules are loaded, and listens for Ctrl-C from now on. */
async function begin(): Promise<Begun> {
  const { awaitStopSignal } = await import('./process/stopSignal.js');
  const stop = awaitStopSignal();
  return { stop, database: (await import('./database/beginDatabase.js')).beginDatabase(stop.signal) };
}

process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') return endNow('SIGTERM'); // the reader has ended, as in `| head`
  throw error;
});

try {
  if (existsSync('.env')) loadEnvFile();
  await program.parseAsync();
} catch (error) {
  const { asKnown } = await import('./errors/asKnown.js');
  const known = asKnown(error);
  terminal.error(`\n${known ? `${known.message} (${known.code})` : (explain(error) ?? (await unforeseen(error)))}\n`);
  process.exitCode ||= known?.retryable ? TEMPORARY : 1; // 130 after Ctrl-C
}

/** Describes an unforeseen error without its message, which may quote a patient's data. */
async function unforeseen(error: unknown): Promise<string> {
  const { serializeError } = await import('./output/log.js');
  const { stack, type } = serializeError(error as Error);
  return `An unforeseen error occurred (${type}). Please report it with these lines:\n${stack}`;
}

/** Explains an error of the file system; undefined for any other. */
function explain(error: unknown): string | undefined {
  const { code, path } = error as NodeJS.ErrnoException;
  if (!path) return undefined;
  if (code === 'ENOENT') return `There is no file or folder ${path}.`;
  if (code === 'EACCES' || code === 'EPERM' || code === 'EROFS')
    return `${path} may not be read or written by this account (${code}). Give it the right to, or choose another place.`;
  if (code === 'EEXIST' || code === 'ENOTDIR') return `${path} is a file, or lies in one, where a folder is needed.`;
  if (code === 'ENOSPC') return `The disk of ${path} is full. Free some space.`;
  return undefined;
}
