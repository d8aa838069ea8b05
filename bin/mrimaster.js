#!/usr/bin/env -S MALLOC_ARENA_MAX=2 node
// glibc keeps an arena a thread for what was freed, which takes more memory and is no faster here.
//
// Compiles what changed since the last time, then runs the command line.
import { buildIfStale } from '../scripts/build.mjs';

buildIfStale();
process.setSourceMapsEnabled(true);
await import('../dist/cli.js');
