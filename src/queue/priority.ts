/** How urgent a job is. ASKED: routine for which somebody waits; it goes before what comes with nobody asking. */
export type Priority = 'STAT' | 'ASKED' | 'ROUTINE' | 'BACKLOG';

/** The same as pg-boss has it: higher goes first. */
export const PRIORITIES: Record<Priority, number> = { STAT: 20, ASKED: 15, ROUTINE: 10, BACKLOG: 0 };
