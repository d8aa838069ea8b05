#!/usr/bin/env node
import { existsSync } from 'node:fs';
import { Command } from 'commander';
import { MrimasterError } from './errors.js';
import { INTENDED_USE } from './intendedUse.js';
import { VERSION } from './version.js';

// Each command's module is loaded when it is called for: `--help` needs neither a model nor a database.
const program = new Command('mrimaster')
  .description(
    `Classifies brain MRI slices, explains every prediction, and serves both to a hospital.\n${INTENDED_USE}.`,
  )
  .version(VERSION)
  .addHelpText('after', '\nSettings are environment variables; .env.example lists them all with their defaults.')
  .showHelpAfterError();

program
  .command('serve')
  .description('run the server until Ctrl-C: GraphQL at /graphql, pictures, the queue')
  .action(async () => (await import('./main.js')).serve());

program
  .command('classify')
  .description('classify the slices of a PNG, JPEG or DICOM file, or of all such files in a folder; needs no server')
  .argument('<path>', 'file or folder')
  .option('--json', 'print one JSON object a slice and nothing else')
  .option('--model <name>', 'name, or name@version, of a folder in MODELS_DIR')
  .addHelpText('after', '\nExits with 0 when every slice got an answer or an abstention, else with 1.')
  .action(async (path, options) => (await import('./cli/classify.js')).classify(path, options));

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
  .command('demo')
  .description('start the server, send a synthetic study in, and show what comes out')
  .option('--exit', 'end afterwards, with 0 only if the study was classified')
  .action(async (options) => (await import('./cli/demo.js')).demo(options));

if (existsSync('.env')) process.loadEnvFile(); // what is in the environment already, wins

try {
  await program.parseAsync();
} catch (error) {
  const { code, path } = error as NodeJS.ErrnoException;
  const message = code === 'ENOENT' ? `There is no file or folder ${path}.` : (error as Error).message;
  if (!(error instanceof MrimasterError) && code !== 'ENOENT') throw error;
  console.error(`\n${message}\n`);
  process.exitCode = 1;
}
