// The chat and its transcript.

import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { View } from './view.mjs';

export class ChatView extends View {
  /** Sends a message and waits until it is stored. */
  async send(text) {
    await this.submit(text);
    await this.expectMessage(text, 'sent');
  }

  /** Submits a message without waiting for its delivery. */
  async submit(text) {
    await this.at('chat-input').fill(text);
    await this.at('chat-send').click();
  }

  /** @param {'sent' | 'sending' | 'failed' | undefined} delivery of an own message; none for a remote one */
  async expectMessage(text, delivery) {
    await this.until(
      `the message “${text}”, ${delivery ?? 'from the other side'}`,
      ([body, state]) =>
        [...document.querySelectorAll('[data-testid=chat-message]')].some(
          (message) => message.dataset.delivery === state && message.innerText.includes(body),
        ),
      [text, delivery],
    );
  }

  /** Expects exactly these messages in this order, as in `['You: hello', 'Bob: hi']`. */
  async expectMessages(expected) {
    await this.until(
      `${expected.length} messages`,
      (count) => document.querySelectorAll('[data-testid=chat-message]').length >= count,
      expected.length,
    );
    const messages = await this.at('chat-message').evaluateAll((items) =>
      items.map((item) => {
        const [heading, body] = item.querySelectorAll('p');
        return `${heading.querySelector('span').innerText}: ${body.innerText}`;
      }),
    );
    assert.deepEqual(messages, expected);
  }

  /** Opens the chat, which a narrow window hides at first. */
  async open() {
    await this.at('chat-toggle').click();
    await this.at('chat-input').waitFor();
  }

  async close() {
    await this.page.getByRole('button', { name: 'Close the chat' }).click();
    await this.at('chat-input').waitFor({ state: 'hidden' });
  }

  async expectUnread(count) {
    await this.until(
      `${count} unread messages`,
      (wanted) => document.querySelector('[data-testid=chat-toggle] [role=status]')?.innerText.startsWith(wanted),
      String(count),
    );
  }

  /** Saves the transcript and reads its file. */
  async saveTranscript() {
    const [download] = await Promise.all([
      this.page.waitForEvent('download'),
      this.at('transcript-button').click(),
    ]);
    const path = await download.path();
    return { name: download.suggestedFilename(), text: await readFile(path, 'utf8') };
  }
}
