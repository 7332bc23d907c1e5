// Loading in the background after a page is shown.

/** Waits for the room's script, which the browser loads when idle. */
export async function roomIsLoaded(page) {
  await page.waitForFunction(() =>
    performance.getEntriesByType('resource').some(({ name }) => /\/Room-[^/]*\.js$/.test(name)),
  );
  await page.waitForLoadState('networkidle');
}
