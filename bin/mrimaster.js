#!/usr/bin/env node
// Compiles what changed since the last time, then runs the command line.
import { buildIfStale } from '../scripts/build.mjs';

buildIfStale();
process.setSourceMapsEnabled(true);
await import('../dist/cli.js');
