// Base of the page objects: finds elements, waits for conditions, and describes the page on failure.

import { DEADLINE_MS } from '../../../clients/support/deadline.mjs';

export class View {
  name;
  /** @type {import('playwright-core').Page} */
  page;

  /**
   * @param {string} name the person's name
   * @param {import('playwright-core').Page} page
   */
  constructor(name, page) {
    this.name = name;
    this.page = page;
    page.setDefaultTimeout(DEADLINE_MS);
  }

  at(testId) {
    return this.page.getByTestId(testId);
  }

  /** Waits until `condition`, evaluated in the page, holds. */
  until(what, condition, argument) {
    return this.expect(what, this.page.waitForFunction(condition, argument, { polling: 50 }));
  }

  /** Waits for `happening`; its failure states the expectation and the page's text. */
  async expect(what, happening) {
    try {
      return await happening;
    } catch (cause) {
      const text = await this.page.evaluate(() => document.body.innerText).catch((error) => error.message);
      throw new Error(`${this.name} waited for ${what}; the page at ${this.page.url()} shows:\n${text}`, { cause });
    }
  }
}
