/** Goes with every output. */
export const INTENDED_USE = 'Research use only – not for diagnostic use';
