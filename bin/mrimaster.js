#!/usr/bin/env -S MALLOC_ARENA_MAX=2 MALLOC_MMAP_THRESHOLD_=1048576 MALLOC_TRIM_THRESHOLD_=1048576 node
// glibc keeps what was freed: an arena a thread, and more of it the larger a block once was. That takes memory and is no
// faster here.
//
// Compiles what changed since the last time, then runs the command line.
import { buildIfStale } from '../scripts/build.mjs';

buildIfStale();
process.setSourceMapsEnabled(true);
await import('../dist/cli.js');
