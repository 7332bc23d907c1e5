// Waiting with a deadline. A deadline only ends a test that hangs; no test depends on how long a wait took.

/**
 * Longer than every time limit of the contract (10 s to notice a dead connection), even on a busy machine.
 */
export const DEADLINE_MS = 30_000;

/**
 * Resolves as `promise` does, or rejects after the deadline with an error that says `what` did not happen.
 *
 * @template T
 * @param {Promise<T>} promise
 * @param {string | (() => string)} what
 * @returns {Promise<T>}
 */
export async function within(promise, what, ms = DEADLINE_MS) {
  let timer;
  const deadline = new Promise((_, reject) => {
    timer = setTimeout(() => {
      reject(new Error(`waited ${ms} ms without success for ${typeof what === 'string' ? what : what()}`));
    }, ms);
  });
  try {
    return await Promise.race([promise, deadline]);
  } finally {
    clearTimeout(timer);
  }
}
