// Text lengths as the server counts them.

const encoder = new TextEncoder();

/** Length of `text` in bytes of UTF-8. */
export function utf8Length(text: string): number {
  return encoder.encode(text).length;
}
