// What the browser loads behind a page that is shown already.

/** Waits for the room, which the browser loads once it has nothing better to do. */
export async function roomIsLoaded(page) {
  await page.waitForFunction(() =>
    performance.getEntriesByType('resource').some(({ name }) => /\/Room-[^/]*\.js$/.test(name)),
  );
  await page.waitForLoadState('networkidle');
}
